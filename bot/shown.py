"""An answer with everything that doors show of it: readable SQL, columns, the one-line reading, a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.answer import Answer
from bot.chart import ChartSpec, suggest
from bot.columns import describe
from bot.condition_words import filters
from bot.database import Result
from bot.formats import ColumnInfo
from bot.glossary import Glossary
from bot.reading import read
from bot.schema import Schema


@dataclass(frozen=True, slots=True)
class Shown:
    """`sql` is laid out over several lines; `chart` is None where no chart suits the rows."""

    sql: str
    result: Result
    columns: tuple[ColumnInfo, ...]
    reading: str
    chart: ChartSpec | None


def show(answer: Answer, schema: Schema, glossary: Glossary, today: date | None = None) -> Shown | None:
    """What there is to show of an answer; None where no query ran."""
    if answer.sql is None or answer.result is None:
        return None
    columns = describe(answer.sql, schema, answer.result, glossary)
    kept = filters(answer.sql, schema, glossary)
    reading = read(answer.question, answer.result, columns, kept, today)
    return Shown(pretty(answer.sql), answer.result, tuple(columns), reading, suggest(answer.result, columns))


def pretty(sql: str) -> str:
    """The same SQL over several lines."""
    import sqlglot

    return sqlglot.parse_one(sql, read="sqlite").sql("sqlite", pretty=True)
