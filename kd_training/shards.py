"""Records kept as they are made: JSON lines in numbered files, each record on the disk before the next is begun.

A record has a key that says what it was made from; who starts again reads the keys and makes only what lacks. A last
line that a killed process left half-written is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

LINES = 2_000  # of one file


class Shards:
    """The records under `directory`, and a place to add more. One process at a time writes."""

    def __init__(self, directory: Path, lines: int = LINES) -> None:
        self._directory, self._lines = directory, lines
        directory.mkdir(parents=True, exist_ok=True)
        self.records: dict[str, dict[str, Any]] = {}
        self._file: BinaryIO | None = None
        self._number, self._written = 0, 0
        for path in sorted(directory.glob("*.jsonl")):
            found = list(_whole_lines(path))
            self.records.update((record["key"], record) for record in found)
            self._number, self._written = int(path.stem), len(found)

    def __contains__(self, key: str) -> bool:
        return key in self.records

    def add(self, record: dict[str, Any]) -> None:
        """Keep a record with a "key"; it is on the disk when this returns. Raises OSError, for example when full."""
        if self._written >= self._lines:
            self._close()
            self._number, self._written = self._number + 1, 0
        if self._file is None:
            self._file = (self._directory / f"{self._number:05d}.jsonl").open("ab", buffering=0)
        line = json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n"
        left = memoryview(line.encode("utf-8"))
        while left:  # a disk that is nearly full takes a part, and the next part is the error
            left = left[self._file.write(left) :]
        os.fsync(self._file.fileno())
        self._written += 1
        self.records[record["key"]] = record

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()


def write_whole(path: Path, texts: Iterable[str]) -> None:
    """Write a file of these texts, there as a whole or not at all, and on the disk when this returns."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="utf-8") as stream:
        stream.writelines(texts)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file; what follows the last whole line is cut off the file."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as stream:
            stream.truncate(whole)
    for line in content[:whole].splitlines():
        yield json.loads(line)
