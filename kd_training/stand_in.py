"""A stand-in teacher: a Qwen2-architecture model that learns the same pairs, where a real one cannot be had.

It reads what the student reads and says what the student says, and is served by the same vLLM as Qwen2 itself. Training
is `distill` with another architecture, so it resumes like one. What comes out is a directory that vLLM loads.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kd_training.distill import distill
from kd_training.distill_config import ConfigError, DistillConfig
from kd_training.parallel import turn_of_all
from kd_training.tokenizer import END

READY = "stand_in.json"
# It was never taught to converse, but a server that takes conversations can so be tried with it.
_CHAT = "{{ bos_token }}{% for message in messages %}{{ message['content'] + '\n' }}{% endfor %}"
# Larger than the student by default, and no names protected: its tokens are not the student's.
DEFAULTS: Mapping[str, Any] = {
    "n_layer": 8, "n_head": 6, "n_embd": 384, "vocab_size": 4096, "n_positions": 384, "lr": 1e-3, "ema_decay": 0.99,
}  # fmt: skip


def train_stand_in(data: Path, held_out: Path | None, directory: Path, settings: Mapping[str, Any]) -> Path:
    """Train on the pairs in `data`; the finished model directory, `directory / "hf"`.

    `settings` are those of DistillConfig and go before DEFAULTS. A finished one is not trained again, one that was
    stopped goes on, and one that another process is training is waited for. Raises ConfigError for settings that make
    no sense, and what `distill` raises.
    """
    with turn_of_all(directory):
        return _trained(data, held_out, directory, settings)


def _trained(data: Path, held_out: Path | None, directory: Path, settings: Mapping[str, Any]) -> Path:
    finished = directory / "hf"
    if (finished / READY).exists():
        return finished
    given = {**DEFAULTS, **settings, "architecture": "qwen2", "data": [data], "output": directory / "run"}
    try:
        config = DistillConfig.model_validate({**given, "held_out": held_out})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigError(f"teacher.train: {faults}") from error
    report = distill(config)
    told = {
        "what": "a stand-in teacher of Qwen2's architecture, trained here on the student's own pairs",
        "steps": report.steps,
        "epochs": round(report.epochs, 3),
        "seconds": round(report.seconds),
        "held_out_loss": report.held_out_loss,
        "size": {name: getattr(config, name) for name in ("n_layer", "n_head", "n_embd", "vocab_size")},
    }
    return _written(report.best, finished, told)


def about(directory: Path) -> dict[str, Any] | None:
    """What a stand-in teacher's directory says of itself; None for any other model."""
    file = directory / READY
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else None


def _written(checkpoint: Path, finished: Path, told: Mapping[str, Any]) -> Path:
    """The checkpoint as a directory that transformers and vLLM read, there as a whole or not at all."""
    building = finished.with_name(f".building-{finished.name}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copyfile(checkpoint / name, building / name)
    end = {"eos_token": END, "bos_token": END, "pad_token": END}
    # The class that every version of transformers knows: vLLM brings a version of its own.
    words = {"tokenizer_class": "PreTrainedTokenizerFast", **end, "add_bos_token": False, "chat_template": _CHAT}
    config = json.loads((building / "config.json").read_text("utf-8"))
    ends = {name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    for name, content in (("tokenizer_config.json", words), ("generation_config.json", ends), (READY, told)):
        (building / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for file in building.iterdir():
        with file.open("rb") as stream:
            os.fsync(stream.fileno())
    shutil.rmtree(finished, ignore_errors=True)
    building.replace(finished)
    return finished
