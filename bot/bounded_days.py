"""Days that a query works out, as far as they can be told beforehand: near a written day, today, or stored ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

_STORED = 100_000  # days, some 270 years, that stored days may lie apart

_DATE = re.compile(r"((?:19|20)\d\d)-(\d\d?)-(\d\d?)(?:[ T]\d\d:\d\d(?::\d\d)?)?")
_STEP = re.compile(r"\+?([1-9]\d{0,2}) ?(day|week|month|quarter|year)s?", re.IGNORECASE)
_SHIFT = re.compile(r"[-+]?(\d{1,4}) ?(hour|day|week|month|quarter|year)s?", re.IGNORECASE)
_START = re.compile(r"start of (?:day|month|year)|localtime|utc|weekday [0-6]", re.IGNORECASE)
_LONGEST = {"HOUR": 9_999, "DAY": 9_999, "WEEK": 4_000, "MONTH": 1_200, "QUARTER": 400, "YEAR": 100}
_LEAST = {"DAY": 1, "WEEK": 7, "MONTH": 28, "QUARTER": 89, "YEAR": 365}  # days of one at the least
_MOST = {"HOUR": 1, "DAY": 1, "WEEK": 7, "MONTH": 31, "QUARTER": 92, "YEAR": 366}
# What a day may be worked out with: nothing in here leads far from the days that are written or stored.
_NODES = (
    exp.Add, exp.Cast, exp.Column, exp.CurrentDate, exp.CurrentTimestamp, exp.DataType, exp.Date, exp.DateTrunc,
    exp.From, exp.Identifier, exp.LastDay, exp.Max, exp.Min, exp.Paren, exp.Select, exp.Sub, exp.Subquery, exp.Table,
    exp.TableAlias, exp.TimestampTrunc, exp.TsOrDsToDate, exp.Var,
)
_YEAR = 366  # days that truncating may lead away


@dataclass(frozen=True, slots=True)
class Near:
    """`day` give or take `slack` days; no day where it is stored."""

    day: date | None
    slack: int = 0


def rows_of_days(start: exp.Expr | None, end: exp.Expr | None, step: str) -> int | None:
    """Rows from one day to another at the most, by a step such as “1 day”; None where that cannot be told."""
    found = _STEP.fullmatch(step)
    first, last = near(start), near(end)
    if found is None or first is None or last is None:
        return None
    days = _STORED
    if first.day and last.day:
        days = min(_STORED, abs((last.day - first.day).days) + first.slack + last.slack)
    return days // (int(found.group(1)) * _LEAST[found.group(2).upper()]) + 2


def span(node: exp.Expr) -> str:
    """An interval as text: “7 DAYS”. Empty for anything else."""
    if isinstance(node, (exp.Interval, exp.DateAdd, exp.DateSub)):
        amount = node.this if isinstance(node, exp.Interval) else node.expression
        unit = node.args.get("unit")
        text = amount.name if isinstance(amount, exp.Literal) else "?"
        return f"{text} {unit.name}" if unit is not None else text
    if isinstance(node, exp.Cast) and node.to.this == exp.DType.INTERVAL:
        return node.name
    return ""


def is_step(text: str) -> bool:
    """Whether a span of time leads on by a day or more. Less would be many rows."""
    return bool(_STEP.fullmatch(text))


def near(bound: exp.Expr | None) -> Near | None:
    """Where an expression's day lies. None if it may lead anywhere."""
    days: list[date] = []
    slack, stored = 0, False
    pending = [] if bound is None else [bound]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Literal):
            day = _written(node)
            if day is None:
                return None
            if isinstance(day, date):
                days.append(day)
            else:
                slack += day
        elif text := span(node):
            shift = _shifted(text)
            if shift is None:
                return None
            slack += shift
            if isinstance(node, (exp.DateAdd, exp.DateSub)):
                pending.append(node.this)
        elif isinstance(node, exp.Anonymous) and node.name.lower() == "date" and node.expressions:
            first, *modifiers = node.expressions
            shifts = [_modified(modifier) for modifier in modifiers]
            if None in shifts:
                return None
            slack += sum(filter(None, shifts))
            pending.append(first)
        elif isinstance(node, _NODES):
            stored = stored or isinstance(node, exp.Column)
            slack += _YEAR if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)) else 0
            if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)):
                days.append(date.today())
            pending.extend(node.iter_expressions())
        else:
            return None
    if bound is None or (not days and not stored):
        return None
    return Near(days[0] if len(days) == 1 and not stored else None, slack)


def _written(node: exp.Literal) -> date | int | None:
    """A written day, or a small number of days that is added to one."""
    if node.is_string and node.name.lower() == "now":
        return date.today()
    if found := _DATE.fullmatch(node.name) if node.is_string else None:
        try:
            return date(*(int(part) for part in found.groups()))
        except ValueError:
            return None
    small = isinstance(node.parent, (exp.Add, exp.Sub)) and node.is_int and len(node.name) < 5
    return int(node.name) if small else None


def _shifted(text: str) -> int | None:
    found = _SHIFT.fullmatch(text)
    if found is None or int(found.group(1)) > _LONGEST[found.group(2).upper()]:
        return None
    return int(found.group(1)) * _MOST[found.group(2).upper()]


def _modified(modifier: exp.Expr) -> int | None:
    """Days that a modifier of SQLite's date() leads away at the most."""
    if not (isinstance(modifier, exp.Literal) and modifier.is_string):
        return None
    return _YEAR if _START.fullmatch(modifier.name) else _shifted(modifier.name)
