"""What the SQLite engine takes and gives back, and that it stays within its limits, for many at once."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.database import Limits
from bot.databases.sqlite import SQLite
from bot.guard import SafeSQL, check
from bot.wait import Wait, waiting
from tests.towns import ask, failure, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "towns.db")


@pytest.fixture
def database(path: Path) -> Iterator[SQLite]:
    opened = SQLite(str(path))
    yield opened
    opened.close()


def test_rows_columns_and_time(database: SQLite) -> None:
    result = ask(database, "SELECT name, size AS s, size FROM towns ORDER BY id")
    assert result.columns == ("name", "s", "size")
    assert result.rows == (("Lyon", 522, 522), ("Graz", 291.5, 291.5), ("Turku", 195, 195))
    assert not result.truncated
    assert result.milliseconds > 0


def test_no_rows_still_have_columns(database: SQLite) -> None:
    result = ask(database, "SELECT id, name FROM towns WHERE id = 9")
    assert (result.columns, result.rows, result.truncated) == (("id", "name"), (), False)


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
    for sql in ("SELECT * FROM spy", "SELECT * FROM bomb"):
        assert failure(partial(database._run, sql, {}, Limits())).kind == "failed"
    database.close()


def test_distinct_texts(database: SQLite) -> None:
    assert database.distinct_texts("towns", "name", 3) == ["Graz", "Lyon", "Turku"]
    assert database.distinct_texts("towns", "name", 2) is None
    assert database.distinct_texts("towns", "note", 5) == ["a", "b"]
    assert database.distinct_texts("numbers", "n", 5) == []
    for table, column in (("towns", "nosuch"), ("sqlite_master", "sql"), ('towns" --', "name")):
        failure(partial(database.distinct_texts, table, column, 5))


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


def test_many_threads_get_their_own_answers(database: SQLite) -> None:
    query = check("SELECT n * 2 FROM numbers WHERE n = :n0", database.schema())
    assert isinstance(query, SafeSQL)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda n: database.execute(query, {"n0": n}).rows, range(600)))
    assert results == [((2 * n,),) for n in range(600)]


def test_a_query_that_nobody_waits_for_is_stopped(database: SQLite) -> None:
    endless, wait, begun = "SELECT count(*) FROM numbers a, numbers b, numbers c", Wait(), threading.Event()

    def run() -> str:
        with waiting(wait):
            begun.set()
            return failure(lambda: database._run(endless, {}, Limits(seconds=120))).kind

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        begun.wait()
        wait.end()
        assert running.result(60) == "cancelled"
        assert pool.submit(run).result(60) == "cancelled"
        assert pool.submit(lambda: database._run("SELECT 1", {}, Limits()).rows).result() == ((1,),)


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
