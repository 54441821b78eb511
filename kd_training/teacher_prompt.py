"""What a teacher reads before it writes SQL: the student's own text, or, for an instruct model, everything it needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from rapidfuzz import fuzz, process

from bot.database import Database, DatabaseError
from bot.glossary import Condition, Expression, Glossary, Metric
from bot.guard import Rejected, check
from bot.intervals import Interval
from bot.linking import Linked, Slot
from bot.prompt import render
from bot.schema import Column, Schema, Table
from bot.shorthand import REFUSAL
from kd_training.questions import Ground
from kd_training.teacher_client import Message

Style = Literal["student", "instruct"]
NEAREST = 4
_TYPES = {
    "integer": "INTEGER", "number": "NUMERIC", "text": "TEXT", "date": "DATE", "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN", "other": "TEXT",
}  # fmt: skip
_TASK = """You write SQL for questions about one database. Answer with one line of SQL and nothing else.

Rules of this SQL:
- Write every column as table.column. Joins along foreign keys are added for you: leave them out, and so is GROUP BY.
- Say a business term by its name alone, for example SELECT {term} ...; what it means is filled in for you.
- Texts, numbers and times of the question are given as slots: write the slot (:v0, :n0, :d0) and never its value.
  A time slot is a whole period: orders.order_date = :d0 means "within that period".
- If the database cannot answer the question, write {refusal}
"""


class Instructions:
    """The prompts of an instruct teacher over one database. `approved`: (rendered question, short SQL) to draw from."""

    def __init__(self, ground: Ground, approved: Sequence[tuple[str, str]] = ()) -> None:
        self._approved = [pair for pair in approved if pair[1] != REFUSAL] or list(approved)
        self._texts = [text for text, _ in self._approved]
        terms = [m.name for m in ground.glossary.metrics]
        parts = [
            _TASK.format(term=terms[0] if terms else "revenue", refusal=REFUSAL),
            create_tables(ground.schema, ground.database),
            business_terms(ground.glossary),
            f"Today is {ground.today.isoformat()}, a {ground.today.strftime('%A')}.",
        ]
        self._system = "\n".join(part for part in parts if part)

    def messages(self, linked: Linked) -> tuple[Message, ...]:
        """The conversation that ends with this question."""
        text = render(linked)
        shown: list[Message] = []
        for example, sql in self._nearest(text):
            shown += [{"role": "user", "content": example}, {"role": "assistant", "content": sql}]
        asked = "\n".join([text, *(slot_line(slot) for slot in linked.slots)])
        return ({"role": "system", "content": self._system}, *shown, {"role": "user", "content": asked})

    def _nearest(self, text: str) -> list[tuple[str, str]]:
        """The approved pairs most like the question, the nearest last, each SQL once, never the question itself."""
        found: dict[str, tuple[str, str]] = {}
        for match, _, number in process.extract(text, self._texts, scorer=fuzz.token_set_ratio, limit=4 * NEAREST):
            if match != text:
                found.setdefault(self._approved[number][1], self._approved[number])
        return list(found.values())[:NEAREST][::-1]


def create_tables(schema: Schema, database: Database) -> str:
    """The schema as CREATE TABLE statements with keys, and a few values of each column as comments."""
    return "\n\n".join(_create(table, database, schema) for table in schema.tables) + "\n"


def business_terms(glossary: Glossary) -> str:
    """Metrics, conditions and expressions with what they mean, one a line; "" where there are none."""
    terms: list[Metric | Condition | Expression] = [*glossary.metrics, *glossary.conditions, *glossary.expressions]
    lines = [f"- {t.name} ({', '.join(t.synonyms)}): {t.description or t.expr}" for t in terms]
    return "\n".join(["Business terms:", *lines, ""]) if lines else ""


def slot_line(slot: Slot) -> str:
    """What a slot of the question stands for."""
    if isinstance(slot.value, Interval):
        return f":{slot.name} is the period {_day(slot.value.first)} up to, not including, {_day(slot.value.after)}"
    if slot.kind == "number":
        return f":{slot.name} is the number {slot.value}"
    return f":{slot.name} is {slot.value!r}, stored in {' and '.join(slot.columns[:4])}"


def _day(day: date | None) -> str:
    return day.isoformat() if isinstance(day, date) else "any day"


def _create(table: Table, database: Database, schema: Schema) -> str:
    lines: list[tuple[str, str]] = []  # each with its comment
    for column in table.columns:
        key = " PRIMARY KEY" if table.primary_key == (column.name,) else ""
        null = "" if column.nullable or key else " NOT NULL"
        values = _values(table, column, database, schema)
        lines.append((f"{column.name} {_TYPES[column.type]}{key}{null}", f" -- {values}" if values else ""))
    if len(table.primary_key) > 1:
        lines.append((f"PRIMARY KEY ({', '.join(table.primary_key)})", ""))
    for foreign in table.foreign_keys:
        own, other = ", ".join(foreign.columns), ", ".join(foreign.ref_columns)
        lines.append((f"FOREIGN KEY ({own}) REFERENCES {foreign.ref_table} ({other})", ""))
    ends = [","] * (len(lines) - 1) + [""]
    body = [f"  {line}{end}{comment}" for (line, comment), end in zip(lines, ends, strict=True)]
    return "\n".join([f"CREATE TABLE {table.name} (", *body, ");"])


def _values(table: Table, column: Column, database: Database, schema: Schema) -> str:
    """All values of a column that has few, three of any other that is no key."""
    if column.values:
        return ", ".join(repr(value) for value in column.values)
    keys = {*table.primary_key, *(name for key in table.foreign_keys for name in key.columns)}
    if column.name in keys:
        return ""
    query = check(f'SELECT DISTINCT "{column.name}" FROM "{table.name}" LIMIT 3', schema, database.dialect)
    if isinstance(query, Rejected):
        return ""
    try:
        rows = database.execute(query, {}).rows
    except DatabaseError:
        return ""  # a sample is a help, not a need
    return ", ".join([*(repr(row[0]) for row in rows if row[0] is not None), "..."])
