"""One file per database engine. `open_database` picks the one a URL asks for."""

from __future__ import annotations

import re
from pathlib import Path

from bot.database import Database, DatabaseError

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_ADDRESS = re.compile(r":.*@|^\w+:/|://")  # of a server, with a slip in it: no path to a file reads so
_UNREAD = "The database's address cannot be read. It should read postgresql://user:password@host/database."
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql",
            "mariadb": "mariadb+pymysql"}


def open_database(url: str, allow_unsafe_role: bool = False) -> Database:
    """Open `sqlite:///path`, a plain path to a SQLite file, `postgresql://…` or `mysql://…`, read-only.

    A server's role that could do more than read is refused unless `allow_unsafe_role`; then the database's
    `warning` says what it could do. Raises DatabaseError.
    """
    url = url.strip()  # a variable's value often ends with a line feed
    scheme = _SCHEME.match(url)
    if scheme is None:
        if _ADDRESS.search(url) and not Path(url).exists():
            raise DatabaseError("failed", _UNREAD)  # not a word of it: it may hold a password
        return _sqlite(url)
    kind = scheme.group().lower().removesuffix("://").split("+")[0]
    if kind == "sqlite":
        _, _, path = url.partition(":///")
        if not path:
            message = "The database's address names no file. It should read sqlite:///path/to/file.db."
            raise DatabaseError("missing", message)
        return _sqlite(path)
    if kind not in _DRIVERS:
        message = f"Databases of the kind “{kind}” cannot be opened, only SQLite, PostgreSQL, MySQL and MariaDB."
        raise DatabaseError("failed", message)
    return _server(url, kind, allow_unsafe_role)


def _sqlite(path: str) -> Database:
    from bot.databases.sqlite import SQLite

    return SQLite(path)


def _server(url: str, kind: str, allow_unsafe_role: bool) -> Database:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url).set(drivername=_DRIVERS[kind])
    except (ArgumentError, ValueError) as error:
        raise DatabaseError("failed", _UNREAD) from error
    if not address.database:
        raise DatabaseError("missing", "The database's address names no database: it ends with /database.")
    if kind.startswith("postgres"):
        from bot.databases.postgres import Postgres

        return Postgres(address, allow_unsafe_role)
    from bot.databases.mysql import MySQL

    return MySQL(address, allow_unsafe_role)
