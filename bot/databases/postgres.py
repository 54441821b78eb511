"""PostgreSQL as a `Database`: a role that can only read, read-only transactions, a clock on the server.

The engine holds without the guard: the role is checked when the database is opened (postgres_role.py), each query
runs alone in a read-only transaction that is rolled back, with the server's own `statement_timeout`, over a protocol
that takes one statement; what a session remembers is discarded afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, cast

import psycopg
from psycopg import errors
from psycopg.adapt import Loader
from psycopg.types.string import TextLoader
from sqlalchemy import URL

from bot.database import DatabaseError, Limits
from bot.databases.cells import collect
from bot.databases.clock import ended_by, shut
from bot.databases.postgres_role import powers
from bot.databases.server import CONNECT_SECONDS, GRACE_SECONDS, Fetched, Server
from bot.schema import Dialect

_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "30000",
    "idle_in_transaction_session_timeout": "60000",
    "lock_timeout": "2000",
    "standard_conforming_strings": "on",  # the guard writes texts for this, whatever the server's default
    "backslash_quote": "off",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "timezone": "UTC",  # as SQLite's date('now') has it
    "extra_float_digits": "1",
    "jit": "off",
    "max_parallel_workers_per_gather": "2",
}
_CHUNK = 50 if psycopg.capabilities.has_stream_chunked() else 1  # rows held at once
# Texts as the server writes them: they read like SQLite's, and dates before Christ do not break them.
_AS_TEXT = (
    "date", "timestamp", "timestamptz", "time", "timetz", "interval", "uuid", "json", "jsonb", "inet", "cidr",
    "numrange", "daterange", "tsrange", "tstzrange", "int4range", "int8range", "xml", "money", "bit", "varbit",
)
_LOST = (
    errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow, errors.ConnectionException,
    errors.ConnectionFailure, errors.IdleInTransactionSessionTimeout,
)

_SHAPE = """
SELECT md5(string_agg(c.oid || ' ' || c.relname || ' ' || a.attname || ' ' || a.atttypid, ',' ORDER BY c.oid, a.attnum))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE pg_catalog.pg_table_is_visible(c.oid) AND c.relnamespace <> 'pg_catalog'::regnamespace
AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
AND has_column_privilege(c.oid, a.attnum, 'SELECT')
"""


class _NumericLoader(Loader):
    """NUMERIC as SQLite would give it: a whole number stays one, anything else is a float."""

    def load(self, data: Any) -> int | float:
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


class Postgres(Server["psycopg.Connection[Any]"]):
    """One PostgreSQL database, opened read-only. Thread-safe: each query borrows one of a few connections."""

    dialect: Dialect = "postgres"
    _role_noun = "role"

    def __init__(self, url: URL, allow_unsafe_role: bool = False) -> None:
        """Open the database. Raises DatabaseError when it does not answer or the role could do harm."""
        super().__init__(url)
        self._enter(allow_unsafe_role)

    def _powers(self, connection: psycopg.Connection[Any]) -> str:
        return "; it ".join(powers(connection))

    def _open(self) -> psycopg.Connection[Any]:
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        arguments = self._arguments()
        given = arguments.pop("options", "")
        connection = psycopg.connect(
            **{"connect_timeout": CONNECT_SECONDS, "application_name": "mynah", **arguments},
            options=f"{given} {options}".strip(),
            autocommit=True,
            prepare_threshold=None,
            keepalives_idle=30,
            tcp_user_timeout=15_000,
        )
        for name in _AS_TEXT:
            connection.adapters.register_loader(name, TextLoader)
        connection.adapters.register_loader("numeric", _NumericLoader)
        return connection

    def _close(self, connection: psycopg.Connection[Any]) -> None:
        connection.close()

    def _is_open(self, connection: psycopg.Connection[Any]) -> bool:
        return not connection.closed

    def _lives(self, connection: psycopg.Connection[Any]) -> bool:
        try:
            connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _fetch(
        self, connection: psycopg.Connection[Any], sql: str, parameters: Mapping[str, Any], limits: Limits
    ) -> Fetched:
        milliseconds = max(1, int(limits.seconds * 1000))
        connection.execute(f"BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}")
        with _watched(connection, limits.seconds + GRACE_SECONDS):
            cursor = connection.cursor()
            # stream() speaks the extended protocol, which takes one statement, and holds one row at a time.
            stream = cast("Generator[Any]", cursor.stream(sql.encode(), dict(parameters) or None, size=_CHUNK))
            with closing(stream):  # closed early, it cancels the rest on the server
                rows, truncated = collect(stream, limits)
            columns = _columns(connection, cursor)
        connection.execute("ROLLBACK")
        connection.execute("DISCARD ALL")  # settings, prepared statements, advisory locks, whatever was left behind
        return columns, rows, truncated

    def _errors(self) -> tuple[type[BaseException], ...]:
        return (psycopg.Error, MemoryError, ValueError, UnicodeError)

    def _is_lost(self, error: BaseException) -> bool:
        if isinstance(error, _LOST):
            return True
        return type(error) in (psycopg.OperationalError, psycopg.InterfaceError)  # no SQLSTATE: the line went dead

    def _translate(self, error: BaseException) -> DatabaseError:
        return translate(error)

    def _shape_sql(self) -> str:
        return _SHAPE

    def _texts_sql(self, table: str, column: str, most: int) -> str:
        name, owner = _quoted(column), _quoted(table)
        return f"SELECT DISTINCT {name}::text FROM {owner} WHERE trim({name}::text) <> '' LIMIT {most}"

    def _reflection_arguments(self) -> dict[str, Any]:
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        given = self._arguments().get("options", "")
        return {"options": f"{given} {options}".strip(), "connect_timeout": CONNECT_SECONDS}


def _columns(connection: psycopg.Connection[Any], cursor: psycopg.Cursor[Any]) -> tuple[str, ...]:
    """The names of a streamed result's columns; without a row the driver does not keep them, but the server does."""
    if cursor.description is not None:
        return tuple(column.name for column in cursor.description)
    described = connection.pgconn.describe_prepared(b"")
    names = (described.fname(place) or b"" for place in range(described.nfields))
    return tuple(name.decode("utf-8", "replace") for name in names)


