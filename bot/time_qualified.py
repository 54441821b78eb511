"""Reads times that begin with this, last, past, previous or next: "last 30 days", "this March"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot import intervals
from bot.common_words import word_set
from bot.intervals import ONE_DAY, Interval
from bot.time_inside import SIZES
from bot.time_names import NameReader
from bot.time_reader import Point, day_after, first_day, plain_unit
from bot.time_words import MODIFIERS, WHOLE

_GOING_PAST = word_set(
    """
    goes go going went gone stretch stretches stretched drag drags dragged run runs ran stay stays stayed
    unpaid open overdue waiting wait waits way well just lasting lasts late
    """
)
_SEVERAL = 3  # "over the last months"


class QualifierReader(NameReader):
    """Times counted from today by a qualifying word."""

    def qualified(self, i: int, the: bool) -> Point | None:
        """At the qualifying word."""
        how = self.at(i).word
        j = i + 1
        modifier = ""
        if how == "past" and not the and self.at(i - 1).text.lower() in _GOING_PAST:
            return None  # "goes past 10 days"
        if how == "this" and self.at(j).text.lower() in ("past", "coming"):
            return self.qualified(j, True)  # "this past week" is the past week
        j += self.at(j).text == "-"
        if self.at(j).word in MODIFIERS:
            modifier, j = self.at(j).word, j + 1
        if counted := self.count(j):
            return self._several(how, counted, modifier)
        token = self.at(j)
        if token.kind == "unit":
            point = self._one(how, j, the, modifier)
            if point and how == "previous" and point.deictic and token.word != "decade":
                return replace(point, back=(token.word, 1)) if point.end == j + 1 else point
            return point
        if token.kind in ("month", "season", "holiday", "quarter", "half"):
            return self._named(how, j)
        if token.kind == "weekday":
            return self._weekday_near(how, j)
        if token.word in ("night", "evening", "morning", "afternoon") and how in ("last", "this"):
            day = self.today - ONE_DAY if how == "last" else self.today
            return Point(intervals.single_day(day), j + 1, "day", deictic=True)
        return None

    def _several(self, how: str, counted: tuple[int, int, str], modifier: str) -> Point | None:
        """ "last 30 days", "past two full months", "last 3 months of 2024"."""
        number, j, unit = counted
        if self.at(j).word in MODIFIERS and not unit:
            modifier, j = self.at(j).word, j + 1
        if not unit:
            j += self.at(j).text == "-"
            if self.at(j).kind != "unit":
                return None
            unit, j = self.at(j).word, j + 1
        if how == "this" or number == 0:
            return None
        of = self.of_point(j)
        if of and how in ("last", "past"):
            return self.slice_of(of, unit, -number)
        unit, number = plain_unit(unit, number)
        if how == "next":
            return self._ahead(unit, number, j)
        if modifier in ("business", "working") and unit == "day":
            return Point(intervals.working_days_back(self.today, number), j, unit)
        if modifier in WHOLE:
            return Point(intervals.whole_units_back(self.today, unit, number), j, unit)
        back = (unit, number) if how == "previous" else None
        return Point(intervals.rolling_back(self.today, unit, number), j, unit, back=back)

    def _ahead(self, unit: str, number: int, j: int) -> Point:
        return Point(Interval(self.today, intervals.shift(self.today, unit, number) + ONE_DAY), j, unit)

    def _one(self, how: str, j: int, the: bool, modifier: str) -> Point | None:
        """ "last month", "the past year", "this quarter", "last week of March"; j is the unit."""
        token = self.at(j)
        unit, j = token.word, j + 1
        of = self.of_point(j)
        if of and how == "last" and SIZES.get(unit, 9) < SIZES.get(of.grain, 0):
            return self.slice_of(of, unit, -1)
        if unit == "half":
            if self.at(j + (self.at(j).text == "-")).word == "year":
                j += 1 + (self.at(j).text == "-")
            elif how not in ("last", "this", "next", "previous"):
                return None
        vague = token.number == 2 and the and how in ("last", "past", "next")
        plain, number = plain_unit(unit, _SEVERAL if vague else 1)
        if how == "this":
            return None if unit in ("hour", "fortnight") else self.offset(unit, 0, j)
        if how == "next":
            return self._ahead(plain, number, j) if the or unit == "hour" else self.offset(unit, 1, j)
        if unit == "day" and how == "last" and not the:
            return None
        if modifier in WHOLE and how != "previous":
            return Point(intervals.whole_units_back(self.today, plain, number), j, plain, deictic=True)
        calendar = unit == "weekend" or (unit in ("quarter", "half") and how == "last")
        if (
            vague
            or unit in ("hour", "fortnight", "decade")
            or (the and how in ("last", "past") and not calendar)
        ):
            return Point(intervals.rolling_back(self.today, plain, number), j, plain)
        return self.offset(unit, -1, j)

    def offset(self, unit: str, count: int, j: int) -> Point | None:
        """The calendar unit `count` after the present one, read up to token j."""
        interval = intervals.unit_of(intervals.shift(self.today, unit, count), unit)
        if unit == "weekend":
            return Point(interval, j, unit)
        if unit == "day" and not count:
            return None
        point = Point(interval, j, unit, deictic=True)
        if unit == "week":
            return self._inside_week(point)
        return self.inside_year(point) if unit == "year" else self.sliced(point) or point

    def _inside_week(self, week: Point) -> Point:
        """ "last week's Monday", "last week on Monday"."""
        i = week.end + (self.at(week.end).word == "on")
        if self.at(i).kind != "weekday" or len(self.at(i).text) < 4:
            return week
        day = first_day(week.interval) + timedelta(days=self.at(i).number)
        return Point(intervals.single_day(day), i + 1, "day", deictic=True)

    def _named(self, how: str, j: int) -> Point | None:
        """ "last March" has ended, "next summer" has not begun, "this May" is this year's."""
        named = self.point(j)
        if how == "past" or named is None:
            return None
        if named.in_year is None:
            return named if how == "this" else None
        this = self.today.year
        if how == "this":
            year = this
        elif how == "next":
            year = next(y for y in (this - 1, this, this + 1) if first_day(named.in_year(y)) > self.today)
        else:
            year = next(y for y in (this, this - 1, this - 2) if day_after(named.in_year(y)) <= self.today)
        return Point(named.in_year(year), named.end, named.grain, deictic=True)

    def _weekday_near(self, how: str, j: int) -> Point | None:
        weekday = self.at(j).number
        if self.at(j).text.lower() == "sat" and self.at(j + 1).kind == "word":
            return None
        back = (self.today.weekday() - weekday) % 7
        if how == "this":
            day = self.today + timedelta(days=weekday - self.today.weekday())
        elif how == "next":
            day = self.today + timedelta(days=7 - back)
        else:
            day = self.today - timedelta(days=back or 7)
        return Point(intervals.single_day(day), j + 1, "day", deictic=True)
