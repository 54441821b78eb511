"""How many rows generate_series gives: numbers up to a limit, or days between bounds that can be told beforehand."""

from __future__ import annotations

from sqlglot import exp

from bot.bounded_days import rows_of_days, span
from bot.rejection import Rejection

MAX_ROWS = 10_000  # of a series of numbers


def rows_of_series(node: exp.Expr) -> int:
    """Rows of generate_series at the most. Raises Rejection where that cannot be told, or is too many."""
    start, end, step = node.args.get("start"), node.args.get("end"), node.args.get("step")
    first, last = whole(start), whole(end)
    if first is not None and last is not None:
        width = 1 if step is None else whole(step)
        if not width or abs(last - first) // abs(width) >= MAX_ROWS:
            raise _refused()
        return abs(last - first) // abs(width) + 1
    rows = None if step is None else rows_of_days(start, end, span(step) or _text(step))
    if rows is None:
        raise _refused()
    return rows


def whole(node: exp.Expr | None) -> int | None:
    """A whole number that is written out; None for anything else."""
    if isinstance(node, exp.Neg):
        inner = whole(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and node.is_int and len(node.name) < 15:
        return int(node.name)
    return None


def _text(node: exp.Expr) -> str:
    return node.name if isinstance(node, exp.Literal) and node.is_string else ""


def _refused() -> Rejection:
    return Rejection(
        "generator", f"A series can only count up to {MAX_ROWS:,}, or run over days that are written out or stored."
    )
