"""Running SQL for measurement: the whole result, read-only and bounded, or an error that says why not.

Gold SQL is trusted to be meant well, not to be safe or cheap, and it may use functions that the guard keeps
from users, so it does not pass the guard: the engine itself holds it (a read-only file, an authorizer that
lets nothing but reading through, limits on time and size). A result too large to read whole is an error
here, never a cut table: half a result cannot be compared.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from bot.database import Cell, Database, DatabaseError, Limits, Result
from bot.guard import Rejected, check

Run = Callable[[str], Result]
"""Runs one query and returns all its rows. Raises DatabaseError, and SQLRejected where it is guarded."""

MEASURING = Limits(rows=100_000, seconds=30.0, bytes=100_000_000, cell=1_000_000)
"""Wider than what a person is shown: both results must be complete to be compared."""

_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FORBIDDEN_FUNCTIONS = {"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"}
_BUSY_SECONDS = 2.0
_STEPS = 10_000  # virtual-machine steps between two looks at the clock
_HEAP_BYTES = 1_000_000_000  # of all SQLite connections in this process together


class SQLRejected(Exception):
    """The guard did not let the query through. `code` is for programs, `str(error)` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_only(url: str, limits: Limits = MEASURING) -> Run:
    """A way to run SQLite's SQL, unchecked, on the SQLite file at `url` (`sqlite:///path` or a path).

    Raises DatabaseError when there is no such file or the URL is of another engine; the returned function
    raises it when a query fails, writes, runs too long or returns too much.
    """
    path = sqlite_path(url)
    if not path.is_file():
        raise DatabaseError("missing", f"There is no database file at {path}.")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"

    def run(sql: str) -> Result:
        start = time.monotonic()
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as connection:
                _restrict(connection, start + limits.seconds, limits)
                cursor = connection.execute(sql)
                rows = _fetch(cursor, limits)
                columns = tuple(d[0] for d in cursor.description or ())
                if not columns:
                    raise DatabaseError("failed", "This is not a query.")
        except (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, ValueError) as error:
            raise _as_database_error(error) from error
        return Result(columns, rows, milliseconds=(time.monotonic() - start) * 1000)

    return run


def guarded(database: Database, limits: Limits = MEASURING) -> Run:
    """A way to run SQL as the bot would: past the guard, then on the database.

    The returned function raises SQLRejected or DatabaseError.
    """
    schema = database.schema()

    def run(sql: str) -> Result:
        query = check(sql, schema, database.dialect, read=database.dialect)
        if isinstance(query, Rejected):
            raise SQLRejected(query.code, query.message)
        result = database.execute(query, {}, limits)
        if result.truncated:
            raise DatabaseError("too_big", "The result is too large to compare.")
        return result

    return run


def in_other_words(database: Database, limits: Limits = MEASURING) -> Run:
    """A way to run SQLite's SQL, which gold is written in, on a database that speaks another.

    The returned function raises DatabaseError, also for SQL that has no words there.
    """
    schema = database.schema()

    def run(sql: str) -> Result:
        query = check(sql, schema, database.dialect)
        if isinstance(query, Rejected):
            raise DatabaseError("failed", query.message)
        result = database.execute(query, {}, limits)
        if result.truncated:
            raise DatabaseError("too_big", "The result is too large to compare.")
        return result

    return run


def remembered(run: Run, cells: int = 2_000_000) -> Run:
    """The same, with results and errors kept: for SQL that is run again and again.

    At most about so many cells are kept; beyond that all is forgotten, and kept anew.
    """
    results: dict[str, Result | DatabaseError | SQLRejected] = {}
    kept = 0

    def run_once(sql: str) -> Result:
        nonlocal kept
        if sql not in results:
            made = _outcome(run, sql)
            kept += len(made.rows) * len(made.columns) + 1 if isinstance(made, Result) else 1
            if kept > cells:
                results.clear()
                kept = 0
            results[sql] = made
        result = results[sql]
        if isinstance(result, DatabaseError | SQLRejected):
            raise result
        return result

    return run_once


def _outcome(run: Run, sql: str) -> Result | DatabaseError | SQLRejected:
    try:
        return run(sql)
    except (DatabaseError, SQLRejected) as error:
        return error


def sqlite_path(url: str) -> Path:
    """The file at `url`, or the path that it is. Raises DatabaseError for another engine's URL."""
    if "://" not in url:
        return Path(url)
    engine, _, path = url.partition(":///")
    if engine.split("+")[0] != "sqlite" or not path:
        raise DatabaseError("failed", "Gold SQL can be run on SQLite files only; the URL starts with sqlite:///.")
    return Path(path.split("?")[0])


def _restrict(connection: sqlite3.Connection, deadline: float, limits: Limits) -> None:
    def authorize(action: int, _: str | None, function: str | None, *_names: str | None) -> int:
        if action not in _READING:
            return sqlite3.SQLITE_DENY
        forbidden = action == sqlite3.SQLITE_FUNCTION and (function or "").lower() in _FORBIDDEN_FUNCTIONS
        return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK

    connection.text_factory = _decode
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute(f"PRAGMA hard_heap_limit={_HEAP_BYTES}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.cell)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.set_authorizer(authorize)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _fetch(cursor: sqlite3.Cursor, limits: Limits) -> tuple[tuple[Cell, ...], ...]:
    rows: list[tuple[Cell, ...]] = []
    size = 0
    for row in cursor:
        cells = tuple(f"blob, {len(cell)} bytes" if isinstance(cell, bytes) else cell for cell in row)
        size += sum(len(cell) if isinstance(cell, str) else 8 for cell in cells)
        rows.append(cells)
        if len(rows) > limits.rows or size > limits.bytes:
            raise DatabaseError("too_big", f"The result is over {limits.rows} rows or {limits.bytes} bytes.")
    return tuple(rows)


def _as_database_error(error: Exception) -> DatabaseError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        return DatabaseError("timeout", "The query ran too long.", str(error))
    if isinstance(error, MemoryError) or code in (sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_NOMEM):
        return DatabaseError("too_big", "The query needs more memory than it may use.", str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseError("locked", "The database is locked by another program.", str(error))
    return DatabaseError("failed", f"The database could not run this: {error}.", str(error))
