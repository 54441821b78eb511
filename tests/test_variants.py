"""Other benchmarks' match rules: cases written from their published definitions, and properties over free tables."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database import Cell, Result
from eval_harness.variants import bird_match, defog_match, spider_match
from tests.test_match import table, tables

# gold, predicted, ordered (gold says ORDER BY), spider, bird, defog
CASES = {
    "the same": (table((1, "a"), (2, "b")), table((1, "a"), (2, "b")), False, True, True, True),
    "other row order": (table((1,), (2,)), table((2,), (1,)), False, True, True, True),
    "other row order, ordered": (table((1,), (2,)), table((2,), (1,)), True, False, True, False),
    "a tie in another order, ordered": (
        table((1, "a"), (1, "b")), table((1, "b"), (1, "a")), True, False, True, False
    ),
    "duplicates": (table((1,), (1,), (2,)), table((1,), (2,), (2,)), False, False, True, True),
    "DISTINCT forgotten": (table((1,), (2,)), table((1,), (1,), (2,)), False, False, True, True),
    "DISTINCT too much": (table((1,), (1,)), table((1,)), False, False, True, True),
    "columns in another order": (table((1, "a"), (2, "b")), table(("a", 1), ("b", 2)), False, True, False, True),
    "columns in another order, ordered": (
        table((1, "a"), (2, "b")), table(("a", 1), ("b", 2)), True, True, False, True
    ),
    "values paired differently": (table((1, 3), (2, 4)), table((1, 4), (2, 3)), False, False, False, False),
    "columns swapped in one row": (table((1, 2), (3, 4)), table((2, 1), (3, 4)), False, False, False, False),
    "a column more": (table((1,), (2,)), table((1, 7), (2, 8)), False, False, False, True),
    "five columns more": (table((1,)), table((9, 8, 7, 6, 5, 1)), False, False, False, True),
    "a column too few": (table((1, 7), (2, 8)), table((1,), (2,)), False, False, False, False),
    "a column more and duplicates": (table((1,), (2,)), table((1, 7), (1, 8), (2, 9)), False, False, False, False),
    "NULL equals NULL": (table((None, 1)), table((None, 1)), False, True, True, True),
    "NULL is not 0": (table((None,)), table((0,)), False, False, False, False),
    "NULL is not empty": (table((None,)), table(width=1), False, False, False, False),
    "integer and float": (table((5,)), table((5.0,)), False, True, True, True),
    "noise of a float": (table((0.3,)), table((0.1 + 0.2,)), False, False, False, True),
    "floats far apart": (table((0.3,)), table((0.4,)), False, False, False, False),
    "a number as text": (table((5,)), table(("5",)), False, False, False, True),
    "letter case": (table(("Paris",)), table(("paris",)), False, False, False, False),
    "both empty": (table(width=2), table(width=2), False, True, True, True),
    "both empty, other widths": (table(width=2), table(width=1), False, True, True, False),
    "gold empty": (table(width=1), table((1,)), False, False, False, False),
    "prediction empty": (table((1,)), table(width=1), False, False, False, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_published_definitions(case: tuple[Result, Result, bool, bool, bool, bool]) -> None:
    gold, predicted, ordered, spider, bird, defog = case
    sql = "SELECT a FROM t ORDER  by b" if ordered else "SELECT border_by FROM t"
    assert spider_match(gold, predicted, sql) is spider
    assert bird_match(gold, predicted) is bird
    assert defog_match(gold, predicted, ordered) is defog


@given(tables(), st.booleans())
def test_reflexive(gold: Result, ordered: bool) -> None:
    sql = "SELECT a ORDER BY a" if ordered else "SELECT a"
    assert spider_match(gold, gold, sql) and bird_match(gold, gold) and defog_match(gold, gold, ordered)


@given(tables(), tables(), st.booleans())
def test_symmetric(gold: Result, predicted: Result, ordered: bool) -> None:
    sql = "SELECT a ORDER BY a" if ordered else "SELECT a"
    assert spider_match(gold, predicted, sql) is spider_match(predicted, gold, sql)
    assert bird_match(gold, predicted) is bird_match(predicted, gold)
    if len(gold.columns) == len(predicted.columns):
        assert defog_match(gold, predicted, ordered) is defog_match(predicted, gold, ordered)


@given(tables(), st.randoms(use_true_random=False))
def test_shuffled_rows_and_columns(gold: Result, chance: random.Random) -> None:
    rows = list(gold.rows)
    chance.shuffle(rows)
    assert bird_match(gold, Result(gold.columns, tuple(rows)))
    places = list(range(len(gold.columns)))
    chance.shuffle(places)
    shuffled = Result(gold.columns, tuple(tuple(row[i] for i in places) for row in rows))
    assert spider_match(gold, shuffled, "SELECT a") and defog_match(gold, shuffled, False)
    in_order = Result(gold.columns, tuple(tuple(row[i] for i in places) for row in gold.rows))
    assert spider_match(gold, in_order, "SELECT a ORDER BY a") and defog_match(gold, in_order, True)


@given(tables())
def test_duplicates_are_nothing_to_a_set_and_something_to_a_bag(gold: Result) -> None:
    twice = Result(gold.columns, gold.rows + gold.rows)
    assert bird_match(gold, twice) and defog_match(gold, twice, False)
    assert spider_match(gold, twice, "SELECT a") is (not gold.rows)


@given(tables(), st.lists(st.integers(), min_size=8, max_size=8))
def test_more_columns_are_welcome_to_defog_alone(gold: Result, more: list[Cell]) -> None:
    if not gold.rows:
        return
    wider = table(*((extra, *row) for row, extra in zip(gold.rows, more, strict=False)))
    assert defog_match(gold, wider, False)
    assert not spider_match(gold, wider, "SELECT a") and not bird_match(gold, wider)


def test_wide_results_are_decided_in_bounded_time() -> None:
    chance = random.Random(2)
    sides = [
        table(*zip(*(chance.sample([0] * 60 + [1] * 60, 120) for _ in range(20)), strict=True)) for _ in range(2)
    ]
    start = time.monotonic()
    assert not spider_match(*sides, "SELECT a") and not defog_match(*sides, False)
    assert time.monotonic() - start < 30
