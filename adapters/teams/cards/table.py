"""Rows as a Table: numbers to the right, and as many rows as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.teams.cards.parts import Part, plain, size
from bot.formats import NUMERIC, ColumnInfo
from bot.table import Table

COLUMNS = 10  # more cannot be read, be the window ever so wide
CELL = 80  # characters of one cell
_NARROW, _WIDE = 4, 30  # characters that a column's width is counted with


@dataclass(frozen=True, slots=True)
class Laid:
    """A Table element, and how many of the rows are in it."""

    part: Part
    shown: int


def lay(table: Table, rows: int, room: int) -> Laid | None:
    """The first `rows` rows in at most `room` bytes; None where not even one finds room."""
    columns = table.columns[:COLUMNS]
    head = _row([column.title for column in columns])
    part: Part = {
        "type": "Table", "columns": [_column(i, table) for i in range(len(columns))], "rows": [head],
        "showGridLines": True,
    }  # fmt: skip
    left = room - size(part)
    for texts in table.rows[:rows]:
        row = _row(texts[:COLUMNS])
        left -= size(row) + 2
        if left < 0:
            break
        part["rows"].append(row)
    shown = len(part["rows"]) - 1
    return Laid(part, shown) if shown and columns else None


def _column(place: int, table: Table) -> Part:
    """As wide as its texts ask for, within reason."""
    column = table.columns[place]
    longest = max((len(row[place]) for row in table.rows[:30]), default=0)
    width = min(_WIDE, max(_NARROW, longest, *(len(word) for word in column.title.split() or [""])))
    return {"width": width, **({"horizontalCellContentAlignment": "Right"} if is_number(column) else {})}


def is_number(column: ColumnInfo) -> bool:
    """Whether its cells stand to the right."""
    return column.kind in NUMERIC or column.align == "right"


def _row(texts: Sequence[str]) -> Part:
    cells = [{"type": "TableCell", "items": [{"type": "RichTextBlock", "inlines": [plain(t, CELL)]}]} for t in texts]
    return {"type": "TableRow", "cells": cells}
