"""A query seen from its result: what each column was selected as, what it reads, how the rows are ordered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.canonical import CanonicalError, canonicalize, conjuncts, sources
from bot.schema import Column, Schema, Table

_DEEP = 12  # queries inside queries that are followed to the column they read


@dataclass(frozen=True, slots=True)
class Origin:
    """A column of the schema and the name its table has in the query. `direct`: not through a subquery."""

    table: Table
    column: Column
    source: str
    direct: bool = True


@dataclass(frozen=True, slots=True)
class Shape:
    """The outermost query: its SELECT (of a set operation the first), one expression a column, its LIMIT."""

    select: exp.Select
    items: tuple[exp.Expr, ...]
    limit: int | None
    limited: bool
    combined: bool

    def order(self, index: int) -> Literal["", "asc", "desc"]:
        """How the rows are sorted by column `index`, if it is what they are sorted by first."""
        if self.combined:
            return ""
        order = self.select.args.get("order")
        first = order.expressions[0] if order and order.expressions else None
        if not isinstance(first, exp.Ordered) or not self._is_item(first.this, index):
            return ""
        return "desc" if first.args.get("desc") else "asc"

    def _is_item(self, key: exp.Expr, index: int) -> bool:
        item = self.items[index]
        if isinstance(key, exp.Literal) and not key.is_string:
            return key.name == str(index + 1)
        if isinstance(item, exp.Alias) and isinstance(key, exp.Column) and key.name == item.alias:
            return True
        return bare(key) == bare(item)


def shape_of(sql: str, schema: Schema) -> Shape | None:
    """Take a query apart; None when it is not one that can be."""
    try:
        tree = canonicalize(sql, schema)
    except (CanonicalError, SqlglotError, RecursionError):
        return None
    outer, select = tree, tree
    while isinstance(select, exp.SetOperation | exp.Subquery):
        select = select.this
    if not isinstance(select, exp.Select):
        return None
    items = [part for item in select.expressions for part in _expanded(item, select, schema)]
    limit = outer.args.get("limit")
    count = limit.expression if isinstance(limit, exp.Limit) else None
    number = int(count.name) if isinstance(count, exp.Literal) and count.name.isdigit() else None
    limited = limit is not None or outer.args.get("offset") is not None
    return Shape(select, tuple(items), number, limited, outer is not select)


@lru_cache(maxsize=512)
def parsed(text: str) -> exp.Expr:
    """An expression of the glossary as a tree, for comparing only: it is shared, never change it."""
    return sqlglot.parse_one(text, read="sqlite")


def bare(node: exp.Expr) -> exp.Expr:
    """Without alias, parentheses, and what changes how a value is written but not what it is."""
    while True:
        others = node.expressions if isinstance(node, exp.Coalesce) else [None]
        defaulted = all(isinstance(other, exp.Literal) for other in others)
        if defaulted or isinstance(node, exp.Alias | exp.Paren | exp.Cast | exp.Round):
            node = node.this
        else:
            return node


def origin(column: exp.Column, select: exp.Select, schema: Schema) -> Origin | None:
    """The schema's column that a column of the query reads, through subqueries and CTEs."""
    for level in range(_DEEP):
        source = _source(column, select)
        if isinstance(source, exp.Table):
            table = schema.table(source.name)
            found = table.column(column.name) if table else None
            if table and found:
                return Origin(table, found, source.alias_or_name, level == 0)
        inner = _behind(column, select)
        if inner is None or not isinstance(inner[0], exp.Column):
            return None
        column, select = inner[0], inner[1]
    return None


def behind(column: exp.Column, select: exp.Select) -> tuple[exp.Expr, exp.Select] | None:
    """What a column of a subquery or CTE was selected as there, and in which SELECT."""
    return _behind(column, select)


def table_names(select: exp.Select) -> list[str]:
    """The names of the tables in FROM and JOIN, in order; repeated when a table meets itself."""
    return [s.name for s in sources(select) if isinstance(s, exp.Table)]


