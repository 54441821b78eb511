"""Half-open date intervals and calendar arithmetic: weeks start on Monday, years in January."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """Days from `first` (inclusive) to `after` (exclusive); None leaves that side open."""

    first: date | None
    after: date | None


def add_months(day: date, months: int) -> date:
    """The same day `months` later (or earlier), clamped to the month's last day. Raises ValueError."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise ValueError(f"no year {year}")
    return date(year, month + 1, min(day.day, days_in_month(year, month + 1)))


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def single_day(day: date) -> Interval:
    """That day alone."""
    return Interval(day, day + ONE_DAY)


def week_of(day: date) -> Interval:
    """Monday to Sunday around a day."""
    monday = day - timedelta(days=day.weekday())
    return Interval(monday, monday + timedelta(days=7))


def months_from(year: int, month: int, count: int) -> Interval:
    """`count` whole months beginning with this one."""
    first = date(year, month, 1)
    return Interval(first, add_months(first, count))


def whole_month(year: int, month: int) -> Interval:
    """One calendar month."""
    return months_from(year, month, 1)


def whole_quarter(year: int, quarter: int) -> Interval:
    """Quarter 1 to 4 of a calendar year."""
    return months_from(year, 3 * quarter - 2, 3)


def whole_half(year: int, half: int) -> Interval:
    """Half 1 or 2 of a calendar year."""
    return months_from(year, 6 * half - 5, 6)


def whole_year(year: int) -> Interval:
    """One calendar year."""
    return months_from(year, 1, 12)


def iso_week(year: int, week: int) -> Interval:
    """Week 1 to 53 as ISO 8601 counts them. Raises ValueError for a week 53 that the year does not have."""
    return week_of(date.fromisocalendar(year, week, 1))


def numbered_week(year: int, week: int) -> Interval:
    """Week 0 to 53 as results show them, SQLite's %Y-%W: the first Monday begins week 1, the days before it are week 0,
    and the last week ends with its year. Raises ValueError for a week that the year does not have."""
    start = nth_weekday(year, 1, 0, 1) + timedelta(days=7 * (week - 1))
    first, after = max(start, date(year, 1, 1)), min(start + timedelta(days=7), date(year, 12, 31) + ONE_DAY)
    if first >= after:
        raise ValueError(f"no week {week} in {year}")
    return Interval(first, after)


def unit_of(day: date, unit: str) -> Interval:
    """The calendar day, week, month, quarter, half or year that holds a day; the weekend of its week."""
    if unit == "day":
        return single_day(day)
    if unit == "week":
        return week_of(day)
    if unit == "weekend":
        saturday = day + timedelta(days=5 - day.weekday())
        return Interval(saturday, saturday + timedelta(days=2))
    if unit == "month":
        return whole_month(day.year, day.month)
    if unit == "quarter":
        return whole_quarter(day.year, (day.month + 2) // 3)
    if unit == "half":
        return whole_half(day.year, (day.month + 5) // 6)
    if unit == "decade":
        return Interval(date(day.year // 10 * 10, 1, 1), date(day.year // 10 * 10 + 10, 1, 1))
    return whole_year(day.year)


def shift(day: date, unit: str, count: int) -> date:
    """The day `count` units later; months and years keep the day of the month where there is one."""
    if unit == "day":
        return day + timedelta(days=count)
    if unit in ("week", "weekend"):
        return day + timedelta(days=7 * count)
    return add_months(day, count * {"month": 1, "quarter": 3, "half": 6, "year": 12, "decade": 120}[unit])


def rolling_back(today: date, unit: str, count: int) -> Interval:
    """From `count` units ago through today: the last 30 days are [today - 30 days, tomorrow)."""
    return Interval(shift(today, unit, -count), today + ONE_DAY)


def working_days_back(today: date, count: int) -> Interval:
    """From `count` working days (Monday to Friday) ago through today."""
    day = today
    while count > 0:
        day -= ONE_DAY
        count -= day.weekday() < 5
    return Interval(day, today + ONE_DAY)


def whole_units_back(today: date, unit: str, count: int) -> Interval:
    """The `count` whole calendar units that ended before the present one."""
    present = unit_of(today, unit).first
    assert present is not None
    return Interval(shift(present, unit, -count), present)


SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}


def season(year: int, name: str) -> Interval:
    """Three whole months, as northern meteorologists count; winter of a year begins in its December."""
    return months_from(year, SEASONS[name], 3)


def easter(year: int) -> date:
    """Western Easter Sunday (the anonymous Gregorian computus, Nature 1876)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leap, rest = divmod(century, 4)
    skipped = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - skipped + 15) % 30
    quad, odd = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quad - epact - odd) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth Monday (0) to Sunday (6) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    return nth_weekday(year, 11, 3, 4)


HOLIDAYS: dict[str, Callable[[int], date]] = {
    "new year's day": lambda year: date(year, 1, 1),
    "valentine's day": lambda year: date(year, 2, 14),
    "easter": easter,
    "good friday": lambda year: easter(year) - 2 * ONE_DAY,
    "independence day": lambda year: date(year, 7, 4),
    "labor day": lambda year: nth_weekday(year, 9, 0, 1),
    "halloween": lambda year: date(year, 10, 31),
    "thanksgiving": thanksgiving,
    "black friday": lambda year: thanksgiving(year) + ONE_DAY,
    "cyber monday": lambda year: thanksgiving(year) + 4 * ONE_DAY,
    "christmas eve": lambda year: date(year, 12, 24),
    "christmas": lambda year: date(year, 12, 25),
    "boxing day": lambda year: date(year, 12, 26),
    "new year's eve": lambda year: date(year, 12, 31),
}
