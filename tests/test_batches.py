"""Pairs as batches: what is scored, what is padded, and an order that is always the same."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kd_training.batches import DataError, Example, encode_examples, make_batch, plan_epoch, read_examples
from kd_training.tokenizer import END, train_tokenizer

TOKENIZER = train_tokenizer(["how many orders", "SELECT COUNT(*) FROM orders"], 300, [])
EXAMPLES = [
    Example("how many orders\n", "SELECT COUNT(*) FROM orders", 2.0, "a"),
    Example("orders\n", "SELECT 1", 0.5),
    Example(f"{END}many\n", "SELECT orders FROM orders", key="c"),
]


def encoded(text: str) -> list[int]:
    return list(TOKENIZER.encode(text, add_special_tokens=False).ids)


def test_prompt_and_target_are_joined_and_ended() -> None:
    corpus = encode_examples(EXAMPLES, TOKENIZER, 100)
    for number, example in enumerate(EXAMPLES[:2]):
        tokens = corpus.tokens[corpus.starts[number] : corpus.starts[number + 1]].tolist()
        assert tokens == encoded(example.prompt) + encoded(example.target) + [0]
        assert corpus.prompts[number] == len(encoded(example.prompt))
    third = corpus.tokens[corpus.starts[2] :].tolist()
    assert third == [0, *encoded("many\n"), *encoded("SELECT orders FROM orders"), 0]


def test_only_target_and_end_are_scored_each_by_the_state_before_it() -> None:
    corpus = encode_examples(EXAMPLES, TOKENIZER, 100)
    batch = make_batch(corpus, np.array([2, 0, 1]))
    assert batch.ids.shape == (3, corpus.lengths.max())
    targets = [[*encoded(EXAMPLES[number].target), 0] for number in (2, 0, 1)]
    assert batch.labels.tolist() == [*targets[0], *targets[1], *targets[2]]
    assert (batch.ids.ravel()[batch.at + 1] == batch.labels).all()
    sizes = [len(target) for target in targets]
    assert batch.weights.tolist() == [1.0] * sizes[0] + [2.0] * sizes[1] + [0.5] * sizes[2]
    assert batch.first.tolist() == [0, sizes[0], sizes[0] + sizes[1]]
    assert batch.keys == ("c", "a", "")
    shortest = corpus.lengths[1]
    assert (batch.ids[2, shortest:] == corpus.end).all()


def test_a_batch_may_be_empty() -> None:
    batch = make_batch(encode_examples(EXAMPLES, TOKENIZER, 100), np.array([], np.int64))
    assert (batch.tokens, len(batch.labels), batch.keys) == (0, 0, ())


def test_long_examples_are_left_out_and_counted() -> None:
    longest = encode_examples(EXAMPLES, TOKENIZER, 1000).lengths.max()
    corpus = encode_examples(EXAMPLES, TOKENIZER, int(longest) - 1)
    assert (len(corpus), corpus.too_long) == (2, 1)


@given(
    lengths=st.lists(st.integers(2, 90), max_size=300),
    budget=st.integers(1, 700),
    seed=st.integers(0, 2**32),
    epoch=st.integers(0, 50),
)
@settings(max_examples=150, deadline=None)
def test_an_epoch_holds_every_example_once_within_the_budget(
    lengths: list[int], budget: int, seed: int, epoch: int
) -> None:
    sizes = np.array(lengths, np.int64)
    plan = plan_epoch(sizes, budget, seed, epoch)
    assert sorted(number for batch in plan for number in batch) == list(range(len(lengths)))
    for batch in plan:
        assert len(batch) == 1 or sizes[batch].max() * len(batch) <= budget
    again = plan_epoch(sizes, budget, seed, epoch)
    assert [batch.tolist() for batch in plan] == [batch.tolist() for batch in again]


def test_little_padding_and_a_new_order_every_epoch_and_seed() -> None:
    random.seed(1)
    lengths = np.array([int(random.gauss(45, 15)) % 120 + 5 for _ in range(20_000)])
    plan = plan_epoch(lengths, 8192, 0, 0)
    padded = sum(int(lengths[batch].max()) * len(batch) for batch in plan)
    assert 1 - lengths.sum() / padded < 0.1
    company = {frozenset(batch.tolist()) for batch in plan}
    assert not company & {frozenset(batch.tolist()) for batch in plan_epoch(lengths, 8192, 0, 1)}
    assert not company & {frozenset(batch.tolist()) for batch in plan_epoch(lengths, 8192, 1, 0)}


def test_reading_pairs(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    record = {"prompt": "p\u2028q", "target": "t", "weight": 2, "key": "k", "more": 1}
    one.write_text(json.dumps(record, ensure_ascii=False) + "\n\n")
    two.write_text('{"prompt": "a", "target": "b"}')
    assert read_examples([one, two]) == [Example("p\u2028q", "t", 2.0, "k"), Example("a", "b")]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '"text"', '{"prompt": "a"}', '{"prompt": "", "target": "b"}', '{"prompt": 1, "target": "b"}',
     '{"prompt": "a", "target": "b", "weight": -1}', '{"prompt": "a", "target": "b", "weight": "x"}',
     '{"prompt": "a", "target": "b", "weight": NaN}'],
)  # fmt: skip
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"prompt": "a", "target": "b"}\n' + line + "\n")
    with pytest.raises(DataError, match=r"pairs\.jsonl:2"):
        read_examples([path])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jsonl"):
        read_examples([tmp_path / "gone.jsonl"])
