"""What the SQLite engine opens, what it says when it cannot, and how it follows a file that changes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.database import Limits, connect
from bot.databases import open_database, sqlite_connection
from bot.databases.sqlite import SQLite
from bot.guard import SafeSQL, check
from tests.towns import SCRIPT, ask, failure, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "towns.db")


@pytest.fixture
def database(path: Path) -> Iterator[SQLite]:
    opened = SQLite(str(path))
    yield opened
    opened.close()


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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:/mynah:secret@host/shop", "postgresql:mynah:secret@host/shop", "jdbc:postgresql://h/x?password=secret",
        "mynah:secret@host/shop", "://mynah:secret@host/shop", " postgresql://mynah:secret@host:port/shop\n",
        "postgres ql://mynah:secret@host/shop", "\ufeffpostgresql://mynah:secret@host/shop",
    ],
)
def test_an_address_with_a_slip_is_no_path_to_repeat(url: str) -> None:
    error = failure(lambda: open_database(url))
    assert "secret" not in error.message and "postgresql://user:password@host/database" in error.message


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
