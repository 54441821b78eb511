"""The forms that composed questions over a new database take: those of the demo that name no measure of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from bot.config import ROOT
from kd_training.onboard.facts import Fact, TableFacts
from kd_training.onboard.measures import Item
from kd_training.onboard.said import Said
from kd_training.synthesize.draft import read_lines

SHAPES = ROOT / "demo" / "phrasings" / "compose" / "shapes.jsonl"
_LISTS = ("list_filtered", "list_with_column", "list_with_two_columns")
_PAIRED = ("two_measures", "top_n_two_measures", "two_totals")
# What is asked of any database; the rest of the shapes is what analysts ask.
_USUAL = frozenset([
    "total", "by_dimension", "top_n", "best_name", "worst_name", "having_over_name", "at_least_name", "none",
    "count_any", "list_any", "count_none", "value_total", "exists_count", "ranking", "count_groups_over",
])  # fmt: skip
_PAIRS = 60  # of measures, drawn for the shapes that want two


def shapes_of(facts: Mapping[str, TableFacts], measures: Sequence[Item], seed: int = 0) -> list[Item]:
    """The shapes, those for pairs of measures with pairs of this database."""
    rng = random.Random(seed)
    lists = _lists(facts)
    made: list[Item] = []
    shapes: Iterator[Item] = (dict(line) for line in read_lines(SHAPES))
    for shape in shapes:
        if not shape.get("pairs"):
            made.append({**shape, "weight": float(shape.get("weight", 1)) * (2 if shape["name"] in _USUAL else 1)})
        elif shape["name"] in _LISTS:
            wanted = 1 + _LISTS.index(str(shape["name"]))
            pairs = [names for names in lists if len(names) == max(2, wanted)]
            if wanted == 1:
                pairs = [[names[0], names[0]] for names in lists if len(names) == 2]
            if pairs:
                made.append({**shape, "pairs": pairs})
        elif shape["name"] in _PAIRED:
            pairs = _pairs(measures, rng)
            if pairs:
                made.append({**shape, "pairs": pairs, "weight": float(shape.get("weight", 1)) / 2})
    return made


def list_measures(facts: Mapping[str, TableFacts], said: Said) -> Iterator[Item]:
    """What lists rows and shows their columns: never drawn alone, only by the shapes that name them."""
    for table in facts.values():
        shown = ", ".join(f.name for f in table.label) or table.key
        if shown is None:
            continue
        many = list(said.table(table.table.name).many)
        tags = ["rows", "list", "named" if table.label else "numbered"]
        yield {"name": f"list {table.table.name}", "root": table.table.name, "date": table.dated, "expr": shown,
               "unit": "text", "tags": tags, "phrases": many, "nouns": many, "clauses": many, "weight": 0}  # fmt: skip
        for fact in _shown(table):
            one = list(said.column(fact.name).ones)
            yield {"name": f"col {fact.name}", "root": table.table.name, "date": table.dated, "expr": fact.name,
                   "unit": "text", "tags": [], "phrases": one, "nouns": one, "clauses": one, "weight": 0}  # fmt: skip


def _shown(table: TableFacts) -> list[Fact]:
    return table.of("choice", "text", "amount", "level", "year", "date")


def _lists(facts: Mapping[str, TableFacts]) -> list[list[str]]:
    """The lists with one column, and with two."""
    found: list[list[str]] = []
    for table in facts.values():
        if table.label or table.key:
            names = [f"col {fact.name}" for fact in _shown(table)]
            lead = f"list {table.table.name}"
            found += [[lead, name] for name in names]
            found += [[lead, one, other] for one in names for other in names if one != other][:12]
    return found


def _pairs(measures: Sequence[Item], rng: random.Random) -> list[list[str]]:
    by_root: dict[str, list[Item]] = {}
    for measure in measures:
        by_root.setdefault(measure["root"], []).append(measure)
    twos = [(a, b) for own in by_root.values() for a in own for b in own if a is not b]
    every = [[a["name"], b["name"]] for a, b in twos]
    return rng.sample(every, min(_PAIRS, len(every)))
