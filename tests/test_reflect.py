"""Reflection sees what is in a database, whatever it is called; only the shape changes the fingerprint."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy import types as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import TypeEngine

from bot.reflect import column_type, reflect
from bot.schema import Column, ColumnType, ForeignKey, Schema, Table
from demo.build import build

Make = Callable[[str], Schema]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Runs SQL on one SQLite file and reflects it."""
    engine = create_engine(f"sqlite:///{tmp_path / 'some.db'}")

    def make(script: str) -> Schema:
        with closing(sqlite3.connect(tmp_path / "some.db")) as connection:
            connection.executescript(script)
        return reflect(engine)

    yield make
    engine.dispose()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The demo database."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    build(path, date(2026, 11, 22))
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def test_demo_tables(demo: Engine) -> None:
    schema = reflect(demo)
    assert schema.dialect == "sqlite"
    assert {t.name: t.rows for t in schema.tables} == {
        "categories": 8, "customers": 400, "departments": 8, "employees": 120, "inventory": 220,
        "order_items": 15_000, "orders": 6000, "payments": 5600, "products": 60, "returns": 420,
        "suppliers": 14, "support_tickets": 1300, "warehouses": 5,
    }
    assert [t.name for t in schema.tables] == sorted(t.name for t in schema.tables)


def test_demo_columns(demo: Engine) -> None:
    schema = reflect(demo)
    assert schema.column("orders.channel") == Column(
        "channel", "text", False, ("partner", "phone", "store", "web"))
    assert schema.column("orders.shipped_date") == Column("shipped_date", "date", True)
    assert schema.column("payments.paid_at") == Column("paid_at", "timestamp", False)
    assert schema.column("products.unit_price") == Column("unit_price", "number", False)
    assert schema.column("customers.name") == Column("name", "text", False, ())
    assert schema.column("employees.manager_id") == Column("manager_id", "integer", True)


def test_demo_keys(demo: Engine) -> None:
    schema = reflect(demo)
    inventory, employees = schema.table("inventory"), schema.table("employees")
    assert inventory is not None and employees is not None
    assert inventory.primary_key == ("product_id", "warehouse_id")
    assert inventory.foreign_keys == (
        ForeignKey(("product_id",), "products", ("id",)),
        ForeignKey(("warehouse_id",), "warehouses", ("id",)),
    )
    assert employees.foreign_keys == (
        ForeignKey(("department_id",), "departments", ("id",)),
        ForeignKey(("manager_id",), "employees", ("id",)),
    )


def test_composite_foreign_key(make: Make) -> None:
    schema = make("""
        CREATE TABLE a (x INTEGER, y INTEGER, PRIMARY KEY (x, y));
        CREATE TABLE b (p INTEGER, q INTEGER, FOREIGN KEY (p, q) REFERENCES a (x, y));
    """)
    table = schema.table("b")
    assert table is not None and table.foreign_keys == (ForeignKey(("p", "q"), "a", ("x", "y")),)


def test_foreign_keys_are_spelt_as_their_targets(make: Make) -> None:
    schema = make("""
        CREATE TABLE Stadium (Stadium_ID INT PRIMARY KEY);
        CREATE TABLE concert (
            id INT, stadium_id INT, other INT, gone INT, again INT,
            FOREIGN KEY (STADIUM_ID) REFERENCES stadium (stadium_id),
            FOREIGN KEY (other) REFERENCES STADIUM,
            FOREIGN KEY (gone) REFERENCES nowhere (id),
            FOREIGN KEY (again) REFERENCES stadium (stadium_id),
            FOREIGN KEY (again) REFERENCES stadium (stadium_id)
        );
    """)
    table = schema.table("concert")
    assert table is not None and table.foreign_keys == tuple(
        ForeignKey((column,), "Stadium", ("Stadium_ID",)) for column in ("again", "other", "stadium_id"))


