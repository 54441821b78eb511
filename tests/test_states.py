"""Teacher states survive the disk, and a file that is none is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kd_training.states import StatesError, StatesFile, write_states


def test_states_come_back_by_key(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    written = {
        f"pair-{number}-é": (np.arange(number), random.standard_normal((number, 5)).astype(np.float16))
        for number in range(1, 30)
    }
    path = tmp_path / "states.safetensors"
    write_states(path, ((key, places, vectors) for key, (places, vectors) in written.items()))
    states = StatesFile(path)
    assert (states.width, len(states)) == (5, 29)
    for key, (places, vectors) in reversed(written.items()):
        found = states.get(key)
        assert found is not None
        assert found[0].tolist() == places.tolist()
        assert found[1].dtype == np.float32
        np.testing.assert_array_equal(found[1], vectors.astype(np.float32))
    assert states.get("unknown") is None
    assert [file.name for file in tmp_path.iterdir()] == ["states.safetensors"]


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        ([], "no teacher states"),
        ([("", [0], [[1.0]])], "not empty"),
        ([("a\nb", [0], [[1.0]])], "one line"),
        ([("a", [0], [[1.0]]), ("a", [0], [[1.0]])], "same key"),
        ([("a", [0, 1], [[1.0]])], "shapes"),
        ([("a", [0], [[1.0]]), ("b", [0], [[1.0, 2.0]])], "shapes"),
        ([("a", [0], [[1e6]])], "float16"),
        ([("a", [0], [[float("nan")]])], "float16"),
    ],
)
def test_states_that_cannot_be_kept_are_refused(
    tmp_path: Path, states: list[tuple[str, list[int], list[list[float]]]], fault: str
) -> None:
    with pytest.raises(StatesError, match=fault):
        write_states(tmp_path / "states.safetensors", states)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [None, b"", b"nothing of the kind", b"\x02\0\0\0\0\0\0\0{}"])
def test_files_that_hold_no_states_are_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "states.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StatesError, match=r"states\.safetensors"):
        StatesFile(path)
