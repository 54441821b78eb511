"""The exported student in onnxruntime: token ids in, logits out; the keys and values of what was read stay inside.

They lie in one buffer that the graph appends to in place (GroupQueryAttention with its past and its present in the
same memory), so reading one more token copies none of those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

Floats = np.ndarray[Any, np.dtype[np.float32]]


class NetworkError(Exception):
    """The file is not a graph that this bot can run."""


class Network:
    """A graph written by `kd_training.onnx_graph`, and what it has read so far.

    Not thread-safe: one reader at a time.
    """

    def __init__(self, graph: Path | bytes, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        source = str(graph) if isinstance(graph, Path) else graph
        try:
            self._session: Any = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own errors have no common base
            raise NetworkError("it is not a model that this bot can run") from error
        inputs = {given.name: given.shape for given in self._session.get_inputs()}
        if "kept" not in inputs or "past_k_0" not in inputs:
            again = "write it again by `python -m kd_training.package DIR`, or train again"
            raise NetworkError(f"another version of Mynah wrote it: {again}")
        _, self._heads, self._positions, self._size = inputs["past_k_0"]
        self._layers = sum(name.startswith("past_k_") for name in inputs)
        self._vocabulary = self._session.get_outputs()[0].shape[-1]
        self._at, self._kept = np.zeros((), np.int64), np.ones(1, np.int64)
        self._past: Floats = np.zeros((2 * self._layers, 0, self._heads, self._positions, self._size), np.float32)
        self._make_room(1)

    @property
    def length(self) -> int:
        """How many positions have been read."""
        return int(self._at)

    @property
    def positions(self) -> int:
        """How many can be read."""
        return int(self._positions)

    def rewind(self, length: int = 0) -> None:
        """Forget all but the first `length` positions."""
        if not 0 <= length <= self.length:
            raise ValueError(f"cannot go back to {length}: {self.length} positions were read")
        self._at[...] = length

    def read(self, ids: Sequence[Sequence[int]], kept: int = 1) -> Floats:
        """Read `ids` [batch, n] after what was read; row i goes on from row i.

        Logits [batch, kept, vocabulary] of the last positions: a view that the next call overwrites. After the first
        call n must be 1 unless batch is 1.
        """
        batch, count = len(ids), len(ids[0])
        if self.length + count > self._positions:
            raise ValueError(f"{self.length + count} positions are more than the {self._positions} of this student")
        if not 1 <= kept <= count:
            raise ValueError(f"{count} positions are read, so the logits of {kept} cannot be kept")
        if batch > self._past.shape[1]:
            self._make_room(batch)
        self._kept[...] = kept
        logits = self._bound(batch).run(ids, kept)
        self._at += count
        return logits

    def choose(self, rows: Sequence[int]) -> None:
        """Let row i go on from where row `rows[i]` was."""
        if len(rows) > self._past.shape[1]:
            self._make_room(len(rows))
        moved = [i for i, row in enumerate(rows) if i != row]
        if moved:
            come_from = [rows[i] for i in moved]
            self._past[:, moved, :, : self.length] = self._past[:, come_from, :, : self.length]

    def _make_room(self, rows: int) -> None:
        """Buffers [keys and values of each layer, rows, heads, positions, size] for more rows, what was read kept."""
        past = np.zeros((2 * self._layers, rows, self._heads, self._positions, self._size), np.float32)
        past[:, : self._past.shape[1]] = self._past
        self._past = past
        self._bindings: dict[int, _Binding] = {}

    def _bound(self, batch: int) -> _Binding:
        if batch not in self._bindings:
            scalars = {"at": self._at, "kept": self._kept}
            self._bindings[batch] = _Binding(self._session, self._past[:, :batch], scalars, self._vocabulary)
        return self._bindings[batch]


class _Binding:
    """The graph's inputs and outputs for one number of rows, tied to memory once."""

    def __init__(self, session: Any, past: Floats, scalars: Mapping[str, Any], vocabulary: int) -> None:
        self._session, self._rows, self._vocabulary = session, past.shape[1], vocabulary
        self._ids = np.zeros((past.shape[1], 1), np.int64)
        self._one = ort.OrtValue.ortvalue_from_numpy(self._ids)
        self._logits: dict[int, tuple[Floats, Any]] = {}
        self._io = session.io_binding()
        for name, array in scalars.items():
            self._io.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        for layer in range(len(past) // 2):
            for kind, name in enumerate("kv"):
                value = ort.OrtValue.ortvalue_from_numpy(past[2 * layer + kind])
                self._io.bind_ortvalue_input(f"past_{name}_{layer}", value)
                self._io.bind_ortvalue_output(f"present_{name}_{layer}", value)

    def run(self, ids: Sequence[Sequence[int]], kept: int) -> Floats:
        """One run of the graph; logits [rows, kept, vocabulary]."""
        if len(ids[0]) == 1:
            self._ids[...] = ids
            self._io.bind_ortvalue_input("ids", self._one)
        else:
            self._io.bind_ortvalue_input("ids", ort.OrtValue.ortvalue_from_numpy(np.asarray(ids, np.int64)))
        if kept not in self._logits:
            logits = np.zeros((self._rows, kept, self._vocabulary), np.float32)
            self._logits[kept] = logits, ort.OrtValue.ortvalue_from_numpy(logits)
        logits, value = self._logits[kept]
        self._io.bind_ortvalue_output("logits", value)
        self._session.run_with_iobinding(self._io)
        return logits
