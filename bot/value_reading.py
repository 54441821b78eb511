"""Reads the values of a database into an index, and keeps the index on disk until the database changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import statistics
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.schema import Schema
from bot.surfaces import fold, stem
from bot.value_index import EMAIL, ValueIndex

_LONGEST_VALUE = 80


class TextSource(Protocol):
    """Where distinct texts come from: any open database."""

    @property
    def url(self) -> str:
        """Where it is, as SQLAlchemy writes it."""

    def distinct_texts(self, table: str, column: str, limit: int) -> list[str] | None:
        """Distinct non-empty texts of a column, or None when there are more than `limit`."""


class Alias(Protocol):
    """Other names of a stored value, as the glossary gives them."""

    @property
    def value(self) -> str:
        """The text as stored."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it is meant for, each `table.column`; none: every column that holds it."""

    @property
    def names(self) -> tuple[str, ...]:
        """What people call it."""


_ADDRESS = re.compile(EMAIL.pattern + r"|https?://|www\.")
_DATED = re.compile(r"\d{4}-\d\d(-\d\d.*)?$|[\d\s.:/+()-]+$")


def build_index(
    database: TextSource, schema: Schema, glossary_values: Iterable[Alias] = (), max_per_column: int = 5000
) -> ValueIndex:
    """Read the distinct texts of every text column that holds names and not prose, addresses or dates.

    Of a column of e-mail addresses only its name is kept: an address in a question stands for itself. A
    column with more than `max_per_column` distinct texts is left out. Raises DatabaseError.
    """
    sizes: dict[str, int] = {}
    emails: list[str] = []
    holders: dict[str, list[str]] = {}
    for table, column in schema.columns():
        if column.type != "text":
            continue
        texts = database.distinct_texts(table.name, column.name, max_per_column)
        name = f"{table.name}.{column.name}"
        if texts and 2 * sum(1 for text in texts if EMAIL.fullmatch(text)) > len(texts):
            emails.append(name)
        if not texts or not _nameable(texts):
            continue
        sizes[name] = len(texts)
        for text in texts:
            if len(text) <= _LONGEST_VALUE and not _ADDRESS.search(text) and not _DATED.match(text):
                holders.setdefault(text, []).append(name)
    values = {value: tuple(sorted(columns)) for value, columns in sorted(holders.items())}
    aliases = list(glossary_values)
    return ValueIndex(
        schema.fingerprint,
        stamp_of(database, schema, aliases),
        sizes,
        values,
        _aliases(aliases, values),
        _words_of(schema),
        tuple(sorted(emails)),
    )


def _nameable(texts: list[str]) -> bool:
    addresses = sum(1 for text in texts if _ADDRESS.search(text))
    dated = sum(1 for text in texts if _DATED.match(text))
    long = statistics.median(len(text) for text in texts) > 60
    return not long and 2 * addresses <= len(texts) and 2 * dated <= len(texts)


def _aliases(
    aliases: Iterable[Alias], values: dict[str, tuple[str, ...]]
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Names of values that are there, with the columns that hold them and that the glossary means."""
    found = []
    for alias in aliases:
        holding = values.get(alias.value, ())
        columns = tuple(column for column in holding if not alias.columns or column in alias.columns)
        found += [(name, alias.value, columns) for name in alias.names if columns]
    return tuple(found)


def _words_of(schema: Schema) -> frozenset[str]:
    """The words that tables and columns are named by, singular and plural: never a misspelt value."""
    names = [table.name for table in schema.tables] + [column.name for _, column in schema.columns()]
    words = {fold(word) for name in names for word in re.split(r"[\W_]+", name) if word}
    return frozenset(words | {stem(word) for word in words} | {word + "s" for word in words})


def stamp_of(database: TextSource, schema: Schema, aliases: Iterable[Alias]) -> str:
    """A cheap sign of change: row counts, the glossary, the file's time and size (for a server: the day)."""
    seen: list[Any] = [[table.name, table.rows] for table in schema.tables]
    seen += [[alias.value, list(alias.columns), list(alias.names)] for alias in aliases]
    seen += _file_state(database.url) or [date.today().isoformat()]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def _file_state(url: str) -> list[Any]:
    try:
        parsed = make_url(url)
        path = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
    except ArgumentError:
        path = Path(url)
    if path is None:
        return []
    state: list[Any] = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            found = file.stat()
        except (OSError, ValueError):
            continue
        state.append([found.st_mtime_ns, found.st_size])
    return state


def cached_index(
    database: TextSource, schema: Schema, glossary_values: Iterable[Alias], directory: Path
) -> ValueIndex:
    """The index kept in `directory` if it is of this schema and content, else a new one, kept for next time.

    A cache that cannot be read is rebuilt, one that cannot be written does no harm. Raises DatabaseError.
    """
    aliases = list(glossary_values)
    path = directory / f"values-{schema.fingerprint}.json"
    stamp = stamp_of(database, schema, aliases)
    try:
        kept = ValueIndex.from_json(json.loads(path.read_text(encoding="utf-8")))
        if kept.stamp == stamp and kept.fingerprint == schema.fingerprint:
            return kept
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    index = build_index(database, schema, aliases)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        partial.write_text(json.dumps(index.to_json(), ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError:
        pass
    return index
