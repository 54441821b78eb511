"""The README and the example settings say what the code is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bot.config import ROOT, Settings
from tests.readme_parts import PACKAGES, PARTS, README, between, settings_table, tree

EXAMPLE = ROOT / "mynah.toml.example"


@pytest.mark.parametrize("name", PARTS)
def test_made_parts_are_up_to_date(name: str) -> None:
    _, body, _ = between(README.read_text("utf-8"), name)
    assert body == PARTS[name](), "run: python -m tests.readme_parts"


def test_the_tree_names_every_file() -> None:
    shown = tree()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "__init__.py" and path.parent.name != "versions":
                assert re.search(rf"^ *{re.escape(path.name)} +\S", shown, re.MULTILINE), path


def test_the_table_names_every_setting() -> None:
    shown = settings_table()
    for name, field in Settings.model_fields.items():
        assert f"| `{name}` | `MYNAH_{name.upper()}` |" in shown
        assert field.description and field.description in shown


def test_the_two_commands_come_first() -> None:
    first = re.search(r"```\w*\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert first is not None
    assert [line.split()[:2] for line in first[1].strip().splitlines()] == [["make", "run"], [".venv/bin/mynah", "ask"]]


def test_commands_of_the_readme_exist() -> None:
    from adapters.terminal import app

    commands = {command.name for command in app.registered_commands}
    said = set(re.findall(r"^(?:\.venv/bin/)?mynah ([a-z]+)", README.read_text("utf-8"), re.MULTILINE))
    assert said and said == commands


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8")):
        assert "://" in target or (ROOT / target).exists(), target


def test_the_example_settings_are_all_of_them_and_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = EXAMPLE.read_text("utf-8")
    assert not [line for line in text.splitlines() if line and not line.startswith("#")], "all commented out"
    given = tomllib.loads("\n".join(re.findall(r"^#(\w+ = .*)$", text, re.MULTILINE)))
    assert given.keys() == Settings.model_fields.keys()
    (tmp_path / "mynah.toml").write_text("\n".join(re.findall(r"^#(\w+ = .*)$", text, re.MULTILINE)))
    monkeypatch.chdir(tmp_path)
    assert Settings().rows == given["rows"]
