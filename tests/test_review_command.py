"""`mynah review` and `mynah pairs` as people and scripts run them."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.commands import review
from adapters.terminal import main
from bot.answer import Answer
from bot.database import Limits, connect
from bot.feedback import Corrected, Feedback, Tally
from bot.store import Store
from eval_harness.example import read_examples
from tests.mynah_command import Mynah
from tests.tiny_student import Tiny

COUNT = "SELECT COUNT(*) FROM sales"
NORD = "SELECT COUNT(*) FROM shops WHERE city = 'Nordport'"


@pytest.fixture
def mynah(tiny: Tiny, tmp_path: Path) -> Mynah:
    """With a vote by u1, a correction by u2, and a vote for a question whose time moves on."""
    mynah = Mynah(tiny, tmp_path)
    database = connect(f"sqlite:///{tiny.database}")
    with Store.open(f"sqlite:///{tmp_path / 'state' / 'state.db'}") as store:
        feedback = Feedback(store, database, database.schema(), Limits())
        for id_, question in (("a1", "how many sales?"), ("a2", "shops in Nordport"), ("a3", "sales last month")):
            answer = Answer(id_, question, "answered", "", sql=COUNT, student_version="tiny-1")
            store.save(answer, door="slack", user_id="asker", channel_id="C1")
        assert isinstance(feedback.vote("a1", "u1", 1, "good"), Tally)
        assert isinstance(feedback.correct("a2", "u2", NORD), Corrected)
        assert isinstance(feedback.vote("a3", "u1", 1), Tally)
    database.close()
    return mynah


def listed(mynah: Mynah) -> list[dict[str, Any]]:
    """The queue as a script sees it."""
    done = mynah("review", "--list", "--json")
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


def pairs(mynah: Mynah, *arguments: str) -> dict[int, dict[str, Any]]:
    """All pairs as a script sees them."""
    done = mynah("pairs", "list", "--json", *arguments)
    assert done.code == 0, done.err
    return {line["id"]: line for line in json.loads(done.out)}


def test_a_script_lists_and_decides(mynah: Mynah, tmp_path: Path) -> None:
    first, *rest = listed(mynah)
    assert (first["id"], first["source"], first["sql"], first["users"]) == (2, "correction", NORD, ["u2"])
    assert first["result"] == {"columns": ["COUNT(*)"], "rows": [[1]], "truncated": False}
    assert [entry["id"] for entry in rest] == [1, 3]
    approved = mynah("review", "--approve", "2", "--json")
    assert json.loads(approved.out)["status"] == "admitted"
    again = mynah("review", "--approve", "2")
    assert (again.code, again.out) == (1, "")
    assert "was admitted already" in again.err
    edited = mynah("review", "--edit", "1", "--sql", "SELECT COUNT(id) FROM sales")
    assert edited.code == 0, edited.err
    rejected = mynah("review", "--reject", "3", "--why", "not what was asked")
    assert rejected.out == "#3 rejected: a reviewer rejected it: not what was asked.\n"
    assert listed(mynah) == []
    assert mynah("review", "--list").out == "Nothing waits for review.\n"
    found = pairs(mynah)
    assert [found[n]["status"] for n in (1, 2, 3, 4)] == ["rejected", "admitted", "rejected", "admitted"]
    assert found[2]["reviewer"].startswith("terminal:")
    assert found[4]["user"] == found[2]["reviewer"]
    assert mynah("pairs", "regression", "--out", "regression.jsonl").code == 0
    examples = read_examples(tmp_path / "regression.jsonl")
    assert {(e.question, e.sql) for e in examples} == {
        ("shops in Nordport", (NORD,)), ("how many sales?", ("SELECT COUNT(id) FROM sales",)),
    }  # fmt: skip


def test_times_that_move_on_are_no_regression_test(mynah: Mynah, tmp_path: Path) -> None:
    assert mynah("review", "--approve", "3").code == 0
    done = mynah("pairs", "regression", "--out", "regression.jsonl")
    assert done.code == 1
    assert "times that move on" in done.err
    assert not (tmp_path / "regression.jsonl").exists()


def test_a_removed_user(mynah: Mynah) -> None:
    assert mynah("review", "--approve", "1").code == 0
    done = mynah("pairs", "remove", "--user", "slack:u1")
    assert done.out.startswith("slack:u1 counts no more: 2 of their pairs withdrawn, 0 that leaned")
    assert {line["status"] for line in pairs(mynah, "--user", "u1").values()} == {"withdrawn"}
    assert [line["id"] for line in listed(mynah)] == [2]
    assert mynah("pairs", "list", "--status", "withdrawn", "--user", "u2").out == "There are no such pairs.\n"
    assert "#2  nominated  [correction by slack:u2]" in mynah("pairs", "list").out


def test_for_people_the_list_says_what_helps_to_decide(mynah: Mynah) -> None:
    text = mynah("review", "--list").out
    assert "#2  shops in Nordport" in text
    assert "From: a correction, by u2 (slack); answered by student tiny-1" in text
    assert f"The student had said: {COUNT}" in text
    assert "1,500" in text
    assert "Comment: good" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("review", "--approve", "1", "--reject", "2"), "ne of --list, --approve"),
        (("review", "--edit", "1"), "--edit ID goes with --sql"),
        (("review", "--sql", "SELECT 1"), "--edit ID goes with --sql"),
        (("pairs", "remove"), "needs a user"),
        (("pairs", "regression"), "needs a file"),
        (("pairs", "fly"), "fly"),
    ],
)
def test_bad_usage(mynah: Mynah, arguments: tuple[str, ...], said: str) -> None:
    done = mynah(*arguments)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("option", ["--approve", "--reject", "--limit"])
def test_numbers_that_no_database_holds(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", option, "9" * 20]) == 2
    assert option in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sql", "said"),
    [("DROP TABLE sales", "Only queries that read"), ("SELECT nothing FROM sales", "nothing"), ("SELECT :v0", ":v0")],
)
def test_an_edit_is_checked(mynah: Mynah, sql: str, said: str) -> None:
    done = mynah("review", "--edit", "1", "--sql", sql)
    assert done.code == 1
    assert said in done.err
    assert pairs(mynah)[1]["status"] == "nominated"


def test_who_ends_the_line_instead_of_writing_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_: str) -> str:
        raise EOFError

    keys = iter("erq")
    monkeypatch.setattr(review.typer, "getchar", lambda: next(keys))
    monkeypatch.setattr("builtins.input", ended)
    queue = SimpleNamespace(edit=None, reject=None)
    desk = SimpleNamespace(review=queue, who=None, decided=None)
    entry = SimpleNamespace(id=1, sql=COUNT)
    assert review._Session(cast(Any, desk))._decide(cast(Any, entry)) is False
    assert list(keys) == []


def test_a_person_goes_through_the_queue_with_one_key_each(mynah: Mynah) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from adapters.terminal import main; sys.exit(main())", "review"],
        cwd=mynah.folder, env=mynah.environment() | {"TERM": "dumb"}, stdin=slave, stdout=slave, stderr=slave,
        close_fds=True,
    )  # fmt: skip
    os.close(slave)
    seen = ""

    def until(text: str) -> None:
        nonlocal seen
        deadline = time.monotonic() + 120
        while text not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 65536).decode("utf-8", "replace")
        seen = seen.partition(text)[2]

    def press(key: bytes) -> None:
        """One key, when one is waited for: what is typed before is thrown away."""
        until("[q]uit")
        deadline = time.monotonic() + 120
        while termios.tcgetattr(master)[3] & termios.ICANON:
            assert time.monotonic() < deadline, seen
            time.sleep(0.01)
        os.write(master, key)

    press(b"e")
    until(NORD)
    os.write(master, b" AND id > 1\n")
    until("admitted: a reviewer wrote it.")
    until("2 of 3")
    press(b"r")
    until("Why")
    os.write(master, b"no\n")
    until("rejected: a reviewer rejected it: no.")
    press(b"s")
    until("Nothing else waits")
    assert process.wait(60) == 0
    os.close(master)
    found = pairs(mynah)
    assert [found[n]["status"] for n in (1, 2, 3, 4)] == ["rejected", "rejected", "nominated", "admitted"]
    assert found[4]["sql"] == f"{NORD} AND id > 1"
