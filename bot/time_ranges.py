"""Reads what has two ends: "from May to July", "between 1 and 15 March", "Jan-Mar 2025"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.common_words import word_set
from bot.intervals import ONE_DAY, Interval
from bot.time_context import convincing
from bot.time_points import PointReader
from bot.time_reader import Point

CONNECTORS = (
    ("to",), ("until",), ("till",), ("til",), ("through",), ("thru",), ("up", "to"), ("up", "until"),
    ("-",), ("–",), ("—",),
)  # fmt: skip
_SO_FAR = (
    ("so", "far"), ("to", "date"), ("until", "now"), ("till", "now"), ("till", "date"),
    ("up", "to", "now"), ("to", "now"), ("until", "today"), ("till", "today"), ("up", "to", "today"),
    ("through", "today"), ("to", "today"), ("up", "until", "now"), ("up", "until", "today"),
)  # fmt: skip
_ONWARDS = (
    ("onwards",), ("onward",), ("forward",), ("and", "later"), ("or", "later"), ("and", "after"),
    ("and", "onwards"),
)  # fmt: skip
_BACKWARDS = (("or", "earlier"), ("and", "earlier"), ("and", "before"), ("or", "before"))
_CHANGES = word_set(
    """
    growth grow grew grown change changed changes increase increased decrease decreased compare compared
    comparison rise rose drop dropped difference differ decline declined fell evolve evolved development
    develop versus vs
    """
)
_DAY_JOINTS = ("to", "-", "–", "until", "through")


@dataclass(frozen=True, slots=True)
class Found:
    """Tokens `start` to `end` read as an interval; None: read, and known to be no period."""

    start: int
    end: int
    interval: Interval | None
    point: Point | None = None


class RangeReader:
    """Points and ranges of points, over the tokens of one question."""

    def __init__(self, reader: PointReader) -> None:
        self.reader = reader
        self.at = reader.at
        self.today = reader.today

    def first_of(self, i: int, choices: tuple[tuple[str, ...], ...]) -> int | None:
        """The index after whichever word sequence stands at i."""
        word = self.at(i).text.lower()
        for words in choices:
            if words[0] == word and all(self.at(i + k).text.lower() == w for k, w in enumerate(words)):
                return i + len(words)
        return None

    def closed(self, i: int, start: int) -> Found | None:
        """A point or a range at i; `start` is i or the index of the preposition before it."""
        if ranged := self.days(i, _DAY_JOINTS):
            return ranged
        a = self.reader.point(i)
        if a is None:
            return None
        led_from = start != i and self.at(start).word == "from"
        begun = a.interval.first is not None and a.interval.first <= self.today
        if (
            begun
            and not a.back
            and (end := self.first_of(a.end, _SO_FAR))
            and convincing(self.reader, i, start, a)
        ):
            return Found(i, end, Interval(a.interval.first, self.today + ONE_DAY), a)
        if ranged := self._range(i, a, led_from):
            return ranged
        if not convincing(self.reader, i, start, a):
            return None
        if end := self.first_of(a.end, _ONWARDS) or (self.first_of(a.end, (("on",),)) if led_from else None):
            return Found(i, end, Interval(a.interval.first, None))
        if end := self.first_of(a.end, _BACKWARDS):
            return Found(i, end, Interval(None, a.interval.after))
        return Found(i, a.end, a.interval, a)

    def _range(self, i: int, a: Point, led_from: bool) -> Found | None:
        j = self.first_of(a.end, CONNECTORS)
        if j is None:
            return None
        b = self.reader.point(j + (self.at(j).word == "in"))
        if b is None or not self._fits(i, b):
            return None
        if a.deictic and b.deictic and a.grain == b.grain and a.grain != "day":
            return None  # "from last month to this month" compares two periods
        changes = any(self.at(k).text.lower() in _CHANGES for k in range(i))
        if changes and led_from and a.grain == b.grain and a.grain != "day":
            return None  # "growth from 2023 to 2024" too
        interval = spanning(a, b)
        return Found(i, b.end, interval) if interval else None

    def between(self, i: int) -> Found | None:
        """ "between A and B", at the word "between"."""
        if ranged := self.days(i + 1, ("and", "&", "to", "-")):
            return Found(i, ranged.end, ranged.interval)
        a = self.reader.point(i + 1)
        if a is None or self.at(a.end).text.lower() not in ("and", "&", "to", "-", "–"):
            return None
        b = self.reader.point(a.end + 1)
        if b is None or not self._fits(i, b):
            return None
        interval = spanning(a, b)
        return Found(i, b.end, interval) if interval else None

    def _fits(self, i: int, b: Point) -> bool:
        """Whether the range may end in b: from 2000 to 2020 units it may not."""
        last = b.end - 1
        return not b.weak or self.at(last).kind != "year" or convincing(self.reader, last, i - 1, b)

    def days(self, i: int, joints: tuple[str, ...]) -> Found | None:
        """ "1 to 15 March", "March 3-7": two days of one month."""
        i += self.at(i).word == "the"
        if self.at(i).kind == "month":
            return self._month_first(i, joints)
        day, j = self.at(i), i + 2
        if day.kind not in ("number", "ordinal") or self.at(i + 1).text.lower() not in joints:
            return None
        j += self.at(j).word == "the"
        if self.at(j).kind not in ("number", "ordinal"):
            return None
        b = self.reader.point(j)
        if b is None or b.grain != "day" or b.interval.first is None or b.deictic:
            return None
        first = b.interval.first.replace(day=day.number)
        return Found(i, b.end, Interval(first, b.interval.after)) if first <= b.interval.first else None

    def _month_first(self, i: int, joints: tuple[str, ...]) -> Found | None:
        day, until = self.at(i + 1), self.at(i + 3)
        if day.kind not in ("number", "ordinal") or self.at(i + 2).text.lower() not in joints:
            return None
        a = self.reader.point(i)
        if until.kind not in ("number", "ordinal") or until.suffix or a is None or a.end != i + 2:
            return None
        following = self.reader.point(i + 3)
        first = a.interval.first
        if first is None or until.number < first.day or (following and following.grain == "day"):
            return None
        end = i + 4
        after_comma = end + (self.at(end).text == ",")
        if self.at(after_comma).kind == "year":
            first, end = first.replace(year=self.at(after_comma).number), after_comma + 1
        return Found(i, end, Interval(first, first.replace(day=until.number) + ONE_DAY))


def spanning(a: Point, b: Point) -> Interval | None:
    """From the start of one point to the end of another, an inferred year taken from the one that says it."""
    start, end = a.interval.first, b.interval.after
    b_first = b.interval.first
    if start is None or end is None or b_first is None:
        return None
    if a.in_year and b.in_year is None:
        start = _begin(a, b_first.year)
        if start > b_first:
            start = _begin(a, b_first.year - 1)
    elif b.in_year:
        year = start.year if _begin(b, start.year) >= start else start.year + 1
        end = b.in_year(year).after
    return Interval(start, end) if end is not None and start < end else None


def _begin(point: Point, year: int) -> date:
    assert point.in_year is not None
    first = point.in_year(year).first
    assert first is not None
    return first
