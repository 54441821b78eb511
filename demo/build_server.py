"""Harbor & Pine on a database server: the same tables and rows as in the SQLite file, in the server's own types."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from demo.build import SEED, generate
from demo.tables import INDEXES, TABLES

_DRIVERS = {
    "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_BATCH = 1_000  # rows an INSERT


class ServerError(Exception):
    """The database could not be built; the text says why, for people."""


def build_on_server(url: str, today: date, seed: int = SEED) -> None:
    """Write the tables into the database at `url`, which has to exist and to hold none of them.

    All rows come in one transaction, so that a PostgreSQL database is built whole or not at all. Raises ServerError.
    """
    try:
        address = make_url(url)
        engine = create_engine(address.set(drivername=_DRIVERS[address.get_backend_name()]))
    except (ArgumentError, KeyError) as error:
        raise ServerError("the address should read postgresql://user:password@host/database") from error
    except ModuleNotFoundError as error:
        raise ServerError(f"{error.name} is missing: pip install 'mynah-bot[postgres,mysql]'") from error
    try:
        with engine.begin() as connection:
            _write(connection, today, seed)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in TABLES:
                connection.execute(text(f"ANALYZE {'' if connection.dialect.name == 'postgresql' else 'TABLE '}{name}"))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).split("\n")[0]
        raise ServerError(reason) from error
    finally:
        engine.dispose()


def _write(connection: Connection, today: date, seed: int) -> None:
    mysql = connection.dialect.name in ("mysql", "mariadb")
    for name, rows in generate(today, seed):
        # MySQL's TIMESTAMP moves with the session's time zone, which these times of day must not.
        ddl = TABLES[name].replace("TIMESTAMP", "DATETIME") if mysql else TABLES[name]
        connection.exec_driver_sql(ddl)
        marks = ", ".join(["%s"] * len(rows[0]))
        for start in range(0, len(rows), _BATCH):
            batch: list[tuple[object, ...]] = [tuple(row) for row in _part(rows, start)]
            connection.exec_driver_sql(f"INSERT INTO {name} VALUES ({marks})", batch)
    for index in INDEXES:
        connection.exec_driver_sql(index)


def _part(rows: Sequence[Sequence[object]], start: int) -> Sequence[Sequence[object]]:
    return rows[start : start + _BATCH]
