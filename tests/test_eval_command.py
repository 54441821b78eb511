"""`mynah eval` as people run it: databases, predictions, copies, baselines, and what cannot be asked of it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from adapters.terminal import main
from bot.config import ROOT
from tests.mynah_command import Done, Mynah
from tests.tiny_student import SALES, Tiny

TABLES = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, age INTEGER);"
GOLD, LUCKY = "SELECT name FROM people WHERE age > 35", "SELECT name FROM people WHERE age >= 35"


@pytest.fixture
def mynah(tiny: Tiny, tmp_path: Path) -> Mynah:
    return Mynah(tiny, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two databases in Spider's layout, questions in Spider's format, predictions."""
    for name, rows in {"town": "(1, 'Ann', 30), (2, 'Bob', 40)", "sea": "(1, 'Cem', 50)"}.items():
        (tmp_path / "dbs" / name).mkdir(parents=True)
        with closing(sqlite3.connect(tmp_path / "dbs" / name / f"{name}.sqlite")) as connection:
            connection.executescript(f"{TABLES} INSERT INTO people VALUES {rows};")
    entries = [{"question": "Who is old?", "query": GOLD, "db_id": name} for name in ("town", "sea")]
    entries.append({"question": "Who?", "query": "SELECT nothing FROM people", "db_id": "sea"})
    (tmp_path / "dev.json").write_text(json.dumps(entries), encoding="utf-8")
    lines = [{"id": "0", "sql": LUCKY, "confidence": 0.5}, {"id": 1, "sql": GOLD, "latency_ms": 7}]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return tmp_path


def run(mynah: Mynah, *arguments: str, code: int = 0, out: str = "out.json") -> tuple[dict[str, Any], Done]:
    done = mynah("eval", *arguments, "--json", out)
    assert done.code == code, done.err
    return (json.loads((mynah.folder / out).read_text("utf-8")) if code == 0 else {}), done


def test_predictions_over_several_databases(mynah: Mynah, folder: Path) -> None:
    data, done = run(mynah, "dev.json", "--databases", "dbs", "--predictions", "p.jsonl")
    assert (data["n"], data["answerable"], data["answer_accuracy"]) == (3, 2, 1.0)
    assert [error["id"] for error in data["gold_errors"]] == ["2"]
    assert data["test_suite_accuracy"] is None and "one_database" not in data["variants"]
    assert data["variants"]["spider_test_suite"] == {
        "n": 2, "correct": 2, "accuracy": 1.0, "interval": data["variants"]["spider_test_suite"]["interval"]
    }  # fmt: skip
    assert data["variants"]["exact"]["correct"] == 1
    assert data["examples"][0]["confidence"] == 0.5 and data["examples"][1]["latency_ms"] == 7
    assert "right by the rules of" in done.out and "no prediction for 1 examples" in done.err


def test_fuzz_finds_the_lucky_one(mynah: Mynah, folder: Path) -> None:
    data, _ = run(mynah, "dev.json", "--databases", "dbs", "--predictions", "p.jsonl", "--fuzz", "3", "--jobs", "2")
    assert [e["correct"] for e in data["examples"]] == [False, True, False]
    assert [e["reason"] for e in data["examples"]] == ["lucky", "correct", "gold error"]
    assert data["answer_accuracy"] == data["test_suite_accuracy"] == 0.5
    assert data["variants"]["one_database"]["accuracy"] == 1.0


def test_copies_of_one_database_must_all_match(mynah: Mynah, folder: Path) -> None:
    (folder / "copies").mkdir()
    for name, age in {"a": 40, "b": 35}.items():
        with closing(sqlite3.connect(folder / "copies" / f"{name}.db")) as connection:
            connection.executescript(f"{TABLES} INSERT INTO people VALUES (1, 'Ann', {age});")
    (folder / "ours.jsonl").write_text(json.dumps({"id": "0", "question": "Who?", "sql": GOLD}), encoding="utf-8")
    (folder / "p.sql").write_text(f"{LUCKY}\n", encoding="utf-8")
    data, _ = run(mynah, "ours.jsonl", "--databases", "copies", "--predictions", "p.sql")
    assert data["test_suite_accuracy"] == 0 and data["variants"]["one_database"]["accuracy"] == 1


def test_a_student_beside_its_baselines(mynah: Mynah) -> None:
    lines = [
        {"id": "a", "question": "how many sales are there?", "sql": "SELECT COUNT(*) FROM sales"},
        {"id": "b", "question": "what is the weather like?"},
    ]
    (mynah.folder / "q.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    pairs = str(mynah.tiny.student.parent / "pairs.jsonl")
    data, done = run(
        mynah, "q.jsonl", "--fuzz", "2", "--baseline", "refuse", "--baseline", "retrieval", "--pairs", pairs
    )  # fmt: skip
    assert data["answer_accuracy"] == data["refused_unanswerable"] == data["test_suite_accuracy"] == 1
    assert data["examples"][0]["result"]["rows"] == [[SALES]]
    assert set(data["baselines"]) == {"refuse", "retrieval"}
    assert data["baselines"]["refuse"]["answer_accuracy"] == 0 and data["baselines"]["refuse"]["coverage"] == 0
    assert data["baselines"]["retrieval"]["answer_accuracy"] == 1 and "examples" not in data["baselines"]["refuse"]
    assert "baseline" in done.out


@pytest.mark.parametrize("reached", ["all", "one that judges"])
def test_ctrl_c_ends_all_that_judge(tmp_path: Path, reached: str) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) SELECT COUNT(*) FROM n"
    for folder in ("tmp", "dbs"):
        (tmp_path / folder).mkdir()
    for name in "abcdefgh":
        with closing(sqlite3.connect(tmp_path / "dbs" / f"{name}.sqlite")) as connection:
            connection.executescript(TABLES)
    entries = [{"question": "?", "query": slow, "db_id": name} for name in "abcdefgh"]
    (tmp_path / "dev.json").write_text(json.dumps(entries), encoding="utf-8")
    (tmp_path / "p.sql").write_text("SELECT 1\n" * 8, encoding="utf-8")
    command = [sys.executable, "-m", "adapters.terminal", "eval", "dev.json", "--databases", "dbs"]
    process = subprocess.Popen(
        [*command, "--predictions", "p.sql", "--jobs", "2"], cwd=tmp_path, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        while process.poll() is None and len(list((tmp_path / "tmp").glob("**/mynah-copies-*"))) < 2:
            time.sleep(0.05)
        if reached == "all":
            os.killpg(process.pid, signal.SIGINT)
        else:
            workers = [p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())]
            workers[0].send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=90)  # less than four rounds of queries of half a minute
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert (process.returncode, "Traceback" in err) == (130, False), err
    assert err.endswith("Stopped.\n") and not list((tmp_path / "tmp").iterdir())