def role(name: str, select: exp.Select, schema: Schema) -> str:
    """The foreign key by which a source is joined, without its `_id`: `manager` for `ON e.manager_id = m.id`.

    Empty when the key says no more than the table's own name.
    """
    for join in select.args.get("joins") or []:
        for test in conjuncts(join.args.get("on")):
            if not isinstance(test, exp.EQ):
                continue
            for key, target in ((test.left, test.right), (test.right, test.left)):
                if not (isinstance(key, exp.Column) and isinstance(target, exp.Column)):
                    continue
                if target.table == name and key.name.endswith("_id") and _points(key, target, select, schema):
                    return key.name.removesuffix("_id")
    return ""


def _points(key: exp.Column, target: exp.Column, select: exp.Select, schema: Schema) -> bool:
    """Whether `key` is a foreign key that refers to the column `target`."""
    owner, owned = origin(key, select, schema), origin(target, select, schema)
    return owner is not None and owned is not None and any(
        (k.columns, k.ref_table, k.ref_columns) == ((key.name,), owned.table.name, (target.name,))
        for k in owner.table.foreign_keys
    )


def finest_table(select: exp.Select, schema: Schema) -> Table | None:
    """The table whose rows a COUNT(*) counts: of the joined ones, the one that no other points at."""
    tables = [schema.table(name) for name in dict.fromkeys(table_names(select))]
    known = [table for table in tables if table is not None]
    if len(known) < len(tables) or any(isinstance(s, exp.Subquery) for s in sources(select)) or not known:
        return None
    pointed = {k.ref_table for table in known for k in table.foreign_keys if k.ref_table != table.name}
    free = [table for table in known if table.name not in pointed]
    return free[0] if len(free) == 1 else known[0]


def _expanded(item: exp.Expr, select: exp.Select, schema: Schema) -> list[exp.Expr]:
    """An item of the SELECT list; for `*` and `t.*` the columns they stand for."""
    if isinstance(item, exp.Star):
        wanted = list(sources(select))
    elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        wanted = [s for s in sources(select) if s.alias_or_name == item.table]
    else:
        return [item]
    found: list[exp.Expr] = []
    for source in wanted:
        for name in _columns(source, select, schema):
            found.append(exp.column(name, table=source.alias_or_name))
    return found


def _columns(source: exp.Expr, select: exp.Select, schema: Schema) -> list[str]:
    table = schema.table(source.name) if isinstance(source, exp.Table) else None
    if table:
        return [c.name for c in table.columns]
    inner = inner_select(source, select)
    return [part.alias_or_name for part in inner.expressions] if inner else []


def _source(column: exp.Column, select: exp.Select) -> exp.Expr | None:
    listed = sources(select)
    if not column.table:
        if len(listed) == 1:
            return listed[0]
        for source in listed:
            inner = inner_select(source, select)
            if inner is not None and column.name in inner.named_selects:
                return source
        return None
    return next((s for s in listed if s.alias_or_name == column.table), None)


def _behind(column: exp.Column, select: exp.Select) -> tuple[exp.Expr, exp.Select] | None:
    source = _source(column, select)
    inner = inner_select(source, select) if source is not None else None
    if inner is None or inner is select:
        return None
    for part in inner.expressions:
        if part.alias_or_name == column.name:
            return bare(part), inner
    return None


def inner_select(source: exp.Expr, select: exp.Select) -> exp.Select | None:
    """The SELECT behind a derived table or a CTE's name."""
    inner: exp.Expr | None = None
    if isinstance(source, exp.Subquery):
        inner = source.this
    elif isinstance(source, exp.Table):
        inner = _cte(source.name, select)
    while isinstance(inner, exp.SetOperation | exp.Subquery):
        inner = inner.this
    return inner if isinstance(inner, exp.Select) else None


def _cte(name: str, select: exp.Select) -> exp.Expr | None:
    node: exp.Expr | None = select
    while node is not None:
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ else ():
            if cte.alias == name:
                return cte.this if isinstance(cte.this, exp.Query) else None
        node = node.parent
    return None


def restricted(select: exp.Select) -> list[exp.Column]:
    """The columns that the WHERE of this SELECT itself speaks about."""
    where = select.args.get("where")
    if where is None:
        return []
    return [c for c in where.find_all(exp.Column) if c.find_ancestor(exp.Select) is select]
