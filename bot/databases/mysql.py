"""MySQL and MariaDB as a `Database`: an account that can only read, read-only transactions, a clock on the server.

The engine holds without the guard: the account's grants are checked when the database is opened (mysql_role.py),
each query runs alone in a read-only transaction that is rolled back, under the server's own limit of time, over a
protocol that takes one statement; what a session remembers is reset afterwards.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions
from pymysql.cursors import SSCursor
from sqlalchemy import URL

from bot.database import DatabaseError, Limits
from bot.databases.cells import collect
from bot.databases.clock import ended_by, shut
from bot.databases.mysql_role import powers
from bot.databases.server import CONNECT_SECONDS, GRACE_SECONDS, Fetched, Server
from bot.schema import Dialect

# The guard writes texts with backslashes escaped, and "…" only around texts: no mode may read them otherwise.
_SESSION = (
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', "
    "div_precision_increment = 12, group_concat_max_len = 1048576, lock_wait_timeout = 2, autocommit = 1, "
    "character_set_client = utf8mb4, character_set_results = utf8mb4, character_set_connection = utf8mb4"
)
_RESET_CONNECTION = 0x1F  # a command of the protocol that the driver has no name for
_AS_TEXT = (
    FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP, FIELD_TYPE.TIME, FIELD_TYPE.NEWDATE,
    FIELD_TYPE.JSON,
)

_SHAPE = """
SELECT MD5(GROUP_CONCAT(table_name, ' ', column_name, ' ', column_type ORDER BY table_name, ordinal_position))
FROM information_schema.columns WHERE table_schema = DATABASE()
"""

# Gone away, lost, cannot connect, shutting down, killed, too many connections.
_LOST = frozenset({1040, 1053, 1077, 1079, 1080, 1927, 2002, 2003, 2006, 2013, 2014, 2055})


def _number(text: str) -> int | float:
    """DECIMAL as SQLite would give it: a whole number stays one, anything else is a float."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _bits(data: bytes) -> int | bytes:
    """BIT(1), which holds yes and no in many a schema, as a number. Of more bits nothing is certain: MariaDB gives
    MAX() of them as digits and says that they are bits."""
    return data[0] if data in (b"\x00", b"\x01") else data


_CONVERSIONS: dict[Any, Any] = {
    **{kind: read for kind, read in conversions.items() if kind not in _AS_TEXT},
    FIELD_TYPE.BIT: _bits,
    FIELD_TYPE.DECIMAL: _number,
    FIELD_TYPE.NEWDECIMAL: _number,
}


