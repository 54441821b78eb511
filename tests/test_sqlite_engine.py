"""The SQLite engine: what it opens, what it gives back, and that it stays within its limits."""

from __future__ import annotations

import math
import os
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database import DatabaseError, Limits, Result, connect
from bot.databases import open_database, sqlite_connection
from bot.databases.sqlite import SQLite
from bot.databases.sqlite_functions import as_text, bound_trims
from bot.guard import SafeSQL, check

SCRIPT = """
CREATE TABLE towns (id INTEGER PRIMARY KEY, name TEXT, size NUMERIC, note TEXT);
INSERT INTO towns VALUES (1, 'Lyon', 522, 'a'), (2, 'Graz', 291.5, NULL), (3, 'Turku', 195, 'b');
CREATE TABLE numbers (n INTEGER PRIMARY KEY);
CREATE VIEW large AS SELECT name, trim(name, 'L') AS short FROM towns WHERE size > 200;
"""


def write(path: Path, script: str = SCRIPT) -> Path:
    """A database file with that content and a thousand numbers."""
    connection = sqlite3.connect(path)
    connection.executescript(script)
    if "numbers" in script:
        connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(2000)])
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "towns.db")


@pytest.fixture
def database(path: Path) -> Iterator[SQLite]:
    opened = SQLite(str(path))
    yield opened
    opened.close()


def ask(database: SQLite, sql: str, limits: Limits | None = None, **parameters: Any) -> Result:
    """Through the guard and the engine."""
    query = check(sql, database.schema())
    assert isinstance(query, SafeSQL), query
    return database.execute(query, parameters, limits)


def failure(action: Callable[[], object]) -> DatabaseError:
    """The error that the action has to raise, with a sentence for people in it."""
    with pytest.raises(DatabaseError) as caught:
        action()
    assert caught.value.message[0].isupper()
    assert caught.value.message.endswith((".", "?"))
    return caught.value


# -- opening


def test_urls_and_paths_open_the_same(path: Path) -> None:
    for url in (str(path), f"sqlite:///{path}", f"SQLITE:///{path}"):
        database = connect(url)
        assert database.dialect == "sqlite"
        assert database.url == f"sqlite:///{path}"
        assert [t.name for t in database.schema().tables] == ["large", "numbers", "towns"]
        database.close()


@pytest.mark.parametrize("name", ["a b?c#d%20.db", "größe 日本.db", "quote's.db"])
def test_odd_file_names_open(tmp_path: Path, name: str) -> None:
    database = open_database(str(write(tmp_path / name)))
    assert len(database.schema().tables) == 3
    database.close()


def test_a_relative_path_opens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    database = open_database("sqlite:///towns.db")
    assert len(database.schema().tables) == 3
    database.close()


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "mysql://u:p@h/x", "http://x", "sqlite://", "sqlite:///"])
def test_other_urls_are_refused_without_repeating_secrets(url: str) -> None:
    error = failure(lambda: open_database(url))
    assert "u:p" not in error.message


def _missing(folder: Path) -> Path:
    return folder / "nowhere.db"


def _folder(folder: Path) -> Path:
    return folder


def _text(folder: Path) -> Path:
    path = folder / "notes.db"
    path.write_text("these are notes, not a database " * 100, "utf-8")
    return path


def _torn(folder: Path) -> Path:
    path = write(folder / "torn.db")
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000)
    return path


def _below_a_file(folder: Path) -> Path:
    return write(folder / "file.db") / "below.db"


def _fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.db")
    return folder / "pipe.db"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (_missing, "missing"),
        (_folder, "unreadable"),
        (_text, "unreadable"),
        (_torn, "unreadable"),
        (_below_a_file, "unreadable"),
        (_fifo, "unreadable"),
    ],
)
def test_what_is_no_database_is_said(tmp_path: Path, make: Callable[[Path], Path], kind: str) -> None:
    path = make(tmp_path)
    error = failure(lambda: SQLite(str(path)))
    assert error.kind == kind
    assert str(path) in error.message


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    failure(lambda: SQLite(str(tmp_path / "new.db")))
    assert list(tmp_path.iterdir()) == []


