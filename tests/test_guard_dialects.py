"""The guard writes, and reads, the SQL of each kind of database."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from bot.schema import Dialect
from tests.guarded_shop import rejected, safe

DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgres", "mysql")


def test_placeholders_stay_named_everywhere() -> None:
    for dialect in DIALECTS:
        assert ":v0" in safe("SELECT name FROM customers WHERE country = :v0", dialect).sql


def test_dialects_write_their_own_words() -> None:
    sql = "SELECT strftime('%Y-%m', order_date) AS m, count(*) FROM orders GROUP BY 1"
    assert "TO_CHAR" in safe(sql, "postgres").sql
    assert "DATE_FORMAT(" in safe(sql, "mysql").sql
    assert "julianday" in rejected("SELECT julianday(order_date) FROM orders", "postgres", "postgres").message
    assert "`Net Amount`" in safe('SELECT "net amount" FROM "Sales Data"', "mysql").sql


@pytest.mark.parametrize(
    ("read", "sql"),
    [
        ("postgres", "SELECT pg_read_file('/etc/passwd')"),
        ("postgres", "SELECT name::regclass FROM customers"),
        ("postgres", "SELECT E'\\'; DROP TABLE orders; --'"),
        ("postgres", "SELECT nextval('s')"),
        ("postgres", "SELECT current_setting('x')"),
        ("postgres", "SELECT name FROM customers WHERE name ~ '(a+)+$'"),
        ("postgres", "SELECT generate_series(1, 1000000000)"),
        ("postgres", "SELECT repeat('x', 1000000000)"),
        ("postgres", "SELECT dblink_exec('x', 'DROP TABLE orders')"),
        ("mysql", "SELECT load_file('/etc/passwd')"),
        ("mysql", "SELECT sleep(10)"),
        ("mysql", "SELECT benchmark(1000000000, 1)"),
        ("mysql", "SELECT @@version"),
        ("mysql", "SELECT name FROM customers INTO OUTFILE '/tmp/x'"),
        ("mysql", "SELECT get_lock('x', 10)"),
    ],
)
def test_other_dialects_have_their_own_attacks(read: Any, sql: str) -> None:
    rejected(sql, read, read)


@pytest.mark.parametrize(
    ("read", "sql"),
    [
        ("postgres", "SELECT EXTRACT(YEAR FROM order_date), date_trunc('month', order_date) FROM orders"),
        ("postgres", "SELECT id FROM orders WHERE order_date >= current_date - interval '1 month'"),
        ("postgres", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price) FROM items"),
        ("postgres", "SELECT string_agg(name, ', ' ORDER BY name) FROM customers WHERE name ILIKE 'a%'"),
        ("mysql", "SELECT date_format(order_date, '%Y-%m'), year(order_date), if(id > 1, 1, 2) FROM orders"),
        ("mysql", "SELECT group_concat(status SEPARATOR ';'), datediff(order_date, order_date) FROM orders"),
    ],
)
def test_other_dialects_have_their_own_words(read: Any, sql: str) -> None:
    safe(sql, read, read)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_text_stays_one_text_in_every_dialect(text: str) -> None:
    sql = "SELECT '" + text.replace("'", "''") + "'"
    for dialect in DIALECTS:
        tree = sqlglot.parse_one(safe(sql, dialect).sql, read=dialect)
        (only,) = tree.expressions
        assert isinstance(only, exp.Literal)
        assert only.name == text
    assert sqlite3.connect(":memory:").execute(safe(sql).sql).fetchone() == (text,)
