"""From a live database to a Schema: SQLAlchemy's inspector for the shape, bounded queries for the rest."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, Engine, String, column, func, inspect, literal_column, select, table, text
from sqlalchemy import types as sa
from sqlalchemy.dialects.mysql import BIT
from sqlalchemy.engine import Inspector
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from sqlalchemy.sql import ColumnElement, TableClause
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeEngine

from bot.schema import Column, ColumnType, Dialect, ForeignKey, Schema, Table

FEW_VALUES = 12
SAMPLED_ROWS = 100_000  # values are looked for among these
COUNTED_ROWS = 1_000_000  # and rows are counted no further than this
LONGEST_VALUE = 100  # characters; longer texts are prose, not a choice

_DIALECTS: dict[str, Dialect] = {
    "sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql",
}
_READABLE = """
SELECT c.relname, a.attname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE pg_catalog.pg_table_is_visible(c.oid) AND c.relnamespace <> 'pg_catalog'::regnamespace
AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')
"""


def reflect(engine: Engine) -> Schema:
    """Tables and views of the engine's default schema, in name order.

    Raises sqlalchemy.exc.SQLAlchemyError when the database does not answer, ValueError for a dialect the bot
    does not speak. A view that cannot be read any more is left out, and so is what PostgreSQL lists to everybody but
    the role may not read.
    """
    dialect = _DIALECTS.get(engine.dialect.name)
    if dialect is None:
        raise ValueError(f"{engine.dialect.name} databases are not supported.")
    # What the inspector warns about (lengths it does not know, keys in another case) is settled below.
    with warnings.catch_warnings(), engine.connect() as connection:
        warnings.simplefilter("ignore", SAWarning)
        inspector = inspect(connection)
        readable = _readable(connection) if dialect == "postgres" else None
        names = [n for n in inspector.get_table_names() if readable is None or n in readable]
        tables = [_table(connection, inspector, name, readable) for name in names]
        queries = inspector.get_view_names()
        if dialect == "postgres":
            queries = [*queries, *inspector.get_materialized_view_names()]
        views = [_view(connection, inspector, name) for name in queries]
    tables += [view for view in views if view is not None]
    return Schema(dialect, _resolved(sorted(tables, key=lambda t: t.name)))


def _readable(connection: Connection) -> dict[str, set[str]]:
    """The columns that a PostgreSQL role may read, by table; a partition is no table of its own."""
    found: dict[str, set[str]] = {}
    for table_name, column_name in connection.execute(text(_READABLE)):
        found.setdefault(table_name, set()).add(column_name)
    return found


def _table(
    connection: Connection, inspector: Inspector, name: str, readable: dict[str, set[str]] | None
) -> Table:
    key = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
    source = table(quoted_name(name, quote=True))
    open_columns = None if readable is None else readable[name]
    return Table(
        name=name,
        columns=_columns(connection, inspector, name, source, key, open_columns),
        primary_key=key if open_columns is None or open_columns.issuperset(key) else (),
        foreign_keys=_foreign_keys(inspector, name),
        rows=_count(connection, source),
    )


def _view(connection: Connection, inspector: Inspector, name: str) -> Table | None:
    """The view as a table without keys; None when what it selects from has gone."""
    source = table(quoted_name(name, quote=True))
    try:
        with connection.begin_nested():
            columns = _columns(connection, inspector, name, source, ())
            return Table(name, columns, rows=_count(connection, source))
    except SQLAlchemyError:
        return None


def _columns(connection: Connection, inspector: Inspector, name: str, source: TableClause,
             key: tuple[str, ...], open_columns: set[str] | None = None) -> tuple[Column, ...]:
    columns = []
    for found in inspector.get_columns(name):
        if open_columns is not None and found["name"] not in open_columns:
            continue
        kind = column_type(found["type"])
        values = _values(connection, source, found["name"]) if kind == "text" else ()
        # SQLite calls a column of the primary key nullable unless it says otherwise.
        nullable = bool(found["nullable"]) and found["name"] not in key
        columns.append(Column(found["name"], kind, nullable, values))
    return tuple(columns)


def _foreign_keys(inspector: Inspector, name: str) -> tuple[ForeignKey, ...]:
    """Keys as declared. Those into another schema are left out: the bot does not look there."""
    return tuple(
        ForeignKey(tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))
        for key in inspector.get_foreign_keys(name)
        if not key.get("referred_schema")
    )


def _resolved(tables: list[Table]) -> tuple[Table, ...]:
    """The tables with foreign keys sorted, freed of doubles, spelt as the tables they point at spell them.

    SQLite accepts keys in any case, and keys that point at nothing; the latter are dropped.
    """
    by_name = {t.name.casefold(): t for t in tables}
    resolved = []
    for owner in tables:
        keys = set()
        for key in owner.foreign_keys:
            target = by_name.get(key.ref_table.casefold())
            columns = _spelt(key.columns, owner)
            if target and columns:
                ref_columns = _spelt(key.ref_columns or target.primary_key, target)
                if len(ref_columns) == len(columns):
                    keys.add(ForeignKey(columns, target.name, ref_columns))
        ordered = sorted(keys, key=lambda k: (k.columns, k.ref_table, k.ref_columns))
        resolved.append(replace(owner, foreign_keys=tuple(ordered)))
    return tuple(resolved)


def _spelt(names: Iterable[str], owner: Table) -> tuple[str, ...]:
    """The names as the table's columns have them; nothing when one is not there."""
    by_name = {c.name.casefold(): c.name for c in owner.columns}
    found = [by_name.get(name.casefold()) for name in names]
    return tuple(name for name in found if name is not None) if None not in found else ()


def column_type(declared: TypeEngine[object]) -> ColumnType:
    """Our name for a declared type; "other" for what questions cannot compare, such as JSON or blobs."""
    declared = getattr(declared, "data_type", declared)  # PostgreSQL's DOMAIN: a type of one's own on another
    if isinstance(declared, BIT):
        return "boolean" if declared.length in (None, 1) else "other"
    kinds: tuple[tuple[type, ColumnType], ...] = (
        (sa.Boolean, "boolean"),
        (sa.Integer, "integer"),
        (sa.Numeric, "number"),
        (sa.Float, "number"),  # a Numeric itself before SQLAlchemy 2.1
        (sa.DateTime, "timestamp"),
        (sa.Date, "date"),
        (sa.String, "text"),
        (sa.Uuid, "text"),
    )
    return next((ours for theirs, ours in kinds if isinstance(declared, theirs)), "other")


def _count(connection: Connection, source: TableClause) -> int:
    """The number of rows, counted no further than COUNTED_ROWS."""
    some = select(literal_column("1").label("one")).select_from(source).limit(COUNTED_ROWS).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _values(connection: Connection, source: TableClause, name: str) -> tuple[str, ...]:
    """The distinct texts among a column's first rows, sorted; nothing when there are many or long ones."""
    cell: ColumnElement[str] = column(quoted_name(name, quote=True), String)
    some = select(cell.label("cell")).select_from(source).limit(SAMPLED_ROWS).subquery()
    few = select(some.c.cell).distinct().where(some.c.cell.is_not(None)).limit(FEW_VALUES + 1)
    texts = connection.execute(few).scalars().all()
    # SQLite keeps whatever it is given, so a text column can hold numbers and blobs.
    if len(texts) > FEW_VALUES or any(not isinstance(t, str) or len(t) > LONGEST_VALUE for t in texts):
        return ()
    return tuple(sorted(texts))
