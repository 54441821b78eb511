"""What every reader of time expressions stands on: tokens, today's date, and what a reading is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from bot import intervals
from bot.intervals import ONE_DAY, Interval
from bot.time_words import COUNTS, END, UNIT_SUFFIXES, Token

MAX_COUNT = 5000  # more units than this is not a time expression
_DEEPEST = 6  # expressions inside expressions: "end of the last week of March"


@dataclass(frozen=True, slots=True)
class Point:
    """An interval read from tokens up to (not including) index `end`.

    `grain`: its calendar unit.
    `in_year`: builds it for another year; None when the year was said and not inferred.
    `deictic`: "last month", "yesterday": an expression that takes no "in".
    `weak`: a word that may mean something else ("may") and needs a preposition or a partner.
    `same`: months back, of "same period last year".
    `whole`: of "same month last year", which names that unit and not a stretch of any length.
    `back`: unit and count of "the previous 3 months".
    `needs_other`: "the year before" says nothing without another period.
    """

    interval: Interval
    end: int
    grain: str
    in_year: Callable[[int], Interval] | None = None
    deictic: bool = False
    weak: bool = False
    same: int = 0
    whole: bool = False
    back: tuple[str, int] | None = None
    needs_other: bool = False


class Reader:
    """Tokens of one question and today's date; `point(i)` reads the expression that begins at token i."""

    def __init__(self, tokens: list[Token], today: date) -> None:
        self.tokens = tokens
        self.today = today
        self.size = len(tokens)
        self.readers: dict[str, Callable[[int, bool], Point | None]] = {}
        self._depth = 0

    def at(self, i: int) -> Token:
        """The token at i, or an END token."""
        return self.tokens[i] if 0 <= i < self.size else END

    def words(self, i: int, *words: str) -> int | None:
        """The index after these words, dashes between them skipped; None when they do not stand there."""
        for word in words:
            if self.at(i).text in "-–" and i < self.size and word != words[0]:
                i += 1
            if self.at(i).word != word:
                return None
            i += 1
        return i

    def point(self, i: int) -> Point | None:
        """The expression at token i ("the" before it allowed), or None."""
        the = self.at(i).word == "the"
        read = self.readers.get(self.at(i + the).kind)
        if read is None or self._depth >= _DEEPEST:
            return None
        self._depth += 1
        try:
            return read(i + the, the)
        finally:
            self._depth -= 1

    def count(self, i: int) -> tuple[int, int, str] | None:
        """A small whole number in digits or words at i: (number, index after it, unit glued to it or "")."""
        token = self.at(i)
        if token.kind == "number" or token.kind == "year":
            unit = UNIT_SUFFIXES.get(token.suffix, "") if token.suffix else ""
            bad = token.glued or token.number > MAX_COUNT or (token.suffix and not unit)
            return None if bad else (token.number, i + 1, unit)
        if token.kind != "count":
            return None
        following = self.at(i + 1)
        if token.word in ("a", "an") and following.word in ("couple", "few", "dozen", "hundred"):
            i, token, following = i + 1, following, self.at(i + 2)
        if token.number >= 20 and token.number % 10 == 0 and token.word != "hundred":
            skip = 2 if following.text == "-" else 1
            ones = self.at(i + skip)
            if (
                ones.kind == "count"
                and ones.word in COUNTS
                and ones.number < 10
                and ones.word not in ("a", "an", "few")
            ):
                return token.number + ones.number, i + skip + 1, ""
        return token.number, i + (2 if following.word == "of" else 1), ""

    def measure(self, i: int) -> tuple[int, str, int] | None:
        """ "2 weeks" at i: its number, its unit, the index after it."""
        counted = self.count(i)
        if counted is None:
            return None
        number, j, unit = counted
        if not unit and self.at(j).kind == "unit":
            unit, j = self.at(j).word, j + 1
        return (number, unit, j) if unit else None

    def ago(self, i: int, the: bool, last: tuple[str, ...] = ("ago", "back")) -> Point | None:
        """ "3 months ago", "a year ago", "5 days back": that calendar unit. `last`: the words that say it."""
        measure = self.measure(i)
        if measure is None or self.at(measure[2]).text.lower() not in last:
            return None
        j = measure[2] + 1
        unit, number = plain_unit(measure[1], measure[0])
        day = intervals.shift(self.today, unit, -number)
        if self.at(j).word == "today":
            return Point(intervals.single_day(day), j + 1, "day", deictic=True)
        return Point(intervals.unit_of(day, unit), j, unit, deictic=True)

    def of_point(self, i: int) -> Point | None:
        """The point after "of" or "in": also "of the year", which means the present one."""
        if self.at(i).word not in ("of", "in"):
            return None
        the = self.at(i + 1).word in ("the", "each")
        if the and self.at(i + 1).word == "each":
            return None
        token = self.at(i + 1 + the)
        if found := self.point(i + 1):
            return found
        if (
            the
            and token.kind == "unit"
            and token.number == 1
            and token.word in ("week", "month", "quarter", "year")
        ):
            return Point(intervals.unit_of(self.today, token.word), i + 3, token.word)
        return None

    def slice_of(self, whole: Point, unit: str, number: int) -> Point | None:
        """The nth unit of an interval (from its end when negative: then `number` units)."""

        def build(interval: Interval) -> Interval:
            first, after = first_day(interval), day_after(interval)
            if number < 0:
                return Interval(max(first, intervals.shift(after, unit, number)), after)
            start = intervals.shift(first, unit, number - 1)
            return Interval(start, min(after, intervals.shift(start, unit, 1)))

        unit, number = plain_unit(unit, number)
        interval = build(whole.interval)
        if interval.first is None or interval.after is None or interval.first >= interval.after:
            return None
        in_year = whole.in_year
        return Point(interval, whole.end, unit, (lambda year: build(in_year(year))) if in_year else None)

    def until_today(self, point: Point) -> Point:
        """The part of an interval up to and including today."""
        return Point(
            Interval(point.interval.first, self.today + ONE_DAY), point.end, point.grain, deictic=True
        )


def plain_unit(unit: str, number: int) -> tuple[str, int]:
    """Hours and fortnights as days: 24 hours back reaches into yesterday."""
    if number > MAX_COUNT:
        raise ValueError("too many")
    if unit == "hour":
        return "day", -(-number // 24)
    if unit == "fortnight":
        return "day", 14 * number
    return unit, number


def first_day(interval: Interval) -> date:
    """Of an interval that has one."""
    assert interval.first is not None
    return interval.first


def day_after(interval: Interval) -> date:
    """The day after an interval that has an end."""
    assert interval.after is not None
    return interval.after
