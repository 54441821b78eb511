"""The baselines: the nearest known question's SQL with this question's slots, and always refusing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.database import Database, connect
from bot.glossary import Glossary
from bot.linking import build_index
from bot.prompt import prompt
from bot.shorthand import Shorthand
from eval_harness.baselines import refuse
from eval_harness.example import ExampleError
from eval_harness.retrieval import Known, Nearest, Retrieval, read_pairs
from tests.tiny_student import QUESTIONS, TODAY, Tiny, build_database

PAIRS = [
    Known("how many sales are there?", "SELECT COUNT(*) FROM sales"),
    Known("how many sales in nordport :v0[shops.city]?", "SELECT COUNT(*) FROM sales WHERE shops.city = :v0"),
    Known("how many sales :d0?", "SELECT COUNT(*) FROM sales WHERE sales.sold_on = :d0"),
    Known("what is the weather like?", "CANNOT ANSWER"),
    Known("delete everything", "DELETE FROM sales"),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    path = tmp_path_factory.mktemp("retrieval") / "shops.db"
    build_database(path)
    return connect(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def retrieval(database: Database) -> Retrieval:
    schema = database.schema()
    return Retrieval(PAIRS, Shorthand(schema, Glossary()), build_index(database, schema), TODAY)


def test_slots_are_filled_with_this_questions_values(retrieval: Retrieval) -> None:
    made = retrieval("how many sales in Valdmere?")
    assert made.status == "answered" and made.sql is not None and "'Valdmere'" in made.sql
    assert made.confidence is not None and 0 < made.confidence <= 1
    again = retrieval("how many sales last month?")
    assert again.sql is not None and "'2026-10-01'" in again.sql


def test_a_known_question_is_sure(retrieval: Retrieval) -> None:
    assert retrieval("how many sales are there?").confidence == pytest.approx(1)


def test_sql_whose_slots_are_missing_is_passed_over(retrieval: Retrieval) -> None:
    made = retrieval("how many sales in the place?")
    assert made.sql == "SELECT COUNT(*) FROM sales"


def test_refusals_and_questions_without_a_neighbour(retrieval: Retrieval) -> None:
    assert retrieval("what is the weather like today?").status == "refused"
    assert retrieval("zebra").status == "failed"
    assert retrieval("delete everything").status == "failed"


def test_always_refusing() -> None:
    assert refuse("how many sales are there?").status == "refused"


def test_the_nearest_shares_rare_words() -> None:
    texts = ["how many big shops", "how many sales", "names of all shops"]
    assert next(number for number, _ in Nearest(texts).find("names of the shops")) == 2
    assert Nearest(texts).find("zebra") == [] and Nearest([]).find("how many") == []
    assert Nearest(texts).find(texts[1])[0][1] == pytest.approx(Nearest(texts).of_itself(texts[1]))


def test_pairs_as_a_training_run_writes_them(tiny: Tiny) -> None:
    pairs = read_pairs(tiny.student.parent / "pairs.jsonl")
    assert [pair.target for pair in pairs] == list(QUESTIONS.values())
    assert pairs[0].text == "how many sales are there?"


def test_pairs_with_a_text_or_a_question_and_repeated(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    lines = [{"text": "a", "target": "X"}, {"question": "b", "target": "Y"}, {"prompt": prompt("a"), "target": "X"}]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert read_pairs(path) == [Known("a", "X"), Known("b", "Y")]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "holds no pairs"), ("{", "line 1: this is not JSON"), ('\n{"text": "a"}', "line 2: a pair must have")],
)
def test_files_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExampleError, match=words):
        read_pairs(path)
    with pytest.raises(ExampleError, match="cannot be read"):
        read_pairs(tmp_path / "none")
