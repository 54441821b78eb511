"""Weights between those before a stage and those after it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from kd_training.blend import blended
from kd_training.checkpoint import load_model, save_model
from kd_training.tokenizer import train_tokenizer

TEXTS = [f"how many orders in {place}?" for place in ("Paris", "London", "Madrid")]


def model(folder: Path, seed: int, width: int = 16) -> Path:
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(TEXTS, 300, ())
    size = GPT2Config(vocab_size=300, n_positions=32, n_embd=width, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    made = GPT2LMHeadModel(size)
    weights = {name: w for name, w in made.named_parameters() if name != "lm_head.weight"}
    save_model(folder, made, weights, tokenizer)
    return folder


def test_it_lies_between_the_two(tmp_path: Path) -> None:
    before, after = model(tmp_path / "a", 1), model(tmp_path / "b", 2)
    made = blended(before, after, 0.75, tmp_path / "c")
    (old, _), (new, words), (mixed, kept) = load_model(before), load_model(after), load_model(made)
    for name, weights in mixed.named_parameters():
        wanted = 0.25 * old.get_parameter(name) + 0.75 * new.get_parameter(name)
        assert torch.allclose(weights, wanted, atol=1e-6), name
    assert kept.to_str() == words.to_str()


def test_models_of_other_sizes_do_not_mix(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="different sizes"):
        blended(model(tmp_path / "a", 1), model(tmp_path / "b", 1, width=32), 0.5, tmp_path / "c")
