"""The connections to Mynah's memory: an engine for any URL, and what SQLite needs to be shared safely."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from bot.store_errors import StoreError, sqlite_file, store_error, translate

_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
_EXTRAS = {"postgresql": "postgres", "mysql": "mysql"}
_TIMED_DRIVERS = ("psycopg", "psycopg2", "pymysql")
_BUSY_SECONDS = 0.5  # one wait inside SQLite; the store tries again until its own patience ends
_WRITES = "mynah_writes"


def parse_url(text: str) -> URL:
    """The URL with its driver named. Raises StoreError, without a word of the URL: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        message = "state_url is not an address of a database. It should read like sqlite:////path/to/state.db."
        raise StoreError("failed", message) from None
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def make_engine(url: URL, patience: float) -> Engine:
    """An engine that waits `patience` seconds for a connection. Does not connect yet. Raises StoreError."""
    options: dict[str, Any] = {"pool_timeout": patience, "poolclass": QueuePool}
    backend = url.get_backend_name()
    if backend == "sqlite":
        options["connect_args"] = {"check_same_thread": False, "timeout": min(_BUSY_SECONDS, patience)}
        if sqlite_file(url) is None:
            options |= {"pool_size": 1, "max_overflow": 0}  # a database in memory lives in one connection
    else:
        options["pool_pre_ping"] = True
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ArgumentError):
        message = f"Mynah's memory cannot be a database of the kind “{backend}”. SQLite and PostgreSQL work."
        raise StoreError("failed", message) from None
    except ImportError:
        extra = _EXTRAS.get(backend, backend)
        message = f"The driver for {backend} is not installed: pip install 'mynah-bot[{extra}]'."
        raise StoreError("failed", message) from None
    if backend == "sqlite":
        event.listen(engine, "connect", _prepare_connection)
        event.listen(engine, "begin", _begin)
    elif engine.driver in _TIMED_DRIVERS:
        event.listen(engine, "do_connect", _in_time(patience))
    return engine


def for_writing(engine: Engine) -> Engine:
    """The same connections, with transactions that take SQLite's write lock when they begin.

    A transaction that reads first and then writes would otherwise fail when another wrote in between.
    """
    return engine.execution_options(**{_WRITES: True})


def make_folder(url: URL) -> None:
    """Make the folder of a SQLite file, for its owner alone, if there is none. Raises StoreError."""
    path = sqlite_file(url)
    if path is None:
        return
    try:
        if path.is_dir():
            raise store_error("foreign", url)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise translate(error, url) from error


def identity(path: Path | None) -> tuple[int, int] | None:
    """Which file lies at the path now; None when there is none."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found else None


def _prepare_connection(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin says when and how
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _in_time(patience: float) -> Any:
    """Bound how long connecting takes and, where the driver can say so, waiting for another's lock."""

    def set_timeouts(dialect: Dialect, _: object, __: object, parameters: dict[str, Any]) -> None:
        parameters.setdefault("connect_timeout", max(1, round(patience)))
        if dialect.name == "postgresql":
            parameters.setdefault("options", f"-c lock_timeout={max(1, round(patience * 1000))}")

    return set_timeouts
