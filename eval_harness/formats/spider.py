"""Spider's JSON (Yu et al. 2018): a list of `question`, `query`, `db_id`. An example's id is its place, from 0."""

from __future__ import annotations

from pathlib import Path

from eval_harness.example import Example
from eval_harness.formats.entries import has_order, read_entries, text_of


def read_spider(path: Path) -> list[Example]:
    """The examples; rows are ordered where the gold says ORDER BY, as in Spider's evaluation. Raises ExampleError."""
    examples = []
    for place, (where, entry) in enumerate(read_entries(path)):
        sql = text_of(entry, "query", where)
        examples.append(
            Example(
                str(place), text_of(entry, "question", where), (sql,), ordered=has_order(sql),
                database=text_of(entry, "db_id", where),
            )
        )  # fmt: skip
    return examples
