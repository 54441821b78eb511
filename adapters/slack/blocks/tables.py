"""A result as a table in Slack: the newest block that a workspace knows, else monospace text."""

from __future__ import annotations

from typing import Literal

from adapters.slack.blocks.texts import Block, clean_text, code, cut, length
from adapters.slack.limits import TABLE_COLUMNS, TABLE_TEXT
from bot.csv_file import file_name
from bot.shown import Shown
from bot.table import Table, as_text, make_table

Style = Literal["data_table", "table", "text"]
STYLES: tuple[Style, ...] = ("data_table", "table", "text")  # newest first
ROWS = 15  # of a table in a message; a file has them all
WIDE = 84  # characters of a line that a message shows without breaking it
_CELL = 120
_PAGE = 10
_TEXT = 2_800


def table_blocks(shown: Shown, style: Style, rows: int = ROWS) -> tuple[list[Block], str]:
    """The first rows as blocks, and a sentence on what is missing; no blocks for a result without rows or columns."""
    table = make_table(shown.result, shown.columns, rows, _CELL)
    if not table.rows or not table.columns:
        return [], table.note or "No rows."
    if style == "text":
        return [text_table(table)], ""
    return _native(table, style)


def text_table(table: Table) -> Block:
    """Monospace text, as many rows as fit."""
    while True:
        text = as_text(table, WIDE)
        if length(text) <= _TEXT or len(table.rows) <= 1:
            return code(text)
        kept = table.rows[: max(1, len(table.rows) * 3 // 4)]
        table = Table(table.columns, kept, table.row_count, len(kept), table.truncated)


def _native(table: Table, style: Style) -> tuple[list[Block], str]:
    columns = table.columns[:TABLE_COLUMNS]
    heading = [_cell(column.title) for column in columns]
    rows, room = [heading], TABLE_TEXT - 500 - sum(length(cell["text"]) for cell in heading)
    for texts in table.rows:
        row = [_cell(text) for text in texts[: len(columns)]]
        room -= sum(length(cell["text"]) for cell in row)
        if room < 0 and len(rows) > 1:
            break
        rows.append(row)
    kept = Table(table.columns, table.rows[: len(rows) - 1], table.row_count, len(rows) - 1, table.truncated)
    left_out = len(table.columns) - len(columns)
    more = f" No room for {left_out} more column{'s' if left_out > 1 else ''}." if left_out else ""
    note = f"{kept.note}{more}".strip()
    if style == "data_table":
        caption = cut(", ".join(column.title for column in columns), 100)
        return [{"type": "data_table", "caption": clean_text(caption), "rows": rows, "page_size": _PAGE}], note
    settings = [{"align": column.align, "is_wrapped": column.align == "left"} for column in columns]
    return [{"type": "table", "rows": rows, "column_settings": settings}], note


def _cell(text: str) -> Block:
    return {"type": "raw_text", "text": cut(clean_text(text).replace("\n", " "), _CELL) or " "}


def csv_name(question: str) -> str:
    """The name of the file with all rows."""
    return file_name(question)
