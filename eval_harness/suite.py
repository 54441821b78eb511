"""Judging on copies: a prediction that is right by luck on one database is found out on others with other values.

The first copy is the original. A prediction is right when one and the same gold query matches it on every copy, as
in test-suite accuracy (Zhong et al. 2020, "Semantic Evaluation for Text-to-SQL with Distilled Test Suites"). A copy
on which the gold query fails says nothing; one on which both results are empty speaks for no one, so there it does
not matter which tables they read.

On a copy the gold query may leave open what on the original it does not: two rows tie for the place that LIMIT cuts
off, or for an order. So where a prediction differs, the gold query is run again on the same rows stored in reverse.
A prediction may agree with either result; where the two differ in their order alone, order does not count, and where
they differ in their rows, the copy says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.database import DatabaseError, Result
from bot.schema import Schema
from eval_harness.evaluate import Gold, Prediction, judge, run_gold_sql
from eval_harness.exact import exact_match
from eval_harness.example import Example
from eval_harness.match import answer_match, execution_match
from eval_harness.measures import GoldError, Verdict
from eval_harness.run_sql import Run, SQLRejected
from eval_harness.variants import bird_match, defog_match, spider_match


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a database: how gold SQL and how predicted SQL is run on it; and gold on its rows in reverse."""

    gold: Run
    predicted: Run
    backwards: Run | None = None


@dataclass(frozen=True, slots=True)
class Copies:
    """A database under test: the original first. `schema` and `dialect` are what all copies have in common."""

    copies: Sequence[Copy]
    schema: Callable[[], Schema]
    dialect: str = "sqlite"


def judge_on_copies(
    prediction: Prediction, example: Example, database: Copies
) -> tuple[Verdict, tuple[GoldError, ...]]:
    """The verdict on one prediction, with every variant that can be told, and the gold queries that did not run."""
    original, *others = database.copies
    gold = run_gold_sql(example, original.gold)
    verdict = judge(prediction, gold, original.predicted, 0.0, database.dialect)
    if prediction.sql is None or not gold.results:
        return verdict, gold.errors
    variants = _on_original(prediction.sql, gold, original.predicted, database)
    answers, executes, spider = _matching(verdict, prediction.sql, gold, database)
    if others:
        variants["one_database"] = verdict.sql_correct is True
        variants["test_suite"] = answers
        verdict = _stricter(verdict, answers, executes)
    variants["spider_test_suite"] = spider
    said = prediction.status in ("answered", "unsure")  # as in the headline
    return replace(verdict, variants={name: said and holds for name, holds in variants.items()}), gold.errors


def _on_original(sql: str, gold: Gold, run: Run, database: Copies) -> dict[str, bool]:
    """The variants that other benchmarks decide on one database."""
    result = _run(run, sql)
    ordered = gold.example.ordered
    tables = [table for _, table in gold.results]
    return {
        "bird": result is not None and any(bird_match(table, result) for table in tables),
        "defog": result is not None and any(defog_match(table, result, ordered) for table in tables),
        "exact": any(_exact(text, sql, database) for text, _ in gold.results),
    }


def _exact(gold: str, sql: str, database: Copies) -> bool:
    return gold == sql or exact_match(gold, sql, database.schema(), database.dialect)


Rules = tuple[bool, bool, bool]  # as an answer, in execution, by Spider's rules


def _matching(verdict: Verdict, sql: str, gold: Gold, database: Copies) -> Rules:
    """Whether some gold query matches on every copy, by each of the rules."""
    original, *others = database.copies
    result = _run(original.predicted, sql)
    found = [False, False, False]
    for text, table in gold.results:
        alive = _rules(text, table, result, gold.example.ordered, verdict.sql_correct is True)
        for copy in others:
            if not any(alive):
                break
            here = _on_copy(text, sql, gold.example.ordered, copy)
            alive = (alive[0] and here[0], alive[1] and here[1], alive[2] and here[2])
        found = [before or now for before, now in zip(found, alive, strict=True)]
    return found[0], found[1], found[2]


def agrees_on_copy(gold: str, sql: str, ordered: bool, copy: Copy) -> bool:
    """Whether a copy has nothing against the SQL as an answer, given that the original has none."""
    return _on_copy(gold, sql, ordered, copy)[0]


def _on_copy(gold: str, sql: str, ordered: bool, copy: Copy) -> Rules:
    table, result = _run(copy.gold, gold), _run(copy.predicted, sql)
    if table is None:
        return True, True, True
    rules = _rules(gold, table, result, ordered, same_tables=True)
    if all(rules) or copy.backwards is None:
        return rules
    other = _run(copy.backwards, gold)
    if other is None or _rules(gold, other, table, ordered, same_tables=True)[1]:
        return rules  # the gold query leaves nothing open
    if result is None:
        return False, False, False
    if not execution_match(table, other, same_tables=True):
        return True, True, True
    either = _rules("", table, result, False, same_tables=True)
    return rules[0] or either[0], rules[1] or either[1], rules[2] or either[2]


def _rules(text: str, gold: Result, result: Result | None, ordered: bool, same_tables: bool) -> Rules:
    if result is None:
        return False, False, False
    if result.rows == gold.rows and len(result.columns) == len(gold.columns) and (gold.rows or same_tables):
        return True, True, True  # every rule is reflexive
    answers = answer_match(gold, result, ordered, same_tables)
    executes = answers and execution_match(gold, result, ordered, same_tables)
    return answers, executes, spider_match(gold, result, text)


def _run(run: Run, sql: str) -> Result | None:
    try:
        return run(sql)
    except (DatabaseError, SQLRejected):
        return None


def _stricter(verdict: Verdict, answers: bool, executes: bool) -> Verdict:
    """The verdict over all copies, from the one over the original."""
    right = answers and verdict.sql_correct is True
    answered = verdict.status in ("answered", "unsure") and verdict.kind in ("answerable", "ambiguous")
    if answered and verdict.correct and not right:
        verdict = replace(verdict, correct=False, reason="lucky")
    executed = verdict.execution_correct and executes and right
    return replace(verdict, sql_correct=right, execution_correct=executed)
