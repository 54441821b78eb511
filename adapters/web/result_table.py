"""A result as a table that sorts and turns pages on the server: the browser holds one page of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from bot.database import Cell
from bot.formats import format_cell
from bot.shown import Shown

_PAGE = 10  # rows
_ALL = 12  # rows up to which pages are not worth it
_SIZES = [10, 25, 50, 100]


class ResultTable:
    """Built where it is made. Cells and headings reach the browser as plain texts."""

    def __init__(self, shown: Shown) -> None:
        self._columns = shown.columns
        self._rows: Sequence[Sequence[Cell]] = shown.result.rows
        self._sorted: Sequence[Sequence[Cell]] = self._rows
        size = _PAGE if len(self._rows) > _ALL else 0
        page = {"page": 1, "rowsPerPage": size, "sortBy": None, "descending": False, "rowsNumber": len(self._rows)}
        with ui.element("div").props('role="region" aria-label="Result"'):
            self._table = ui.table(columns=self._headings(), rows=[], row_key="row", pagination=page)
            self._table.classes("table").props("flat dense" if len(self._rows) > _ALL else "flat dense hide-bottom")
            self._table.props["rows-per-page-options"] = _SIZES
            self._table.props["rows-per-page-label"] = "Rows a page"
            self._table.on("request", self._turn, js_handler="(e) => emit(e.pagination)")
        self._fill(page)

    def _headings(self) -> list[dict[str, Any]]:
        return [
            {"name": f"c{i}", "field": f"c{i}", "label": column.title, "align": column.align, "sortable": True}
            for i, column in enumerate(self._columns)
        ]

    def _turn(self, event: GenericEventArguments) -> None:
        """Sort as asked and show the page asked for. What a browser sends is not trusted to make sense."""
        asked = event.args if isinstance(event.args, dict) else {}
        size = asked.get("rowsPerPage") if asked.get("rowsPerPage") in _SIZES else _PAGE
        if len(self._rows) <= _ALL:
            size = 0
        last = -(-len(self._rows) // size) if size else 1
        number = asked.get("page")
        page = {
            "page": min(max(number, 1), last) if isinstance(number, int) else 1,
            "rowsPerPage": size,
            "sortBy": asked.get("sortBy") if asked.get("sortBy") in self._names() else None,
            "descending": asked.get("descending") is True,
            "rowsNumber": len(self._rows),
        }
        name = page["sortBy"]
        if isinstance(name, str):
            self._sorted = sort_rows(self._rows, int(name[1:]), page["descending"] is True)
        else:
            self._sorted = self._rows
        self._fill(page)

    def _names(self) -> list[str]:
        return [f"c{i}" for i in range(len(self._columns))]

    def _fill(self, page: dict[str, Any]) -> None:
        size = page["rowsPerPage"] or len(self._rows)
        first = (page["page"] - 1) * size
        self._table.props["pagination"] = page
        self._table.rows = [
            {"row": first + i}
            | {f"c{j}": format_cell(v, c) for j, (v, c) in enumerate(zip(row, self._columns, strict=True))}
            for i, row in enumerate(self._sorted[first : first + size])
        ]
        self._table.update()


def sort_rows(rows: Sequence[Sequence[Cell]], column: int, descending: bool) -> list[Sequence[Cell]]:
    """Rows by one column: numbers as numbers and before texts, texts without regard to case, NULL last either way."""
    filled = [row for row in rows if row[column] is not None]
    empty = [row for row in rows if row[column] is None]
    return sorted(filled, key=lambda row: _key(row[column]), reverse=descending) + empty


def _key(value: Cell) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 0, value if value == value else float("inf"), ""  # not a number: after all numbers
    text = str(value)
    return 1, 0.0, text.casefold()
