"""What several commands begin with: the settings with what was typed, and a place for their output."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.faults import BadUsage

if TYPE_CHECKING:
    from bot.config import Settings


def settings_for(
    database: str | None = None, student: Path | None = None, allow_unsafe_role: bool = False
) -> Settings:
    """The settings; what is given on the command line wins. Raises ConfigError."""
    from bot.config import load_settings
    from demo.opening import with_demo

    unsafe = True if allow_unsafe_role else None
    return with_demo(load_settings(database_url=database, student_dir=student, allow_unsafe_role=unsafe))


def settings_to_ask(
    database: str | None = None, student: Path | None = None, allow_unsafe_role: bool = False
) -> Settings:
    """The same for a command that asks: where no student is named, the promoted one answers.

    Raises ConfigError, ShelfError or StudentError.
    """
    settings = settings_for(database, student, allow_unsafe_role)
    if student is not None or settings.models_url is None:
        return settings
    from bot.deployed import promoted

    return promoted(settings)


def check_writable(path: Path | None, replaced: bool = False, others: Sequence[Path | None] = ()) -> None:
    """Refuse a file that cannot be written before the work that fills it begins. Raises BadUsage.

    `replaced`: another file will take its name, which a device or a pipe must not suffer. `others`: what the command
    reads, or writes besides; nothing may be written over that.
    """
    if path is None:
        return
    if replaced and path.resolve() in [other.resolve() for other in others if other is not None]:
        raise BadUsage(f"{path} would be written over: name another file to write to")
    if path.is_dir():
        raise BadUsage(f"{path} is a folder; name a file to write to")
    if replaced and path.exists() and not path.is_file():
        raise BadUsage(f"{path} is not a file; name a file to write to")
    if not path.parent.is_dir():
        raise BadUsage(f"{path} cannot be written: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadUsage(f"{path} cannot be written: no permission")


def write_json(data: Any, path: Path) -> None:
    """Write JSON; a reader never sees half of it. Raises OSError."""
    from eval_harness.whole_file import write_whole

    write_whole(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
