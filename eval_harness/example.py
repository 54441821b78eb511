"""Evaluation examples: a question, the SQL that answers it, and what kind of question it is.

Our format is JSON Lines, one object a line: `id`, `question`, `sql` (a list: any of them is right; empty
when there is nothing to answer), `kind`, `ordered` (whether the order of rows is part of the answer),
`level`, `tags` and `database` (also written `db` or `db_id`: which database of a folder is asked). Only `id`
and `question` must be there. Gold SQL is written in SQLite's dialect. Other people's formats: `formats`.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from eval_harness.json_lines import numbered_lines

Kind = Literal["answerable", "unanswerable", "ambiguous", "unsafe"]

_KEYS = ("id", "question", "sql", "kind", "ordered", "level", "tags", "database", "db", "db_id")
_DATABASE = ("database", "db_id", "db")


@dataclass(frozen=True, slots=True)
class Example:
    """One question of an evaluation set. `sql` holds every accepted answer, or reading of the question.

    `database` is the id of the database that is asked, empty where there is only one.
    """

    id: str
    question: str
    sql: tuple[str, ...]
    kind: Kind = "answerable"
    ordered: bool = False
    level: str = ""
    tags: tuple[str, ...] = ()
    database: str = ""


class ExampleError(ValueError):
    """A file of examples cannot be used. The message names the file, the line and what to change."""


def read_examples(path: str | Path) -> list[Example]:
    """Read a JSON Lines file of examples. Raises ExampleError."""
    path = Path(path)
    examples: list[Example] = []
    lines: dict[str, int] = {}
    for number, line in _lines(path):
        try:
            example = _example(line)
        except ExampleError as error:
            raise ExampleError(f"{path}, line {number}: {error}") from None
        if example.id in lines:
            raise ExampleError(
                f"{path}, line {number}: the id {example.id!r} is already taken by line {lines[example.id]}."
            )
        lines[example.id] = number
        examples.append(example)
    if not examples:
        raise ExampleError(f"{path} holds no examples.")
    return examples


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        return numbered_lines(path)
    except OSError as error:
        raise ExampleError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ExampleError(f"{path} is not UTF-8 text.") from error


def _example(line: str) -> Example:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise ExampleError(f"this is not JSON ({error}).") from error
    if not isinstance(data, dict):
        raise ExampleError('a line must be a JSON object, like {"id": "a1", "question": "who is new?"}.')
    _reject_typos(data)
    sql = _sql(data.get("sql", []))
    example = Example(
        id=_text(data, "id"),
        question=_text(data, "question"),
        sql=sql,
        kind=_kind(data.get("kind", "answerable" if sql else "unanswerable")),
        ordered=_flag(data, "ordered"),
        level=_text(data, "level") if "level" in data else "",
        tags=_texts(data.get("tags", []), "tags"),
        database=next((_text(data, key) for key in _DATABASE if key in data), ""),
    )
    _check_sql_fits_kind(example)
    return example


def _reject_typos(data: dict[str, Any]) -> None:
    """Other keys are welcome (notes, sources), but "orderd" would silently change what is measured."""
    for key in data.keys() - set(_KEYS):
        if close := difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.8):
            raise ExampleError(f"the key {key!r} is unknown; did you mean {close[0]!r}?")


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ExampleError(f"{key!r} must be a text that is not empty.")
    return value


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise ExampleError(f"{key!r} must be a list of texts, none of them empty.")
    return tuple(value)


def _sql(value: Any) -> tuple[str, ...]:
    return _texts([value] if isinstance(value, str) else value, "sql")


def _flag(data: dict[str, Any], key: str) -> bool:
    value = data.get(key, False)
    if not isinstance(value, bool):
        raise ExampleError(f"{key!r} must be true or false.")
    return value


def _kind(value: Any) -> Kind:
    for kind in get_args(Kind):
        if value == kind:
            return cast(Kind, kind)
    raise ExampleError(f"'kind' must be one of {', '.join(get_args(Kind))}; it is {value!r}.")


def _check_sql_fits_kind(example: Example) -> None:
    answers = example.kind in ("answerable", "ambiguous")
    if answers and not example.sql:
        raise ExampleError(f"the question is {example.kind} but 'sql' is empty.")
    if not answers and example.sql:
        raise ExampleError(f"the question is {example.kind} but 'sql' holds an answer.")