def test_a_locked_file_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.05)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    try:
        assert failure(lambda: SQLite(str(path))).kind == "locked"
    finally:
        writer.close()
    SQLite(str(path)).close()


def test_a_file_locked_later_is_said_and_released_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.05)
    database = SQLite(str(path))
    assert ask(database, "SELECT count(*) FROM towns").rows == ((3,),)
    query = check("SELECT count(*) FROM towns", database.schema())
    assert isinstance(query, SafeSQL)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("INSERT INTO towns VALUES (4, 'Bari', 1, '')")
    assert failure(lambda: database.execute(query, {})).kind == "locked"
    assert failure(database.schema).kind == "locked"
    writer.execute("COMMIT")
    writer.close()
    assert database.execute(query, {}).rows == ((4,),)
    database.close()


def test_a_file_that_vanishes_is_said(path: Path) -> None:
    database = SQLite(str(path))
    path.unlink()
    assert failure(lambda: database._run("SELECT 1", {}, Limits())).kind == "missing"
    assert failure(database.schema).kind == "missing"
    database.close()


# -- results


def test_rows_columns_and_time(database: SQLite) -> None:
    result = ask(database, "SELECT name, size AS s, size FROM towns ORDER BY id")
    assert result.columns == ("name", "s", "size")
    assert result.rows == (("Lyon", 522, 522), ("Graz", 291.5, 291.5), ("Turku", 195, 195))
    assert not result.truncated
    assert result.milliseconds > 0


def test_no_rows_still_have_columns(database: SQLite) -> None:
    assert ask(database, "SELECT id, name FROM towns WHERE id = 9") == Result(
        ("id", "name"), (), False, pytest.approx(0, abs=1e6)
    )


@pytest.mark.parametrize(("limit", "truncated"), [(1999, True), (2000, False), (2001, False)])
def test_one_row_more_than_the_limit_is_noticed(database: SQLite, limit: int, truncated: bool) -> None:
    result = ask(database, "SELECT n FROM numbers", Limits(rows=limit))
    assert len(result.rows) == min(limit, 2000)
    assert result.truncated is truncated


def test_bytes_are_bounded(database: SQLite) -> None:
    result = ask(database, "SELECT n, 'abcdefgh' FROM numbers", Limits(rows=5000, bytes=1600))
    assert (len(result.rows), result.truncated) == (100, True)


def test_long_cells_are_cut(database: SQLite) -> None:
    result = ask(database, "SELECT name || :v0 FROM towns WHERE id = 1", Limits(cell=10), v0="x" * 50)
    assert result.rows == (("Lyonxxxxxx",),)
    assert result.truncated


def test_odd_values_become_cells(database: SQLite) -> None:
    sql = "SELECT x'00ff', 1e999, -1e999, NULL, 9223372036854775807, CAST(x'ff41' AS TEXT), 0.1"
    result = database._run(sql, {}, Limits())
    assert result.rows == (
        ("blob, 2 bytes", "infinity", "-infinity", None, 9223372036854775807, "\ufffdA", 0.1),
    )
    assert database._run("SELECT name FROM towns WHERE id = 1", {}, Limits()).rows == (("Lyon",),)


def test_a_view_may_trim(database: SQLite) -> None:
    assert ask(database, "SELECT short FROM large ORDER BY 1").rows == (("Graz",), ("yon",))


