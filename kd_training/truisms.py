"""Conditions that hold for every row by their text alone: `1 = 1`, `x = x`, `x > 5 OR x <= 5`, `x LIKE '%'`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.simplify import simplify

_REFLEXIVE = (exp.EQ, exp.GTE, exp.LTE, exp.Is, exp.NullSafeEQ)
_OPPOSITE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ, exp.NEQ: exp.EQ, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.GT: exp.LTE, exp.LTE: exp.GT,
}  # fmt: skip


def truism(tree: exp.Expr) -> str | None:
    """The first condition anywhere in a query, or part of an OR or AND, that is always true; None where there is none.

    NULLs count as rows that a reader would not miss: `x = x` is a truism too.
    """
    for condition in _conditions(tree):
        for part in _parts(condition):
            if _holds(part):
                return part.sql("sqlite")
    return None


def _conditions(tree: exp.Expr) -> Iterator[exp.Expr]:
    for node in tree.find_all(exp.Where, exp.Having, exp.If, exp.Filter):
        yield node.expression if isinstance(node, exp.Filter) else node.this
    for join in tree.find_all(exp.Join):
        if join.args.get("on") is not None:
            yield join.args["on"]


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The condition itself and what it is put together from."""
    yield node
    if isinstance(node, exp.Connector):
        yield from _parts(node.left)
        yield from _parts(node.right)
    elif isinstance(node, exp.Paren | exp.Not | exp.Where):
        yield from _parts(node.this)


def _holds(condition: exp.Expr) -> bool:
    node = _simplified(condition)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return not node.is_string and float(node.this) != 0
    if isinstance(node, exp.Or):
        sides = [_simplified(side) for side in node.flatten()]
        return any(map(_holds, sides)) or any(_denied(side) in sides for side in sides)
    if isinstance(node, exp.And):
        return all(_holds(side) for side in node.flatten())
    if isinstance(node, _REFLEXIVE):
        return bool(node.this == node.expression)
    if isinstance(node, exp.Like | exp.ILike | exp.Glob):
        wild = "*" if isinstance(node, exp.Glob) else "%"
        return node.expression.is_string and not node.expression.name.strip(wild) and bool(node.expression.name)
    if isinstance(node, exp.In):
        return node.this in node.expressions
    return isinstance(node, exp.Between) and node.this == node.args["low"] == node.args["high"]


def _denied(node: exp.Expr) -> exp.Expr:
    """The opposite of a condition, written as simply as the condition would be."""
    if isinstance(node, exp.Not):
        return _simplified(node.this)
    opposite = _OPPOSITE.get(type(node))
    if opposite is None:
        return exp.not_(node)
    return opposite(this=node.this.copy(), expression=node.expression.copy())


def _simplified(node: exp.Expr) -> exp.Expr:
    copy = node.copy()
    try:
        plain: exp.Expr = simplify(copy, dialect="sqlite").unnest()
        return plain
    except (SqlglotError, ValueError, TypeError, AttributeError, ArithmeticError):
        return node.copy().unnest()  # the optimizer does not know every function
