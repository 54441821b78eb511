"""When the night runs next: cron in a time zone. Imports nothing that trains, so that doors may ask."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

from bot.config import ConfigError, Settings

_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = rf"[0-7]|{'|'.join(_NAMES)}"
_ITEM = re.compile(rf"(?:(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?|\*)(?:/(?P<step>[0-9]+))?", re.IGNORECASE)


def next_night(settings: Settings, now: datetime | None = None) -> datetime | None:
    """When the schedule begins a night next, in its own time zone; None for a schedule that has ended.

    Raises ConfigError where the settings name no time.
    """
    at = zone(settings)
    found: datetime | None = trigger(settings, at).get_next_fire_time(None, now or datetime.now(at))
    return found


def zone(settings: Settings) -> ZoneInfo:
    """The schedule's time zone. Raises ConfigError."""
    try:
        return ZoneInfo(settings.nightly_timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"nightly_timezone: there is no time zone {settings.nightly_timezone}; write it as in Europe/London"
        ) from error


def trigger(settings: Settings, at: ZoneInfo) -> CronTrigger:
    """The schedule's times. Raises ConfigError."""
    try:
        return CronTrigger.from_crontab(_with_named_days(settings.nightly_cron), at)
    except ValueError as error:
        raise ConfigError(
            f"nightly_cron: “{settings.nightly_cron}” is not in cron's form; 30 2 * * * is half past two each night"
        ) from error


def _with_named_days(cron: str) -> str:
    """The schedule with its days of the week by name: cron counts them from Sunday, CronTrigger from Monday.

    Raises ValueError for what is no day of the week.
    """
    *others, days = cron.split() or [""]
    if len(others) != 4 or days == "*":
        return cron  # a wrong number of fields is for CronTrigger to name
    named = {_NAMES[day % 7] for item in days.split(",") for day in _days(item)}
    return " ".join([*others, ",".join(name for name in _NAMES if name in named)])


def _days(item: str) -> range:
    """The days of one item, Sunday as 0 or 7. A range may pass over the end of the week: `fri-mon` is 5 to 8."""
    found = _ITEM.fullmatch(item)
    if found is None or (found["step"] and not found["last"] and found["first"]):
        raise ValueError(f"{item} is no day of the week")
    first = _number(found["first"] or "0")
    last = _number(found["last"] or found["first"] or "7")
    return range(first, last + (8 if last < first else 1), int(found["step"] or 1))


def _number(day: str) -> int:
    return int(day) if day.isdigit() else _NAMES.index(day.lower())
