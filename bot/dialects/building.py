"""Small pieces of SQL to build with, each marked with the type of its values."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from bot.rejection import Rejection
from bot.schema import ColumnType, Dialect


def typed(node: exp.Expr, kind: ColumnType) -> exp.Expr:
    """The node, marked with the type of its values."""
    node.meta["type"] = kind
    return node


def call(name: str, *arguments: exp.Expr, kind: ColumnType = "other") -> exp.Expr:
    """A function by its name, as it is: no dialect rewrites it."""
    return typed(exp.Anonymous(this=name, expressions=list(arguments)), kind)


def cast(node: exp.Expr, to: str, kind: ColumnType) -> exp.Expr:
    """A cast, unless it is that already."""
    if isinstance(node, exp.Cast) and node.to.this == exp.DType[to]:
        return node
    if isinstance(node, (exp.Select, exp.SetOperation)):
        node = exp.Subquery(this=node)
    return typed(exp.Cast(this=node, to=exp.DataType(this=exp.DType[to], nested=False)), kind)


def number(value: int | str) -> exp.Expr:
    """A number as a literal."""
    return exp.Literal.number(value)


def text(value: str) -> exp.Expr:
    """A text as a literal."""
    return exp.Literal.string(value)


def paren(node: exp.Expr) -> exp.Expr:
    """The node in parentheses, where it needs them as part of something larger."""
    if isinstance(node, (exp.Binary, exp.Unary)) and not isinstance(node, exp.Paren):
        kind = node.meta.get("type") if node.meta else None
        wrapped = exp.Paren(this=node)
        return typed(wrapped, kind) if kind else wrapped
    return node


def concatenated(parts: Sequence[exp.Expr], target: Dialect) -> exp.Expr:
    """The parts as one text: `a || b`, or CONCAT(a, b)."""
    if not parts:
        return text("")
    said = parts[0]
    if target == "mysql" and len(parts) > 1:
        return call("CONCAT", *parts, kind="text")
    for part in parts[1:]:
        said = exp.DPipe(this=said, expression=part, safe=True)
    return typed(said, "text")


def interval(amount: int | str, unit: str) -> exp.Expr:
    """A span of time: INTERVAL '3 MONTH', or INTERVAL 3 MONTH."""
    return exp.Interval(this=text(str(amount)), unit=exp.Var(this=unit.upper()))


def unsupported(what: str) -> Rejection:
    """What this kind of database has no words for."""
    return Rejection("unsupported", f"This kind of database cannot do {what}.")
