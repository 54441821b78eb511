"""Reads one time expression of any kind: "Q2", "two years ago", "first week of March"."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from bot import intervals
from bot.common_words import word_set
from bot.intervals import ONE_DAY, Interval
from bot.time_names import half_in, quarter_in, week_in
from bot.time_reader import Point, day_after, first_day, plain_unit
from bot.time_words import MODIFIERS, Token, full_year
from bot.time_written import WrittenReader

_EACH = word_set("per each every by a any one which what average avg")
_EDGE_LEADS = word_set("by until till since from at the to before after up")
_A_YEAR = ("ago", "back", "earlier", "before", "prior")  # of "the same period a year earlier"
_PERIOD_NOUNS = word_set(
    "period time point timeframe timespan span stretch window part portion slice interval range section phase dates"
)


class PointReader(WrittenReader):
    """Everything that can be read as one point in time."""

    def __init__(self, tokens: list[Token], today: date) -> None:
        super().__init__(tokens, today)
        self.readers: dict[str, Callable[[int, bool], Point | None]] = {
            "qualifier": self.qualified,
            "unit": self._unit,
            "month": self.month,
            "weekday": self.weekday,
            "quarter": self.part,
            "half": self.part,
            "ordinal": self._ordinal,
            "number": self._number,
            "year": self.year,
            "date": self.date,
            "slashed": self.slashed,
            "relative": self.relative,
            "to-date": self._to_date,
            "trailing-year": self._trailing_year,
            "season": self.season,
            "holiday": self.holiday,
            "fiscal": self.fiscal,
            "week-number": self.week_number,
            "edge": self._edge,
            "count": self._counted,
            "word": self._word,
        }

    def qualified(self, i: int, the: bool) -> Point | None:
        """Also "this time last year"."""
        if self.at(i).word == "this" and self.at(i + 1).word == "time":
            return self._same(i)
        return super().qualified(i, the)

    # --- units ------------------------------------------------------------------------------------------

    def _unit(self, i: int, the: bool) -> Point | None:
        unit = self.at(i).word
        if self.at(i - 1 - the).text.lower() in _EACH or self.at(i).number == 2:
            return None
        if j := self.words(i, unit, "before", "last") or self.words(i, unit, "before", "previous"):
            return self.offset(unit, -2, j)
        if unit == "day" and (j := self.words(i, "day", "before", "yesterday")):
            return Point(intervals.single_day(self.today - 2 * ONE_DAY), j, "day", deictic=True)
        if unit == "day" and (j := self.words(i, "day", "after", "tomorrow")):
            return Point(intervals.single_day(self.today + 2 * ONE_DAY), j, "day", deictic=True)
        if unit == "half" and (j := self.words(i, "half", "a", "year", "ago")):
            return Point(
                intervals.unit_of(intervals.add_months(self.today, -6), "month"), j, "month", deictic=True
            )
        if unit == "weekend" and the:
            saturday = self.today - timedelta(days=(self.today.weekday() - 5) % 7)
            return Point(Interval(saturday, saturday + 2 * ONE_DAY), i + 1, unit, weak=True)
        if unit not in ("day", "week", "month", "quarter", "year"):
            return None
        if (
            the
            and self.at(i + 1).text.lower() in ("before", "earlier", "prior")
            and self.point(i + 2) is None
        ):
            last = intervals.unit_of(intervals.shift(self.today, unit, -1), unit)
            return Point(last, i + 2, unit, deictic=True, back=(unit, 1), needs_other=True)
        if (j := self.words(i, unit, "to", "date")) or (the and (j := self.words(i, unit, "so", "far"))):
            return self.until_today(Point(intervals.unit_of(self.today, unit), j, unit))
        return self._unit_number(unit, i + 1)

    def _unit_number(self, unit: str, j: int) -> Point | None:
        """ "year 2024", "month of May", "quarter 2", "week 12", "week of 3 March"."""
        token = self.at(j)
        if bounded := self.bounded(unit, j):
            return bounded
        if unit == "year" and token.word == "of" and self.at(j + 1).kind == "year":
            j, token = j + 1, self.at(j + 1)
        if unit == "year" and token.kind in ("year", "fiscal"):
            return self.inside_year(Point(intervals.whole_year(token.number), j + 1, "year"))
        if unit in ("quarter", "week") and token.kind in ("number", "count") and not token.suffix:
            number = token.number
            least, most = (1, 4) if unit == "quarter" else (0, 53)
            if not least <= number <= most or token.word in ("a", "an", "few", "couple"):
                return None
            return self.dated(quarter_in(number) if unit == "quarter" else week_in(number), j + 1, unit)
        of = self.of_point(j) if unit in ("month", "week") and token.word == "of" else None
        if of and unit == of.grain == "month":
            return Point(of.interval, of.end, "month", of.in_year)
        if of and unit == "week" and of.grain == "day":
            return Point(intervals.week_of(first_day(of.interval)), of.end, "week")
        return None

    # --- ordinals, numbers, counts ----------------------------------------------------------------------

    def _ordinal(self, i: int, the: bool) -> Point | None:
        number = self.at(i).number
        j = i + 1
        of_month = self.at(j).word == "of" and self.at(j + 1).kind == "month"
        if self.at(j + of_month).kind == "month":
            return self.day_of_month(number, self.at(j + of_month).number, j + 1 + of_month)
        if self.at(j).word == "of":
            of = self.of_point(j)
            return self.slice_of(of, "day", number) if of and of.grain == "month" else None
        if number == 1 and self.count(j):
            return self._first_several(j)
        unit = self.at(j)
        if unit.kind != "unit" or unit.number == 2:
            return self.day_alone(i, the)
        j += unit.word == "half" and self.at(j + 1).kind == "unit" and self.at(j + 1).word == "year"
        if unit.word in ("quarter", "half") and number <= (4 if unit.word == "quarter" else 2):
            return self._nth_part(unit.word, number, j + 1)
        of = self.of_point(j + 1)
        if of and unit.word in ("day", "week", "month", "half", "quarter"):
            return self.slice_of(of, unit.word, number)
        return None

    def _counted(self, i: int, the: bool) -> Point | None:
        """ "3 months ago", "the 4 weeks before"."""
        measure = self.measure(i) if the else None
        if measure and self.at(measure[2]).text.lower() in ("before", "prior", "earlier"):
            unit, number = plain_unit(measure[1], measure[0])
            last = intervals.rolling_back(self.today, unit, number)
            return Point(last, measure[2] + 1, unit, back=(unit, number), needs_other=True)
        return self.ago(i, the)

    def _first_several(self, j: int) -> Point | None:
        """ "first 3 months of 2024"; j is the count."""
        measure = self.measure(j)
        of = self.of_point(measure[2]) if measure else None
        if of is None or measure is None:
            return None
        unit, count = plain_unit(measure[1], measure[0])
        first = first_day(of.interval)
        after = min(day_after(of.interval), intervals.shift(first, unit, count))
        return Point(Interval(first, after), of.end, unit)

    def _nth_part(self, unit: str, number: int, j: int) -> Point | None:
        build = quarter_in(number) if unit == "quarter" else half_in(number)
        of = self.of_point(j)
        if of and of.grain == "year":
            return Point(build(first_day(of.interval).year), of.end, unit)
        if of and of.grain == "month" and unit == "half":
            first, after = of.interval.first, of.interval.after
            middle = first_day(of.interval) + timedelta(days=15)
            return Point(Interval(first, middle) if number == 1 else Interval(middle, after), of.end, "day")
        found = self.dated(build, j, unit)
        weak = unit == "half" and found.in_year is not None
        return Point(found.interval, found.end, unit, found.in_year, weak=weak)

    def _number(self, i: int, the: bool) -> Point | None:
        token = self.at(i)
        if found := self._counted(i, the) or self.day_in_figures(i) or self.part_in_figures(i):
            return found
        j = i + 1 + (self.at(i + 1).word == "of")
        if token.suffix or token.glued or self.at(j).kind != "month" or not 1 <= token.number <= 31:
            return None
        return self.day_of_month(token.number, self.at(j).number, j + 1)

    # --- words ------------------------------------------------------------------------------------------

    def _word(self, i: int, the: bool) -> Point | None:
        word, following = self.at(i).word, self.at(i + 1)
        if word == "same":
            return self._same(i)
        if word == "iso":
            return self.iso_week(i)
        if word in ("early", "mid", "late"):
            return self.third_of_month(i)
        if word == "w":
            return self.week_bounded(i)
        if word in ("fy", "cy", "fiscal", "financial", "calendar"):
            short = word in ("fy", "cy") and following.kind == "number" and len(following.word) == 2
            if following.kind == "year" or (short and not following.suffix):
                year = intervals.whole_year(full_year(following.number))
                return self.inside_year(Point(year, i + 2, "year"))
        if word in MODIFIERS and following.word == "year":
            return self._unit(i + 1, the)
        return None

    def _to_date(self, i: int, the: bool) -> Point | None:
        unit = self.at(i).word
        if unit == "year" and (said := self.year_after(i + 1)):
            year, end = said
            after = intervals.add_months(self.today, 12 * (year - self.today.year)) + ONE_DAY
            return Point(Interval(date(year, 1, 1), after), end, "year", deictic=True)
        return self.until_today(Point(intervals.unit_of(self.today, unit), i + 1, unit))

    def _trailing_year(self, i: int, the: bool) -> Point | None:
        return Point(intervals.rolling_back(self.today, "year", 1), i + 1, "year", deictic=True)

    def _edge(self, i: int, the: bool) -> Point | None:
        """ "beginning of the year", "end of last month", "end March": its first or last day."""
        bare = self.at(i + 1).word != "of"
        of = self.point(i + 1) if bare else self.of_point(i + 1)
        led = self.at(i - 1).text.lower() in _EDGE_LEADS
        if of is None or (bare and (of.grain == "day" or of.deictic or not led)):
            return None
        begins = self.at(i).word == "first"
        in_year = of.in_year

        def edge(interval: Interval) -> Interval:
            return intervals.single_day(first_day(interval) if begins else day_after(interval) - ONE_DAY)

        renewed = (lambda year: edge(in_year(year))) if in_year else None
        return Point(edge(of.interval), of.end, "day", renewed)

    def _same(self, i: int) -> Point | None:
        """ "same period last year": the unit before this one, up to the day that matches today."""
        noun = self.at(i + 1)
        several = noun.kind == "unit" and noun.text.lower().endswith("s")  # "the same days last year"
        whole = noun.kind == "unit" and not several
        if not whole and not several and noun.word not in _PERIOD_NOUNS:
            return None
        ago = self.ago(i + 2, False, _A_YEAR)
        before = ago or self.point(i + 2 + (self.at(i + 2).word in ("of", "in", "the")))
        if before is None or before.grain not in ("year", "quarter", "month", "week"):
            return None
        unit = before.grain
        present = first_day(intervals.unit_of(self.today, unit))
        back = 0
        while back < 20 and first_day(before.interval) < intervals.shift(present, unit, -back):
            back += 1
        day = intervals.shift(self.today, unit, -back)
        months = {"year": 12, "quarter": 3, "month": 1}.get(unit, 0) * back
        if whole:
            same = intervals.unit_of(day, noun.word)
            return Point(same, before.end, noun.word, deictic=True, same=months, whole=True)
        until = Interval(before.interval.first, day + ONE_DAY)
        return Point(until, before.end, unit, deictic=True, same=months)
