"""Finds the numbers of a question: digits, amounts of money, percentages and number words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.common_words import COMMON_WORDS, word_set


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """One number: characters `start` to `end`, its minus, money or percent sign included. 20 % has value 20."""

    start: int
    end: int
    text: str
    value: int | float
    percent: bool = False


ONES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "grand": 1000, "million": 10**6, "billion": 10**9}
_SHORT_SCALES = {"k": 1000, "m": 10**6, "mn": 10**6, "mio": 10**6, "mil": 10**6, "bn": 10**9, "b": 10**9, **SCALES}
_UNITS = word_set(
    "day days week weeks month months year years yr yrs hrs pcs units stars star usd eur gbp pct inch"
)
# "one" is a number only where a quantity must stand: "which one" and "quick one" are not.
_ONE_AFTER = frozenset(
    ("than", "least", "most", "exactly", "only", "over", "under", "above", "below", "equals")
)

# A minus stands after a space, a bracket or a comparison and touches its number; a hyphen joins: 5-10, A-5, "top -5".
_NUMBER = re.compile(
    r"""(?:(?<![\w.:/\\])|(?<=\btop)|(?<=\blast)|(?<=\bfirst)|(?<=\bbottom))
        (?P<minus>(?<![^\s(<>=≤≥])[-−](?=[$€£\d]))?(?P<money>[$€£](?P<inside>[-−])(?=\d)|[$€£#]\s?)?
        (?P<digits>(?P<dotted>\d{1,3}(?:\.\d{3})+,\d{1,2}(?![\d,]))|(?P<comma>\d+,\d{1,2}(?=(?:k|mn|mio|bn)\b|\s?€))
        |\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d.,]\d|\d)|\d+)(?P<fraction>\.\d+)?
        (?P<letters>[^\W\d_]*)
        (?:(?P<percent>\s?%|\s(?:percent|per\s?cent|pct)\b)|(?P<euro>\s?[€£](?!\d))|\s(?P<scale>dozen|hundred|thousand|grand|million
        |billion|mil|mio|mn|bn|(?:k|(?(money)m|(?-i:M)))(?!\w|-(?!\s?[$€£]?[\d.,]+\s?[km]\b)))\b)?""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD_HINT = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|[a-z]{3,5}ty|dozen|hundred|thousand"
    r"|million|billion)\b",
    re.IGNORECASE,
)
_RANKED = re.compile(r"\b(?:top|bottom|first|last|limit)\s$", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"[^\W\d_]+$")
_WORD = re.compile(r"[^\W\d_]+")
_PERCENT = re.compile(r"\s?%|\s(?:percent|per\s?cent|pct)\b", re.IGNORECASE)
_LARGEST = 10**15


def find_numbers(text: str) -> list[NumberSpan]:
    """The numbers of a question, in order, none overlapping another. Never raises."""
    found: list[NumberSpan] = []
    for match in _NUMBER.finditer(text):
        if span := _from_digits(match, text, found[-1].end if found else 0):
            found.append(span)
    if _WORD_HINT.search(text):
        found = sorted(found + _from_words(text), key=lambda span: span.start)
    return found


