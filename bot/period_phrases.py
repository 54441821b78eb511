"""Days and periods as people write them: "October 2026", "1 to 15 Oct 2026", "since 1 Jan 2026"."""

from __future__ import annotations

from datetime import date

from bot.formats import MONTHS
from bot.intervals import ONE_DAY, add_months

_LONG = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
         "December")


def day_words(day: date, today: date | None = None) -> str:
    """ "5 Oct 2026"; "today" and "yesterday" where `today` is known."""
    if today is not None and day == today:
        return "today"
    if today is not None and day + ONE_DAY == today:
        return "yesterday"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def span_words(first: date | None, after: date | None, today: date | None = None) -> str:
    """The days from `first` to before `after`, with the preposition that belongs to them: "in October 2026"."""
    if first is None or after is None:
        open_ended = f"since {day_words(first, today)}" if first else "at any time"
        return f"before {day_words(after, today)}" if after else open_ended
    if after <= first:
        return f"between {day_words(first)} and before {day_words(after)}"
    last = after - ONE_DAY
    if first == last:
        day = day_words(first, today)
        return day if day in ("today", "yesterday") else f"on {day}"
    if first.day == 1 and after.day == 1:
        return _months(first, after, last)
    if first.year != last.year:
        return f"from {day_words(first)} to {day_words(last)}"
    start = str(first.day) if first.month == last.month else f"{first.day} {MONTHS[first.month - 1]}"
    return f"from {start} to {day_words(last)}"


def _months(first: date, after: date, last: date) -> str:
    """Whole months: one, a quarter, a year, several years, or a range."""
    if after == add_months(first, 1):
        return f"in {_LONG[first.month - 1]} {first.year}"
    if first.month % 3 == 1 and after == add_months(first, 3):
        return f"in Q{first.month // 3 + 1} {first.year}"
    if first.month == 1 and after.month == 1:
        return f"in {first.year}" if last.year == first.year else f"in {first.year} to {last.year}"
    start = MONTHS[first.month - 1] + ("" if first.year == last.year else f" {first.year}")
    return f"from {start} to {MONTHS[last.month - 1]} {last.year}"
