"""Reading evaluation examples: what is accepted, and that every error names its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.example import Example, ExampleError, read_examples

GOOD = {"id": "a", "question": "how many orders?", "sql": ["SELECT COUNT(*) FROM orders"]}


def write(path: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def test_reads_every_key(tmp_path: Path) -> None:
    line = {
        "id": "x-1", "question": "Größte Kunden?", "sql": ["SELECT 1", "SELECT 2"], "kind": "ambiguous",
        "ordered": True, "level": "hard", "tags": ["top", "customers"], "note": "kept out",
    }  # fmt: skip
    (example,) = read_examples(write(tmp_path / "e.jsonl", line))
    assert example == Example(
        id="x-1", question="Größte Kunden?", sql=("SELECT 1", "SELECT 2"), kind="ambiguous", ordered=True,
        level="hard", tags=("top", "customers"),
    )  # fmt: skip


def test_defaults_and_blank_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", "", GOOD, "   ", {"id": "b", "question": "the weather?"}, "")
    with_sql, without = read_examples(str(path))
    assert (with_sql.kind, with_sql.ordered, with_sql.level, with_sql.tags) == ("answerable", False, "", ())
    assert (without.kind, without.sql) == ("unanswerable", ())


def test_a_single_sql_text_is_a_list_of_one(tmp_path: Path) -> None:
    (example,) = read_examples(write(tmp_path / "e.jsonl", {**GOOD, "sql": "SELECT 1"}))
    assert example.sql == ("SELECT 1",)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n")
    assert [e.id for e in read_examples(path)] == ["a"]


def test_a_line_separator_inside_a_text_does_not_split_the_line(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", json.dumps({**GOOD, "question": "a\u2028b"}, ensure_ascii=False))
    assert read_examples(path)[0].question == "a\u2028b"


BAD = {
    "not JSON": ('{"id": ', "not JSON"),
    "not an object": ([1], "JSON object"),
    "no id": ({"question": "q"}, "'id'"),
    "empty question": ({**GOOD, "question": "  "}, "'question'"),
    "question of another type": ({**GOOD, "question": 3}, "'question'"),
    "sql of another type": ({**GOOD, "sql": 3}, "'sql'"),
    "an empty sql": ({**GOOD, "sql": [""]}, "'sql'"),
    "unknown kind": ({**GOOD, "kind": "easy"}, "answerable, unanswerable, ambiguous, unsafe"),
    "kind of another type": ({**GOOD, "kind": ["answerable"]}, "'kind'"),
    "ordered as text": ({**GOOD, "ordered": "yes"}, "'ordered'"),
    "tags as text": ({**GOOD, "tags": "orders"}, "'tags'"),
    "a typo in a key": ({**GOOD, "orderd": True}, "did you mean 'ordered'?"),
    "answerable without sql": ({"id": "a", "question": "q", "kind": "answerable"}, "'sql' is empty"),
    "unsafe with sql": ({**GOOD, "kind": "unsafe"}, "'sql' holds"),
    "an id twice": (GOOD, "already taken by line 1"),
}


@pytest.mark.parametrize(("line", "words"), BAD.values(), ids=BAD)
def test_errors_name_file_line_and_cause(tmp_path: Path, line: object, words: str) -> None:
    path = write(tmp_path / "bad.jsonl", GOOD, "", line)
    with pytest.raises(ExampleError) as caught:
        read_examples(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert words in str(caught.value)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match="cannot be read"):
        read_examples(tmp_path / "missing.jsonl")
    with pytest.raises(ExampleError, match="cannot be read"):
        read_examples(tmp_path)
    with pytest.raises(ExampleError, match="holds no examples"):
        read_examples(write(tmp_path / "empty.jsonl", ""))
    (tmp_path / "latin.jsonl").write_bytes('{"id": "ä"}'.encode("latin-1"))
    with pytest.raises(ExampleError, match="not UTF-8"):
        read_examples(tmp_path / "latin.jsonl")


@given(st.text(min_size=1).filter(str.strip), st.lists(st.text(min_size=1).filter(str.strip), max_size=3))
def test_any_text_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, question: str, tags: list[str]
) -> None:
    path = tmp_path_factory.mktemp("examples") / "e.jsonl"
    (example,) = read_examples(write(path, {**GOOD, "question": question, "tags": tags}))
    assert (example.question, example.tags) == (question, tuple(tags))


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=4))
def test_any_value_under_any_key_is_read_or_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("examples") / "e.jsonl"
    for key in ("id", "question", "sql", "kind", "ordered", "level", "tags"):
        write(path, {**GOOD, key: value})
        try:
            read_examples(path)
        except ExampleError as error:
            assert str(error).startswith(f"{path}, line 1: ")
