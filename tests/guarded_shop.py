"""A small schema, and checks that have to pass or to fail on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.guard import Rejected, SafeSQL, check
from bot.schema import Column, Dialect, Schema, Table

HERE = Path(__file__).parent


def examples(kind: str, dialect: Dialect = "sqlite") -> list[dict[str, str]]:
    """The queries of tests/attacks or tests/benign."""
    lines = (HERE / kind / f"{dialect}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _table(name: str, columns: str, rows: int = 1000) -> Table:
    return Table(name, tuple(Column(c, "text") for c in columns.split()), rows=rows)


SHOP = Schema(
    "sqlite",
    (
        _table("customers", "id name country", 400),
        _table("orders", "id customer_id status order_date", 6000),
        _table("items", "id order_id quantity price", 15000),
        Table("Sales Data", (Column("Net Amount", "number"), Column("select", "text"))),
    ),
)


def safe(sql: str, dialect: Dialect = "sqlite", read: str = "sqlite") -> SafeSQL:
    """The query, which has to pass."""
    verdict = check(sql, SHOP, dialect, read)
    assert isinstance(verdict, SafeSQL), verdict
    return verdict


def rejected(sql: Any, dialect: Dialect = "sqlite", read: str = "sqlite") -> Rejected:
    """The rejection, which has to come."""
    verdict = check(sql, SHOP, dialect, read)
    assert isinstance(verdict, Rejected), verdict
    return verdict
