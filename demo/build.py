"""Builds Harbor & Pine, the demo database: `python -m demo.build PATH|URL [--today YYYY-MM-DD]`."""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from demo import aftersales, company, tickets, trade
from demo.records import Row
from demo.tables import INDEXES, TABLES

SEED = 20


def generate(today: date, seed: int = SEED) -> Iterator[tuple[str, Sequence[Row]]]:
    """Every table with its rows (dates, datetimes and Decimals as such), parents before children.

    The same day and seed give the same rows. Each subject draws from its own stream, so that people,
    customers and products keep their names from one day to the next.
    """
    def stream(subject: str) -> random.Random:
        return random.Random(f"{seed} {subject}")

    staff = company.employees(stream("staff"), today)
    customers = company.customers(stream("customers"), today, staff)
    products = company.products(stream("products"))
    orders = trade.orders(stream("orders"), today, staff, customers)
    items = trade.order_items(stream("items"), today, orders, customers, products)
    payments = aftersales.payments(stream("payments"), today, orders, items, customers)
    yield "departments", company.departments()
    yield "employees", staff
    yield "customers", customers
    yield "suppliers", company.suppliers()
    yield "categories", company.categories()
    yield "products", products
    yield "warehouses", company.warehouses()
    yield "inventory", company.inventory(stream("inventory"), products)
    yield "orders", orders
    yield "order_items", items
    yield "payments", payments
    yield "returns", aftersales.returns(stream("returns"), today, orders, items, payments)
    yield "support_tickets", tickets.tickets(stream("tickets"), today, staff, orders, items)


def build(path: Path, today: date, seed: int = SEED) -> None:
    """Write the database to `path`, whole or not at all: a file beside it is renamed when it is complete.

    Raises OSError or sqlite3.Error when the folder cannot be written to.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft)) as connection:
            _write(connection, today, seed)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write(connection: sqlite3.Connection, today: date, seed: int) -> None:
    # A crash loses the draft, not the database, so the draft needs no journal.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    with connection:
        connection.execute("BEGIN")
        for name, rows in generate(today, seed):
            connection.execute(TABLES[name])
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", (_sqlite(row) for row in rows))
        for index in INDEXES:
            connection.execute(index)
    connection.execute(f"PRAGMA user_version = {today:%Y%m%d}")
    connection.execute("ANALYZE")
    connection.commit()


def _sqlite(row: Row) -> Row:
    """The row as SQLite stores it: ISO texts for dates and times, floats for money."""
    return tuple(_cell(cell) for cell in row)


def _cell(cell: object) -> object:
    if isinstance(cell, date):  # a datetime is a date too; str() of both is what SQLite's functions read
        return str(cell)
    return float(cell) if isinstance(cell, Decimal) else cell


def built_for(path: Path) -> date | None:
    """The day a demo database was built for; None for a missing file or another database."""
    if not Path(path).is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        return datetime.strptime(str(version), "%Y%m%d").date()
    except (sqlite3.Error, ValueError):
        return None


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.build", description="Build the Harbor & Pine database."
    )
    parser.add_argument(
        "path", help="the SQLite file to write, or the address of an empty database: postgresql://… or mysql://…"
    )
    parser.add_argument("--today", type=date.fromisoformat, help="the last day with data, YYYY-MM-DD")
    options = parser.parse_args(arguments)
    today = options.today or date.today()
    if is_server(options.path):
        return _on_server(options.path, today)
    try:
        build(Path(options.path), today)
    except (OSError, sqlite3.Error) as error:
        print(f"Cannot build the database at {options.path}: {error}", file=sys.stderr)
        return 1
    print(f"Harbor & Pine as of {today} is at {options.path}.")
    return 0


def is_server(address: str) -> bool:
    """Whether the address is that of a database on a server, and not a file."""
    return "://" in address and not address.startswith("sqlite")


def _on_server(url: str, today: date) -> int:
    from demo.build_server import ServerError, build_on_server

    try:
        build_on_server(url, today)
    except ServerError as error:
        print(f"Cannot build the database: {error}", file=sys.stderr)
        return 1
    print(f"Harbor & Pine as of {today} is on the server.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
