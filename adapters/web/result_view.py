"""What a query gave: its reading, then a figure or a table, a chart where it helps, and the file."""

from __future__ import annotations

import asyncio
import base64

from nicegui import ui

from adapters.web.result_table import ResultTable
from adapters.web.visit import View, Visit
from bot.csv_file import file_name, to_csv
from bot.formats import format_cell

MANY = 20  # rows from which the file is the better way to read on


class ResultView:
    """Built where it is made."""

    def __init__(self, visit: Visit, question: str, view: View) -> None:
        self._visit = visit
        self._question = question
        self._shown = shown = view.shown
        result, columns = shown.result, shown.columns
        if len(result.rows) == len(columns) == 1 and result.rows[0][0] is not None:
            ui.label(format_cell(result.rows[0][0], columns[0])).classes("figure")
            ui.label(shown.reading).classes("notice")
            return
        ui.label(shown.reading).classes("reading")
        if result.rows and columns:
            ResultTable(shown)
            if view.picture is not None and shown.chart is not None:
                self._picture(view.picture, shown.chart.alt)
            if len(result.rows) > MANY:
                which = "these" if result.truncated else "all"
                text = f"Download {which} {len(result.rows):,} rows (CSV)"
                with ui.element("div").classes("actions"):
                    button = ui.button(text, icon="download", color=None, on_click=self._download)
                    button.props("unelevated no-caps").classes("main csv")

    def small_file(self) -> None:
        """A small button for the file, where there are rows and no large one was called for."""
        if 0 < len(self._shown.result.rows) <= MANY:
            button = ui.button("CSV", icon="download", color=None, on_click=self._download)
            button.props("flat dense no-caps").classes("csv").props["aria-label"] = "Download as CSV"

    async def _download(self) -> None:
        content = await asyncio.to_thread(to_csv, self._shown.result, self._shown.columns)
        if not self._visit.gone:
            self._visit.client.download(content, file_name(self._question), "text/csv")

    def _picture(self, picture: bytes, text: str) -> None:
        with ui.element("div").classes("chart"):
            image = ui.element("img").classes("picture")
            image.props["src"] = f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"
            image.props["alt"] = text
