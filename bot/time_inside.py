"""Reads a part of a time said beside it: "last year's last quarter", "on Monday and Tuesday last week"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from bot import intervals
from bot.common_words import word_set
from bot.intervals import Interval
from bot.time_reader import Point, Reader, day_after, first_day, plain_unit

SIZES = {"day": 0, "week": 1, "weekend": 1, "month": 2, "quarter": 3, "season": 3, "half": 4, "year": 5}
_JOINTS = word_set("and or vs versus to until through , & - – on")
_ENDING = ("ending", "ended")
_BEGINNING = ("beginning", "starting", "commencing")
_WEEKDAYS = 7  # more in a row belong to no week


class InsideReader(Reader):
    """Parts of a year, a quarter, a month or a week."""

    def sliced(self, whole: Point) -> Point | None:
        """ "last year's last quarter", "last year in the first 3 months"; `whole` is what stands before the part."""
        led = self.at(whole.end).word == "in"
        own = self.at(whole.end - 1).close > self.at(whole.end - 1).end
        if not led and not own:
            return None
        i = whole.end + led
        i += self.at(i).word == "the"
        side = self.at(i)
        if side.kind != "ordinal" and not (side.kind == "qualifier" and side.word == "last"):
            return None
        part = self._part(whole, side.number if side.kind == "ordinal" else -1, i + 1)
        if part is None or (led and first_day(part.interval) > self.today):
            return None  # "this year in the last month" looks back from today
        return replace(part, deictic=whole.deictic)

    def _part(self, whole: Point, number: int, j: int) -> Point | None:
        """The nth unit of a whole, or its first or last few; -1 is the last; j is the unit or the count."""
        unit, count, end = self.at(j).word, 1, j + 1
        if measure := self.measure(j):
            count, unit, end = measure
        elif self.at(j).kind != "unit" or self.at(j).number == 2:
            return None
        if SIZES.get(unit, 9) >= SIZES.get(whole.grain, 0) or (count > 1 and number > 1):
            return None
        part = self.slice_of(whole, unit, number * count if number < 0 else number)
        if part and number > 0 and count > 1:
            first = first_day(part.interval)
            after = intervals.shift(first, *plain_unit(unit, count))
            part = replace(part, interval=Interval(first, min(after, day_after(whole.interval))))
        return replace(part, end=end) if part else None

    def bounded(self, unit: str, j: int) -> Point | None:
        """ "week ending 5 October", "quarter ended 31 March", "week starting on Monday"; j follows the unit."""
        j += self.at(j).text == "-"
        return self.bounded_by(unit, self.at(j).text.lower(), j + 1)

    def bounded_by(self, unit: str, word: str, j: int) -> Point | None:
        """The unit that ends or begins, as `word` says, on the day at j."""
        ending = word in _ENDING
        if unit not in ("week", "month", "quarter", "year") or not (ending or word in _BEGINNING):
            return None
        day = self.point(j + (self.at(j).word == "on"))
        if day is None or day.grain != "day" or day.interval.first is None or day.interval.after is None:
            return None
        in_year = day.in_year

        def build(interval: Interval) -> Interval:
            if ending:
                after = day_after(interval)
                return Interval(intervals.shift(after, unit, -1), after)
            return Interval(first_day(interval), intervals.shift(first_day(interval), unit, 1))

        renewed = (lambda year: build(in_year(year))) if in_year else None
        return Point(build(day.interval), day.end, unit, renewed)

    def week_beside(self, i: int) -> date | None:
        """The Monday of the week that a weekday joined to the one at i says: "Monday and Tuesday last week"."""
        for step in (1, -1):
            j, passed = i + step, 0
            while passed < _WEEKDAYS and (self.at(j).kind == "weekday" or self.at(j).text.lower() in _JOINTS):
                passed += self.at(j).kind == "weekday"
                j += step
            at = j + (self.at(j).word == "of") if step > 0 else j - 1
            if step < 0 and self.at(j + 1).kind != "weekday" and self.at(j + 1).word != "on":
                continue  # "last week vs Monday and Tuesday"
            if passed and self.at(at).kind == "qualifier" and self.at(at + 1).word == "week":
                weeks = {"this": 0, "next": 1}.get(self.at(at).word, -1)
                return self.today - timedelta(days=self.today.weekday() - 7 * weeks)
        return None
