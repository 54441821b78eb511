"""Teacher states on disk: safetensors files, memory-mapped, so that only what a batch needs is read.

Four tensors of a file hold all examples end to end: `vectors` [total, width] float16, `positions` [total] int32 (which
of the student's target tokens), `starts` [examples + 1] int64, and `keys`, the examples' keys, one a line. A folder
of such files has a `states.json` that names them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

INDEX = "states.json"

Positions = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


class StatesError(Exception):
    """A file of teacher states cannot be used; the message says which and why."""


class StatesFile:
    """The states in a file that `write_states` wrote. Satisfies `losses.States`."""

    def __init__(self, path: Path) -> None:
        try:
            file: Any = safe_open(str(path), framework="numpy")
            self._vectors = file.get_slice("vectors")
            self._positions = file.get_tensor("positions").astype(np.int64)
            self._starts = file.get_tensor("starts")
            keys = bytes(file.get_tensor("keys")).decode("utf-8").split("\n")
        except (OSError, SafetensorError, UnicodeDecodeError) as error:
            raise StatesError(f"{path} holds no teacher states: {error}") from error
        self.width = int(self._vectors.get_shape()[1])
        self._numbers = {key: number for number, key in enumerate(keys) if key}

    def __len__(self) -> int:
        return len(self._numbers)

    def names(self) -> Iterable[str]:
        """The examples that it holds states of."""
        return self._numbers.keys()

    def get(self, key: str) -> tuple[Positions, Vectors] | None:
        """Indices [k] of target tokens and the teacher's vectors [k, width] there; None for a strange key."""
        number = self._numbers.get(key)
        if number is None:
            return None
        begin, end = int(self._starts[number]), int(self._starts[number + 1])
        return self._positions[begin:end], self._vectors[begin:end].astype(np.float32)


class StatesFolder:
    """The states in a folder's files, as its `states.json` names them. Satisfies `losses.States`."""

    def __init__(self, directory: Path) -> None:
        try:
            names = json.loads((directory / INDEX).read_text("utf-8"))["shards"]
            self._files = [StatesFile(directory / name) for name in names]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StatesError(f"{directory} holds no finished teacher states: {error!r}") from error
        widths = {file.width for file in self._files}
        if len(widths) != 1:
            raise StatesError(f"The files in {directory} hold states of {len(widths)} widths.")
        self.width = widths.pop()
        self._owner = {key: file for file in self._files for key in file.names()}

    def __len__(self) -> int:
        return len(self._owner)

    def get(self, key: str) -> tuple[Positions, Vectors] | None:
        """Indices [k] of target tokens and the teacher's vectors [k, width] there; None for a strange key."""
        file = self._owner.get(key)
        return None if file is None else file.get(key)


def open_states(path: Path) -> StatesFile | StatesFolder:
    """The states in a file or a folder. Raises StatesError."""
    return StatesFolder(path) if path.is_dir() else StatesFile(path)


def write_states(path: Path, states: Iterable[tuple[str, npt.ArrayLike, npt.ArrayLike]]) -> None:
    """Write (key, positions [k], vectors [k, width]) of any number of examples.

    Vectors are kept as float16. Raises StatesError for a key that is empty, repeated or spans lines, for
    shapes that do not fit together, and for numbers beyond float16.
    """
    keys: list[str] = []
    positions: list[npt.NDArray[np.int32]] = []
    vectors: list[npt.NDArray[np.float16]] = []
    for key, places, found in states:
        place, vector = np.asarray(places, np.int32), np.asarray(found, np.float32)
        if not key or "\n" in key:
            raise StatesError(f"{key!r} cannot be the key of an example: it must be one line, and not empty.")
        if (
            vector.ndim != 2
            or place.shape != vector.shape[:1]
            or (vectors and vector.shape[1:] != vectors[0].shape[1:])
        ):
            raise StatesError(f"The states of {key!r} have shapes {place.shape} and {vector.shape}.")
        if not bool((np.abs(vector) <= np.finfo(np.float16).max).all()):
            raise StatesError(f"The states of {key!r} hold numbers that float16 cannot.")
        keys.append(key)
        positions.append(place)
        vectors.append(vector.astype(np.float16))
    if len(set(keys)) < len(keys):
        raise StatesError("Two examples have the same key.")
    if not keys:
        raise StatesError("There are no teacher states to write.")
    tensors: dict[str, npt.NDArray[Any]] = {
        "vectors": np.concatenate(vectors),
        "positions": np.concatenate(positions),
        "starts": np.concatenate([[0], np.cumsum([len(place) for place in positions])]).astype(np.int64),
        "keys": np.frombuffer("\n".join(keys).encode("utf-8"), np.uint8),
    }
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as stream:
        stream.write(save(tensors))
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
