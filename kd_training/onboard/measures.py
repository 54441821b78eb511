"""The measures of a new database: counts, totals, averages and extremes, each with ways to say it.

They have the form of a corpus' `compose/measures.jsonl`: kd_training/synthesize/compose.py draws from both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kd_training.onboard.facts import Fact, TableFacts
from kd_training.onboard.said import Said
from kd_training.onboard.wordings import worded

Item = dict[str, Any]


def measures_of(facts: Mapping[str, TableFacts], said: Said) -> list[Item]:
    """Every measure, the count of rows first for each table."""
    return [item for table in facts.values() for item in _of_table(table, said)]


def thresholds(fact: Fact) -> tuple[int, int] | None:
    """Whole numbers between which a limit on a column says something; None where there are none."""
    low, high = (fact.low + fact.middle) / 2, (fact.middle + fact.high) / 2
    first, last = max(0, int(low) + (low > int(low))), int(high)
    return (first, last) if last > first else None


def _of_table(table: TableFacts, said: Said) -> Iterator[Item]:
    groups = max(3, min(table.table.rows // 4, 1000))
    yield _item(table, said, None, "count", "COUNT(*)", ["additive", "count", "rows"], 1.0 if table.bridges else 2.0,
                range=[1, groups])  # fmt: skip
    for fact in table.of("amount", "level", "year"):
        if fact.high > fact.low:
            yield from _of_number(table, said, fact)
    for fact in table.of("date"):
        for kind, call in (("latest", "MAX"), ("earliest", "MIN")):
            yield _item(table, said, fact, kind, f"{call}({fact.name})", ["extreme", "date"], 0.5)
    for fact in table.of("choice", "text"):
        if fact.distinct > 1:
            yield _item(table, said, fact, "different", f"COUNT(DISTINCT {fact.name})", ["count"], 0.3,
                        range=[1, max(2, fact.distinct // 2)])  # fmt: skip


def _of_number(table: TableFacts, said: Said, fact: Fact) -> Iterator[Item]:
    span = thresholds(fact)
    if fact.role == "amount":
        more = {"range": [span[0], 4 * span[1]]} if span else {}
        yield _item(table, said, fact, "total", f"SUM({fact.name})", ["additive"], 0.8, **more)
    more = {"range": list(span)} if span else {}
    if fact.role != "year":
        yield _item(table, said, fact, "average", f"AVG({fact.name})", ["level"], 1.0, **more)
    yield _item(table, said, fact, "highest", f"MAX({fact.name})", ["extreme"], 0.5, **more)
    yield _item(table, said, fact, "lowest", f"MIN({fact.name})", ["extreme"], 0.5, **more)


def _item(
    table: TableFacts, said: Said, fact: Fact | None, kind: str, expr: str, tags: list[str], weight: float, **more: Any
) -> Item:  # fmt: skip
    rows, column = said.table(table.table.name), said.column(fact.name) if fact else None
    alone = fact is None or said.alone(fact.name)
    words = {part: worded("measures", kind, part, rows, column, alone) for part in ("phrases", "nouns", "clauses")}
    limits = {} if "range" in more else {"no_threshold": True}
    return {
        "name": f"{kind} {fact.name if fact else table.table.name}", "root": table.table.name,
        "date": table.dated, "expr": expr, "unit": "number", "tags": tags, "weight": weight, **words, **limits,
        **more,
    }  # fmt: skip
