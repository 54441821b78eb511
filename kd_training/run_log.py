"""What a training run says on its way: JSON lines, TensorBoard scalars, a bar when someone watches."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm  # type: ignore[import-untyped]


class RunLog:
    """The log of the run in `directory`; a process that is not the first of its run stays silent."""

    def __init__(self, directory: Path, active: bool = True) -> None:
        self._active = active
        if not active:
            return
        directory.mkdir(parents=True, exist_ok=True)
        self._file = (directory / "log.jsonl").open("a", encoding="utf-8")
        self._board = SummaryWriter(str(directory / "tensorboard"))
        self._bar = tqdm(
            total=100,
            unit="%",
            disable=not sys.stderr.isatty(),
            bar_format="{l_bar}{bar}| {elapsed} {postfix}",
        )

    def write(self, step: int, **values: float) -> None:
        """Record numbers of one step, for example `loss=1.2, lr=0.001`."""
        if not self._active or not values:
            return
        rounded = {name: float(f"{value:.6g}") for name, value in values.items()}
        self._file.write(json.dumps({"step": step, **rounded}) + "\n")
        self._file.flush()
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def progress(self, share: float, step: int, loss: float) -> None:
        """Move the bar to `share` (0 to 1) of the run."""
        if self._active and not self._bar.disable:
            self._bar.n = round(100 * share, 1)
            self._bar.set_postfix_str(f"step {step} loss {loss:.3f}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._active:
            self._bar.close()
            self._board.close()
            self._file.close()


class Window:
    """What happened since the last line of the log."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []

    def add(self, loss: float, ce: float, mse: float, rate: float, norm: float, tokens: int, seconds: float) -> None:
        """Take in one step: its losses, learning rate, gradient norm, real tokens and seconds."""
        self._rows.append((loss, ce, mse, rate, norm, float(tokens), seconds))

    def summary(self) -> dict[str, float]:
        """Means over the steps taken in; the learning rate is the last one."""
        loss, ce, mse, rate, norm, tokens, seconds = np.array(self._rows, np.float64).T
        return {
            "loss": float(loss.mean()),
            "ce": float(ce.mean()),
            "mse": float(mse.mean()),
            "learning_rate": float(rate[-1]),
            "gradient_norm": float(norm.mean()),
            "tokens_per_second": float(tokens.sum() / max(seconds.sum(), 1e-9)),
        }
