"""A result as a CSV file that opens the same in a spreadsheet and in a program."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence

from bot.database import Cell, Result
from bot.formats import ColumnInfo

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")  # names that Windows keeps for devices
_LONGEST = 60


def to_csv(result: Result, columns: Sequence[ColumnInfo]) -> bytes:
    """RFC 4180 with a UTF-8 byte order mark, headings first; values as the database holds them.

    NULL is an empty field. A text that a spreadsheet would run as a formula gets an apostrophe in front;
    numbers are left as they are.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_guarded(column.title) for column in columns])
    writer.writerows([_field(value) for value in row] for row in result.rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")


def file_name(question: str) -> str:
    """A file name for the answer to a question: plain letters, digits and hyphens, ending in .csv."""
    plain = unicodedata.normalize("NFKD", question).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    if len(slug) > _LONGEST:
        slug = slug[: _LONGEST + 1].rpartition("-")[0] or slug[:_LONGEST]
    if _RESERVED.fullmatch(slug):
        slug = f"answer-{slug}"
    return f"{slug or 'answer'}.csv"


def _field(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _guarded(value) if isinstance(value, str) else value


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
