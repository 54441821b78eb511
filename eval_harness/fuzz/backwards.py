"""The same rows in another physical order, to see what a query leaves open.

A query that says ORDER BY or LIMIT without telling all rows apart, or selects what it does not group by, gives what
the engine happens to meet first. With the rows stored the other way round, and no index to walk along, it gives
something else; a query that leaves nothing open does not.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote as escape

from bot.database import DatabaseError
from eval_harness.fuzz.shape import quote

_TABLES = (
    "SELECT name, wr FROM pragma_table_list"
    " WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite|_%' ESCAPE '|'"
)
_UNFINISHED = "mynah turned round"


def turn_round(path: Path, target: Path) -> Path:
    """Write the database at `path` to `target` with every table's rows in reverse and without keys and indexes.

    Raises DatabaseError.
    """
    try:
        with (
            closing(sqlite3.connect(f"file:{escape(str(path.resolve()))}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            source.backup(copy)
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "legacy_alter_table = ON", "foreign_keys = OFF"):
                copy.execute(f"PRAGMA {pragma}")
            copy.execute("BEGIN")
            for table, without_rowid in copy.execute(_TABLES).fetchall():
                last_first = "1" if without_rowid else "rowid"
                copy.execute(
                    f"CREATE TABLE {quote(_UNFINISHED)} AS SELECT * FROM {quote(table)} ORDER BY {last_first} DESC"
                )
                copy.execute(f"DROP TABLE {quote(table)}")
                copy.execute(f"ALTER TABLE {quote(_UNFINISHED)} RENAME TO {quote(table)}")
            copy.execute("COMMIT")
    except sqlite3.Error as error:
        raise DatabaseError("failed", f"{path} could not be turned round: {error}.", str(error)) from error
    return target
