"""A question with holes and the short SQL behind it: what both the corpus and the composer produce."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.shorthand import REFUSAL
from eval_harness.json_lines import numbered_lines


class CorpusError(ValueError):
    """A corpus file is not what it should be; the text names file, line and fault."""


@dataclass(frozen=True, slots=True)
class Draft:
    """`question` has holes `{name}`, `target` placeholders `:name`; `slots` says what fills each.

    A slot is `table.column` (a stored text), `int:lo-hi`, `percent:lo-hi` or `time`. Times are the placeholders
    `:d0`, `:d1` in the order of their holes' names. `family` names the SQL template: examples are held out by it.
    """

    question: str
    target: str
    slots: Mapping[str, str] = field(default_factory=dict)
    family: str = ""

    @property
    def times(self) -> list[str]:
        """The names of the time holes, first first."""
        return sorted(name for name, kind in self.slots.items() if kind == "time")


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that people ask: its SQL and many ways to ask it."""

    sql: str
    slots: Mapping[str, str]
    phrasings: tuple[str, ...]


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    """The objects of a JSONL file. Raises CorpusError."""
    return (item for _, item in _numbered_lines(path))


def _numbered_lines(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The objects with the places where they stand, as `file:line`."""
    for number, line in numbered_lines(path):
        try:
            item = json.loads(line)
        except json.JSONDecodeError as error:
            raise CorpusError(f"{path.name}:{number} is not JSON: {error}") from error
        if not isinstance(item, dict):
            raise CorpusError(f"{path.name}:{number} is not an object")
        yield f"{path.name}:{number}", item


def read_intents(path: Path) -> Iterator[Intent]:
    """The intents of a file; lines of kind unanswerable or unsafe carry the refusal instead of SQL."""
    for place, item in _numbered_lines(path):
        slots, phrasings = item.get("slots") or {}, item.get("phrasings")
        if not isinstance(phrasings, list) or not isinstance(slots, dict):
            raise CorpusError(f"{place}: an intent needs phrasings (a list) and slots (an object)")
        sql = item.get("sql", REFUSAL if item.get("kind") in ("unanswerable", "unsafe") else None)
        if not isinstance(sql, str):
            raise CorpusError(f"{place}: an intent needs sql, or a kind of unanswerable or unsafe")
        yield Intent(sql, slots, tuple(str(p) for p in phrasings))