def test_views_are_tables(make: Make) -> None:
    schema = make("""
        CREATE TABLE a (x INTEGER PRIMARY KEY, kind TEXT);
        INSERT INTO a (kind) VALUES ('red'), ('blue'), ('red');
        CREATE VIEW reds AS SELECT x, kind FROM a WHERE kind = 'red';
        CREATE TABLE gone (y INTEGER);
        CREATE VIEW broken AS SELECT y FROM gone;
        DROP TABLE gone;
    """)
    assert [t.name for t in schema.tables] == ["a", "reds"]
    assert schema.table("reds") == Table(
        "reds", (Column("x", "integer"), Column("kind", "text", values=("red",))), rows=2)


def test_values_of_text_columns(make: Make) -> None:
    many = ", ".join(f"('{n}', '{n % 12}', '{'x' * (n + 95)}', NULL, {n})" for n in range(13))
    schema = make(f"CREATE TABLE t (many TEXT, few TEXT, prose TEXT, blank TEXT, number INTEGER);"
                  f"INSERT INTO t VALUES {many}; INSERT INTO t (few) VALUES (NULL);")
    table = schema.table("t")
    assert table is not None
    assert {c.name: len(c.values) for c in table.columns} == {
        "many": 0, "few": 12, "prose": 0, "blank": 0, "number": 0}
    few = schema.column("t.few")
    assert few is not None and few.values == tuple(sorted(str(n) for n in range(12)))


def test_a_text_column_with_other_things_in_it(make: Make) -> None:
    schema = make("CREATE TABLE t (b TEXT, s TEXT); INSERT INTO t VALUES (x'00ff', 'é'), ('a', '''');")
    assert [c.values for _, c in schema.columns()] == [(), ("'", "é")]


def test_an_empty_database(make: Make) -> None:
    schema = make("")
    assert schema.tables == ()
    assert Schema.from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("INTEGER", "integer"), ("int", "integer"), ("BIGINT", "integer"), ("tinyint(1)", "integer"),
        ("VARCHAR(20)", "text"), ("TEXT", "text"), ("nchar(3)", "text"), ("REAL", "number"),
        ("NUMERIC(10,2)", "number"), ("double precision", "number"), ("decimal", "number"), ("DATE", "date"),
        ("DATETIME", "timestamp"), ("TIMESTAMP", "timestamp"), ("BOOLEAN", "boolean"), ("BLOB", "other"),
        ("JSON", "other"), ("", "other"),
    ],
)
def test_declared_types(make: Make, declared: str, expected: ColumnType) -> None:
    schema = make(f"CREATE TABLE t (id INTEGER PRIMARY KEY, c {declared});")
    column = schema.column("t.c")
    assert column is not None and column.type == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (postgresql.TIMESTAMP(timezone=True), "timestamp"), (postgresql.UUID(), "text"),
        (postgresql.JSONB(), "other"), (postgresql.ARRAY(sa.Integer), "other"), (postgresql.BYTEA(), "other"),
        (postgresql.DOUBLE_PRECISION(), "number"), (postgresql.ENUM("a", name="e"), "text"),
        (postgresql.INTERVAL(), "other"), (postgresql.TIME(), "other"), (mysql.TINYINT(1), "integer"),
        (mysql.DATETIME(), "timestamp"), (mysql.ENUM("a"), "text"), (mysql.LONGTEXT(), "text"),
        (mysql.DECIMAL(10, 2), "number"), (mysql.DOUBLE(), "number"), (mysql.BLOB(), "other"),
        (postgresql.DOMAIN("cash", sa.Numeric(10, 2)), "number"), (postgresql.BIT(1), "other"),
        (mysql.BIT(1), "boolean"), (mysql.BIT(8), "other"), (sa.NullType(), "other"),
    ],
)
def test_types_of_other_engines(declared: TypeEngine[object], expected: ColumnType) -> None:
    assert column_type(declared) == expected


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello " * 1000)
    engine = create_engine(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(SQLAlchemyError):
        reflect(engine)
    engine.dispose()


# Names are anything but NUL. SQLite takes no two columns that differ in ASCII case only.
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
ODD = st.one_of(NAMES, st.sampled_from(
    ["select", "order", "a b", 'say "hi"', "it's", "100%", "x:y", "[a]", "`b`", "größe",
     "名前", "a.b", "%(x)s", "?"]))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=ODD.filter(lambda n: not n.casefold().startswith("sqlite_")),
    columns=st.lists(ODD, min_size=1, max_size=4, unique_by=str.casefold),
)
def test_odd_names(tmp_path_factory: pytest.TempPathFactory, table: str, columns: list[str]) -> None:
    path = tmp_path_factory.mktemp("odd") / "odd.db"
    with closing(sqlite3.connect(path)) as connection:
        declared = ", ".join(f"{quoted(c)} TEXT" for c in columns)
        connection.execute(f"CREATE TABLE {quoted(table)} ({declared})")
        connection.execute(f"INSERT INTO {quoted(table)} VALUES ({', '.join('?' * len(columns))})", columns)
        connection.commit()
    engine = create_engine(f"sqlite:///{path}")
    schema = reflect(engine)
    engine.dispose()
    assert schema.tables == (Table(table, tuple(Column(c, "text", True, (c,)) for c in columns), rows=1),)


