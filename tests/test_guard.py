"""The guard lets good queries through as they were meant, and says kindly why it stops the others."""

from __future__ import annotations

import dataclasses
import sqlite3
import statistics
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bot.catalog import catalog_of
from bot.databases.sqlite import SQLite
from bot.guard import MAX_CHARACTERS, Rejected, SafeSQL, check
from bot.schema import Column, Schema, Table
from demo.build import build
from tests.guarded_shop import SHOP, examples, rejected, safe

BENIGN = examples("benign")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guard") / "demo.db"
    build(path, date(2026, 11, 22))
    return path


@pytest.fixture(scope="module")
def database(demo: Path) -> Iterator[SQLite]:
    opened = SQLite(str(demo))
    yield opened
    opened.close()


@pytest.mark.parametrize("example", BENIGN, ids=lambda example: str(example["id"]))
def test_benign_queries_run_as_written(example: dict[str, str], database: SQLite, demo: Path) -> None:
    query = check(example["sql"], database.schema())
    assert isinstance(query, SafeSQL), query
    result = database.execute(query, {})
    assert not result.truncated or len(result.rows) == 1000
    connection = sqlite3.connect(demo)
    expected = connection.execute(example["sql"]).fetchmany(1000)
    connection.close()
    assert list(result.rows) == expected


def test_there_are_enough_benign_queries() -> None:
    assert len({example["sql"] for example in BENIGN}) == len(BENIGN) >= 100


def test_a_checked_query_says_what_it_reads_and_needs() -> None:
    query = safe("SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.status = :v0")
    assert query.tables == {"customers", "orders"}
    assert query.parameters == {"v0"}
    assert query.dialect == "sqlite"


def test_comments_do_not_survive() -> None:
    query = safe("SELECT /* load_extension('x') */ name -- ; DROP TABLE x\nFROM /* c */ customers;")
    assert query.sql == "SELECT name FROM customers"


def test_the_schema_decides_on_spelling_and_quotes() -> None:
    assert safe("select NAME from CUSTOMERS where Customers.COUNTRY = 'x'").sql == (
        "SELECT name FROM customers WHERE customers.country = 'x'"
    )
    assert safe('SELECT "net amount", "select" FROM "sales data"').sql == (
        'SELECT "Net Amount", "select" FROM "Sales Data"'
    )


def test_a_pair_of_parentheses_around_it_all_is_dropped() -> None:
    assert safe("((SELECT name FROM customers))").sql == "SELECT name FROM customers"


def test_the_same_text_again_gives_the_same_object() -> None:
    sql = "SELECT name FROM customers WHERE id = :n0"
    assert check(sql, SHOP) is check(sql, SHOP)
    again = Schema.from_json(SHOP.to_json())
    assert check(sql, again) == check(sql, SHOP)


def test_catalogs_are_kept_for_the_last_schemas_only() -> None:
    first = catalog_of(SHOP)
    assert catalog_of(SHOP) is first
    others = [Schema("sqlite", (Table(f"t{i}", (Column("a", "text"),)),)) for i in range(12)]
    assert [check("SELECT a FROM t3", other) for other in others][3] == check("SELECT a FROM t3", others[3])
    assert catalog_of(SHOP).tables == first.tables


def test_a_typical_check_is_fast() -> None:
    times = []
    for number, example in enumerate(BENIGN):
        started = time.perf_counter()
        check(example["sql"] + " " * (number + 1), SHOP)
        times.append(time.perf_counter() - started)
    assert statistics.median(times) < 0.010  # a sixth of this on an idle machine


def test_length_and_depth() -> None:
    assert rejected("SELECT 1" + " " * MAX_CHARACTERS).code == "too-long"
    assert rejected("SELECT " + "(" * 100_000).code == "too-long"
    assert rejected("SELECT " + "(" * 25 + "1" + ")" * 25).code == "too-deep"
    assert rejected("SELECT " + "NOT " * 40 + "1").code == "too-deep"
    assert rejected("SELECT 1 " + "+ 1 " * 200).code == "too-deep"
    safe("SELECT " + "(" * 20 + "1" + ")" * 20)
    safe("SELECT 1 " + "+ 1 " * 100)


