"""Sixty pairs, a tiny student, and a teacher's states of them: what the tests of training learn from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from kd_training.distill_config import DistillConfig

THINGS = ("orders", "customers", "products", "suppliers", "returns")
PLACES = ("Germany", "France", "Japan", "Peru")


class Vectors:
    """Teacher states of two target tokens per example that has a key: a fixed function of the key."""

    width = 6

    def get(self, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
        if key == "unknown":
            return None
        random = np.random.default_rng(int(key))
        return np.array([0, 2], np.int64), random.standard_normal((2, self.width)).astype(np.float32)


def written_pairs(path: Path) -> Path:
    """Write them; the path."""
    lines = [
        {
            "prompt": f"how many {thing} in {place}{'?' * marks}\n",
            "target": f"SELECT COUNT(*) FROM {thing} WHERE {thing}.country = '{place}'",
            "weight": 1.0 + marks,
            "key": "unknown" if marks == 2 else str(marks),
        }
        for thing in THINGS
        for place in PLACES
        for marks in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def tiny(pairs: Path, output: Path, **changes: Any) -> DistillConfig:
    """Settings that learn them in a second."""
    settings: dict[str, Any] = {
        "data": (pairs,), "output": output, "vocab_size": 320, "n_layer": 2, "n_head": 2, "n_embd": 32,
        "n_positions": 64, "max_steps": 12, "batch_tokens": 400, "lr": 3e-3, "threads": 1,
        "log_every": 1, "eval_every": 1000, "checkpoint_every": 1000, "precision": "fp32",
    }  # fmt: skip
    return DistillConfig(**{**settings, **changes})


def log_of(output: Path) -> list[dict[str, float]]:
    """What a run logged."""
    return [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]


def tiny_model(**changes: Any) -> GPT2LMHeadModel:
    """A GPT-2 of that size with random weights."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 320, "n_positions": 64, "n_embd": 32, "n_layer": 3, "n_head": 4}
    return GPT2LMHeadModel(GPT2Config(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, **changes})).eval()
