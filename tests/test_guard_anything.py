"""Whatever text comes: the guard never raises, and what it lets through only reads."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.databases.sqlite import SQLite
from bot.guard import Rejected, SafeSQL, check
from bot.schema import Schema
from demo.build import build
from tests.guarded_shop import examples

KNOWN = [example["sql"] for example in [*examples("benign"), *examples("attacks")]]
SHORT = [sql for sql in KNOWN if len(sql) < 500]
PARTS = re.compile(r"\w+|'[^']*'|\s+|.")
WORDS = sorted({part for sql in SHORT for part in PARTS.findall(sql)})
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("anything") / "demo.db"
    build(path, date(2026, 11, 22))
    return path


@pytest.fixture(scope="module")
def schema(demo: Path) -> Iterator[Schema]:
    database = SQLite(str(demo))
    yield database.schema()
    database.close()


@st.composite
def changed(draw: st.DrawFn) -> str:
    """A known query with a few of its parts replaced, put in or left out."""
    parts = PARTS.findall(draw(st.sampled_from(SHORT)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(parts)))
        parts[place : place + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(WORDS), max_size=2))
    return "".join(parts)


ANYTHING = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join), changed()
)


def actions(demo: Path, sql: str, parameters: frozenset[str]) -> set[int]:
    """What the engine is asked to do for the query, on a connection that could do anything."""
    asked: set[int] = set()

    def note(action: int, *_: str | None) -> int:
        asked.add(action)
        return sqlite3.SQLITE_OK

    connection = sqlite3.connect(demo)
    connection.set_authorizer(note)
    try:
        connection.execute("EXPLAIN " + sql, dict.fromkeys(parameters, 1))
    except sqlite3.OperationalError:
        pass  # it may still make no sense to the engine
    finally:
        connection.close()
    return asked


@given(ANYTHING)
@settings(max_examples=500, deadline=None)
def test_nothing_raises_and_what_is_accepted_only_reads(schema: Schema, demo: Path, sql: str) -> None:
    verdict = check(sql, schema)
    if isinstance(verdict, Rejected):
        assert verdict.code
        assert verdict.message
    else:
        assert actions(demo, verdict.sql, verdict.parameters) <= READING


@given(st.text(alphabet="()[]{}'\"`;:,.*+-/%~<>=|&$@#?! \n", max_size=120))
@settings(max_examples=200, deadline=None)
def test_signs_alone_never_raise(schema: Schema, sql: str) -> None:
    assert isinstance(check(f"SELECT {sql}", schema), Rejected | SafeSQL)


def test_a_write_is_noticed_by_these_tests(demo: Path) -> None:
    assert sqlite3.SQLITE_DELETE in actions(demo, "DELETE FROM orders", frozenset())