@contextmanager
def _watched(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Cancel what runs on the connection after so many seconds, should the server's own clock not have done it.

    A server that sends one huge value hears no cancel: then the line is cut.
    """
    timers = (
        threading.Timer(seconds, _cancel, (connection,)),
        threading.Timer(seconds + GRACE_SECONDS, shut, (connection.fileno(),)),
    )
    with ended_by(timers):
        yield


def _cancel(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.Error):  # it has ended meanwhile, or the line is cut a moment later
        connection.cancel_safe(timeout=CONNECT_SECONDS)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def translate(error: BaseException) -> DatabaseError:
    """The driver's error as one that people understand. Its own words may hold data, so they are only `detail`."""
    detail = str(error)
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, MemoryError) or state in ("53200", "54000", "53100", "22003"):
        return DatabaseError("too_big", "This needs more memory than it may use. Please narrow it.", detail)
    if state == "57014":
        return DatabaseError("timeout", "This took too long and was stopped. Please narrow it.", detail)
    if state in ("55P03", "40001", "40P01"):
        return DatabaseError("locked", "Another program has locked the database. Please try again.", detail)
    if state == "3D000" or ('database "' in detail and "does not exist" in detail):
        return DatabaseError("missing", "There is no such database on the server. Check database_url.", detail)
    if state[:2] == "28" or "authentication failed" in detail or ('role "' in detail and "does not exist" in detail):
        message = "The database refuses the login. Check the user and the password in database_url."
        return DatabaseError("unreachable", message, detail)
    if state == "42501":
        return DatabaseError("unreadable", "The database does not let Mynah's role read this.", detail)
    if state[:2] in ("08", "57", "53") or type(error) in (psycopg.OperationalError, psycopg.InterfaceError):
        message = "The database server does not answer. Please try again in a moment."
        return DatabaseError("unreachable", message, detail)
    return DatabaseError("failed", "The database could not run this query.", detail)
