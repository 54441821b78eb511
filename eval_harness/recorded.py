"""Predictions that somebody else made, read from a file: JSON Lines by id, or one SQL query a line in order.

A JSON line has `id` and `sql`, and may have `status`, `confidence` and `latency_ms`. Without a status, SQL is an
answer and no SQL (null, empty, left out) a refusal. Plain text is Spider's: the line of an example is its SQL, up to
a tab.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from eval_harness.evaluate import Prediction, Status
from eval_harness.example import Example, ExampleError
from eval_harness.formats.entries import read_entries, read_text

NOT_THERE = Prediction("failed", latency_ms=0.0)


def read_predictions(path: Path, examples: Sequence[Example]) -> dict[str, Prediction]:
    """The prediction for each example's id, where the file has one. Raises ExampleError."""
    text = read_text(path)
    if text.lstrip().startswith(("{", "[")):
        return _by_id(path, {example.id for example in examples})
    lines = _lines(text, len(examples))
    if len(lines) != len(examples):
        raise ExampleError(f"{path} has {len(lines)} lines of SQL for {len(examples)} examples; give one for each.")
    sql = (line.split("\t")[0].strip() for line in lines)
    return {example.id: _prediction({"sql": query}, "") for example, query in zip(examples, sql, strict=True)}


def _lines(text: str, wanted: int) -> list[str]:
    """One line an example: a blank one is a refusal, and only those beyond the last example mean nothing."""
    lines = text.removesuffix("\n").split("\n")
    while len(lines) > wanted and not lines[-1].strip():
        lines.pop()
    return lines


def write_predictions(predictions: dict[str, Prediction], path: Path) -> None:
    """Write what `read_predictions` reads, in JSON Lines. Raises OSError."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as out:
        for name, made in predictions.items():
            line = {
                "id": name, "sql": made.sql, "status": made.status, "confidence": made.confidence,
                "latency_ms": made.latency_ms,
            }  # fmt: skip
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _by_id(path: Path, known: set[str]) -> dict[str, Prediction]:
    predictions: dict[str, Prediction] = {}
    for where, entry in read_entries(path):
        name = entry.get("id")
        if isinstance(name, bool) or not isinstance(name, str | int):
            raise ExampleError(f"{where}: 'id' must be the id of an example.")
        if str(name) not in known:
            raise ExampleError(f"{where}: no example has the id {name!r}.")
        if str(name) in predictions:
            raise ExampleError(f"{where}: the id {name!r} has a prediction already.")
        predictions[str(name)] = _prediction(entry, where)
    return predictions


def _prediction(entry: dict[str, Any], where: str) -> Prediction:
    sql = entry.get("sql")
    if sql is not None and not isinstance(sql, str):
        raise ExampleError(f"{where}: 'sql' must be a text, or null where there is none.")
    sql = sql if sql and sql.strip() else None
    return Prediction(
        _status(entry.get("status"), sql, where),
        sql,
        _number(entry, "confidence", where),
        _number(entry, "latency_ms", where) or 0.0,
    )


def _status(value: Any, sql: str | None, where: str) -> Status:
    if value is None:
        return "answered" if sql else "refused"
    for status in get_args(Status):
        if value == status:
            return status  # type: ignore[no-any-return]
    raise ExampleError(f"{where}: 'status' must be one of {', '.join(get_args(Status))}; it is {value!r}.")


def _number(entry: dict[str, Any], key: str, where: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ExampleError(f"{where}: {key!r} must be a number.")
    return float(value)
