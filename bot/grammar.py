"""Schema → the grammar of the short SQL that can be said over it, in llguidance's Lark dialect.

A sentence of the grammar always parses, names only tables and columns that exist, compares a column only with a
slot that was linked to it, and writes no literal except the stored values of columns that have few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.glossary import Glossary
from bot.linking import Slot
from bot.schema import Schema
from bot.shorthand import BUCKETS, REFUSAL

CONSTANTS = ("0", "1", "2", "3", "4", "5", "7", "10", "12", "30", "60", "100", "100.0", "1.0", "12.0", "365.25")
FUNCTIONS = ("ABS", "ROUND", "COALESCE", "NULLIF", "LENGTH")
_DERIVED = 'derived "." (NAME | BARE)'

_RULES = """
start: "{refusal}" | query
query: ctes? select (setop select)?
ctes: "WITH " cte (", " cte)* " "
cte: derived " AS (" query ")"
setop: " UNION " | " UNION ALL " | " INTERSECT " | " EXCEPT "
select: "SELECT " answers (", " answers)*
    | "SELECT " "DISTINCT "? item (", " item)* " FROM " source joins? where? group? having? order? limit?
answers: (NUMBER " * ")? "(" query ")" ((" + " | " - " | " * " | " / ") (NUMBER | "(" query ")"))*
item: value (" AS " NAME)?
source: table | aliased | "(" query ") AS " derived | derived (" AS " derived)?
joins: ((" JOIN " | " LEFT JOIN ") joined " ON " condition)+
joined: table | aliased | derived | "(" query ") AS " derived
where: " WHERE " condition
group: " GROUP BY " value (", " value)*
having: " HAVING " condition
order: " ORDER BY " ordering (", " ordering)*
ordering: value (" DESC" | " ASC")?
limit: " LIMIT " limited (" OFFSET " NUMBER)?
condition: predicate ((" AND " | " OR ") predicate)*
predicate: "NOT "? test
test: value compare value
    | value " IS NULL"
    | value " BETWEEN " value " AND " value
    | value " IN (" query ")"
    | "EXISTS(" query ")"
    | "(" condition ")"
    | TERM
{typed}
compare: " = " | " <> " | " < " | " > " | " <= " | " >= "
value: term ((" + " | " - " | " * " | " / " | " || ") term)*
term: column | METRIC | NUMBER | number_slot | "(" value ")" | "(" query ")" | call | case | "' '" | "NULL" | now
call: aggregate over? | FUNCTION "(" value (", " value)* ")" | "CAST(" value " AS " ("INTEGER" | "REAL") ")"
    | BUCKET "(" moment ")" | "HOUR(" clock ")" | "DAYS(" day ", " day ")" | ranking over | "LAG(" value ")" over
    | "STRFTIME('%" ("m" | "d" | "Y") "', " (date | "'now'") ")"
