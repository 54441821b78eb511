"""Evaluation files as others write them, read into examples. The format is told by the content, or named.

    mynah          ours: JSON Lines of id, question, sql, ... (`eval_harness.example`)
    spider         Spider (Yu et al. 2018): JSON of question, query, db_id
    text2sql-data  text2sql-data (Finegan-Dollak et al. 2018): JSON of sentences, SQL and variables to fill in
    bird           BIRD (Li et al. 2023): JSON of question, SQL, evidence, db_id, difficulty, question_id
    defog          sql-eval by Defog: CSV of question, query, db_name, query_category
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval_harness.example import Example, ExampleError, read_examples
from eval_harness.formats.bird import read_bird
from eval_harness.formats.defog import read_defog
from eval_harness.formats.entries import first_entry
from eval_harness.formats.spider import read_spider
from eval_harness.formats.text2sql_data import read_text2sql_data

READERS: dict[str, Callable[[Path], list[Example]]] = {
    "mynah": read_examples,
    "spider": read_spider,
    "text2sql-data": read_text2sql_data,
    "bird": read_bird,
    "defog": read_defog,
}


def read_file(path: str | Path, name: str | None = None) -> list[Example]:
    """The examples of a file in the format `name`, or in the one that its content speaks of. Raises ExampleError."""
    path = Path(path)
    name = name or tell_format(path)
    if name not in READERS:
        raise ExampleError(f"there is no format {name!r}; the formats are {', '.join(READERS)}.")
    return READERS[name](path)


def tell_format(path: Path) -> str:
    """The name of the file's format, by the keys of its first entry or its header. Raises ExampleError."""
    entry = first_entry(path)
    if entry is None:
        return "defog"
    return _by_keys(entry)


def _by_keys(entry: dict[str, Any]) -> str:
    if "sentences" in entry:
        return "text2sql-data"
    if "SQL" in entry:
        return "bird"
    return "spider" if "query" in entry else "mynah"
