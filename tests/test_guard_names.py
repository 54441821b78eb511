"""Which names a part of a query can see, and which joins are bearable."""

from __future__ import annotations

import pytest

from bot.guard import SafeSQL, check
from bot.schema import Column, Schema, Table
from tests.guarded_shop import rejected, safe


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name, (SELECT count(*) FROM orders WHERE customer_id = customers.id) FROM customers",
        "SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE id = c.id AND name > 'x')",
        "SELECT n FROM (SELECT count(*) AS n FROM orders) WHERE n > 1",
        "SELECT x.n FROM (SELECT count(*) AS n FROM orders GROUP BY status) AS x ORDER BY x.n",
        "WITH a AS (SELECT id AS k FROM orders), b AS (SELECT k FROM a) SELECT k FROM b",
        "WITH a(k) AS (SELECT id FROM orders) SELECT k FROM a WHERE a.k > 1",
        "SELECT count(*) AS n FROM orders GROUP BY status HAVING n > 1 ORDER BY n",
        "SELECT status AS s, count(*) FROM orders WHERE s <> 'x' GROUP BY s",
        "SELECT id AS k FROM orders UNION SELECT id FROM customers ORDER BY k LIMIT 3",
        "SELECT id, name FROM customers JOIN orders USING (id)",
        "SELECT o.id FROM orders o JOIN (customers c JOIN items i ON i.id = c.id) ON c.id = o.customer_id",
        "SELECT name FROM customers ORDER BY (SELECT max(id) FROM orders WHERE customer_id = customers.id)",
        "WITH items AS (SELECT id FROM orders) SELECT id FROM items",
        "SELECT sum(quantity) OVER w FROM items WINDOW w AS (PARTITION BY order_id ORDER BY id)",
        "SELECT main.name FROM customers AS main",
        "SELECT column1 FROM (VALUES (1), (2))",
    ],
)
def test_names_that_can_be_seen(sql: str) -> None:
    safe(sql)


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("SELECT nmae FROM customers", "unknown-column", "no column “nmae” in customers. Did you mean name?"),
        ("SELECT c.nam FROM customers c", "unknown-column", "“nam” in customers. Did you mean name?"),
        ("SELECT quantiti FROM customers", "unknown-column", "Did you mean items.quantity?"),
        ("SELECT zzzzz FROM customers", "unknown-column", "There is no column “zzzzz” in customers."),
        ("SELECT name FROM custmers", "unknown-table", "no table “custmers”. Did you mean customers?"),
        ("SELECT name FROM qqq", "unknown-table", "There is no table “qqq”."),
        ("SELECT name FROM other.customers", "unknown-table", "There is no database “other”."),
        ("SELECT orders.id FROM customers", "unknown-column", "does not read orders"),
        ("SELECT o.id FROM customers", "unknown-table", "no table “o”"),
        ('SELECT id FROM orders WHERE status = "open"', "unknown-column", "in single quotes"),
        ("SELECT id FROM orders o JOIN items i ON i.order_id = o.id", "ambiguous-column", "o.id or i.id"),
        ("SELECT 1 FROM orders, orders", "name-twice", "“orders” stands twice"),
        ("SELECT id FROM (SELECT name FROM customers)", "unknown-column", "“id”"),
        ("SELECT s FROM (SELECT status AS s FROM orders) WHERE status = 'x'", "unknown-column", "“status”"),
        ("SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM items b WHERE b.x = 1)", "unknown-column", "“x”"),
        ("SELECT b.id FROM orders a WHERE EXISTS (SELECT 1 FROM items b)", "unknown-table", "“b”"),
        ("SELECT x.id FROM orders o, (SELECT o.id) AS x", "unknown-table", "“o”"),
        ("WITH a AS (SELECT id FROM b), b AS (SELECT 1 AS id) SELECT id FROM a", "unknown-table", "“b”"),
        ("WITH a AS (SELECT id FROM a) SELECT id FROM a", "unknown-table", "“a”"),
        ("WITH a AS (SELECT 1 AS x), a AS (SELECT 2 AS x) SELECT x FROM a", "name-taken", "“a” is taken"),
        ("WITH orders AS (SELECT * FROM orders) SELECT id FROM orders", "name-taken", "“orders” is taken"),
        ("WITH a(x, y) AS (SELECT id FROM orders) SELECT x FROM a", "column-count", "2 columns but has 1"),
        ("SELECT id FROM orders UNION SELECT id, name FROM customers", "column-count", "different numbers"),
        ("SELECT id FROM orders UNION SELECT id FROM items ORDER BY status", "unknown-column", "“status”"),
        ("SELECT id FROM orders JOIN customers USING (status)", "unknown-column", "both sides"),
        ("SELECT rowid FROM orders", "unknown-column", "“rowid”"),
        ("SELECT q.* FROM orders", "unknown-table", "“q”"),
        ("SELECT name, count(*) AS n, n + 1 FROM customers GROUP BY 1", "unknown-column", "“n”"),
    ],
)
def test_names_that_cannot_be_seen(sql: str, code: str, words: str) -> None:
    verdict = rejected(sql)
    assert verdict.code == code
    assert words in verdict.message


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        (
            """WITH "Pg_roles" AS (SELECT 'x' AS rolname) SELECT rolname FROM pg_roles""",
            """WITH "Pg_roles" AS (SELECT 'x' AS rolname) SELECT rolname FROM "Pg_roles\"""",
        ),
        (
            'WITH Part AS (SELECT id FROM orders) SELECT "Part".id, PART.id FROM "Part"',
            "WITH Part AS (SELECT id FROM orders) SELECT Part.id, Part.id FROM Part",
        ),
        (
            'WITH "\u212as" AS (SELECT 1 AS id) SELECT ks.id FROM ks',  # the sign of kelvin is a k to Python alone
            'WITH "\u212as" AS (SELECT 1 AS id) SELECT "\u212as".id FROM "\u212as"',
        ),
        (
            'WITH RECURSIVE "N" AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT n.i FROM n',
            'WITH RECURSIVE "N" AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM "N" WHERE i < 5) SELECT "N".i FROM "N"',
        ),
        ('SELECT O.id FROM orders AS "o"', 'SELECT "o".id FROM orders AS "o"'),
        ('SELECT "Orders".id FROM orders AS "Orders"', 'SELECT "Orders".id FROM orders AS "Orders"'),
        ('SELECT x.n FROM (SELECT count(*) AS n FROM orders) AS "X"',
         'SELECT "X".n FROM (SELECT COUNT(*) AS n FROM orders) AS "X"'),
    ],
)
def test_a_name_given_in_the_query_is_written_alike_everywhere(sql: str, written: str) -> None:
    """PostgreSQL tells "Pg_roles" from pg_roles: the second, left as it was, would be the catalogue's."""
    assert safe(sql, "postgres", read="postgres").sql == written


