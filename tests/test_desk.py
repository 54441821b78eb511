"""The desk behind the doors: answers kept and brought back, and what happens when something is missing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.desk import Desk
from bot.answer import Stage
from bot.config import Settings, load_settings
from bot.database import Result
from bot.feedback import Corrected, Rejected, Tally
from tests.tiny_student import TODAY, Tiny


def settings(tiny: Tiny, state: Path, student: Path | None = None) -> Settings:
    return load_settings(
        database_url=f"sqlite:///{tiny.database}", student_dir=student or tiny.student, state_dir=state,
        today=TODAY, threads=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def desk(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    opened = Desk(settings(tiny, tmp_path_factory.mktemp("desk")))
    opened.open()
    assert opened.state == "ready"
    yield opened
    opened.close()


def test_the_stages_of_an_answer_are_told_in_order(desk: Desk) -> None:
    told: list[Stage] = []
    asked = desk.ask("how many sales are there?", door="web", user_id="stages", watch=told.append)
    assert asked.answer.status == "answered"
    assert asked.not_kept == ""
    assert told == ["reading", "writing", "running"]


def test_history_is_the_persons_own_oldest_first_with_votes_and_corrections(desk: Desk) -> None:
    questions = ["how many sales are there?", "total amount by city", "what is the weather like?"]
    ids = [desk.ask(q, door="web", user_id="ann").answer.id for q in questions]
    desk.ask("how many shops do we have?", door="web", user_id="bob")
    desk.ask("how many shops do we have?", door="slack", user_id="ann")
    assert desk.vote(ids[0], "ann", 1) == Tally(1, 0, 1)
    assert desk.vote(ids[0], "bob", -1) == Tally(1, 1, -1)
    assert isinstance(desk.correct(ids[1], "ann", "SELECT 1 FROM shops"), Corrected)
    found = desk.history("ann", "web")
    assert [r.answer.question for r in found] == questions
    assert [r.vote for r in found] == [1, 0, 0]
    assert [r.row_count for r in found] == [1, 4, None]
    assert found[1].correction is not None
    assert found[2].answer.status == "refused"
    assert [r.answer.question for r in desk.history("ann", "web", 2)] == questions[1:]
    desk.vote(ids[0], "ann", 0)
    desk.retract_correction(ids[1], "ann")
    assert [(r.vote, r.correction) for r in desk.history("ann", "web")] == [(0, None)] * 3


def test_an_earlier_answer_has_its_rows_at_hand_or_runs_again(desk: Desk) -> None:
    answer = desk.ask("total amount by city", door="web", user_id="again").answer
    assert desk.result_at_hand(answer.id) == answer.result
    assert desk.result_at_hand("unknown") is None
    again = desk.run_again(answer.sql or "")
    assert isinstance(again, Result)
    assert answer.result is not None
    assert again.rows == answer.result.rows
    for wrong in ("DROP TABLE sales", "SELECT nothing FROM nowhere", ""):
        assert isinstance(desk.run_again(wrong), Rejected), wrong


def test_results_at_hand_have_a_bound(desk: Desk) -> None:
    first = desk.ask("list all sales", door="web", user_id="bound").answer
    assert first.result is not None
    for _ in range(200_000 // (len(first.result.rows) * 4)):
        desk.ask("list all sales", door="web", user_id="bound")
    last = desk.ask("list all sales", door="web", user_id="bound").answer
    assert desk.result_at_hand(first.id) is None
    assert desk.result_at_hand(last.id) is not None


def test_half_a_character_costs_nothing(desk: Desk) -> None:
    asked = desk.ask("how many sales are there? \ud83d", door="web", user_id="half")
    assert asked.not_kept == ""
    assert desk.history("half", "web")


def test_many_ask_at_once(desk: Desk) -> None:
    def ask() -> None:
        desk.ask("how many shops do we have?", door="web", user_id="many")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = desk.history("many", "web")
    assert [r.answer.status for r in found] == ["answered"] * 8


def test_a_desk_that_could_not_open_says_why_and_opens_later(tiny: Tiny, tmp_path: Path) -> None:
    student = tmp_path / "student"
    desk = Desk(settings(tiny, tmp_path / "state", student))
    assert desk.ask("anything", door="web", user_id="u").answer.status == "failed"
    desk.open()
    assert str(desk.state) == "closed"
    assert str(student) in desk.trouble
    assert desk.ask("anything", door="web", user_id="u").answer.message == desk.trouble
    for outcome in (desk.vote("a", "u", 1), desk.correct("a", "u", "SELECT 1"), desk.run_again("SELECT 1")):
        assert isinstance(outcome, Rejected)
    shutil.copytree(tiny.student, student)
    desk.open()
    assert desk.state == "ready"
    assert desk.trouble == ""
    assert desk.ask("how many sales are there?", door="web", user_id="u").answer.status == "answered"
    desk.close()


def test_a_memory_that_cannot_be_opened_costs_no_answer(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    lost = settings(tiny, tmp_path / "state").model_copy(
        update={"state_url": load_settings(state_url=f"sqlite:///{tmp_path / 'file' / 's.db'}").state_url}
    )
    desk = Desk(lost)
    desk.open()
    asked = desk.ask("how many sales are there?", door="web", user_id="u")
    assert asked.answer.status == "answered"
    assert "s.db" in asked.not_kept
    assert desk.history("u", "web") == []
    assert isinstance(desk.vote(asked.answer.id, "u", 1), Rejected)
    desk.close()
