"""`mynah onboard`: a database nobody has worded gets a student that answers; and what cannot be onboarded says why."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from adapters.terminal import main
from bot.config import ROOT
from bot.database import connect
from bot.glossary import Glossary
from eval_harness.example import Example
from kd_training.onboard.examples import bring
from kd_training.onboard.recipe import recipe_text
from kd_training.questions import Ground
from tests.clinic import TODAY, build_clinic

_STEPS = 150


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    return build_clinic(tmp_path / "clinic.db")


def test_a_folder_that_holds_something_else_is_left_alone(
    clinic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    assert main(["onboard", str(clinic), "--out", str(tmp_path / "out")]) == 2
    assert "not a student" in capsys.readouterr().err
    assert (tmp_path / "out" / "thesis.txt").read_text() == "years of work"


def test_the_student_of_another_database_is_left_alone(
    clinic: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "demo" / "student", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert main(["onboard", str(clinic), "--out", str(tmp_path / "out")]) == 2
    assert "the student of another database" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.db", "--out", "out"], 1, "nowhere.db"),
        (["clinic.db", "--out", "clinic.db"], 2, "is a file"),
        (["clinic.db", "--out", "out", "--minutes", "0"], 2, "minutes"),
        (["clinic.db", "--out", "out", "--minutes", "nan"], 2, "minutes"),
        (["clinic.db", "--out", "out", "--examples", "none.jsonl"], 2, "none.jsonl"),
        (["clinic.db", "--out", "out", "--glossary", "none.toml"], 2, "none.toml"),
        (["clinic.db", "--out", "out", "--glossary", "misfit.toml"], 2, "no column patients.shoe_size"),
        (["empty.db", "--out", "out"], 2, "no table with rows"),
        (["demo", "--out", "out"], 2, "database of your own"),
    ],
)
def test_what_cannot_be_onboarded_says_why(
    clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], code: int, said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect(tmp_path / "empty.db") as connection:
        connection.execute("CREATE TABLE things (id INTEGER)")
    connection.close()
    (tmp_path / "misfit.toml").write_text('[synonyms]\n"patients.shoe_size" = ["size"]\n', encoding="utf-8")
    assert main(["onboard", *arguments]) == code
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_examples_are_learned_measured_with_or_named(clinic: Path) -> None:
    database = connect(str(clinic))
    ground = Ground.of(database, Glossary(), TODAY)
    few = [
        Example("1", "how many people came from Ulm?", ("SELECT COUNT(*) FROM patients WHERE city = 'Ulm'",)),
        Example("2", "who likes jazz?", (), kind="unanswerable"),
        Example("3", "oldest", ("SELECT nonsense FROM patients",)),
    ]
    brought = bring(few, ground)
    assert [pair.short for pair in brought.learned] == [
        "SELECT COUNT(*) FROM patients WHERE patients.city = :v0", "CANNOT ANSWER",
    ]  # fmt: skip
    assert [question for question, _ in brought.unsaid] == ["oldest"]
    tables = ("patients", "Doctors", "rooms", "patient_visits")
    columns = ("COUNT(*)", "COUNT(DISTINCT rowid)", "MIN(rowid)", "MAX(rowid)")
    many = [
        Example(f"{table} {column}", f"{column} {table}?", (f"SELECT {column} FROM {table}",))
        for table in tables for column in columns
    ]  # fmt: skip
    many += [
        Example(f"{city} {sign}", f"{city} {sign}", (f"SELECT COUNT(*) FROM patients WHERE city {sign} '{city}'",))
        for city in ("Ulm", "Jena", "Kassel", "Bremen") for sign in ("=", "<>")
    ]  # fmt: skip
    brought = bring(many, ground)
    assert len(brought.learned) + len(brought.measured) + len(brought.unsaid) == len(many)
    database.close()


@pytest.mark.slow
def test_a_clinic_gets_a_student_that_answers(
    clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So many steps, not minutes: what comes of it is the same on a slow machine."""
    monkeypatch.setenv("MYNAH_TODAY", str(TODAY))

    def stepped(*given: Any) -> str:
        return re.sub(r"max_minutes = .*", f"max_steps = {_STEPS}", recipe_text(*given))

    monkeypatch.setattr("kd_training.onboard.onboard.recipe_text", stepped)
    out = tmp_path / "student"
    assert main(["onboard", str(clinic), "--out", str(out), "--minutes", "2"]) == 0
    report = json.loads((tmp_path / "student-onboarding" / "report.json").read_text("utf-8"))
    right, asked = report["wordings"]
    assert asked > 15 and right > asked / 2
    assert str(report["student"]) in capsys.readouterr().out
    assert main(["ask", "how many patients are there?", "--db", str(clinic), "--student", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [[40]]