def test_a_view_reads_what_it_reads_and_no_more(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW spy AS SELECT sql FROM sqlite_master")
    connection.execute("CREATE VIEW bomb AS SELECT hex(zeroblob(1000)) AS x FROM towns")
    connection.commit()
    connection.close()
    database = SQLite(str(path))
    for name in ("spy", "bomb"):
        assert failure(lambda name=name: database._run(f"SELECT * FROM {name}", {}, Limits())).kind == "failed"
    database.close()


def test_distinct_texts(database: SQLite) -> None:
    assert database.distinct_texts("towns", "name", 3) == ["Graz", "Lyon", "Turku"]
    assert database.distinct_texts("towns", "name", 2) is None
    assert database.distinct_texts("towns", "note", 5) == ["a", "b"]
    assert database.distinct_texts("numbers", "n", 5) == []
    for table, column in (("towns", "nosuch"), ("sqlite_master", "sql"), ('towns" --', "name")):
        failure(lambda table=table, column=column: database.distinct_texts(table, column, 5))


# -- what execute takes


@pytest.mark.parametrize("query", ["SELECT 1", None, b"SELECT 1", ("SELECT 1",)])
def test_execute_takes_checked_sql_only(database: SQLite, query: Any) -> None:
    with pytest.raises(TypeError):
        database.execute(query, {})


def test_execute_takes_its_own_dialect_only(database: SQLite) -> None:
    query = check("SELECT name FROM towns", database.schema(), "postgres")
    assert isinstance(query, SafeSQL)
    with pytest.raises(TypeError):
        database.execute(query, {})


def test_parameters_are_bound_never_spliced(database: SQLite) -> None:
    sql = "SELECT id FROM towns WHERE name = :v0 AND size > :n0 LIMIT :n1"
    assert ask(database, sql, v0="Lyon", n0=5, n1=1).rows == ((1,),)
    assert ask(database, sql, v0="x' OR '1' = '1", n0=0.5, n1=5).rows == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "a value for :v0"),
        ({"v0": "a", "v1": "b"}, "no place for :v1"),
        ({"v0": None}, "a text or a number"),
        ({"v0": b"x"}, "a text or a number"),
        ({"v0": ["x"]}, "a text or a number"),
        ({"v0": 2**70}, "could not run"),
        ({"v0": "\ud800"}, "could not run"),
        ({"v0": "x" * 300_000}, "more memory"),
    ],
)
def test_parameters_that_do_not_fit(database: SQLite, given: dict[str, Any], words: str) -> None:
    query = check("SELECT id FROM towns WHERE name = :v0", database.schema())
    assert isinstance(query, SafeSQL)
    assert words in failure(lambda: database.execute(query, given)).message


# -- limits


def test_time_is_bounded_and_the_connection_serves_again(database: SQLite) -> None:
    started = time.monotonic()
    sql = "SELECT count(*) FROM numbers a, numbers b, numbers c"
    error = failure(lambda: database._run(sql, {}, Limits(seconds=0.1)))
    assert error.kind == "timeout"
    assert time.monotonic() - started < 1.5
    assert ask(database, "SELECT count(*) FROM numbers").rows == ((2000,),)


def test_memory_is_bounded_and_the_connection_serves_again(database: SQLite) -> None:
    sql = "SELECT printf('%200000d', a.n) || b.n AS x FROM numbers a, numbers b ORDER BY x"
    assert failure(lambda: database._run(sql, {}, Limits(seconds=20))).kind == "too_big"
    assert ask(database, "SELECT count(*) FROM numbers").rows == ((2000,),)


def test_a_value_too_long_is_said(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO towns VALUES (9, 'Long', 0, ?)", ["x" * 400_000])
    connection.commit()
    connection.close()
    database = SQLite(str(path))
    assert failure(lambda: ask(database, "SELECT note FROM towns WHERE id = 9")).kind == "too_big"
    assert ask(database, "SELECT name FROM towns WHERE id = 9").rows == (("Long",),)
    database.close()


def test_sql_the_engine_cannot_read_is_said_without_its_words(database: SQLite) -> None:
    error = failure(lambda: database._run("SELEC secret", {}, Limits()))
    assert error.kind == "failed"
    assert "secret" not in error.message
    assert "SELEC" in error.detail


def test_a_query_costs_little_beside_itself(database: SQLite) -> None:
    query = check("SELECT name FROM towns WHERE id = 1", database.schema())
    assert isinstance(query, SafeSQL)
    times = []
    for _ in range(200):
        started = time.perf_counter()
        database.execute(query, {})
        times.append(time.perf_counter() - started)
    assert statistics.median(times) < 0.002


# -- many at once


def test_many_threads_get_their_own_answers(database: SQLite) -> None:
    query = check("SELECT n * 2 FROM numbers WHERE n = :n0", database.schema())
    assert isinstance(query, SafeSQL)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: database.execute(query, {"n0": n}).rows, range(600)))
    assert results == [((2 * n,),) for n in range(600)]