def test_depth_is_no_matter_of_the_callers_stack() -> None:
    sql = "SELECT " + "(" * 23 + "1 " + ")" * 23

    def deeper(levels: int) -> object:
        return deeper(levels - 1) if levels else check(sql, SHOP)

    assert isinstance(deeper(700), Rejected | SafeSQL)


@pytest.mark.parametrize(
    ("sql", "fine"),
    [
        ("SELECT replace(name, ' ', '-') FROM customers", True),
        ("SELECT replace(replace(replace(name, 'a', ''), 'b', ''), 'c', 'd') FROM customers", True),
        ("SELECT replace(replace(replace(name, 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa'), 'a', 'aaaaaaaaaa')"
         " FROM customers", False),
        ("SELECT replace(name, country, name) FROM customers", False),
        ("SELECT instr(name, country) FROM customers", True),
        ("SELECT instr(name, name || name) FROM customers", False),
        ("SELECT trim(name, 'xyz') FROM customers", True),
        ("SELECT trim(name, name) FROM customers", False),
        ("SELECT printf('%08.2f %5s %d%%', 1, name, 2) FROM customers", True),
        ("SELECT printf('%999d', 1)", False),
        ("SELECT printf('%*d', 9, 1)", False),
        ("SELECT printf(name) FROM customers", False),
        ("SELECT name FROM customers WHERE name LIKE '%a%b%c%'", True),
        ("SELECT name FROM customers WHERE name LIKE '" + "%a" * 20 + "'", False),
        ("SELECT cast(id AS varchar(20)) FROM orders", True),
        ("SELECT cast(id AS varchar(2000)) FROM orders", False),
        ("SELECT cast(id AS blob) FROM orders", False),
        ("SELECT cast(id AS json) FROM orders", False),
        ("SELECT sum(*) FROM orders", False),
    ],
)
def test_arguments_of_functions(sql: str, fine: bool) -> None:
    assert isinstance(check(sql, SHOP), SafeSQL) is fine


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP TABLE orders", "starts with “DROP”"),
        ("", "There is no query here."),
        ("SELECT 1; SELECT 2", "Only one query"),
        ("SELECT year(order_date) FROM orders", "year is not allowed here: use strftime('%Y', …) instead."),
        ("SELECT concat(name, 'x') FROM customers", "join texts with || instead"),
        ("SELECT now()", "use date('now') instead"),
        ("SELECT load_extension('x')", "The function load_extension is not allowed here."),
        ("WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1 FROM x) SELECT 1 FROM x", "known to end"),
        ("SELECT * INTO x FROM orders", "would store its result"),
        ("SELECT id FROM orders FOR UPDATE", "lock"),
        ("SELECT * FROM orders NATURAL JOIN customers", "JOIN … ON"),
        ("SELECT ? FROM orders", ":v0"),
        ("SELECT FROM WHERE", "typing mistakes"),
    ],
)
def test_messages_help(sql: str, words: str) -> None:
    assert words in rejected(sql).message


@pytest.mark.parametrize("odd", [None, 5, b"SELECT 1", ["SELECT 1"], object()])
def test_what_is_no_text_is_rejected(odd: object) -> None:
    assert rejected(odd).code == "not-text"


def test_safe_sql_cannot_be_made_by_hand() -> None:
    good = safe("SELECT 1")
    for token in ({}, {"token": None}, {"token": object()}):
        with pytest.raises(TypeError):
            SafeSQL("DROP TABLE orders", frozenset(), frozenset(), "sqlite", **token)
    with pytest.raises(TypeError):
        dataclasses.replace(good, sql="DROP TABLE orders")
    with pytest.raises(AttributeError):
        good.sql = "DROP TABLE orders"  # type: ignore[misc]
