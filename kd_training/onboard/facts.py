"""What the columns of a database hold: which name a row, which refer to another, which are amounts, dates, choices.

Read from names, types, keys and a few bounded queries: `facts_of(database)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import sqlglot
from sqlglot.errors import SqlglotError

from bot.database import Database, DatabaseError, Limits
from bot.guard import Rejected, check
from bot.nouns import singular, words_of
from bot.schema import Column, Schema, Table

# key: the row's own; reference: another row's; label: names the row; choice: one of a few texts; flag: yes or no;
# amount: adds up; level: does not (a rate, a rating, an age); year; date; text: neither names the row nor repeats
Role = Literal["key", "reference", "label", "choice", "flag", "amount", "level", "year", "date", "text", "other"]
FEW = 60  # distinct texts at most, and most of them more than once, make a choice
_SECONDS = 5.0
_LEVELS = frozenset([
    "age", "rate", "rating", "ratio", "percent", "percentage", "pct", "share", "score", "grade", "level", "average",
    "avg", "mean", "temperature", "height", "weight", "speed", "price", "latitude", "longitude", "lat", "lng", "long",
    "elevation", "rank", "position", "month", "day", "hour", "minute", "gpa", "minimum", "maximum", "min", "max",
    "humidity", "pressure",
])  # fmt: skip
_SAYABLE = 5_000  # distinct texts of a column are indexed, so that a question may name one
_NOT_SINCE = frozenset(
    ["birth", "birthday", "dob", "born", "death", "died", "expiry", "expires", "expiration", "due", "end", "until",
     "to", "updated", "modified", "deleted", "valid"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One column. `low`, `middle` and `high` are a number column's least, mean and greatest value."""

    table: str
    column: Column
    role: Role
    distinct: int = 0
    low: float = 0.0
    middle: float = 0.0
    high: float = 0.0
    holes: bool = False  # some rows have no value

    @property
    def name(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column.name}"

    @property
    def sayable(self) -> bool:
        """Whether a question can name one of its texts."""
        return self.column.type == "text" and 0 < self.distinct <= _SAYABLE

    @property
    def ranks(self) -> bool:
        """Whether 1 is the best of it."""
        return bool({"rank", "ranking", "position", "place"} & set(words_of(self.column.name)))

    @property
    def whole(self) -> bool:
        """Whether its numbers are whole ones."""
        return self.column.type == "integer"


@dataclass(frozen=True)
class TableFacts:
    """One table: its columns' facts, and the columns that name a row (one, or a first and a last name)."""

    table: Table
    columns: tuple[Fact, ...]
    label: tuple[Fact, ...]

    def of(self, *roles: Role) -> list[Fact]:
        """The columns of some roles, in order."""
        return [fact for fact in self.columns if fact.role in roles]

    @property
    def identity(self) -> Fact | None:
        """The one column that identifies a row; None without one."""
        own = self.table.primary_key
        keys = [fact for fact in self.columns if own == (fact.column.name,)] or self.of("key")
        return keys[0] if len(keys) == 1 else None

    @property
    def key(self) -> str | None:
        """The name of `identity`, `table.column`."""
        return self.identity.name if self.identity else None

    @property
    def dated(self) -> str | None:
        """The column that "last month" means for its rows, `table.column`: the first that tells of their beginning."""
        dates = [f.name for f in self.of("date") if not _NOT_SINCE & set(words_of(f.column.name))]
        return dates[0] if dates else None

    @property
    def bridges(self) -> bool:
        """Whether its rows only connect others: no name, and nothing but keys, references and dates."""
        return not self.label and not self.of("amount", "level", "choice", "flag", "text", "year")


def facts_of(database: Database, schema: Schema) -> dict[str, TableFacts]:
    """The facts of every table that can be said, by its name, with those of its columns that can.

    Raises DatabaseError where the database is gone.
    """
    found: dict[str, TableFacts] = {}
    referred, mute = _referred(schema), unspeakable(schema)
    for table in schema.tables:
        columns = [column for column in table.columns if f"{table.name}.{column.name}" not in mute]
        if table.name not in mute and columns:
            facts = tuple(_fact(database, schema, table, column, referred) for column in columns)
            found[table.name] = TableFacts(table, *_labelled(table, facts))
    return found


def unspeakable(schema: Schema) -> set[str]:
    """Tables, and columns as `table.column`, that a student cannot name: its SQL has no quotation marks."""
    mute = {table.name for table in schema.tables if not _speakable(f"SELECT COUNT(*) FROM {table.name}")}
    for table, column in schema.columns():
        if table.name not in mute and not _speakable(f"SELECT {table.name}.{column.name} FROM {table.name}"):
            mute.add(f"{table.name}.{column.name}")
    return mute


def _speakable(sql: str) -> bool:
    """Whether names without quotation marks are read as they are written."""
    try:
        return sqlglot.parse_one(sql, read="sqlite").sql("sqlite") == sql
    except SqlglotError:
        return False


