"""SQLite connections that hold on their own: read-only, authorised by table, bounded opcode by opcode."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bot.database import DatabaseError
from bot.databases.sqlite_functions import bound_trims
from bot.rules import RULES

BUSY_SECONDS = 2.0
HEAP_BYTES = 256_000_000  # of all SQLite in this process together: the engine keeps no smaller account

# No progress handler runs inside one opcode, so the length of a value bounds what one function call can cost:
# a search of one such text in another takes some 0.4 s.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 32,
    sqlite3.SQLITE_LIMIT_LENGTH: 250_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 200,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_PRAGMAS = (
    "query_only=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "temp_store=MEMORY",  # never a file; HEAP_BYTES bounds it
    "mmap_size=0",
    "cache_size=-8000",
    f"hard_heap_limit={HEAP_BYTES}",
)
_TRIMS = "SELECT 1 FROM sqlite_master WHERE sql LIKE '%trim%(%' LIMIT 1"
_MODULES = "PRAGMA module_list"
_TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_'"

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]


@dataclass
class Powers:
    """What a connection may do for the query that runs now: recursion only for one that is known to end."""

    recursive: bool = False


class Guarded(sqlite3.Connection):
    """A connection with its powers."""

    powers: Powers


def open_plain(path: Path) -> Guarded:
    """A read-only connection without an authoriser, for reflection. Raises DatabaseError."""
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=Guarded,
        )
        connection.powers = Powers()
    except sqlite3.Error as error:
        raise translate(error, path) from error
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    return connection


def open_guarded(path: Path) -> Guarded:
    """A read-only connection on which nothing but bounded reading works. Raises DatabaseError."""
    connection = open_plain(path)
    try:
        tables = frozenset(row[0].lower() for row in connection.execute(_TABLES))
        modules = frozenset(row[0].lower() for row in connection.execute(_MODULES))
        trims_inside = connection.execute(_TRIMS).fetchone() is not None
    except sqlite3.Error as error:
        connection.close()
        raise translate(error, path) from error
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    if not trims_inside:  # with trusted_schema off, a view may not call functions that a program put in place
        bound_trims(connection)
    connection.set_authorizer(_authorizer(tables, modules - tables, connection.powers))
    return connection


def schema_version(connection: sqlite3.Connection) -> int:
    """A number that SQLite changes with every change of the tables."""
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])


def _authorizer(tables: frozenset[str], modules: frozenset[str], powers: Powers) -> Authorizer:
    functions = RULES["sqlite"].engine

    def allowed(action: int, first: str | None, second: str | None) -> bool:
        if action == sqlite3.SQLITE_SELECT:
            return True
        if action == sqlite3.SQLITE_RECURSIVE:
            return powers.recursive
        if action == sqlite3.SQLITE_READ:
            table = (first or "").lower()
            # An empty column means that rows are only counted. Then the engine also asks for names of CTEs.
            counted = second == "" and not table.startswith(("sqlite_", "pragma_")) and table not in modules
            return table in tables or counted
        if action == sqlite3.SQLITE_FUNCTION:
            return (second or "").lower() in functions
        return action == sqlite3.SQLITE_PRAGMA and first == "schema_version" and second is None

    def answer(action: int, first: str | None, second: str | None, _: str | None, __: str | None) -> int:
        return sqlite3.SQLITE_OK if allowed(action, first, second) else sqlite3.SQLITE_DENY

    return answer


def translate(error: BaseException, path: Path) -> DatabaseError:
    """The driver's error as one that people understand."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    detail = str(error)
    if isinstance(error, MemoryError) or code in (sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_NOMEM):
        return DatabaseError("too_big", "This needs more memory than it may use. Please narrow it.", detail)
    if code == sqlite3.SQLITE_INTERRUPT:
        return DatabaseError("timeout", "This took too long and was stopped. Please narrow it.", detail)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseError("locked", "Another program has locked the database. Please try again.", detail)
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return DatabaseError("unreadable", f"The file {path} is not a SQLite database, or it is damaged.", detail)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return DatabaseError("unreadable", f"The database file {path} cannot be read.", detail)
    return DatabaseError("failed", "The database could not run this query.", detail)
