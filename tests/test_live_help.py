"""Live help: an unsure student asks the teacher; its answer is marked, held by the guard, and only nominates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.desk import Desk
from bot.config import ConfigError, load_settings
from bot.records import PairRow
from bot.store import Store
from kd_training.teacher_server import NAME
from tests.http_peer import peer
from tests.tiny_student import TODAY, Tiny
from tests.tiny_teacher import TinyTeacher

QUESTION = "how many sales are there?"
COUNT = "SELECT COUNT(*) FROM sales"


def desk_of(tiny: Tiny, folder: Path, url: str, **more: Any) -> Desk:
    settings = {
        "database_url": f"sqlite:///{tiny.database}", "student_dir": tiny.student, "state_dir": folder, "today": TODAY,
        "threads": 1, "live_teacher": True, "teacher_url": url, "teacher_model": NAME, "teacher_style": "student",
        "threshold": 1.0, **more,
    }  # fmt: skip
    desk = Desk(load_settings(**settings))
    desk.open()
    return desk


@contextmanager
def saying(text: str, status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    """A server that gives one answer to everything, and what it was asked."""
    asked: list[Any] = []

    def answer(path: str, key: str | None, body: bytes) -> tuple[int, bytes]:
        asked.append(json.loads(body))
        choice = {"text": text, "logprobs": {"token_logprobs": [0.0]}, "message": {"content": text}}
        return status, json.dumps({"choices": [choice]}).encode()

    with peer(answer) as url:
        yield url, asked


def test_the_teachers_answer_is_marked_kept_and_nominated(tiny: Tiny, tmp_path: Path) -> None:
    with saying("SELECT COUNT(*) FROM shops") as (url, asked):
        desk = desk_of(tiny, tmp_path, url)
        answer = desk.ask(QUESTION, door="web", user_id="u").answer
        assert desk.ask("what is the weather like?", door="web", user_id="u").answer.code != "teacher"
        desk.close()
    assert len(asked) == 1 and "grammar" in asked[0]["structured_outputs"]
    assert (answer.status, answer.code, answer.student_version) == ("unsure", "teacher", f"teacher:{NAME}")
    assert "asked the teacher" in answer.message and answer.result is not None and answer.result.rows == ((4,),)
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as store:
        (pair,) = store.read(lambda session: session.scalars(select(PairRow)).all())
    assert (pair.status, pair.user_id, pair.question) == ("nominated", "teacher", QUESTION)


def test_a_teacher_that_says_the_same_is_told_so(tiny: Tiny, tmp_path: Path) -> None:
    with saying(COUNT) as (url, _):
        desk = desk_of(tiny, tmp_path, url)
        assert "gives the same" in desk.ask(QUESTION, door="web", user_id="u").answer.message
        desk.close()


@pytest.mark.parametrize(
    ("text", "status"), [("CANNOT ANSWER", 200), ("DROP TABLE sales", 200), ("", 200), (COUNT, 500), (COUNT, 401)]
)
def test_a_teacher_that_is_no_help_changes_nothing(tiny: Tiny, tmp_path: Path, text: str, status: int) -> None:
    with saying(text, status) as (url, _):
        desk = desk_of(tiny, tmp_path, url)
        answer = desk.ask(QUESTION, door="web", user_id="u").answer
        desk.close()
    assert (answer.status, answer.code, answer.student_version) == ("unsure", "", "tiny-1")


def test_a_student_that_is_sure_asks_nobody(tiny: Tiny, tmp_path: Path) -> None:
    with saying(COUNT) as (url, asked):
        desk = desk_of(tiny, tmp_path, url, threshold=0.0)
        assert desk.ask(QUESTION, door="web", user_id="u").answer.status == "answered"
        desk.close()
    assert asked == []


def test_live_help_needs_a_server() -> None:
    with pytest.raises(ConfigError, match=r"live_teacher: .*teacher_url"):
        load_settings(live_teacher=True)


@pytest.mark.slow
@pytest.mark.needs("vllm")
def test_a_real_teacher_helps(tiny: Tiny, tiny_teacher: TinyTeacher, tmp_path: Path) -> None:
    desk = desk_of(tiny, tmp_path, tiny_teacher.url("generate"), live_teacher_seconds=120)
    answer = desk.ask(QUESTION, door="web", user_id="u").answer
    desk.close()
    assert (answer.code, answer.status) == ("teacher", "unsure")
    assert answer.result is not None and answer.result.rows == ((1500,),)
