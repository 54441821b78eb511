"""The shape of a database, in frozen types: tables, columns, keys, row estimates, and a fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

ColumnType = Literal["integer", "number", "text", "date", "timestamp", "boolean", "other"]
Dialect = Literal["sqlite", "postgres", "mysql"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `values` holds the distinct texts of a text column with few of them, else nothing."""

    name: str
    type: ColumnType
    nullable: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of the owning table point at `ref_columns` of `ref_table`, position by position."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table; `rows` is an estimate, good enough to order plans and to tell small from large."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int = 0

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables a question may be about."""

    dialect: Dialect
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table | None:
        """The table of that name, or None."""
        return next((t for t in self.tables if t.name == name), None)

    def column(self, qualified: str) -> Column | None:
        """The column named `table.column`, or None."""
        table, _, column = qualified.partition(".")
        owner = self.table(table)
        return owner.column(column) if owner else None

    def columns(self) -> Iterator[tuple[Table, Column]]:
        """Every column with its table, in schema order."""
        for table in self.tables:
            for column in table.columns:
                yield table, column

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits over names, types and keys. Row counts and stored values do not change it."""
        shape = [
            [
                t.name,
                [[c.name, c.type] for c in t.columns],
                t.primary_key,
                sorted([f.columns, f.ref_table, f.ref_columns] for f in t.foreign_keys),
            ]
            for t in sorted(self.tables, key=lambda t: t.name)
        ]
        return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for `schema.json`; `from_json` reads it back."""
        return {"fingerprint": self.fingerprint, **asdict(self)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Schema:
        """The schema that `to_json` wrote."""
        return Schema(
            dialect=data["dialect"],
            tables=tuple(
                Table(
                    name=t["name"],
                    columns=tuple(
                        Column(c["name"], c["type"], c["nullable"], tuple(c["values"])) for c in t["columns"]
                    ),
                    primary_key=tuple(t["primary_key"]),
                    foreign_keys=tuple(
                        ForeignKey(tuple(f["columns"]), f["ref_table"], tuple(f["ref_columns"]))
                        for f in t["foreign_keys"]
                    ),
                    rows=t["rows"],
                )
                for t in data["tables"]
            ),
        )
