"""A request that the teacher refuses: it costs that one question, and not for good."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kd_training.extract import Extraction, Forced, Words, extract_states, plain_lead
from kd_training.label import Labelling, Question, label, read_questions
from kd_training.questions import Ground
from kd_training.reword import Rewording, reword
from kd_training.states import open_states
from kd_training.teacher_client import TeacherError
from kd_training.tokenizer import train_tokenizer
from tests.scripted_teacher import Body, Says, Scripted, scripted
from tests.tiny_teacher import write_pairs

HOW = Labelling("scripted", samples=1, temperature=0.0)


@pytest.fixture
def questions(ground: Ground, tmp_path: Path) -> list[Question]:
    write_pairs(tmp_path / "pairs.jsonl", ground)
    return read_questions(tmp_path / "pairs.jsonl")


def knows(questions: list[Question]) -> Says:
    """The SQL of each question; of a prompt that is none, anything."""
    known = {question.prompt: question.target for question in questions}
    return lambda body: known.get(str(body.get("prompt")), "x")


def without_grammar(body: Body) -> str | None:
    """A server that does not read grammars."""
    return None if "structured_outputs" in body else "x"


def test_a_server_that_is_put_right_is_asked_again(ground: Ground, questions: list[Question], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with scripted(without_grammar) as teacher, teacher.client() as client:
        with pytest.raises(TeacherError, match="no such backend"):
            label(questions, client, ground, HOW, out, patience=6)
        teacher.says = knows(questions)
        figures = label(questions, client, ground, HOW, out, patience=6)
    assert (figures["asked_now"], figures["agreed"], figures["refused"]) == (len(questions), len(questions), 0)


def test_a_refusal_of_an_earlier_version_is_asked_again(
    ground: Ground, questions: list[Question], tmp_path: Path
) -> None:
    with scripted(knows(questions)) as teacher, teacher.client() as client:
        label(questions, client, ground, HOW, tmp_path)
        (file,) = (tmp_path / "labels").glob("*.jsonl")
        records = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
        records[2] |= {"said": [], "short": "", "faults": ["too long"]}
        file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        assert label(questions, client, ground, HOW, tmp_path)["asked_now"] == 1
        assert label(questions, client, ground, HOW, tmp_path)["asked_now"] == 0


def test_one_refused_question_costs_itself_alone(ground: Ground, questions: list[Question], tmp_path: Path) -> None:
    def picky(body: Body) -> str | None:
        return None if "list all sales" in str(body.get("prompt")) else knows(questions)(body)

    with scripted(picky) as teacher, teacher.client() as client:
        figures = label(questions, client, ground, HOW, tmp_path)
        assert (figures["agreed"], figures["refused"]) == (len(questions) - 1, 1)
        assert label(questions, client, ground, HOW, tmp_path)["asked_now"] == 1
        teacher.says = knows(questions)
        assert label(questions, client, ground, HOW, tmp_path)["agreed"] == len(questions)


def test_a_refused_wording_is_asked_for_again(ground: Ground, questions: list[Question], tmp_path: Path) -> None:
    how = Rewording("scripted", ("terse",))
    with scripted(lambda body: None) as teacher, teacher.client() as client:
        assert reword(questions[:1], client, ground, how, tmp_path)["fates"] == {"refused": 1}
        teacher.says = lambda body: questions[0].target if "structured_outputs" in body else "number of sales"
        assert reword(questions[:1], client, ground, how, tmp_path)["fates"] == {"kept": 1}


def extracted(teacher: Scripted, questions: list[Question], out: Path, shard: int = 3) -> dict[str, int]:
    words = train_tokenizer([q.prompt + q.target for q in questions] * 2, 500, [])
    forced = [Forced(q.key, q.prompt, q.target, q.question) for q in questions]
    with teacher.client() as client:
        how = Extraction("scripted", 4, sample=100, shard=shard)
        return dict(extract_states(forced, client, Words(words, words, plain_lead(words)), how, out))


def test_a_pair_that_is_too_long_has_no_states(questions: list[Question], tmp_path: Path) -> None:
    long = replace(questions[0], key="long", prompt=questions[0].prompt * 20)
    with scripted(knows(questions), longest=150) as teacher:
        figures = extracted(teacher, [*questions, long], tmp_path / "out")
        again = extracted(teacher, [*questions, long], tmp_path / "out")
    assert (figures["pairs"], figures["without_states"], again["without_states"]) == (9, 1, 1)
    states = open_states(tmp_path / "out")
    assert states.get("long") is None
    assert all(states.get(question.key) is not None for question in questions)


def test_a_shard_of_such_pairs_alone_is_left_out(questions: list[Question], tmp_path: Path) -> None:
    long = replace(questions[0], key="long", prompt=questions[0].prompt * 20)
    with scripted(knows(questions), longest=150) as teacher:
        figures = extracted(teacher, [*questions, long], tmp_path / "out", shard=1)
    assert len(open_states(tmp_path / "out")) == len(figures["shards"]) == len(questions)  # type: ignore[arg-type]


def test_a_server_that_refuses_every_pair_is_named(questions: list[Question], tmp_path: Path) -> None:
    with scripted(knows(questions), longest=1) as teacher, pytest.raises(TeacherError, match=r"of any pair.*too long"):
        extracted(teacher, questions, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