BAD = {
    "two places": (["--db", "x", "--databases", "dbs"], "give one of the two"),
    "two bots": (["--student", "x", "--predictions", "p.jsonl", "--databases", "dbs"], "leave out --student"),
    "no place": (["--predictions", "p.jsonl"], "name their database (town): give --databases"),
    "a student of several databases": (["--databases", "dbs"], "a student knows one database"),
    "retrieval without pairs": (["--baseline", "retrieval", "--databases", "dbs"], "needs the training pairs"),
    "pairs without retrieval": (["--pairs", "x", "--databases", "dbs"], "for --baseline retrieval only"),
    "another format": (["--format", "bird", "--databases", "dbs"], "entry 1: 'SQL'"),
    "no such format": (["--format", "xml"], "--format"),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_asked(mynah: Mynah, folder: Path, options: list[str], words: str) -> None:
    done = mynah("eval", "dev.json", *options)
    assert done.code == 2 and words.lower() in done.err.replace("\n", " ").lower()


def test_a_database_that_is_not_there(mynah: Mynah, folder: Path) -> None:
    (folder / "dbs" / "sea" / "sea.sqlite").unlink()
    _, done = run(mynah, "dev.json", "--databases", "dbs", "--predictions", "p.jsonl", code=1)
    assert "holds no database 'sea'" in done.err


def test_an_incumbent_that_cannot_be_read_is_said_before_the_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    place = ["dev.json", "--databases", "dbs", "--predictions", "p.jsonl"]
    assert main(["eval", *place, "--against", "none.json", "--json", "out.json"]) == 2
    said = capsys.readouterr()
    assert "none.json cannot be read as a report" in said.err and not said.out
    assert not (folder / "out.json").exists()


@pytest.mark.parametrize("options", [["--json", "./dev.json"], ["--html", "p.jsonl"], ["--json", "x", "--html", "x"]])
def test_what_is_read_is_not_written_over(
    folder: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert main(["eval", "dev.json", "--databases", "dbs", "--predictions", "p.jsonl", *options]) == 2
    assert "would be written over" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_half_a_character_costs_no_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name, entry in {"half": {"question": "\ud83d?", "sql": "SELECT 1"}, "said": {"sql": "SELECT '\ud83d'"}}.items():
        (folder / f"{name}.jsonl").write_text(json.dumps({"id": "a", **entry}), encoding="utf-8")
    place = ["half.jsonl", "--db", "dbs/sea/sea.sqlite", "--predictions", "said.jsonl"]
    assert main(["eval", *place, "--json", "out.json", "--html", "out.html"]) == 0
    (example,) = json.loads((folder / "out.json").read_text("utf-8"))["examples"]
    assert (example["question"], example["sql"]) == ("\ud83d?", "SELECT '\ud83d'")
    assert (folder / "out.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_the_gate_says_no_with_the_exit_code(mynah: Mynah, folder: Path) -> None:
    asked = [{"id": str(i), "question": f"{i}?", "sql": GOLD} for i in range(60)]
    (folder / "many.jsonl").write_text("\n".join(map(json.dumps, asked)), encoding="utf-8")
    for name, wrong in (("good", 0), ("bad", 9)):
        lines = [{"id": str(i), "sql": "SELECT 1" if i < wrong else GOLD} for i in range(60)]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    place = ("many.jsonl", "--db", "dbs/town/town.sqlite")
    run(mynah, *place, "--predictions", "good.jsonl", out="good.json")
    run(mynah, *place, "--predictions", "bad.jsonl", out="bad.json")
    better = mynah("eval", *place, "--predictions", "good.jsonl", "--against", "bad.json")
    assert (better.code, better.err.count("Traceback")) == (0, 0) and "The gate lets it through." in better.out
    worse = mynah("eval", *place, "--predictions", "bad.jsonl", "--against", "good.json")
    assert worse.code == 1 and "- answer accuracy may be worse by more than 5%" in worse.out
    odd = mynah("eval", "dev.json", "--databases", "dbs", "--predictions", "p.jsonl", "--against", "good.json")
    assert odd.code == 2 and "not over the same examples" in odd.err


def test_the_page_is_written(mynah: Mynah, folder: Path) -> None:
    done = mynah("eval", "dev.json", "--databases", "dbs", "--predictions", "p.jsonl", "--html", "page.html",
                 "--baseline", "refuse")  # fmt: skip
    page = (folder / "page.html").read_text("utf-8")
    assert done.code == 0 and "Who is old?" in page and "none: p.jsonl" in page and "refuse" in page
