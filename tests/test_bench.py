"""`mynah bench`: what it measures is measured, and adds up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.answer import Answer, Status
from demo.opening import BENCH_QUESTIONS
from eval_harness.latency import measure_latency, read_questions
from tests.mynah_command import Mynah
from tests.tiny_student import QUESTIONS, Tiny


def test_latency_counts_first_and_second_times_apart() -> None:
    asked: list[str] = []

    def ask(question: str) -> Answer:
        asked.append(question)
        total = 10.0 * len(question) + 100.0 * (asked.count(question) == 1)
        status: Status = "refused" if question == "aaa" else "answered"
        return Answer("", question, status, "", timings_ms={"predict": total / 2, "total": total})

    first, again = measure_latency(ask, ["warm", "a", "aa", "aaa"])
    assert (first.questions, first.p50, first.p95, first.longest) == (3, 120, 130, 130)
    assert (again.p50, again.longest) == (20, 30)
    assert (first.stages["predict"], first.stages["link"]) == (60, 0)
    assert first.statuses == {"answered": 2, "refused": 1}
    assert asked == ["warm", "a", "aa", "aaa", "a", "aa", "aaa"]


def test_the_bench_questions_are_forty_different_ones() -> None:
    questions = read_questions(BENCH_QUESTIONS)
    assert len(questions) == len(set(questions)) == 40


@pytest.mark.slow
def test_serving(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "questions.txt").write_text("\n".join(QUESTIONS))
    done = Mynah(tiny, tmp_path)("bench", "--questions", "questions.txt", "--json", "bench.json")
    assert (done.code, done.err) == (0, "")
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["latency_ms"]["questions"] == len(QUESTIONS) - 1
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p95"] <= found["latency_ms"]["longest"]
    assert [race["beam"] for race in found["tokens"]] == [1, 4]
    for race in found["tokens"]:
        assert race["tokens"] > 20 and race["ratio"] == pytest.approx(race["transformers"] / race["student"])
        assert race["ratio"] > 2
    assert len(found["start_s"]["all"]) == 5 and 0.1 < found["start_s"]["best"] <= found["start_s"]["median"]
    assert 50e6 < found["rss_bytes"] < 450e6
    assert not (tmp_path / "state" / "state.db").exists(), "the bench leaves nothing in anybody's memory"


@pytest.mark.slow
def test_a_large_student_against_the_memory(tiny: Tiny, tmp_path: Path) -> None:
    done = Mynah(tiny, tmp_path)("bench", "--size", "gpt2", "--json", "bench.json")
    assert (done.code, done.err) == (0, "")
    found = json.loads((tmp_path / "bench.json").read_text())
    assert 120 < found["megabytes"] < 130, "124M parameters in int8, the token table once"
    assert found["floor"] == pytest.approx(found["megabytes"] / found["bandwidth"])
    assert found["ratio"] == pytest.approx(found["milliseconds"] / found["floor"]) and found["ratio"] > 1
