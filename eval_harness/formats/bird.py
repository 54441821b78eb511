"""BIRD's JSON (Li et al. 2023): `question`, `SQL`, `evidence`, `db_id`, `difficulty`, `question_id`.

The evidence, what an expert would tell about the question, is put after it, as BIRD gives it to systems that may
know it. BIRD compares sets of rows, so the order of rows is never part of the answer.
"""

from __future__ import annotations

from pathlib import Path

from eval_harness.example import Example, ExampleError
from eval_harness.formats.entries import Entry, optional_text, read_entries, text_of


def read_bird(path: Path) -> list[Example]:
    """The examples; an id is the `question_id`, or the place from 0. Raises ExampleError."""
    examples: dict[str, Example] = {}
    for place, (where, entry) in enumerate(read_entries(path)):
        example = _example(entry, where, place)
        if example.id in examples:
            raise ExampleError(f"{where}: the question_id {example.id} is already taken.")
        examples[example.id] = example
    return list(examples.values())


def _example(entry: Entry, where: str, place: int) -> Example:
    number = entry.get("question_id", place)
    if isinstance(number, bool) or not isinstance(number, int | str):
        raise ExampleError(f"{where}: 'question_id' must be a number.")
    question, evidence = text_of(entry, "question", where), optional_text(entry, "evidence", where)
    return Example(
        str(number),
        f"{question} {evidence}" if evidence else question,
        (text_of(entry, "SQL", where),),
        level=optional_text(entry, "difficulty", where),
        database=text_of(entry, "db_id", where),
    )