aggregate: "COUNT(" ("*" | "DISTINCT "? value) ")" | ("SUM" | "AVG" | "MIN" | "MAX") "(" "DISTINCT "? value ")"
ranking: ("RANK" | "ROW_NUMBER" | "DENSE_RANK") "()"
over: " OVER (" partition? order_window? ")"
partition: "PARTITION BY " value (", " value)*
order_window: " "? "ORDER BY " ordering (", " ordering)*
case: "CASE" (" WHEN " condition " THEN " value)+ (" ELSE " value)? " END"
day: moment | "TODAY" | extreme
moment: date | derived "." (NAME | BARE)
extreme: ("MIN" | "MAX") "(" date ")"
now: "DATE('now')" | "DATE('now', '-' || " number_slot " || ' " ("days" | "months" | "years") "')"
derived: /t[1-9]/
NAME: /x[1-9]/
"""


@dataclass(frozen=True, slots=True)
class _Signature:
    """What of the slots changes the grammar."""

    values: tuple[tuple[str, ...], ...]
    numbers: int
    periods: int


class Grammar:
    """The grammar of one schema and glossary; `for_slots` adds what a question's slots allow."""

    def __init__(self, schema: Schema, glossary: Glossary) -> None:
        self._schema = schema
        self._glossary = glossary
        self.for_signature = lru_cache(maxsize=256)(self._for_signature)

    def for_slots(self, slots: Sequence[Slot]) -> str:
        """The grammar text for a question with these slots."""
        values = tuple(s.columns for s in slots if s.kind == "value")
        numbers = sum(s.kind == "number" for s in slots)
        return self.for_signature(_Signature(values, numbers, sum(s.kind == "period" for s in slots)))

    def _for_signature(self, signature: _Signature) -> str:
        typed = [*self._slot_tests(signature), *self._stored_values()]
        rules = _RULES.format(refusal=REFUSAL, typed="\n".join(f"    | {t}" for t in typed))
        return rules + "\n".join([*self._names(), *self._numbers(signature)])

    def _slot_tests(self, signature: _Signature) -> list[str]:
        tests: list[str] = []
        by_column: dict[str, list[str]] = {}
        for i, columns in enumerate(signature.values):
            for column in columns:
                by_column.setdefault(column, []).append(f":v{i}")
        for column, slots in by_column.items():
            names = _alternatives([column, _second(column)])
            one = _alternatives(slots)
            tests.append(f'{names} (" = " | " <> ") {one}')
            tests.append(f'derived "." "{column.partition(".")[2]}" (" = " | " <> ") {one}')
            if len(slots) > 1:
                tests.append(f'{names} " IN (" {one} (", " {one})* ")"')
        if signature.periods:
            periods = _alternatives([f":d{i}" for i in range(signature.periods)])
            tests.append(f"date compare {periods}")
            tests.append(f"extreme compare {periods}")
        return tests

    def _stored_values(self) -> list[str]:
        tests: list[str] = []
        for table, column in self._schema.columns():
            if column.values:
                name = f"{table.name}.{column.name}"
                names = _alternatives([name, _second(name)])
                literals = _alternatives(["'" + v.replace("'", "''") + "'" for v in column.values])
                tests.append(f'{names} (" = " | " <> ") {literals}')
                tests.append(f'{names} " IN (" {literals} (", " {literals})* ")"')
        return tests

    def _names(self) -> list[str]:
        schema = self._schema
        columns = [f"{t.name}.{c.name}" for t, c in schema.columns()]
        chained = [t.name for t in schema.tables if any(k.ref_table == t.name for k in t.foreign_keys)]
        thirds = [f"{t.name}_3.{c.name}" for t, c in schema.columns() if t.name in chained]
        times = [f"{t.name}.{c.name}" for t, c in schema.columns() if c.type == "timestamp"]
        dates = [f"{t.name}.{c.name}" for t, c in schema.columns() if c.type in ("date", "timestamp")]
        clocks = [_alternatives([*times, *map(_second, times)])] if times else [] if dates else ["COLUMN"]
        glossary = self._glossary
        metrics = [m.name for m in glossary.metrics] + [e.name for e in glossary.expressions]
        bare = sorted({c.name for _, c in schema.columns()})
        return [
            f"table: {_alternatives(t.name for t in schema.tables)}",
            # Two lexemes: the longest one wins, so one with " AS " in it would swallow the space of " ON ".
            "aliased: " + " | ".join(f'"{t.name}" " AS {t.name}_{n}"' for t in schema.tables for n in (2, 3)),
            f"column: COLUMN | {_DERIVED}",
            f"COLUMN: {_alternatives(columns + [_second(c) for c in columns] + thirds)}",
            f"BARE: {_alternatives(bare)}",
            f"date: {_alternatives([*dates, *map(_second, dates)]) if dates else 'COLUMN'}",
            f"clock: {' | '.join([*clocks, _DERIVED])}",  # a date alone has no hour
            f"METRIC: {_alternatives(metrics) if metrics else _alternatives(['NULL'])}",
            f"TERM: {_alternatives([c.name for c in glossary.conditions] or ['TRUE'])}",
            f"FUNCTION: {_alternatives(FUNCTIONS)}",
            f"BUCKET: {_alternatives(name for name in BUCKETS if name != 'HOUR')}",
            f"NUMBER: {_alternatives(CONSTANTS)}",
        ]

    def _numbers(self, signature: _Signature) -> list[str]:
        slots = [f":n{i}" for i in range(signature.numbers)]
        if not slots:
            return ["number_slot: NUMBER", "limited: NUMBER"]
        return [f"number_slot: {_alternatives(slots)}", f"limited: NUMBER | {_alternatives(slots)}"]


def _second(column: str) -> str:
    """The same column of a second mention of its table: `employees_2.name`."""
    table, _, name = column.partition(".")
    return f"{table}_2.{name}"


def _alternatives(texts: Iterable[str]) -> str:
    quoted = []
    for text in texts:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        quoted.append(f'"{escaped}"')
    return "(" + " | ".join(quoted) + ")"
