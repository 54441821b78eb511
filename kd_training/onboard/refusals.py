"""What a new database cannot answer, for its student to say so: talk, forecasts, reasons, and columns it has not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from bot.shorthand import REFUSAL
from kd_training.onboard.facts import TableFacts
from kd_training.onboard.said import Said
from kd_training.synthesize.draft import Intent

_TALK = (
    ("what's the weather like today?", "will it rain tomorrow", "how warm is it outside", "weather forecast please",
     "is it sunny right now"),
    ("tell me a joke", "make me laugh", "do you know a good joke?", "say something funny"),
    ("who won the match last night?", "what was the score of the game", "who is going to win the cup"),
    ("write me a poem", "draft an email to the team", "write a short letter", "compose a birthday message"),
    ("what is the meaning of life?", "are you human?", "do you like music?", "what do you think of us"),
    ("translate this into french", "how do you say thank you in spanish", "correct my spelling please"),
    ("what's the stock market doing?", "how is the dollar today", "what is the exchange rate of the euro"),
    ("what is the capital of australia?", "who is the president", "how tall is the eiffel tower"),
    ("book a meeting for tomorrow", "remind me at five", "send this to my boss", "order lunch for the team"),
    ("what should we do next?", "any advice for us?", "what would you recommend", "how can we improve?"),
    ("what do competitors do?", "how are others in the market doing", "compare us with the industry"),
    ("what time is it", "how long until the holidays", "when is the next public holiday"),
    ("open the window", "play some music", "turn the lights off", "start the machine"),
)  # fmt: skip
_LACKING = (
    "shoe size", "favourite colour", "blood type", "marital status", "password", "nickname", "hobby", "religion",
    "mood", "insurance number", "passport number", "weather", "noise level", "carbon footprint", "star sign",
    "parking space", "wifi code", "lunch order", "satisfaction of the neighbours", "political party", "eye colour",
    "number of pets", "credit score", "vaccination status", "sleep quality", "fuel consumption", "dress code",
)  # fmt: skip
_FRAMES = (
    "what is the {x} of {t}s?", "average {x} of {ts}", "{ts} by {x}", "how many {ts} have no {x}?",
    "which {t} has the highest {x}?", "list all {ts} with their {x}", "{x} per {t}", "show the {x} of each {t}",
)  # fmt: skip
_FUTURE = (
    "how many {ts} will there be next year?", "forecast the number of {ts}", "predict {ts} for next month",
    "what will the {ts} look like in five years", "expected {ts} next quarter", "projection of {ts} for next year",
)  # fmt: skip
_WHY = (
    "why do we have so many {ts}?", "why did the number of {ts} change", "what is the reason for so few {ts}",
    "explain why {ts} went down", "what causes the {ts}?", "whose fault are the {ts}",
)  # fmt: skip
_EACH = 4  # intents of columns that are not there, for a table


def refusals_of(facts: Mapping[str, TableFacts], said: Said, seed: int = 0) -> list[Intent]:
    """Intents that are refused."""
    rng = random.Random(seed)
    known = _words(facts, said)
    talk = [t for t in _TALK if not known & {word.strip("?'s") for line in t for word in line.split() if len(word) > 3}]
    return [*(Intent(REFUSAL, {}, lines) for lines in talk), *_about(facts, said, known, rng)]


def _words(facts: Mapping[str, TableFacts], said: Said) -> set[str]:
    """Every word that a table or column of the database goes by."""
    names = [said.table(name) for name in facts] + [said.column(c.name) for f in facts.values() for c in f.columns]
    return {word for name in names for way in (*name.ones, *name.many) for word in way.lower().split()}


def _about(facts: Mapping[str, TableFacts], said: Said, known: set[str], rng: random.Random) -> Iterator[Intent]:
    lacking = [x for x in _LACKING if not set(x.split()) & known]
    for name in facts:
        rows = said.table(name)
        one, many = rows.one, rows.many[0]
        for x in rng.sample(lacking, min(_EACH, len(lacking))):
            yield _worded(_FRAMES, one, many, x)
        yield _worded(_FUTURE, one, many, "")
        yield _worded(_WHY, one, many, "")


def _worded(frames: tuple[str, ...], one: str, many: str, x: str) -> Intent:
    filled = (f.replace("{t}s", many).replace("{ts}", many).replace("{t}", one).replace("{x}", x) for f in frames)
    return Intent(REFUSAL, {}, tuple(filled))
