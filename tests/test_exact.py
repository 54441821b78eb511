"""Exact match on the canonical tree: what is the same query, and what only looks like it."""

from __future__ import annotations

import pytest

from bot.schema import Column, Schema, Table
from eval_harness.exact import exact_match

SCHEMA = Schema(
    "sqlite",
    (
        Table("People", (Column("id", "integer"), Column("Name", "text"), Column("age", "integer"))),
        Table("pets", (Column("id", "integer"), Column("owner_id", "integer"), Column("kind", "text"))),
    ),
)

SAME = {
    "blanks and semicolons": ("SELECT name FROM people", "SELECT  name\nFROM people ;"),
    "letter case": ("SELECT Name FROM People", "select NAME from PEOPLE"),
    "aliases of tables": ("SELECT p.name FROM people AS p", "SELECT name FROM people"),
    "aliases of columns": ("SELECT name AS who FROM people", "SELECT name FROM people"),
    "quoted names": ('SELECT "name" FROM `people`', "SELECT name FROM people"),
    "order of conditions": (
        "SELECT name FROM people WHERE age > 3 AND id = 1",
        "SELECT name FROM people WHERE id = 1 AND age > 3",
    ),
    "nested conditions": (
        "SELECT name FROM people WHERE age > 3 AND (id = 1 OR id = 2)",
        "SELECT name FROM people WHERE (id = 2 OR id = 1) AND age > 3",
    ),
    "the side of a constant": ("SELECT name FROM people WHERE age > 3", "SELECT name FROM people WHERE 3 < age"),
    "BETWEEN": (
        "SELECT name FROM people WHERE age BETWEEN 3 AND 5",
        "SELECT name FROM people WHERE age <= 5 AND age >= 3",
    ),
    "not BETWEEN": (
        "SELECT name FROM people WHERE NOT age BETWEEN 3 AND 5 AND id = 1",
        "SELECT name FROM people WHERE id = 1 AND age NOT BETWEEN 3 AND 5",
    ),
    "two spellings of unequal": (
        "SELECT name FROM people WHERE age != 3",
        "SELECT name FROM people WHERE age <> 3",
    ),
    "order of an IN list": (
        "SELECT name FROM people WHERE age IN (3, 4)",
        "SELECT name FROM people WHERE age IN (4, 3)",
    ),
    "a text in double quotes": (
        'SELECT name FROM people WHERE name = "Ann B"',
        "SELECT name FROM people WHERE name = 'Ann B'",
    ),
    "order of a join": (
        "SELECT T1.name FROM people AS T1 JOIN pets AS T2 ON T1.id = T2.owner_id WHERE kind = 'cat'",
        "SELECT people.name FROM pets JOIN people ON pets.owner_id = people.id WHERE pets.kind = 'cat'",
    ),
    "a join in WHERE": (
        "SELECT name FROM people JOIN pets ON people.id = owner_id",
        "SELECT name FROM people, pets WHERE owner_id = people.id",
    ),
    "in a subquery": (
        "SELECT name FROM people WHERE id IN (SELECT owner_id FROM pets WHERE kind = 'cat' AND id > 1)",
        "SELECT name FROM people WHERE id IN (SELECT p.owner_id FROM pets p WHERE p.id > 1 AND p.kind = 'cat')",
    ),
}

OTHER = {
    "another column": ("SELECT name FROM people", "SELECT age FROM people"),
    "another literal": ("SELECT name FROM people WHERE age > 3", "SELECT name FROM people WHERE age > 4"),
    "another comparison": ("SELECT name FROM people WHERE age > 3", "SELECT name FROM people WHERE age < 3"),
    "DISTINCT": ("SELECT name FROM people", "SELECT DISTINCT name FROM people"),
    "AND and OR": (
        "SELECT name FROM people WHERE age > 3 AND (id = 1 OR id = 2)",
        "SELECT name FROM people WHERE (age > 3 AND id = 1) OR id = 2",
    ),
    "NOT of a part": (
        "SELECT name FROM people WHERE NOT (age > 3 AND id = 1)",
        "SELECT name FROM people WHERE NOT age > 3 AND id = 1",
    ),
    "letter case of a text": (
        "SELECT id FROM pets WHERE kind = 'Cat'",
        "SELECT id FROM pets WHERE kind = 'cat'",
    ),
    "an outer join": (
        "SELECT name FROM people JOIN pets ON people.id = owner_id",
        "SELECT name FROM people LEFT JOIN pets ON people.id = owner_id",
    ),
    "order of columns": ("SELECT name, age FROM people", "SELECT age, name FROM people"),
    "order of arithmetic": ("SELECT age - id FROM people", "SELECT id - age FROM people"),
    "no SQL": ("SELECT name FROM people", "SELECT FROM WHERE"),
    "no query": ("SELECT name FROM people", "DROP TABLE people"),
}


@pytest.mark.parametrize(("gold", "predicted"), SAME.values(), ids=SAME)
def test_the_same_query(gold: str, predicted: str) -> None:
    assert exact_match(gold, predicted, SCHEMA)
    assert exact_match(predicted, gold, SCHEMA)


@pytest.mark.parametrize(("gold", "predicted"), OTHER.values(), ids=OTHER)
def test_another_query(gold: str, predicted: str) -> None:
    assert not exact_match(gold, predicted, SCHEMA)
    assert not exact_match(predicted, gold, SCHEMA)


def test_the_prediction_may_be_in_another_dialect() -> None:
    assert exact_match("SELECT name FROM people", "SELECT `name` FROM `people`", SCHEMA, "mysql")
