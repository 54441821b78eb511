"""The student's SQL, SQLite's, on all three engines: the same rows for gold queries, the corpus and single rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import ROOT
from bot.database import Database, DatabaseError, Limits, Result, connect
from bot.guard import Rejected, SafeSQL, check
from eval_harness.match import execution_match
from kd_training.shorten import shorten
from tests.demo_corpus import _LIMIT, Ground, _with_ties, bounds, intents
from tests.guarded_shop import SHOP, safe

WIDE = Limits(rows=100_000, cell=100_000, seconds=30.0)
GOLD = [
    sql
    for line in (ROOT / "demo" / "questions.jsonl").read_text("utf-8").splitlines()
    for sql in json.loads(line)["sql"]
]
# SQLite keeps a NUMERIC without a fraction as an integer and then divides without one: servers give the exact quotient.
WHOLE_NUMBERS = {"orders-revenue-199"}
SERVERS = [
    pytest.param("postgres", marks=pytest.mark.needs("postgresql")),
    pytest.param("mysql", marks=pytest.mark.needs("mariadb")),
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    ground = Ground.built(Path(tmp_path_factory.mktemp("dialects")) / "demo.db")
    yield ground
    ground.close()


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    database = connect(request.getfixturevalue(f"{request.param}_demo"))
    yield database
    database.close()


def run(database: Database, sql: str, values: dict[str, str | int]) -> tuple[SafeSQL, Result]:
    verdict = check(sql, database.schema(), database.dialect)
    assert isinstance(verdict, SafeSQL), f"{verdict}\n{sql}"
    try:
        return verdict, database.execute(verdict, {n: values[n] for n in verdict.parameters}, WIDE)
    except DatabaseError as error:
        raise AssertionError(f"{sql}\n{verdict.sql}\n{error.detail}") from error


def difference(ground: Ground, server: Database, sql: str, values: dict[str, str | int]) -> str | None:
    """What is wrong with the SQL on the server; None when the rows are those of SQLite."""
    _, wanted = run(ground.database, sql, values)
    verdict, got = run(server, sql, values)
    if execution_match(wanted, got, same_tables=True):
        return None
    if wanted.rows and (_LIMIT.search(sql) or "ROW_NUMBER" in sql):  # which of the tied rows stay is not said
        ties = _with_ties(sql)
        if execution_match(run(ground.database, ties, values)[1], run(server, ties, values)[1], same_tables=True):
            return None
    return f"{sql}\n{verdict.sql}\n{wanted.rows[:3]}\n{got.rows[:3]}"


def test_gold_queries_give_the_same_rows(ground: Ground, server: Database) -> None:
    assert len(GOLD) > 150
    assert [d for sql in GOLD if (d := difference(ground, server, sql, {}))] == []


def test_what_ran_runs_again_as_it_stands(ground: Ground, server: Database) -> None:
    for sql in GOLD[::5]:
        verdict, first = run(server, sql, {})
        again = check(verdict.filled({}), server.schema(), server.dialect, read=server.dialect)
        assert isinstance(again, SafeSQL), (again, verdict.sql)
        assert execution_match(first, server.execute(again, {}, WIDE)), verdict.sql


def corpus_differences(ground: Ground, server: Database, step: int) -> list[str]:
    found = []
    for name, intent in intents()[::step]:
        if name in WHOLE_NUMBERS:
            continue
        values = {**ground.values(intent.slots, intent.sql), **bounds()}
        for sql in (intent.sql, ground.expanded(shorten(intent.sql, ground.shorthand))):
            if wrong := difference(ground, server, sql, values):
                found.append(wrong)
    return found


def test_some_of_the_corpus_gives_the_same_rows(ground: Ground, server: Database) -> None:
    assert corpus_differences(ground, server, 19) == []


@pytest.mark.slow
def test_all_of_the_corpus_gives_the_same_rows(ground: Ground, server: Database) -> None:
    assert corpus_differences(ground, server, 1) == []


EXPRESSIONS = [
    "date('2026-03-31', '-1 month')", "date('2024-02-29', '+1 year')", "date('2026-01-31', '+1 month', '-1 day')",
    "date('2026-08-31', 'start of month', '-1 month')", "date('2026-11-22', 'weekday 1')",
    "date('2026-11-22', 'weekday 0')", "date('2026-05-17', '-' || 3 || ' months')", "date('2026-05-17 10:11:12')",
    "datetime('2026-05-17 10:11:12', '+36 hours')", "datetime('2026-05-17', '-90 minutes')",
    "strftime('%Y-%m-%d %H:%M:%S', '2026-05-17 10:11:12')", "strftime('%w', '2026-11-22')",
    "strftime('%W', '2026-01-04')", "strftime('%W', '2026-01-05')", "strftime('%W', '2026-12-31')",
    "strftime('%j', '2024-12-31')", "strftime('%s', '2026-05-17 10:11:12')", "strftime('%d.%m.%Y', '2026-05-17')",
    "strftime('week %W of %Y', '2026-05-17')",
    "julianday('2026-05-17')", "julianday('2026-05-17 12:30:00')", "julianday('2026-05-17') - julianday('2026-05-10')",
    "(julianday('2026-05-17') - julianday('2026-05-10')) / 2", "unixepoch('2026-05-17')", "time('2026-05-17 10:11:12')",
    "7 / 2", "7.0 / 2", "-7 / 2", "7 % 3", "1 / 0", "1.5 / 0", "CAST(7.9 AS INTEGER)", "CAST(-7.9 AS INTEGER)",
    "ROUND(2.345, 2)", "ROUND(-2.5)", "1 = 1", "(2 > 1) + (3 > 2)", "'a' || 1 || 'b'", "substr('abcdef', -3)",
    "substr('abcdef', 2, 3)", "'ABC' LIKE 'abc%'", "'ABC' NOT LIKE '%d%'", "'abc' GLOB 'a*'", "'Abc' GLOB 'a*'",
    "IFNULL(NULL, 3)", "IIF(1 > 2, 'a', 'b')", "MAX(1, 3, 2)", "printf('%.2f', 3.14159)", "printf('%d of %s', 3, 'x')",
    "MAX(NULLIF(1, 1), 2)", "MIN(3, NULL)",
    "NULL IS NULL", "1 IS NOT 2", "LOG10(1000)", "LENGTH(12345)", "instr('hello', 'l')", "COALESCE(NULL, 'x')",
]


def test_single_expressions_have_the_same_value(ground: Ground, server: Database) -> None:
    wrong = []
    for expression in EXPRESSIONS:
        sql = f"SELECT {expression} AS x"
        wanted, got = run(ground.database, sql, {})[1], run(server, sql, {})
        if not execution_match(wanted, got[1]):
            wrong.append(f"{expression}: {wanted.rows} {got[1].rows} {got[0].sql}")
    assert wrong == []


QUERIES = [
    "SELECT strftime('%Y', order_date) AS y, COUNT(*) FROM orders GROUP BY y ORDER BY y",
    "SELECT name, COUNT(*) AS n FROM customers JOIN orders ON orders.customer_id = customers.id "
    "GROUP BY customers.id HAVING n > 20 ORDER BY n DESC, name",
    "SELECT unit_price - unit_cost AS margin, name FROM products WHERE margin > 100 ORDER BY margin * 2 DESC, name",
    "SELECT country, name, MAX(signup_date) FROM customers GROUP BY country ORDER BY country",
    "SELECT SUM(status = 'cancelled'), AVG(channel = 'web') FROM orders",
    "SELECT COUNT(*) FROM employees WHERE is_active AND NOT is_active - 1",
    "SELECT shipped_date FROM orders ORDER BY shipped_date, id LIMIT 3",
    "SELECT COUNT(*) FROM orders WHERE order_date LIKE '2025-0%'",
    "SELECT COUNT(*) FROM orders WHERE substr(order_date, 1, 7) = '2025-03'",
    "SELECT COUNT(*) FROM orders WHERE order_date >= '2025-03'",
    "SELECT COUNT(*) FROM orders WHERE order_date >= strftime('%Y-%m-01', '2025-03-17')",
    "SELECT strftime('%Y', order_date) - strftime('%Y', required_date) AS d, COUNT(*) FROM orders GROUP BY 1",
    "SELECT COALESCE(shipped_date, 'not yet') AS s, COUNT(*) FROM orders GROUP BY 1 ORDER BY 1 DESC LIMIT 2",
    "SELECT COUNT(*) FILTER (WHERE status = 'pending'), SUM(id) FILTER (WHERE id < 9) FROM orders",
    "SELECT name FROM products WHERE id IN (SELECT id FROM products ORDER BY id LIMIT 3) ORDER BY name",
    "SELECT x.n FROM (SELECT COUNT(*) AS n FROM orders) AS x JOIN (SELECT 1 AS m) AS y",
    "SELECT n FROM (SELECT COUNT(*) AS n FROM returns)",
    "SELECT segment, COUNT(*) * 100 / (SELECT COUNT(*) FROM customers) FROM customers GROUP BY segment ORDER BY 1",
    "SELECT channel, COUNT(*) / SUM(COUNT(*)) OVER () FROM orders GROUP BY channel ORDER BY channel",
    "SELECT total(amount) > 5 FROM payments WHERE id < 0",
]


def test_single_queries_give_the_same_rows(ground: Ground, server: Database) -> None:
    assert [d for sql in QUERIES if (d := difference(ground, server, sql, {}))] == []


def test_values_travel_as_parameters_everywhere(ground: Ground, server: Database) -> None:
    sql = "SELECT COUNT(*) FROM orders WHERE order_date >= :d0 AND order_date < date(:d1, '-1 month') AND id > :n0"
    values: dict[str, str | int] = {"d0": "2025-01-01", "d1": "2025-09-01", "n0": 10}
    assert difference(ground, server, sql, values) is None
    verdict, result = run(server, sql, values)
    assert ":d0" in verdict.sql and "'2025-01-01'" in verdict.filled(values)
    again = check(verdict.filled(values), server.schema(), server.dialect, read=server.dialect)
    assert isinstance(again, SafeSQL) and server.execute(again, {}).rows == result.rows


@pytest.mark.parametrize(
    "sql",
    ["SELECT date('now', 'no such word')", "SELECT strftime('%Q', 'now')",
     "SELECT name FROM customers WHERE name GLOB '[a]*'", "SELECT printf('%5.2e', 3)",
     "SELECT date('now', name) FROM customers"],
)
def test_what_has_no_words_is_refused(sql: str) -> None:
    verdict = check(sql, SHOP, "postgres")
    assert isinstance(verdict, Rejected) and verdict.code == "unsupported"


def test_written_in_the_words_of_each() -> None:
    sql = "SELECT strftime('%Y-%m', order_date) AS m, COUNT(*) FROM orders GROUP BY m"
    assert "TO_CHAR(" in safe(sql, "postgres").sql and "DATE_FORMAT(" in safe(sql, "mysql").sql
