"""`mynah review`: pairs that wait for a person, one after the other with one key each, or by their ids for scripts."""

from __future__ import annotations

import getpass
import json as json_format
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.commands.opening import settings_for
from adapters.faults import FAILED, BadUsage, warn

if TYPE_CHECKING:
    from bot.access import Asker
    from bot.glossary import Glossary
    from bot.review import Decision, Rejected, Review, Waiting
    from bot.schema import Schema

_MOST = 2**31 - 1  # what every database takes for a whole number
_KEYS = "[a]pprove  [e]dit  [r]eject  [s]kip  [q]uit"


def command(
    list_: Annotated[bool, typer.Option("--list", help="Print what waits, and decide nothing.")] = False,
    approve: Annotated[int | None, typer.Option(metavar="ID", min=1, max=_MOST, help="Let this pair train.")] = None,
    reject: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=_MOST, help="Keep this pair from training, for good.")
    ] = None,
    edit: Annotated[
        int | None, typer.Option(metavar="ID", min=1, max=_MOST, help="Put other SQL in its place: --sql.")
    ] = None,
    sql: Annotated[str | None, typer.Option(metavar="SQL", help="edit: the SQL that is right.")] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="reject: the reason.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many to list.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print plain data.")] = False,
    db: Annotated[str | None, typer.Option(metavar="URL", help="The database that was asked.")] = None,
) -> int:
    """Decide over what people say of answers: approve it, write other SQL, or reject it."""
    if sum((list_, approve is not None, reject is not None, edit is not None)) > 1:
        raise BadUsage("one of --list, --approve, --reject and --edit at a time")
    if (edit is None) != (sql is None):
        raise BadUsage("--edit ID goes with --sql SQL")
    with _opened(db) as desk:
        if list_:
            return desk.print_queue(limit, json)
        if approve is not None:
            return desk.decided(desk.review.approve(approve, desk.who), json)
        if reject is not None:
            return desk.decided(desk.review.reject(reject, desk.who, why), json)
        if edit is not None:
            return desk.decided(desk.review.edit(edit, desk.who, sql or ""), json)
        if json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            return desk.print_queue(limit, json)
        return _Session(desk).run()


@contextmanager
def _opened(db: str | None) -> Iterator[_Desk]:
    from bot.access import Access, Asker
    from bot.glossary import load_glossary
    from bot.opening import open_database
    from bot.review import Review
    from bot.store import Store

    settings = settings_for(db)
    database = open_database(settings)
    try:
        schema = database.schema()
        access = Access.load(settings.access)
        access.validate(schema)
        own = settings.student_dir / "glossary.toml"
        glossary = load_glossary(settings.glossary or (own if own.is_file() else None))
        with Store.open(settings.store_url) as store:
            review = Review.of(store, database, schema, settings, access)
            yield _Desk(review, Asker(user=user_name(), door="terminal"), schema, glossary)
    finally:
        database.close()


def user_name() -> str:
    """Who sits at this terminal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


@dataclass(frozen=True)
class _Desk:
    """The queue, who looks at it, and what tables need to be read."""

    review: Review
    who: Asker
    schema: Schema
    glossary: Glossary

    def print_queue(self, limit: int, json: bool) -> int:
        from adapters.commands.review_text import entry_data

        entries = self.queue(limit)
        if entries is None:
            return FAILED
        if json:
            data = [entry_data(each, self.review.run(each.sql, self.who)) for each in entries]
            print(json_format.dumps(data, ensure_ascii=False, indent=1))
        elif not entries:
            print("Nothing waits for review.")
        else:
            print("\n\n".join(map(self.shown, entries)))
        return 0

    def queue(self, limit: int) -> list[Waiting] | None:
        """What waits; None where that could not be read, which was said."""
        entries = self.review.queue(self.who, limit)
        if isinstance(entries, list):
            return entries
        self.complain(entries)
        return None

    def shown(self, entry: Waiting) -> str:
        from adapters.commands.review_text import entry_text

        width = shutil.get_terminal_size((100, 24)).columns
        return entry_text(entry, self.review.run(entry.sql, self.who), self.schema, self.glossary, width)

    def decided(self, decision: Decision | Rejected, json: bool = False) -> int:
        """Say what came of it; the exit code."""
        from adapters.commands.review_text import decision_data
        from bot.review import Decision

        if not isinstance(decision, Decision):
            self.complain(decision)
            return FAILED
        if json:
            print(json_format.dumps(decision_data(decision), ensure_ascii=False))
        else:
            print(f"#{decision.id} {decision.status}: {decision.reason}.")
        return 0

    def complain(self, rejected: Rejected) -> None:
        """Say on stderr why nothing was done."""
        warn(rejected.message)


class _Session:
    """One person going through the queue, one key an entry."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    def run(self) -> int:
        """Until the queue is through or the person leaves."""
        entries = self._desk.queue(10_000)
        if entries is None:
            return FAILED
        for number, entry in enumerate(entries, start=1):
            print(f"\n{'─' * 60}\n{number} of {len(entries)}\n\n{self._desk.shown(entry)}\n")
            if not self._decide(entry):
                return 0
        print("\nNothing else waits for review.")
        return 0

    def _decide(self, entry: Waiting) -> bool:
        """Ask until this entry is decided or skipped; False when the person leaves."""
        review, who, desk = self._desk.review, self._desk.who, self._desk
        actions: dict[str, Callable[[], int]] = {
            "a": lambda: desk.decided(review.approve(entry.id, who)),
            "e": lambda: desk.decided(review.edit(entry.id, who, _typed("SQL: ", entry.sql))),
            "r": lambda: desk.decided(review.reject(entry.id, who, _typed("Why (may be empty): ", ""))),
        }
        while True:
            print(_KEYS, flush=True)
            key = typer.getchar().lower()
            if key in ("q", "\x04"):
                return False
            try:
                if key == "s" or (key in actions and actions[key]() == 0):
                    return True
            except EOFError:  # Ctrl + D where something is to be typed: they thought better of it
                print()


def _typed(prompt: str, text: str) -> str:
    """A line that the person types, beginning with `text` where the terminal can do that."""
    try:
        import readline
    except ImportError:
        return input(prompt)
    readline.set_startup_hook(lambda: readline.insert_text(text))
    try:
        return input(prompt)
    finally:
        readline.set_startup_hook()
