"""What teaching is made of, without a teacher: prompts, alignment, reduction, shards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bot.database import connect
from bot.glossary import Condition, Glossary, Metric
from kd_training.align import encode, equal_ends
from kd_training.questions import Ground, groups_of_one_mind, tried
from kd_training.reduce import Basis, fit_basis
from kd_training.shards import Shards
from kd_training.states import StatesError
from kd_training.teacher_prompt import Instructions
from kd_training.tokenizer import train_tokenizer
from tests.tiny_student import QUESTIONS, TODAY, build_database

WORDS = Glossary(
    metrics=(Metric("turnover", "SUM(sales.amount)", "", "sales", "sales.sold_on", ("income",), "What came in."),),
    conditions=(Condition("dear", "sales.amount > 100", "sales", ("expensive",), ""),),
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    path = tmp_path_factory.mktemp("shops") / "shops.db"
    build_database(path)
    ground = Ground.of(connect(f"sqlite:///{path}"), WORDS, TODAY)
    yield ground
    ground.database.close()


def test_an_instruct_teacher_is_told_everything(ground: Ground) -> None:
    approved = [(question, sql) for question, sql in QUESTIONS.items()]
    instructions = Instructions(ground, approved)
    messages = instructions.messages(ground.link("how many sales in Nordport since last month?"))
    system, asked = messages[0]["content"], messages[-1]["content"]
    assert "CREATE TABLE sales (" in system
    assert "id INTEGER PRIMARY KEY" in system
    assert "FOREIGN KEY (shop_id) REFERENCES shops (id)\n);" in system
    assert "'chair', 'lamp', 'rug'" in system
    assert "- turnover (income): What came in." in system
    assert "- dear (expensive): sales.amount > 100" in system
    assert "Today is 2026-11-22, a Sunday." in system
    assert ":v0 is 'Nordport', stored in shops.city" in asked
    assert ":d0 is the period 2026-10-01 up to" in asked
    shown = messages[1:-1]
    assert 0 < len(shown) <= 8
    assert shown[-2] == {"role": "user", "content": "how many sales in Nordport?"}  # the nearest stands last
    assert "CANNOT ANSWER" not in {message["content"] for message in shown}


def test_the_question_itself_is_not_among_the_examples(ground: Ground) -> None:
    instructions = Instructions(ground, list(QUESTIONS.items()))
    messages = instructions.messages(ground.link("list all sales"))
    assert [m["content"] for m in messages].count("list all sales") == 1


def test_samples_agree_by_what_they_give(ground: Ground) -> None:
    linked, trial = ground.link("how many sales?"), ground.trial()
    shorts = [
        "SELECT COUNT(*) FROM sales", "SELECT COUNT(sales.id) FROM sales", "SELECT COUNT(*) FROM shops",
        "CANNOT ANSWER", "SELECT nothing FROM sales", "SELECT sales.id FROM sales WHERE sales.amount < 0",
        "SELECT sales.item FROM sales WHERE sales.amount < 0", "CANNOT ANSWER", "not SQL",
    ]  # fmt: skip
    candidates = [tried(trial, short, linked) for short in shorts]
    # Two queries without rows are not of one mind: most wrong queries have none.
    assert groups_of_one_mind(candidates) == [[0, 1], [2], [3, 7], [5], [6]]


def test_tokens_that_end_together_are_paired() -> None:
    sql = "SELECT customers.city FROM customers WHERE customers.city = 'Köln'"
    ours = train_tokenizer([sql] * 3, 400, ["SELECT", "customers.city"])
    theirs = train_tokenizer([sql[:20]] * 3, 300, [])
    (_, one), (_, two) = encode(ours, sql), encode(theirs, sql)
    met = equal_ends(one, two)
    assert met[-1] == (len(one) - 1, len(two) - 1)
    assert all(one[a] == two[b] for a, b in met)
    assert [a for a, _ in met] == sorted({a for a, _ in met})
    assert len(met) > len(one) // 2


def test_a_huge_channel_does_not_drown_the_others(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    hidden = random.standard_normal((4000, 3)).astype(np.float32)
    states = (hidden @ random.standard_normal((3, 20)).astype(np.float32)).astype(np.float32)
    states[:, 4] *= 3000
    states[:, 5] = 7e4  # says nothing, however large
    basis = fit_basis(np.array_split(states, 9), width=3)
    assert (basis.width, basis.kept_variance) == (3, pytest.approx(1, abs=1e-3))
    reduced = basis.reduce(states)
    assert reduced.shape == (4000, 3)
    assert float((reduced**2).mean()) == pytest.approx(1, rel=0.01)
    assert abs(np.corrcoef(reduced.T) - np.eye(3)).max() < 0.01
    basis.save(tmp_path / "basis.safetensors")
    np.testing.assert_array_equal(Basis.load(tmp_path / "basis.safetensors").reduce(states), reduced)
    assert fit_basis([states], width=99).width == 20


@pytest.mark.parametrize("states", [[], [np.ones((1, 4), np.float32)], [np.full((9, 4), np.nan, np.float32)],
                                    [np.ones((9, 4), np.float32)]])  # fmt: skip
def test_states_that_say_nothing_are_refused(states: list[np.ndarray]) -> None:
    with pytest.raises(StatesError, match="states"):
        fit_basis(states, 2)


def test_records_survive_a_killed_writer(tmp_path: Path) -> None:
    with Shards(tmp_path, lines=3) as shards:
        for number in range(7):
            shards.add({"key": str(number), "é": "\u2028"})
    assert [path.name for path in sorted(tmp_path.iterdir())] == [f"0000{n}.jsonl" for n in range(3)]
    with (tmp_path / "00002.jsonl").open("a") as stream:
        stream.write('{"key": "half')
    with Shards(tmp_path, lines=3) as shards:
        assert len(shards.records) == 7 and "6" in shards and "half" not in shards
        shards.add({"key": "7"})
    lines = [json.loads(line) for line in (tmp_path / "00002.jsonl").read_bytes().split(b"\n") if line]
    assert [line["key"] for line in lines] == ["6", "7"]
