"""Which files a database id stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.database import DatabaseError
from eval_harness.databases import database_files


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(folder: Path, name: str = "") -> list[str]:
    return [str(path.relative_to(folder)) for path in database_files(folder, name)]


def test_spiders_layout_and_test_suites(tmp_path: Path) -> None:
    folder = touch(tmp_path, "town/town.sqlite", "town/a.sqlite", "town/schema.sql", "sea/sea.sqlite")
    assert names(folder, "town") == ["town/town.sqlite", "town/a.sqlite"]
    assert names(folder, "sea") == ["sea/sea.sqlite"]


def test_one_file_a_database(tmp_path: Path) -> None:
    folder = touch(tmp_path, "town.sqlite", "sea.db")
    assert names(folder, "town") == ["town.sqlite"] and names(folder, "sea") == ["sea.db"]


def test_copies_of_one_database(tmp_path: Path) -> None:
    assert names(touch(tmp_path, "b.sqlite", "a.db", "notes.txt")) == ["a.db", "b.sqlite"]


@pytest.mark.parametrize("name", ["sky", "", "../town", "..", "/etc"])
def test_what_is_not_there(tmp_path: Path, name: str) -> None:
    touch(tmp_path, "inner/town/town.sqlite")
    with pytest.raises(DatabaseError) as caught:
        database_files(tmp_path / "inner", name)
    assert caught.value.kind == "missing"


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no folder"):
        database_files(tmp_path / "nowhere", "town")
