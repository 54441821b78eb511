"""What a SQL query is made of, in a form that two queries can be compared by.

Table aliases, letter case, the order of conditions, BETWEEN against two comparisons and the side a constant
stands on are written one way. Expressions without columns ("date('now', '-7 days')") are worked out by
SQLite itself, so that they meet the literal they stand for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip
_NOT_CONSTANT = (exp.Column, exp.Star, exp.Query, exp.AggFunc, exp.Window, exp.Placeholder, exp.Parameter)

# Functions that stay cheap whatever they are given; printf and the like can ask for gigabytes.
_CALENDAR = {"date", "datetime", "julianday", "strftime", "time", "unixepoch"}


@dataclass(frozen=True, slots=True)
class Parts:
    """One query, taken apart. Each part is a set of normal forms."""

    tables: frozenset[str]
    filters: frozenset[str]
    aggregates: frozenset[str]
    groups: frozenset[str]
    columns: frozenset[str]
    orders: frozenset[str]


def tables_read(sql: str, dialect: str = "sqlite") -> frozenset[str] | None:
    """Names of the tables that the query reads, in lower case; None when it cannot be parsed.

    A name that a WITH clause defines is not a table, except where the clause itself reads a table of that
    name.
    """
    tree = _parse(sql, dialect)
    return _tables(tree) if tree is not None else None


def take_apart(sql: str, dialect: str = "sqlite") -> Parts | None:
    """The parts of the query; None when it cannot be parsed."""
    tree = _parse(sql, dialect)
    if tree is None:
        return None
    tables = _tables(tree)
    with closing(sqlite3.connect(":memory:")) as calculator:
        calculator.set_authorizer(_allow)
        tree = _normal(tree, calculator)
    return Parts(
        tables=tables,
        filters=frozenset(_text(c) for c in _conditions(tree)),
        aggregates=frozenset(_text(node) for node in tree.find_all(exp.AggFunc, exp.Window)),
        groups=frozenset(_text(key) for key in _group_keys(tree)),
        columns=frozenset(_text(column.unalias()) for column in tree.selects),
        orders=frozenset(_text(key) for key in _order_keys(tree)),
    )


def _parse(sql: str, dialect: str) -> exp.Query | None:
    try:
        tree = parse_one(sql, read=dialect)
    except (SqlglotError, RecursionError):
        return None
    return tree if isinstance(tree, exp.Query) else None


def _tables(tree: exp.Query) -> frozenset[str]:
    try:
        scopes = traverse_scope(tree)
    except SqlglotError:  # the names do not fit together; the database will not run this either
        return frozenset(table.name.lower() for table in tree.find_all(exp.Table))
    sources = (source for scope in scopes for source in scope.sources.values())
    return frozenset(source.name.lower() for source in sources if isinstance(source, exp.Table))


def _normal(tree: exp.Query, calculator: sqlite3.Connection) -> exp.Query:
    """A copy with columns unqualified and in lower case, and constant expressions worked out."""

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return exp.column(node.name.lower())
        if isinstance(node, exp.Func | exp.Binary) and not node.find(*_NOT_CONSTANT):
            return _work_out(node, calculator)
        return node

    tree = tree.copy()
    tree.transform(change, copy=False)
    return tree


def _allow(action: int, _: str | None, function: str | None, *_names: str | None) -> int:
    known = action == sqlite3.SQLITE_FUNCTION and (function or "").lower() in _CALENDAR
    return sqlite3.SQLITE_OK if known or action == sqlite3.SQLITE_SELECT else sqlite3.SQLITE_DENY


def _work_out(node: exp.Expr, calculator: sqlite3.Connection) -> exp.Expr:
    try:
        (value,) = calculator.execute(f"SELECT {node.sql(dialect='sqlite')}").fetchone()
    except (sqlite3.Error, SqlglotError):
        return node
    return exp.convert(value) if isinstance(value, str | int | float) else node


def _conditions(tree: exp.Query) -> Iterator[exp.Expr]:
    """Every condition that chooses rows (WHERE, HAVING, ON), split at AND, but for joins of two columns."""
    clauses = [clause.this for clause in tree.find_all(exp.Where, exp.Having)]
    clauses += [join.args["on"] for join in tree.find_all(exp.Join) if join.args.get("on")]
    for clause in clauses:
        for condition in clause.flatten() if isinstance(clause, exp.And) else [clause]:
            if isinstance(condition, exp.Between):
                yield exp.GTE(this=condition.this, expression=condition.args["low"])
                yield exp.LTE(this=condition.this, expression=condition.args["high"])
            elif not _joins(condition):
                yield _column_first(condition)


def _joins(condition: exp.Expr) -> bool:
    sides = (condition.args.get("this"), condition.args.get("expression"))
    return isinstance(condition, exp.EQ) and all(isinstance(side, exp.Column) for side in sides)


def _column_first(condition: exp.Expr) -> exp.Expr:
    flipped = _FLIPPED.get(type(condition))
    if flipped is not None and isinstance(condition.this, exp.Literal):
        return flipped(this=condition.expression, expression=condition.this)
    return condition


def _group_keys(tree: exp.Query) -> Iterator[exp.Expr]:
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        yield from (_meant(key, select) for key in (group.expressions if group else []))


def _order_keys(tree: exp.Query) -> Iterator[exp.Expr]:
    """The sort keys of the outermost query and of every query with a LIMIT, where they choose the rows."""
    for query in tree.find_all(exp.Query):
        order = query.args.get("order")
        if order and (query is tree or query.args.get("limit")):
            for key in order.expressions:
                yield exp.Ordered(this=_meant(key.this, query), desc=bool(key.args.get("desc")))


def _meant(key: exp.Expr, query: exp.Query) -> exp.Expr:
    """The key itself, or the selected expression that it names by position ("GROUP BY 1") or alias."""
    if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.this) <= len(query.selects):
        return query.selects[int(key.this) - 1].unalias()
    names = {column.alias.lower(): column.unalias() for column in query.selects if column.alias}
    return names.get(key.name.lower(), key) if isinstance(key, exp.Column) else key


def _text(node: exp.Expr) -> str:
    return node.sql(dialect="sqlite", normalize=True, comments=False)