def test_a_slow_query_stops_nobody_else(database: SQLite) -> None:
    slow = threading.Thread(
        target=lambda: failure(
            lambda: database._run("SELECT count(*) FROM numbers a, numbers b, numbers c", {}, Limits(seconds=0.6))
        )
    )
    slow.start()
    started = time.monotonic()
    assert ask(database, "SELECT count(*) FROM towns").rows == ((3,),)
    assert time.monotonic() - started < 0.5
    slow.join()


def test_when_all_connections_are_lent_a_query_waits_then_says_so(database: SQLite) -> None:
    endless = "SELECT count(*) FROM numbers a, numbers b, numbers c"
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(failure, lambda: database._run(endless, {}, Limits(seconds=0.8))) for _ in range(4)]
        time.sleep(0.3)
        error = failure(lambda: database._run("SELECT 1", {}, Limits(seconds=0.05)))
        assert "busy" in error.message
        assert [future.result().kind for future in running] == ["timeout"] * 4
    assert database._run("SELECT 1", {}, Limits()).rows == ((1,),)


# -- a file that changes


def test_the_schema_is_reflected_once(database: SQLite) -> None:
    assert database.schema() is database.schema()


def test_a_rebuilt_file_is_picked_up(path: Path, database: SQLite) -> None:
    before = database.schema()
    other = write(path.with_name("next.db"), "CREATE TABLE rivers (id INTEGER PRIMARY KEY, name TEXT);")
    other.replace(path)
    assert [t.name for t in database.schema().tables] == ["rivers"]
    assert database.schema().fingerprint != before.fingerprint
    assert ask(database, "SELECT count(*) FROM rivers").rows == ((0,),)
    assert failure(lambda: database._run("SELECT * FROM towns", {}, Limits())).kind == "failed"


def test_a_changed_table_is_picked_up(path: Path, database: SQLite) -> None:
    before = database.schema()
    assert ask(database, "SELECT count(*) FROM towns").rows == ((3,),)
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE towns ADD COLUMN mayor TEXT")
    connection.execute("CREATE TABLE rivers (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    after = database.schema()
    assert after.fingerprint != before.fingerprint
    assert ask(database, "SELECT mayor FROM towns, rivers").rows == ()


def test_rows_written_by_others_are_seen(path: Path, database: SQLite) -> None:
    schema = database.schema()
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM towns WHERE id = 3")
    connection.commit()
    connection.close()
    assert ask(database, "SELECT count(*) FROM towns").rows == ((2,),)
    assert database.schema() is schema


def test_a_write_ahead_log_is_read_along(tmp_path: Path) -> None:
    path = write(tmp_path / "wal.db", "PRAGMA journal_mode=WAL;" + SCRIPT)
    writer = sqlite3.connect(path)
    writer.execute("INSERT INTO towns VALUES (4, 'Bari', 316, '')")
    writer.commit()
    database = SQLite(str(path))
    assert ask(database, "SELECT count(*) FROM towns").rows == ((4,),)
    database.close()
    writer.close()


def test_a_closed_database_opens_again_when_asked(database: SQLite) -> None:
    database.close()
    assert ask(database, "SELECT count(*) FROM towns").rows == ((3,),)


# -- the trims put in place of SQLite's own

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12),
)


@given(VALUES, VALUES)
def test_bounded_trims_do_as_the_built_in_ones(value: Any, characters: Any) -> None:
    own, built_in = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    bound_trims(own)
    sql = "SELECT trim(?1, ?2), ltrim(?1, ?2), rtrim(?1, ?2)"
    assert own.execute(sql, (value, characters)).fetchone() == (
        built_in.execute(sql, (value, characters)).fetchone()
    )
    own.close()
    built_in.close()


@given(st.floats(allow_nan=False))
def test_floats_are_written_as_sqlite_writes_them(value: float) -> None:
    connection = sqlite3.connect(":memory:")
    (expected,) = connection.execute("SELECT CAST(? AS TEXT)", (value,)).fetchone()
    connection.close()
    assert as_text(value) == expected or math.isclose(float(as_text(value)), float(expected), rel_tol=1e-14)
