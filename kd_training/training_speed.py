"""Tokens per second of `distill` against `transformers.Trainer`: the same model, pairs, batches' size and precision.

Both train in one process by turns, in short runs, so that both see the same machine. Each counts the real tokens of its
steps, padding left out, over the time that the steps took: reading pairs, checkpoints and evaluation are no part of it.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments

from eval_harness.json_lines import read_objects
from kd_training.batches import Corpus, Example, encode_examples
from kd_training.distill import distill
from kd_training.distill_config import DistillConfig
from kd_training.precision import Arithmetic, arithmetic
from kd_training.trainee import new_student

_IGNORED = -100  # the label that transformers leaves out of the loss


@dataclass(frozen=True)
class TrainingRace:
    """Real tokens per second, the median over the rounds, of a model of `parameters` in `precision`."""

    parameters: int
    precision: Arithmetic
    examples: int
    rounds: int
    distill: float
    trainer: float

    @property
    def ratio(self) -> float:
        """How many times faster `distill` is."""
        return self.distill / self.trainer


def train_race(
    examples: Sequence[Example], config: DistillConfig, rounds: int = 3, steps: int = 12, threads: int = 0
) -> TrainingRace:
    """Let both train `steps` steps, `rounds` times by turns, after a warm-up. Cross-entropy alone, without a teacher.

    `config` gives the model's size, the tokens of a batch and the precision. Raises ConfigError, TokenizerError.
    """
    torch.set_num_threads(threads or config.threads or torch.get_num_threads())
    model, tokenizer = new_student(config, (text for e in examples for text in (e.prompt, e.target)))
    assert isinstance(model, GPT2LMHeadModel)  # a student is one
    corpus = encode_examples(examples, tokenizer, config.n_positions)
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        pairs = Path(scratch) / "pairs.jsonl"
        lines = (json.dumps({"prompt": e.prompt, "target": e.target}) + "\n" for e in examples)
        pairs.write_text("".join(lines), encoding="utf-8")
        for turn in range(rounds + 1):
            mine = _distill_speed(config, pairs, Path(scratch) / f"run-{turn}", steps)
            other = _trainer_speed(model, corpus, config, steps, Path(scratch))
            if turn:  # the first warms up
                ours.append(mine)
                theirs.append(other)
    parameters = sum(p.numel() for p in model.parameters())
    return TrainingRace(parameters, arithmetic(config.precision), len(corpus), rounds, median(ours), median(theirs))


def everyday_pairs(count: int, seed: int = 0) -> list[Example]:
    """Pairs of the lengths that training sees, made up: 20 to 60 tokens of words."""
    draw = random.Random(seed)
    stems, ends = ("order", "sale", "ship", "pay", "cust", "prod"), ("s", "ed", "ing", "er", "ment")
    words = [stem + end for stem in stems for end in ends]
    return [
        Example(
            " ".join(draw.choices(words, k=draw.randint(5, 16))) + "\n",
            "SELECT " + ", ".join(draw.choices(words, k=draw.randint(2, 8))),
        )
        for _ in range(count)
    ]


def _distill_speed(config: DistillConfig, pairs: Path, folder: Path, steps: int) -> float:
    given = {
        "data": (pairs,), "held_out": None, "states": None, "output": folder, "max_steps": steps, "max_minutes": None,
        "epochs": 1_000_000, "log_every": steps, "eval_every": 1_000_000, "checkpoint_every": 1_000_000,
    }  # fmt: skip
    distill(config.model_copy(update=given))
    lines = read_objects(folder / "log.jsonl")
    return float(next(line["tokens_per_second"] for line in lines if "tokens_per_second" in line))


class _Pairs(Dataset[dict[str, Any]]):
    """A corpus as transformers' Trainer wants it: ids, labels that leave the prompt out."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def __len__(self) -> int:
        return len(self._corpus)

    def __getitem__(self, number: int) -> dict[str, Any]:
        corpus = self._corpus
        ids = corpus.tokens[corpus.starts[number] : corpus.starts[number + 1]].astype(np.int64)
        labels = ids.copy()
        labels[: int(corpus.prompts[number])] = _IGNORED
        return {"input_ids": ids, "labels": labels, "length": len(ids)}


class _Count(TrainerCallback):
    """Counts nothing but time: from the first step's begin to the last one's end."""

    def __init__(self) -> None:
        self.begun = self.ended = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The clock starts with the first step."""
        self.begun = self.begun or time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """And stops with the last."""
        self.ended = time.perf_counter()


def _trainer_speed(model: GPT2LMHeadModel, corpus: Corpus, config: DistillConfig, steps: int, folder: Path) -> float:
    """Real tokens per second of a Trainer that groups by length and has as many padded tokens a step."""
    size = max(1, round(config.batch_tokens / float(corpus.lengths.mean())))
    seen = 0

    def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        nonlocal seen
        seen += sum(row["length"] for row in rows)
        longest = max(row["length"] for row in rows)
        ids = np.full((len(rows), longest), corpus.end, np.int64)
        labels = np.full((len(rows), longest), _IGNORED, np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for number, row in enumerate(rows):
            ids[number, : row["length"]] = row["input_ids"]
            labels[number, : row["length"]] = row["labels"]
            mask[number, : row["length"]] = 1
        given = {"input_ids": ids, "labels": labels, "attention_mask": mask}
        return {name: torch.from_numpy(array) for name, array in given.items()}

    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=steps, per_device_train_batch_size=size, learning_rate=config.lr,
        lr_scheduler_type="cosine", weight_decay=config.weight_decay, max_grad_norm=config.clip,
        bf16=arithmetic(config.precision) == "bf16", use_cpu=True, train_sampling_strategy="group_by_length",
        length_column_name="length", remove_unused_columns=False, save_strategy="no", logging_strategy="no",
        report_to=[], disable_tqdm=True, dataloader_num_workers=0, seed=config.seed,
    )  # fmt: skip
    clock = _Count()
    trainer = Trainer(model, arguments, collate, _Pairs(corpus), callbacks=[clock])
    trainer.train()
    return seen / max(clock.ended - clock.begun, 1e-9)
