"""A file that is there as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def write_whole(path: Path, text: str, errors: Literal["backslashreplace", "replace"] = "backslashreplace") -> None:
    """Write a file; a reader never sees half of it. Raises OSError.

    `errors` says what becomes of half a character, which UTF-8 has no bytes for: by default the escape that JSON has.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8", errors=errors)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
