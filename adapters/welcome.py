"""What a door says before the first question: the database's name in plain words, and questions to begin with."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.config import Settings
from bot.nouns import plural, singular, spoken
from bot.schema import Column, Schema, Table

_MOST = 8
_LONGEST = 120  # characters of one example
_FEW = 30  # values of a column worth grouping by


def database_name(settings: Settings) -> str:
    """The database's name for people: "/data/harbor-and-pine.db" → "Harbor & Pine"."""
    url = settings.database_url.get_secret_value()
    try:
        name = make_url(url).database or ""
    except (ArgumentError, ValueError):
        name = "" if "://" in url else url  # a broken address may hold a password anywhere
    words = [w for w in re.split(r"[\W_]+", Path(name).stem) if w]
    if not words or name == ":memory:":
        return "your database"
    return " ".join("&" if w.lower() == "and" else w if w.isupper() else w.capitalize() for w in words)


def examples(settings: Settings, schema: Schema) -> list[str]:
    """Up to eight questions to begin with: those of the `examples` file, or ones made from the tables."""
    if settings.examples is not None:
        try:
            lines = settings.examples.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            lines = []
        written = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if written:
            return [line[:_LONGEST] for line in written[:_MOST]]
    return _from_schema(schema)


def _from_schema(schema: Schema) -> list[str]:
    """Questions about the tables with the most rows: counted, over time, grouped, averaged."""
    tables = sorted(schema.tables, key=lambda table: -table.rows)
    made = (maker(table) for table in tables for maker in (_count, _over_time, _by_group, _average))
    return list(islice((question for question in made if question), _MOST))


def _count(table: Table) -> str:
    return f"How many {plural(spoken(table.name))} are there?"


def _over_time(table: Table) -> str:
    day = next((c for c in table.columns if c.type in ("date", "timestamp")), None)
    return f"How many {plural(spoken(table.name))} were there each month this year?" if day else ""


def _by_group(table: Table) -> str:
    most = min(_FEW, table.rows / 2)
    group = next((c for c in table.columns if 1 < len(c.values) < most and not _is_key(c, table)), None)
    return f"Number of {plural(spoken(table.name))} by {spoken(group.name)}" if group else ""


def _average(table: Table) -> str:
    number = next((c for c in table.columns if c.type == "number" and not _is_key(c, table)), None)
    return f"What is the average {spoken(number.name)} per {singular(spoken(table.name))}?" if number else ""


def _is_key(column: Column, table: Table) -> bool:
    keys = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    return column.name in keys or column.name.lower().endswith(("id", "_key"))
