"""Mynah's memory: answers and what people said of them, in any database that SQLAlchemy reaches.

`Store.open` brings the tables up to date; alembic is imported only when they are not, because every start
pays for what is imported here. Each piece of work is one short transaction: kept whole, or not at all.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from bot.records import REVISION, VERSION_TABLE, AnswerRow
from bot.store_engine import for_writing, identity, make_engine, make_folder, parse_url
from bot.store_errors import StoreError, StoreFailure, sqlite_file, store_error, translate

if TYPE_CHECKING:
    from bot.answer import Answer

__all__ = ["Store", "StoreError", "StoreFailure"]

T = TypeVar("T")
_CLASHES = 5  # how often work is done again because another process wrote the same row at the same moment
_MIGRATING = threading.Lock()  # alembic keeps what it works on in a global
_ALONE = text("SELECT pg_advisory_xact_lock(775966424)")  # among all replicas; the number is only ours
_VERSION = text(f"SELECT version_num FROM {VERSION_TABLE}")


class Store:
    """One open memory. Thread-safe. What a database does wrong comes out of every method as StoreError."""

    def __init__(self, url: str, patience: float = 5.0) -> None:
        """Open the memory at a SQLAlchemy URL, made or brought up to date if need be. Raises StoreError.

        `patience` is for how many seconds a locked database is tried again.
        """
        self._url = parse_url(url)
        self._path = sqlite_file(self._url)
        self._patience = patience
        self._engine = make_engine(self._url, patience)
        self._writing = for_writing(self._engine)
        self._opening = threading.Lock()
        # SQLite lets one write at a time and has the others look again and again: this process's own wait in line.
        self._line = threading.Lock()
        self._file: tuple[int, int] | None = None
        try:
            self._prepare()
        except StoreError:
            self.close()
            raise

    @classmethod
    def open(cls, url: str, patience: float = 5.0) -> Self:
        """The same as `Store(url, patience)`, by its clearer name."""
        return cls(url, patience)

    def save(
        self, answer: Answer, *, door: str, user_id: str = "", channel_id: str | None = None,
        thread_id: str | None = None, database: str = "",
    ) -> None:
        """Keep an answer; its result's rows are not kept. An answer already kept stays as it is.

        `database` is the name of the one that was asked, "" for the main one.
        """
        asked_at = datetime.now(UTC)
        result = answer.result

        def work(session: Session) -> None:
            if session.get(AnswerRow, answer.id) is None:
                session.add(
                    AnswerRow(
                        id=answer.id, asked_at=asked_at, door=door, user_id=user_id, channel_id=channel_id,
                        thread_id=thread_id, question=answer.question, status=answer.status, sql=answer.sql,
                        short=answer.short, confidence=answer.confidence, candidate=answer.candidate,
                        student_version=answer.student_version, message=answer.message, code=answer.code,
                        row_count=None if result is None else len(result.rows),
                        truncated=result is not None and result.truncated, timings=dict(answer.timings_ms),
                        database=database,
                    )
                )

        self.write(work)

    def answer(self, answer_id: str) -> AnswerRow | None:
        """The answer of that id, or None. The row is a copy: changing it changes nothing."""
        return self.read(lambda session: session.get(AnswerRow, answer_id))

    def read(self, work: Callable[[Session], T]) -> T:
        """What `work` reads, in one transaction. Rows it returns can be used after it."""
        return self._transact(self._engine, work)

    def write(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one transaction. It may be run more than once, so it must change nothing else."""
        return self._transact(self._writing, work)

    def close(self) -> None:
        """Release the connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _transact(self, engine: Engine, work: Callable[[Session], T]) -> T:
        self._follow_file()

        def attempt() -> T:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                return work(session)

        def in_line() -> T:
            if not self._line.acquire(timeout=self._patience):
                raise store_error("locked", self._url)
            try:
                return attempt()
            finally:
                self._line.release()

        return self._patiently(in_line if self._path and engine is self._writing else attempt)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try until it works, fails for good, or patience ends. A failed attempt was rolled back."""
        deadline = time.monotonic() + self._patience
        clashes, pause = 0, 0.005
        while True:
            try:
                return attempt()
            except (SQLAlchemyError, sqlite3.Error) as error:
                failure = translate(error, self._url)
                clashes += isinstance(error, IntegrityError)
                again = failure.kind == "locked" or (isinstance(error, IntegrityError) and clashes < _CLASHES)
                if not again or time.monotonic() > deadline:
                    # A server's driver may quote the login; SQLite has none.
                    raise failure from (error if self._path else None)
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 0.1)

    def _follow_file(self) -> None:
        """Open again what now lies at the path: writes to a deleted or replaced file would be lost."""
        if self._path is None or identity(self._path) == self._file:
            return
        with self._opening:
            if identity(self._path) != self._file:
                self._engine.dispose()
                self._prepare()

    def _prepare(self) -> None:
        """Make folder, file and tables, or check that they are there and of this version."""
        make_folder(self._url)
        before = identity(self._path)
        version = self._patiently(self._version)
        if self._path and before is None:
            with suppress(OSError):
                # Only now: to open and close the file ourselves would drop the locks that SQLite holds on it.
                self._path.chmod(0o600)
        if version != REVISION:
            self._refuse_unknown(version)
            self._patiently(self._migrate)
        self._file = identity(self._path)

    def _version(self) -> str | None:
        """The revision of the tables; None where there are none."""
        with self._engine.connect() as connection:
            try:
                found = connection.execute(_VERSION).scalar()
            except DBAPIError as error:
                if not _no_such_table(error):
                    raise
                return None
            return None if found is None else str(found)

    def _refuse_unknown(self, version: str | None) -> None:
        if version is None:
            return
        if not version.isdecimal():
            raise store_error("foreign", self._url)
        if int(version) > int(REVISION):
            raise store_error("newer", self._url, f"revision {version}, this code knows {REVISION}")

    def _migrate(self) -> None:
        from alembic.util import CommandError

        from bot.migrations import upgrade

        with self._engine.connect() as connection:
            self._refuse_foreign(connection)  # before anything is changed, be it only the journal's mode
            if self._path:
                connection.rollback()
                _write_ahead(connection)
        with _MIGRATING, self._writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(_ALONE)
            self._refuse_foreign(connection)
            try:
                upgrade(connection)
            except CommandError as error:
                raise store_error("foreign", self._url, str(error)) from None

    def _refuse_foreign(self, connection: Connection) -> None:
        tables = inspect(connection).get_table_names()
        if tables and VERSION_TABLE not in tables:
            raise store_error("foreign", self._url, f"tables: {', '.join(sorted(tables)[:10])}")


def _write_ahead(connection: Connection) -> None:
    """Let readers and the writer not wait for each other. SQLite remembers it in the file."""
    driver = connection.connection.dbapi_connection
    if driver is not None:
        driver.cursor().execute("PRAGMA journal_mode=WAL").fetchall()


def _no_such_table(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    number = error.orig.args[0] if error.orig and error.orig.args else None
    return state == "42P01" or number == 1146 or "no such table" in str(error.orig)
