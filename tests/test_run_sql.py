"""Running SQL for measurement on real files: whole results, nothing but reading, and errors that say why."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from bot.database import DatabaseError, Limits, Result, connect
from eval_harness.run_sql import Run, SQLRejected, guarded, read_only, remembered

ENDLESS = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a shop #1.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC, picture BLOB);"
            "INSERT INTO item VALUES (1, 'lamp', 12.5, null),"
            "(2, 'désk', 349, x'00ff'), (3, null, null, null)"
        )
    return path


@pytest.fixture
def run(path: Path) -> Run:
    return read_only(str(path))


def test_returns_columns_and_all_rows(run: Run) -> None:
    result = run("SELECT id, name AS label, price, picture FROM item ORDER BY id")
    assert result.columns == ("id", "label", "price", "picture")
    assert result.rows[:2] == ((1, "lamp", 12.5, None), (2, "désk", 349, "blob, 2 bytes"))
    assert result.rows[2:] == ((3, None, None, None),)
    assert not result.truncated


def test_a_url_does_as_well_as_a_path_and_gold_may_use_any_function(path: Path) -> None:
    run = read_only(f"sqlite:///{path}")
    days = "SELECT julianday('2025-01-02') - julianday('2025-01-01'), date('now') >= '2025'"
    assert run(days).rows == ((1.0, 1),)


def test_columns_without_rows_are_kept(run: Run) -> None:
    result = run("SELECT id, name FROM item WHERE 0")
    assert (result.columns, result.rows) == (("id", "name"), ())


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM item",
        "INSERT INTO item (name) VALUES ('x')",
        "UPDATE item SET price = 0",
        "DROP TABLE item",
        "CREATE TEMP TABLE t (x)",
        "PRAGMA query_only = OFF",
        "ATTACH ':memory:' AS other",
        "VACUUM INTO 'copy.db'",
        "BEGIN IMMEDIATE",
        "SELECT 1; DELETE FROM item",
        "SELECT load_extension('x')",
        "SELECT * FROM missing",
        "SELEC 1",
        "",
    ],
)
def test_what_is_not_a_query_fails_and_changes_nothing(path: Path, run: Run, sql: str) -> None:
    before = path.read_bytes()
    with pytest.raises(DatabaseError) as caught:
        run(sql)
    assert caught.value.kind == "failed"
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name]


def test_time_is_bounded(path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(DatabaseError) as caught:
        read_only(str(path), Limits(seconds=0.3))(ENDLESS)
    assert caught.value.kind == "timeout"
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("limits", "sql"),
    [
        (Limits(rows=2), "SELECT * FROM item"),
        (Limits(bytes=50), "SELECT name, name, name, name FROM item"),
        (Limits(cell=1000), "SELECT hex(zeroblob(5000))"),
    ],
    ids=["rows", "bytes", "cell"],
)
def test_a_result_too_large_is_an_error_and_never_cut(path: Path, limits: Limits, sql: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        read_only(str(path), limits)(sql)
    assert caught.value.kind == "too_big"


def test_exactly_the_limit_is_not_too_large(path: Path) -> None:
    assert len(read_only(str(path), Limits(rows=3))("SELECT * FROM item").rows) == 3


def test_a_locked_database_says_so(path: Path, run: Run) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseError) as caught:
            run("SELECT * FROM item")
    assert caught.value.kind == "locked"


def test_text_that_is_not_utf8_is_read_with_marks(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE item SET name = CAST(x'66ff' AS TEXT) WHERE id = 1")
    assert read_only(str(path))("SELECT name FROM item WHERE id = 1").rows == (("f�",),)


def test_files_that_are_not_there_or_not_databases(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as caught:
        read_only(str(tmp_path / "none.db"))
    assert caught.value.kind == "missing"
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(DatabaseError, match="SQLite files only"):
        read_only("postgresql://localhost/shop")
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at " * 100)
    with pytest.raises(DatabaseError):
        read_only(str(tmp_path / "text.db"))("SELECT 1 FROM sqlite_master")


def test_guarded_runs_what_the_guard_lets_through(path: Path) -> None:
    database = connect(f"sqlite:///{path}")
    try:
        run = guarded(database)
        assert run("SELECT name FROM item WHERE price > 100").rows == (("désk",),)
        with pytest.raises(SQLRejected) as caught:
            run("DELETE FROM item")
        assert caught.value.code and str(caught.value)
        with pytest.raises(SQLRejected):
            run("SELECT nothing FROM item")
        with pytest.raises(DatabaseError) as too_big:
            guarded(database, Limits(rows=2))("SELECT name FROM item")
        assert too_big.value.kind == "too_big"
    finally:
        database.close()


def test_remembered_runs_each_query_once_and_keeps_errors(run: Run) -> None:
    asked: list[str] = []

    def counting(sql: str) -> Result:
        asked.append(sql)
        return run(sql)

    once = remembered(counting)
    assert once("SELECT 1") is once("SELECT 1")
    for _ in range(2):
        with pytest.raises(DatabaseError):
            once("SELECT * FROM missing")
    assert asked == ["SELECT 1", "SELECT * FROM missing"]
