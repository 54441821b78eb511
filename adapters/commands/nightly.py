"""`mynah nightly`: people's pairs become a better student now, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.commands.opening import settings_for
from adapters.faults import FAILED, BadUsage, expected, warn

if TYPE_CHECKING:
    from bot.config import Settings
    from kd_training.schedule import Nights


def command(
    once: Annotated[bool, typer.Option("--once", help="Run the night of today, now.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where it ran today already, or where nothing is new.")
    ] = False,
) -> int:
    """Collect, train, judge, promote, report. Exit code 1 when the gate says no, or it could not be finished."""
    if not once:
        raise BadUsage("say `mynah nightly --once` to run it now, or `mynah schedule` to run it each night")
    from kd_training.night.report import to_text
    from kd_training.turns import Refused

    settings = settings_for()
    nights = nights_of(settings)
    day = settings.today or nights.today()
    made = nights.run(day, force=force, again=nights.failed_before(day))
    if isinstance(made, Refused):
        if made.why == "done":
            print(f"The night of {made.day} was run already: {made.outcome}. --force runs it again.")
            return 0
        warn(f"Another process works on the night of {made.day}: try again when it is done")
        return FAILED
    print(to_text(made), end="")
    print(f"\nThe report is at {settings.state_dir / 'nightly' / 'reports' / f'{made.day}.html'}.")
    return 0 if made.passed else FAILED


def nights_of(settings: Settings) -> Nights:
    """The nights as the settings have them. Raises ConfigError."""
    from adapters.night_posts import posts
    from bot.config import ConfigError
    from kd_training.night.admit import admission
    from kd_training.schedule import Nights
    from kd_training.teaching import teacher_of

    if settings.models_url is None:
        raise ConfigError("a nightly run needs models_url: say in mynah.toml where versions of the student lie")
    teacher = teacher_of(settings)
    return Nights(settings, teacher, admit=admission(settings, teacher), posts=posts(settings), expected=expected)
