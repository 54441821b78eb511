"""JSON Lines, read as they are written: a line ends at a line feed alone, for JSON may hold U+2028, U+2029 and U+0085.

`str.splitlines` breaks such a line in two, neither of which is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are not blank, counted from 1. Raises OSError and UnicodeDecodeError."""
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def read_objects(path: Path) -> Iterator[Any]:
    """What the lines hold. Raises OSError, UnicodeDecodeError and json.JSONDecodeError."""
    return (json.loads(line) for _, line in numbered_lines(path))
