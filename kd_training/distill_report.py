"""What a distillation run came to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Limit = Literal["epochs", "steps", "minutes"]


@dataclass(frozen=True)
class Report:
    """What a run came to. `score` is the best checkpoint's: from `evaluate`, else minus the held-out loss.

    `too_long` counts the pairs left out, `stopped` names the limit that ended the run, `tokens_per_second`
    counts real (unpadded) tokens over the whole run, evaluation included.
    """

    best: Path
    last: Path
    score: float | None
    held_out_loss: float | None
    steps: int
    epochs: float
    seconds: float
    tokens: int
    examples: int
    too_long: int
    stopped: Limit

    @property
    def tokens_per_second(self) -> float:
        """Real tokens read per second."""
        return self.tokens / max(self.seconds, 1e-9)
