"""A moment in time as SQLite reads it ('now', a date, a text), and moving it: '-1 month', 'start of year'."""

from __future__ import annotations

import re

from sqlglot import exp

from bot.dialects.building import call, cast, interval, number, paren, typed, unsupported
from bot.expression_types import type_of
from bot.schema import ColumnType, Dialect

_SHIFT = re.compile(r"([+-]?\d{1,6})(?:\.0*)? *(second|minute|hour|day|month|year)s?", re.IGNORECASE)
_START = re.compile(r"start of (day|month|year)", re.IGNORECASE)
_WEEKDAY = re.compile(r"weekday ([0-6])(?:\.0*)?", re.IGNORECASE)
_UNIT = re.compile(r" *(second|minute|hour|day|month|year)s? *", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_IN_A_DAY = ("SECOND", "MINUTE", "HOUR")


def read_moment(node: exp.Expr, target: Dialect) -> exp.Expr:
    """The moment that SQLite's date functions would read in `node`, as a date or a timestamp."""
    kind = type_of(node)
    if isinstance(node, exp.Literal) and node.is_string:
        if node.name.lower() == "now":
            return typed(exp.CurrentTimestamp(), "timestamp")
        dated = _DATE.fullmatch(node.name)
        return _cast(node.copy(), "date" if dated else "timestamp", target)
    if kind in ("date", "timestamp"):
        return node.copy()
    if isinstance(node, exp.Placeholder):
        return _cast(node.copy(), "timestamp", target)
    if kind == "text":
        return _cast(node.copy(), "timestamp", target)
    return node.copy()


def _cast(node: exp.Expr, kind: ColumnType, target: Dialect) -> exp.Expr:
    name = "DATE" if kind == "date" else "TIMESTAMP" if target == "postgres" else "DATETIME"
    return cast(node, name, kind)


def moved(moment: exp.Expr, modifiers: list[exp.Expr], target: Dialect) -> exp.Expr:
    """The moment after SQLite's modifiers, one after the other. Raises Rejection for one that has no words."""
    if isinstance(moment, exp.CurrentTimestamp):
        moment = _now(modifiers, target)
    first_of_month = False  # then months can be added without running over a short month's end
    for modifier in modifiers:
        if isinstance(modifier, exp.Literal):
            moment, first_of_month = _moved_by(moment, modifier.name.strip(), first_of_month, target)
        else:
            moment, first_of_month = _moved_by_value(moment, modifier, first_of_month, target)
    return moment


def _now(modifiers: list[exp.Expr], target: Dialect) -> exp.Expr:
    """The time in UTC, without its zone."""
    if target == "postgres":
        return cast(exp.CurrentTimestamp(), "TIMESTAMP", "timestamp")
    return typed(exp.CurrentTimestamp(), "timestamp")


def _moved_by(moment: exp.Expr, word: str, first: bool, target: Dialect) -> tuple[exp.Expr, bool]:
    start, shift, weekday = _START.fullmatch(word), _SHIFT.fullmatch(word), _WEEKDAY.fullmatch(word)
    if start:
        unit = start.group(1).upper()
        return _start(moment, unit, target), unit != "DAY" or first
    if shift:
        unit = shift.group(2).upper()
        return _shifted(moment, int(shift.group(1)), unit, first, target), first and unit in ("MONTH", "YEAR")
    if weekday:
        return _next_weekday(moment, int(weekday.group(1)), target), False
    if word.lower() in ("utc", "localtime", "auto"):
        return moment, first
    raise unsupported(f"“{word[:30]}” with dates")


def _start(moment: exp.Expr, unit: str, target: Dialect) -> exp.Expr:
    if target == "postgres":
        said = exp.TimestampTrunc(this=moment, unit=exp.Var(this=unit))
        return cast(said, "DATE", "date")
    if unit == "DAY":
        return call("DATE", moment, kind="date")
    if unit == "YEAR":
        return call("MAKEDATE", call("YEAR", moment, kind="integer"), number(1), kind="date")
    day = call("DATE", moment, kind="date")
    back = exp.Sub(this=call("DAYOFMONTH", moment.copy(), kind="integer"), expression=number(1))
    return _minus_days(day, back)


def _minus_days(day: exp.Expr, count: exp.Expr) -> exp.Expr:
    return typed(exp.DateSub(this=day, expression=exp.Paren(this=count), unit=exp.Var(this="DAY")), "date")


def _plus(moment: exp.Expr, amount: int, unit: str, target: Dialect) -> exp.Expr:
    kind: ColumnType = "timestamp" if unit in _IN_A_DAY or type_of(moment) != "date" else "date"
    node = exp.Add if amount >= 0 else exp.Sub
    if target == "postgres":
        if unit == "DAY" and kind == "date":
            return typed(node(this=moment, expression=number(abs(amount))), "date")
        said = typed(node(this=moment, expression=interval(abs(amount), unit)), "timestamp")
        return cast(paren(said), "DATE", "date") if kind == "date" else said
    return typed(node(this=moment, expression=interval(abs(amount), unit)), kind)


def _shifted(moment: exp.Expr, amount: int, unit: str, first: bool, target: Dialect) -> exp.Expr:
    if unit not in ("MONTH", "YEAR") or first or amount == 0:
        return _plus(moment, amount, unit, target)
    # SQLite lets the 31st of a short month run over into the next: the month is moved by its first day.
    if target == "postgres":
        month = exp.TimestampTrunc(this=moment, unit=exp.Var(this="MONTH"))
        rest = exp.Paren(this=exp.Sub(this=moment.copy(), expression=month.copy()))
        said = typed(exp.Add(this=_plus(typed(month, "timestamp"), amount, unit, target), expression=rest), "timestamp")
        return cast(paren(said), "DATE", "date") if type_of(moment) == "date" else said
    days = exp.Paren(this=exp.Sub(this=call("DAYOFMONTH", moment.copy(), kind="integer"), expression=number(1)))
    kind = type_of(moment)
    back = typed(exp.DateSub(this=moment, expression=days.copy(), unit=exp.Var(this="DAY")), kind)
    return typed(
        exp.DateAdd(this=_plus(back, amount, unit, target), expression=days, unit=exp.Var(this="DAY")), kind
    )


def _next_weekday(moment: exp.Expr, day: int, target: Dialect) -> exp.Expr:
    if target == "postgres":
        date = cast(moment, "DATE", "date")
        weekday: exp.Expr = cast(exp.Extract(this=exp.Var(this="DOW"), expression=moment.copy()), "INT", "integer")
        ahead = exp.Mod(this=exp.Paren(this=exp.Sub(this=number(day + 7), expression=weekday)), expression=number(7))
        return typed(exp.Add(this=date, expression=exp.Paren(this=ahead)), "date")
    weekday = call("DAYOFWEEK", moment.copy(), kind="integer")  # Sunday is 1
    ahead = exp.Mod(this=exp.Paren(this=exp.Sub(this=number(day + 8), expression=weekday)), expression=number(7))
    date = call("DATE", moment, kind="date")
    return typed(exp.DateAdd(this=date, expression=exp.Paren(this=ahead), unit=exp.Var(this="DAY")), "date")


def _moved_by_value(moment: exp.Expr, modifier: exp.Expr, first: bool, target: Dialect) -> tuple[exp.Expr, bool]:
    """A modifier put together from parts: '-' || x || ' months'."""
    parts = list(_joined(modifier))
    sign = 1
    if len(parts) == 3 and isinstance(parts[0], exp.Literal) and parts[0].name.strip() in ("+", "-"):
        sign = -1 if parts[0].name.strip() == "-" else 1
        parts = parts[1:]
    unit = _UNIT.fullmatch(parts[1].name) if len(parts) == 2 and isinstance(parts[1], exp.Literal) else None
    if unit is None:
        raise unsupported("a shift of dates in this form")
    word, amount = unit.group(1).upper(), parts[0].copy()
    node = exp.Add if sign > 0 else exp.Sub
    if target == "mysql":
        kind = type_of(moment)
        shift = exp.DateAdd if sign > 0 else exp.DateSub
        return typed(shift(this=moment, expression=paren(amount), unit=exp.Var(this=word)), kind), first
    count = cast(amount, "INT", "integer")
    span = exp.Mul(this=count, expression=interval(1, word))
    said = typed(node(this=moment, expression=span), "timestamp")
    if type_of(moment) == "date" and word not in _IN_A_DAY:
        return cast(paren(said), "DATE", "date"), first
    return said, first


def _joined(node: exp.Expr) -> list[exp.Expr]:
    node = node.unnest()
    if isinstance(node, exp.DPipe):
        return [*_joined(node.this), *_joined(node.args["expression"])]
    if (isinstance(node, exp.Anonymous) and node.name.upper() == "CONCAT") or isinstance(node, exp.Concat):
        return [part for argument in node.expressions for part in _joined(argument)]
    if isinstance(node, exp.Cast) and type_of(node) == "text":
        return _joined(node.this)
    return [node]


def is_date_text(value: str) -> bool:
    """Whether a text is a whole date, with or without a time of day."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?", value))


