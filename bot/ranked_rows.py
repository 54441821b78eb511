"""Rows that a query kept by their place in a ranking: those after an OFFSET, the cheapest of each group."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from bot.query_shape import Shape

End = Literal["lowest", "highest"]


def picked(shape: Shape) -> bool:
    """Whether the first of the rows need not be the first of all: some before them were left out."""
    return _skips(shape.select)


def _skips(select: exp.Select) -> bool:
    offset = select.args.get("offset")
    return isinstance(offset, exp.Offset) and offset.expression.name != "0"
