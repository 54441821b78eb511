"""A small SQLite database, and ways to ask it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.database import DatabaseError, Limits, Result
from bot.databases.sqlite import SQLite
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
