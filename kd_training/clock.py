"""When the night runs next: cron in a time zone. Imports nothing that trains, so that doors may ask."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

from bot.config import ConfigError, Settings


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
        return CronTrigger.from_crontab(settings.nightly_cron, at)
    except ValueError as error:
        raise ConfigError(
            f"nightly_cron: “{settings.nightly_cron}” is not in cron's form; 30 2 * * * is half past two each night"
        ) from error
