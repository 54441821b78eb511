"""The guard on PostgreSQL's and MySQL's own SQL: every attack is rejected, every benign query let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from bot.databases.sqlite import SQLite
from bot.guard import Rejected, SafeSQL, check
from bot.schema import Dialect, Schema
from demo.build import build
from tests.guarded_shop import examples

SERVERS: tuple[Dialect, ...] = ("postgres", "mysql")


def cases(kind: str) -> list[object]:
    return [
        pytest.param(dialect, example["sql"], id=f"{dialect}-{example['id']}")
        for dialect in SERVERS
        for example in examples(kind, dialect)
    ]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Schema]:
    path = tmp_path_factory.mktemp("attacked") / "demo.db"
    build(path, date(2026, 11, 22))
    database = SQLite(str(path))
    yield database.schema()
    database.close()


@pytest.mark.parametrize(("dialect", "sql"), cases("attacks"))
def test_attacks_are_rejected(dialect: Dialect, sql: str, schema: Schema) -> None:
    verdict = check(sql, schema, dialect, read=dialect)
    assert isinstance(verdict, Rejected), verdict
    assert verdict.message.endswith((".", "?"))


@pytest.mark.parametrize(("dialect", "sql"), cases("benign"))
def test_benign_queries_pass(dialect: Dialect, sql: str, schema: Schema) -> None:
    verdict = check(sql, schema, dialect, read=dialect)
    assert isinstance(verdict, SafeSQL), verdict
    again = check(verdict.sql, schema, dialect, read=dialect)  # what was written out reads as harmless too
    assert isinstance(again, SafeSQL), again


@pytest.mark.parametrize("dialect", SERVERS)
def test_there_are_enough_of_each(dialect: Dialect) -> None:
    attacks, benign = examples("attacks", dialect), examples("benign", dialect)
    assert len(attacks) >= 150 and len(benign) >= 100
    assert min(Counter(attack["class"] for attack in attacks).values()) >= 3
    for lines in (attacks, benign):
        assert len({line["id"] for line in lines}) == len({line["sql"] for line in lines}) == len(lines)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM generate_series(1, 10001) AS n",
        "SELECT d FROM generate_series('2025-01-01'::date, '2025-12-01', '1 hour') AS d",
        "SELECT d FROM generate_series(CURRENT_DATE - INTERVAL '5000 years', CURRENT_DATE, '1 day') AS d",
        "SELECT d FROM generate_series(to_date('1', 'J'), CURRENT_DATE, '1 day') AS d",
        "SELECT d FROM generate_series('2025-01-01'::date, now() + (SELECT COUNT(*) FROM orders), '1 day') AS d",
    ],
)
def test_a_series_whose_length_cannot_be_told_is_refused(sql: str, schema: Schema) -> None:
    verdict = check(sql, schema, "postgres", read="postgres")
    assert isinstance(verdict, Rejected) and verdict.code == "generator"


def test_a_series_between_stored_days_is_fine(schema: Schema) -> None:
    sql = (
        "SELECT d, COUNT(o.id) FROM generate_series((SELECT MIN(order_date) FROM orders), "
        "(SELECT MAX(order_date) FROM orders), '1 month') AS d LEFT JOIN orders AS o ON o.order_date = d GROUP BY d"
    )
    assert isinstance(check(sql, schema, "postgres", read="postgres"), SafeSQL)
