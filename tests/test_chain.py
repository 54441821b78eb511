"""The whole chain in miniature: a teacher trained, served by a real vLLM, labels, states, distillation, export."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from bot.answer import Bot
from bot.config import ROOT
from bot.database import Limits
from bot.linking import build_index
from bot.student import Student
from eval_harness.evaluate import Prediction, evaluate
from eval_harness.example import read_examples
from eval_harness.gate import gate
from eval_harness.report import to_json
from eval_harness.run_sql import guarded, read_only
from kd_training.ablate import VARIANTS, ablate, table
from kd_training.ablate_serving import SWITCHES
from kd_training.recipe import opened, run_recipe
from kd_training.taking_turns import turn
from kd_training.teaching import Teacher
from tests.demo_corpus import CORPUS, GLOSSARY, TODAY, Ground
from tests.tiny_teacher import VLLM_PYTHON

pytestmark = [pytest.mark.slow, pytest.mark.needs("vllm")]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    ground = Ground.built(tmp_path / "demo.db")
    yield ground
    ground.close()


def test_a_teacher_is_trained_served_asked_and_learned_from(ground: Ground, tmp_path: Path) -> None:
    text = (ROOT / "demo" / "distill-small.toml").read_text("utf-8")
    text = re.sub(r"^max_minutes = .*$", "max_minutes = 0.2", text, flags=re.MULTILINE)
    (tmp_path / "recipe.toml").write_text(text.replace("runs/student-small", "student"), encoding="utf-8")
    shutil.copytree(CORPUS, tmp_path / "phrasings")
    teacher = Teacher(VLLM_PYTHON, "none")
    made = run_recipe(tmp_path / "recipe.toml", str(ground.path), GLOSSARY, TODAY, teacher)
    student = Student.load(made, ground.glossary, threads=1)
    origin = json.loads(json.dumps(student.manifest.origin))
    assert "stand-in" in origin["teacher"]
    teaching = origin["stages"][0]["teaching"]
    assert teaching["labels"]["questions"] == 40
    assert teaching["states"]["pairs"] > 40  # more than were labelled
    assert teaching["teacher"]["steps"] > 0
    with opened(tmp_path / "recipe.toml", str(ground.path), GLOSSARY, TODAY, teacher) as run:
        (taught,) = run.taught().values()  # everything is there: no server is started again
        measured = run.directory / "ablation-3"
        with ThreadPoolExecutor(1) as other:
            with turn(measured / "CE-alone-0"):  # another process is at this one: the rest is made meanwhile
                made = other.submit(ablate, run, 3, 2, [VARIANTS[0], VARIANTS[1]])
                while not (measured / "CE-alone-1" / "measured" / "00000.jsonl").exists():
                    with suppress(TimeoutError):
                        made.result(0.5)
                assert not (measured / "CE-alone-0" / "model").exists()
            assert made.result(300) == measured
        before = sorted((path, path.stat().st_mtime_ns) for path in measured.rglob("*") if path.is_file())
        assert ablate(run, 3, 2, [VARIANTS[0], VARIANTS[1]]) == measured
        assert sorted((path, path.stat().st_mtime_ns) for path in measured.rglob("*") if path.is_file()) == before
    assert taught.states is not None and taught.told == teaching
    rows = [line.split(" | ") for line in table(measured).splitlines()[4:]]
    assert [row[0] for row in rows] == [
        "| CE + 0.25 MSE", *(f"| CE + 0.25 MSE, {switch.name}" for switch in SWITCHES[1:]), "| CE alone",
    ]  # fmt: skip
    assert all(row[2].count(",") == 1 for row in rows)  # two seeds each
    assert "to" in rows[-1][3]
    index = build_index(ground.database, ground.schema, ground.glossary.values)
    bot = Bot(ground.database, ground.schema, ground.glossary, index, student, Limits(), today=TODAY)
    examples = read_examples(ROOT / "demo" / "questions.jsonl")[:5]
    report = evaluate(
        lambda question: Prediction("answered", bot.ask(question).sql), examples, read_only(str(ground.path)),
        guarded(ground.database),
    )  # fmt: skip
    assert report.n == 5
    # It is far too small to be let through, and the gate says so.
    verdict = gate(to_json(report), None)
    assert not verdict.passed and any("accuracy" in reason for reason in verdict.reasons)
