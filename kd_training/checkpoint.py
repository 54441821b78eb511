"""Checkpoints of a training run: directories that are whole or not there, and hold no pickles.

A checkpoint is a model directory that transformers can load (`config.json`, `model.safetensors`,
`tokenizer.json`) plus what training resumes from: `training.safetensors` (optimizer, projection, the weights
before averaging) and `progress.json`. `manifest.json`, written last, holds the hash of every file. The
directory is filled under another name and renamed when complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from tokenizers import Tokenizer
from torch import Tensor
from transformers import GPT2LMHeadModel, Qwen2ForCausalLM
from transformers.utils.logging import disable_progress_bar

from kd_training.tokenizer import load_tokenizer

MANIFEST = "manifest.json"


class CheckpointError(Exception):
    """A checkpoint or model directory is missing or damaged; the message says which and how."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: `step` steps done, the next batch being number `index` of epoch `epoch`.

    `tokens` counts real tokens read, `seconds` the time spent, resumed runs included. `best` is the name of
    the best checkpoint so far, None before the first evaluation, the last of which was at step `evaluated`.
    `run` identifies the pairs and settings being trained on.
    """

    run: str
    step: int = 0
    epoch: int = 0
    index: int = 0
    tokens: int = 0
    seconds: float = 0.0
    evaluated: int = -1
    best: str | None = None
    best_score: float | None = None
    held_out_loss: float | None = None


def save_model(
    directory: Path, model: GPT2LMHeadModel | Qwen2ForCausalLM, weights: Mapping[str, Tensor], tokenizer: Tokenizer
) -> None:
    """Write a model directory; `weights` by the model's own names, the tied head left out."""
    directory.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(directory)
    tensors = {name: tensor.detach().contiguous() for name, tensor in weights.items()}
    (directory / "model.safetensors").write_bytes(save(tensors, metadata={"format": "pt"}))
    tokenizer.save(str(directory / "tokenizer.json"))


def load_model(path_or_name: str | Path) -> tuple[GPT2LMHeadModel, Tokenizer]:
    """The model (float32) and tokenizer of a directory or hub name. Raises CheckpointError."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = GPT2LMHeadModel.from_pretrained(str(path_or_name), use_safetensors=True, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"No GPT-2 model could be loaded from {path_or_name}: {error}") from error
    return model, load_tokenizer(path_or_name)


def save_checkpoint(
    output: Path,
    model: GPT2LMHeadModel | Qwen2ForCausalLM,
    weights: Mapping[str, Tensor],
    tokenizer: Tokenizer,
    training: Mapping[str, Tensor],
    progress: Progress,
) -> Path:
    """Write checkpoint `step-N` under `output`, then remove all but it and the best. Returns its path."""
    final = output / f"step-{progress.step:07d}"
    building = output / f".building-{final.name}"
    shutil.rmtree(building, ignore_errors=True)
    save_model(building, model, weights, tokenizer)
    tensors = {name: tensor.detach().contiguous() for name, tensor in training.items()}
    (building / "training.safetensors").write_bytes(save(tensors))
    (building / "progress.json").write_text(json.dumps(asdict(progress), indent=1), encoding="utf-8")
    hashes = {file.name: _hash(file) for file in sorted(building.iterdir())}
    (building / MANIFEST).write_text(json.dumps({"files": hashes}, indent=1), encoding="utf-8")
    for file in building.iterdir():
        _flush(file)
    shutil.rmtree(final, ignore_errors=True)
    building.replace(final)
    _flush(output)
    for other in _checkpoints(output):
        if other.name not in (final.name, progress.best):
            shutil.rmtree(other)
    return final


def last_checkpoint(output: Path) -> Path | None:
    """The newest whole checkpoint under a run's output directory, or None."""
    return next((path for path in reversed(_checkpoints(output)) if is_whole(path)), None)


def best_checkpoint(output: Path) -> Path | None:
    """The checkpoint that scored best; before the first evaluation the newest; None when there is none."""
    last = last_checkpoint(output)
    if last is None:
        return None
    best = load_progress(last).best
    return output / best if best is not None and (output / best).is_dir() else last


def is_whole(checkpoint: Path) -> bool:
    """Whether every file is there as the manifest says."""
    try:
        files: dict[str, str] = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["files"]
        return all(_hash(checkpoint / name) == digest for name, digest in files.items())
    except (OSError, ValueError, KeyError):
        return False


def load_progress(checkpoint: Path) -> Progress:
    """Where the run stood. Raises CheckpointError."""
    try:
        fields: dict[str, Any] = json.loads((checkpoint / "progress.json").read_text(encoding="utf-8"))
        return Progress(**fields)
    except (OSError, ValueError, TypeError) as error:
        raise CheckpointError(f"{checkpoint} is no checkpoint to resume from: {error}") from error


def load_training(checkpoint: Path) -> dict[str, Tensor]:
    """The tensors that training resumes from, by the names they were saved under."""
    tensors: dict[str, Tensor] = load_file(checkpoint / "training.safetensors")
    return tensors


def _checkpoints(output: Path) -> list[Path]:
    return sorted(path for path in output.glob("step-*") if path.is_dir())


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
