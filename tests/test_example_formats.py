"""Other people's evaluation files: what is read from each, how formats are told apart, and errors with their place."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.example import Example, ExampleError
from eval_harness.formats import READERS, read_file, tell_format
from eval_harness.formats.defog import expand, split_outside

SPIDER = {"question": "How old?", "query": "SELECT age FROM people ORDER BY age", "db_id": "town"}
BIRD = {
    "question_id": 7, "db_id": "town", "question": "How many adults?", "evidence": "adult means age >= 18",
    "SQL": "SELECT COUNT(*) FROM people WHERE age >= 18", "difficulty": "simple",
}  # fmt: skip
GEO = {
    "sentences": [
        {"text": "rivers in state_name0", "variables": {"state_name0": "new york"}, "question-split": "test"},
        {"text": "what flows through state_name0?", "variables": {"state_name0": "o'higgins"}},
    ],
    "sql": ['SELECT name FROM river WHERE state = "state_name0" AND size > size0 ;', "SELECT 'state_name0'"],
    "variables": [{"name": "state_name0", "example": "texas"}, {"name": "size0", "example": "750"}],
}
DEFOG_HEADER = ["question", "query", "db_name", "query_category"]
DEFOG = ["Who?", "SELECT {p.id, p.name AS who}, COUNT(*) FROM p GROUP BY {}; SELECT ';' FROM p", "town", "group_by"]


def as_json(path: Path, *entries: object) -> Path:
    path.write_text(json.dumps(list(entries)), encoding="utf-8")
    return path


def as_lines(path: Path, *entries: object) -> Path:
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return path


def as_csv(path: Path, *rows: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    return path


def test_spider(tmp_path: Path) -> None:
    first, second = read_file(as_json(tmp_path / "dev.json", SPIDER, {**SPIDER, "query": "SELECT 1"}))
    assert first == Example("0", "How old?", ("SELECT age FROM people ORDER BY age",), ordered=True, database="town")
    assert (second.id, second.ordered) == ("1", False)


def test_bird_puts_the_evidence_after_the_question(tmp_path: Path) -> None:
    bare = {**BIRD, "question_id": 8, "evidence": ""}
    first, second = read_file(as_json(tmp_path / "dev.json", BIRD, bare))
    assert first == Example(
        "7", "How many adults? adult means age >= 18", ("SELECT COUNT(*) FROM people WHERE age >= 18",),
        level="simple", database="town",
    )  # fmt: skip
    assert (second.id, second.question) == ("8", "How many adults?")


def test_text2sql_data_fills_variables_into_text_and_sql(tmp_path: Path) -> None:
    first, second = read_file(as_json(tmp_path / "geo.json", GEO))
    sql = 'SELECT name FROM river WHERE state = "new york" AND size > 750 ;'
    assert first == Example("0.0", "rivers in new york", (sql, "SELECT 'new york'"), tags=("test",))
    assert second.question == "what flows through o'higgins?"
    assert '"o\'higgins"' in second.sql[0] and second.sql[1] == "SELECT 'o''higgins'"


def test_text2sql_data_replaces_whole_names_only(tmp_path: Path) -> None:
    entry = {
        "sentences": [{"text": "name1 and name10", "variables": {"name1": "A", "name10": "name1"}}],
        "sql": ["SELECT name1, 'name10', xname1"],
        "variables": [],
    }
    (example,) = read_file(as_json(tmp_path / "x.json", entry))
    assert (example.question, example.sql) == ("A and name1", ("SELECT A, 'name1', xname1",))


def test_defog_alternatives_and_column_sets(tmp_path: Path) -> None:
    (example,) = read_file(as_csv(tmp_path / "q.csv", DEFOG_HEADER, DEFOG))
    assert example.sql == (
        "SELECT p.id, COUNT(*) FROM p GROUP BY p.id",
        "SELECT p.name AS who, COUNT(*) FROM p GROUP BY p.name",
        "SELECT p.id, p.name AS who, COUNT(*) FROM p GROUP BY p.id, p.name",
        "SELECT ';' FROM p",
    )
    assert (example.id, example.database, example.tags, example.ordered) == ("0", "town", ("group_by",), False)


def test_defog_order_counts_by_category_or_question(tmp_path: Path) -> None:
    rows = [["List", "SELECT 1", "t", "order_by"], ["Sort them", "SELECT 1", "t", ""], ["All", "SELECT 1", "t", ""]]
    examples = read_file(as_csv(tmp_path / "q.csv", DEFOG_HEADER, *rows))
    assert [e.ordered for e in examples] == [True, True, False]


@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ("SELECT a", ["SELECT a"]),
        ("SELECT {f(a, b)}", ["SELECT f(a, b)"]),
        ("SELECT {a} FROM t GROUP BY {a}", ["SELECT a FROM t GROUP BY a"]),
        ("SELECT {a}, {b, c}", ["SELECT a, b", "SELECT a, c", "SELECT a, b, c"]),
        ("SELECT 1;;SELECT 2;", ["SELECT 1", "SELECT 2"]),
    ],
)
def test_defog_expansion(query: str, queries: list[str]) -> None:
    assert expand(query) == queries


@given(st.lists(st.text(alphabet="ab'\"(); ", min_size=1, max_size=6), max_size=5))
def test_splitting_keeps_every_letter(parts: list[str]) -> None:
    text = ";".join(parts)
    kept = "".join(split_outside(text, ";"))
    assert kept.count("a") == text.count("a") and kept.count("b") == text.count("b")


@given(st.integers(1, 6))
def test_every_non_empty_combination_stands_once(size: int) -> None:
    queries = expand("SELECT {" + ", ".join(f"c{i}" for i in range(size)) + "} FROM t")
    assert len(queries) == len(set(queries)) == 2**size - 1


def test_formats_are_told_by_content(tmp_path: Path) -> None:
    ours = {"id": "a", "question": "q", "sql": ["SELECT 1"], "db": "town"}
    for name, path in {
        "spider": as_json(tmp_path / "1", SPIDER),
        "bird": as_lines(tmp_path / "2", BIRD, {**BIRD, "question_id": 8}),
        "text2sql-data": as_json(tmp_path / "3", GEO),
        "defog": as_csv(tmp_path / "4", DEFOG_HEADER, DEFOG),
        "mynah": as_lines(tmp_path / "5", ours),
    }.items():
        assert tell_format(path) == name
        assert read_file(path) == read_file(path, name)
    assert read_file(tmp_path / "5")[0].database == "town"


BAD = {
    "not JSON": ("spider", "[{", "not JSON"),
    "a line that is not JSON": ("spider", '{"query": "x"}\n{', "line 1: 'question'"),
    "an empty list": (None, "[]", "holds no examples"),
    "an empty file": (None, "", "holds no examples"),
    "not an object": (None, "[3]", "entry 1: an entry must be a JSON object"),
    "no db_id": (None, json.dumps([SPIDER, {**SPIDER, "db_id": None}]), "entry 2: 'db_id'"),
    "no SQL": (None, json.dumps([BIRD, {**BIRD, "SQL": ""}]), "entry 2: 'SQL'"),
    "an id twice": (None, json.dumps([BIRD, BIRD]), "entry 2: the question_id 7"),
    "a question_id that is none": (None, json.dumps([{**BIRD, "question_id": [1]}]), "entry 1: 'question_id'"),
    "sql as text": (None, json.dumps([{**GEO, "sql": "x"}]), "entry 1: 'sql'"),
    "sentences as text": (None, json.dumps([{**GEO, "sentences": "x"}]), "entry 1: 'sentences'"),
    "a sentence without text": (None, json.dumps([{**GEO, "sentences": [{}]}]), "entry 1, sentence 1: 'text'"),
    "variables as a list": (
        None, json.dumps([{**GEO, "sentences": [{"text": "a", "variables": [1]}]}]), "sentence 1: 'variables'"
    ),
    "no sentences": (None, json.dumps([{**GEO, "sentences": []}]), "holds no examples"),
    "no header": (None, "a,b\n1,2\n", "line 1: the header has no query and no question"),
    "a header alone": (None, "question,query\n", "holds no examples"),
    "a short row": (None, "question,query,db_name\nq,SELECT 1,d\nq\n", "line 3: the row has more or fewer"),
    "no query": (None, "question,query\nq,;\n", "line 2: 'query' holds no SQL"),
    "too many columns in a set": (None, 'question,query\nq,"SELECT {a,b,c,d,e,f,g}"\n', "line 2: a set of columns"),
    "quotation marks left open": (None, 'question,query\nq,"SELECT', "not CSV"),
    "no such format": ("csv", "", "there is no format 'csv'"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), BAD.values(), ids=BAD)
def test_errors_name_file_place_and_cause(tmp_path: Path, name: str | None, text: str, words: str) -> None:
    path = tmp_path / "bad"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExampleError) as caught:
        read_file(path, name)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExampleError, match="cannot be read"):
        read_file(tmp_path / "missing", name)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["question", "query", "db_id", "SQL", "sentences", "text", "sql"]), inner),
    max_leaves=8,
)


@given(json_values, st.sampled_from(sorted(READERS)))
def test_anything_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: object, name: str) -> None:
    path = tmp_path_factory.mktemp("formats") / "f"
    path.write_text(json.dumps(value), encoding="utf-8")
    for format_name in (name, None):
        try:
            assert read_file(path, format_name)
        except ExampleError as error:
            assert str(path) in str(error)
