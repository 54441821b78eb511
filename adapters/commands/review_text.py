"""How an entry of the review queue reads: in a terminal, and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bot.database import Result
from bot.formats import ColumnInfo, clean, clean_lines
from bot.glossary import Glossary
from bot.guard import Rejected
from bot.review import Decision, Waiting
from bot.schema import Schema
from bot.shown import describe_columns, pretty
from bot.table import as_text, make_table

ROWS = 10
_SOURCES = {"vote": "the student's answer, voted for", "correction": "a correction"}


def entry_text(entry: Waiting, result: Result | Rejected, schema: Schema, glossary: Glossary, width: int) -> str:
    """Everything that helps to decide, the question first."""
    heading = f"#{entry.id}  {clean(entry.question)}"
    sql = clean_lines(pretty(entry.sql, schema.dialect))
    parts = [heading, sql, _result_text(entry, result, schema, glossary, width)]
    return "\n\n".join((*parts, "\n".join(facts(entry, schema))))


def facts(entry: Waiting, schema: Schema) -> Iterator[str]:
    """Who says so, who does not, and what admission thought of it, a line each."""
    who = f"{clean(', '.join(entry.users))} ({entry.door})"
    yield f"From: {_SOURCES[entry.source]}, by {who}; answered by student {entry.student_version}"
    yield f"Votes: {entry.up} for, {entry.down} against"
    for comment in entry.comments:
        yield f"Comment: {clean(comment)}"
    if entry.why:
        yield f"Why it waits: {clean(entry.why)}"
    if entry.source == "correction" and entry.answer_sql and entry.answer_sql != entry.sql:
        yield f"The student had said: {clean(entry.answer_sql)}"
    if entry.teacher_agrees:
        yield "Teacher: agrees"
    elif entry.teacher_agrees is False:
        yield f"Teacher: {f'differs: {clean(entry.teacher)}' if entry.teacher else 'says there is no answer here'}"
    for other in entry.others:
        state = "Admitted" if other.status == "admitted" else f"Also said, by {other.users}"
        yield f"{state}, #{other.id}: {clean(other.sql)}"


def _result_text(
    entry: Waiting, result: Result | Rejected, schema: Schema, glossary: Glossary, width: int
) -> str:
    if isinstance(result, Rejected):
        return f"It does not run now: {clean(result.message)}"
    columns: list[ColumnInfo] = describe_columns(entry.sql, schema, result, glossary)
    return as_text(make_table(result, columns, ROWS), width)


def entry_data(entry: Waiting, result: Result | Rejected | None = None) -> dict[str, Any]:
    """For programs; with a result, its columns and rows, or why there are none."""
    data = {**asdict(entry), "asked_at": entry.asked_at.isoformat()}
    if isinstance(result, Rejected):
        data["result"] = {"message": result.message}
    elif result is not None:
        data["result"] = _rows(result)
    return data


def decision_data(decision: Decision) -> dict[str, Any]:
    """For programs."""
    data = asdict(decision)
    data["result"] = None if decision.result is None else _rows(decision.result)
    return data


def _rows(result: Result) -> dict[str, Any]:
    rows = [list(row) for row in result.rows]
    return {"columns": list(result.columns), "rows": rows, "truncated": result.truncated}
