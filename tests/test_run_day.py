"""A run without a set day that was stopped goes on after midnight."""

from __future__ import annotations

import json
import logging
from datetime import date, timedelta
from pathlib import Path

import pytest

from kd_training.recipe import opened, run_recipe
from kd_training.run_day import FILE, day_of, note
from tests.tiny_recipe import synthesized, written

NOW = date.today()
BEFORE = NOW - timedelta(days=3)


def place(folder: Path, url: str, day: date | None) -> Path:
    """Where a run of that day lies."""
    with opened(folder / "recipe.toml", url, None, day) as run:
        return run.directory


def test_a_stopped_run_goes_on_with_its_day_and_a_finished_one_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = written(tmp_path)
    with opened(tmp_path / "recipe.toml", url, None, BEFORE) as run:
        synthesized(run, url, BEFORE)
        stopped = run.directory
    assert place(tmp_path, url, None) == place(tmp_path, url, NOW)  # its day was set, so it has no day of its own
    note(stopped, BEFORE)
    with caplog.at_level(logging.WARNING):
        made = run_recipe(tmp_path / "recipe.toml", url, None, None)
    assert f"going on with the run of {BEFORE}" in caplog.text
    assert json.loads((made / "manifest.json").read_text())["origin"]["made_on"] == str(BEFORE)
    assert json.loads((stopped / FILE).read_text()) == {"day": str(BEFORE), "finished": True}
    assert place(tmp_path, url, None) == place(tmp_path, url, NOW) != stopped
    note(stopped, BEFORE)
    assert place(tmp_path, url, NOW) != stopped  # a day that is set is the day
    (tmp_path / "recipe.toml").write_text((tmp_path / "recipe.toml").read_text() + "\nlr = 0.1\n")
    assert place(tmp_path, url, None) == place(tmp_path, url, NOW)  # another recipe goes its own way


def test_the_latest_unfinished_run_goes_on_unless_todays_has_begun(tmp_path: Path) -> None:
    def directory(day: date) -> Path:
        return tmp_path / f"run-{day}"

    assert day_of(directory, NOW) == NOW
    for days, finished in ((5, False), (2, False), (1, True)):
        note(directory(NOW - timedelta(days=days)), NOW - timedelta(days=days), finished)
    note(tmp_path / "run-other", NOW - timedelta(days=1))  # of another recipe
    (tmp_path / "run-odd").mkdir()
    (tmp_path / "run-odd" / FILE).write_text('{"day": 3')
    assert day_of(directory, NOW) == NOW - timedelta(days=2)
    note(directory(NOW), NOW)
    assert day_of(directory, NOW) == NOW
