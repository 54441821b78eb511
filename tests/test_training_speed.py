"""The race between distil and transformers' Trainer runs, and its numbers are those of a race."""

from __future__ import annotations

from pathlib import Path

import pytest

from kd_training.distill_config import DistillConfig
from kd_training.training_speed import everyday_pairs, train_race


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_both_train_the_same_model() -> None:
    config = DistillConfig(
        data=(Path("none"),), output=Path("none"), vocab_size=400, n_layer=1, n_head=2, n_embd=32, n_positions=128,
        batch_tokens=512, precision="fp32", threads=1,
    )  # fmt: skip
    pairs = everyday_pairs(300)
    assert everyday_pairs(300) == pairs
    found = train_race(pairs, config, rounds=1, steps=3)
    assert (found.examples, found.rounds, found.precision) == (300, 1, "fp32")
    assert found.distill > 0 and found.trainer > 0
    assert found.ratio == found.distill / found.trainer
