"""What `python -m kd_training.ablate` asks and says where it cannot compare."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.config import load_settings
from kd_training.ablate import main, taught_stage
from kd_training.recipe import opened
from kd_training.recipe_file import load_recipe
from kd_training.run_day import FILE, note
from kd_training.teaching import Teacher, teacher_of
from tests.scripted_teacher import scripted
from tests.tiny_recipe import RECIPE, synthesized, written
from tests.tiny_student import TODAY

TAUGHT = f"""{RECIPE}
[teacher]
source = "server"
samples = 1
temperature = 0

[[stage]]
name = "untaught"
taught = false

[[stage]]
name = "taught"
"""


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYNAH_TODAY", TODAY.isoformat())
    monkeypatch.setenv("MYNAH_DATABASE_URL", f"sqlite:///{tmp_path / 'shops.db'}")
    return monkeypatch


def ablate(folder: Path, *more: str) -> int:
    return main(["--config", str(folder / "recipe.toml"), "--budget-steps", "1", "--seeds", "1", *more])


def turned_away(folder: Path, settings: pytest.MonkeyPatch) -> str | None:
    """Compare with a teacher that wants another key; the key that it was given."""
    with scripted(lambda body: "x", key="another") as server:
        for name, value in {"URL": server.url, "STATES_URL": server.url, "KEY": "nest", "STYLE": "student"}.items():
            settings.setenv(f"MYNAH_TEACHER_{name}", value)
        assert ablate(folder) == 1
    return server.asked[0][1]


def test_the_first_stage_that_is_taught_is_compared(tmp_path: Path) -> None:
    written(tmp_path, TAUGHT)
    assert taught_stage(load_recipe(tmp_path / "recipe.toml")).name == "taught"


def test_the_teacher_is_the_one_of_the_settings(settings: pytest.MonkeyPatch) -> None:
    told = {"URL": "http://a", "STATES_URL": "http://b", "KEY": "nest", "MODEL": "m", "STYLE": "student"}
    for name, value in {**told, "ARGUMENTS": "--dtype 'b f'"}.items():
        settings.setenv(f"MYNAH_TEACHER_{name}", value)
    found = load_settings()
    arguments = ("--dtype", "b f")
    expected = Teacher(found.teacher_python, "m", "student", "http://a", "http://b", "nest", arguments)
    assert teacher_of(found) == expected
    assert teacher_of(found, "http://typed").url == "http://typed"


def test_a_teacher_that_cannot_be_used_is_a_sentence(
    tmp_path: Path, settings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = written(tmp_path, TAUGHT)
    with opened(tmp_path / "recipe.toml", url, None, TODAY) as run:
        synthesized(run, url)
    assert turned_away(tmp_path, settings) == "Bearer nest"
    assert "wants another key" in capsys.readouterr().err


def test_what_was_stopped_goes_on_after_midnight(tmp_path: Path, settings: pytest.MonkeyPatch) -> None:
    url = written(tmp_path, TAUGHT)
    yesterday = date.today() - timedelta(days=1)
    with opened(tmp_path / "recipe.toml", url, None, yesterday) as run:
        synthesized(run, url, yesterday)
        before = run.directory
    note(before, yesterday)
    settings.delenv("MYNAH_TODAY")
    turned_away(tmp_path, settings)
    assert list(before.parent.iterdir()) == [before]


def test_the_first_call_writes_its_day_down(tmp_path: Path, settings: pytest.MonkeyPatch) -> None:
    url = written(tmp_path, TAUGHT)
    settings.delenv("MYNAH_TODAY")
    with opened(tmp_path / "recipe.toml", url, None, None) as run:
        synthesized(run, url, date.today())
    turned_away(tmp_path, settings)
    assert (run.directory / FILE).exists()


def test_what_cannot_be_followed_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path)
    assert ablate(tmp_path) == 2
    assert "no table [teacher]" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        ablate(tmp_path, "--only", "no such variant")
    assert "no such variant" in capsys.readouterr().err
    (tmp_path / "recipe.toml").unlink()
    assert ablate(tmp_path) == 2
    assert "recipe.toml cannot be read" in capsys.readouterr().err
