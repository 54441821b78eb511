"""A result as a table of finished texts, which every door lays out its own way; here also for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from bot.database import Result
from bot.formats import CELL, ELLIPSIS, ColumnInfo, clean, format_cell

_GAP = 2  # spaces between columns
_NARROWEST = 8  # a text column is not cut below this
_HEADING = 12  # headings wrap no narrower than this


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` holds the first `shown` of `row_count` rows as texts. `truncated`: the result itself was cut."""

    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    shown: int
    truncated: bool

    @property
    def note(self) -> str:
        """What is missing from the table, as a sentence; empty when it holds everything."""
        if self.shown < self.row_count:
            more = " and the result itself was cut to fit" if self.truncated else ""
            return f"The first {self.shown:,} of {self.row_count:,} rows{more}."
        return f"{self.row_count:,} rows; the result was cut to fit." if self.truncated else ""


def make_table(
    result: Result, columns: Sequence[ColumnInfo], rows: int | None = None, cell: int = CELL
) -> Table:
    """The first `rows` rows (all of them without a number) with cells of at most `cell` characters."""
    shown = result.rows if rows is None else result.rows[:rows]
    texts = tuple(tuple(format_cell(v, c, cell) for v, c in zip(row, columns, strict=True)) for row in shown)
    return Table(tuple(columns), texts, len(result.rows), len(shown), result.truncated)


def as_text(table: Table, max_width: int = 100) -> str:
    """The table for a terminal, no line wider than `max_width` columns (as far as one number fits in there).

    Long texts end in an ellipsis. Numbers are never cut: columns that have no room are left out from the
    right, and a line below says which. Control characters in cells come out as visible signs.
    """
    from tabulate import tabulate

    titles = [clean(column.title) for column in table.columns]
    cells = [[clean(text) for text in row] for row in table.rows]
    if not titles:
        return "No columns."
    widths = _fitted(table.columns, titles, cells, max_width)
    heads = _heading([_wrapped(title, width) for title, width in zip(titles, widths, strict=False)])
    body = [[cut_to_width(text, width) for text, width in zip(row, widths, strict=False)] for row in cells]
    widths = [max(map(display_width, column)) for column in zip(*heads, *body, strict=True)]
    # The heading goes in as rows: tabulate's own would widen the columns by two.
    rows = [*heads, ["-" * width for width in widths], *body]
    aligns = [column.align for column in table.columns[: len(widths)]]
    text = tabulate(rows, tablefmt="plain", colalign=aligns, disable_numparse=True)
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join([*lines, *_footer(table, titles[len(widths):], max_width)])


def display_width(text: str) -> int:
    """Terminal columns a text takes: two for an East Asian wide character, none for a combining one."""
    from wcwidth import wcswidth

    if text.isascii():
        return len(text)
    width = wcswidth(text)
    return width if width >= 0 else len(text)


def cut_to_width(text: str, width: int) -> str:
    """The text in at most `width` terminal columns; a longer one ends in an ellipsis."""
    if display_width(text) <= width:
        return text
    kept = text[: max(0, width)]
    while kept and display_width(kept) > width - 1:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS if width > 0 else ""


def _fitted(
    columns: Sequence[ColumnInfo], titles: Sequence[str], cells: Sequence[Sequence[str]], room: int
) -> list[int]:
    """Widths of the columns that have room; a shorter list leaves columns out at the right."""
    inner = [max((display_width(row[i]) for row in cells), default=0) for i in range(len(titles))]
    widths = [max(w, display_width(t)) for w, t in zip(inner, titles, strict=True)]
    if _total(widths) <= room:
        return widths
    # Headings wrap before any cell is cut.
    longest = [max(map(display_width, title.split()), default=0) for title in titles]
    heads = [max(min(display_width(t), _HEADING), w) for t, w in zip(titles, longest, strict=True)]
    widths = [max(w, h) for w, h in zip(inner, heads, strict=True)]
    texts = [i for i, column in enumerate(columns) if column.align == "left"]
    floors = [max(_NARROWEST, min(head, _HEADING)) for head in heads]
    least = [min(w, floors[i]) if i in texts else w for i, w in enumerate(widths)]
    while len(widths) > 1 and _total(least[: len(widths)]) > room:
        widths.pop()
    while _total(widths) > room:
        widest = max((i for i in texts if i < len(widths)), key=lambda i: widths[i] - least[i], default=None)
        if widest is None or widths[widest] <= least[widest]:
            break
        widths[widest] -= 1
    if len(widths) == 1 and columns[0].align == "left":
        widths[0] = min(widths[0], max(1, room))
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _wrapped(title: str, width: int) -> list[str]:
    """A heading on as many lines as it needs."""
    if display_width(title) <= width:
        return [title]
    lines = textwrap.wrap(title, max(1, width), break_long_words=False)
    return [cut_to_width(line, width) for line in lines]


def _heading(wrapped: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows of heading lines, the short headings at the bottom."""
    height = max(map(len, wrapped))
    return [list(row) for row in zip(*([""] * (height - len(w)) + list(w) for w in wrapped), strict=True)]


def _footer(table: Table, left_out: Sequence[str], room: int) -> list[str]:
    lines = []
    if not table.rows:
        lines.append("No rows.")
    if left_out:
        word = "column" if len(left_out) == 1 else "columns"
        lines.append(f"No room for {len(left_out)} more {word}: {', '.join(left_out)}.")
    if table.note:
        lines.append(table.note)
    return ["", *(part for line in lines for part in textwrap.wrap(line, max(20, room)))] if lines else []