TWINS = Schema(
    "postgres",
    (
        Table("Orders", (Column("id", "integer"), Column("Note", "text"), Column("note", "text"))),
        Table("orders", (Column("id", "integer"), Column("total", "number"))),
        Table("Log", (Column("user", "text"), Column("At", "date"))),
    ),
)


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ('SELECT "Note" FROM "Orders"', 'SELECT "Note" FROM "Orders"'),
        ('SELECT note FROM "Orders"', 'SELECT note FROM "Orders"'),
        ("SELECT total FROM Orders", "SELECT total FROM orders"),
        ('SELECT "Orders"."Note", o.total FROM "Orders" JOIN orders AS o ON o.id = "Orders".id',
         'SELECT "Orders"."Note", o.total FROM "Orders" JOIN orders AS o ON o.id = "Orders".id'),
        ('SELECT x.n, x."N" FROM (SELECT id AS n, note AS "N" FROM "Orders") AS x',
         'SELECT x.n, x."N" FROM (SELECT id AS n, note AS "N" FROM "Orders") AS x'),
        ("SELECT at FROM log", 'SELECT "At" FROM "Log"'),
    ],
)
def test_names_that_only_case_tells_apart(sql: str, written: str) -> None:
    verdict = check(sql, TWINS, read="postgres")
    assert isinstance(verdict, SafeSQL), verdict
    assert verdict.sql == written


def test_a_column_called_like_a_keyword_is_the_column() -> None:
    """PostgreSQL reads `user` without quotes as who is connected."""
    verdict = check("SELECT user FROM log", TWINS, read="sqlite")
    assert isinstance(verdict, SafeSQL) and verdict.sql == 'SELECT "user" FROM "Log"'


def test_a_table_behind_a_name_given_in_the_query_cannot_be_reached() -> None:
    verdict = rejected("WITH orders AS (SELECT 1 AS id) SELECT id FROM main.orders")
    assert verdict.code == "name-taken"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM orders, customers",  # 2.4 million combinations are bearable
        "SELECT count(*) FROM orders a, items b WHERE a.id = b.order_id",
        "SELECT count(*) FROM orders a JOIN items b ON a.id = b.order_id AND b.id > a.id",
        "SELECT count(*) FROM orders a JOIN items b USING (id)",
        "SELECT count(*) FROM items a, (SELECT max(id) AS m FROM items) b, (SELECT 1) c",
        "SELECT count(*) FROM items a, (SELECT id FROM items LIMIT 5) b",
        "SELECT count(*) FROM items a JOIN items b ON (a.id = b.id OR a.order_id = b.order_id)",
    ],
)
def test_joins_that_are_bearable(sql: str) -> None:
    safe(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM orders, items",
        "SELECT count(*) FROM orders a JOIN items b ON a.id = a.id",
        "SELECT count(*) FROM orders a JOIN items b ON a.id < b.id",
        "SELECT count(*) FROM orders a JOIN items b ON a.id = 1 AND b.id = 1",
        "SELECT count(*) FROM (SELECT id FROM orders GROUP BY id) a, items b",
        "SELECT count(*) FROM items a, (SELECT max(id) OVER () AS m FROM items) b",
        "WITH a AS (SELECT id FROM items) SELECT count(*) FROM a, a AS b",
    ],
)
def test_joins_that_are_too_large(sql: str) -> None:
    assert rejected(sql).code == "cross-join"


def test_joins_are_counted() -> None:
    chain = " ".join(f"JOIN orders o{i} ON o{i}.id = o0.id" for i in range(1, 13))
    safe(f"SELECT o0.id FROM orders o0 {chain}")
    verdict = rejected(f"SELECT o0.id FROM orders o0 {chain} JOIN items x ON x.id = o0.id")
    assert verdict.code == "too-many-joins"


def test_ctes_that_double_are_counted_by_what_they_read() -> None:
    ctes = ["a0 AS (SELECT id FROM orders)"]
    ctes += [f"a{i} AS (SELECT id FROM a{i - 1} UNION ALL SELECT id FROM a{i - 1})" for i in range(1, 8)]
    assert rejected(f"WITH {', '.join(ctes)} SELECT count(*) FROM a7").code == "too-many-joins"
    safe(f"WITH {', '.join(ctes[:4])} SELECT count(*) FROM a3")
