"""What an expression of a query is made of: its factors, the branches of a CASE, what a LAG looks back at."""

from __future__ import annotations

import math
from datetime import date

from sqlglot import exp

from bot.formats import clean, shorten

_PLACES = 9  # decimals that a folded number keeps


def number(node: exp.Expr) -> str:
    """A literal as it is read."""
    if isinstance(node, exp.Neg):
        return "-" + number(node.this)
    if isinstance(node, exp.Null):
        return "nothing"
    return shorten(clean(node.name), 40) if isinstance(node, exp.Literal) else str(node.this).lower()


def day_of(node: exp.Expr) -> date | None:
    """The day that a text literal writes."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        return None
    try:
        return date.fromisoformat(node.name)
    except ValueError:
        return None


def folded(node: exp.Expr) -> exp.Expr:
    """Arithmetic of numbers alone as the one number that it comes to: 10 / 100.0 as 0.1. Anything else as it is.

    Whole numbers divided by each other stay, as databases do not agree on what they come to.
    """
    value = _value_of(node)
    if isinstance(node, exp.Literal) or value is None or not math.isfinite(value):
        return node
    text = format(round(abs(value), _PLACES), f".{_PLACES}f").rstrip("0").rstrip(".")
    return exp.Literal.number(text) if value >= 0 else exp.Neg(this=exp.Literal.number(text))


def _value_of(node: exp.Expr) -> float | None:
    """What numbers and the four operations between them come to."""
    if isinstance(node, exp.Literal) and not node.is_string:
        return float(node.name)
    if isinstance(node, exp.Paren | exp.Neg):
        inside = _value_of(node.this)
        return -inside if isinstance(node, exp.Neg) and inside is not None else inside
    if not isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        return None
    left, right = _value_of(node.left), _value_of(node.right)
    if left is None or right is None:
        return None
    if isinstance(node, exp.Add | exp.Sub):
        return left + right if isinstance(node, exp.Add) else left - right
    if isinstance(node, exp.Mul):
        return left * right
    broken = any("." in literal.name for literal in node.find_all(exp.Literal))
    return left / right if right and broken else None


def stripped(node: exp.Expr) -> exp.Expr:
    """Without what changes how a value is written but not what it is: alias, parentheses, CAST, ROUND, NULLIF 0."""
    while True:
        others = node.expressions if isinstance(node, exp.Coalesce) else [None]
        plain = isinstance(node, exp.Alias | exp.Paren | exp.Cast | exp.Round | exp.Nullif | exp.Ordered)
        if plain or all(isinstance(other, exp.Literal) for other in others):
            node = node.this
        else:
            return node


def ratio(node: exp.Expr) -> tuple[exp.Expr, exp.Expr, float] | None:
    """What is divided by what, and the number before it where that is 1 or 100."""
    above, below, factor = _factors(stripped(node))
    return (above[0], below[0], factor) if len(above) == len(below) == 1 and factor in (1, 100) else None


def _factors(node: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr], float]:
    """The factors above and below the line, and the product of those that are numbers."""
    node = stripped(node)
    if isinstance(node, exp.Literal) and not node.is_string:
        return [], [], float(node.name)
    if isinstance(node, exp.Mul):
        (a, b, x), (c, d, y) = _factors(node.left), _factors(node.right)
        return a + c, b + d, x * y
    if isinstance(node, exp.Div):
        (a, b, x), (c, d, y) = _factors(node.left), _factors(node.right)
        return a + d, b + c, x / y if y else 0
    return [node], [], 1


def lagged(node: exp.Expr) -> exp.Expr | None:
    """What a LAG window looks back at."""
    lag = stripped(node.this) if isinstance(node, exp.Window) else None
    return stripped(lag.this) if isinstance(lag, exp.Lag) else None


def case_branches(node: exp.Expr) -> list[exp.If]:
    """The WHENs of an aggregate over a CASE."""
    inside = stripped(node.this) if isinstance(node.this, exp.Expr) else None
    if isinstance(inside, exp.Case) and inside.this is None:
        return list(inside.args.get("ifs") or [])
    return [inside] if isinstance(inside, exp.If) else []
