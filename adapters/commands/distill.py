"""`mynah distill`: a student from a recipe: questions are synthesised, the student learns them, and is exported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.commands.opening import settings_for


def command(
    config: Annotated[
        Path, typer.Option("--config", metavar="RECIPE.toml", help="What to learn from, and for how long.")
    ],
    db: Annotated[str | None, typer.Option(metavar="URL", help="The database to learn.")] = None,
    teacher: Annotated[
        str | None, typer.Option(metavar="URL", help="A running vLLM server of the teacher; else one is started.")
    ] = None,
) -> int:
    """Train a student as a recipe says; a run that was stopped goes on where it was."""
    from kd_training.recipe import run_recipe
    from kd_training.teaching import teacher_of

    settings = settings_for(db)
    url = settings.database_url.get_secret_value()
    made = run_recipe(config, url, settings.glossary, settings.today, teacher_of(settings, teacher))
    print(f"The student is at {made}.")
    return 0
