"""`mynah teacher`: a vLLM server of the teacher, started, looked for and stopped; or a stand-in teacher trained."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adapters.commands.opening import settings_for
from adapters.faults import FAILED, BadUsage


class Action(StrEnum):
    """What to do."""

    START = "start"
    STOP = "stop"
    STATUS = "status"
    TRAIN = "train"


class Runner(StrEnum):
    """Which server: the one that writes SQL, or the one that gives hidden states."""

    GENERATE = "generate"
    POOLING = "pooling"


def command(
    action: Annotated[Action, typer.Argument(help="What to do.")],
    runner: Annotated[
        Runner, typer.Option(help="start: a server that writes SQL, or one that gives hidden states.")
    ] = Runner.GENERATE,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="start: another model than teacher_model.")
    ] = None,
    context: Annotated[
        int, typer.Option(min=64, help="start: tokens of prompt and answer together.")
    ] = 4096,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="RECIPE.toml", help="train: the recipe of the stand-in.")
    ] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="train: the database to learn.")] = None,
) -> int:
    """Start, stop or find the teacher's vLLM server on this machine, or train a stand-in teacher."""
    if action is Action.TRAIN:
        return _train(config, db)
    from bot.config import load_settings
    from kd_training.teacher_server import RUNNERS, Launch, find, start, stop

    settings = load_settings()
    folder = settings.state_dir / "teacher"
    if action is Action.START:
        launch = Launch(
            settings.teacher_python, model or settings.teacher_model,
            "pooling" if runner is Runner.POOLING else "generate", context,
            arguments=tuple(shlex.split(settings.teacher_arguments)),
        )  # fmt: skip
        started = start(launch, folder)
        print(f"{started.model} ({started.runner}) is at {started.url}; its log: {started.log}")
        return 0
    if action is Action.STOP:
        stopped = [name for name in RUNNERS if stop(folder, name)]
        print(f"Stopped: {', '.join(stopped)}." if stopped else "There was no server to stop.")
        return 0
    found = [each for each in (find(folder, name) for name in RUNNERS) if each is not None]
    for running in found:
        state = "ready" if running.ready else "not ready yet"
        print(f"{running.model} ({running.runner}): {state}, {running.url}, process {running.pid}, log {running.log}")
    if not found:
        print("No server of the teacher was started here.")
    return 0 if found else FAILED


def _train(config: Path | None, db: str | None) -> int:
    if config is None:
        raise BadUsage("`mynah teacher train` needs a recipe: --config RECIPE.toml")
    from kd_training.recipe import run_recipe
    from kd_training.teaching import teacher_of

    settings = settings_for(db)
    url, teacher = settings.database_url.get_secret_value(), teacher_of(settings)
    made = run_recipe(config, url, settings.glossary, settings.today, teacher, only_teacher=True)
    print(f"The stand-in teacher is at {made}.")
    return 0
