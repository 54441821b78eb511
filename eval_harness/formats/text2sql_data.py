"""text2sql-data's JSON (Finegan-Dollak et al. 2018): queries with the sentences that ask for them.

An entry holds `sentences` (each a `text`, its `variables` and a `question-split`), `sql` (equal queries) and
`variables` (each a `name` and an `example`). Names of variables stand in text and SQL; a sentence's values take
their places, and the example of a variable that only the SQL mentions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from eval_harness.example import Example, ExampleError
from eval_harness.formats.entries import Entry, has_order, optional_text, read_entries, text_of


def read_text2sql_data(path: Path) -> list[Example]:
    """One example a sentence, with the id `entry.sentence`, both from 0. Raises ExampleError."""
    examples: list[Example] = []
    for place, (where, entry) in enumerate(read_entries(path)):
        examples.extend(_entry(entry, where, place))
    if not examples:
        raise ExampleError(f"{path} holds no examples.")
    return examples


def _entry(entry: Entry, where: str, place: int) -> Iterator[Example]:
    queries = entry.get("sql")
    if not isinstance(queries, list) or not queries or not all(isinstance(q, str) and q.strip() for q in queries):
        raise ExampleError(f"{where}: 'sql' must be a list of texts, at least one, none of them empty.")
    examples = _examples_of_variables(entry, where)
    for number, sentence in enumerate(_objects(entry, "sentences", where)):
        inside = f"{where}, sentence {number + 1}"
        values = {**examples, **_values(sentence, inside)}
        question = _fill(text_of(sentence, "text", inside), values, quoted=False)
        sql = tuple(_fill(query, values, quoted=True) for query in queries)
        split = optional_text(sentence, "question-split", inside)
        yield Example(
            f"{place}.{number}",
            question,
            sql,
            ordered=has_order(sql[0]),
            tags=(split,) if split else (),
            database=optional_text(sentence, "database", inside),
        )


def _objects(entry: Entry, key: str, where: str) -> list[Entry]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ExampleError(f"{where}: {key!r} must be a list of objects.")
    return value


def _examples_of_variables(entry: Entry, where: str) -> dict[str, str]:
    variables = _objects(entry, "variables", where)
    return {
        text_of(variable, "name", where): str(variable["example"])
        for variable in variables
        if isinstance(variable.get("example"), str | int | float)
    }


def _values(sentence: Entry, where: str) -> dict[str, str]:
    values = sentence.get("variables", {})
    if not isinstance(values, dict) or not all(isinstance(value, str | int | float) for value in values.values()):
        raise ExampleError(f"{where}: 'variables' must be an object of names with their texts.")
    return {name: str(value) for name, value in values.items() if name}


def _fill(text: str, values: Mapping[str, str], quoted: bool) -> str:
    """Write the values in; `quoted`: within SQL's quotation marks, such a mark in a value is doubled."""
    if not values:
        return text
    names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
    pattern = re.compile(rf"""(?P<mark>['"])|(?<!\w)(?P<name>{names})(?!\w)""")
    inside = ""

    def write(match: re.Match[str]) -> str:
        nonlocal inside
        if mark := match.group("mark"):
            inside = "" if inside == mark else inside or mark
            return mark
        value = values[match.group("name")]
        return value.replace(inside, inside * 2) if quoted and inside else value

    return pattern.sub(write, text)
