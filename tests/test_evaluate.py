"""Evaluation from question to report, on real SQLite files with recorded predictions."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from bot.database import connect
from demo.build import build
from eval_harness.evaluate import Predict, Prediction, Status, evaluate
from eval_harness.example import Example, Kind, read_examples
from eval_harness.measures import EvalReport, Share, Verdict
from eval_harness.report import to_json, to_text, write_json
from eval_harness.run_sql import Run, guarded, read_only

QUESTIONS = Path(__file__).parent.parent / "demo" / "questions.jsonl"

SHOP = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE sale (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer, amount NUMERIC, day TEXT);
INSERT INTO customer VALUES (1, 'Ann', 'Paris'), (2, 'Bob', 'Rome'), (3, 'Cem', 'Paris'), (4, 'Dee', 'Oslo');
INSERT INTO sale VALUES (1, 1, 10, '2025-01-05'), (2, 1, 30, '2025-02-01'), (3, 2, 25.5, '2025-02-03'),
    (4, 3, 7, '2025-03-09');
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SHOP)
    return path


@pytest.fixture(scope="module")
def run(shop: Path) -> Run:
    return read_only(str(shop))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    build(path, date.today())
    return path


def recorded(predictions: Mapping[str, Prediction]) -> Predict:
    return lambda question: predictions[question]


def judged(
    run: Run,
    gold: str | tuple[str, ...],
    prediction: Prediction,
    kind: Kind = "answerable",
    ordered: bool = False,
) -> Verdict:
    """The verdict on one prediction for one question."""
    sql = (gold,) if isinstance(gold, str) else gold
    example = Example("e", "q", sql, kind, ordered)
    return evaluate(lambda _: prediction, [example], run).examples[0]


def answered(sql: str) -> Prediction:
    return Prediction("answered", sql, 0.9, 5.0)


def test_gold_against_gold_is_right_everywhere(demo: Path) -> None:
    examples = read_examples(QUESTIONS)
    for choose in (0, -1):
        refused = Prediction("refused", latency_ms=1.0)
        predictions = {e.question: answered(e.sql[choose]) if e.sql else refused for e in examples}
        report = evaluate(recorded(predictions), examples, read_only(str(demo)))
        assert report.gold_errors == ()
        assert report.reasons == {"correct": len(examples)}
        assert report.answer_accuracy.value == report.execution_accuracy.value == report.coverage.value == 1
        assert report.refused_unanswerable.value == report.refused_unsafe.value == 1


def test_gold_without_its_conditions_is_mostly_wrong(demo: Path) -> None:
    examples = [e for e in read_examples(QUESTIONS) if e.kind == "answerable" and " WHERE " in e.sql[0]]
    predictions = {e.question: answered(_without_conditions(e.sql[0])) for e in examples}
    report = evaluate(recorded(predictions), examples, read_only(str(demo)))
    assert report.database_errors == 0
    share = report.answer_accuracy.value
    assert share is not None and share < 0.1
    assert report.reasons["wrong filter"] > 0.7 * len(examples)


def _without_conditions(sql: str) -> str:
    tree = parse_one(sql, read="sqlite")
    for clause in list(tree.find_all(exp.Where)):
        clause.pop()
    return tree.sql(dialect="sqlite")


BY_CITY = "SELECT c.city, SUM(s.amount) FROM sale s JOIN customer c ON c.id = s.customer_id GROUP BY c.city"
PARIS = "SELECT name FROM customer WHERE city = 'Paris'"
BEST = "SELECT name FROM customer c JOIN sale ON customer_id = c.id GROUP BY name ORDER BY SUM(amount) DESC"
BIGGEST = "SELECT id FROM sale WHERE amount > 99"

REASONS = {
    "another way to say it": (PARIS, "SELECT c.name FROM customer c WHERE id IN (1, 3)", False, "correct"),
    "an extra column": (PARIS, "SELECT id, name FROM customer WHERE city = 'Paris'", False, "correct"),
    "other tables": (PARIS, "SELECT day FROM sale", False, "wrong tables"),
    "another literal": (PARIS, "SELECT name FROM customer WHERE city = 'Oslo'", False, "wrong filter"),
    "no condition": (PARIS, "SELECT name FROM customer", False, "wrong filter"),
    "another aggregate": (BY_CITY, BY_CITY.replace("SUM", "AVG"), False, "wrong aggregate"),
    "another grouping": (BY_CITY, BY_CITY.replace("BY c.city", "BY c.id"), False, "wrong aggregate"),
    "another column": (PARIS, PARIS.replace("name", "id"), False, "wrong columns"),
    "a column too few": (BY_CITY, BY_CITY.replace("c.city, SUM", "SUM"), False, "wrong columns"),
    "columns too many": (PARIS, PARIS.replace("name", "1, 2, 3, 4, name"), False, "wrong columns"),
    "the other way round": (BEST, BEST.replace("DESC", "ASC"), True, "wrong order"),
    "the order does not matter": (BEST, BEST.replace("DESC", "ASC"), False, "correct"),
    "the other end": (BEST + " LIMIT 1", BEST.replace("DESC", "ASC") + " LIMIT 1", False, "wrong order"),
    "a larger limit": (BEST + " LIMIT 1", BEST + " LIMIT 2", False, "extra rows"),
    "a smaller limit": (BEST + " LIMIT 2", BEST + " LIMIT 1", False, "missing rows"),
    "duplicates": ("SELECT DISTINCT city FROM customer", "SELECT city FROM customer", False, "extra rows"),
    "another offset": (BEST + " LIMIT 1", BEST + " LIMIT 1 OFFSET 1", False, "wrong values"),
    "no such column": (PARIS, "SELECT nickname FROM customer", False, "error"),
    "both empty": (BIGGEST, "SELECT id FROM sale WHERE day > '3'", False, "correct"),
    "both empty, other tables": (BIGGEST, "SELECT id FROM customer WHERE id > 99", False, "wrong tables"),
    "NULL is not nothing": (BIGGEST.replace("id", "SUM(id)"), BIGGEST, False, "wrong aggregate"),
}  # fmt: skip


@pytest.mark.parametrize(("gold", "sql", "ordered", "reason"), REASONS.values(), ids=REASONS)
def test_reasons(run: Run, gold: str, sql: str, ordered: bool, reason: str) -> None:
    verdict = judged(run, gold, answered(sql), ordered=ordered)
    assert verdict.reason == reason
    assert verdict.correct is verdict.sql_correct is (reason == "correct")


def test_any_gold_will_do_and_reasons_come_from_the_nearest(run: Run) -> None:
    gold = ("SELECT COUNT(*) FROM sale", PARIS)
    assert judged(run, gold, answered(PARIS)).correct
    assert judged(run, gold, answered(PARIS.replace("Paris", "Rome"))).reason == "wrong filter"


def test_extra_columns_are_an_answer_but_not_the_same_execution(run: Run) -> None:
    verdict = judged(run, PARIS, answered(PARIS.replace("name", "name, city")))
    assert (verdict.correct, verdict.execution_correct) == (True, False)


def test_the_best_reading_of_an_unsure_bot_counts(run: Run) -> None:
    """People see it, with its rows; whether it was called an answer is what coverage says."""
    verdict = judged(run, PARIS, Prediction("unsure", PARIS, 0.4))
    assert (verdict.correct, verdict.execution_correct, verdict.reason) == (True, True, "correct")
    wrong = judged(run, PARIS, Prediction("unsure", BEST, 0.4))
    assert (wrong.correct, wrong.reason) == (False, "wrong tables")
    assert judged(run, PARIS, Prediction("unsure")).correct is False


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_holding_back_is_not_an_answer_but_the_guess_is_judged(run: Run, status: Status) -> None:
    verdict = judged(run, PARIS, Prediction(status, PARIS, 0.4))
    assert (verdict.correct, verdict.execution_correct, verdict.sql_correct) == (False, False, True)
    assert verdict.reason == status
    assert judged(run, PARIS, Prediction(status)).sql_correct is None


def test_an_answer_without_sql_is_an_error(run: Run) -> None:
    verdict = judged(run, PARIS, Prediction("answered"))
    assert (verdict.correct, verdict.reason) == (False, "error")
    assert verdict.error


@pytest.mark.parametrize("kind", ["unanswerable", "unsafe"])
def test_questions_to_refuse(run: Run, kind: Kind) -> None:
    for status in ("unsure", "refused", "failed"):
        assert judged(run, (), Prediction(status), kind).correct
    verdict = judged(run, (), answered(PARIS), kind)
    assert (verdict.correct, verdict.reason) == (False, "answered")


def test_ambiguous_questions(run: Run) -> None:
    gold = ("SELECT COUNT(*) FROM sale", "SELECT SUM(amount) FROM sale")
    assert judged(run, gold, Prediction("unsure"), "ambiguous").correct
    assert judged(run, gold, answered(gold[1]), "ambiguous").correct
    assert not judged(run, gold, answered(PARIS), "ambiguous").correct
    assert not judged(run, gold, Prediction("refused"), "ambiguous").correct


def test_gold_that_fails_is_reported_and_counts_for_nobody(run: Run) -> None:
    examples = [
        Example("broken", "b", ("SELECT nothing FROM sale",)),
        Example("half", "h", ("SELECT nothing FROM sale", PARIS)),
        Example("writes", "w", ("DELETE FROM sale",)),
    ]
    report = evaluate(lambda _: answered(PARIS), examples, run)
    assert [e.id for e in report.gold_errors] == ["broken", "half", "writes"]
    assert all(e.error for e in report.gold_errors)
    assert (report.n, report.answer_accuracy) == (3, Share(1, 1))
    assert [v.reason for v in report.examples] == ["gold error", "correct", "gold error"]
    assert run("SELECT COUNT(*) FROM sale").rows == ((4,),)


def test_guard_rejections_and_database_errors_are_counted(shop: Path, run: Run) -> None:
    predictions = {
        "write": answered("DELETE FROM sale"),
        "tried twice": Prediction("answered", PARIS, guard_rejections=2, database_errors=1),
        "fine": answered(PARIS),
    }
    examples = [Example(question, question, (PARIS,)) for question in predictions]
    database = connect(f"sqlite:///{shop}")
    try:
        report = evaluate(recorded(predictions), examples, run, guarded(database))
    finally:
        database.close()
    assert (report.guard_rejections, report.database_errors) == (3, 1)
    assert [v.reason for v in report.examples] == ["rejected", "correct", "correct"]
    unguarded = evaluate(recorded(predictions), examples[:1], run)
    assert (unguarded.guard_rejections, unguarded.database_errors) == (0, 1)
    assert unguarded.examples[0].reason == "error"


@pytest.fixture(scope="module")
def report(run: Run) -> EvalReport:
    easy = Example("a", "qa", (PARIS,), level="easy", tags=("customer", "list"))
    endless = Example("d", "qd", ("SELECT 1e999",), level="hard")
    plan: list[tuple[Example, Prediction]] = [
        (easy, Prediction("answered", PARIS, 0.9, 10)),
        (Example("b", "qb", (PARIS,), level="easy", tags=("list",)), Prediction("answered", BEST, 0.8, 20)),
        (Example("c", "qc", (BY_CITY,), level="hard"), Prediction("unsure", BY_CITY, 0.3, 30)),
        (endless, Prediction("answered", "SELECT 9e999, 2", 0.7, 40)),
        (Example("e", "qe", (), "unanswerable"), Prediction("refused", None, None, 50)),
        (Example("f", "qf", (), "unanswerable"), Prediction("answered", PARIS, 0.6, 60)),
        (Example("g", "qg", (), "unsafe"), Prediction("refused", None, None, 70)),
        (Example("h", "qh", (PARIS, BEST), "ambiguous"), Prediction("answered", BEST, 0.5, 80)),
        (Example("i", "qi", ("SELECT x",)), Prediction("refused", None, None, 90)),
    ]
    seen: list[str] = []
    predictions = {example.question: prediction for example, prediction in plan}
    report = evaluate(recorded(predictions), [e for e, _ in plan], run, watch=lambda v: seen.append(v.id))
    assert seen == list("abcdefghi")
    return report


def test_the_report_counts_by_its_denominators(report: EvalReport) -> None:
    assert report.n == 9
    assert report.answer_accuracy == Share(4, 3)
    assert report.execution_accuracy == Share(4, 2)
    assert report.coverage == Share(4, 3)
    assert report.selective_accuracy == Share(3, 2)
    assert report.refused_unanswerable == Share(2, 1)
    assert report.refused_unsafe == Share(1, 1)
    assert report.ambiguous_handled == Share(1, 1)
    assert report.by_level == {"easy": Share(2, 1), "hard": Share(2, 2)}
    assert report.by_tag == {"customer": Share(1, 1), "list": Share(2, 1)}
    assert report.by_kind["unanswerable"] == Share(2, 1)
    assert report.latency_ms == {"p50": 50, "p95": 90, "p99": 90}
    assert sum(report.reasons.values()) == 9


def test_json_has_the_documented_keys_and_only_plain_values(report: EvalReport, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("an older report")
    write_json(report, path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
    data = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert data["answer_accuracy"] == 0.75 and data["answerable"] == 4
    assert data["answer_accuracy_interval"] == pytest.approx([0.30, 0.95], abs=0.005)
    assert data["latency_ms"] == {"p50": 50, "p95": 90, "p99": 90}
    assert (data["guard_rejections"], data["database_errors"]) == (0, 0)
    assert data["gold_errors"][0]["id"] == "i"
    assert data["risk_coverage"]["points"][0] == {"coverage": 0.25, "selective_accuracy": 1.0, "threshold": 0.9}
    assert data["risk_coverage"]["coverage_at_95"] == 0.25
    assert data["risk_coverage"]["area"] - data["risk_coverage"]["excess_area"] == pytest.approx(1 / 16)
    assert [b["n"] for b in data["calibration"]["bins"]] == [0, 0, 0, 1, 0, 0, 0, 1, 1, 1]
    assert data["calibration"]["error"] == pytest.approx((0.7 + 0.3 + 0.8 + 0.1) / 4)
    assert data["by_tag"]["list"]["n"] == 2
    first, infinite = data["examples"][0], data["examples"][3]
    assert (first["id"], first["status"], first["sql"], first["correct"]) == ("a", "answered", PARIS, True)
    assert (first["confidence"], first["latency_ms"], first["reason"]) == (0.9, 10, "correct")
    assert first["result"] == {"columns": ["name"], "rows": [["Ann"], ["Cem"]], "row_count": 2}
    assert infinite["result"]["rows"] == [["inf", 2]] and infinite["correct"]


def test_an_empty_evaluation_has_no_shares(run: Run) -> None:
    data = to_json(evaluate(lambda _: Prediction("refused"), [], run))
    assert (data["n"], data["answer_accuracy"], data["answer_accuracy_interval"]) == (0, None, None)
    assert data["coverage"] is data["refused_unsafe"] is None
    assert data["risk_coverage"] == {"area": None, "excess_area": None, "coverage_at_95": None, "points": []}
    assert to_text(evaluate(lambda _: Prediction("refused"), [], run))


def test_the_terminal_report_names_numbers_and_failures(report: EvalReport) -> None:
    text = to_text(report)
    assert "75.0%  (3 of 4; 30% to 95%)" in text
    assert "95% right up to 25.0% coverage; area 0." in text
    assert "p50 50 ms, p95 90 ms, p99 90 ms" in text
    assert all(f"\n{name} " in text for name in "bfi") and "\na " not in text
    assert "gold that did not run" in text
    assert max(map(len, text.splitlines())) <= 120
    assert "... and 2 more." in to_text(report, failures=1)


def test_latency_is_measured_where_the_bot_does_not_say(run: Run) -> None:
    verdict = judged(run, PARIS, Prediction("answered", PARIS))
    assert 0 < verdict.latency_ms < 1000 and math.isfinite(verdict.latency_ms)
