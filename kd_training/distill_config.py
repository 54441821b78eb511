"""The settings of one distillation run, read from a TOML file."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kd_training.learning_rate import Schedule

_FIXED = {
    "init", "vocab_size", "protected", "n_layer", "n_head", "n_embd", "n_positions", "batch_tokens", "seed",
}  # fmt: skip
_PATHS = ("data", "held_out", "states", "tokenizer", "output")


class ConfigError(Exception):
    """The settings make no sense; the message says which."""


class DistillConfig(BaseModel):
    """What to learn from, how large a student, for how long, and where to write.

    The run ends with whichever of `epochs`, `max_steps` and `max_minutes` comes first, and the learning rate
    falls towards that end. With `max_minutes` it follows the clock (evaluation and checkpoints included), so
    a run of N minutes ends fully decayed on any machine, but is not reproducible to the bit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: tuple[Path, ...] = Field(min_length=1)  # JSON lines of pairs
    held_out: Path | None = None  # pairs never trained on, for the held-out loss
    states: Path | None = None  # teacher states of the pairs, as `write_states` wrote them
    output: Path

    architecture: Literal["gpt2", "qwen2"] = "gpt2"  # a student is a GPT-2; a stand-in teacher is a Qwen2
    init: str = "scratch"  # or a model directory, or a hub name such as openai-community/gpt2
    tokenizer: Path | None = None  # from scratch: use this one instead of learning one from the pairs
    vocab_size: int = Field(4096, ge=300)
    protected: tuple[str, ...] = ()  # strings that get a token of their own
    n_layer: int = Field(6, ge=1)
    n_head: int = Field(4, ge=1)
    n_embd: int = Field(256, ge=8)
    n_positions: int = Field(256, ge=8)  # longer pairs are left out, and counted
    dropout: float = Field(0.0, ge=0, lt=1)

    epochs: int = Field(20, ge=1)
    max_steps: int | None = Field(None, ge=1)
    max_minutes: float | None = Field(None, gt=0)
    batch_tokens: int = Field(8192, ge=1)  # padded tokens per step, over all processes
    accumulation: int = Field(1, ge=1)  # parts a step is worked through in, to save memory
    seed: int = 0

    optimizer: Literal["adamw", "muon"] = "adamw"
    lr: float = Field(1e-3, gt=0)
    schedule: Schedule = "cosine"
    warmup: float = Field(0.03, ge=0, lt=1)  # share of the run
    decay: float = Field(0.3, ge=0, le=1)  # share of the run, for schedule "wsd"
    weight_decay: float = Field(0.1, ge=0)
    clip: float = Field(1.0, gt=0)
    ema_decay: float = Field(0.999, ge=0, lt=1)  # 0: evaluate and export the weights as they are

    ce_weight: float = Field(0.75, ge=0)
    mse_weight: float = Field(0.25, ge=0)  # both used only when teacher states are given

    precision: Literal["auto", "bf16", "fp32"] = "auto"  # auto: what is faster on this CPU
    threads: int = Field(0, ge=0)  # 0: as many as there are cores
    eval_every: int = Field(500, ge=1)
    checkpoint_every: int = Field(500, ge=1)
    log_every: int = Field(20, ge=1)

    @model_validator(mode="after")
    def _heads_divide_width(self) -> DistillConfig:
        if self.n_embd % self.n_head:
            raise ValueError(f"n_embd {self.n_embd} is not a multiple of n_head {self.n_head}")
        return self

    @property
    def from_scratch(self) -> bool:
        """Whether the student starts with random weights."""
        return self.init == "scratch"


def load_config(path: str | Path) -> DistillConfig:
    """Read a TOML file; relative paths in it start at its directory. Raises ConfigError."""
    file = Path(path)
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
        return DistillConfig.model_validate(_rooted(settings, file.parent))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{file}: {faults}") from error


def run_identity(config: DistillConfig) -> str:
    """Sixteen hex digits over the pairs and the settings that may not change when a run is resumed.

    Raises ConfigError when a file of pairs cannot be read.
    """
    digest = hashlib.sha256()
    for path in config.data:
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error}") from error
    digest.update(config.model_dump_json(include=_FIXED).encode())
    if config.architecture != "gpt2":  # left out else, so that runs from before there was a choice can go on
        digest.update(config.architecture.encode())
    return digest.hexdigest()[:16]


def _rooted(settings: dict[str, Any], root: Path) -> dict[str, Any]:
    rooted = dict(settings)
    for name in _PATHS:
        value = rooted.get(name)
        if isinstance(value, list):
            rooted[name] = [str(root / item) for item in value]
        elif isinstance(value, str):
            rooted[name] = str(root / value)
    if isinstance(rooted.get("data"), str):
        rooted["data"] = [rooted["data"]]
    init = rooted.get("init")
    if isinstance(init, str) and (root / init).is_dir():
        rooted["init"] = str(root / init)
    return rooted
