"""A period as people write it in SQL → the slots of the question: `BETWEEN`, an inclusive last day, or one side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlglot import exp

from bot.canonical import conjuncts
from bot.intervals import Interval
from bot.linking import Linked

_Sides = tuple[exp.Expr, int]  # what is compared, and the number of the period


def with_periods(tree: exp.Expr, linked: Linked, completed: bool = True) -> exp.Expr:
    """A copy in which each period of the question stands as `x >= :d0 AND x < :d1` (the next one: `:d2`, `:d3`).

    `completed`: also where only one of its sides is written, as in `x >= '2026-01-01'` for "this year". Whether that
    gives the same is for the caller to see.
    """
    tree = tree.copy()
    periods = [slot.value for slot in linked.slots if isinstance(slot.value, Interval)]
    for clause in list(tree.find_all(exp.Where, exp.Having)):
        parts = list(conjuncts(clause.this))
        found = [_sides(part, periods) for part in parts]
        written = _written(parts, found, completed)
        if written != parts:
            clause.set("this", exp.and_(*written, copy=False, wrap=True))
    return tree


def _written(
    parts: Sequence[exp.Expr], found: Sequence[tuple[_Sides, str] | None], completed: bool
) -> list[exp.Expr]:
    """The conditions with each period once, where its first side stood."""
    sides: dict[_Sides, str] = {}
    for side in found:
        if side is not None:
            sides[side[0]] = sides.get(side[0], "") + side[1]
    written: list[exp.Expr] = []
    done: set[_Sides] = set()
    for part, side in zip(parts, found, strict=True):
        if side is None or not (completed or {"low", "high"} <= set(sides[side[0]].split())):
            written.append(part)
        elif side[0] not in done:
            done.add(side[0])
            written += _both(*side[0])
    return written


def _both(compared: exp.Expr, number: int) -> list[exp.Expr]:
    low, high = (exp.Placeholder(this=f"d{2 * number + side}") for side in (0, 1))
    return [exp.GTE(this=compared.copy(), expression=low), exp.LT(this=compared.copy(), expression=high)]


def _sides(part: exp.Expr, periods: Sequence[Interval]) -> tuple[_Sides, str] | None:
    """Which sides of which period a condition is: `low `, `high `, or both."""
    part = part.unnest()
    for number, period in enumerate(periods):
        first, after = period.first, period.after
        last = after - timedelta(days=1) if after is not None else None
        if isinstance(part, exp.Between):
            if _is(part.args["low"], first) and _is(part.args["high"], last):
                return (part.this, number), "low high "
        elif isinstance(part, exp.GTE) and _is(part.expression, first):
            return (part.this, number), "low "
        elif (isinstance(part, exp.LT) and _is(part.expression, after)) or (
            isinstance(part, exp.LTE) and _is(part.expression, last)
        ):
            return (part.this, number), "high "
    return None


def _is(literal: exp.Expr, day: date | None) -> bool:
    if isinstance(literal, exp.Cast):  # DATE '2026-01-01'
        literal = literal.this
    return day is not None and isinstance(literal, exp.Literal) and literal.is_string and literal.name == str(day)
