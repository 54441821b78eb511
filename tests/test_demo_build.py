"""The demo database builds whole or not at all, the same way every time, with the tables described."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo import records
from demo.build import build, built_for, main
from demo.tables import INDEXES, TABLES
from tests.demo_database import DAYS, TODAY, Demo

ROWS = {
    "departments": 8, "employees": 120, "customers": 400, "suppliers": 14, "categories": 8, "products": 60,
    "warehouses": 5, "inventory": 220, "orders": 6000, "order_items": 15_000, "payments": 5600,
    "returns": 420, "support_tickets": 1300,
}


@pytest.fixture(scope="module", params=DAYS, ids=str)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The database on each of the days."""
    demo = Demo.built(tmp_path_factory.mktemp("demo") / "demo.db", request.param)
    yield demo
    demo.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The database on one day, for what does not depend on it."""
    demo = Demo.built(tmp_path_factory.mktemp("plain") / "demo.db", TODAY)
    yield demo
    demo.close()


@pytest.mark.parametrize(("table", "count"), ROWS.items())
def test_row_counts(demo: Demo, table: str, count: int) -> None:
    assert demo.one(f"SELECT COUNT(*) FROM {table}") == count


def test_tables_and_no_others(plain: Demo) -> None:
    tables = plain.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {name for name, in tables} == set(ROWS) == set(TABLES)


def test_keys_hold(demo: Demo) -> None:
    assert demo.rows("PRAGMA foreign_key_check") == []
    assert demo.one("PRAGMA integrity_check") == "ok"


def test_every_foreign_key_and_date_has_an_index(plain: Demo) -> None:
    indexed = {tuple(i.split(" ON ")[1].strip(")").split(" (")) for i in INDEXES}
    for table in TABLES:
        first_of_key = plain.rows(f"SELECT name FROM pragma_table_info('{table}') WHERE pk = 1")
        for column, declared in plain.rows(f"SELECT name, type FROM pragma_table_info('{table}')"):
            keys = {key for key, in plain.rows(f"SELECT \"from\" FROM pragma_foreign_key_list('{table}')")}
            if column in keys or declared in ("DATE", "TIMESTAMP"):
                assert (table, column) in indexed or (column,) in first_of_key


def test_declared_types_are_portable(plain: Demo) -> None:
    for table in TABLES:
        for (declared,) in plain.rows(f"SELECT type FROM pragma_table_info('{table}')"):
            assert declared.split("(")[0] in {"INTEGER", "VARCHAR", "NUMERIC", "DATE", "TIMESTAMP"}


def test_texts_fit_their_columns(plain: Demo) -> None:
    """SQLite does not look at the length of a VARCHAR; PostgreSQL does."""
    for table in TABLES:
        for column, declared in plain.rows(f"SELECT name, type FROM pragma_table_info('{table}')"):
            if declared.startswith("VARCHAR("):
                longest = plain.one(f"SELECT MAX(LENGTH({column})) FROM {table}")
                assert longest <= int(declared[8:-1]), (table, column)


@pytest.mark.parametrize(
    ("record", "table"),
    [(records.Employee, "employees"), (records.Customer, "customers"), (records.Product, "products"),
     (records.Order, "orders"), (records.Item, "order_items"), (records.Payment, "payments"),
     (records.Ticket, "support_tickets")],
)
def test_records_are_rows(plain: Demo, record: type[Any], table: str) -> None:
    columns = plain.rows(f"SELECT name FROM pragma_table_info('{table}') ORDER BY cid")
    assert record._fields == tuple(name for name, in columns)


def test_dates_are_iso_text(demo: Demo) -> None:
    for table in TABLES:
        for column, declared in demo.rows(f"SELECT name, type FROM pragma_table_info('{table}')"):
            if declared in ("DATE", "TIMESTAMP"):
                form = "%Y-%m-%d" if declared == "DATE" else "%Y-%m-%d %H:%M:%S"
                for (text,) in demo.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"):
                    assert datetime.strptime(text, form).strftime(form) == text


def test_nothing_in_the_future_but_required_dates(demo: Demo) -> None:
    for table in TABLES:
        for column, declared in demo.rows(f"SELECT name, type FROM pragma_table_info('{table}')"):
            if declared in ("DATE", "TIMESTAMP") and column != "required_date":
                assert demo.one(f"SELECT MAX(SUBSTR({column}, 1, 10)) FROM {table}") <= str(demo.today)


def test_money_has_cents(demo: Demo) -> None:
    for table in TABLES:
        for column, declared in demo.rows(f"SELECT name, type FROM pragma_table_info('{table}')"):
            if declared.startswith("NUMERIC"):
                assert demo.one(f"SELECT COUNT(*) FROM {table} WHERE ROUND({column}, 2) <> {column}") == 0
                assert demo.one(f"SELECT MIN({column}) FROM {table}") >= 0


# Building


def test_two_builds_are_equal(tmp_path: Path) -> None:
    """In another process, with other hash seeds."""
    for name, seed in (("one.db", "1"), ("two.db", "2")):
        subprocess.run([sys.executable, "-m", "demo.build", str(tmp_path / name), "--today", "2026-11-22"],
                       check=True, env={"PYTHONHASHSEED": seed}, capture_output=True,
                       cwd=Path(__file__).parents[1])
    one, two = (Demo(tmp_path / name, TODAY) for name in ("one.db", "two.db"))
    assert one.dump() == two.dump()
    one.close()
    two.close()


def test_names_stay_from_day_to_day(tmp_path: Path, plain: Demo) -> None:
    build(tmp_path / "next.db", TODAY + timedelta(days=1))
    with closing(Demo(tmp_path / "next.db", TODAY)) as tomorrow:
        for names in ("SELECT name, segment, city FROM customers ORDER BY 1",
                      "SELECT first_name, last_name, job_title FROM employees ORDER BY 1, 2",
                      "SELECT * FROM products", "SELECT * FROM inventory"):
            assert tomorrow.rows(names) == plain.rows(names)


def test_another_seed_gives_other_rows(tmp_path: Path, plain: Demo) -> None:
    build(tmp_path / "other.db", TODAY, seed=4)
    with closing(Demo(tmp_path / "other.db", TODAY)) as other:
        assert other.rows("SELECT name FROM customers") != plain.rows("SELECT name FROM customers")
        assert other.one("SELECT COUNT(*) FROM payments") == 5600


def test_builds_within_a_generous_bound(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "demo.build", str(tmp_path / "demo.db")], check=True, timeout=60,
                   capture_output=True, cwd=Path(__file__).parents[1])
    assert built_for(tmp_path / "demo.db") in (date.today(), date.today() - timedelta(days=1))


def test_build_replaces_the_file_and_leaves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "demo.db"
    path.write_text("not a database")
    assert main([str(path), "--today", "2026-03-04"]) == 0
    assert built_for(path) == date(2026, 3, 4)
    assert [p.name for p in tmp_path.iterdir()] == ["demo.db"]


def test_a_failed_build_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "demo.db"
    build(path, TODAY)
    monkeypatch.setitem(TABLES, "returns", "CREATE TABLE returns (id INTEGER)")
    with pytest.raises(sqlite3.Error):
        build(path, TODAY + timedelta(days=1))
    assert built_for(path) == TODAY
    assert [p.name for p in tmp_path.iterdir()] == ["demo.db"]


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere" / "demo.db")]) == 1
    assert "Cannot build the database" in capsys.readouterr().err


def test_built_for_other_files(tmp_path: Path) -> None:
    assert built_for(tmp_path / "missing.db") is None
    (tmp_path / "text.db").write_text("hello " * 100)
    assert built_for(tmp_path / "text.db") is None
    with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    assert built_for(tmp_path / "empty.db") is None
    with closing(sqlite3.connect(tmp_path / "odd name?#%.db")) as connection:
        connection.execute("PRAGMA user_version = 20240229")
    assert built_for(tmp_path / "odd name?#%.db") == date(2024, 2, 29)
