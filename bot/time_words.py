"""The words that time expressions are made of, and the tokens a question is cut into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import ascii_lowercase

from bot.common_words import word_set

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

SHORT_MONTHS = {
    "jan": 1, "feb": 2, "febr": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8,
    "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
SHORT_WEEKDAYS = {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5,
}  # fmt: skip
AMBIGUOUS_MONTHS = frozenset(("may", "march", "mar", "jan"))

UNITS = {
    "day": "day", "week": "week", "wk": "week", "weekend": "weekend", "month": "month", "mo": "month",
    "mth": "month", "mnth": "month", "quarter": "quarter", "qtr": "quarter", "quater": "quarter",
    "year": "year", "yr": "year", "hour": "hour", "hr": "hour", "fortnight": "fortnight",
    "decade": "decade", "half": "half",
}  # fmt: skip
UNIT_SUFFIXES = {
    "d": "day", "w": "week", "m": "month", "q": "quarter", "y": "year", "h": "hour",
    **UNITS, **{f"{word}s": unit for word, unit in UNITS.items()},
}  # fmt: skip

QUALIFIERS = {
    "this": "this", "current": "this", "curr": "this", "present": "this", "running": "this",
    "ongoing": "this", "ths": "this", "thsi": "this", "tihs": "this", "last": "last", "lst": "last",
    "past": "past", "previous": "previous", "prev": "previous", "prior": "previous",
    "preceding": "previous", "trailing": "past", "rolling": "past", "next": "next", "nxt": "next",
    "coming": "next", "upcoming": "next",
}  # fmt: skip
MODIFIERS = frozenset(
    (
        "calendar",
        "fiscal",
        "financial",
        "full",
        "complete",
        "completed",
        "whole",
        "entire",
        "business",
        "working",
    )
)
WHOLE = frozenset(("calendar", "full", "complete", "completed", "whole", "entire"))

ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "couple": 2, "few": 3, "several": 3, "dozen": 12,
}  # fmt: skip
SEASON_WORDS = {
    "spring": "spring",
    "summer": "summer",
    "autumn": "autumn",
    "fall": "autumn",
    "winter": "winter",
}
TO_DATE = {"ytd": "year", "mtd": "month", "qtd": "quarter", "wtd": "week"}
TRAILING_YEAR = frozenset(("ttm", "ltm"))
RELATIVE = {"today": 0, "tonight": 0, "yesterday": -1, "yday": -1, "tomorrow": 1, "tmrw": 1, "tomorow": 1}
EDGES = {"beginning": "first", "begin": "first", "start": "first", "end": "last", "close": "last"}
PARTS = {"q1": 1, "q2": 2, "q3": 3, "q4": 4, "h1": 1, "h2": 2}

# Holidays by their words; the key of `intervals.HOLIDAYS` on the right. Longest first.
HOLIDAY_WORDS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "black": ((("black", "friday"), "black friday"),),
    "cyber": ((("cyber", "monday"), "cyber monday"),),
    "boxing": ((("boxing", "day"), "boxing day"),),
    "good": ((("good", "friday"), "good friday"),),
    "labor": ((("labor", "day"), "labor day"),),
    "labour": ((("labour", "day"), "labor day"),),
    "independence": ((("independence", "day"), "independence day"),),
    "valentine": ((("valentine", "day"), "valentine's day"),),
    "valentines": ((("valentines", "day"), "valentine's day"), (("valentines",), "valentine's day")),
    "new": ((("new", "year", "day"), "new year's day"), (("new", "year", "eve"), "new year's eve"),
            (("new", "years", "day"), "new year's day"), (("new", "years", "eve"), "new year's eve")),
    "christmas": ((("christmas", "eve"), "christmas eve"), (("christmas", "day"), "christmas"),
                  (("christmas",), "christmas")),
    "xmas": ((("xmas", "eve"), "christmas eve"), (("xmas", "day"), "christmas"), (("xmas",), "christmas")),
    "thanksgiving": ((("thanksgiving",), "thanksgiving"),),
    "halloween": ((("halloween",), "halloween"),),
    "easter": ((("easter", "sunday"), "easter"), (("easter",), "easter")),
}  # fmt: skip

# Real words one slip away from a time word: never corrected.
NOT_TYPOS = word_set(
    """
    weak meek peek seek reek wee eek tweak ear dear fear gear hear near rear tear wear bear pear yeah
    years yea moth mouth moths mouths worth north south fourth forth lat lost list least blast lash lass
    fast past cast vast mast east las ast to day toda toady quart quarters garter charter barter
    quarterly monthly weekly yearly next text nest net newt neat match larch starch march marc arch
    parch sundae prior prier hurst gust guest tuner juli july jury duly juliet june jane dune tune rune
    jule priest provisos quartet weeks months wreck weed weep wees keek geek leek yeas yeast bears wears
    tears fears gears hears nears rears dears pears lasts lists costs hosts posts lust rust dust must
    just bust cyst test rest west best vest zest pest jest fest lasted blasts slat salt alts plast clast
    elast trust late lase laser
    """
)


def _slips(word: str, deep: bool) -> set[str]:
    """Spellings one slip away: a letter dropped, doubled or swapped; `deep`: wrong or extra too."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if a and b} | {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    found |= {a + b[0] + b for a, b in cuts if b}
    if deep:
        found |= {a + c + b[1:] for a, b in cuts if a and b for c in ascii_lowercase}
        found |= {a + c + b for a, b in cuts if a for c in ascii_lowercase}
    return found


