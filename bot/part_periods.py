"""Periods that are not whole: those that run still, and those that a query begins in the middle of."""

from __future__ import annotations

import re
from datetime import date

from sqlglot import exp

from bot.canonical import conjuncts
from bot.database import Cell
from bot.expression_parts import day_of
from bot.formats import MONTHS, ColumnInfo, Kind, month_name
from bot.query_shape import bare, behind

PERIODS: frozenset[Kind] = frozenset({"month", "quarter", "year", "week"})
SO_FAR = " so far"
_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)(?: to (\d{4}-\d\d-\d\d))?", re.ASCII)
_MONTHS = re.compile(r"([A-Z][a-z]{2})(?: (\d{4}))? to ([A-Z][a-z]{2}) (\d{4})", re.ASCII)


def holds(value: Cell, time: ColumnInfo, day: date) -> bool:
    """Whether a period, as the result writes it ("2026-10"), is the one that `day` lies in."""
    quarter = f"{day.year}-Q{(day.month + 2) // 3}"
    now = {"year": f"{day:%Y}", "month": f"{day:%Y-%m}", "quarter": quarter, "week": f"{day:%Y-%W}",
           "date": day.isoformat()}
    return str(value) == now.get(time.kind)


def cut(value: Cell, time: ColumnInfo) -> bool:
    """Whether the query lets in only the end of a period."""
    since = time.since
    if since is None or time.kind not in PERIODS or not holds(value, time, since):
        return False
    if time.kind == "week":
        return since.weekday() > 0
    months = {"month": 1, "quarter": 3, "year": 12}[time.kind]
    return since.day > 1 or (since.month - 1) % months > 0


def part(value: Cell, time: ColumnInfo, today: date | None) -> str:
    """What is said behind a period that is not whole: " so far", " (from 14 Oct)"; "" behind others."""
    running = SO_FAR if today is not None and holds(value, time, today) else ""
    since = time.since
    begun = f" (from {since.day} {MONTHS[since.month - 1]})" if since is not None and cut(value, time) else ""
    return begun + running


def part_words(words: str, today: date | None) -> str:
    """ " so far" behind words such as "web, Oct 2026" when that period is not over."""
    return SO_FAR if today is not None and any(_runs(phrase, today) for phrase in words.split(", ")) else ""


def first_day(item: exp.Expr, select: exp.Select) -> date | None:
    """The day from which on the query lets in what a period is made from."""
    node = bare(item)
    while isinstance(node, exp.Column) and (inner := behind(node, select)):
        node, select = inner
    columns, where = set(node.find_all(exp.Column)), select.args.get("where")
    tests = conjuncts(where.this, through_parens=True) if where else []
    days = [day_of(test.right) for test in tests if isinstance(test, exp.GTE) and columns == {test.left}]
    return max((day for day in days if day is not None), default=None)


def _runs(words: str, today: date) -> bool:
    names = (str(today.year), month_name(today.year, today.month), f"Q{(today.month + 2) // 3} {today.year}")
    if words in names:
        return True
    if days := _DAYS.fullmatch(words):
        first, last = days[1], days[2] or days[1]
        return first == last == today.isoformat() or first <= today.isoformat() < last
    months = _MONTHS.fullmatch(words)
    if months is None or not {months[1], months[3]} <= set(MONTHS):
        return False
    start = (int(months[2] or months[4]), MONTHS.index(months[1]) + 1)
    return start <= (today.year, today.month) <= (int(months[4]), MONTHS.index(months[3]) + 1)
