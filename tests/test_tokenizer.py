"""The learned tokenizer: nothing is lost, names stay whole, and every reader of its file agrees."""

from __future__ import annotations

from pathlib import Path

import llguidance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from kd_training.tokenizer import END, TokenizerError, end_id, load_tokenizer, train_tokenizer

TEXTS = [
    "how many orders did we ship to :v0[customers.country] since 2024?\n",
    "SELECT COUNT(*) FROM orders WHERE orders.shipped_date >= :d0 AND orders.shipped_date < :d1",
    "what's the average order value per customer in the last quarter\n",
    "SELECT customers.name FROM customers GROUP BY customers.name ORDER BY COUNT(*) DESC LIMIT :n0",
] * 5
PROTECTED = [
    "orders.shipped_date", "customers.name", "customers.country", "suppliers.country", "SELECT", "COUNT(*)",
    "ORDER BY", "GROUP BY", ":v0", ":d0", ":d1", "never_seen_anywhere.column_9", "Größe",
]  # fmt: skip
TOKENIZER = train_tokenizer(TEXTS, 430, PROTECTED)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_survives(text: str) -> None:
    ids = TOKENIZER.encode(text, add_special_tokens=False).ids
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("text", PROTECTED)
@pytest.mark.parametrize("space", ["", " "])
def test_a_protected_string_is_one_ordinary_token(text: str, space: str) -> None:
    encoded = TOKENIZER.encode(space + text)
    assert len(encoded.ids) == 1
    assert [added.content for added in TOKENIZER.get_added_tokens_decoder().values()] == [END]
    inside = TOKENIZER.encode(f"x ({space}{text}) y", add_special_tokens=False)
    assert encoded.ids[0] in inside.ids


def test_a_protected_phrase_does_not_cut_a_longer_word() -> None:
    phrase = TOKENIZER.encode(" ORDER BY").ids[0]
    assert phrase not in TOKENIZER.encode(" ORDER BYTES").ids


def test_units_never_share_a_token() -> None:
    tokens = TOKENIZER.encode("orders.shipped_date>=:d0 AND(:v0)").tokens
    assert "orders.shipped_date" in tokens
    assert [token for token in tokens if ":" in token] == [":d0", ":v0"]


def test_size_bytes_and_end_token() -> None:
    assert TOKENIZER.get_vocab_size() <= 430
    assert end_id(TOKENIZER) == 0
    assert TOKENIZER.encode(END, add_special_tokens=False).ids != [0]


def test_protected_strings_that_do_not_fit_are_refused_with_the_size_they_need() -> None:
    with pytest.raises(TokenizerError, match="allow 3") as refusal:
        train_tokenizer(TEXTS, 280, PROTECTED)
    needed = int(str(refusal.value).rsplit(" ", 1)[1].rstrip("."))
    assert train_tokenizer(TEXTS, needed, PROTECTED).get_vocab_size() <= needed


def test_training_is_reproducible() -> None:
    assert train_tokenizer(TEXTS, 430, PROTECTED).to_str() == TOKENIZER.to_str()


def test_every_reader_of_the_file_agrees(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    TOKENIZER.save(str(path))
    plain = Tokenizer.from_file(str(path))
    fast = PreTrainedTokenizerFast(tokenizer_file=str(path), eos_token=END, pad_token=END)
    guide = llguidance.LLTokenizer(str(path))
    for text in [*TEXTS[:4], "naïve 漢字 🙂\t tabs"]:
        ids = TOKENIZER.encode(text, add_special_tokens=False).ids
        assert plain.encode(text, add_special_tokens=False).ids == ids
        assert fast.encode(text, add_special_tokens=False) == ids
        assert guide.tokenize_str(text) == ids
        assert guide.decode_str(ids) == text
    assert guide.eos_token == 0
    assert load_tokenizer(path).encode(TEXTS[1]).ids == load_tokenizer(tmp_path).encode(TEXTS[1]).ids


def test_missing_and_unfit_tokenizers_are_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"nothing\.json"):
        load_tokenizer(tmp_path / "nothing.json")
    broken = tmp_path / "tokenizer.json"
    broken.write_text("{}")
    with pytest.raises(TokenizerError, match="No tokenizer could be read"):
        load_tokenizer(tmp_path)
    TOKENIZER.save(str(broken))
    broken.write_text(broken.read_text().replace(END, "<|other|>"))
    with pytest.raises(TokenizerError, match="has no"):
        load_tokenizer(broken)
