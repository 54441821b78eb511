"""One answer made ready for people: pretty SQL, what its columns mean, its reading in one line, its chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlglot
from sqlglot.errors import SqlglotError

from bot.chart import ChartSpec, suggest
from bot.columns import describe
from bot.condition_words import filters
from bot.database import Result
from bot.formats import ColumnInfo
from bot.glossary import Glossary
from bot.reading import read
from bot.schema import Dialect, Schema


@dataclass(frozen=True, slots=True)
class Presented:
    """What doors lay out in their own blocks. `chart` is None where a picture would say nothing more."""

    result: Result
    columns: tuple[ColumnInfo, ...]
    reading: str
    chart: ChartSpec | None


def present(
    question: str, sql: str, result: Result, schema: Schema, glossary: Glossary, today: date | None = None
) -> Presented:
    """Everything about a result that is the same for every door."""
    columns = describe(sql, schema, result, glossary)
    reading = read(question, result, columns, filters(sql, schema, glossary), today)
    return Presented(result, tuple(columns), reading, suggest(result, columns))


def pretty(sql: str, dialect: Dialect) -> str:
    """The SQL on several lines; as it is where it cannot be read."""
    try:
        return sqlglot.transpile(sql, read=dialect, write=dialect, pretty=True)[0]
    except (SqlglotError, RecursionError, IndexError):
        return sql
