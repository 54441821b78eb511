"""JSON Lines end at a line feed alone: a question may hold whatever else breaks a line of text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval_harness.json_lines import numbered_lines, read_objects
from eval_harness.retrieval import read_pairs
from kd_training.calibration import sample_pairs
from kd_training.held_out import sample_examples
from kd_training.label import LABELLED, read_labels
from kd_training.synthesize.draft import read_lines

ODD = "how many\u2028sales\u2029were\x85there?"
LINE = {"question": ODD, "prompt": ODD, "target": "SELECT COUNT(*) FROM sales", "key": "k"}
READERS: dict[str, Callable[[Path], Any]] = {
    LABELLED: lambda path: list(read_labels(path.parent)),
    "phrasings.jsonl": lambda path: [q for q, _ in sample_pairs(path.parent, 5)["phrasings"]],
    "valid.jsonl": lambda path: [q for q, _ in sample_examples(path, 5, 0)],
    "pairs.jsonl": lambda path: [pair.text for pair in read_pairs(path)],
    "corpus.jsonl": lambda path: [item["question"] for item in read_lines(path)],
    "objects.jsonl": lambda path: [item["question"] for item in read_objects(path)],
}


@pytest.mark.parametrize("name", READERS)
def test_a_question_may_hold_what_breaks_lines_of_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(f"\n{json.dumps(LINE, ensure_ascii=False)}\n\n", encoding="utf-8", newline="")
    assert READERS[name](path) == [ODD]


def test_lines_keep_their_numbers_and_blank_ones_are_none(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n \n{"a": 2}')
    assert [(n, line.strip()) for n, line in numbered_lines(path)] == [(1, '{"a": 1}'), (3, '{"a": 2}')]
    assert list(read_objects(path)) == [{"a": 1}, {"a": 2}]
