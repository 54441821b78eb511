"""Copies with other values: what stays, what is hit, and that equal queries stay equal on them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.database import DatabaseError
from eval_harness.fuzz import revalue
from eval_harness.fuzz.backwards import turn_round
from eval_harness.fuzz.conditions import Condition, read_conditions

SHOP = """
CREATE TABLE city (code TEXT PRIMARY KEY, name VARCHAR(20) NOT NULL, founded DATE);
CREATE TABLE person (
    id INTEGER PRIMARY KEY, Name TEXT, "born in" TEXT REFERENCES city (code), age INTEGER CHECK (age > 0),
    height REAL, boss INTEGER REFERENCES person (id), note TEXT, photo BLOB
);
CREATE TABLE buys (person_id INTEGER REFERENCES person, item TEXT, price NUMERIC, PRIMARY KEY (person_id, item));
CREATE TABLE loose (who INTEGER, what TEXT);
CREATE TABLE empty (id INTEGER PRIMARY KEY, kind TEXT, day DATE);
CREATE INDEX by_age ON person (age);
CREATE VIEW adults AS SELECT * FROM person WHERE age >= 18;
CREATE TRIGGER kept AFTER DELETE ON buys BEGIN INSERT INTO loose VALUES (0, 'deleted'); END;
INSERT INTO city VALUES ('osl', 'Oslo', '1040-01-01'), ('rom', 'Rome', '0753-04-21'), ('par', 'Paris', '0250-01-01');
INSERT INTO person VALUES
    (1, 'Ann', 'osl', 30, 1.62, NULL, NULL, x'00ff'), (2, 'Bob', 'rom', 41, 1.75, 1, 'late', NULL),
    (3, 'Cem', 'rom', 30, 1.81, 1, NULL, NULL), (4, 'Dee', 'par', 17, 1.70, 2, 'tall', NULL),
    (5, 'Eva', NULL, 52, 1.55, 2, NULL, NULL), (6, 'Fay', 'osl', 23, 1.68, 1, 'late', NULL);
