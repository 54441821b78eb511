"""Recursive queries: those that are known to end run, others are refused, and the engine allows no recursion else."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bot.access import Access, Asker
from bot.database import DatabaseError, Limits
from bot.databases.sqlite import SQLite
from bot.guard import Rejected, SafeSQL, check
from bot.schema import Schema
from demo.build import build
from tests.guarded_shop import examples

COUNTER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT COUNT(*) FROM n"
WALK = (
    "WITH RECURSIVE w AS (SELECT id, 0 AS level FROM employees WHERE manager_id IS NULL UNION ALL "
    "SELECT e.id, w.level + 1 FROM employees AS e JOIN w ON e.manager_id = w.id) SELECT COUNT(*) FROM w"
)
KNOWN = [e["sql"] for kind in ("benign", "attacks") for e in examples(kind) if "RECURSIVE" in e["sql"]]
PARTS = re.compile(r"\w+|'[^']*'|\s+|.")
WORDS = sorted({part for sql in KNOWN for part in PARTS.findall(sql) if not part.isspace()})
MOST_STEPS = 20_000  # thousands of the virtual machine's: a walk of 2,400 rows and a join of 20 million stay below


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recursion") / "demo.db"
    build(made, date(2026, 11, 22))
    return made


@pytest.fixture(scope="module")
def database(path: Path) -> Iterator[SQLite]:
    opened = SQLite(str(path))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def schema(database: SQLite) -> Schema:
    return database.schema()


@pytest.mark.parametrize(("sql", "rows"), [
    (COUNTER, 10),
    (COUNTER.replace("i < 10", "10 >= i"), 11),
    (COUNTER.replace("i < 10", "i + 1 <= 10"), 10),
    (COUNTER.replace("SELECT 1 UNION", "VALUES (3) UNION"), 8),
    (COUNTER.replace("SELECT 1", "SELECT 5").replace("i + 1", "i - 1").replace("i < 10", "i > 0 AND i <> 99"), 6),
    (WALK, 120),
])
def test_what_ends_runs(database: SQLite, schema: Schema, sql: str, rows: int) -> None:
    query = check(sql, schema)
    assert isinstance(query, SafeSQL), query
    assert database.execute(query, {}).rows[0] == (rows,)


@pytest.mark.parametrize("sql", [
    COUNTER.replace(" WHERE i < 10", ""),
    COUNTER.replace("i < 10", "i < 10 OR i > 3"),
    COUNTER.replace("i < 10", "i <> 10"),
    COUNTER.replace("i < 10", "i > 0"),
    COUNTER.replace("i < 10", "i < 10001"),
    COUNTER.replace("i + 1", "i + 0"),
    COUNTER.replace("i + 1", "i - 1"),
    COUNTER.replace("i + 1", "i + 0.1"),
    COUNTER.replace("SELECT 1", "SELECT id FROM orders"),
    COUNTER.replace("FROM n WHERE", "FROM n, orders WHERE"),
    WALK.replace("e.manager_id = w.id", "e.manager_id = w.id OR 1 = 1"),
    WALK.replace("e.manager_id = w.id", "e.id = w.id"),
    WALK.replace("e.manager_id = w.id", "e.department_id = w.id"),
    WALK.replace("SELECT e.id, w", "SELECT e.manager_id, w"),
    WALK.replace("AS e JOIN", "AS e LEFT JOIN"),
    WALK.replace("SELECT id, 0", "SELECT department_id, 0"),
])
def test_what_may_not_end_is_refused(schema: Schema, sql: str) -> None:
    verdict = check(sql, schema)
    assert isinstance(verdict, Rejected) and verdict.code == "recursive"


def test_the_engine_lets_only_such_a_query_recur(database: SQLite, schema: Schema) -> None:
    query = check(COUNTER, schema)
    assert isinstance(query, SafeSQL) and query.is_recursive()
    database.execute(query, {})
    for sql in (COUNTER.replace("< 10", "< 11"), COUNTER.replace("i + 1", "i")):
        with pytest.raises(DatabaseError):
            database._run(sql, {}, Limits())


def test_a_walk_sees_only_the_rows_that_its_asker_may_see(database: SQLite, schema: Schema, tmp_path: Path) -> None:
    rules = tmp_path / "access.toml"
    rules.write_text('[[rule]]\n[rule.rows]\nemployees = "is_active = 1"\n')
    query = Access.load(rules).rights(Asker(user="max"), schema).check(WALK, schema)
    assert isinstance(query, SafeSQL), query
    seen = database.execute(query, {}).rows[0][0]
    assert 0 < seen < 120


def test_changed_a_little_they_still_end(path: Path, schema: Schema) -> None:
    rng, connection, ran = random.Random(5), sqlite3.connect(path), 0
    for _ in range(3_000):
        parts = PARTS.findall(rng.choice(KNOWN))
        for _ in range(rng.randint(1, 3)):
            place = rng.randint(0, len(parts))
            parts[place : place + rng.randint(0, 2)] = rng.choices(WORDS, k=rng.randint(0, 2))
        query = check("".join(parts), schema)
        if not isinstance(query, SafeSQL) or not query.is_recursive():
            continue
        steps = iter(range(MOST_STEPS))
        connection.set_progress_handler(lambda steps=steps: next(steps, None) is None, 1_000)
        try:
            connection.execute(query.sql, dict.fromkeys(query.parameters, 1)).fetchall()
            ran += 1
        except sqlite3.OperationalError as error:
            assert "interrupted" not in str(error), query.sql
    connection.close()
    assert ran > 30
