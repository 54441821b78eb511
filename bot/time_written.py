"""Reads times as people jot them down: "5-Nov-26", "1/9", "on the 5th", "3Q25", "mid-May", "w/c 5 May"."""

from __future__ import annotations

from datetime import date, timedelta

from bot import intervals
from bot.common_words import word_set
from bot.intervals import Interval
from bot.time_names import half_in, quarter_in
from bot.time_qualified import QualifierReader
from bot.time_reader import Point, first_day
from bot.time_words import full_year

_THIRDS = {"early": (1, 11), "mid": (11, 21), "late": (21, None)}  # its first day, and the day after its last
_DAY_LEADS = word_set("on since from until till before after between by")
_PERIOD_LEADS = word_set("in since from until till before after between during through of for to and")
_JOINTS = word_set("to and until till through - –")
_DATED = word_set("slashed date month ordinal year")
# What may stand behind "on the 5th"; anything else it may be the 5th of.
_AFTER_DAY = word_set("to until till through and or by per in for from at vs versus with - –")
_FRACTION = word_set("of off price")
_ENDS = {"c": "starting", "e": "ending"}


class WrittenReader(QualifierReader):
    """Short forms of days, weeks, parts of a month and of a year."""

    def day_in_figures(self, i: int) -> Point | None:
        """ "5-Nov", "05/Nov/2024", "5-Nov-26", at its number."""
        day, j = self.at(i), i + 1
        if self.at(j).text not in ("-", "/") or not self._touches(j) or self.at(j + 1).kind != "month":
            return None
        if day.suffix or day.glued or not 1 <= day.number <= 31:
            return None
        month = self.at(j + 1).number
        if year := self._year_tied(j + 2):
            try:
                return Point(intervals.single_day(date(year, month, day.number)), j + 4, "day")
            except ValueError:
                return None
        return self.day_of_month(day.number, month, j + 2)

    def slashed(self, i: int, the: bool) -> Point | None:
        """ "since 1/9", "1/9 - 15/9": day and month, or the other way round where only that can be."""
        before, following = self.at(i - 1), self.at(i + 1)
        joined = before.text.lower() in _JOINTS and self.at(i - 2).kind in _DATED
        opens = following.text.lower() in _JOINTS and self.at(i + 2).kind == "slashed"
        if not (before.text.lower() in _DAY_LEADS or joined or opens) or following.text.lower() in _FRACTION:
            return None
        day, month = (int(part) for part in self.at(i).text.split("/"))
        if month > 12:
            day, month = month, day
        return self.day_of_month(day, month, i + 1) if 1 <= month <= 12 else None

    def day_alone(self, i: int, the: bool) -> Point | None:
        """ "on the 5th": the latest that has begun."""
        token, following = self.at(i), self.at(i + 1)
        joined = self.at(i - 2).text.lower() in _JOINTS and self.at(i - 3).kind == "ordinal"
        led = self.at(i - 2).text.lower() in _DAY_LEADS or joined
        ended = following.kind in ("end", "qualifier") or following.text.lower() in _AFTER_DAY or (
            following.kind == "mark" and following.text in "?.!,;:)"
        )
        if not (the and led and ended and token.text[0].isdigit() and 1 <= token.number <= 31):
            return None
        this = first_day(intervals.unit_of(self.today, "month"))
        months = [intervals.add_months(this, -back) for back in range(3)]  # no two in a row lack a 31st
        days = [m.replace(day=token.number) for m in months if token.number <= intervals.days_in_month(m.year, m.month)]
        begun = next((day for day in days if day <= self.today), None)
        return Point(intervals.single_day(begun), i + 1, "day") if begun else None

    def part_in_figures(self, i: int) -> Point | None:
        """ "3Q25", "1H 2025", at its number: the year must be said, for "3q" alone may be three quarters."""
        token, year = self.at(i), self.at(i + 1)
        most = {"q": 4, "h": 2}.get(token.suffix, 0)
        short = year.kind == "number" and year.start == token.end and len(year.word) == 2 and not year.suffix
        if token.glued or not 1 <= token.number <= most or not (short or year.kind == "year"):
            return None
        build = quarter_in(token.number) if token.suffix == "q" else half_in(token.number)
        return Point(build(full_year(year.number)), i + 2, "quarter" if token.suffix == "q" else "half")

    def third_of_month(self, i: int) -> Point | None:
        """ "mid-May", "in late May": its days up to the 10th, up to the 20th, and after it. A "late" without a
        preposition may be said of what is counted: "late May orders"."""
        part = self.at(i).word
        j = i + 1 + (self.at(i + 1).text == "-")
        if self.at(j).kind != "month" or (part == "late" and self.at(i - 1).text.lower() not in _PERIOD_LEADS):
            return None
        month = self.point(j)
        if month is None or month.grain != "month":
            return None
        first, after = _THIRDS[part]
        in_year = month.in_year

        def build(whole: Interval) -> Interval:
            start = first_day(whole) + timedelta(days=first - 1)
            return Interval(start, first_day(whole).replace(day=after) if after else whole.after)

        renewed = (lambda year: build(in_year(year))) if in_year else None
        return Point(build(month.interval), month.end, "part", renewed)

    def week_bounded(self, i: int) -> Point | None:
        """ "w/c 5 May", "w/e 11 May": the week that begins or ends on that day."""
        word = _ENDS.get(self.at(i + 2).text.lower())
        if self.at(i + 1).text != "/" or not self._touches(i + 1) or word is None:
            return None
        return self.bounded_by("week", word, i + 3)

    def _touches(self, i: int) -> bool:
        """Whether token i stands without space between its neighbours."""
        return self.at(i - 1).end == self.at(i).start and self.at(i).end == self.at(i + 1).start
