"""How long a bot takes from question to rows, over a list of everyday questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.answer import Answer
from eval_harness.measures import percentile

STAGES = ("link", "predict", "check", "execute", "total")


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from question to rows: percentiles of the whole, medians by stage, and the statuses met."""

    questions: int
    p50: float
    p95: float
    longest: float
    stages: Mapping[str, float]
    statuses: Mapping[str, int]


def read_questions(path: Path) -> list[str]:
    """One question a line. Raises OSError."""
    return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]


def measure_latency(ask: Callable[[str], Answer], questions: Sequence[str]) -> tuple[Latency, Latency]:
    """Questions asked for the first time, and the same ones again, when caches know their parts.

    The first question only warms the bot up.
    """
    ask(questions[0])
    first = [ask(question) for question in questions[1:]]
    again = [ask(question) for question in questions[1:]]
    return _latency(first), _latency(again)


def _latency(answers: Sequence[Answer]) -> Latency:
    totals = [answer.timings_ms["total"] for answer in answers]
    return Latency(
        questions=len(answers),
        p50=percentile(totals, 50),
        p95=percentile(totals, 95),
        longest=max(totals, default=0.0),
        stages={s: percentile([a.timings_ms.get(s, 0.0) for a in answers], 50) for s in STAGES},
        statuses=Counter(answer.status for answer in answers),
    )
