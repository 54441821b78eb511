"""The terminal door: what `mynah ask`, `eval` and `check` print, write, keep, and say when something is wrong."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import Store
from tests.mynah_command import Mynah
from tests.tiny_student import SALES, Tiny

KEYS = {
    "question", "status", "sql", "columns", "rows", "row_count", "truncated", "confidence", "message",
    "student_version", "timings_ms",
}  # fmt: skip
HEAVY = {"bot.answer", "sqlalchemy", "sqlglot", "numpy", "onnxruntime", "pydantic", "tabulate", "torch", "nicegui"}


@pytest.fixture
def mynah(tiny: Tiny, tmp_path: Path) -> Mynah:
    return Mynah(tiny, tmp_path)


def test_an_answer_shows_sql_table_reading_and_origin(mynah: Mynah) -> None:
    done = mynah("ask", "total amount by city")
    assert (done.code, done.err) == (0, "")
    sql, table, reading, origin = done.out.strip().split("\n\n")
    assert sql.startswith("SELECT\n  shops.city,\n") and "JOIN shops" in sql
    assert table.splitlines()[0].split() == ["City", "Total", "amount"] and "$" in table
    assert "%" in reading and len(reading.splitlines()) == 1
    assert origin.startswith("4 rows · ") and origin.endswith("· student tiny-1")


def test_words_need_no_quotes(mynah: Mynah) -> None:
    done = mynah("ask", "how", "many", "sales", "last", "month?")
    assert done.code == 0 and "'2026-10-01'" in done.out


def test_json_holds_everything_and_nothing_else_is_printed(mynah: Mynah) -> None:
    done = mynah("ask", "--json", "how many sales in Nordport?")
    data = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert data.keys() >= KEYS
    assert (data["status"], data["row_count"], data["truncated"]) == ("answered", 1, False)
    assert data["sql"].endswith("WHERE shops.city = 'Nordport'")
    assert data["rows"] == [[_count(mynah.tiny, "Nordport")]] and len(data["columns"]) == 1
    assert 0.5 < data["confidence"] <= 1 and data["student_version"] == "tiny-1"
    assert set(data["timings_ms"]) == {"link", "predict", "check", "execute", "judge", "total"}


def test_a_long_result_is_cut_honestly_and_a_file_holds_all_of_it(mynah: Mynah) -> None:
    done = mynah("ask", "list all sales", "--csv", "sales.csv")
    assert done.code == 0
    assert "first 20 of 1,000 rows" in done.out and "cut" in done.out
    assert "--csv" not in done.out
    rows = list(csv.reader((mynah.folder / "sales.csv").read_text("utf-8-sig").splitlines()))
    assert len(rows) == 1 + 1000 and [row[0] for row in rows[1:4]] == ["1", "2", "3"]
    data = json.loads(mynah("ask", "--json", "list all sales").out)
    assert (data["row_count"], len(data["rows"]), data["truncated"]) == (1000, 1000, True)
    whole = json.loads(mynah("ask", "--json", "list all sales", rows=5000).out)
    assert (whole["row_count"], whole["truncated"]) == (SALES, False)
    assert "Add --csv FILE to keep all 1,500" in mynah("ask", "list all sales", rows=5000).out


def test_a_chart_where_one_suits(mynah: Mynah) -> None:
    assert mynah("ask", "total amount by month", "--chart", "months.png").code == 0
    assert (mynah.folder / "months.png").read_bytes().startswith(b"\x89PNG")
    done = mynah("ask", "how many shops do we have?", "--chart", "none.png")
    assert done.code == 0 and "none.png was not written" in done.err
    assert not (mynah.folder / "none.png").exists()


def test_unsure_is_said_and_is_still_an_answer(mynah: Mynah) -> None:
    done = mynah("ask", "how many shops do we have?", threshold=1)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("I am not sure") and "% sure" in done.out


def test_a_refusal_is_a_sentence_on_stderr(mynah: Mynah) -> None:
    done = mynah("ask", "what is the weather like?")
    assert (done.code, done.out) == (1, "") and "sales or shops" in done.err
    data = json.loads(mynah("ask", "--json", "what is the weather like?").out)
    assert (data["status"], data["sql"], data["rows"]) == ("refused", None, [])


def test_answers_are_kept(mynah: Mynah) -> None:
    data = json.loads(mynah("ask", "--json", "how many sales are there?").out)
    with Store.open(f"sqlite:///{mynah.folder / 'state' / 'state.db'}") as store:
        kept = store.answer(data["id"])
    assert kept is not None
    assert (kept.question, kept.door, kept.sql) == ("how many sales are there?", "terminal", data["sql"])


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))


def test_a_memory_that_cannot_be_written_never_costs_the_answer(mynah: Mynah) -> None:
    nowhere = mynah("ask", "how many sales are there?", state_url="sqlite:////dev/null/state.db")
    full = mynah("ask", "how many sales are there?", before=_small_files)
    for done in (nowhere, full):
        assert done.code == 0 and f"{SALES:,} sales." in done.out
        assert done.err.startswith("mynah: This answer was not kept.") and done.err.count("\n") == 1
    assert json.loads(mynah("ask", "--json", "how many sales are there?", before=_small_files).out)["row_count"] == 1


def test_a_locked_database(mynah: Mynah) -> None:
    path = mynah.folder / "locked.db"
    shutil.copyfile(mynah.tiny.database, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        done = mynah("ask", "how many sales are there?", database_url=path)
    assert (done.code, done.out) == (1, "") and "locked" in done.err
    assert mynah("ask", "how many sales are there?", database_url=path).code == 0


@pytest.mark.parametrize("name", ["student.onnx", "tokenizer.json", "words.json", "schema.json"])
def test_a_student_with_a_changed_byte_does_not_serve(mynah: Mynah, name: str) -> None:
    student = mynah.folder / "student"
    shutil.copytree(mynah.tiny.student, student)
    content = bytearray((student / name).read_bytes())
    content[len(content) // 2] ^= 1
    (student / name).write_bytes(content)
    done = mynah("ask", "how many sales are there?", "--json", "--student", str(student))
    assert done.code == 1 and f"{student / name} is not the file" in done.err
    assert json.loads(done.out)["status"] == "failed" and name in json.loads(done.out)["message"]


def test_an_unfinished_student_and_one_for_another_database(mynah: Mynah) -> None:
    student = mynah.folder / "student"
    shutil.copytree(mynah.tiny.student, student)
    (student / "manifest.json").unlink()
    assert "not a finished student" in mynah("ask", "hello there", "--student", str(student)).err
    other = mynah.folder / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE sales (id INTEGER PRIMARY KEY)")
    done = mynah("ask", "how many sales are there?", "--db", f"sqlite:///{other}")
    assert done.code == 1 and "another database" in done.err


def test_settings_that_are_wrong(mynah: Mynah) -> None:
    file = mynah.folder / "mynah.toml"
    for text, names in (("rowz = 3", "rowz"), ("rows = 'many'", "rows"), ("rows = ", "mynah.toml cannot be read")):
        file.write_text(text)
        done = mynah("ask", "how many sales are there?")
        assert (done.code, done.out) == (2, "") and names in done.err
    file.unlink()
    assert "beam" in mynah("ask", "how many sales are there?", beam="wide").err
    typo = mynah("ask", "how many sales are there?", databse_url="x")
    assert typo.code == 2 and "did you mean MYNAH_DATABASE_URL?" in typo.err


def test_settings_come_from_the_file(mynah: Mynah) -> None:
    (mynah.folder / "mynah.toml").write_text("rows = 7\n")
    assert json.loads(mynah("ask", "--json", "list all sales").out)["row_count"] == 7
    assert json.loads(mynah("ask", "--json", "list all sales", rows=8).out)["row_count"] == 8


def test_the_demo_is_built_when_it_is_first_needed(mynah: Mynah) -> None:
    (mynah.folder / "sql.jsonl").write_text(
        '{"id": "a", "sql": "SELECT COUNT(*) FROM orders"}\n\n'
        '{"id": 2, "sql": "SELECT * FROM orders o JOIN nowhere n ON n.id = o.id"}\n'
        '{"id": "c", "sql": "DROP TABLE orders"}\n'
    )
    for dialect in ("sqlite", "postgres", "mysql"):
        command = ("check", "--dialect", dialect, "--file", "sql.jsonl", "--json", "verdicts.json")
        done = mynah(*command, database_url=None)
        assert (done.code, done.err, done.out) == (0, "", "1 accepted, 2 rejected.\n")
        verdicts = json.loads((mynah.folder / "verdicts.json").read_text())
        assert [(v["id"], v["accepted"]) for v in verdicts] == [("a", True), (2, False), ("c", False)]
        assert all(v.keys() == {"id", "accepted", "code", "message"} for v in verdicts)
        assert not verdicts[0]["code"] and all(v["code"] and v["message"] for v in verdicts[1:])
    assert (mynah.folder / "state" / "harbor-and-pine.db").is_file()
    nowhere = mynah("ask", "how many orders?", database_url=None, state_dir="/dev/null/state")
    assert nowhere.code == 1 and "state_dir" in nowhere.err


def test_eval_reports_and_writes(mynah: Mynah) -> None:
    lines = [
        {"id": "right", "question": "how many shops do we have?", "sql": ["SELECT COUNT(*) FROM shops"]},
        {"id": "wrong", "question": "how many sales are there?", "sql": ["SELECT COUNT(*) + 1 FROM sales"]},
        {"id": "none", "question": "what is the weather like?", "sql": []},
    ]
    (mynah.folder / "set.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = mynah("eval", "set.jsonl", "--json", "report.json", "--html", "report.html")
    assert done.code == 0 and "50.0%  (1 of 2" in done.out
    report = json.loads((mynah.folder / "report.json").read_text())
    assert (report["n"], report["answer_accuracy"], report["refused_unanswerable"]) == (3, 0.5, 1.0)
    assert (report["guard_rejections"], report["database_errors"]) == (0, 0)
    assert [e["correct"] for e in report["examples"]] == [True, False, True]
    page = (mynah.folder / "report.html").read_text("utf-8")
    assert "Evaluation of set" in page and "tiny-1" in page and str(mynah.tiny.database.parent) not in page


def test_eval_refuses_bad_files_before_it_begins(mynah: Mynah) -> None:
    (mynah.folder / "bad.jsonl").write_text('{"id": "a", "question": "q", "sql": ["SELECT 1"]}\n{"id": \n')
    done = mynah("eval", "bad.jsonl")
    assert (done.code, done.out) == (2, "") and "bad.jsonl, line 2" in done.err
    assert mynah("eval", "missing.jsonl").code == 2
    for place, says in (("no/where.json", "no folder"), (".", "is a folder"), ("/dev/null", "not a file")):
        for option in ("--json", "--html"):
            done = mynah("eval", "bad.jsonl", option, place)
            assert done.code == 2 and says in done.err


def test_check_refuses_a_bad_line(mynah: Mynah) -> None:
    for line in ("nonsense", "[]", '{"id": "a"}', '{"sql": "SELECT 1"}', '{"id": "a", "sql": 3}'):
        (mynah.folder / "bad.jsonl").write_text(f'{{"id": "ok", "sql": "SELECT 1"}}\n{line}\n')
        done = mynah("check", "--dialect", "sqlite", "--file", "bad.jsonl")
        assert (done.code, done.out) == (2, "") and "line 2" in done.err


def test_a_file_that_cannot_be_written_at_the_end(mynah: Mynah) -> None:
    done = mynah("ask", "list all sales", "--csv", "sales.csv", before=_small_files)
    assert done.code == 1 and "first 20 of 1,000 rows" in done.out and "sales.csv could not be written" in done.err


def test_a_reader_that_goes_away_is_no_fault(mynah: Mynah) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "adapters.terminal", "ask", "list all sales"]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        command, cwd=root, env=mynah.environment(), stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


def test_version_and_help(mynah: Mynah) -> None:
    assert mynah("--version").out.startswith("mynah 0.")
    helped = mynah("--help")
    assert helped.code == 0
    for command in ("ask", "eval", "check", "distill", "serve", "bench"):
        assert f"\n  {command} " in helped.out
        assert mynah(command, "--help").code == 0
    nothing = mynah()
    assert (nothing.code, nothing.out) == (2, "") and "Commands:" in nothing.err


def test_to_import_the_terminal_is_cheap() -> None:
    code = f"import adapters.terminal, sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def _count(tiny: Tiny, city: str) -> int:
    sql = "SELECT COUNT(*) FROM sales JOIN shops ON shops.id = shop_id WHERE city = ?"
    with closing(sqlite3.connect(tiny.database)) as connection:
        return int(connection.execute(sql, (city,)).fetchone()[0])


def test_an_unsure_answer_can_be_told_what_was_meant(mynah: Mynah) -> None:
    asked = ("ask", "how many sales shops")
    done = mynah(*asked, threshold=1)
    assert "  1  Number of sales\n  2  Number of shops" in done.out and "add --pick N" in done.out
    picked = mynah(*asked, "--pick", "2", threshold=1)
    assert picked.code == 0 and "FROM shops" in picked.out and "I am not sure" not in picked.out
    data = json.loads(mynah(*asked, "--json", threshold=1).out)
    assert [r["words"] for r in data["readings"]] == ["Number of sales", "Number of shops"]
    assert data["readings"][1]["sql"] == "SELECT COUNT(*) FROM shops"
    beyond = mynah(*asked, "--pick", "3", threshold=1)
    assert beyond.code == 2 and "there are 2 readings" in beyond.err
    sure = mynah("ask", "how many sales are there?", "--pick", "1")
    assert (sure.code, sure.out) == (2, "") and "--pick is for answers that are unsure" in sure.err
