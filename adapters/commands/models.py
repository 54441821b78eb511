"""`mynah models`: the versions of the student: listed, shown, promoted, rolled back, compared."""

from __future__ import annotations

import getpass
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.faults import BadUsage

if TYPE_CHECKING:
    from bot.config import Settings
    from kd_training.registry import Registry, Version


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    SHOW = "show"
    ADD = "add"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    DIFF = "diff"


def command(
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.LIST,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[VERSION]...", help="Which versions; for add, a student's directory.")
    ] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="promote, rollback: the reason, kept with it.")] = "by hand",
) -> int:
    """The versions of the student at models_url: which there are, which serves, and who decided that."""
    from bot.config import load_settings
    from kd_training.registry import Registry

    settings = load_settings()
    if settings.models_url is None:
        raise BadUsage("models_url is not set, so there are no versions: say in mynah.toml where they lie")
    registry = Registry(settings.models_url)
    given = names or []
    if action is Action.LIST:
        _list(registry)
    elif action is Action.SHOW:
        _show(registry, _exactly(given, 1, "show VERSION")[0])
    elif action is Action.DIFF:
        _diff(registry, *_exactly(given, 2, "diff VERSION VERSION"))
    elif action is Action.ADD:
        print(f"Added {registry.add(Path(_exactly(given, 1, 'add DIR')[0]))}; promote it to let it serve.")
    elif action is Action.PROMOTE:
        made = registry.promote(_exactly(given, 1, "promote VERSION")[0], _who(), why)
        _prune(registry, settings)
        print(f"{made.version} serves now, by decision {made.number}. {_soon(settings)}")
    else:
        _exactly(given, 0, "rollback")
        made = registry.rollback(_who(), why)
        print(f"Rolled back: {made.version} serves now, by decision {made.number}. {_soon(settings)}")
    return 0


def _exactly(names: list[str], count: int, usage: str) -> list[str]:
    if len(names) != count:
        raise BadUsage(f"say `mynah models {usage}`")
    return names


def _list(registry: Registry) -> None:
    from tabulate import tabulate

    now, decisions = registry.current(), registry.history()
    rows = []
    for version in registry.versions():
        mine = [d for d in decisions if d.version == version.name]
        mark = "serves" if now is not None and now.version == version.name else ""
        decided = (mine[-1].at, mine[-1].who, mine[-1].why) if mine else ("never", "", "")
        rows.append((version.name, mark, *decided))
    if not rows:
        print("There are no versions yet: `mynah nightly` makes them, `mynah models add DIR` takes one in.")
        return
    print(tabulate(rows, headers=("version", "", "decided", "by", "why"), disable_numparse=True))


def _show(registry: Registry, name: str) -> None:
    print(json.dumps(dict(_known(registry, name).told), indent=1, ensure_ascii=False))


def _diff(registry: Registry, one: str, other: str) -> None:
    from kd_training.registry import difference

    lines = difference(_known(registry, one), _known(registry, other))
    print("\n".join(lines) if lines else "Their manifests say the same.")


def _known(registry: Registry, name: str) -> Version:
    version = registry.version(name)
    if version is None:
        raise BadUsage(f"there is no whole version {name}: `mynah models list` shows those there are")
    return version


def _prune(registry: Registry, settings: Settings) -> None:
    for name in registry.prune(settings.models_keep):
        print(f"{name} is old and was taken away (models_keep is {settings.models_keep}).")


def _soon(settings: Settings) -> str:
    return f"Running bots see it within {settings.models_poll:g} seconds."


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
