"""SQLite's date functions: date('now', '-1 month'), strftime, julianday and their like.

A date in SQLite is a text, and elsewhere a type of its own that compares, subtracts and prints the same way. 'now' is
the time in UTC everywhere: the connections to servers are set so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from bot.dialects.building import call, cast, concatenated, number, paren, text, typed, unsupported
from bot.dialects.moments import moved, read_moment
from bot.expression_types import type_of
from bot.schema import ColumnType, Dialect

Rule = Callable[[exp.Expr, Dialect], exp.Expr]

_TO_1970 = 210_866_760_000  # seconds from SQLite's first julian day to 1970
# strftime's letters in the words of to_char and of date_format.
_POSTGRES = {"Y": "YYYY", "m": "MM", "d": "DD", "H": "HH24", "M": "MI", "S": "SS", "j": "DDD"}
_MYSQL = {"Y": "%Y", "m": "%m", "d": "%d", "H": "%H", "M": "%i", "S": "%S", "j": "%j", "w": "%w"}


def _date(node: exp.Expr, target: Dialect) -> exp.Expr:
    """date(moment, modifiers…)."""
    first, modifiers = _arguments(node)
    return _as_date(moved(read_moment(first, target), modifiers, target), target)


def _as_date(moment: exp.Expr, target: Dialect) -> exp.Expr:
    if type_of(moment) == "date":
        return moment
    if target == "mysql":
        return call("DATE", moment, kind="date")
    return cast(moment, "DATE", "date")


def _datetime(node: exp.Expr, target: Dialect) -> exp.Expr:
    first, modifiers = _arguments(node)
    moment = moved(read_moment(first, target), modifiers, target)
    if type_of(moment) == "date":
        return cast(moment, "TIMESTAMP" if target == "postgres" else "DATETIME", "timestamp")
    if target == "postgres":
        return typed(exp.TimestampTrunc(this=moment, unit=exp.Var(this="SECOND")), "timestamp")
    return moment


def _strftime(node: exp.Expr, target: Dialect) -> exp.Expr:
    """strftime(format, moment, modifiers…), which the parser reads as one of two nodes."""
    if isinstance(node, exp.TimeToStr):
        inner = node.this
        first = inner.this if isinstance(inner, exp.TsOrDsToTimestamp) else inner
        pattern, modifiers = node.args["format"], []
    else:
        pattern, first, *modifiers = [*node.expressions, text("now")][: max(2, len(node.expressions))]
    if not isinstance(pattern, exp.Literal):
        raise unsupported("a date format that is not written out")
    moment = moved(read_moment(first, target), modifiers, target)
    parts = [_piece(kind, piece, moment.copy(), target) for kind, piece in _split(pattern.name, target)]
    return concatenated(parts, target)


def _split(pattern: str, target: Dialect) -> list[tuple[str, str]]:
    """The format in runs that one function writes, and single letters that need a formula of their own."""
    plain = _POSTGRES if target == "postgres" else _MYSQL
    runs: list[tuple[str, str]] = []
    letters = iter(pattern)
    for sign in letters:
        letter = next(letters, "%") if sign == "%" else ""
        if letter and letter not in plain and letter != "%":
            runs.append((letter, ""))
            continue
        if not letter or letter == "%":
            kept = letter or sign
            piece = (f'"{kept}"' if kept.isalpha() or kept in '"\\' else kept) if target == "postgres" else kept
            piece = "%%" if piece == "%" and target == "mysql" else piece
        else:
            piece = plain[letter]
        if runs and runs[-1][0] == "run":
            runs[-1] = ("run", runs[-1][1] + piece)
        else:
            runs.append(("run", piece))
    return runs


def _piece(letter: str, run: str, moment: exp.Expr, target: Dialect) -> exp.Expr:
    if letter == "run":
        return call("TO_CHAR" if target == "postgres" else "DATE_FORMAT", moment, text(run), kind="text")
    if letter == "s":
        return _as_text(_seconds(moment, target), target)
    if target == "postgres" and letter == "w":
        return _as_text(cast(_extract("DOW", moment), "INT", "integer"), target)
    if letter == "W":  # the week of the year, from its first Monday
        if target == "mysql":
            return call("LPAD", call("WEEK", moment, number(5)), number(2), text("0"), kind="text")
        days = exp.Add(
            this=exp.Sub(this=_extract("DOY", moment), expression=_extract("ISODOW", moment.copy())),
            expression=number(7),
        )
        weeks = exp.Div(this=cast(days, "INT", "integer"), expression=number(7), typed=True, safe=False)
        return call("LPAD", cast(weeks, "TEXT", "text"), number(2), text("0"), kind="text")
    raise unsupported(f"%{letter} in a date format")


def _extract(part: str, moment: exp.Expr) -> exp.Expr:
    return typed(exp.Extract(this=exp.Var(this=part), expression=moment), "number")


def _as_text(node: exp.Expr, target: Dialect) -> exp.Expr:
    return cast(node, "TEXT" if target == "postgres" else "CHAR", "text")


def _seconds(moment: exp.Expr, target: Dialect) -> exp.Expr:
    """Seconds since 1970."""
    if target == "postgres":
        return cast(_extract("EPOCH", moment), "BIGINT", "integer")
    return call("TIMESTAMPDIFF", exp.Var(this="SECOND"), text("1970-01-01"), moment, kind="integer")


def _unixepoch(node: exp.Expr, target: Dialect) -> exp.Expr:
    first, modifiers = _arguments(node)
    return _seconds(moved(read_moment(first, target), modifiers, target), target)


def _julianday(node: exp.Expr, target: Dialect) -> exp.Expr:
    """Days and fractions of days, by the arithmetic that SQLite does, so that the fractions are the same ones."""
    first, modifiers = _arguments(node)
    moment = moved(read_moment(first, target), modifiers, target)
    if target == "postgres":
        seconds = cast(_extract("EPOCH", moment), "DOUBLE", "number")
        day: exp.Expr = number("86400.0")
    else:
        seconds, day = _seconds(moment, target), number("86400e0")
    total = exp.Paren(this=exp.Add(this=seconds, expression=number(_TO_1970)))
    said = exp.Div(this=total, expression=day, typed=True, safe=True)
    said.meta["moment"] = moment
    return typed(said, "number")


def _difference(node: exp.Expr, target: Dialect) -> exp.Expr | None:
    """julianday(a) - julianday(b) of two dates is their difference in days."""
    sides = [side.unnest() for side in (node.this, node.args["expression"])]
    moments = [side.meta.get("moment") if side.meta else None for side in sides]
    if any(moment is None or type_of(moment) != "date" for moment in moments):
        return None
    first, second = (paren(moment) for moment in moments if moment is not None)
    if target == "mysql":
        return call("DATEDIFF", first, second, kind="number")
    return cast(exp.Sub(this=first, expression=second), "DOUBLE", "number")


def subtract(node: exp.Expr, target: Dialect) -> exp.Expr:
    """A subtraction; that of two julian days of dates is a difference of dates."""
    return _difference(node, target) or node


def _time(node: exp.Expr, target: Dialect) -> exp.Expr:
    first, modifiers = _arguments(node)
    moment = moved(read_moment(first, target), modifiers, target)
    return _piece("run", "HH24:MI:SS" if target == "postgres" else "%H:%i:%S", moment, target)


def _arguments(node: exp.Expr) -> tuple[exp.Expr, list[exp.Expr]]:
    arguments = node.expressions if isinstance(node, exp.Anonymous) else [node.this, *node.expressions]
    first, *modifiers = [a for a in arguments if a is not None] or [text("now")]
    return first, modifiers


_NAMED: Mapping[str, Rule] = {
    "date": _date, "datetime": _datetime, "strftime": _strftime, "julianday": _julianday, "unixepoch": _unixepoch,
    "time": _time,
}


def named(node: exp.Expr, target: Dialect) -> exp.Expr | None:
    """A date function that the parser knows only by its name; None for another function."""
    rule = _NAMED.get(node.name.lower())
    return rule(node, target) if rule else None


def _now(node: exp.Expr, target: Dialect) -> exp.Expr:
    kinds: dict[type[exp.Expr], ColumnType] = {exp.CurrentDate: "date", exp.CurrentTimestamp: "timestamp"}
    return typed(node, kinds[type(node)])


DATES: Mapping[type[exp.Expr], Rule] = {
    exp.Date: _date,
    exp.TimeToStr: _strftime,
    exp.CurrentDate: _now,
    exp.CurrentTimestamp: _now,
}