INSERT INTO buys VALUES (1, 'lamp', 10), (1, 'rug', 99.5), (2, 'lamp', 12), (4, 'chair', 40), (6, 'rug', 80);
INSERT INTO loose VALUES (1, 'a'), (2, 'b'), (3, 'a'), (4, 'c'), (5, 'b');
"""
QUERIES = [
    "SELECT name FROM person WHERE age > 60 AND note = 'early'",
    "SELECT item FROM buys JOIN person ON id = person_id WHERE price >= 50 AND height < 1.6",
    "SELECT what FROM loose JOIN person ON loose.who = person.id",
    "SELECT kind FROM empty WHERE kind LIKE '%new%' AND day > '2024-05-01'",
    'SELECT name FROM city WHERE founded = "1999-12-31"',
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
    return path


@pytest.fixture(scope="module")
def copies(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return revalue(f"sqlite:///{shop}", tmp_path_factory.mktemp("copies"), 8, QUERIES)


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_tables_keys_and_foreign_keys_stay(shop: Path, copies: list[Path]) -> None:
    kept = "SELECT type, name, sql FROM sqlite_master WHERE type <> 'trigger' ORDER BY name"
    for copy in copies:
        assert ask(copy, kept) == ask(shop, kept)
        assert ask(copy, "PRAGMA integrity_check") == [("ok",)]
        assert ask(copy, "PRAGMA foreign_key_check") == []
        assert all(ask(copy, f"SELECT COUNT(*) FROM {table}")[0][0] > 1 for table in ("city", "person", "buys"))


def test_types_stay(shop: Path, copies: list[Path]) -> None:
    columns_of = {"person": ("id", "name", "age", "height", "boss", "note"), "buys": ("item", "price")}
    for table, columns in columns_of.items():
        for column in columns:
            types = f"SELECT DISTINCT typeof({column}) FROM {table}"
            before = set(ask(shop, types)) | {("null",)}
            before |= {("integer",), ("real",)} if column == "price" else set()
            assert all(set(ask(copy, types)) <= before for copy in copies), column
        missing = "SELECT COUNT(*) FROM person WHERE id IS NULL OR name IS NULL"
        assert all(ask(copy, missing) == [(0,)] for copy in copies)


def test_values_change_and_row_counts_too(shop: Path, copies: list[Path]) -> None:
    contents = {tuple(ask(copy, "SELECT name, age, note FROM person ORDER BY id")) for copy in [shop, *copies]}
    assert len(contents) == 9
    assert len({ask(copy, "SELECT COUNT(*) FROM person")[0] for copy in copies}) > 3


def test_literals_and_their_neighbours_are_hit(copies: list[Path]) -> None:
    ages = {age for copy in copies for (age,) in ask(copy, "SELECT age FROM person")}
    assert {59, 60, 61} <= ages
    assert any(ask(copy, QUERIES[0]) for copy in copies)
    assert any(ask(copy, QUERIES[1]) for copy in copies)
    assert {"new"} & {kind for copy in copies for (kind,) in ask(copy, "SELECT trim(kind) FROM empty")}
    days = {day for copy in copies for (day,) in ask(copy, "SELECT day FROM empty")}
    assert {"2024-04-30", "2024-05-01", "2024-05-02"} <= days
    assert any(ask(copy, "SELECT 1 FROM city WHERE founded = '1999-12-31'") for copy in copies)


def test_vocabulary_is_kept(copies: list[Path]) -> None:
    items = {item for copy in copies for (item,) in ask(copy, "SELECT item FROM buys")}
    assert items == {"lamp", "rug", "chair"}
    notes = {note for copy in copies for (note,) in ask(copy, "SELECT note FROM person")}
    assert notes == {None, "late", "tall", "early"}


def test_what_never_repeats_stays_so_and_joined_columns_meet(copies: list[Path]) -> None:
    for copy in copies:
        assert ask(copy, "SELECT COUNT(*) - COUNT(DISTINCT name) FROM person") == [(0,)]
        assert ask(copy, "SELECT COUNT(*) FROM loose WHERE who NOT IN (SELECT id FROM person)") == [(0,)]
        assert ask(copy, "SELECT COUNT(*) FROM person WHERE age = (SELECT MAX(age) FROM person)") == [(1,)]


def test_the_same_seed_gives_the_same_rows(shop: Path, tmp_path: Path, copies: list[Path]) -> None:
    again = revalue(str(shop), tmp_path, 2, QUERIES)
    other = revalue(str(shop), tmp_path, 2, QUERIES, seed=1)
    rows = "SELECT * FROM person ORDER BY id"
    assert [ask(copy, rows) for copy in again] == [ask(copy, rows) for copy in copies[:2]]
    assert ask(again[0], rows) != ask(other[0], rows)


def test_large_tables_are_sampled(tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, f"kind {n % 7}") for n in range(20_000)])
    (copy,) = revalue(str(path), tmp_path, 1, [])
    assert 100 < ask(copy, "SELECT COUNT(*) FROM t")[0][0] < 1_000


def test_what_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database file"):
        revalue(str(tmp_path / "none.db"), tmp_path, 1, [])
    with pytest.raises(DatabaseError, match="SQLite files only"):
        revalue("postgresql://localhost/x", tmp_path, 1, [])


def test_turned_round(shop: Path, tmp_path: Path) -> None:
    turned = turn_round(shop, tmp_path / "turned.db")
    assert ask(turned, "SELECT who FROM loose") == [(n,) for n in (5, 4, 3, 2, 1)]
    assert ask(turned, "SELECT name FROM adults LIMIT 1") == [("Fay",)]
    for table in ("city", "person", "buys", "empty"):
        assert sorted(ask(turned, f"SELECT * FROM {table}"), key=repr) == sorted(
            ask(shop, f"SELECT * FROM {table}"), key=repr
        )


def test_conditions_of_gold_queries() -> None:
    tables = {"person": ["id", "name", "age"], "buys": ["person_id", "item"]}
    asked = read_conditions(
        [
            "SELECT T1.name FROM Person AS T1 JOIN buys AS T2 ON T1.id = T2.person_id WHERE T2.item = 'x' AND 3 < age",
            'SELECT 1 FROM person WHERE name LIKE "%a" AND id IN (4, -5) AND age BETWEEN 1.5 AND 2',
            "SELECT 1 FROM person WHERE id IN (SELECT person_id FROM buys WHERE lower(item) <> 'y')",
            "SELECT COUNT(*) FROM person GROUP BY age HAVING COUNT(*) > 7",
            "SELECT no, SQL",
        ],
        tables,
    )
    assert set(asked.scenarios[0]) == {Condition(("buys", "item"), "=", "x"), Condition(("person", "age"), ">", 3)}
    assert set(asked.scenarios[1]) == {
        Condition(("person", "name"), "like", "%a"), Condition(("person", "id"), "=", 4),
        Condition(("person", "id"), "=", -5), Condition(("person", "age"), ">", 1.5),
        Condition(("person", "age"), "<", 2),
    }  # fmt: skip
    assert asked.scenarios[2:] == ((Condition(("buys", "item"), "=", "y"),),)
    assert asked.links == {(("person", "id"), ("buys", "person_id"))}


cells = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(max_size=4)
declared = st.sampled_from(["", "INTEGER", "TEXT", "REAL", "NUMERIC", "DATE", "INTEGER UNIQUE", "TEXT NOT NULL"])


@given(
    st.lists(declared, min_size=1, max_size=4).flatmap(
        lambda types: st.tuples(st.just(types), st.lists(st.tuples(*[cells] * len(types)), max_size=12))
    ),
    st.lists(st.sampled_from(["c0 = 5", "c0 > 'b'", "c0 LIKE '%_x'", "c0 < 2.5", "c0 = '2020-01-31'"]), max_size=3),
    st.integers(0, 100),
)
@settings(max_examples=40, deadline=None)
def test_any_table_can_be_copied(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[tuple[Any, ...]]],
    conditions: list[str],
    seed: int,
) -> None:
    types, rows = table
    folder = tmp_path_factory.mktemp("any")
    path = folder / "any.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE t ({', '.join(f'c{i} {kind}' for i, kind in enumerate(types))})")
        connection.executemany(f"INSERT OR IGNORE INTO t VALUES ({', '.join('?' * len(types))})", rows)
    gold = [f"SELECT * FROM t WHERE {condition}" for condition in conditions]
    for copy in revalue(str(path), folder, 2, gold, seed):
        assert ask(copy, "PRAGMA integrity_check") == [("ok",)]
