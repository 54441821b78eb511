"""Settings: where they come from, which wins, and what a wrong one says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.config import ConfigError, Settings, load_settings

SECRET = "postgresql://bird:s3cr3t-nest@db/shop"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and none of the machine's own settings."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MYNAH_{name.upper()}", raising=False)
    return tmp_path


def test_without_any_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.database_url.get_secret_value() == "demo"
    assert (settings.rows, settings.today, settings.glossary) == (1000, None, None)
    assert settings.store_url == f"sqlite:///{settings.state_dir / 'state.db'}"


def test_file_then_environment_then_what_is_given(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "mynah.toml").write_text('rows = 7\nseconds = 2.5\ntoday = 2026-11-22\ndatabase_url = "file.db"\n')
    settings = load_settings()
    assert (settings.rows, settings.seconds, settings.today) == (7, 2.5, date(2026, 11, 22))
    monkeypatch.setenv("MYNAH_ROWS", "8")
    monkeypatch.setenv("MYNAH_DATABASE_URL", "env.db")
    settings = load_settings()
    assert (settings.rows, settings.seconds, settings.database_url.get_secret_value()) == (8, 2.5, "env.db")
    assert load_settings(rows=9).rows == 9
    assert load_settings(rows=None).rows == 8


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNAH_ROWS", "")
    assert load_settings().rows == 1000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", "many"),
        ("rows", "0"),
        ("rows", "100001"),
        ("seconds", "0"),
        ("seconds", "nan"),
        ("threshold", "1.5"),
        ("beam", "17"),
        ("web_port", "65536"),
        ("today", "tomorrow"),
        ("threads", "1.5"),
    ],
)
def test_a_wrong_value_names_its_setting(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"MYNAH_{name.upper()}", value)
    with pytest.raises(ConfigError, match=rf"\b{name}: "):
        load_settings()


def test_every_wrong_setting_is_named_at_once(here: Path) -> None:
    (here / "mynah.toml").write_text('rows = "x"\nbeam = 99\n')
    with pytest.raises(ConfigError, match=r"rows: .*; beam: "):
        load_settings()


def test_unknown_settings_are_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "mynah.toml").write_text("colour = 3\n")
    with pytest.raises(ConfigError, match="colour: "):
        load_settings()
    (here / "mynah.toml").unlink()
    monkeypatch.setenv("MYNAH_ROW", "3")
    with pytest.raises(ConfigError, match="no setting for the variable MYNAH_ROW; did you mean MYNAH_ROWS"):
        load_settings()


@pytest.mark.parametrize("content", [b"rows = ", b"rows = 1\nrows = 2", b"\xff\xfe", b"[[["])
def test_a_file_that_is_no_toml_is_named(here: Path, content: bytes) -> None:
    (here / "mynah.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"mynah\.toml"):
        load_settings()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(database_url=SECRET, state_url=SECRET)
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "s3cr3t" not in shown
    assert settings.database_url.get_secret_value() == settings.store_url == SECRET
    monkeypatch.setenv("MYNAH_ROWS", "s3cr3t")
    with pytest.raises(ConfigError) as caught:
        load_settings(database_url=SECRET, beam="s3cr3t")
    assert "s3cr3t" not in str(caught.value)


def test_settings_stay_as_they_are() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.rows = 3
