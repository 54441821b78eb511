"""The day that a run lives in, where no day is set: a run that was stopped goes on with its own after midnight.

`run.json` in a run's directory tells the day that it began on, and whether its student has been written.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path

from kd_training.shards import write_whole

FILE = "run.json"
log = logging.getLogger(__name__)


def day_of(directory: Callable[[date], Path], now: date) -> date:
    """The day to run on: of the latest run of the recipe that is not finished, else `now`.

    `directory` is where a run of the recipe on a day lies.
    """
    today = directory(now)
    if today.exists():
        return now
    unfinished = ((_unfinished(file), file.parent) for file in today.parent.glob(f"*/{FILE}"))
    found = max((day for day, where in unfinished if day and directory(day) == where), default=now)
    if found != now:
        log.warning("going on with the run of %s", found)
    return found


def note(directory: Path, day: date, finished: bool = False) -> None:
    """Write down the run's day, and whether it is finished."""
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory / FILE, [json.dumps({"day": day.isoformat(), "finished": finished}), "\n"])


def _unfinished(file: Path) -> date | None:
    """The day of a run that is not finished; None for any other, and for a file that says neither."""
    try:
        told = json.loads(file.read_text("utf-8"))
        return None if told["finished"] else date.fromisoformat(told["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
