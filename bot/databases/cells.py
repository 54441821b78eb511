"""From a driver's rows to the cells of a `Result`, within its limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bot.database import Cell, Limits

Rows = tuple[tuple[Cell, ...], ...]


def collect(rows: Iterable[Sequence[object]], limits: Limits) -> tuple[Rows, bool]:
    """The rows as cells, and whether anything was cut. Reads one row more than the limit, to know."""
    kept: list[tuple[Cell, ...]] = []
    size, truncated = 0, False
    for row in rows:
        if len(kept) >= limits.rows:
            return tuple(kept), True
        cells = []
        for value in row:
            cell, cut = _cell(value, limits.cell)
            truncated = truncated or cut
            size += len(cell) if isinstance(cell, str) else 8
            cells.append(cell)
        if size > limits.bytes:
            return tuple(kept), True
        kept.append(tuple(cells))
    return tuple(kept), truncated


def _cell(value: object, limit: int) -> tuple[Cell, bool]:
    """A value as a cell, and whether it was cut. Blobs become a short text; JSON knows no infinity."""
    if isinstance(value, str):
        return (value, False) if len(value) <= limit else (value[:limit], True)
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None, False
        return ("infinity" if value > 0 else "-infinity"), False
    if value is None or isinstance(value, (int, float)):
        return value, False
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"blob, {len(value)} bytes", False
    if isinstance(value, (list, tuple)):
        return _cell(", ".join("" if item is None else str(item) for item in value), limit)
    return _cell(str(value), limit)
