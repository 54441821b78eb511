"""`mynah teacher` and `mynah distill` where there is no teacher: what is missing is said, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mynah_command import Mynah
from tests.test_recipe import RECIPE
from tests.tiny_student import Tiny


@pytest.fixture
def mynah(tiny: Tiny, tmp_path: Path) -> Mynah:
    return Mynah(tiny, tmp_path)


def test_without_a_server_there_is_nothing_to_stop(mynah: Mynah) -> None:
    status, stop = mynah("teacher", "status"), mynah("teacher", "stop")
    assert (status.code, status.out) == (1, "No server of the teacher was started here.\n")
    assert (stop.code, stop.out) == (0, "There was no server to stop.\n")


def test_without_vllm_a_start_says_how_to_get_it(mynah: Mynah) -> None:
    done = mynah("teacher", "start", teacher_python="nowhere/python")
    assert done.code == 1
    assert "There is no vLLM at nowhere/python: `make vllm` installs" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("teacher", "train"), "needs a recipe: --config"),
        (("teacher", "train", "--config", "plain.toml"), "has no table [teacher]"),
        (("teacher", "fly"), "fly"),
        (("distill", "--config", "taught.toml"), "teacher.samples: Input should be greater"),
        (("distill", "--config", "greedy.toml"), "set samples = 1"),
    ],
)
def test_what_cannot_be_followed_is_named(mynah: Mynah, arguments: tuple[str, ...], said: str) -> None:
    (mynah.folder / "plain.toml").write_text(RECIPE)
    (mynah.folder / "taught.toml").write_text(f"{RECIPE}\n[teacher]\nsamples = 0\n")
    (mynah.folder / "greedy.toml").write_text(f"{RECIPE}\n[teacher]\ntemperature = 0\n")
    done = mynah(*arguments)
    assert done.code == 2
    assert said in done.err
