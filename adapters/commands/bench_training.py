"""`mynah bench --training`: tokens per second of training, and what the last teaching on this machine came to."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

Row = tuple[str, str]


def measure_training(pairs: Path | None) -> tuple[list[Row], dict[str, Any]]:
    """Rows for people and numbers for programs. Raises DataError for pairs that cannot be read."""
    from kd_training.batches import read_examples
    from kd_training.distill_config import DistillConfig
    from kd_training.training_speed import everyday_pairs, train_race

    examples = read_examples([pairs])[:4_000] if pairs else everyday_pairs(4_000)
    # The shipped student's size and batches. The path is never read: the race writes files of its own.
    size = {"data": ["pairs"], "output": "run", "n_positions": 320, "batch_tokens": 3072}
    config = DistillConfig.model_validate(size)
    found = train_race(examples, config)
    rows = [
        ("model", f"GPT-2, {found.parameters / 1e6:.1f}M parameters, {found.precision}"),
        ("distil", f"{found.distill:,.0f} tokens/s"),
        ("transformers.Trainer", f"{found.trainer:,.0f} tokens/s"),
        ("times faster", f"{found.ratio:.2f}"),
    ]
    return rows, {**asdict(found), "ratio": found.ratio}
