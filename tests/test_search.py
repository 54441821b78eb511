"""Search says what a plain search with the whole mask says, whatever is read ahead; the table of drafts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer
from llguidance.numpy import fill_next_token_bitmask
from transformers import GPT2Config, GPT2LMHeadModel

from bot.drafts import AHEAD, NAME, ORDER, Drafts, Table, count_drafts
from bot.network import Network
from bot.search import ALONE, FAINT, Found, Search, _Beam, _largest, _likeliest, _log_softmax, _masked
from kd_training.export import to_onnx
from kd_training.tokenizer import end_id, train_tokenizer

TEXTS = ["SELECT a FROM t WHERE a = 1", "SELECT b, a FROM u", "SELECT a, b FROM t", "STOP", "how many"]
GRAMMAR = """
start: "SELECT " column (", " column)* " FROM " ("t" | "u") (" WHERE " column " = " /[0-9]/)? | "STOP"
column: "a" | "b"
"""
TOKENIZER = train_tokenizer(TEXTS, 290, [])
END = end_id(TOKENIZER)
SIZE = TOKENIZER.get_vocab_size()
NO_DRAFTS: Table = np.zeros((0, ORDER + 1), np.int32)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> LLTokenizer:
    path = tmp_path_factory.mktemp("words") / "tokenizer.json"
    TOKENIZER.save(str(path))
    return LLTokenizer(str(path), eos_token=END)


def network(seed: int) -> Network:
    """Random weights that have opinions of their own, most of which the grammar forbids."""
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=SIZE, n_positions=60, n_embd=32, n_layer=2, n_head=2, initializer_range=0.3, bos_token_id=END,
        eos_token_id=END, pad_token_id=END,
    )  # fmt: skip
    return Network(to_onnx(GPT2LMHeadModel(config).eval(), "fp32").SerializeToString(), threads=1)


def plain_beam(net: Network, ids: Sequence[int], matcher: LLMatcher, width: int, room: int) -> list[Found]:
    """Beam search that reads everything again for each token and asks for the whole mask."""
    beams = [((), 0.0, matcher)]
    done: list[Found] = []
    while beams and len(beams[0][0]) < room:
        ways = []
        for said, score, grammar in beams:
            net.rewind()
            logits = net.read([[*ids, *said]])[0, -1].astype(np.float64)
            scores = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
            bits = np.zeros((1, (SIZE + 31) // 32), np.int32)
            fill_next_token_bitmask(grammar, bits, 0)
            allowed = np.unpackbits(bits.view(np.uint8), bitorder="little")[:SIZE]
            ways += [(score + scores[t], said, t, grammar) for t in np.flatnonzero(allowed)]
        ways.sort(key=lambda way: -way[0])
        best = max([way[0] for way in ways[:1]] + [found.log_probability for found in done[:1]])
        beams = []
        for score, said, token, grammar in [w for w in ways[: 2 * width] if w[0] >= best - FAINT]:
            if token == END:
                done.append(Found(said, score))
            elif len(beams) < width:
                copy = grammar.deep_copy()
                copy.consume_token(int(token))
                beams.append(((*said, int(token)), score, copy))
        done = sorted(done, key=lambda found: -found.log_probability)[:width]
        if len(done) == width and (not beams or beams[0][1] <= done[-1].log_probability):
            break
    return done


@given(
    seed=st.integers(0, 40), width=st.integers(1, 5), room=st.integers(1, 25),
    rows=st.lists(st.tuples(*[st.integers(-1, SIZE - 1)] * ORDER, st.integers(0, SIZE - 1)), max_size=60),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_same_is_found_whatever_is_read_ahead(
    guide: LLTokenizer, seed: int, width: int, room: int, rows: list[tuple[int, ...]]
) -> None:
    net = network(seed)
    prompt = TOKENIZER.encode("how many\n").ids
    expected = plain_beam(net, prompt, LLMatcher(guide, GRAMMAR), width, room)
    if expected and expected[0].log_probability >= np.log(ALONE):
        del expected[1:]
    likely = count_drafts([found.tokens for found in expected] * 8, END)  # guesses that come true, and others
    for table in (NO_DRAFTS, likely, np.array(rows, np.int32).reshape(-1, ORDER + 1)):
        net.rewind()
        found = Search(net, Drafts(table, END), prompt, END, room).beam(LLMatcher(guide, GRAMMAR), width)
        assert [f.tokens for f in found] == [f.tokens for f in expected]
        np.testing.assert_allclose(
            [f.log_probability for f in found], [f.log_probability for f in expected], rtol=1e-3, atol=1e-3
        )


@given(seed=st.integers(0, 200))
@settings(max_examples=40, deadline=None)
def test_greedy_says_the_same_whatever_is_read_ahead(guide: LLTokenizer, seed: int) -> None:
    net = network(seed)
    prompt = TOKENIZER.encode("how many\n").ids
    (plain,) = Search(net, Drafts(NO_DRAFTS, END), prompt, END, 40).greedy(LLMatcher(guide, GRAMMAR)) or [None]
    guesses = count_drafts([plain.tokens] * 8, END) if plain else NO_DRAFTS
    net.rewind()
    (ahead,) = Search(net, Drafts(guesses, END), prompt, END, 40).greedy(LLMatcher(guide, GRAMMAR)) or [None]
    assert (plain is None) == (ahead is None)
    if plain and ahead:
        assert plain.tokens == ahead.tokens
        assert TOKENIZER.decode(list(plain.tokens)).startswith(("SELECT ", "STOP"))


@given(
    said=st.lists(st.tuples(st.sampled_from(TEXTS[:4]), st.integers(0, 9)), min_size=1, max_size=4),
    seed=st.integers(0, 10**6), spread=st.floats(0.5, 12), count=st.integers(1, 8), behind=st.floats(-3, 8),
    lift=st.floats(0, 4),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_asking_for_the_likely_tokens_is_asking_for_the_whole_mask(
    guide: LLTokenizer,
    said: list[tuple[str, int]],
    seed: int,
    spread: float,
    count: int,
    behind: float,
    lift: float,
) -> None:
    chance = np.random.default_rng(seed)
    logits = chance.normal(scale=spread, size=(len(said), SIZE)).astype(np.float32)
    beams = []
    for text, length in said:
        matcher = LLMatcher(guide, GRAMMAR)
        for token in TOKENIZER.encode(text).ids[:length]:
            matcher.consume_token(token)
        beams.append(_Beam([], float(chance.normal()), matcher))
    logits += np.isfinite(_masked(logits, beams)) * np.float32(lift * spread)  # else the likely ones are never allowed
    totals = _log_softmax(logits) + np.array([[b.score] for b in beams], np.float32)
    allowed = _masked(totals, beams)
    rival = float(allowed.max()) + behind - FAINT
    expected = _largest(allowed, count, rival)
    assert _likeliest(logits, beams, END, count, rival) == expected


def test_a_candidate_beside_which_no_other_counts_comes_alone(guide: LLTokenizer) -> None:
    """Weights that repeat one query: the search says it alone, in a run for every token or fewer."""
    wanted = TOKENIZER.encode(TEXTS[2]).ids
    follows = dict(pairwise([TOKENIZER.encode("\n").ids[-1], *wanted, END]))

    class Certain:
        positions, length = 60, 0

        def read(self, ids: list[list[int]], kept: int = 1) -> np.ndarray[Any, Any]:
            self.length += len(ids[0])
            logits = np.zeros((len(ids), kept, SIZE), np.float32)
            for row, said in enumerate(ids):
                for at, token in enumerate(said[-kept:]):
                    logits[row, at, follows.get(token, END)] = self.certainty
            return logits

        def rewind(self, length: int = 0) -> None:
            self.length = length

        def choose(self, rows: list[int]) -> None:
            pass

    net = Certain()
    for certainty, alone in ((20.0, True), (5.0, False)):
        net.certainty, net.length = certainty, 0  # type: ignore[attr-defined]
        prompt = TOKENIZER.encode("how many\n").ids
        found = Search(net, Drafts(NO_DRAFTS, END), prompt, END, 40).beam(LLMatcher(guide, GRAMMAR), 4)
        assert TOKENIZER.decode(list(found[0].tokens)) == TEXTS[2]
        assert (len(found) == 1) == alone
        assert (found[0].log_probability >= np.log(ALONE)) == alone


def test_drafts_save_runs_of_the_network(guide: LLTokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(3)
    runs = []
    read = Network.read
    monkeypatch.setattr(Network, "read", lambda self, ids, kept=1: runs.append(kept) or read(self, ids, kept))
    prompt = TOKENIZER.encode("how many\n").ids
    (plain,) = Search(net, Drafts(NO_DRAFTS, END), prompt, END, 40).greedy(LLMatcher(guide, GRAMMAR))
    without = len(runs)
    runs.clear()
    net.rewind()
    guesses = Drafts(count_drafts([plain.tokens] * 8, END), END)
    (again,) = Search(net, guesses, prompt, END, 40).greedy(LLMatcher(guide, GRAMMAR))
    assert again.tokens == plain.tokens
    assert len(runs) < without and max(runs) == 1 + AHEAD


def test_the_longest_memory_guesses_and_the_end_is_never_guessed() -> None:
    drafts = Drafts(count_drafts([(1, 2, 3, 4), (9, 3, 5)] * 8, 0), 0)
    assert drafts.after([1, 2], 2) == [3, 4]
    assert drafts.after([9, 3]) == [5]
    assert drafts.after([1, 2, 3, 4]) == []
    assert drafts.after([7]) == []
    assert drafts.after([1], 0) == []
    assert Drafts(count_drafts([(1, 2)] * 7, 0), 0).after([1]) == []  # seen too seldom


@given(texts=st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=9), min_size=1, max_size=6), seed=st.data())
@settings(max_examples=60, deadline=None)
def test_what_the_table_leaves_out_is_guessed_all_the_same(texts: list[list[int]], seed: st.DataObject) -> None:
    told = [[0, *text, 0] for text in texts * 8]
    said = seed.draw(st.lists(st.integers(1, 3), min_size=1, max_size=8))
    after = [0, *said] if len(said) < ORDER else said[-ORDER:]
    expected: list[int] = []
    for length in range(len(after), 0, -1):  # the longest look back that was seen at all and is sure enough
        ends = [(text, at) for text in told for at in range(length, len(text))]
        follow = Counter(text[at] for text, at in ends if text[at - length : at] == after[-length:])
        token, times = min(follow.items(), key=lambda item: (-item[1], item[0]), default=(0, 0))
        if times and times >= 0.5 * follow.total():
            expected = [token] if token else []
            break
    assert Drafts(count_drafts(texts * 8, 0), 0).after(said, 1) == expected


def test_the_beginning_is_guessed_too() -> None:
    assert Drafts(count_drafts([(1, 2, 3)] * 8, 0), 0).after([]) == [1, 2, 3]


def test_a_directory_without_a_table_guesses_nothing_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert Drafts.load(tmp_path, 0).after([1, 2]) == []
    np.save(tmp_path / NAME, count_drafts([(1, 2)] * 8, 0))
    assert Drafts.load(tmp_path, 0).after([1]) == [2]
    np.save(tmp_path / NAME, np.zeros((2, 1), np.int32))
    with pytest.raises(ValueError, match=NAME):
        Drafts.load(tmp_path, 0)
