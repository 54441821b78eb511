"""What the formats share: a file as JSON entries with their places, and texts taken out of an entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval_harness.example import ExampleError

Entry = dict[str, Any]

_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def read_text(path: Path) -> str:
    """The whole file. Raises ExampleError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExampleError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ExampleError(f"{path} is not UTF-8 text.") from error


def read_entries(path: Path) -> Iterator[tuple[str, Entry]]:
    """The objects of a JSON list, or of JSON Lines, each with its place for messages. Raises ExampleError."""
    text = read_text(path)
    if not text.strip():
        raise ExampleError(f"{path} holds no examples.")
    if not text.lstrip().startswith("["):
        yield from _lines(path, text)
        return
    entries = _parse(text, str(path))
    if not entries:
        raise ExampleError(f"{path} holds no examples.")
    for number, entry in enumerate(entries, start=1):
        yield f"{path}, entry {number}", _object(entry, f"{path}, entry {number}")


def first_entry(path: Path) -> Entry | None:
    """The first object of the file; None when it is not JSON at all. Raises ExampleError."""
    start = read_text(path).lstrip()[:1]
    if start not in ("[", "{", ""):
        return None
    return next(entry for _, entry in read_entries(path))


def text_of(entry: Entry, key: str, where: str) -> str:
    """The text under `key`, which must be there and not empty. Raises ExampleError."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ExampleError(f"{where}: {key!r} must be a text that is not empty.")
    return value.strip()


def optional_text(entry: Entry, key: str, where: str) -> str:
    """The text under `key`; empty where there is none. Raises ExampleError."""
    return text_of(entry, key, where) if entry.get(key) not in (None, "") else ""


def has_order(sql: str) -> bool:
    """Whether the order of rows is asked for, as Spider's evaluation decides it: the gold SQL says ORDER BY."""
    return _ORDERED.search(sql) is not None


def _lines(path: Path, text: str) -> Iterator[tuple[str, Entry]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            yield where, _object(_parse(line, where), where)


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise ExampleError(f"{where}: this is not JSON ({error}).") from error


def _object(value: Any, where: str) -> Entry:
    if not isinstance(value, dict):
        raise ExampleError(f"{where}: an entry must be a JSON object.")
    return value
