"""Rows that a query kept by their place in a ranking: those after an OFFSET, the cheapest of each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from sqlglot import exp

from bot.canonical import conjuncts
from bot.query_shape import Shape, bare, behind

End = Literal["lowest", "highest"]
_COMPARED = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def picked(shape: Shape) -> bool:
    """Whether the first of the rows need not be the first of all: some were left out by their place."""
    return _skips(shape.select) or bool([*_ranks(shape.select), *_ends(shape.select)])


def place(shape: Shape) -> int:
    """The place of the only row that LIMIT 1 OFFSET n leaves: 2 for OFFSET 1; 0 where it is another query."""
    select = shape.select
    offset = select.args.get("offset")
    number = offset.expression.name if isinstance(offset, exp.Offset) else ""
    alone = shape.limit == 1 and not shape.combined and not [*_ranks(select), *_ends(select)]
    return int(number) + 1 if alone and number.isdecimal() and number != "0" else 0


def end_of(item: exp.Expr, select: exp.Select) -> End | None:
    """Which end of a group each value of an item is: its lowest or highest, where the rows were picked by that."""
    node = bare(item)
    inner = behind(node, select) if isinstance(node, exp.Column) else None
    for test, window in _ranks(select):
        order = window.args.get("order")
        first = order.expressions[0] if order and order.expressions else None
        if _only_first(test) and isinstance(first, exp.Ordered) and inner and bare(first.this) == inner[0]:
            return "highest" if first.args.get("desc") else "lowest"
    return next((end for column, end in _ends(select) if column == node), None)


def _skips(select: exp.Select) -> bool:
    offset = select.args.get("offset")
    return isinstance(offset, exp.Offset) and offset.expression.name != "0"


def _tests(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    return conjuncts(where.this, through_parens=True) if where else []


def _ranks(select: exp.Select) -> Iterator[tuple[exp.Expr, exp.Window]]:
    """Conditions on a rank that a subquery works out, each with that rank."""
    for test in _tests(select):
        if not isinstance(test, _COMPARED) or not isinstance(test.this, exp.Column):
            continue
        inner = behind(test.this, select)
        window = inner[0] if inner else None
        if isinstance(window, exp.Window) and isinstance(window.this, exp.RowNumber | exp.Rank | exp.DenseRank):
            yield test, window


def _only_first(test: exp.Expr) -> bool:
    return (type(test), test.expression.name) in ((exp.EQ, "1"), (exp.LTE, "1"), (exp.LT, "2"))


def _ends(select: exp.Select) -> Iterator[tuple[exp.Expr, End]]:
    """Columns that have to equal the MIN or MAX that a subquery finds."""
    for test in _tests(select):
        for column, other in ((test.this, test.expression), (test.expression, test.this)) \
                if isinstance(test, exp.EQ) else ():
            query = other.unnest() if isinstance(other, exp.Subquery) else None
            found = bare(query.expressions[0]) if isinstance(query, exp.Select) and query.expressions else None
            if isinstance(column, exp.Column) and isinstance(found, exp.Min | exp.Max):
                yield column, "lowest" if isinstance(found, exp.Min) else "highest"
