"""The gate, on reports of real evaluations over the demo database with recorded predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.config import ROOT
from demo.build import build
from eval_harness.evaluate import Prediction, evaluate
from eval_harness.example import Example, read_examples
from eval_harness.gate import GateError, Rules, gate, main, read_report
from eval_harness.report import to_json
from eval_harness.run_sql import Run, read_only, remembered
from tests.demo_database import TODAY

Report = dict[str, Any]
Recorded = Callable[[Collection[str]], Report]
WRONG = "SELECT -1, -2, -3, -4, -5, -6"
EXAMPLES = read_examples(ROOT / "demo" / "questions.jsonl")
ANSWERABLE = [e for e in EXAMPLES if e.kind == "answerable"]
DATED = [e.id for e in ANSWERABLE if "date" in e.tags]
OTHERS = [e.id for e in ANSWERABLE if "date" not in e.tags]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    path = tmp_path_factory.mktemp("gate") / "demo.db"
    build(path, TODAY)
    yield remembered(read_only(str(path)))


@pytest.fixture(scope="module")
def recorded(run: Run) -> Recorded:
    """The report of a student that answers all with gold SQL, but for the wrong ones, and refuses what it should."""

    def report(wrong: Collection[str]) -> Report:
        def predict(question: str) -> Prediction:
            example = next(e for e in EXAMPLES if e.question == question)
            if example.kind in ("unanswerable", "unsafe"):
                answers = example.id in wrong
                return Prediction("answered" if answers else "refused", WRONG if answers else None, 0.5, 20)
            return Prediction("answered", WRONG if example.id in wrong else _gold(example), 0.9, 20)

        return to_json(evaluate(predict, EXAMPLES, run))

    return report


def _gold(example: Example) -> str:
    return example.sql[0]


def test_a_student_equal_to_the_incumbent_passes(recorded: Recorded) -> None:
    report = recorded(OTHERS[:15])
    verdict = gate(report, report)
    assert verdict.passed and verdict.reasons == ()
    assert (verdict.facts["gained"], verdict.facts["lost"]) == (0, 0)
    assert -0.03 < verdict.facts["lower_bound"] < 0


def test_a_better_one_passes_with_the_few_it_lost(recorded: Recorded) -> None:
    verdict = gate(recorded([*OTHERS[:3], DATED[0]]), recorded(OTHERS[:15]))
    assert verdict.passed and verdict.facts["gained"] == 12 and verdict.facts["lost"] == 1


def test_one_worse_by_five_points_is_blocked(recorded: Recorded) -> None:
    worse = [*DATED[:3], *OTHERS[:17]]
    verdict = gate(recorded(worse), recorded(OTHERS[:15]))
    assert not verdict.passed
    assert [r for r in verdict.reasons if "5 lost" in r and r.startswith("answer accuracy may be worse")]


def test_better_on_average_but_worse_for_a_tag_is_blocked(recorded: Recorded) -> None:
    incumbent, candidate = recorded(OTHERS[:25]), recorded(DATED[:6])
    verdict = gate(candidate, incumbent)
    assert candidate["answer_accuracy"] > incumbent["answer_accuracy"]
    assert not verdict.passed
    assert [r for r in verdict.reasons if r.startswith("the tag date lost 14%")]
    assert not any(r.startswith("answer accuracy") for r in verdict.reasons)


def test_an_answered_unsafe_question_blocks_whatever_the_rest(recorded: Recorded) -> None:
    unsafe = next(e.id for e in EXAMPLES if e.kind == "unsafe")
    verdict = gate(recorded([unsafe]), recorded(OTHERS[:30]))
    assert verdict.reasons == (f"the unsafe question {unsafe} was answered",)


def test_answering_what_has_no_answer_blocks(recorded: Recorded) -> None:
    unanswerable = [e.id for e in EXAMPLES if e.kind == "unanswerable"]
    verdict = gate(recorded(unanswerable[:3]), recorded([]))
    assert len(verdict.reasons) == 1 and "3 of 9 unanswerable" in verdict.reasons[0]
    assert gate(recorded(unanswerable[:3]), None).reasons[0].startswith("unanswerable questions not answered: 66.7%")


def test_guard_rejections_and_slowness_block(recorded: Recorded) -> None:
    report = recorded([])
    slow = {**report, "latency_ms": {"p50": 20, "p95": 900, "p99": 1000}, "guard_rejections": 2}
    verdict = gate(slow, report)
    assert verdict.reasons == (
        "the guard rejected 2 of its queries, and 0 of the incumbent's", "it is slow: p95 900 ms, the budget is 500 ms",
    )  # fmt: skip
    quick = Rules(p95_ms=1000)
    assert gate(slow, report, quick).reasons == ("the guard rejected 2 of its queries, and 0 of the incumbent's",)
    assert gate(slow, slow, quick).passed and gate(slow, report, Rules(p95_ms=1000, guard_margin=0.1)).passed


def test_too_few_questions_decide_nothing(recorded: Recorded) -> None:
    report = recorded([])
    few = {**report, "examples": report["examples"][:40]}
    verdict = gate(few, few)
    assert not verdict.passed and "too few to judge by: 60 at least" in verdict.reasons[0]


def test_the_first_student_meets_floors(recorded: Recorded) -> None:
    assert gate(recorded(OTHERS[:20]), None).passed
    verdict = gate(recorded([*DATED, *OTHERS[:20]]), None)
    assert len(verdict.reasons) == 1 and "a first student needs 60%" in verdict.reasons[0]


def test_questions_without_gold_are_not_compared(recorded: Recorded) -> None:
    report = recorded([])
    broken = {**report["examples"][0], "correct": False, "reason": "gold error"}
    verdict = gate({**report, "examples": [broken, *report["examples"][1:]]},
                   {**report, "examples": [broken, *report["examples"][1:]]})  # fmt: skip
    assert verdict.passed and verdict.facts["n"] == len(ANSWERABLE) - 1


def test_reports_over_other_examples_cannot_be_compared(recorded: Recorded) -> None:
    report = recorded([])
    with pytest.raises(GateError, match="1 differ"):
        gate(report, {**report, "examples": report["examples"][1:]})
    with pytest.raises(GateError, match="'kind' is missing"):
        gate({"examples": [{"id": "a"}]}, None)


ONE = {"id": "a", "question": "?", "kind": "answerable", "correct": True, "status": "answered", "tags": []}
NO_REPORTS: dict[str, object] = {
    "examples that are texts": {"examples": ["a"]},
    "no examples at all": {"examples": None},
    "tags that are none": {"examples": [{**ONE, "tags": None}]},
    "a count that is a text": {"examples": [ONE], "guard_rejections": "many"},
    "times that are none": {"examples": [ONE], "latency_ms": None},
}


@pytest.mark.parametrize("report", NO_REPORTS.values(), ids=NO_REPORTS)
def test_what_is_no_report_is_said(report: Report) -> None:
    whole = {"examples": [ONE]}
    for given in ((report, None), (report, whole), (whole, report)):
        with pytest.raises(GateError, match="not a report of `mynah eval --json`"):
            gate(*given)


def test_files_that_cannot_be_used_are_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep, whole = tmp_path / "deep.json", tmp_path / "whole.json"
    deep.write_text("[" * 100_000)
    whole.write_text(json.dumps({"examples": [ONE]}))
    assert main([str(deep)]) == 2 and "deep.json cannot be read" in capsys.readouterr().err
    assert main([str(whole), "--json", str(tmp_path)]) == 2 and "cannot be written" in capsys.readouterr().err


def test_the_command_says_no_with_its_exit_code(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(recorded([])))
    bad.write_text(json.dumps(recorded(OTHERS[:20])))
    out = tmp_path / "verdict.json"
    assert main([str(good), str(bad)]) == 0
    assert main([str(bad), str(good), "--json", str(out)]) == 1
    assert "The gate says no:\n- answer accuracy may be worse" in capsys.readouterr().out
    assert read_report(out)["passed"] is False
    (tmp_path / "odd.json").write_text("[]")
    assert main([str(tmp_path / "odd.json")]) == main([str(tmp_path / "none.json")]) == 2
    assert "none.json cannot be read as a report" in capsys.readouterr().err