def _lexicon() -> dict[str, tuple[str, str, int]]:
    """Surface word → (kind, canonical word, number). Exact words first; slips never displace a word."""
    words: dict[str, tuple[str, str, int]] = {}
    for number, month in enumerate(MONTHS, 1):
        words[month] = ("month", month, number)
    words |= {short: ("month", short, number) for short, number in SHORT_MONTHS.items()}
    words |= {day: ("weekday", day, number) for number, day in enumerate(WEEKDAYS)}
    words |= {day: ("weekday", day, number) for day, number in SHORT_WEEKDAYS.items()}
    words |= {word: ("unit", unit, 1) for word, unit in UNITS.items()}
    words |= {f"{word}s": ("unit", unit, 2) for word, unit in UNITS.items() if word != "half"}
    words |= {word: ("qualifier", kind, 0) for word, kind in QUALIFIERS.items()}
    words |= {word: ("ordinal", word, number) for word, number in ORDINALS.items()}
    words |= {word: ("count", word, number) for word, number in COUNTS.items()}
    words |= {word: ("night", word, 0) for word in ("night", "evening", "morning", "afternoon")}
    words |= {word: ("season", name, 0) for word, name in SEASON_WORDS.items()}
    words |= {word: ("to-date", unit, 0) for word, unit in TO_DATE.items()}
    words |= {word: ("trailing-year", word, 0) for word in TRAILING_YEAR}
    words |= {word: ("relative", word, days) for word, days in RELATIVE.items()}
    words |= {word: ("edge", side, 0) for word, side in EDGES.items()}
    words |= {word: ("half" if word[0] == "h" else "quarter", word, number) for word, number in PARTS.items()}
    words |= {word: ("holiday", word, 0) for word in HOLIDAY_WORDS}
    units = [unit + plural for unit in ("day", "week", "month", "quarter", "year") for plural in ("", "s")]
    correctable = [
        *MONTHS,
        *WEEKDAYS,
        *units,
        "yesterday",
        "today",
        "tomorrow",
        "last",
        "previous",
        "current",
    ]
    for word in correctable:
        if len(word) < 4 or word == "march":
            continue
        for slip in _slips(word, deep=len(word) > 6):
            if slip not in NOT_TYPOS and len(slip) > 2:
                words.setdefault(slip, words[word])
    return words


