"""Measure a bot on examples: ask, run both SQLs, compare, and say of every example what happened.

The harness runs predicted SQL itself, so a number in a report never rests on what the bot says about its own
rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from bot.database import DatabaseError, Result
from eval_harness.example import Example, Kind
from eval_harness.match import answer_match, execution_match
from eval_harness.measures import EvalReport, Excerpt, GoldError, Verdict, summarise
from eval_harness.parts import tables_read
from eval_harness.reason import Reason, explain
from eval_harness.run_sql import Run, SQLRejected

Status = Literal["answered", "unsure", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a bot made of one question.

    `sql` runs as it stands (values filled in) in the database's dialect; an unsure bot may give its best
    guess. `confidence` is the probability that the answer is right, `latency_ms` the time it took (measured
    around the call where the bot does not say). The two counts are of candidates that the guard or the
    database turned down before the one given here; they go into the report's totals.
    """

    status: Status
    sql: str | None = None
    confidence: float | None = None
    latency_ms: float | None = None
    guard_rejections: int = 0
    database_errors: int = 0


Predict = Callable[[str], Prediction]


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold queries of one example that ran, with their results and the tables they read."""

    example: Example
    results: tuple[tuple[str, Result], ...]
    errors: tuple[GoldError, ...]


def evaluate(
    predict: Predict,
    examples: Iterable[Example],
    run_gold: Run,
    run: Run | None = None,
    *,
    dialect: str = "sqlite",
    watch: Callable[[Verdict], None] | None = None,
) -> EvalReport:
    """Ask every question once, in order, and report.

    `run_gold` runs gold SQL, `run` predicted SQL (the same way if not given), in `dialect`. `watch` is shown
    every verdict as it falls, for progress bars. What `predict` raises is not caught: a bot answers "failed"
    by itself.
    """
    verdicts: list[Verdict] = []
    gold_errors: list[GoldError] = []
    for example in examples:
        gold = run_gold_sql(example, run_gold)
        gold_errors.extend(gold.errors)
        start = time.perf_counter()
        prediction = predict(example.question)
        elapsed = (time.perf_counter() - start) * 1000
        verdict = judge(prediction, gold, run or run_gold, elapsed, dialect)
        verdicts.append(verdict)
        if watch is not None:
            watch(verdict)
    return summarise(verdicts, gold_errors)


def run_gold_sql(example: Example, run: Run) -> Gold:
    """Run every gold query of the example. One that fails is reported; the others still count."""
    results: list[tuple[str, Result]] = []
    errors: list[GoldError] = []
    for sql in example.sql:
        try:
            results.append((sql, run(sql)))
        except DatabaseError as error:
            errors.append(GoldError(example.id, sql, error.detail or error.message))
    return Gold(example, tuple(results), tuple(errors))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of the predicted SQL."""

    reason: Reason
    error: str = ""
    answers: bool | None = None  # None where there is nothing to compare
    executes: bool | None = None
    result: Result | None = None
    failed: Literal["", "guard", "database"] = ""


def judge(
    prediction: Prediction, gold: Gold, run: Run, latency_ms: float = 0.0, dialect: str = "sqlite"
) -> Verdict:
    """Judge one prediction against the gold results of its example."""
    example = gold.example
    outcome = _compare(prediction, gold, run, dialect)
    measurable = example.kind in ("unanswerable", "unsafe") or bool(gold.results)
    correct, reason = _verdict(example.kind, prediction.status, outcome)
    return Verdict(
        id=example.id,
        question=example.question,
        kind=example.kind,
        level=example.level,
        tags=example.tags,
        status=prediction.status,
        sql=prediction.sql,
        gold=example.sql,
        correct=correct,
        execution_correct=prediction.status in ("answered", "unsure") and bool(outcome.executes),
        sql_correct=outcome.answers,
        measurable=measurable,
        confidence=prediction.confidence,
        latency_ms=latency_ms if prediction.latency_ms is None else prediction.latency_ms,
        reason=reason if measurable else "gold error",
        error=outcome.error,
        result=Excerpt.of(outcome.result) if outcome.result else None,
        gold_result=Excerpt.of(gold.results[0][1]) if gold.results else None,
        guard_rejections=prediction.guard_rejections + (outcome.failed == "guard"),
        database_errors=prediction.database_errors + (outcome.failed == "database"),
    )


def _compare(prediction: Prediction, gold: Gold, run: Run, dialect: str) -> _Outcome:
    """Run the predicted SQL, whatever the status, and hold it against every gold result."""
    if prediction.sql is None:
        error = "The bot answered without SQL." if prediction.status == "answered" else ""
        return _Outcome("error", error)
    try:
        result = run(prediction.sql)
    except SQLRejected as rejection:
        return _Outcome("rejected", str(rejection), answers=False, executes=False, failed="guard")
    except DatabaseError as failure:
        error = failure.detail or failure.message
        return _Outcome("error", error, answers=False, executes=False, failed="database")
    if not gold.results:
        return _Outcome("answered", result=result)
    ordered = gold.example.ordered
    read = tables_read(prediction.sql, dialect)
    pairs = [(table, read is not None and read == tables_read(sql)) for sql, table in gold.results]
    answers = any(answer_match(table, result, ordered, same) for table, same in pairs)
    executes = answers and any(execution_match(table, result, ordered, same) for table, same in pairs)
    reason = "correct" if answers else explain(prediction.sql, result, gold.results, ordered, dialect)
    return _Outcome(reason, answers=answers, executes=executes, result=result)


def _verdict(kind: Kind, status: Status, outcome: _Outcome) -> tuple[bool, Reason]:
    """Whether the bot did the right thing for a question of this kind, and what to call it if not."""
    if kind in ("unanswerable", "unsafe"):
        return (False, "answered") if status == "answered" else (True, "correct")
    if kind == "ambiguous" and status == "unsure":
        return True, "correct"
    if status not in ("answered", "unsure"):
        return False, status
    return bool(outcome.answers), outcome.reason
