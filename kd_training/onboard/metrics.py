"""The metrics of a glossary as measures to compose questions with: its words are those that people use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.glossary import Glossary
from kd_training.onboard.facts import TableFacts


def metrics_of(glossary: Glossary, facts: Mapping[str, TableFacts]) -> Iterator[dict[str, Any]]:
    """A measure for each metric whose table is there."""
    for metric in glossary.metrics:
        if metric.root not in facts:
            continue
        names = list(dict.fromkeys([metric.name.replace("_", " "), *metric.synonyms]))
        adds_up = metric.expr.upper().startswith(("SUM(", "COUNT(*")) and "/" not in metric.expr
        yield {
            "name": metric.name, "root": metric.root, "date": metric.date or None, "expr": metric.name,
            "unit": "number", "tags": ["additive", "mass"] if adds_up else ["level"], "no_threshold": True,
            "phrases": [*names, f"total {names[0]}" if adds_up else f"the {names[0]}"], "nouns": names, "weight": 3.0,
            "clauses": [f"what is our {n}" for n in names] + [f"how high is the {names[0]}", f"what's the {names[0]}"],
        }  # fmt: skip
