"""What every database engine offers the bot: its schema, and bounded, read-only execution of checked SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.guard import SafeSQL
from bot.schema import Dialect, Schema

Cell = str | int | float | bool | None
Parameters = Mapping[str, str | int | float]
Failure = Literal[
    "missing", "unreadable", "locked", "timeout", "too_big", "failed", "unreachable", "unsafe_role", "cancelled"
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one execution. `cell` is in characters; a longer text is cut and the result says so."""

    rows: int = 1000
    seconds: float = 10.0
    bytes: int = 10_000_000
    cell: int = 2_000


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of one query. `truncated` is true when rows, bytes or a cell were cut."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool = False
    milliseconds: float = 0.0


class DatabaseError(Exception):
    """The database did not answer. `kind` is for programs, `message` (also `str(error)`) for people."""

    def __init__(self, kind: Failure, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.kind: Failure = kind
        self.message = message
        self.detail = detail  # the engine's own words: for logs, never for a channel

    def __reduce__(self) -> tuple[type[DatabaseError], tuple[Failure, str, str]]:
        """What another process makes it from again."""
        return type(self), (self.kind, self.message, self.detail)


class Database(Protocol):
    """One open database. Implementations are thread-safe."""

    url: str
    dialect: Dialect

    def schema(self) -> Schema:
        """Reflect the tables. Raises DatabaseError."""

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str] | None:
        """Distinct non-empty texts of a column, sorted; None when there are more than `limit`."""

    def execute(self, query: SafeSQL, parameters: Parameters, limits: Limits | None = None) -> Result:
        """Run checked SQL, read-only and within limits. Raises DatabaseError."""

    def close(self) -> None:
        """Release connections."""


def connect(url: str, allow_unsafe_role: bool = False) -> Database:
    """Open the database at a SQLAlchemy URL (or a path to a SQLite file). Raises DatabaseError.

    A server's role that could do more than read is refused unless `allow_unsafe_role`.
    """
    from bot.databases import open_database

    return open_database(url, allow_unsafe_role)