class MySQL(Server["pymysql.Connection[Any]"]):
    """One database of a MySQL or MariaDB server, opened read-only. Thread-safe."""

    dialect: Dialect = "mysql"
    _role_noun = "account"

    def __init__(self, url: URL, allow_unsafe_role: bool = False) -> None:
        """Open the database. Raises DatabaseError when it does not answer or the account could do harm."""
        super().__init__(url)
        self._clock = ""
        self._enter(allow_unsafe_role)

    def _powers(self, connection: pymysql.Connection[Any]) -> str:
        found = powers(connection)
        return f"has {', '.join(found)}" if found else ""

    def _open(self) -> pymysql.Connection[Any]:
        arguments = self._arguments()
        arguments.pop("client_flag", None)
        arguments.pop("local_infile", None)
        connection = pymysql.connect(
            **{"connect_timeout": CONNECT_SECONDS, "charset": "utf8mb4", **arguments},
            conv=_CONVERSIONS,
            local_infile=False,
            autocommit=True,
            cursorclass=SSCursor,
            init_command=_SESSION,
        )
        if not self._clock:  # MariaDB counts in seconds, MySQL in milliseconds
            mariadb = "mariadb" in connection.get_server_info().lower()
            self._clock = "max_statement_time = {0:.3f}" if mariadb else "max_execution_time = {1:.0f}"
        return connection

    def _close(self, connection: pymysql.Connection[Any]) -> None:
        with suppress(pymysql.Error, OSError):  # a connection that is gone already
            connection.close()

    def _lives(self, connection: pymysql.Connection[Any]) -> bool:
        try:
            connection.ping(reconnect=False)
        except (pymysql.Error, OSError):
            return False
        return True

    def _fetch(
        self, connection: pymysql.Connection[Any], sql: str, parameters: Mapping[str, Any], limits: Limits
    ) -> Fetched:
        clock = self._clock.format(limits.seconds, limits.seconds * 1000)
        with connection.cursor() as own:
            own.execute(f"{_SESSION}, {clock}")
            own.execute("START TRANSACTION READ ONLY")
        cursor = connection.cursor()
        with self._watched(connection, limits.seconds + GRACE_SECONDS):
            with connection.cursor() as own:
                # The server explains queries and changes of rows, nothing else: not ALTER USER, with which any
                # account may change its own password, nor SET, KILL, LOCK or SHOW. Changes the transaction refuses.
                own.execute(f"EXPLAIN {sql}", dict(parameters) or None)
                own.fetchall()
            try:
                cursor.execute(sql, dict(parameters) or None)
                if cursor.description is None:
                    raise DatabaseError("failed", "This is not a query.")
                columns = tuple(column[0] for column in cursor.description)
                unread = _Unread(cursor)
                rows, truncated = collect(unread, limits)
            except BaseException:
                _abandon(cursor)
                raise
        if not unread.ended:
            _abandon(cursor)
            connection.close()
            return columns, rows, truncated
        cursor.close()
        with connection.cursor() as own:
            own.execute("ROLLBACK")
        connection._execute_command(_RESET_CONNECTION, b"")  # locks, variables, prepared statements
        connection._read_ok_packet()
        return columns, rows, truncated

    @contextmanager
    def _watched(self, connection: pymysql.Connection[Any], seconds: float) -> Iterator[None]:
        """Kill what runs on the connection after so many seconds, should the server's own clock not have done it."""
        timers = (
            threading.Timer(seconds, self._kill, (connection.thread_id(),)),
            threading.Timer(seconds + GRACE_SECONDS, shut, (connection._sock.fileno(),)),
        )
        with ended_by(timers):
            yield

    def _kill(self, thread: int) -> None:
        with suppress(pymysql.Error, OSError):  # the query has ended meanwhile, or the server has
            killer = self._open()
            try:
                with killer.cursor() as cursor:
                    cursor.execute(f"KILL QUERY {int(thread)}")
            finally:
                killer.close()

    def _is_open(self, connection: pymysql.Connection[Any]) -> bool:
        return bool(connection.open)

    def _errors(self) -> tuple[type[BaseException], ...]:
        return (pymysql.Error, MemoryError, ValueError, OSError, struct.error)

    def _is_lost(self, error: BaseException) -> bool:
        code = error.args[0] if error.args else 0
        if isinstance(error, (pymysql.InterfaceError, OSError)):
            return True
        return isinstance(error, pymysql.Error) and code in _LOST

    def _translate(self, error: BaseException) -> DatabaseError:
        return translate(error)

    def _shape_sql(self) -> str:
        return _SHAPE

    def _texts_sql(self, table: str, column: str, most: int) -> str:
        name, owner = _quoted(column), _quoted(table)
        return f"SELECT DISTINCT BINARY {name}, {name} FROM {owner} WHERE TRIM({name}) <> '' LIMIT {most}"

    def _reflection_arguments(self) -> dict[str, Any]:
        return {"init_command": _SESSION, "connect_timeout": CONNECT_SECONDS}


class _Unread:
    """A cursor's rows, and whether the last of them was read."""

    def __init__(self, cursor: SSCursor) -> None:
        self._cursor = cursor
        self.ended = False

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        while (row := self._cursor.fetchone()) is not None:
            yield row
        self.ended = True


def _abandon(cursor: SSCursor) -> None:
    """Let a cursor go with rows unread. The protocol has no word for stopping, so its connection is lost with it."""
    if cursor._result is not None:
        cursor._result.unbuffered_active = False  # else the driver would read the rest, if only to throw it away
    cursor.connection = None


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def translate(error: BaseException) -> DatabaseError:
    """The driver's error as one that people understand. Its own words may hold data, so they are only `detail`."""
    detail = str(error)
    code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    if isinstance(error, MemoryError) or code in (1038, 1041, 1114, 1153, 1301, 1690, 1260):
        return DatabaseError("too_big", "This needs more memory than it may use. Please narrow it.", detail)
    if code in (1317, 1969, 3024):
        return DatabaseError("timeout", "This took too long and was stopped. Please narrow it.", detail)
    if code in (1205, 1213):
        return DatabaseError("locked", "Another program has locked the database. Please try again.", detail)
    if code == 1049:
        return DatabaseError("missing", "There is no such database on the server. Check database_url.", detail)
    if code in (1044, 1045, 1698):
        message = "The database refuses the login. Check the user and the password in database_url."
        return DatabaseError("unreachable", message, detail)
    if code in (1142, 1143, 1227, 1370):
        return DatabaseError("unreadable", "The database does not let Mynah's account read this.", detail)
    if code in _LOST or isinstance(error, (pymysql.InterfaceError, OSError)):
        message = "The database server does not answer. Please try again in a moment."
        return DatabaseError("unreachable", message, detail)
    return DatabaseError("failed", "The database could not run this query.", detail)
