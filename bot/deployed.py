"""The student that serves: follows the pointer to the promoted version, and swaps it in without a restart.

A new student is fetched, verified and asked one question while the old one goes on answering; only then is it put in
its place, in one step. Whoever answers a question at that moment holds the old bot until the answer is there. A student
that fails is never served: what served before goes on, and `trouble` says why.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.answer import Bot
from bot.config import Settings
from bot.database import Database, DatabaseError
from bot.glossary import GlossaryError
from bot.manifest import StudentError
from bot.nouns import rows_of
from bot.opening import open_bot
from bot.shelf import Shelf, ShelfError, open_shelf
from bot.shelf_local import LocalShelf
from bot.versions import Pointer, fetch, parse_pointer, read_decision, read_pointer

log = logging.getLogger("mynah.deployed")
_SERVED = "served.json"  # the pointer that was followed last, for a start while the shelf cannot be reached
_SHORT = 400  # characters of a reason


class Deployed:
    """One process's bot. `bot` may be replaced at any moment: take it once for each question."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.bot: Bot | None = None
        self.trouble = ""  # why what was promoted does not serve; empty when it does
        self._settings, self._database = settings, database
        self._cache = settings.state_dir / "models"
        self._shelf: Shelf | None = None
        self._followed: Pointer | None = None
        self._refused: Pointer | None = None
        self._directory = settings.student_dir
        self._looking = threading.Lock()
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None

    def open(self) -> Bot:
        """The bot with the promoted student; where that fails its check, with the one before, or with student_dir.

        Raises what `open_bot` raises when none of them can serve.
        """
        with self._looking:
            for pointer in self._candidates():
                try:
                    self._try(pointer)
                    break
                except (StudentError, GlossaryError, ShelfError) as error:
                    self._refuse(pointer, error)
            if self.bot is None:
                self.bot = open_bot(self._settings, self._database)
            return self.bot

    def watch(self) -> None:
        """Look again and again, in a thread, until `close`."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="deployed", daemon=True)
            self._watcher.start()

    def close(self) -> None:
        """End the watching."""
        self._ended.set()
        if self._watcher is not None:
            self._watcher.join(timeout=5)

    def look(self) -> bool:
        """Look once whether another version was promoted or the tables changed; whether another bot serves now."""
        with self._looking:
            try:
                return self._follow() or self._reread()
            except (ShelfError, DatabaseError, OSError) as error:  # as it may be gone the next time
                self._note(f"The promoted student cannot be looked for: {_told(error)}")
                return False

    def facts(self) -> Mapping[str, Any]:
        """What serves and what should, for `/healthz`."""
        wanted = self._refused or self._followed
        return {
            "promoted": wanted.version if wanted else "",
            "serving": self.bot.student.version if self.bot else "",
            "number": self._followed.number if self._followed else 0,
            "trouble": self.trouble,
            "drift": self.bot.drift.sentence() if self.bot and self.bot.drift else "",
        }

    def _watch(self) -> None:
        while not self._ended.wait(self._settings.models_poll):
            self.look()

    def _follow(self) -> bool:
        """Swap in what the pointer names, if that is another than serves or was refused."""
        if self._settings.models_url is None:
            return False
        pointer = read_pointer(self._opened())
        if pointer is None or pointer == self._refused:
            return False
        if pointer == self._followed:
            if self._refused is None:
                self.trouble = ""
            return False
        try:
            self._try(pointer)
        except (StudentError, GlossaryError) as error:
            self._refuse(pointer, error)
            return False
        log.info("the student %s serves now: %s", pointer.version, pointer.why)
        return True

    def _reread(self) -> bool:
        """Take the changed tables into account, if they changed since the bot was opened."""
        if self.bot is None or self._database.schema().fingerprint == self.bot.schema.fingerprint:
            return False
        try:
            self.bot = self._opened_bot(self._directory)
        except (StudentError, GlossaryError) as error:
            self._note(f"The tables have changed, and the student does not know them: {_told(error)}")
            return False
        return True

    def _try(self, pointer: Pointer) -> None:
        """Take the pointer's student, if it passes. A student may be wrong in ways that no library has a word for."""
        try:
            self._take(pointer)
        except (StudentError, GlossaryError, ShelfError, DatabaseError, OSError):
            raise
        except Exception as error:
            log.exception("the student %s cannot be tried", pointer.version)
            raise StudentError("it cannot be loaded; the log of the server says more") from error

    def _take(self, pointer: Pointer) -> None:
        directory = fetch(self._opened(), pointer, self._cache)
        bot = self._opened_bot(directory)
        check(bot)
        self.bot, self._directory, self._followed = bot, directory, pointer
        if self._refused is None or self._refused.number < pointer.number:
            self._refused, self.trouble = None, ""
        self._keep(pointer)

    def _opened_bot(self, directory: Path) -> Bot:
        return open_bot(self._settings.model_copy(update={"student_dir": directory}), self._database)

    def _refuse(self, pointer: Pointer, error: Exception) -> None:
        if self._refused is None or pointer.number > self._refused.number:
            self._refused = pointer
            self._note(f"The student {pointer.version} was promoted but does not serve: {_told(error)}")

    def _note(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("%s", trouble)
        self.trouble = trouble

    def _candidates(self) -> Iterator[Pointer]:
        """Whom to try at the start: the promoted version, then those before it."""
        if self._settings.models_url is None:
            return
        try:
            pointer = read_pointer(self._opened())
        except ShelfError as error:
            self._note(f"The promoted student cannot be looked for: {_told(error)}")
            pointer = self._served()
        if pointer is not None:
            yield pointer
            if (before := read_decision(self._opened(), pointer.number - 1)) is not None:
                yield before

    def _opened(self) -> Shelf:
        if self._shelf is None:
            assert self._settings.models_url is not None
            self._shelf = open_shelf(self._settings.models_url)
        return self._shelf

    def _keep(self, pointer: Pointer) -> None:
        """Remember whom we served, for the next start. Not worth an error."""
        try:
            LocalShelf(self._cache).write(_SERVED, pointer.to_json())
        except ShelfError as error:
            log.warning("which student served cannot be remembered: %s", error)

    def _served(self) -> Pointer | None:
        try:
            content = LocalShelf(self._cache).read(_SERVED)
            return None if content is None else parse_pointer(content, _SERVED)
        except ShelfError:
            return None


def promoted(settings: Settings) -> Settings:
    """The settings with the promoted student in them, if there is one. Raises ShelfError or StudentError."""
    shelf = open_shelf(settings.models_url) if settings.models_url else None
    pointer = read_pointer(shelf) if shelf is not None else None
    if shelf is None or pointer is None:
        return settings
    return settings.model_copy(update={"student_dir": fetch(shelf, pointer, settings.state_dir / "models")})


def check(bot: Bot) -> None:
    """Ask a student one question before it serves. Raises StudentError, or DatabaseError where the database fails.

    The question is the one that its manifest brings along, whose short SQL is known, unless the database has got values
    since that the question names; else how many rows the largest table has.
    """
    known = bot.student.manifest.origin.get("canned")
    linked = bot.link(str(known["question"])) if isinstance(known, Mapping) else None
    if isinstance(known, Mapping) and linked is not None and bot.drift is None and not linked.slots:
        said = bot.student.predict(linked, 1)
        if not said or said[0].short != known["short"]:
            raise StudentError("it does not answer its canned question as it did where it was made")
        return
    largest = max(bot.schema.tables, key=lambda table: table.rows)
    answer = bot.ask(f"how many {rows_of(largest.name)} are there?")
    if answer.code in ("missing", "unreadable", "locked", "timeout", "unreachable"):
        raise DatabaseError("unreachable", answer.message)
    if answer.status == "failed":
        raise StudentError("it found nothing to say to a canned question")


def _told(error: Exception) -> str:
    return str(error)[:_SHORT]