LEXICON = _lexicon()
# A question without any of these kinds of token holds no time expression.
ANCHORS = word_set(
    """
    month weekday unit season to-date trailing-year relative quarter half holiday year date slashed fiscal night
    week-number
    """
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the question: its canonical word; `close` is its end with a possessive taken in."""

    kind: str
    word: str
    number: int
    start: int
    end: int
    close: int
    text: str
    suffix: str = ""  # letters glued to a number: "30d"
    glued: bool = False  # a number stuck to a letter, a currency sign or a hash before it


_TOKEN = re.compile(
    r"""(?<![\w$€£.,/-])(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})
        |(?:19|20)\d\d[-/](?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])[-/](?:19|20)\d\d)(?![\w/]|[-.]\d)
      | (?<![\w$€£.,/-])(?P<slashed>\d{1,2}/\d{1,2})(?![\w/%]|[-.]\d)
      | (?P<number>\d+(?:,\d{3})*(?P<decimal>\.\d+)?)(?P<suffix>[^\W\d_]*)(?:['’]s\b)?
      | (?P<word>[^\W\d_][^\W_]*)(?P<possessive>['’]s\b|(?<=s)['’](?!\w))?
      | (?P<mark>[^\s\w])""",
    re.VERBOSE,
)
_FISCAL = re.compile(r"(?:fy|cy)((?:19|20)?\d\d)$")
_CALENDAR_WEEK = re.compile(r"(?:cw|kw|wk|week)(\d{1,2})$")
_ORDINAL_SUFFIXES = frozenset(("st", "nd", "rd", "th"))
_BEFORE_GLUE = frozenset("$€£#._=<>")
END = Token("end", "", 0, 0, 0, 0, "")


def tokenize(text: str) -> list[Token]:
    """Cut a question into words, numbers, dates and marks, each with its time meaning if it has one."""
    return [_token(match, text) for match in _TOKEN.finditer(text)]


def _token(match: re.Match[str], text: str) -> Token:
    group = match.lastgroup
    start, close = match.span()
    surface = match.group(0)
    if match.group("word"):
        return _word(match, start, close)
    if match.group("number"):
        return _number(match, text, start, close)
    kind = group if group in ("date", "slashed") else "mark"
    return Token(kind, surface, 0, start, close, close, surface)


def _word(match: re.Match[str], start: int, close: int) -> Token:
    surface = match.group("word")
    lower = surface.lower()
    end = start + len(surface)
    known = LEXICON.get(lower)
    if known is None and lower[-1].isdigit():
        if fiscal := _FISCAL.match(lower):
            return Token("fiscal", lower, full_year(int(fiscal.group(1))), start, end, close, surface)
        if week := _CALENDAR_WEEK.match(lower):
            return Token("week-number", lower, int(week.group(1)), start, end, close, surface)
    if known is None:
        return Token("word", lower, 0, start, end, close, surface)
    kind, word, number = known
    return Token(kind, word, number, start, end, close, surface)


def _number(match: re.Match[str], text: str, start: int, close: int) -> Token:
    digits, suffix = match.group("number"), match.group("suffix").lower()
    surface = match.group(0)
    before = text[start - 1] if start else " "
    glued = before in _BEFORE_GLUE or before.isalnum()
    if match.group("decimal") or "," in digits or len(digits) > 6:
        return Token("decimal", digits, 0, start, close, close, surface, suffix, glued)
    value = int(digits)
    if suffix in _ORDINAL_SUFFIXES:
        return Token("word" if glued else "ordinal", digits, value, start, close, close, surface)
    is_year = len(digits) == 4 and not suffix and not glued and 1900 <= value <= 2100
    kind = "year" if is_year else "number"
    return Token(kind, digits, value, start, start + len(digits) + len(suffix), close, surface, suffix, glued)


def full_year(number: int) -> int:
    """24 → 2024; four digits stay."""
    return number if number >= 1000 else 2000 + number
