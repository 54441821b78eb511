"""One file per database engine. `open_database` picks the one a URL asks for."""

from __future__ import annotations

import re

from bot.database import Database, DatabaseError

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def open_database(url: str) -> Database:
    """Open `sqlite:///path` or a plain path to a SQLite file, read-only. Raises DatabaseError."""
    from bot.databases.sqlite import SQLite

    scheme = _SCHEME.match(url)
    if scheme is None:
        return SQLite(url)
    name = scheme.group().lower()
    if not name.startswith("sqlite"):
        kind = name.removesuffix("://")
        raise DatabaseError("failed", f"Databases of the kind “{kind}” cannot be opened, only SQLite.")
    _, _, path = url.partition(":///")
    if not path:
        message = "The database's address names no file. It should read sqlite:///path/to/file.db."
        raise DatabaseError("missing", message)
    return SQLite(path)
