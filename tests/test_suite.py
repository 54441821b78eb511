"""Judging on copies: luck is found out, what a copy leaves open is held against no one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.database import Result
from eval_harness.campaign import Place, ask_all, judge_all
from eval_harness.evaluate import Prediction
from eval_harness.example import Example
from eval_harness.measures import EvalReport, Share, Verdict
from eval_harness.run_sql import DatabaseError, remembered

TABLES = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);"
ROWS = ("(1, 'Ann', 30), (2, 'Bob', 40)", "(1, 'Ann', 30), (2, 'Bob', 35), (3, 'Cem', 35)", "(1, 'Ann', 20)")
OLDEST = "SELECT name FROM people ORDER BY age DESC LIMIT 1"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    scripts = [f"INSERT INTO people VALUES {rows};" for rows in ROWS]
    return tuple(str(write(tmp_path / f"{number}.sqlite", script)) for number, script in enumerate(scripts))


def write(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES + script)
    return path


def report(files: tuple[str, ...], gold: str, sql: str | None, ordered: bool = False, **place: int) -> EvalReport:
    prediction = Prediction("answered" if sql else "refused", sql)
    return judge_all([Example("e", "?", (gold,), ordered=ordered)], [prediction], {"": Place(files, **place)})


def verdict(files: tuple[str, ...], gold: str, sql: str, ordered: bool = False) -> Verdict:
    return report(files, gold, sql, ordered).examples[0]


def test_luck_is_found_out(files: tuple[str, ...]) -> None:
    gold, sql = "SELECT name FROM people WHERE age > 35", "SELECT name FROM people WHERE age >= 35"
    lucky = verdict(files, gold, sql)
    assert (lucky.correct, lucky.execution_correct, lucky.sql_correct, lucky.reason) == (False, False, False, "lucky")
    assert lucky.variants == {
        "bird": True, "defog": True, "exact": False, "one_database": True, "test_suite": False,
        "spider_test_suite": False,
    }  # fmt: skip
    assert verdict(files[:1], gold, sql).correct
    assert "test_suite" not in verdict(files[:1], gold, sql).variants
    assert verdict(files, gold, "SELECT name FROM people WHERE 35 < age").correct


def test_the_report_names_both_numbers(files: tuple[str, ...]) -> None:
    whole = report(files, "SELECT name FROM people WHERE age > 35", "SELECT name FROM people WHERE age >= 35")
    assert whole.answer_accuracy == whole.variants["test_suite"] == Share(1, 0)
    assert whole.variants["one_database"] == Share(1, 1)


def test_extra_columns_and_other_rules(files: tuple[str, ...]) -> None:
    wider = verdict(files, "SELECT name FROM people", "SELECT name, age FROM people")
    assert (wider.correct, wider.execution_correct) == (True, False)
    assert {name for name, holds in wider.variants.items() if holds} == {"defog", "one_database", "test_suite"}


def test_empty_results_of_a_copy_speak_for_no_one(files: tuple[str, ...]) -> None:
    gold = "SELECT name FROM people WHERE age > 30"  # nobody on the last copy
    sql = "SELECT p.name FROM people AS p JOIN people AS q ON p.id = q.id WHERE p.age > 30"
    assert verdict(files, gold, sql).correct


def test_one_gold_query_must_match_everywhere(files: tuple[str, ...]) -> None:
    example = Example("e", "?", ("SELECT MAX(age) FROM people", "SELECT 40"))
    places = {"": Place(files)}
    right = judge_all([example], [Prediction("answered", "SELECT age FROM people ORDER BY age DESC LIMIT 1")], places)
    assert right.examples[0].correct
    mixed = "SELECT CASE WHEN COUNT(*) = 3 THEN 40 ELSE MAX(age) END FROM people"
    assert judge_all([example], [Prediction("answered", mixed)], places).examples[0].reason == "lucky"


def test_a_tie_that_only_a_copy_has_is_held_against_no_one(files: tuple[str, ...]) -> None:
    oldest_first = "SELECT name FROM people ORDER BY age DESC, id DESC LIMIT 1"
    assert verdict(files, OLDEST, oldest_first).correct
    assert not verdict(files, OLDEST, OLDEST.replace("DESC", "ASC")).correct
    everyone = "SELECT name FROM people ORDER BY age DESC"
    assert verdict(files, everyone, everyone + ", id DESC", ordered=True).correct
    assert not verdict(files, everyone, "SELECT name FROM people ORDER BY name DESC, 1 LIMIT 2", ordered=True).correct


def test_sql_that_fails_on_a_copy_is_wrong_and_gold_that_fails_there_says_nothing(tmp_path: Path) -> None:
    good = write(tmp_path / "a.sqlite", f"INSERT INTO people VALUES {ROWS[0]};")
    bare = tmp_path / "b.sqlite"
    with closing(sqlite3.connect(bare)) as connection:
        connection.executescript("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT);")
    pair = (str(good), str(bare))
    assert not verdict(pair, "SELECT COUNT(*) * 0 FROM people", "SELECT SUM(age) * 0 FROM people").correct
    assert verdict(pair, "SELECT SUM(age) FROM people", "SELECT 70").correct


def test_holding_back_is_right_by_no_rule(files: tuple[str, ...]) -> None:
    for status, counts in (("unsure", True), ("refused", False), ("failed", False)):
        held = judge_all([Example("e", "?", (OLDEST,))], [Prediction(status, OLDEST)], {"": Place(files)})
        assert all(counts == holds for holds in held.examples[0].variants.values()), status
        assert held.examples[0].sql_correct
    refused = report(files, OLDEST, None)
    assert refused.variants == {} and refused.answer_accuracy == Share(1, 0)


def test_fuzz_finds_luck_on_one_database(files: tuple[str, ...]) -> None:
    gold, sql = "SELECT name FROM people WHERE age > 35", "SELECT name FROM people WHERE age >= 35"
    assert report(files[:1], gold, sql).examples[0].correct
    assert report(files[:1], gold, sql, fuzz=3).examples[0].reason == "lucky"
    assert report(files[:1], gold, gold, fuzz=3).examples[0].correct


def test_several_databases_and_processes_give_the_same_report(files: tuple[str, ...]) -> None:
    examples = [Example(str(n), "?", (OLDEST,), database=str(n % 3)) for n in range(6)]
    predictions = [Prediction("answered", OLDEST if n < 4 else "SELECT 1", latency_ms=n) for n in range(6)]
    places = {str(n): Place((url,), fuzz=2) for n, url in enumerate(files)}
    seen: list[int] = []
    alone = judge_all(examples, predictions, places, watch=seen.append)
    assert sum(seen) == 6 and [v.id for v in alone.examples] == list("012345")
    assert [v.correct for v in alone.examples] == [True] * 4 + [False] * 2
    assert judge_all(examples, predictions, places, jobs=2) == alone


def test_a_place_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database file"):
        report((str(tmp_path / "none.sqlite"),), OLDEST, OLDEST)
    (tmp_path / "bad.sqlite").write_text("no database")
    with pytest.raises(DatabaseError, match="could not be copied"):
        report((str(tmp_path / "bad.sqlite"),), OLDEST, OLDEST, fuzz=1)


def test_the_bots_sql_passes_the_guard(files: tuple[str, ...]) -> None:
    write_it = Prediction("answered", "DELETE FROM people")
    guarded = judge_all([Example("e", "?", (OLDEST,))], [write_it], {"": Place(files, guard=True)})
    assert (guarded.guard_rejections, guarded.examples[0].reason) == (1, "rejected")
    held = judge_all([Example("e", "?", (OLDEST,))], [write_it], {"": Place(files)})
    assert (held.database_errors, held.examples[0].reason) == (1, "error")


def test_asking_measures_time_where_the_bot_does_not() -> None:
    examples = [Example("a", "a", ()), Example("b", "b", ())]
    made = ask_all(lambda e: Prediction("refused", latency_ms=5.0 if e.id == "a" else None), examples)
    assert made[0].latency_ms == 5.0 and made[1].latency_ms is not None and 0 <= made[1].latency_ms < 1000


def test_remembering_is_bounded_and_keeps_errors() -> None:
    asked: list[str] = []

    def run(sql: str) -> Result:
        asked.append(sql)
        if sql == "bad":
            raise DatabaseError("failed", "No.")
        return Result(("a",), ((1,),) * 6)

    kept = remembered(run, cells=10)
    for sql in ("one", "one", "bad", "bad"):
        if sql == "bad":
            with pytest.raises(DatabaseError):
                kept(sql)
        else:
            kept(sql)
    assert asked == ["one", "bad"]
    kept("two"), kept("one")
    assert asked == ["one", "bad", "two", "one"]
