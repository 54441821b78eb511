"""What the guard writes out reads back: the text is what runs, so the text has to be what was checked."""

from __future__ import annotations

import pytest
import sqlglot

from bot.guard import SafeSQL, check
from bot.schema import Dialect
from tests.guarded_shop import SHOP, rejected

# Found by the fuzzing tests: a query inside CAST, where the translation writes the cast, lost its parentheses.
WRITTEN: tuple[tuple[Dialect, Dialect, str], ...] = (
    ("sqlite", "postgres", "SELECT ((SELECT 1 = 1 FROM orders LIMIT 1) - id) FROM orders"),
    ("sqlite", "postgres", "SELECT (SELECT CASE WHEN TRUE THEN FALSE END FROM orders) - orders.order_date FROM orders"),
    ("sqlite", "postgres", "SELECT (SELECT NOT order_date FROM orders) % EXISTS (SELECT 1 FROM items) FROM customers"),
    ("sqlite", "postgres", "SELECT (SELECT name = 'a' FROM customers UNION SELECT NULL) + 1"),
    ("sqlite", "mysql", "SELECT ((SELECT 1 = 1 FROM orders LIMIT 1) - id) FROM orders"),
    ("sqlite", "postgres", "SELECT (SELECT id FROM orders LIMIT 1) || 'x' FROM customers"),
    ("sqlite", "postgres", "SELECT date((SELECT order_date FROM orders LIMIT 1), '+1 day')"),
)
# The parser takes these without their argument, and would write half a function for them.
UNWRITABLE: tuple[tuple[Dialect, str], ...] = (
    ("mysql", "SELECT monthname()"),
    ("mysql", "SELECT id FROM orders GROUP BY NOT to_days()"),
    ("mysql", "SELECT (SELECT to_days() FROM orders WHERE id = 1 AND status = 'x') FROM customers"),
)


@pytest.mark.parametrize(("read", "target", "sql"), WRITTEN)
def test_what_is_written_reads_back_as_it_was(read: Dialect, target: Dialect, sql: str) -> None:
    verdict = check(sql, SHOP, target, read)
    assert isinstance(verdict, SafeSQL), verdict
    again = sqlglot.parse_one(verdict.sql, read=target)
    assert again.sql(target) == verdict.tree.sql(target)


@pytest.mark.parametrize(("dialect", "sql"), UNWRITABLE)
def test_what_would_not_read_back_is_refused(dialect: Dialect, sql: str) -> None:
    assert rejected(sql, dialect, dialect).code == "unwritable"
