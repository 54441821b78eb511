"""Always-true filters, constants, filters without effect, slots passed over: told from honest SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlglot import exp

from bot.database import connect
from bot.glossary import load_glossary
from bot.guard import SafeSQL, check
from kd_training.claims import _run
from kd_training.questions import Ground
from kd_training.suspicions import constant, hidden_characters, idle_filter, partly_constant, passed_over
from kd_training.truisms import truism
from tests.vouching import TODAY

ALWAYS = [
    "1 = 1", "1", "2 > 1", "'a' = 'a'", "NOT 1 = 0", "price = price", "price >= price", "price > 5 OR price <= 5",
    "price = 5 OR NOT price = 5", "name LIKE '%'", "name LIKE '%%'", "name IS NULL OR name IS NOT NULL",
    "price > 5 OR 1 = 1", "(name = 'x' AND price > 2) OR price = price", "price BETWEEN price AND price",
    "price IN (1, price)", "NOT (name = 'desk' AND 1 = 0)", "name = 'desk' AND 1 = 1", "name IS name",
    "price = 1 OR price <> 1 OR name = 'x'", "COALESCE(name, 'x') = COALESCE(name, 'x')",
]  # fmt: skip
HONEST = [
    "price > 5", "name = 'desk'", "price > 5 OR name = 'desk'", "name LIKE 'd%'", "name IS NOT NULL",
    "price BETWEEN 5 AND 10", "id IN (SELECT id FROM item WHERE price > 50)", "price < 5 OR price > 10",
    "NOT name = 'desk'", "price = id", "LENGTH(name) > 3", "price > 5 OR price <= 4",
]  # fmt: skip


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    path = tmp_path_factory.mktemp("odd") / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC, made DATE);"
            "INSERT INTO item VALUES (1, 'lamp', 12.5, '2026-10-03'), (2, 'desk', 349, '2026-10-07'),"
            "(3, 'chair', 80, '2026-11-01')"
        )
    database = connect(f"sqlite:///{path}")
    yield Ground.of(database, load_glossary(None), TODAY)
    database.close()


def tree(ground: Ground, sql: str) -> exp.Expr:
    safe = check(sql, ground.schema)
    assert isinstance(safe, SafeSQL), safe
    return safe.tree


@pytest.mark.parametrize("condition", ALWAYS)
@pytest.mark.parametrize(
    "form",
    [
        "SELECT COUNT(*) FROM item WHERE {}",
        "SELECT name FROM item WHERE price > 3 AND ({})",
        "SELECT name FROM item WHERE id IN (SELECT id FROM item WHERE {})",
        "SELECT SUM(CASE WHEN {} THEN price ELSE 0 END) FROM item",
    ],
)
def test_conditions_that_are_always_true(ground: Ground, condition: str, form: str) -> None:
    assert truism(tree(ground, form.format(condition))) is not None


def test_joins_and_groups_too(ground: Ground) -> None:
    joined = "SELECT COUNT(*) FROM item JOIN item AS other ON item.id = other.id OR 1 = 1"
    assert truism(tree(ground, joined)) is not None
    grouped = "SELECT name, COUNT(*) FROM item GROUP BY name HAVING COUNT(*) = COUNT(*)"
    assert truism(tree(ground, grouped)) is not None


@pytest.mark.parametrize("condition", HONEST)
def test_honest_conditions(ground: Ground, condition: str) -> None:
    assert truism(tree(ground, f"SELECT COUNT(*) FROM item WHERE {condition}")) is None


@pytest.mark.parametrize(
    ("shown", "whole", "part"),
    [
        ("42", True, True), ("'x', 1 + 1", True, True), ("MAX(42)", True, True), ("name, 42", False, True),
        ("CASE WHEN 1 = 2 THEN 3 END", True, True), ("COUNT(*)", False, False), ("*", False, False),
        ("SUM(price) / COUNT(*)", False, False), ("MAX(price), COUNT(id)", False, False),
    ],
)  # fmt: skip
def test_constants(ground: Ground, shown: str, whole: bool, part: bool) -> None:
    query = tree(ground, f"SELECT {shown} FROM item")
    assert (constant(query), partly_constant(query)) == (whole, part)


@pytest.mark.parametrize(
    ("question", "sql", "over"),
    [
        ("items that cost more than 50", "SELECT name FROM item WHERE price > 50", False),
        ("items that cost more than 50", "SELECT name FROM item", True),
        ("the first 2 items", "SELECT name FROM item ORDER BY id LIMIT 2", False),
        ("items made last month", "SELECT name FROM item WHERE made >= '2026-10-01' AND made < '2026-11-01'", False),
        ("items made in 2026", "SELECT name FROM item WHERE STRFTIME('%Y', made) = '2026'", False),
        ("items made last month", "SELECT name FROM item WHERE made >= '2024-01-01'", True),
        ("what does the desk cost?", "SELECT price FROM item WHERE name = 'desk'", False),
        ("what does the desk cost?", "SELECT price FROM item WHERE name LIKE '%Desk%'", False),
        ("what does the desk cost?", "SELECT MAX(price) FROM item", True),
        ("how many items are there?", "SELECT COUNT(*) FROM item", False),
    ],
)
def test_slots_passed_over(ground: Ground, question: str, sql: str, over: bool) -> None:
    assert passed_over(tree(ground, sql), ground.link(question)) == over


@pytest.mark.parametrize(
    ("question", "sql", "idle"),
    [
        ("how many items?", "SELECT COUNT(*) FROM item WHERE id > 0", True),
        ("how many items?", "SELECT COUNT(*) FROM item WHERE LENGTH(name) >= 0", True),
        ("how many items?", "SELECT COUNT(*) FROM item WHERE price > -1 AND name <> 'zebra'", True),
        ("items over 50", "SELECT COUNT(*) FROM item WHERE price > 50 AND id > 0", True),
        ("items over 50", "SELECT COUNT(*) FROM item WHERE price > 50", False),
        ("items over 5", "SELECT COUNT(*) FROM item WHERE price > 5", False),
        ("items over 5", "SELECT COUNT(*) FROM item WHERE price > 5 OR id > 0", True),
        ("how many items?", "SELECT COUNT(*) FROM item WHERE name <> 'desk'", False),
    ],
)
def test_filters_that_change_nothing(ground: Ground, question: str, sql: str, idle: bool) -> None:
    query = tree(ground, sql)
    result = _run(query, ground)
    assert result is not None
    found = idle_filter(query, ground.link(question), None, result, lambda changed: _run(changed, ground))
    assert (found is not None) == idle


def test_a_filter_that_the_student_wrote_is_not_odd(ground: Ground) -> None:
    query = tree(ground, "SELECT COUNT(*) FROM item WHERE id > 0")
    result = _run(query, ground)
    assert result is not None
    assert idle_filter(query, ground.link("how many?"), query, result, lambda changed: _run(changed, ground)) is None


@pytest.mark.parametrize(
    ("question", "hidden"),
    [("how many items\u200b are there?", True), ("how\u2060many", True), ("\u202ehow many", True), ("how\x07", True),
     ("how many\n items?", False), ("wie viele Stühle gibt es? 椅子", False)],
)  # fmt: skip
def test_characters_that_nobody_sees(question: str, hidden: bool) -> None:
    assert hidden_characters(question) == hidden
