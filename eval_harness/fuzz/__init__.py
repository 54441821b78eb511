"""Copies of a SQLite database with other values, to tell queries that are right from those that are lucky.

The idea is that of test-suite accuracy (Zhong et al. 2020): two queries that agree on many databases of one schema,
whose values lie around the literals of the gold queries, mean the same. A copy keeps types, keys and foreign keys,
declared or observed, and the vocabulary of every column; tables have between a handful and some 500 rows. Views and
indexes come along, triggers do not.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote as escape

from bot.database import DatabaseError
from eval_harness.fuzz.conditions import Asked, Condition, read_conditions
from eval_harness.fuzz.rows import Copy, Row
from eval_harness.fuzz.shape import Cell, Shape, quote, read_shapes
from eval_harness.fuzz.values import Vocabulary
from eval_harness.run_sql import sqlite_path

_ROUNDS = 10  # of rows that go because of rows that went


def revalue(url: str, folder: Path, copies: int, gold_queries: Sequence[str], seed: int = 0) -> list[Path]:
    """Write so many copies of the SQLite database at `url` into `folder`; their files, in order.

    `gold_queries` are those that will be run: their literals join the vocabularies. The same arguments give the same
    rows. Raises DatabaseError for what is no readable SQLite database.
    """
    path = sqlite_path(url)
    if not path.is_file():
        raise DatabaseError("missing", f"There is no database file at {path}.")
    address = f"file:{escape(str(path.resolve()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as source:
            source.text_factory = lambda text: text.decode("utf-8", "replace")
            tables = _names(source)
            asked = read_conditions(gold_queries, tables)
            shapes = read_shapes(source, asked.links, random.Random(seed))
            vocabularies = {table: _vocabularies(table, shape, asked) for table, shape in shapes.items()}
            return [
                _write(source, shapes, Copy(shapes, vocabularies, asked, random.Random(f"{seed}:{number}")).make(),
                       folder / f"{path.stem}-{seed}-{number}.sqlite")
                for number in range(copies)
            ]  # fmt: skip
    except (sqlite3.Error, OverflowError) as error:
        raise DatabaseError("failed", f"{path} could not be copied with other values: {error}.", str(error)) from error


def _names(source: sqlite3.Connection) -> dict[str, list[str]]:
    """Names of columns by table, in lower case: what `read_conditions` asks for."""
    query = (
        "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_xinfo(t.name) c"
        " WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite|_%' ESCAPE '|' AND c.hidden = 0"
    )
    names: dict[str, list[str]] = {}
    for table, column in source.execute(query):
        names.setdefault(table.lower(), []).append(column.lower())
    return names


def _vocabularies(table: str, shape: Shape, asked: Asked) -> list[Vocabulary]:
    by_column: dict[str, list[Condition]] = {}
    for scenario in asked.scenarios:
        for condition in scenario:
            if condition.column[0] == table:
                by_column.setdefault(condition.column[1], []).append(condition)
    return [
        Vocabulary([row[place] for row in shape.rows], shape.types[place], by_column.get(name.lower(), []))
        for place, name in enumerate(shape.columns)
    ]


def _drop_dangling(copy: sqlite3.Connection) -> None:
    """Rows that point at rows which were left out go too, and those that point at them."""
    for _ in range(_ROUNDS):
        try:
            dangling = copy.execute("PRAGMA foreign_key_check").fetchall()
        except sqlite3.OperationalError:
            return  # foreign keys declared on columns that are no keys: the engine cannot check them
        rows = [(table, rowid) for table, rowid, *_ in dangling if rowid is not None]
        if not rows:
            return
        for table, rowid in rows:
            copy.execute(f"DELETE FROM {quote(table)} WHERE rowid = ?", (rowid,))


def _storable(cell: Cell) -> Cell:
    """A neighbour of the largest integer is beyond what SQLite holds."""
    return max(-(2**63), min(2**63 - 1, cell)) if isinstance(cell, int) else cell


def _write(
    source: sqlite3.Connection, shapes: dict[str, Shape], rows: dict[str, list[Row]], target: Path
) -> Path:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f"DROP TRIGGER {quote(name)}")
        copy.execute("BEGIN")
        for table, shape in shapes.items():
            copy.execute(f"DELETE FROM {quote(shape.name)}")
            columns, places = ", ".join(map(quote, shape.columns)), ", ".join("?" * len(shape.columns))
            insert = f"INSERT OR IGNORE INTO {quote(shape.name)} ({columns}) VALUES ({places})"
            for row in rows[table]:
                # What still breaks a constraint (CHECK, NOT NULL) is left out: a copy has no rows that could not be.
                with suppress(sqlite3.IntegrityError):
                    copy.execute(insert, list(map(_storable, row)))
        _drop_dangling(copy)
        copy.execute("COMMIT")
    return target
