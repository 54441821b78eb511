"""`mynah pairs`: what people nominated and what became of it; a person's opinions taken out; the regression set."""

from __future__ import annotations

import json as json_format
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.commands.opening import check_writable
from adapters.faults import FAILED, BadUsage, warn

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.store import Store


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    REMOVE = "remove"
    REGRESSION = "regression"


class Status(StrEnum):
    """Where a pair stands."""

    NOMINATED = "nominated"
    ADMITTED = "admitted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


def command(
    action: Annotated[Action, typer.Argument(help="What to do.")],
    user: Annotated[
        str | None, typer.Option(metavar="U", help="list, remove: a user's id, or door:id.")
    ] = None,
    status: Annotated[Status | None, typer.Option(help="list: only those that stand so.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="F.jsonl", help="regression: where to write.")] = None,
    json: Annotated[bool, typer.Option("--json", help="list: print plain data.")] = False,
) -> int:
    """List nominated pairs, take a person's opinions out, or write the approved pairs as a regression set."""
    if action is Action.REMOVE and not (user and user.strip()):
        raise BadUsage("`mynah pairs remove` needs a user: --user U, or --user slack:U")
    if action is Action.REGRESSION and out is None:
        raise BadUsage("`mynah pairs regression` needs a file: --out F.jsonl")
    check_writable(out)
    from bot.config import load_settings
    from bot.store import Store

    settings = load_settings()
    with Store.open(settings.store_url) as store:
        if action is Action.REMOVE:
            return _remove(store, user or "")
        if out is not None:
            return _regression(store, settings, out)
        return _list(store, user, status, json)


def _remove(store: Store, user: str) -> int:
    from adapters.commands.review import user_name
    from bot.removal import remove_user

    done = remove_user(store, user, by=f"terminal:{user_name()}")
    print(
        f"{done.user} counts no more: {done.withdrawn} of their pairs withdrawn, {done.undone} that leaned on their "
        "word will be decided anew. The next student is trained without them."
    )
    return 0


def _regression(store: Store, settings: Settings, out: Path) -> int:
    from bot.regression import regression_lines

    lines, left_out = regression_lines(store, settings.today)
    if left_out:
        warn(f"{left_out} approved questions ask for times that move on, such as “last month”: they are left out")
    if not lines:
        warn("no approved pair can be measured with, so nothing was written")
        return FAILED
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(lines)} questions written to {out}.")
    return 0


def _list(store: Store, user: str | None, status: Status | None, json: bool) -> int:
    from bot.pair_list import pair_list

    lines = pair_list(store, user, status.value if status else None)
    if json:
        print(json_format.dumps([line.data() for line in lines], ensure_ascii=False, indent=1))
        return 0
    for line in lines:
        print(line.text())
    if not lines:
        print("There are no such pairs.")
    return 0
