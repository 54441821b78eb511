"""How the learning rate rises and falls over a run."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["cosine", "wsd"]


def learning_rate_factor(schedule: Schedule, progress: float, warmup: float, decay: float) -> float:
    """The share of the peak learning rate at `progress` (0 at the start, 1 at the end) of a run.

    Both schedules rise in a line over the first `warmup` share of the run. "cosine" then falls to zero in
    half a cosine; "wsd" (warm-up, stable, decay) stays at the peak and falls in a line over the last `decay`
    share.

    >>> [round(learning_rate_factor("cosine", p, 0.1, 0.0), 2) for p in (0.05, 0.1, 0.55, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    >>> [round(learning_rate_factor("wsd", p, 0.1, 0.2), 2) for p in (0.05, 0.5, 0.9, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    progress = min(1.0, max(0.0, progress))
    if progress < warmup:
        return progress / warmup
    if schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * (progress - warmup) / max(1e-9, 1.0 - warmup)))
    return min(1.0, (1.0 - progress) / decay) if decay > 0 else 1.0
