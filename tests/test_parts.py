"""Taking queries apart: which tables they read, and which differences in writing are none."""

from __future__ import annotations

import pytest

from eval_harness.parts import tables_read, take_apart

TABLES = {
    "SELECT 1": set(),
    "SELECT * FROM Orders o JOIN customers c ON c.id = o.customer_id": {"orders", "customers"},
    "SELECT e.a, m.a FROM staff e JOIN staff m ON e.boss = m.id": {"staff"},
    "SELECT COUNT(*) FROM a WHERE x IN (SELECT y FROM b WHERE EXISTS (SELECT 1 FROM c))": {"a", "b", "c"},
    "SELECT x FROM a UNION SELECT x FROM (SELECT x FROM b) t EXCEPT SELECT 1 FROM c": {"a", "b", "c"},
    "WITH t AS (SELECT x FROM a) SELECT * FROM t": {"a"},
    "WITH orders AS (SELECT x FROM orders) SELECT * FROM orders JOIN b ON b.x = orders.x": {"orders", "b"},
    "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n": set(),
    "SELECT SUM(x) FILTER (WHERE x IN (SELECT y FROM b)) FROM a ORDER BY (SELECT q FROM c)": {"a", "b", "c"},
    'SELECT "a b"."x" FROM "A B" AS "a b"': {"a b"},
}


@pytest.mark.parametrize(("sql", "tables"), TABLES.items())
def test_tables_read(sql: str, tables: set[str]) -> None:
    assert tables_read(sql) == frozenset(tables)


@pytest.mark.parametrize("sql", ["", "SELEC 1", "DROP TABLE a", "SELECT 1 FROM", "(" * 5000])
def test_what_is_not_a_query_has_no_parts(sql: str) -> None:
    assert tables_read(sql) is None
    assert take_apart(sql) is None


SAME = [
    ("SELECT o.ID FROM orders o", "SELECT orders.id FROM orders"),
    ("SELECT id AS number FROM a", "SELECT id FROM a"),
    ("SELECT id FROM a WHERE x = 1 AND y > 2", "SELECT id FROM a WHERE y > 2 AND x = 1"),
    ("SELECT id FROM a WHERE x BETWEEN 1 AND 5", "SELECT id FROM a WHERE x <= 5 AND 1 <= x"),
    ("SELECT id FROM a WHERE x != 'b'", "SELECT id FROM a WHERE x <> 'b'"),
    ("SELECT id FROM a WHERE d > date('2025-03-15', '-1 month')", "SELECT id FROM a WHERE d > '2025-02-15'"),
    ("SELECT id FROM a WHERE x > 2 * 5", "SELECT id FROM a WHERE x > 10"),
    ("SELECT y, COUNT(*) FROM a GROUP BY 1", "SELECT y AS z, COUNT(*) FROM a GROUP BY z"),
    ("SELECT y, SUM(z) AS n FROM a GROUP BY y ORDER BY n", "SELECT y, SUM(z) FROM a GROUP BY y ORDER BY 2"),
    ("SELECT a.x FROM a JOIN b ON a.i = b.i WHERE b.y = 1", "SELECT x FROM a JOIN b ON a.i = b.i AND y = 1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_ways_of_writing_that_are_the_same(one: str, other: str) -> None:
    assert take_apart(one) == take_apart(other)
    assert take_apart(one) is not None


DIFFERENT = [
    ("SELECT x FROM a", "SELECT x FROM b", {"tables"}),
    ("SELECT x FROM a WHERE y = 1", "SELECT x FROM a WHERE y = 2", {"filters"}),
    ("SELECT x FROM a WHERE y > 1", "SELECT x FROM a WHERE 1 > y", {"filters"}),
    ("SELECT x FROM a WHERE y = 'Paris'", "SELECT x FROM a WHERE y = 'paris'", {"filters"}),
    ("SELECT x FROM a", "SELECT x FROM a WHERE y = 1", {"filters"}),
    ("SELECT SUM(x) FROM a", "SELECT AVG(x) FROM a", {"aggregates", "columns"}),
    ("SELECT COUNT(x) FROM a", "SELECT COUNT(DISTINCT x) FROM a", {"aggregates", "columns"}),
    ("SELECT x, COUNT(*) FROM a GROUP BY x", "SELECT x, COUNT(*) FROM a GROUP BY y", {"groups"}),
    ("SELECT x FROM a", "SELECT x, y FROM a", {"columns"}),
    ("SELECT x FROM a ORDER BY x", "SELECT x FROM a ORDER BY x DESC", {"orders"}),
    ("SELECT x FROM a ORDER BY y LIMIT 3", "SELECT x FROM a ORDER BY z LIMIT 3", {"orders"}),
]


@pytest.mark.parametrize(("one", "other", "parts"), DIFFERENT)
def test_differences_show_in_their_part(one: str, other: str, parts: set[str]) -> None:
    left, right = take_apart(one), take_apart(other)
    assert left is not None and right is not None
    assert {name for name in left.__slots__ if getattr(left, name) != getattr(right, name)} == parts


def test_a_constant_that_asks_for_too_much_is_left_alone() -> None:
    parts = take_apart("SELECT x FROM a WHERE y = printf('%.*c', 500000000, 'x')")
    assert parts is not None
    assert "500000000" in next(iter(parts.filters))
