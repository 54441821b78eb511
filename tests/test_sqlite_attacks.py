"""Each attack runs twice: the guard rejects it, and the engine holds when the guard is off."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.databases.sqlite import SQLite
from bot.guard import Rejected, check
from bot.schema import Schema
from demo.build import build

ATTACKS_FILE = Path(__file__).parent / "attacks" / "sqlite.jsonl"
ATTACKS = [json.loads(line) for line in ATTACKS_FILE.read_text("utf-8").splitlines()]
OUTSIDE = (Path("/tmp/mynah-attack.db"), Path("/tmp/mynah-attack.txt"))  # what some attacks try to write

# What the engine alone does not stop, and why that is all right. Everything else must end in an error.
NO_STATEMENT = "a comment alone is no statement; nothing runs"
ONLY_A_NAME = "an odd name for a result column; it reads and does nothing else"
ONLY_A_VALUE = "a constant; it costs what its text costs"
NO_RESULT = "SQLite gives NULL for a width beyond the length limit, and builds nothing"
SLOW_STEP = "one search between texts at the length limit is one step of some 0.4 s; the clock waits for it"
ENOUGH_ROWS = "gives rows one by one and stops when enough were read"
PLAN = "shows how a permitted query would run; reads no rows"
UNSTOPPED = {
    "comment-06": NO_STATEMENT,
    "comment-08": "SQLite takes an unclosed comment as one that ends with the text",
    "comment-12": NO_STATEMENT,
    "comment-13": NO_STATEMENT,
    "memory-07": NO_RESULT,
    "memory-08": NO_RESULT,
    "memory-09": NO_RESULT,
    "memory-10": "the pattern comes from a column; its result is bounded by the length limit",
    "memory-11": NO_RESULT,
    "memory-12": NO_RESULT,
    "memory-15": "looks for a text that is longer than what it looks in",
    "memory-27": ONLY_A_VALUE,
    "memory-32": SLOW_STEP,
    "memory-35": SLOW_STEP,
    "memory-36": "a pattern of 400 characters ends soon in a text at the length limit",
    "memory-41": ONLY_A_VALUE,
    "memory-42": ONLY_A_VALUE,
    "memory-43": "the format comes from a column; its result is bounded by the length limit",
    "memory-28": "SQLite ignores the size of a type",
    "cross-join-12": ENOUGH_ROWS,
    "cross-join-16": "the tables share one column, so it is a small join on the wrong column",
    "cross-join-22": ENOUGH_ROWS,
    "unicode-10": ONLY_A_NAME,
    "unicode-11": ONLY_A_NAME,
    "quoting-06": ONLY_A_NAME,
    "quoting-07": ONLY_A_NAME,
    "quoting-08": ONLY_A_NAME,
    "quoting-14": ONLY_A_VALUE,
    "quoting-16": ONLY_A_NAME,
    "huge-01": ONLY_A_VALUE,
    "huge-03": ONLY_A_VALUE,
    "huge-04": "many columns of a permitted table; bounded by the limit on bytes",
    "huge-05": ONLY_A_VALUE,
    "huge-06": ONLY_A_VALUE,
    "huge-07": ONLY_A_NAME,
    "nesting-21": "SQLite folds repeated COLLATE; it costs nothing",
    "other-01": PLAN,
    "other-02": PLAN,
    "other-15": ONLY_A_VALUE,
    "other-21": "a hint to the planner",
}
MAY_NEVER_RUN = {
    "write", "returning", "ddl", "pragma", "transaction", "attach", "vacuum", "file", "extension", "several",
    "cte-write", "system", "generator", "placeholder",
}


@pytest.fixture(scope="module")
def database_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("attacked") / "demo.db"
    build(path, date(2026, 11, 22))
    return path


@pytest.fixture(scope="module")
def schema(database_path: Path) -> Schema:
    database = SQLite(str(database_path))
    try:
        return database.schema()
    finally:
        database.close()


@pytest.fixture(scope="module")
def on_engine(database_path: Path) -> dict[str, dict[str, Any]]:
    """What each attack did with the guard off."""
    for path in OUTSIDE:
        path.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.attacks.on_engine", str(database_path), str(ATTACKS_FILE)],
        capture_output=True, text=True, timeout=240, check=True,
        cwd=database_path.parent, env={**os.environ, "PYTHONPATH": str(ATTACKS_FILE.parents[2])},
    )
    return {report["id"]: report for report in map(json.loads, done.stdout.splitlines())}


def test_there_are_enough_attacks_of_each_class() -> None:
    counts = Counter(attack["class"] for attack in ATTACKS)
    assert len(ATTACKS) >= 150
    assert min(counts.values()) >= 4
    assert len({attack["id"] for attack in ATTACKS}) == len(ATTACKS)
    assert len({attack["sql"] for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: str(attack["id"]))
def test_the_guard_rejects(attack: dict[str, str], schema: Schema) -> None:
    verdict = check(attack["sql"], schema)
    assert isinstance(verdict, Rejected)
    assert verdict.message.endswith(".") or verdict.message.endswith("?")


def test_the_engine_stops_what_it_should(on_engine: dict[str, dict[str, Any]]) -> None:
    ran = {name for name, report in on_engine.items() if report["outcome"] == "ran"}
    assert len(on_engine) == len(ATTACKS)
    assert ran - set(UNSTOPPED) == set()


def test_what_is_pinned_as_unstopped_still_runs(on_engine: dict[str, dict[str, Any]]) -> None:
    stopped = {name for name in UNSTOPPED if on_engine[name]["outcome"] != "ran"}
    assert stopped == set() or sqlite3.sqlite_version_info[:2] != (3, 40)  # others stop some of them


def test_nothing_dangerous_is_pinned_as_unstopped() -> None:
    classes = {attack["id"]: attack["class"] for attack in ATTACKS}
    assert not {name for name in UNSTOPPED if classes[name] in MAY_NEVER_RUN}


def test_no_attack_changes_a_file(on_engine: dict[str, dict[str, Any]]) -> None:
    assert {name: report["changed"] for name, report in on_engine.items() if report["changed"]} == {}
    assert [path for path in OUTSIDE if path.exists()] == []


def test_every_attack_ends_soon(on_engine: dict[str, dict[str, Any]]) -> None:
    slow = {name: report["seconds"] for name, report in on_engine.items() if report["seconds"] > 2.0}
    assert slow == {}


def test_memory_stays_bounded(on_engine: dict[str, dict[str, Any]]) -> None:
    assert max(report["peak"] for report in on_engine.values()) < 600
