"""What is held out of training stays out, whatever a teacher says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.prompt import prompt, render
from kd_training.questions import Ground
from kd_training.synthesize.make import Pair, holds_out, split
from kd_training.teaching import Lessons, Taught, Teacher, Teaching
from tests.scripted_teacher import Body, scripted

HOLDOUT = 0.3
SQL = [f"SELECT {what} FROM {table}" for table in ("sales", "shops") for what in
       ("COUNT(*)", f"MAX({table}.id)", f"MIN({table}.id)", f"AVG({table}.id)", f"SUM({table}.id)",
        f"COUNT(DISTINCT {table}.id)")]  # fmt: skip
HELD = next(sql for sql in SQL if holds_out(sql, HOLDOUT))
FREE = next(sql for sql in SQL if not holds_out(sql, HOLDOUT))
OTHERWISE = HELD.replace("SELECT", "select").replace("FROM", "from")  # the same template, written in another way
ASKED = {"what is it?": FREE, "tell me that": FREE, "and this one?": FREE}


def line(ground: Ground, question: str, target: str) -> dict[str, str]:
    text = prompt(render(ground.link(question)))
    return {"prompt": text, "target": target, "question": question, "key": f"{question}-{target}"}


def written(folder: Path, ground: Ground) -> Path:
    """A stage's folder of pairs: three to learn, and one held out of each kind."""
    kinds: Mapping[str, Mapping[str, str]] = {
        "train": ASKED, "valid": {"How  large is the largest": HELD}, "phrasings": {"count what there is": FREE},
    }  # fmt: skip
    folder.mkdir()
    for name, pairs in kinds.items():
        told = "".join(json.dumps(line(ground, question, sql)) + "\n" for question, sql in pairs.items())
        (folder / f"{name}.jsonl").write_text(told, encoding="utf-8")
    return folder


def taught(ground: Ground, tmp_path: Path, url: str, **settings: Any) -> Taught:
    """What a teacher at `url` teaches of that stage."""
    teaching = Teaching(source="server", samples=1, temperature=0, states=False, **settings)
    teacher = Teacher(Path("python"), "teacher", "instruct", url)
    added = tmp_path / "added.jsonl"
    added.write_text(json.dumps(line(ground, "a person's own", HELD)) + "\n", encoding="utf-8")
    pairs = {"only": written(tmp_path / "pairs", ground)}
    return Lessons(teaching, teacher, pairs, tmp_path, ground, HOLDOUT, added).taught(lambda: Path(), 8)["only"]


def learned(made: Taught) -> list[tuple[str, str]]:
    lines = [json.loads(text) for text in made.data.read_text("utf-8").split("\n") if text]
    return [(found["question"], found["target"]) for found in lines]


def test_what_is_held_out_is_told_as_it_is_split() -> None:
    parts = split([Pair(sql, sql, sql, "family", "composed") for sql in SQL], HOLDOUT)
    assert {pair.target for pair in parts.valid} == {sql for sql in SQL if holds_out(sql, HOLDOUT)}
    assert parts.train and parts.valid


def test_a_label_of_a_held_out_template_is_not_learned(ground: Ground, tmp_path: Path) -> None:
    says = {"what is it?": HELD, "tell me that": OTHERWISE, "and this one?": FREE}

    def answer(body: Body) -> str:
        return next((sql for asked, sql in says.items() if asked in body.get("messages", [{}])[-1]["content"]), "x")

    with scripted(lambda body: answer(body) if "messages" in body else "x") as teacher:
        made = taught(ground, tmp_path, teacher.url)
    assert learned(made) == [("and this one?", FREE), ("a person's own", HELD)]
    assert made.told["held_out"] == {"targets_held_out": 2}
    assert made.told["labels"]["agreed"] == 3


def test_a_wording_of_what_is_held_out_is_not_learned(ground: Ground, tmp_path: Path) -> None:
    wordings = iter(["how large is the LARGEST?", "count what there is!", "a new question", "tell me more"] * 20)

    def answer(body: Body) -> str:
        said = body.get("messages", [{"content": ""}])[-1]["content"]
        return next(wordings) if "Write the question that it answers" in said else FREE

    with scripted(answer) as teacher:
        made = taught(ground, tmp_path, teacher.url, reword=3)
    kept = {question for question, _ in learned(made)} - {*ASKED, "a person's own"}
    assert kept == {"a new question", "tell me more"}
    assert made.told["held_out"] == {"targets_held_out": 0, "wordings_held_out": 2}
    assert made.told["rewording"]["kept"] == 4


def test_a_wording_that_comes_back_to_a_held_out_template_is_not_learned(ground: Ground, tmp_path: Path) -> None:
    # Two queries with the same answer: the wording goes back to the one that is held out.
    def answer(body: Body) -> str:
        said = body.get("messages", [{"content": ""}])[-1]["content"]
        if "Write the question that it answers" in said:
            return "a new question"
        return twin if "a new question" in said else FREE

    twin = next(sql for sql in (f"{FREE} LIMIT {n}" for n in range(1, 40)) if holds_out(sql, HOLDOUT))
    with scripted(answer) as teacher:
        made = taught(ground, tmp_path, teacher.url, reword=1)
    assert "a new question" not in {question for question, _ in learned(made)}
    assert made.told["held_out"]["wordings_held_out"] == 1
