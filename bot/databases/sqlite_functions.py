"""trim(), ltrim() and rtrim() with a set of characters, in versions that cost little, for one connection.

The built-in ones compare every character of the text with every character of the set. Inside one call no
progress handler runs, so two long texts would hold a query for minutes beyond its time.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from functools import partial

LONGEST_SET = 1_000  # characters to trim

Value = str | int | float | bytes | None


def bound_trims(connection: sqlite3.Connection) -> None:
    """Put the bounded versions in place of the built-in ones."""
    for name, strip in (("trim", str.strip), ("ltrim", str.lstrip), ("rtrim", str.rstrip)):
        connection.create_function(name, 2, partial(_trim, strip), deterministic=True)


def _trim(strip: Callable[[str, str], str], value: Value, characters: Value) -> str | None:
    if value is None or characters is None:
        return None
    wanted = as_text(characters)
    if len(wanted) > LONGEST_SET:
        raise ValueError("too many characters to trim")
    return strip(as_text(value), wanted) if wanted else as_text(value)


def as_text(value: str | int | float | bytes) -> str:
    """A value as SQLite writes it where it needs a text: 15 digits, a decimal point in every float."""
    if isinstance(value, float) and math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if isinstance(value, float):
        digits, e, exponent = f"{value + 0.0:.15g}".partition("e")  # SQLite knows no -0.0
        return digits + ("" if "." in digits else ".0") + e + exponent
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
