"""One sentence about a number over time: where it began, where it ended, and its peak between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.database import Cell
from bot.formats import ColumnInfo, format_cell
from bot.nouns import heading
from bot.part_periods import cut, part
from bot.ranking import amount, ended


@dataclass(frozen=True, slots=True)
class Point:
    """A time as the result holds it ("2026-03"), and the number then."""

    time: Cell
    value: float


def trend(points: Sequence[Point], time: ColumnInfo, column: ColumnInfo, today: date | None = None) -> str:
    """ "Revenue rose from $31,200 in Jan 2026 to $44,900 in Oct 2026, with its peak of … in …."

    At least two points. A last period that `today` lies in is said to run still. A first one that the query
    begins in the middle of is no beginning, while there are others.
    """
    ordered = sorted(points, key=lambda p: str(p.time))
    if len(ordered) > 2 and cut(ordered[0].time, time):
        ordered = ordered[1:]
    first, last = ordered[0], ordered[-1]
    start, end = (_when(point, time) + part(point.time, time, today) for point in (first, last))
    begun, now, title = amount(first.value, column), amount(last.value, column), heading(ended(column))
    if begun == now:
        text = f"{title}: {begun} {start} and again {end}"
    else:
        verb = "rose" if last.value > first.value else "fell"
        text = f"{title} {verb} from {begun} {start} to {now} {end}"
    return f"{text}{_extreme(ordered, time, column)}."


def _extreme(ordered: Sequence[Point], time: ColumnInfo, column: ColumnInfo) -> str:
    """The peak if it lies between the ends and is one alone; else the low if that does."""
    ends = (ordered[0].value, ordered[-1].value)
    high, low = max(p.value for p in ordered), min(p.value for p in ordered)
    for value, word in ((high, "peak"), (low, "low")):
        there = [p for p in ordered if p.value == value]
        if value not in ends and len(there) == 1:
            return f", with its {word} of {amount(value, column)} {_when(there[0], time)}"
    return ""


def _when(point: Point, time: ColumnInfo) -> str:
    text = format_cell(point.time, time)
    if time.kind in ("date", "timestamp"):
        return f"on {text}"
    return f"in {text[:1].lower() + text[1:]}" if time.kind == "week" else f"in {text}"
