"""What a new database's rows can be grouped by: its choices, the rows of its named tables, and dates in buckets.

They have the form of a corpus' `compose/dimensions.jsonl`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kd_training.onboard.facts import TableFacts
from kd_training.onboard.measures import Item
from kd_training.onboard.said import Name, Said

_BUCKETS = (
    ("MONTH", "month", "monthly", 1.0), ("YEAR", "year", "yearly", 1.0), ("QUARTER", "quarter", "quarterly", 0.7),
    ("WEEKDAY", "weekday", "by day of the week", 0.4), ("DAY", "day", "daily", 0.4),
)  # fmt: skip


def dimensions_of(facts: Mapping[str, TableFacts], said: Said) -> list[Item]:
    """Every dimension; the buckets where any table has a date."""
    items = [item for table in facts.values() for item in _of_table(table, said)]
    dated = any(table.of("date") for table in facts.values())
    return [*items, *(_buckets() if dated else ())]


def _of_table(table: TableFacts, said: Said) -> Iterator[Item]:
    name, rows = table.table.name, said.table(table.table.name)
    for fact in table.of("choice", "flag", "year"):
        column = said.column(fact.name)
        yield {"name": fact.name, "table": name, "select": [fact.name], "tags": [], "weight": 1.0,
               **({"distinct": fact.distinct} if fact.role == "choice" else {}),
               **_words(column, rows, said.alone(fact.name)), "not_measures": [f"different {fact.name}"]}  # fmt: skip
    if table.label:
        yield {"name": f"each {name}", "table": name, "select": [f.name for f in table.label], "tags": [],
               **({"key": table.key, "entity": True} if table.key else {}), "weight": 1.5,
               "phrases": [*rows.ones, f"{rows.one} name"], "plurals": list(rows.many)}  # fmt: skip
    elif table.key and not table.bridges:
        ids = [f"{one} ID" for one in rows.ones]
        yield {"name": f"each {name}", "table": name, "select": [table.key], "tags": [], "key": table.key,
               "entity": True, "weight": 0.5, "phrases": [*rows.ones, *ids],
               "plurals": [*rows.many, *(f"{i}s" for i in ids)]}  # fmt: skip


def _words(column: Name, rows: Name, alone: bool) -> dict[str, list[str]]:
    """The column's names, with the row's before them; and without, where they are no other column's."""
    ones = [c if c.startswith(rows.one) else f"{rows.one} {c}" for c in column.ones[:2]]
    many = [c if c.startswith(rows.one) else f"{rows.one} {c}" for c in column.many[:2]]
    return {"phrases": [*(column.ones if alone else ()), *ones], "plurals": [*(column.many if alone else ()), *many]}


def _buckets() -> Iterator[Item]:
    for call, one, adverb, weight in _BUCKETS:
        many = f"{one}s"
        yield {
            "name": one, "bucket": call, "select": [f"{call}({{date}})"], "tags": [], "weight": weight,
            "phrases": [one, f"calendar {one}"] if one != "weekday" else [one, "day of the week"],
            "plurals": [many] if one != "weekday" else [many, "days of the week"],
            "adverb": [adverb, f"per {one}", f"by {one}", f"each {one}", f"every {one}", f"{one} by {one}",
                       f"for each {one}"],
        }  # fmt: skip
