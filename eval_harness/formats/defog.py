"""The CSV of Defog's sql-eval: `question`, `query`, `db_name`, `query_category`.

Several right queries are separated by `;`. Columns in braces, `SELECT {a, b}, COUNT(*) ... GROUP BY {}`, stand for
every non-empty combination of them; empty braces further on, or braces around the same columns, repeat the
combination without its aliases. The order of rows counts where the category is `order_by` or the question asks to
order, sort or arrange.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from eval_harness.example import Example, ExampleError
from eval_harness.formats.entries import optional_text, read_text, text_of

MAX_COLUMNS = 6  # of one set: 63 combinations
_MAX_QUERIES = 500
_COLUMNS = {"question", "query"}
_ASKS_FOR_ORDER = re.compile(r"\b(?:order|sort|arrange)\b", re.IGNORECASE)
_ALIAS = re.compile(r"\s+as\s+(?:\w+|\"[^\"]*\")\s*$", re.IGNORECASE)
_BRACES = re.compile(r"\{([^{}]*)\}")


def read_defog(path: Path) -> list[Example]:
    """The examples; an id is the row's place, from 0. Raises ExampleError."""
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    examples: list[Example] = []
    try:
        missing = _COLUMNS - set(rows.fieldnames or ())
        if missing:
            raise ExampleError(f"{path}, line 1: the header has no {' and no '.join(sorted(missing))}.")
        line = rows.line_num + 1
        for place, row in enumerate(rows):
            examples.append(_example(row, f"{path}, line {line}", place))
            line = rows.line_num + 1
    except csv.Error as error:
        raise ExampleError(f"{path}, line {rows.line_num}: this is not CSV ({error}).") from error
    if not examples:
        raise ExampleError(f"{path} holds no examples.")
    return examples


def _example(row: dict[str, str], where: str, place: int) -> Example:
    if None in row or None in row.values():
        raise ExampleError(f"{where}: the row has more or fewer cells than the header.")
    question, category = text_of(row, "question", where), optional_text(row, "query_category", where)
    try:
        sql = tuple(dict.fromkeys(expand(text_of(row, "query", where))))
    except ValueError as error:
        raise ExampleError(f"{where}: {error}") from error
    return Example(
        str(place),
        question,
        sql,
        ordered=category == "order_by" or _ASKS_FOR_ORDER.search(question) is not None,
        tags=(category,) if category else (),
        database=optional_text(row, "db_name", where),
    )


def expand(query: str) -> list[str]:
    """Every query that the text stands for. Raises ValueError, with a sentence for people."""
    queries: list[str] = []
    for alternative in split_outside(query, ";"):
        queries.extend(itertools.islice(_combinations(alternative.strip()), _MAX_QUERIES + 1))
    if not queries:
        raise ValueError("'query' holds no SQL.")
    if len(queries) > _MAX_QUERIES:
        raise ValueError(f"'query' stands for more than {_MAX_QUERIES} queries.")
    return queries


def split_outside(text: str, separator: str) -> list[str]:
    """Split at a character that stands outside quotation marks and parentheses; parts that are blank are left out."""
    parts, inside, depth, start = [], "", 0, 0
    for place, character in enumerate(text):
        if inside:
            inside = "" if character == inside else inside
        elif character in "'\"":
            inside = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _combinations(query: str) -> Iterator[str]:
    first = _BRACES.search(query)
    if first is None:
        if query:
            yield query
        return
    columns = [column.strip() for column in split_outside(first.group(1), ",")]
    if not 0 < len(columns) <= MAX_COLUMNS:
        raise ValueError(f"a set of columns holds 1 to {MAX_COLUMNS} columns: {first.group(0)}")
    names = [_ALIAS.sub("", column) for column in columns]
    for size in range(1, len(columns) + 1):
        for chosen in itertools.combinations(range(len(columns)), size):
            selected = ", ".join(columns[i] for i in chosen)
            again = ", ".join(names[i] for i in chosen)
            rest = _repeat(query[first.end() :], [columns, names], again)
            yield from _combinations(query[: first.start()] + selected + rest)


def _repeat(rest: str, same: list[list[str]], chosen: str) -> str:
    def write(match: re.Match[str]) -> str:
        inside = [column.strip() for column in split_outside(match.group(1), ",")]
        return chosen if not inside or inside in same else match.group(0)

    return _BRACES.sub(write, rest)
