"""What gold queries ask of single columns: the literals that a copy of the database must hold for them to matter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from eval_harness.quoted import parse_query

Operator = Literal["=", "<", ">", "like"]
ColumnName = tuple[str, str]  # table and column, in lower case
Link = tuple[ColumnName, ColumnName]

_OPERATORS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=", exp.NEQ: "=", exp.Is: "=", exp.GT: ">", exp.GTE: ">", exp.LT: "<", exp.LTE: "<",
    exp.Like: "like", exp.ILike: "like", exp.Glob: "like",
}  # fmt: skip
_FLIPPED: dict[Operator, Operator] = {"=": "=", "<": ">", ">": "<", "like": "like"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A column against a literal. Which side of the literal is right does not matter: both must be there."""

    column: ColumnName
    operator: Operator
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gold queries of one database ask: for each query its conditions; and which columns they join."""

    scenarios: tuple[tuple[Condition, ...], ...]
    links: frozenset[Link]


def read_conditions(queries: Iterable[str], tables: Mapping[str, Iterable[str]]) -> Asked:
    """Read the queries, in SQLite's dialect, over `tables` (names of their columns, all in lower case).

    A query that does not parse asks for nothing.
    """
    known = {table: frozenset(columns) for table, columns in tables.items()}
    every = frozenset().union(*known.values())
    scenarios: dict[tuple[Condition, ...], None] = {}
    links: set[Link] = set()
    for sql in dict.fromkeys(queries):
        tree = parse_query(sql, every)
        if tree is None:
            continue
        found = tuple(dict.fromkeys(_conditions(tree, known)))
        if found:
            scenarios[found] = None
        links.update(_links(tree, known))
    return Asked(tuple(scenarios), frozenset(links))


def resolve(column: exp.Column, tables: Mapping[str, frozenset[str]]) -> ColumnName | None:
    """The table and column that a column of a query names; None for one of a derived table."""
    name = column.name.lower()
    select = column.find_ancestor(exp.Select)
    while select is not None:
        for source in _sources(select):
            table = source.name.lower()
            named = not column.table or source.alias_or_name.lower() == column.table.lower()
            if named and name in tables.get(table, ()):
                return table, name
        select = select.find_ancestor(exp.Select)
    return None


def _sources(select: exp.Select) -> Iterator[exp.Table]:
    first = select.args.get("from_")
    items = [first.this] if first else []
    for item in [*items, *(join.this for join in select.args.get("joins") or [])]:
        if isinstance(item, exp.Table):
            yield item


def _conditions(tree: exp.Query, tables: Mapping[str, frozenset[str]]) -> Iterator[Condition]:
    for node in tree.walk():
        for side, operator, other in _compared(node):
            column = _column(side)
            value = _literal(other)
            name = resolve(column, tables) if column is not None else None
            if name is not None and value is not None:
                yield Condition(name, operator, value)


def _compared(node: exp.Expr) -> Iterator[tuple[exp.Expr, Operator, exp.Expr]]:
    operator = _OPERATORS.get(type(node))
    if operator is not None:
        yield node.this, operator, node.expression
        yield node.expression, _FLIPPED[operator], node.this
    elif isinstance(node, exp.Between):
        yield node.this, ">", node.args["low"]
        yield node.this, "<", node.args["high"]
    elif isinstance(node, exp.In):
        for item in node.expressions:
            yield node.this, "=", item


def _column(node: exp.Expr) -> exp.Column | None:
    """The column itself, also behind LOWER and UPPER."""
    while isinstance(node, exp.Lower | exp.Upper | exp.Paren):
        node = node.this
    return node if isinstance(node, exp.Column) else None


def _literal(node: exp.Expr) -> str | int | float | None:
    if isinstance(node, exp.Neg):
        value = _literal(node.this)
        return -value if isinstance(value, int | float) else None
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        return str(node.this)
    try:
        return int(node.this) if node.is_int else float(node.this)
    except (ValueError, OverflowError):
        return None


def _links(tree: exp.Query, tables: Mapping[str, frozenset[str]]) -> Iterator[Link]:
    for node in tree.find_all(exp.EQ):
        if isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Column):
            first, second = resolve(node.this, tables), resolve(node.expression, tables)
            if first and second and first != second:
                yield first, second
    for membership in tree.find_all(exp.In):
        inner = membership.args.get("query")
        selected = inner.this.selects if isinstance(inner, exp.Subquery) and isinstance(inner.this, exp.Select) else []
        tested = membership.this
        if isinstance(tested, exp.Column) and len(selected) == 1 and isinstance(selected[0], exp.Column):
            first, second = resolve(tested, tables), resolve(selected[0], tables)
            if first and second and first != second:
                yield first, second
