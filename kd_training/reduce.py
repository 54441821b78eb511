"""The teacher's states made fit to learn from: each channel standardised, then the main directions of them all.

A few channels of a language model's states are hundreds of times larger than the rest (Sun et al. 2024, "Massive
Activations in Large Language Models"); the z-score of each channel takes that away, which a norm over each token does
not. Statistics are taken once, over a sample, and frozen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from kd_training.states import StatesError

Floats = npt.NDArray[np.float32]
_LEAST = 1e-6  # a channel that varies less is constant, and tells nothing


@dataclass(frozen=True)
class Basis:
    """`mean` and `scale` [teacher's width] of each channel, `directions` [teacher's width, kept], `kept_variance`."""

    mean: Floats
    scale: Floats
    directions: Floats
    kept_variance: float

    @property
    def width(self) -> int:
        """Numbers per token after reduction."""
        return int(self.directions.shape[1])

    def reduce(self, states: Floats) -> Floats:
        """States [n, teacher's width] → [n, width]; over the sample, their mean square is 1."""
        found: Floats = (((states - self.mean) / self.scale) @ self.directions).astype(np.float32)
        return found

    def save(self, path: Path) -> None:
        """Write the file, as a whole or not at all."""
        tensors = {
            "mean": self.mean, "scale": self.scale, "directions": np.ascontiguousarray(self.directions),
            "kept_variance": np.array([self.kept_variance], np.float32),
        }  # fmt: skip
        partial = path.with_name(f"{path.name}.partial")
        with partial.open("wb") as stream:
            stream.write(save(tensors))
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)

    @staticmethod
    def load(path: Path) -> Basis:
        """Read what `save` wrote. Raises StatesError."""
        try:
            found = load_file(path)
            return Basis(found["mean"], found["scale"], found["directions"], float(found["kept_variance"][0]))
        except (OSError, SafetensorError, KeyError) as error:
            raise StatesError(f"{path} holds no basis of teacher states: {error}") from error


def fit_basis(states: Iterable[Floats], width: int) -> Basis:
    """The basis of a sample of states, each [n, teacher's width]; at most `width` directions (PCA, Pearson 1901).

    Memory: a square of the teacher's width in float64. Raises StatesError when there are fewer than two states or
    they hold what is no number.
    """
    count, total, products = 0, np.zeros(0), np.zeros((0, 0))
    for some in states:
        exact = some.astype(np.float64)
        if not count:
            total, products = np.zeros(exact.shape[1]), np.zeros((exact.shape[1],) * 2)
        count += len(exact)
        total += exact.sum(0)
        products += exact.T @ exact
    if count < 2 or not np.isfinite(products).all():
        raise StatesError("The teacher's states cannot be learned from: there are none, or they are not numbers.")
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    deviation = np.sqrt(np.clip(np.diag(covariance), 0, None))
    # Rounding leaves a constant channel of large values with a deviation of its own.
    scale = np.where(deviation > _LEAST * np.maximum(1.0, np.abs(mean)), deviation, np.inf)
    variances, directions = np.linalg.eigh(covariance / np.outer(scale, scale))
    best = np.argsort(-variances, kind="stable")[: min(width, len(variances))]
    kept = directions[:, best]
    kept *= np.sign(kept[np.abs(kept).argmax(0), np.arange(kept.shape[1])])  # eigenvectors have no sign of their own
    kept_variances = np.clip(variances[best], 0, None)
    if not kept_variances.sum() > 0:
        raise StatesError("The teacher's states are all the same: nothing can be learned from them.")
    # One scale for all directions, so that the loss begins near 1 whatever the teacher's width.
    kept /= np.sqrt(kept_variances.mean())
    share = float(kept_variances.sum() / np.clip(variances, 0, None).sum())
    return Basis(mean.astype(np.float32), scale.astype(np.float32), kept.astype(np.float32), share)
