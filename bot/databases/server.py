"""What databases behind a server have in common: a pool, one retry when a connection drops, a cached schema."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import URL

from bot.database import DatabaseError, Limits, Parameters, Result
from bot.databases.cells import Rows
from bot.databases.placeholders import driver_form, hold_to
from bot.databases.pool import Pool
from bot.guard import SafeSQL
from bot.schema import Dialect, Schema

Fetched = tuple[tuple[str, ...], Rows, bool]
Connection = TypeVar("Connection")

CONNECT_SECONDS = 5
GRACE_SECONDS = 0.5  # after the server should have stopped a query by itself
_SCHEMA_SECONDS = 60.0  # how long a schema is believed before the server is asked whether it changed
_TEXTS = Limits(seconds=30.0, bytes=50_000_000, cell=1_000_000)


class Server(ABC, Generic[Connection]):
    """A database on a server. Engines fill in what their driver does; everything here is the same for all."""

    dialect: Dialect
    _role_noun: str  # what the engine calls whom a connection belongs to

    def __init__(self, url: URL) -> None:
        self.url = url.render_as_string(hide_password=True)
        self._address = url
        self._pool: Pool[Connection] = Pool(
            self._open, self._close, self._is_open, self._lives
        )
        self._reflected: tuple[float, str, Schema] | None = None
        self._reflecting = threading.Lock()

    def _enter(self, allow_unsafe_role: bool) -> None:
        """Open the first connection and look at what its role may do.

        Raises DatabaseError when the server does not answer, or when the role could do harm and that is not allowed;
        where it is, `warning` says so.
        """
        try:
            with self._pool.borrow(CONNECT_SECONDS) as connection:
                found = self._powers(connection)
        except self._errors() as error:
            raise self._translate(error) from error
        self.warning = ""
        if found:
            noun = self._role_noun
            self.warning = (
                f"The database {noun} “{self._address.username or ''}” can do more than read: it {found}. "
                f"Give Mynah {'an' if noun[0] in 'aeiou' else 'a'} {noun} of its own that may only SELECT "
                "(docs/safety.md says how)"
            )
            if not allow_unsafe_role:
                self.close()
                raise DatabaseError("unsafe_role", self.warning + ", or set allow_unsafe_role.")

    def schema(self) -> Schema:
        """The tables; reflected again only after they changed. Raises DatabaseError."""
        with self._reflecting:
            known = self._reflected
            if known is not None and time.monotonic() - known[0] < _SCHEMA_SECONDS:
                return known[2]
            shape = str(self._run(self._shape_sql(), {}, Limits()).rows)
            schema = known[2] if known is not None and known[1] == shape else self._reflect()
            self._reflected = (time.monotonic(), shape, schema)
            return schema

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str] | None:
        """Distinct non-empty texts of a column, sorted; None when there are more than `limit`."""
        if self.schema().column(f"{table}.{column}") is None:
            raise DatabaseError("failed", f"There is no column “{column}” in “{table}”.")
        bounds = Limits(rows=limit, seconds=_TEXTS.seconds, bytes=_TEXTS.bytes, cell=_TEXTS.cell)
        result = self._run(self._texts_sql(table, column, limit + 1), {}, bounds)
        return None if result.truncated else sorted(str(row[-1]) for row in result.rows)

    def execute(self, query: SafeSQL, parameters: Parameters, limits: Limits | None = None) -> Result:
        """Run checked SQL, read-only, within limits. Raises DatabaseError; TypeError for unchecked SQL."""
        hold_to(query, self.dialect, parameters)
        return self._run(query.sql, parameters, limits or Limits())

    def close(self) -> None:
        """Close the idle connections; one that is lent closes when its query is done."""
        self._pool.renew()

    def connections(self) -> int:
        """How many connections are open now."""
        return self._pool.opened - self._pool.closed

    def _run(self, sql: str, parameters: Mapping[str, Any], limits: Limits) -> Result:
        """Run any one statement under everything but the guard. A dropped connection is tried once more."""
        started = time.perf_counter()
        text = driver_form(sql, self.dialect, parameters)
        for attempt in (1, 2):
            try:
                with self._pool.borrow(limits.seconds) as connection:
                    columns, rows, truncated = self._fetch(connection, text, parameters, limits)
                return Result(columns, rows, truncated, (time.perf_counter() - started) * 1000)
            except self._errors() as error:
                if not self._is_lost(error):
                    raise self._translate(error) from error
                self._pool.renew()  # what rests in the pool was lost with the same server
                if attempt == 2:
                    raise self._translate(error) from error
        raise AssertionError("a second loss raises")

    def _reflect(self) -> Schema:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError

        from bot.reflect import reflect

        engine = create_engine(self._address, connect_args=self._reflection_arguments())
        try:
            return reflect(engine)
        except SQLAlchemyError as error:
            raise self._translate(getattr(error, "orig", None) or error) from error
        finally:
            engine.dispose()

    def _arguments(self) -> dict[str, Any]:
        """The address as the driver takes it."""
        _, arguments = self._address.get_dialect()().create_connect_args(self._address)
        return dict(arguments)

    @abstractmethod
    def _powers(self, connection: Connection) -> str: ...  # beyond reading, in words that follow "it"; "" for none

    @abstractmethod
    def _open(self) -> Connection: ...

    @abstractmethod
    def _close(self, connection: Connection) -> None: ...

    @abstractmethod
    def _is_open(self, connection: Connection) -> bool: ...

    @abstractmethod
    def _lives(self, connection: Connection) -> bool: ...

    @abstractmethod
    def _fetch(self, connection: Connection, sql: str, parameters: Mapping[str, Any], limits: Limits) -> Fetched: ...

    @abstractmethod
    def _errors(self) -> tuple[type[BaseException], ...]: ...

    @abstractmethod
    def _is_lost(self, error: BaseException) -> bool: ...

    @abstractmethod
    def _translate(self, error: BaseException) -> DatabaseError: ...

    @abstractmethod
    def _shape_sql(self) -> str: ...

    @abstractmethod
    def _texts_sql(self, table: str, column: str, most: int) -> str: ...

    @abstractmethod
    def _reflection_arguments(self) -> dict[str, Any]: ...
