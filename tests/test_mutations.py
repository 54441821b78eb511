"""Mutated gold: each mistake is one, rewrites keep the meaning, and the study counts them."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eval_harness.example import Example
from eval_harness.mutate import KINDS, Kind, Known, mutate
from eval_harness.mutations import Study, main, study_database, summary
from tests.tiny_student import build_database

KNOWN = Known(
    {"people": frozenset({"id", "name", "age"}), "pets": frozenset({"id", "owner", "kind"})},
    {("pets", "kind"): ["cat", "dog"]},
)
JOINED = "SELECT name FROM people JOIN pets ON people.id = pets.owner WHERE kind = 'cat' AND age > 3"
CHANGES: dict[str, tuple[Kind, str, set[str | None]]] = {
    "a stored text": ("literal", "SELECT id FROM pets WHERE kind = 'cat'", {"SELECT id FROM pets WHERE kind = 'dog'"}),
    "a number": (
        "literal", "SELECT id FROM pets LIMIT 2", {f"SELECT id FROM pets LIMIT {n}" for n in (1, 3, 7)}
    ),
    "a comparison": (
        "comparison", "SELECT id FROM people WHERE age >= 3",
        {f"SELECT id FROM people WHERE age {sign} 3" for sign in (">", "<=")},
    ),
    "not a join": ("comparison", "SELECT name FROM people JOIN pets ON people.id = owner", {None}),
    "a column of the same table": (
        "column", "SELECT p.name FROM people AS p", {f'SELECT p."{c}" FROM people AS p' for c in ("id", "age")}
    ),
    "an aggregate": (
        "aggregate", "SELECT MAX(age) FROM people", {f"SELECT {f}(age) FROM people" for f in ("MIN", "SUM", "AVG")}
    ),
    "a forgotten DISTINCT": (
        "aggregate", "SELECT COUNT(DISTINCT age) FROM people", {"SELECT COUNT(age) FROM people"}
    ),
    "nothing to change": ("aggregate", "SELECT age FROM people", {None}),
    "no query": ("literal", "DELETE FROM people", {None}),
    "other side": ("same meaning", "SELECT id FROM people WHERE age >= 3", {"SELECT id FROM people WHERE 3 <= age"}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "sql", "allowed"), CHANGES.values(), ids=CHANGES)
def test_one_change(kind: Kind, sql: str, allowed: set[str | None]) -> None:
    assert {mutate(sql, kind, KNOWN, random.Random(seed)) for seed in range(40)} == allowed


def test_rewrites_give_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "d.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE people (id, name, age); CREATE TABLE pets (id, owner, kind);"
            "INSERT INTO people VALUES (1, 'Ann', 3), (2, 'Bob', 5), (3, 'Cem', 9);"
            "INSERT INTO pets VALUES (1, 2, 'cat'), (2, 3, 'cat'), (3, 3, 'dog');"
        )
        for sql in (JOINED, "SELECT COUNT(*) FROM people WHERE NOT age BETWEEN 4 AND 6 OR id = 1"):
            for seed in range(20):
                rewritten = mutate(sql, "same meaning", KNOWN, random.Random(seed))
                assert rewritten is not None and rewritten != sql
                rows = connection.execute(rewritten).fetchall()
                assert sorted(rows) == sorted(connection.execute(sql).fetchall())


def test_the_study_catches_more_with_copies_and_raises_no_false_alarm(tmp_path: Path) -> None:
    path = tmp_path / "shops.sqlite"
    build_database(path)
    gold = [
        "SELECT COUNT(*) FROM sales WHERE amount > 499.99",
        "SELECT city, SUM(amount) FROM sales JOIN shops ON shops.id = shop_id WHERE item = 'rug' GROUP BY city",
        "SELECT name FROM shops ORDER BY name LIMIT 1",
        "SELECT MAX(amount) FROM sales WHERE sold_on >= '2026-01-01' AND shop_id = 9",
    ]
    mutants = study_database(path, [Example(str(n), "?", (sql,)) for n, sql in enumerate(gold)], Study(3, 4))
    counts = summary(mutants)
    assert set(counts) == {"mistakes", *KINDS}
    assert counts["mistakes"]["caught_with_fuzz"] >= counts["mistakes"]["caught_without_fuzz"] > 0
    assert counts["mistakes"]["caught_with_fuzz"] <= counts["mistakes"]["changes"] <= counts["mistakes"]["n"]
    assert counts["same meaning"]["called_wrong_with_fuzz"] == 0


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_database(tmp_path / "shops.sqlite")
    examples = [{"question": "?", "query": "SELECT COUNT(*) FROM sales WHERE shop_id = 2", "db_id": "shops"}]
    file, out = tmp_path / "dev.json", tmp_path / "out.json"
    file.write_text(json.dumps(examples), encoding="utf-8")
    options = [str(file), "--databases", str(tmp_path), "--fuzz", "1", "--independent", "2", "--json", str(out)]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "caught with fuzz" in printed and "same meaning" in printed
    assert set(json.loads(out.read_text("utf-8"))) == {"counts", "missed", "false_alarms"}
    assert main([str(tmp_path / "none.json"), "--databases", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
