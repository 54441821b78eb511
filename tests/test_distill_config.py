"""The settings of a training run, and how its learning rate moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kd_training.distill_config import ConfigError, load_config
from kd_training.learning_rate import learning_rate_factor


@pytest.mark.parametrize("schedule", ["cosine", "wsd"])
def test_the_learning_rate_rises_once_and_falls_to_zero(schedule: Any) -> None:
    rates = [learning_rate_factor(schedule, share / 100, 0.1, 0.3) for share in range(101)]
    top = rates.index(max(rates))
    assert max(rates) == 1.0 and rates[0] == rates[-1] == 0.0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert learning_rate_factor(schedule, 2.0, 0.1, 0.3) == 0.0


def test_settings_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('data = "pairs.jsonl"\noutput = "out"\nlr = 0.002\nprotected = ["a.b"]')
    config = load_config(file)
    assert config.data == (tmp_path / "pairs.jsonl",)
    assert (config.output, config.lr, config.protected) == (tmp_path / "out", 0.002, ("a.b",))
    assert (config.ce_weight, config.mse_weight, config.epochs) == (0.75, 0.25, 20)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data = [", "cannot be read"),
        ('output = "o"', "data"),
        ('data = "d"\noutput = "o"\nepoch = 3', "epoch"),
        ('data = "d"\noutput = "o"\nn_embd = 100\nn_head = 3', "n_head"),
        ('data = "d"\noutput = "o"\nlr = -1', "lr"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=fault):
        load_config(file)
