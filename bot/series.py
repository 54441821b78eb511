"""How many rows a series of numbers or days gives: generate_series with bounds that can be told beforehand."""

from __future__ import annotations

import re

from sqlglot import exp

from bot.rejection import Rejection

MAX_ROWS = 10_000  # of a series of numbers
_DAYS = 100_000  # rows of a series of days at the most: some 270 years

_DATE = re.compile(r"(?:19|20)\d\d-\d\d?-\d\d?(?:[ T]\d\d:\d\d(?::\d\d)?)?")
_STEP = re.compile(r"([1-9]\d{0,2}) ?(day|week|month|quarter|year)s?", re.IGNORECASE)
_SHIFT = re.compile(r"-?(\d{1,4}) ?(hour|day|week|month|quarter|year)s?", re.IGNORECASE)
_LONGEST = {"HOUR": 9_999, "DAY": 9_999, "WEEK": 4_000, "MONTH": 1_200, "QUARTER": 400, "YEAR": 100}
# What a day may be worked out with: nothing in here leads far from the days that are written or stored.
_BOUND_NODES = (
    exp.Add, exp.Cast, exp.Column, exp.CurrentDate, exp.CurrentTimestamp, exp.DataType, exp.From, exp.Identifier,
    exp.Interval, exp.Max, exp.Min, exp.Paren, exp.Select, exp.Sub, exp.Subquery, exp.Table, exp.TableAlias,
    exp.TimestampTrunc, exp.DateTrunc, exp.Var,
)
_REFUSED = Rejection("generator", f"A series can only count up to {MAX_ROWS:,}, or run over days that are written out.")


def rows_of_series(node: exp.Expr) -> int:
    """Rows of generate_series at the most. Raises Rejection where that cannot be told, or is too many."""
    start, end, step = node.args.get("start"), node.args.get("end"), node.args.get("step")
    first, last = _whole(start), _whole(end)
    if first is not None and last is not None:
        width = 1 if step is None else _whole(step)
        if not width or abs(last - first) // abs(width) >= MAX_ROWS:
            raise _refused()
        return abs(last - first) // abs(width) + 1
    if step is None or not _is_step(step) or not all(_is_day(bound) for bound in (start, end)):
        raise _refused()
    return _DAYS


def _refused() -> Rejection:
    return Rejection(_REFUSED.rejected.code, _REFUSED.rejected.message)


def _whole(node: exp.Expr | None) -> int | None:
    if isinstance(node, exp.Neg):
        inner = _whole(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and node.is_int and len(node.name) < 15:
        return int(node.name)
    return None


def _is_step(node: exp.Expr) -> bool:
    """A day or more. Less would be many rows."""
    return bool(_STEP.fullmatch(_span(node)))


def _span(node: exp.Expr) -> str:
    """An interval as text: “7 DAYS”."""
    if isinstance(node, exp.Interval):
        unit = node.args.get("unit")
        return f"{node.name} {unit.name}" if unit is not None else node.name
    if isinstance(node, exp.Cast) and node.to.this == exp.DType.INTERVAL:
        return node.name
    return ""


def _is_shift(node: exp.Expr) -> bool:
    found = _SHIFT.fullmatch(_span(node))
    return found is not None and int(found.group(1)) <= _LONGEST[found.group(2).upper()]


def _is_day(bound: exp.Expr | None) -> bool:
    """Whether an expression stays near the days that are written in it or stored."""
    if bound is None:
        return False
    pending = [bound]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Literal):
            if not (node.is_string and _DATE.fullmatch(node.name)) and not _is_small(node):
                return False
        elif _span(node):
            if not _is_shift(node):
                return False
        elif isinstance(node, _BOUND_NODES):
            pending.extend(node.iter_expressions())
        else:
            return False
    return True


def _is_small(node: exp.Literal) -> bool:
    """A number of days added to a date."""
    return isinstance(node.parent, (exp.Add, exp.Sub)) and node.is_int and len(node.name) < 5
