"""An answer with everything that doors show of it: readable SQL, columns, the one-line reading, a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlglot

from bot.answer import Answer
from bot.chart import ChartSpec, suggest
from bot.columns import describe
from bot.database import Result
from bot.filter_words import filters, names_texts
from bot.formats import ColumnInfo
from bot.glossary import Glossary
from bot.reading import read
from bot.schema import Dialect, Schema
from bot.sql_writer import write


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
    said = answer.canonical or canonical(answer.sql, schema.dialect)
    columns = describe(said, schema, answer.result, glossary)
    kept = filters(said, schema, glossary)
    reading = read(answer.question, answer.result, columns, kept, today, names_texts(said, schema))
    chart = suggest(answer.result, columns)
    return Shown(pretty(answer.sql, schema.dialect), answer.result, tuple(columns), reading, chart)


def describe_columns(sql: str, schema: Schema, result: Result, glossary: Glossary) -> list[ColumnInfo]:
    """The columns of a result, by the SQL in the database's own dialect that gave it."""
    return describe(canonical(sql, schema.dialect), schema, result, glossary)


def pretty(sql: str, dialect: Dialect) -> str:
    """The same SQL over several lines."""
    return write(sqlglot.parse_one(sql, read=dialect), dialect, pretty=True)


def canonical(sql: str, dialect: Dialect) -> str:
    """SQL of any dialect in SQLite's words as far as there are any: enough to name its columns by."""
    return sql if dialect == "sqlite" else sqlglot.parse_one(sql, read=dialect).sql("sqlite")
