"""SQLite as a `Database`: a few guarded connections to one file, lent to one query at a time.

The engine holds without the guard: an authoriser, `setlimit`, a progress handler for the time and a heap
limit for the memory (bot/databases/sqlite_connection.py) stay on whatever SQL comes.
"""

from __future__ import annotations

import sqlite3
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any

from bot.database import DatabaseError, Limits, Parameters, Result
from bot.databases.cells import Rows, collect
from bot.databases.placeholders import hold_to
from bot.databases.sqlite_connection import Guarded, open_guarded, open_plain, schema_version, translate
from bot.guard import SafeSQL
from bot.schema import Dialect, Schema
from bot.wait import current, stopped_by

_CONNECTIONS = 4
_STEPS = 200  # virtual-machine steps between two looks at the clock; costs a scan about 4 %
_TEXTS = Limits(seconds=30.0, bytes=50_000_000, cell=1_000_000)
_DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, ValueError)


@dataclass(frozen=True, slots=True)
class _State:
    """What connections and the cached schema belong to: another file, or a close, makes another state."""

    device: int
    inode: int
    generation: int


class SQLite:
    """One SQLite file, opened read-only. Thread-safe: each query borrows one of four connections."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str) -> None:
        """Open the file at `path`. Raises DatabaseError when there is none, or it is no SQLite database."""
        self.url = f"sqlite:///{path}"
        self._path = Path(path)
        self._idle: LifoQueue[tuple[_State, Guarded]] = LifoQueue()
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        self._generation = 0
        self._reflected: tuple[_State, int, Schema] | None = None
        self._reflecting = threading.Lock()
        with self._borrow(Limits().seconds):
            pass  # a bad file is reported at the start, not at the first question

    def schema(self) -> Schema:
        """The tables; reflected again only after the file or its tables changed. Raises DatabaseError."""
        with self._reflecting:
            try:
                with self._borrow(Limits().seconds) as connection:
                    state, version = self._state(), schema_version(connection)
                if self._reflected is not None:
                    if self._reflected[:2] == (state, version):
                        return self._reflected[2]
                    self._renew()  # connections know the tables of the time when they were opened
                    state = self._state()
                schema = self._reflect()
            except _DRIVER_ERRORS as error:
                raise translate(error, self._path) from error
            self._reflected = (state, version, schema)
            return schema

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str] | None:
        """Distinct non-empty texts of a column, sorted; None when there are more than `limit`."""
        if self.schema().column(f"{table}.{column}") is None:
            raise DatabaseError("failed", f"There is no column “{column}” in “{table}”.")
        name, owner = _quoted(column), _quoted(table)
        sql = (
            f"SELECT DISTINCT {name} FROM {owner} "
            f"WHERE typeof({name}) = 'text' AND trim({name}) <> '' LIMIT :most"
        )
        bounds = Limits(rows=limit, seconds=_TEXTS.seconds, bytes=_TEXTS.bytes, cell=_TEXTS.cell)
        result = self._run(sql, {"most": limit + 1}, bounds)
        return None if result.truncated else sorted(str(row[0]) for row in result.rows)

    def execute(self, query: SafeSQL, parameters: Parameters, limits: Limits | None = None) -> Result:
        """Run checked SQL, read-only, within limits. Raises DatabaseError; TypeError for unchecked SQL."""
        hold_to(query, self.dialect, parameters)
        return self._run(query.sql, parameters, limits or Limits(), query.is_recursive())

    def close(self) -> None:
        """Close the idle connections; one that is lent closes when its query is done."""
        self._renew()

    def _run(self, sql: str, parameters: Mapping[str, Any], limits: Limits, recursive: bool = False) -> Result:
        """Run any one statement under everything but the guard."""
        started = time.perf_counter()
        try:
            with self._borrow(limits.seconds) as connection:
                deadline = time.monotonic() + limits.seconds
                wait = current()
                connection.set_progress_handler(
                    lambda: time.monotonic() > deadline or (wait is not None and wait.over), _STEPS
                )
                connection.powers.recursive = recursive
                try:
                    with stopped_by(connection.interrupt):
                        columns, rows, truncated = _fetch_decoding(connection, sql, parameters, limits)
                finally:
                    connection.set_progress_handler(None, 0)
                    connection.powers.recursive = False
        except _DRIVER_ERRORS as error:
            raise translate(error, self._path) from error
        return Result(columns, rows, truncated, (time.perf_counter() - started) * 1000)

    def _reflect(self) -> Schema:
        from sqlalchemy import create_engine  # imported here: a bot with a cached schema starts without it
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import StaticPool

        from bot.reflect import reflect

        connection = open_plain(self._path)
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        try:
            return reflect(engine)
        except SQLAlchemyError as error:
            raise translate(getattr(error, "orig", None) or error, self._path) from error
        finally:
            engine.dispose()
            connection.close()

    def _state(self) -> _State:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            raise DatabaseError("missing", f"There is no database file at {self._path}.") from None
        except (OSError, ValueError) as error:
            message = f"The database file {self._path} cannot be read."
            raise DatabaseError("unreadable", message, str(error)) from error
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for its writer
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "no ordinary file"
            raise DatabaseError("unreadable", f"The path {self._path} is {what}, so it cannot be a database.")
        return _State(found.st_dev, found.st_ino, self._generation)

    def _renew(self) -> None:
        """Let no connection opened so far be lent again."""
        self._generation += 1
        while True:
            try:
                self._idle.get_nowait()[1].close()
            except Empty:
                return

    @contextmanager
    def _borrow(self, patience: float) -> Iterator[Guarded]:
        state = self._state()
        if not self._free.acquire(timeout=patience):
            raise DatabaseError("timeout", "The database is busy with other questions. Please try again.")
        try:
            connection = self._take(state)
            try:
                yield connection
            finally:
                if state.generation == self._generation:
                    self._idle.put((state, connection))
                else:
                    connection.close()
        finally:
            self._free.release()

    def _take(self, state: _State) -> Guarded:
        """An idle connection to the file that is there now, else a new one."""
        while True:
            try:
                made_for, connection = self._idle.get_nowait()
            except Empty:
                return open_guarded(self._path)
            if made_for == state:
                return connection
            connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


Fetched = tuple[tuple[str, ...], Rows, bool]


def _fetch_decoding(
    connection: sqlite3.Connection, sql: str, parameters: Mapping[str, Any], limits: Limits
) -> Fetched:
    """Fetch; if some text is not UTF-8, fetch again with its odd bytes replaced (slower, so only then)."""
    try:
        return _fetch(connection, sql, parameters, limits)
    except sqlite3.OperationalError as error:
        if "Could not decode" not in str(error):
            raise
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        return _fetch(connection, sql, parameters, limits)
    finally:
        connection.text_factory = str


def _fetch(
    connection: sqlite3.Connection, sql: str, parameters: Mapping[str, Any], limits: Limits
) -> Fetched:
    cursor = connection.execute(sql, parameters)
    try:
        rows, truncated = collect(cursor, limits)
        return tuple(d[0] for d in cursor.description or ()), rows, truncated
    finally:
        cursor.close()
