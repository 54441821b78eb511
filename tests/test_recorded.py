"""Predictions read from a file: by id, or one query a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.evaluate import Prediction
from eval_harness.example import Example, ExampleError
from eval_harness.recorded import read_predictions, write_predictions

EXAMPLES = [Example("a", "?", ("SELECT 1",)), Example("7", "?", ("SELECT 1",)), Example("c", "?", ())]


def lines(path: Path, *entries: object) -> Path:
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return path


def test_by_id_with_everything_or_little(tmp_path: Path) -> None:
    whole = {"id": "a", "sql": "SELECT 2", "status": "unsure", "confidence": 0.5, "latency_ms": 12}
    path = lines(tmp_path / "p.jsonl", whole, {"id": 7, "sql": "SELECT 3"}, {"id": "c", "sql": None})
    assert read_predictions(path, EXAMPLES) == {
        "a": Prediction("unsure", "SELECT 2", 0.5, 12.0),
        "7": Prediction("answered", "SELECT 3", None, 0.0),
        "c": Prediction("refused", None, None, 0.0),
    }


def test_examples_may_be_missing(tmp_path: Path) -> None:
    assert list(read_predictions(lines(tmp_path / "p", {"id": "c", "sql": ""}), EXAMPLES)) == ["c"]


def test_spiders_plain_text_in_order(tmp_path: Path) -> None:
    path = tmp_path / "p.sql"
    path.write_text("SELECT 1\ttown\n\nSELECT '{'\n", encoding="utf-8")
    found = read_predictions(path, EXAMPLES)
    assert [(name, made.sql, made.status) for name, made in found.items()] == [
        ("a", "SELECT 1", "answered"), ("7", None, "refused"), ("c", "SELECT '{'", "answered"),
    ]  # fmt: skip


def test_a_blank_line_at_the_end_is_the_last_refusal(tmp_path: Path) -> None:
    path = tmp_path / "p.sql"
    for end in ("\n\n", "\r\n\r\n", "\n\n\n\n"):
        path.write_bytes(f"SELECT 1\nSELECT 2{end}".encode())
        assert [made.sql for made in read_predictions(path, EXAMPLES).values()] == ["SELECT 1", "SELECT 2", None]


def test_half_a_character_is_written_and_read_back(tmp_path: Path) -> None:
    made = {"a": Prediction("answered", "SELECT '\ud83d'", None, 1.5)}
    write_predictions(made, tmp_path / "p.jsonl")
    assert read_predictions(tmp_path / "p.jsonl", EXAMPLES) == made


BAD = {
    "too few lines": ("SELECT 1", "1 lines of SQL for 3 examples"),
    "an unknown id": ('{"id": "x", "sql": "SELECT 1"}', "line 1: no example has the id 'x'"),
    "an id twice": ('{"id": "a"}\n{"id": "a"}', "line 2: the id 'a' has a prediction already"),
    "no id": ('{"sql": "SELECT 1"}', "line 1: 'id'"),
    "sql of another type": ('{"id": "a", "sql": 3}', "line 1: 'sql'"),
    "an unknown status": ('{"id": "a", "status": "fine"}', "answered, unsure, refused, failed"),
    "confidence as text": ('{"id": "a", "confidence": "high"}', "line 1: 'confidence'"),
    "no JSON": ('{"id": "a"', "line 1: this is not JSON"),
    "a number of thousands of digits": ('{"id": "a", "n": ' + "1" * 5_000 + "}", "line 1: this is not JSON"),
    "a number beyond all floats": ('{"id": "a", "latency_ms": 1' + "0" * 400 + "}", "line 1: 'latency_ms'"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_errors_name_line_and_cause(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExampleError) as caught:
        read_predictions(path, EXAMPLES)
    assert words in str(caught.value) and str(path) in str(caught.value)


@given(st.text(max_size=20).filter(str.strip), st.floats(0, 1), st.sampled_from(["answered", "unsure"]))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, sql: str, confidence: float, status: str
) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.jsonl"
    made = {"a": Prediction(status, sql, confidence, 1.5)}  # type: ignore[arg-type]
    write_predictions(made, path)
    assert read_predictions(path, EXAMPLES) == made