def _referred(schema: Schema) -> set[str]:
    keys = [key for table in schema.tables for key in table.foreign_keys]
    return {f"{key.ref_table}.{name}" for key in keys for name in key.ref_columns}


def _fact(database: Database, schema: Schema, table: Table, column: Column, referred: set[str]) -> Fact:
    name = f"{table.name}.{column.name}"
    keys = {name for key in table.foreign_keys for name in key.columns}
    words = words_of(column.name)
    if column.type in ("date", "timestamp"):
        return Fact(table.name, column, "date", holes=column.nullable)
    if column.type == "boolean":
        return Fact(table.name, column, "flag", 2)
    numbers = column.type in ("integer", "number")
    told = _told(database, schema, table.name, column.name, numbers)
    rows, filled, distinct = int(told.get("rows", 0)), int(told.get("filled", 0)), int(told.get("distinct", 0))
    extent = (told.get("low", 0.0), told.get("middle", 0.0), told.get("high", 0.0)) if numbers else (0.0, 0.0, 0.0)
    role = _role(table, column, words, keys, name in referred, rows, distinct, extent)
    return Fact(table.name, column, role, distinct, *extent, holes=0 < filled < rows)


def _role(
    table: Table, column: Column, words: Sequence[str], keys: set[str], referred: bool, rows: int, distinct: int,
    extent: tuple[float, float, float],
) -> Role:
    if column.name in keys:
        return "reference"
    own = table.primary_key == (column.name,) or (referred and distinct == rows)
    if own and (column.type != "text" or words[-1:] == ["id"] or words[-1:] == ["code"]):
        return "key"
    if column.type in ("integer", "number"):
        if words[-1:] in (["id"], ["code"], ["number"], ["no"], ["zip"]):
            return "key" if distinct == rows and rows > 1 and words[-1:] == ["id"] else "reference"
        if column.type == "integer" and distinct == 2 and extent[0] == 0 and extent[2] == 1:
            return "flag"
        if "year" in words and 1000 < extent[0] <= extent[2] < 3000:
            return "year"
        return "level" if _LEVELS & set(words) else "amount"
    if column.type != "text":
        return "other"
    if words[-1:] == ["id"]:
        return "reference"
    return "choice" if distinct and distinct <= FEW and 2 * distinct <= max(rows, 4) else "text"


def _labelled(table: Table, facts: tuple[Fact, ...]) -> tuple[tuple[Fact, ...], tuple[Fact, ...]]:
    """The facts with the labels' roles set, and the labels."""
    label = _label(table, facts)
    names = {fact.name for fact in label}
    again = tuple(replace(f, role="label") if f.name in names and f.role != "key" else f for f in facts)
    by_name = {fact.name: fact for fact in again}
    return again, tuple(by_name[fact.name] for fact in label)


def _label(table: Table, facts: Iterable[Fact]) -> list[Fact]:
    texts = [f for f in facts if f.column.type == "text" and f.role in ("text", "choice", "key")]
    by_words = {" ".join(words_of(f.column.name)): f for f in texts}
    row = singular(" ".join(words_of(table.name)))
    leads = ("", f"{row} ", f"{row.rpartition(' ')[2]} ")
    if found := next((by_words[lead + name] for name in ("name", "full name") for lead in leads
                      if lead + name in by_words), None):  # fmt: skip
        return [found]
    for words, first in by_words.items():
        last = by_words.get(words.replace("first", "last")) if "first name" in words else None
        if last is not None:
            return [first, last]
    if found := next((by_words[lead + name] for name in ("title", "label") for lead in leads
                      if lead + name in by_words), None):  # fmt: skip
        return [found]
    named = [f for f in texts if re.search(r"(name|title)$", f.column.name, re.IGNORECASE) and f.role == "text"]
    return named[:1]


def _told(database: Database, schema: Schema, table: str, column: str, numbers: bool) -> Mapping[str, float]:
    """Rows, filled rows, distinct values and, of numbers, the extent; empty where the table is too large to ask."""
    c, t = f'"{table}"."{column}"', f'"{table}"'
    extent = f", MIN({c}), AVG({c}), MAX({c})" if numbers else ""
    safe = check(f"SELECT COUNT(*), COUNT({c}), COUNT(DISTINCT {c}){extent} FROM {t}", schema)
    if isinstance(safe, Rejected):
        return {}
    try:
        row = database.execute(safe, {}, Limits(rows=1, seconds=_SECONDS)).rows[0]
    except DatabaseError as error:
        if error.kind in ("timeout", "too_big", "failed", "unreadable", "locked"):
            return {}
        raise
    names = ("rows", "filled", "distinct", "low", "middle", "high")
    return {name: float(cell) for name, cell in zip(names, row, strict=False) if isinstance(cell, int | float)}
