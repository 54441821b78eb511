"""How one cell reads for people: money, percentages, dates, months, NULL. Raw values stay in the result."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.database import Cell

Kind = Literal[
    "text", "integer", "number", "money", "percent", "date", "timestamp", "month", "quarter", "year", "week",
    "weekday", "hour", "boolean", "id",
]
Measure = Literal["", "count", "sum", "average", "lowest", "highest", "ratio"]

NULL = "–"
ELLIPSIS = "…"
CELL = 200  # characters of one cell that people get to see; the file keeps them all
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
NUMERIC: frozenset[Kind] = frozenset({"integer", "number", "money", "percent"})

_MONTH = re.compile(r"(?:(\d{4})-)?(0[1-9]|1[0-2])", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_WEEK = re.compile(r"(\d{4})-([0-5]\d)", re.ASCII)
_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d+)?", re.ASCII)
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """What one column of a result means. Everything but the first three has a harmless default.

    `noun` is the plural of what the values are, or of what a count counted. `unit` is "$" for money, "days"
    or "years" for durations. A shown number is the raw one times `scale`, with `decimals`. `additive`: the
    column's rows add up to a whole that the query did not cut. `order`: how the query sorts by it, first of
    all. `limited`: the query asked for so many rows only, and there may be more. `picked`: the query kept
    rows by their place in a ranking, so that the first of them need not be the first of all. `since`: the day from
    which on the query lets in what a period is made from. `place`: the one row is that one in the order by this column.
    """

    title: str
    kind: Kind
    align: Literal["left", "right"]
    noun: str = ""
    measure: Measure = ""
    unit: str = ""
    scale: float = 1.0
    decimals: int = 0
    additive: bool = False
    order: Literal["", "asc", "desc"] = ""
    limited: bool = False
    picked: bool = False
    since: date | None = None
    place: int = 0


def format_cell(value: Cell, column: ColumnInfo, limit: int = CELL) -> str:
    """One cell as text on one line, free of control characters, at most `limit` characters."""
    if value is None:
        return NULL
    if isinstance(value, bool) or column.kind == "boolean":
        return _boolean(value)
    if column.kind in NUMERIC and isinstance(value, int | float):
        return format_number(value, column)
    if isinstance(value, float):
        return _plain(value)
    return shorten(clean(_text(str(value), column.kind)), limit)


def format_brief(value: Cell, column: ColumnInfo) -> str:
    """One cell inside a sentence: cents only below $1,000, at most one decimal from 100 on, units spoken."""
    if not isinstance(value, int | float) or isinstance(value, bool) or column.kind not in NUMERIC:
        return format_cell(value, column, 80)
    size = abs(value * column.scale)
    decimals = column.decimals
    if column.kind == "money" and size >= 1000:
        decimals = 0
    elif size >= 100 and column.kind != "money":
        decimals = min(decimals, 1)
    text = format_number(value, column, decimals)
    return f"{text} {column.unit}" if column.unit not in ("", "$") and column.kind != "percent" else text


def format_number(value: float, column: ColumnInfo, decimals: int | None = None) -> str:
    """A number with thousands separators, as the column's money, percentage or plain number."""
    if isinstance(value, float) and not math.isfinite(value):
        return NULL if math.isnan(value) else ("∞" if value > 0 else "-∞")
    places = column.decimals if decimals is None else decimals
    scaled = value if column.scale == 1.0 else value * column.scale
    digits = _digits(abs(scaled), places)
    sign = "-" if scaled < 0 and any(d in "123456789" for d in digits) else ""
    if column.kind == "money":
        return f"{sign}{column.unit or '$'}{digits}"
    return f"{sign}{digits} %" if column.kind == "percent" else f"{sign}{digits}"


def decimals_for(values: Sequence[float], kind: Kind, scale: float = 1.0) -> int:
    """How many decimals a column needs so that its numbers tell apart and no noise of arithmetic shows."""
    finite = [v * scale for v in values if math.isfinite(v)]
    if kind == "integer" or not finite:
        return 0
    most = 1 if kind == "percent" else 2
    for places in range(most + 1):
        if all(_same(v, round(v, places)) for v in finite):
            return 2 if kind == "money" and places else places
    smallest = min(abs(v) for v in finite if v)
    if kind == "money" or smallest >= 0.01:
        return most
    # Two digits that say something, unless the column also holds numbers beside which they say nothing.
    return most if max(map(abs, finite)) >= 100 else min(6, 1 - math.floor(math.log10(smallest)))


def clean(text: str) -> str:
    """The text on one line and harmless to print: control and direction characters become visible signs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(ch) for ch in text)


def clean_lines(text: str) -> str:
    """The same for a text of several lines, such as SQL, which stays on them."""
    return "\n".join(map(clean, text.split("\n")))


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; a longer text ends in an ellipsis."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + ELLIPSIS


def month_name(year: str | int | None, month: int) -> str:
    """ "Mar 2026", or "Mar" without a year."""
    return MONTHS[month - 1] + (f" {year}" if year else "")


def _boolean(value: Cell) -> str:
    if value in (0, 1):
        return "Yes" if value else "No"
    return shorten(clean(str(value)), CELL)


def _text(text: str, kind: Kind) -> str:
    if kind == "month" and (found := _MONTH.fullmatch(text)):
        return month_name(found[1], int(found[2]))
    if kind == "quarter" and (found := _QUARTER.fullmatch(text)):
        return f"Q{found[2]} {found[1]}"
    if kind == "week" and (found := _WEEK.fullmatch(text)):
        return f"Week {int(found[2])}, {found[1]}"
    if kind == "weekday" and text in "0123456" and len(text) == 1:
        return WEEKDAYS[int(text)]
    if kind == "hour" and text.isdigit() and len(text) <= 2:
        return f"{int(text):02}:00"
    if kind in ("date", "timestamp") and (found := _STAMP.fullmatch(text)):
        if found[2] == "00:00" and found[3] in (None, ":00") and kind == "date":
            return found[1]
        return f"{found[1]} {found[2]}{found[3] if found[3] not in (None, ':00') else ''}"
    return text


def _plain(value: float) -> str:
    """A float in a column of another kind."""
    if not math.isfinite(value):
        return NULL if math.isnan(value) else ("∞" if value > 0 else "-∞")
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def _digits(size: float, places: int) -> str:
    if isinstance(size, int):  # which a float would rob of its last digits, if it is large
        return f"{size:,}" + ("." + "0" * places if places else "")
    return f"{size:.3g}" if size >= 1e15 else f"{size:,.{places}f}"


def _same(value: float, rounded: float) -> bool:
    return abs(value - rounded) <= 1e-9 * max(1.0, abs(value))


def _visible(ch: str) -> str:
    if ch in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        return " "
    code = ord(ch)
    if code < 0x20:
        return chr(0x2400 + code)  # the pictures of control characters: ESC is ␛
    if code == 0x7F:
        return "\u2421"
    if ch in _BIDI or unicodedata.category(ch) in ("Cc", "Cs"):
        return "\ufffd"
    return ch
