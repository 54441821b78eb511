"""Reads times that have a name or a number: months, days, quarters, seasons, holidays, years, dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from bot import intervals
from bot.intervals import Interval
from bot.time_inside import InsideReader
from bot.time_reader import Point, first_day
from bot.time_words import AMBIGUOUS_MONTHS, HOLIDAY_WORDS, full_year


class NameReader(InsideReader):
    """Named times, with the year said beside them or else the latest that has begun."""

    def dated(self, build: Callable[[int], Interval], j: int, grain: str, weak: bool = False) -> Point:
        """A named interval, with the year said after it, or else its latest occurrence that has begun."""
        if said := self.year_after(j):
            year, end = said
            return Point(build(year), end, grain)
        years = (self.today.year, self.today.year - 1, self.today.year - 2)
        begun = next(y for y in years if first_day(build(y)) <= self.today)
        return Point(build(begun), j, grain, build, weak=weak)

    def year_after(self, j: int) -> tuple[int, int] | None:
        """The year said at j: "2024", "of 2024", ", 2024", "'24", "last year", "of this year"."""
        token = self.at(j)
        if token.word == "of" or (token.text in (",", "-", "/", "in") and token.kind != "end"):
            j, token = j + 1, self.at(j + 1)
        if token.kind in ("year", "fiscal"):
            following = self.at(j + 1)
            bound = following.text in "/%" and following.kind == "mark"
            return (
                None if bound or (token.glued and self.at(j - 1).text not in "-/") else (token.number, j + 1)
            )
        short = self.at(j + 1)
        if token.text in ("'", "’") and short.kind == "number" and len(short.word) == 2 and not short.suffix:
            return full_year(short.number), j + 2
        the = token.word == "the"
        token = self.at(j + the)
        if token.kind == "qualifier" and (unit := self.at(j + the + 1)).word == "year" and unit.number == 1:
            offset = {"this": 0, "last": -1, "past": -1, "previous": -1, "next": 1}[token.word]
            return self.today.year + offset, j + the + 2
        if token.word == "of" or not (the or token.word == "year"):
            return None
        if self.words(j + the, "year", "before", "last"):
            return self.today.year - 2, j + the + 3
        return None

    def month(self, i: int, the: bool) -> Point | None:
        token = self.at(i)
        month = token.number
        j = i + 1
        if year := self._year_tied(j):
            return Point(intervals.whole_month(year, month), j + 2, "month")
        if (
            self.at(j).text == "."
            and len(token.word) <= 4
            and self.at(j + 1).kind in ("number", "year", "ordinal")
        ):
            j += 1  # "Mar. 14"
        day_at = j + (self.at(j).word == "the")
        day = self.at(day_at)
        if day.kind in ("number", "ordinal") and 1 <= day.number <= 31 and not day.suffix and not day.glued:
            following = self.at(day_at + 1)
            counted = (day.kind == "number" and following.kind in ("unit", "decimal")) or following.text in (
                "%",
                ":",
            )
            if (
                not counted
                and (day.kind == "ordinal" or day_at == j)
                and day.text.lower() not in ("second", "first")
            ):
                return self.day_of_month(day.number, month, day_at + 1)
        return self.dated(month_in(month), j, "month", weak=token.word in AMBIGUOUS_MONTHS)

    def _year_tied(self, j: int) -> int | None:
        """The year of "Mar-25", at its hyphen: two digits that make a year near today."""
        hyphen, short, following = self.at(j), self.at(j + 1), self.at(j + 2)
        if hyphen.text != "-" or hyphen.start != self.at(j - 1).end or short.start != hyphen.end:
            return None
        if short.kind != "number" or len(short.word) != 2 or short.suffix:
            return None
        if following.text in ("-", "/") and following.start == short.end and self.at(j + 3).kind in ("number", "year"):
            return None  # "Mar-25-2024"
        year = full_year(short.number)
        return year if self.today.year - 15 <= year <= self.today.year + 1 else None

    def day_of_month(self, day: int, month: int, j: int) -> Point | None:
        if not 1 <= day <= intervals.days_in_month(2000, month):
            return None
        return self.dated(day_in(day, month), j, "day")

    def weekday(self, i: int, the: bool) -> Point | None:
        token = self.at(i)
        j = i + 1 + (self.at(i + 1).text in (",", "."))
        of_week = i + 1 + (self.at(i + 1).word == "of")
        if self.at(of_week).kind == "qualifier" and self.at(of_week + 1).word == "week":
            week = self.point(of_week)
            if week and week.grain == "week" and week.deictic:
                day = first_day(week.interval) + timedelta(days=token.number)
                return Point(intervals.single_day(day), week.end, "day", deictic=True)
        if self.at(j + (self.at(j).word == "the")).kind in ("month", "number", "ordinal", "date"):
            dated = self.point(j)
            if dated and dated.grain == "day":
                return dated
        if monday := self.week_beside(i):
            return Point(intervals.single_day(monday + timedelta(days=token.number)), i + 1, "day")
        back = (self.today.weekday() - token.number) % 7
        return Point(intervals.single_day(self.today - timedelta(days=back)), i + 1, "day", weak=True)

    def part(self, i: int, the: bool) -> Point | None:
        token = self.at(i)
        build = quarter_in(token.number) if token.kind == "quarter" else half_in(token.number)
        short = self.at(i + 1)
        if short.text in ("-", "/") and self.at(i + 2).start == short.end:
            short = self.at(i + 2)
        if short.kind == "number" and len(short.word) == 2 and 10 <= short.number <= 50 and not short.suffix:
            return Point(build(full_year(short.number)), self.tokens.index(short, i) + 1, token.kind)
        return self.dated(build, i + 1, token.kind)

    def season(self, i: int, the: bool) -> Point | None:
        name = self.at(i).word
        if self.at(i - 1).word == "this" and self.at(i - 2).word in ("did", "does", "do", "why"):
            return None  # "why did this fall"
        return self.dated(lambda year: intervals.season(year, name), i + 1, "season", weak=True)

    def holiday(self, i: int, the: bool) -> Point | None:
        for words, name in HOLIDAY_WORDS[self.at(i).word]:
            if all(self.at(i + k).text.lower() == word for k, word in enumerate(words)):
                return self.dated(day_named(name), i + len(words), "day", weak=len(words) == 1)
        return None

    def year(self, i: int, the: bool) -> Point | None:
        token = self.at(i)
        if found := self.ago(i, the):
            return found
        if the or (self.at(i + 1).kind == "unit" and self.at(i + 1).number == 2):
            return None
        return self.inside_year(Point(intervals.whole_year(token.number), i + 1, "year", weak=True))

    def inside_year(self, year: Point) -> Point:
        """ "last year's March", "this year Q2", "2024 H1": the part of the year said before it."""
        if part := self.sliced(year):
            return part
        i = year.end + (self.at(year.end).word == "in")
        i += i > year.end and self.at(i).word == "the"
        if self.at(i).kind not in ("month", "quarter", "half", "season", "holiday", "ordinal"):
            return year
        if self.at(i).kind == "ordinal" and self.at(i + 1).kind != "unit":
            return year
        part = self.point(i)
        if part is None or part.in_year is None or year.interval.first is None:
            return year
        if part.weak and i == year.end and self.at(year.end - 1).close == self.at(year.end - 1).end:
            return year  # "last year may" is a mere neighbour; "last year's may" is not
        return Point(part.in_year(year.interval.first.year), part.end, part.grain, deictic=year.deictic)

    def date(self, i: int, the: bool) -> Point | None:
        interval, grain = parse_date(self.at(i).text)
        return Point(interval, i + 1, grain) if interval else None

    def fiscal(self, i: int, the: bool) -> Point | None:
        return self.inside_year(Point(intervals.whole_year(self.at(i).number), i + 1, "year"))

    def week_number(self, i: int, the: bool) -> Point | None:
        number = self.at(i).number
        return self.dated(week_in(number), i + 1, "week") if 0 <= number <= 53 else None

    def iso_week(self, i: int) -> Point | None:
        """ "ISO week 39", at "ISO"."""
        j = i + 1 + (self.at(i + 1).text == "-")
        j += self.at(j).kind == "unit" and self.at(j).word == "week"
        token = self.at(j)
        numbered = token.kind == "week-number" or (token.kind == "number" and self.at(j - 1).word == "week")
        if not numbered or token.suffix or not 1 <= token.number <= 53:
            return None
        return self.dated(lambda year: intervals.iso_week(year, token.number), j + 1, "week")

    def relative(self, i: int, the: bool) -> Point | None:
        day = self.today + timedelta(days=self.at(i).number)
        j = i + 1 + (self.at(i + 1).word in ("morning", "afternoon", "evening", "night"))
        return Point(intervals.single_day(day), j, "day", deictic=True)


def month_in(month: int) -> Callable[[int], Interval]:
    return lambda year: intervals.whole_month(year, month)


def quarter_in(quarter: int) -> Callable[[int], Interval]:
    return lambda year: intervals.whole_quarter(year, quarter)


def half_in(half: int) -> Callable[[int], Interval]:
    return lambda year: intervals.whole_half(year, half)


def week_in(week: int) -> Callable[[int], Interval]:
    return lambda year: intervals.numbered_week(year, week)


def day_named(holiday: str) -> Callable[[int], Interval]:
    day = intervals.HOLIDAYS[holiday]
    return lambda year: intervals.single_day(day(year))


def day_in(day: int, month: int) -> Callable[[int], Interval]:
    """The day in a year; 29 February falls back to the 28th where there is none."""
    return lambda year: intervals.single_day(
        date(year, month, min(day, intervals.days_in_month(year, month)))
    )


def parse_date(text: str) -> tuple[Interval | None, str]:
    """A numeric date: ISO, day first, or month first when day first is impossible; or a year and month."""
    parts = [int(part) for part in text.replace("/", "-").replace(".", "-").split("-")]
    try:
        if len(parts) == 2:
            year, month = parts if parts[0] > 12 else parts[::-1]
            return intervals.whole_month(year, month), "month"
        if parts[0] > 31:
            return intervals.single_day(date(*parts)), "day"
        day, month, year = parts
        if month > 12:
            day, month = month, day
        return intervals.single_day(date(full_year(year), month, day)), "day"
    except (ValueError, OverflowError):
        return None, ""