def _from_digits(match: re.Match[str], text: str, last: int) -> NumberSpan | None:
    """`last` is the end of the number before it: a hyphen there joins the two ends of a range."""
    start, end = match.span()
    letters = match["letters"]
    negative = bool(match["minus"] or match["inside"])
    if match["minus"] and ((last and not text[last:start].strip()) or _RANKED.search(text, max(0, start - 8), start)):
        start, negative = start + 1, bool(match["inside"])  # "5 -10"
    before = text[start - 1] if start else " "
    if before in "-–" and start > 1 and text[start - 2].isalpha() and last != start - 1:
        word = _WORD_BEFORE.search(text, max(0, start - 20), start - 1)
        if word is None or word.group().lower() not in COMMON_WORDS:
            return None  # COVID-19, USB-3; but top-5
    following = text[end : end + 2]
    if (following[:1] in "/:." and following[1:].isdigit()) or following[:1] in ("_", "\\"):
        return None  # 24/7, 10:30, 1.2.3, file_names
    scale = 1
    if letters:
        lower = letters.lower()
        if lower in _UNITS:
            end = match.end("fraction") if match["fraction"] else match.end("digits")
        elif lower in _SHORT_SCALES and (letters != "m" or match["money"]):
            scale = _SHORT_SCALES[lower]
        else:
            return None  # 5th, 20m, 3x
    digits = match["digits"]
    if match["money"] == "#" and digits == "1":
        return None  # "the #1 customer" is the best one
    if len(digits) > 18:
        return None
    if match["scale"] and not letters:
        scale = _SHORT_SCALES[match["scale"].lower()]
    plain = re.sub(r"[\s,]", "", digits)
    if match["dotted"] or match["comma"]:  # the comma stands before the decimals
        plain = digits.replace(".", "").replace(",", ".")
    value = float(plain + (match["fraction"] or "")) if "." in plain or match["fraction"] else int(plain)
    percent = bool(match["percent"]) or letters.lower() == "pct"
    value = _whole(value * scale)
    return NumberSpan(start, end, text[start:end], -value if negative else value, percent)


def _whole(value: int | float) -> int | float:
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded


def _from_words(text: str) -> list[NumberSpan]:
    words = [(match.start(), match.end(), match.group().lower()) for match in _WORD.finditer(text)]
    found: list[NumberSpan] = []
    i = 0
    while i < len(words):
        read = _read(words, i, text)
        if read is None:
            i += 1
            continue
        value, after = read
        start, end = words[i][0], words[after - 1][1]
        percent = _PERCENT.match(text, end)
        end = percent.end() if percent else end
        found.append(NumberSpan(start, end, text[start:end], value, bool(percent)))
        i = after
    return found


def _read(words: list[tuple[int, int, str]], i: int, text: str) -> tuple[int, int] | None:
    """The number that begins at word i and the index of the word after it."""
    total, group, j = 0, 0, i
    start, _end, word = words[i]
    if (start and text[start - 1] in "_@./\\'’") or (
        start > 1 and text[start - 1] == "-" and text[start - 2].isalnum()
    ):
        return None
    if word in ("a", "half"):
        return _article(words, i, text)
    while j < len(words):
        if j > i and text[words[j - 1][1] : words[j][0]] not in (" ", "-"):
            break
        word = words[j][2]
        if word in ONES or (word == "one" and (j > i or _one_counts(words, i))):
            if group % 10 or (group % 100 and (group % 100 < 20 or ONES.get(word, 1) > 9)):
                break
            group += ONES.get(word, 1)
        elif word in TENS and group % 100 == 0:
            group += TENS[word]
        elif word in SCALES and group:
            if word in ("hundred", "dozen"):
                group *= SCALES[word]
            else:
                total, group = total + group * SCALES[word], 0
        elif word == "and" and j > i and j + 1 < len(words) and words[j - 1][2] == "hundred":
            if words[j + 1][2] not in ONES and words[j + 1][2] not in TENS:
                break
        else:
            break
        j += 1
    value = total + group
    return (value, j) if j > i and 0 < value < _LARGEST else None


def _one_counts(words: list[tuple[int, int, str]], i: int) -> bool:
    following = words[i + 1][2] if i + 1 < len(words) else ""
    return following in SCALES or (i > 0 and words[i - 1][2] in _ONE_AFTER)


def _article(words: list[tuple[int, int, str]], i: int, text: str) -> tuple[int, int] | None:
    """ "a dozen", "a hundred", "half a million"."""
    rest = [words[i][2]]
    while len(rest) < 3 and i + len(rest) < len(words):
        last, following = words[i + len(rest) - 1], words[i + len(rest)]
        if text[last[1] : following[0]] != " ":
            break
        rest.append(following[2])
    if rest[0] == "a" and rest[1:2] and rest[1] in SCALES:
        return SCALES[rest[1]], i + 2
    if rest[0] == "half" and rest[1:2] == ["a"] and rest[2:3] and rest[2] in SCALES:
        return SCALES[rest[2]] // 2, i + 3
    return None