def test_keys_of_odd_names(make: Make) -> None:
    schema = make('''
        CREATE TABLE "order" ("the id" INTEGER PRIMARY KEY, "größe" TEXT NOT NULL);
        CREATE TABLE "line ""1""" ("select" INTEGER, FOREIGN KEY ("select") REFERENCES "order" ("the id"));
    ''')
    assert schema.table('line "1"') == Table(
        'line "1"', (Column("select", "integer"),),
        foreign_keys=(ForeignKey(("select",), "order", ("the id",)),))


# Fingerprint


SHOP = """
    CREATE TABLE shop (id INTEGER PRIMARY KEY, city TEXT);
    CREATE TABLE sale (id INTEGER, shop_id INTEGER);
"""


def test_rows_do_not_change_the_fingerprint(make: Make) -> None:
    before = make(SHOP)
    after = make("INSERT INTO shop (city) VALUES ('Rome'), ('Oslo'); CREATE INDEX i ON shop (city);")
    assert after != before
    assert after.fingerprint == before.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE shop ADD COLUMN country TEXT",
        "ALTER TABLE shop RENAME COLUMN city TO town",
        "ALTER TABLE shop RENAME TO store",
        "ALTER TABLE shop DROP COLUMN city",
        "DROP TABLE sale",
        "CREATE TABLE visit (id INTEGER)",
        "CREATE VIEW cities AS SELECT city FROM shop",
        "DROP TABLE sale; CREATE TABLE sale (id INTEGER PRIMARY KEY, shop_id INTEGER)",
        "DROP TABLE sale; CREATE TABLE sale (id INTEGER, shop_id TEXT)",
        "DROP TABLE sale; CREATE TABLE sale (id INTEGER, shop_id INTEGER REFERENCES shop (id))",
    ],
)
def test_the_shape_changes_the_fingerprint(make: Make, change: str) -> None:
    assert make(SHOP).fingerprint != make(change).fingerprint


def test_two_databases_of_one_shape_share_a_fingerprint(tmp_path: Path, demo: Engine) -> None:
    build(tmp_path / "demo.db", date(2027, 2, 3))
    engine = create_engine(f"sqlite:///{tmp_path / 'demo.db'}")
    assert reflect(engine).fingerprint == reflect(demo).fingerprint
    engine.dispose()


# Round trip


TYPES: st.SearchStrategy[ColumnType] = st.sampled_from(
    ["integer", "number", "text", "date", "timestamp", "boolean", "other"])
WORDS = st.lists(st.text(max_size=8), max_size=3).map(tuple)
COLUMNS = st.lists(st.builds(Column, st.text(max_size=8), TYPES, st.booleans(), WORDS), max_size=3).map(tuple)
SCHEMAS = st.builds(
    Schema,
    st.sampled_from(["sqlite", "postgres", "mysql"]),
    st.lists(
        st.builds(
            Table, st.text(max_size=8), COLUMNS, WORDS,
            st.lists(st.builds(ForeignKey, WORDS, st.text(max_size=8), WORDS), max_size=2).map(tuple),
            st.integers(min_value=0),
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(SCHEMAS)
def test_schema_json_round_trip(schema: Schema) -> None:
    assert Schema.from_json(schema.to_json()) == schema
    assert Schema.from_json(schema.to_json()).fingerprint == schema.fingerprint


def test_demo_json_round_trip(demo: Engine) -> None:
    schema = reflect(demo)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
