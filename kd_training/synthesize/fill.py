"""Fills the holes of a draft with stored values, numbers and times, the way people would type them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.glossary import Glossary
from kd_training.synthesize.draft import Draft

_HOLE = re.compile(r"\{(\w+)\}")
_MONTHS = [date(2000, m, 1).strftime("%B") for m in range(1, 13)]
_WORDS = {
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    9: "nine",
    10: "ten",
    12: "twelve",
    15: "fifteen",
    20: "twenty",
}
_FIXED_TIMES = (
    "last month",
    "this month",
    "last week",
    "this week",
    "last year",
    "this year",
    "last quarter",
    "this quarter",
    "yesterday",
    "today",
    "year to date",
    "ytd",
    "so far this year",
    "this year so far",
    "in the last year",
    "over the past 12 months",
    "month to date",
    "the year before last",
    "in the last quarter",
    "this month so far",
    "since the start of the year",
    "since last month",
)
OPENERS = (
    "hey, ",
    "hi, ",
    "hello, ",
    "hi team, ",
    "morning! ",
    "good morning, ",
    "quick q: ",
    "quick question: ",
    "quick one: ",
    "please ",
    "pls ",
    "can you tell me ",
    "could you show me ",
    "i need ",
    "i'd like to know ",
    "tell me ",
    "show me ",
    "give me ",
    "do we know ",
    "for my report: ",
    "for the board deck - ",
    "just curious, ",
    "one thing: ",
    "ok so ",
    "and ",
    "hey mynah, ",
    "need to know: ",
    "question: ",
    "for the meeting: ",
    "btw ",
    "can someone tell me ",
    "so ",
)
CLOSERS = (
    " please",
    " pls",
    " thanks",
    " thx",
    " thank you",
    ", thanks!",
    "? thanks",
    " asap",
    ", for a slide",
    " for the report",
    ", just the number",
    ", cheers",
    "?",
    "??",
    "!",
    ".",
    " if possible",
    ", need it soon",
    " for the board",
    " quickly",
)


@dataclass(frozen=True, slots=True)
class Filled:
    """A finished question and what each placeholder of the draft stands for in it."""

    question: str
    values: Mapping[str, str | int]
    times: Sequence[str]


class Filler:
    """Draws fillings. `values` holds the distinct texts of each column, `people` rows of (first, last) names."""

    def __init__(
        self,
        values: Mapping[str, Sequence[str]],
        people: Mapping[str, Sequence[tuple[str, str]]],
        glossary: Glossary,
        today: date,
    ) -> None:
        self._values = values
        self._people = people
        self._today = today
        self._aliases: dict[str, tuple[str, ...]] = {a.value: a.names for a in glossary.values}

    def lacks(self, draft: Draft) -> str | None:
        """The first column of the draft's holes that has no value to say; None where all can be filled."""
        kinds = (kind for kind in draft.slots.values() if kind != "time" and ":" not in kind)
        return next((kind for kind in kinds if not self._values.get(kind)), None)

    def fill(self, draft: Draft, rng: random.Random) -> Filled:
        """One filling of the draft."""
        values: dict[str, str | int] = {}
        texts: dict[str, str] = {}
        self._fill_people(draft, values, rng)
        for name, kind in draft.slots.items():
            if kind == "time":
                texts[name] = self._time(rng)
            elif name in values:
                texts[name] = str(values[name])
            elif kind.startswith(("int:", "percent:")):
                low, high = (int(n) for n in kind.split(":")[1].split("-"))
                values[name] = number = _number(low, high, rng)
                texts[name] = self._number_text(number, kind, rng)
            else:
                taken = set(map(str, values.values()))
                choices = [v for v in self._values[kind] if v not in taken] or self._values[kind]
                values[name] = value = rng.choice(choices)
                texts[name] = self._value_text(value, rng)
        times = [texts[name] for name in draft.times]
        question = _HOLE.sub(lambda m: texts.get(m.group(1), m.group(0)), draft.question)
        return Filled(_register(question, rng), values, times)

    def _fill_people(self, draft: Draft, values: dict[str, str | int], rng: random.Random) -> None:
        firsts = {n: k for n, k in draft.slots.items() if k.endswith(".first_name")}
        for name, kind in firsts.items():
            table = kind.split(".")[0]
            mate = next((n for n, k in draft.slots.items() if k == f"{table}.last_name" and n not in values), None)
            people = self._people.get(table)
            if not people:
                continue
            first, last = rng.choice(people)
            values[name] = first
            if mate:
                values[mate] = last

    def _value_text(self, value: str, rng: random.Random) -> str:
        names = self._aliases.get(value)
        text = rng.choice(names) if names and rng.random() < 0.25 else value
        roll = rng.random()
        if roll < 0.4:
            return text.lower()
        if roll < 0.45 and " " not in text and len(text) > 6:
            return _typo(text, rng)
        return text

    def _number_text(self, number: int, kind: str, rng: random.Random) -> str:
        if kind.startswith("percent:"):
            return rng.choice((f"{number}%", f"{number} %", f"{number} percent"))
        if number in _WORDS and rng.random() < 0.3:
            return _WORDS[number]
        if number >= 1000 and rng.random() < 0.5:
            return f"{number:,}"
        if number >= 1000 and number % 1000 == 0 and rng.random() < 0.4:
            return f"{number // 1000}k"
        return str(number)

    def _time(self, rng: random.Random) -> str:
        today, roll = self._today, rng.random()
        if roll < 0.55:
            return rng.choice(_FIXED_TIMES)
        year = today.year - rng.choice((0, 0, 1, 1, 2))
        past = today - timedelta(days=rng.randrange(31, 700))
        month = _MONTHS[past.month - 1]
        return rng.choice(
            (
                f"in {year}",
                f"in {year}",
                f"in {month} {past.year}",
                f"in {month}",
                f"since {month}",
                f"in Q{rng.randint(1, 4)} {today.year - 1}",
                f"in the last {rng.choice((7, 14, 30, 60, 90))} days",
                f"in the last {rng.randint(2, 11)} months",
                f"over the past {rng.choice(('two', 3, 'six', 6))} months",
                f"since {year - 1}",
                f"between {_MONTHS[rng.randrange(0, 6)]} and {_MONTHS[rng.randrange(6, 12)]} {today.year - 1}",
                f"during {month} {past.year}",
                f"before {year}",
                f"from {month} {past.year} on",
                f"for {year}",
                f"in the first half of {today.year - 1}",
            )
        )


def _number(low: int, high: int, rng: random.Random) -> int:
    number = rng.randint(low, high)
    if high - low < 60:
        return number
    # People say round numbers.
    step = int("1" + "0" * max(1, len(str(number)) - 2))
    return max(low, number // step * step)


def _register(question: str, rng: random.Random) -> str:
    text = re.sub(r"\s+", " ", question).strip()
    if rng.random() < 0.14:
        text = rng.choice(OPENERS) + text
    if rng.random() < 0.12:
        text = text.rstrip("?.! ") + rng.choice(CLOSERS)
    if rng.random() < 0.15:
        text = text.rstrip("?.!")
    if rng.random() < 0.06:
        words = text.split(" ")
        i = rng.randrange(len(words))
        words[i] = _typo(words[i], rng)
        text = " ".join(words)
    return text


def _typo(word: str, rng: random.Random) -> str:
    if len(word) < 5 or not word.isalpha():
        return word
    i = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:i] + word[i + 1] + word[i] + word[i + 2 :],
            word[:i] + word[i + 1 :],
            word[:i] + word[i] + word[i:],
        )
    )
