"""Matching results: cases from the written definition, and properties over free-form tables."""

from __future__ import annotations

import itertools
import random
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.database import Cell, Result
from eval_harness.cells import equal_numbers, equal_values, to_value
from eval_harness.match import answer_match, execution_match, matching_columns
from eval_harness.pairing import can_pair, find_pairing


def table(*rows: tuple[Cell, ...], width: int | None = None) -> Result:
    width = len(rows[0]) if width is None else width
    return Result(tuple(f"c{i}" for i in range(width)), rows)


# gold, predicted, ordered, answer, execution
CASES = {
    "the same": (table((1, "a"), (2, "b")), table((1, "a"), (2, "b")), False, True, True),
    "other row order": (table((1, "a"), (2, "b")), table((2, "b"), (1, "a")), False, True, True),
    "other row order, ordered": (table((1,), (2,)), table((2,), (1,)), True, False, False),
    "same row order, ordered": (table((1,), (2,)), table((1,), (2,)), True, True, True),
    "other column order": (table((1, "a"), (2, "b")), table(("a", 1), ("b", 2)), False, True, True),
    "other column order, ordered": (table((1, "a"), (2, "b")), table(("a", 1), ("b", 2)), True, True, True),
    "columns swapped in one row": (table((1, 2), (3, 4)), table((2, 1), (3, 4)), False, False, False),
    "values paired differently": (table((1, 3), (2, 4)), table((1, 4), (2, 3)), False, False, False),
    "one extra column": (table((1,), (2,)), table((7, 1), (8, 2)), False, True, False),
    "three extra columns": (table(("a",)), table((7, 8, 9, "a")), False, True, False),
    "four extra columns": (table(("a",)), table((6, 7, 8, 9, "a")), False, False, False),
    "extra column, ordered": (table((1,), (2,)), table((7, 1), (8, 2)), True, True, False),
    "a column missing": (table((1, 2)), table((1,)), False, False, False),
    "one column cannot serve twice": (table((1, 1), (2, 2)), table((1, 9), (2, 9)), False, False, False),
    "duplicate columns": (table((1, 1), (2, 2)), table((1, 1), (2, 2)), False, True, True),
    "a duplicate in the prediction is an extra": (table((1,)), table((1, 1)), False, True, False),
    "duplicate rows count": (table((1,), (1,), (2,)), table((1,), (2,), (2,)), False, False, False),
    "DISTINCT forgotten": (table((1,), (2,)), table((1,), (1,), (2,)), False, False, False),
    "DISTINCT too much": (table((1,), (1,)), table((1,)), False, False, False),
    "1e-4 relative": (table((10_000.0,)), table((10_001.0,)), False, True, True),
    "more than 1e-4": (table((10_000.0,)), table((10_001.5,)), False, False, False),
    "the same two decimals": (table((0.123,)), table((0.12,)), False, True, True),
    "other second decimal": (table((0.126,)), table((0.12,)), False, False, False),
    "halves round up, as engines do": (table((1.005,), (0.125,)), table((1.01,), (0.13,)), False, True, True),
    "negative halves": (table((-0.125,)), table((-0.13,)), False, True, True),
    "small numbers of other signs": (table((0.004,)), table((-0.004,)), False, True, True),
    "signs": (table((5,)), table((-5,)), False, False, False),
    "noise of a sum": (table((0.1 + 0.2,)), table((0.3,)), False, True, True),
    "integer and float": (table((5,)), table((5.0,)), False, True, True),
    "neighbouring counts": (table((41,)), table((42,)), False, False, False),
    "integers beyond 2**53": (table((2**62,)), table((float(2**62),)), False, True, True),
    "numeric text and number": (table(("5",), ("7.50",)), table((5,), (7.5,)), False, True, True),
    "padded text is not a number": (table(("05",)), table((5,)), False, False, False),
    "exponents and blanks are text": (table(("5e1",), (" 5",)), table((50,), (5,)), False, False, False),
    "codes as text are compared as text": (table(("10001",)), table(("10002",)), False, False, False),
    "text against text keeps its digits": (table(("5.0",)), table(("5",)), False, False, False),
    "a column of numbers and words": (table((5,), ("none",)), table(("none",), ("5",)), False, True, True),
    "case of texts": (table(("Paris",)), table(("paris",)), False, False, False),
    "booleans are 0 and 1": (table((True,), (False,)), table((0,), (1,)), False, True, True),
    "NULL equals NULL": (table((None, 1)), table((None, 1)), False, True, True),
    "NULL is not zero": (table((None,)), table((0,)), False, False, False),
    "NULL is not an empty text": (table((None,)), table(("",)), False, False, False),
    "NULL is not the text NULL": (table((None,)), table(("NULL",)), False, False, False),
    "dates are text": (table(("2025-03-01",)), table(("2025-03-01",)), False, True, True),
    "a date is no midnight": (table(("2025-03-01",)), table(("2025-03-01 00:00",)), False, False, False),
    "infinity is not large": (table((float("inf"),)), table((1e300,)), False, False, False),
    "infinity and NaN equal themselves": (
        table((float("inf"), float("nan"))), table((float("nan"), float("inf"))), False, True, True
    ),
    "one NULL is not an empty result": (table((None,)), table(width=1), False, False, False),
    "an empty result is not one NULL": (table(width=1), table((None,)), False, False, False),
    "no columns": (table((), ()), table((), ()), False, True, True),
    "no columns, other rows": (table((), ()), table(()), False, False, False),
    "no columns against some": (table(()), table((1,)), False, False, False),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_definition(case: tuple[Result, Result, bool, bool, bool]) -> None:
    gold, predicted, ordered, answer, execution = case
    assert answer_match(gold, predicted, ordered) is answer
    assert execution_match(gold, predicted, ordered) is execution


def test_names_do_not_count() -> None:
    assert execution_match(Result(("a", "b"), ((1, 2),)), Result(("b", "a"), ((1, 2),)))


def test_empty_results_match_only_when_the_same_tables_are_read() -> None:
    assert not answer_match(table(width=2), table(width=2), same_tables=False)
    assert answer_match(table(width=2), table(width=2), same_tables=True)
    assert answer_match(table(width=2), table(width=5), same_tables=True)
    assert not execution_match(table(width=2), table(width=3), same_tables=True)
    assert not answer_match(table(width=2), table(width=1), same_tables=True)
    assert not answer_match(table((1,)), table((2,)), same_tables=True)


def test_matching_columns_says_where_each_gold_column_is() -> None:
    gold = table(("a", 1, 10), ("b", 2, 20))
    predicted = table((20, "x", "b", 2), (10, "x", "a", 1))
    assert matching_columns(gold, predicted) == (2, 3, 0)
    assert matching_columns(gold, predicted, ordered=True) is None


def test_closeness_is_not_transitive_and_the_bag_match_still_finds_the_pairing() -> None:
    """100.0 ~ 100.009 ~ 100.0175, but the first and last differ: rounding keys and greedy choices fail."""
    low, middle, high = 100.0, 100.009, 100.0175
    assert equal_numbers(low, middle) and equal_numbers(middle, high) and not equal_numbers(low, high)
    assert execution_match(table((low,), (middle,)), table((high,), (middle,)))
    assert execution_match(table((middle,), (low,)), table((middle,), (high,)))
    assert not execution_match(table((low,), (low,)), table((middle,), (high,)))


def test_rows_of_several_close_numbers_are_paired_by_search() -> None:
    """Noise swaps two rows of the sorted prediction, where both columns are too dense for clusters."""
    gold = table((100.0, 5000.0), (100.001, 5000.9), (100.01, 5000.4), (100.018, 5000.4))
    predicted = table((100.001, 5000.0), (100.0, 5000.9), (100.01, 5000.4), (100.018, 5000.4))
    assert execution_match(gold, predicted)


def test_rows_that_cannot_be_paired_are_found_out() -> None:
    """Each column agrees as a bag, yet the first and the last gold row both need the middle one."""
    gold = table((100.0, 5000.0), (100.009, 5000.4), (100.018, 5000.9))
    predicted = table((100.018, 5000.0), (100.009, 5000.4), (100.0, 5000.9))
    assert not execution_match(gold, predicted)


def test_wide_results_of_equal_bags_are_decided_in_bounded_time() -> None:
    """Twenty columns with the same bag of 0 and 1 in different arrangements: the worst case."""
    chance = random.Random(1)
    columns = [chance.sample([0] * 60 + [1] * 60, 120) for _ in range(20)]
    gold = table(*zip(*columns, strict=True))
    shuffled = [list(column) for column in columns]
    chance.shuffle(shuffled)
    rows = list(zip(*shuffled, strict=True))
    chance.shuffle(rows)
    other = [chance.sample([0] * 60 + [1] * 60, 120) for _ in range(20)]
    start = time.monotonic()
    assert execution_match(gold, table(*rows))
    assert not execution_match(gold, table(*zip(*other, strict=True)))
    assert time.monotonic() - start < 20


def test_many_identical_columns_and_large_results_are_quick() -> None:
    start = time.monotonic()
    nulls = table(*[(None,) * 24 + (i,) for i in range(200)])
    assert execution_match(nulls, nulls)
    large = table(*[(i, f"name {i}", i * 1.37, i % 7) for i in range(50_000)])
    assert execution_match(large, table(*reversed(large.rows)))
    assert time.monotonic() - start < 10


def test_a_search_beyond_the_budget_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table((1, 2), (2, 1), (3, 3))
    assert execution_match(rows, rows)
    monkeypatch.setattr("eval_harness.match.BUDGET", 10)
    assert not execution_match(rows, rows)


numbers = st.one_of(
    st.integers(-30, 30),
    st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 3)),
    st.floats(99.99, 100.05),
    st.integers(),
)
texts = st.one_of(st.sampled_from(["", "a", "b", "5", "05", "5.0"]), st.text(max_size=3))
cells = st.one_of(st.none(), st.booleans(), numbers, texts)


@st.composite
def tables(draw: st.DrawFn) -> Result:
    width = draw(st.integers(1, 4))
    kinds = [draw(st.sampled_from([cells, numbers, st.integers(0, 1)])) for _ in range(width)]
    return table(*draw(st.lists(st.tuples(*kinds), max_size=8)), width=width)


@given(tables(), st.booleans())
def test_reflexive(gold: Result, ordered: bool) -> None:
    assert answer_match(gold, gold, ordered, same_tables=True)
    assert execution_match(gold, gold, ordered, same_tables=True)


@given(tables(), tables(), st.booleans(), st.booleans())
def test_execution_match_is_symmetric_and_implies_answer_match(
    gold: Result, predicted: Result, ordered: bool, same_tables: bool
) -> None:
    there = execution_match(gold, predicted, ordered, same_tables)
    assert there is execution_match(predicted, gold, ordered, same_tables)
    assert not there or answer_match(gold, predicted, ordered, same_tables)


@given(tables(), st.randoms(use_true_random=False))
def test_row_and_column_shuffles_do_not_matter(gold: Result, chance: random.Random) -> None:
    places = list(range(len(gold.columns)))
    chance.shuffle(places)
    rows = [tuple(row[i] for i in places) for row in gold.rows]
    assert execution_match(gold, table(*rows, width=len(places)), ordered=True, same_tables=True)
    chance.shuffle(rows)
    assert execution_match(gold, table(*rows, width=len(places)), same_tables=True)


@given(tables(), st.integers(0, 10_000), st.lists(cells, min_size=8, max_size=8))
def test_extra_columns_anywhere_keep_the_answer(gold: Result, where: int, extra: list[Cell]) -> None:
    place = where % (len(gold.columns) + 1)
    rows = [(*row[:place], more, *row[place:]) for row, more in zip(gold.rows, extra, strict=False)]
    wider = table(*rows, width=len(gold.columns) + 1)
    assert answer_match(gold, wider, same_tables=True)
    assert not execution_match(gold, wider, same_tables=True)


@given(tables(), st.data())
def test_a_changed_value_breaks_the_match(gold: Result, data: st.DataObject) -> None:
    assume(gold.rows)
    i = data.draw(st.integers(0, len(gold.rows) - 1))
    j = data.draw(st.integers(0, len(gold.columns) - 1))
    rows = [list(row) for row in gold.rows]
    rows[i][j] = "a value that no generated table holds"
    changed = table(*(tuple(row) for row in rows))
    for ordered in (False, True):
        assert not answer_match(gold, changed, ordered)
        assert not answer_match(changed, gold, ordered)


@given(tables(), tables())
@settings(max_examples=300)
def test_the_search_agrees_with_trying_everything(gold: Result, predicted: Result) -> None:
    """The definition taken literally: every injection of columns, every pairing of rows."""
    gold = Result(gold.columns, gold.rows[:4])
    predicted = Result(predicted.columns, predicted.rows[:4])
    assume(gold.rows)
    assert answer_match(gold, predicted) is _by_brute_force(gold, predicted)
    half_changed = Result(gold.columns, (*gold.rows[:-1], gold.rows[0]))
    assert answer_match(gold, half_changed) is _by_brute_force(gold, half_changed)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_noise_below_the_tolerance_keeps_the_match(
    rows: list[tuple[int | float, int | float]], chance: random.Random
) -> None:
    noisy = [tuple(x * (1 + chance.uniform(-9e-5, 9e-5)) for x in row) for row in rows]
    chance.shuffle(noisy)
    assert execution_match(table(*rows), table(*noisy))


def _by_brute_force(gold: Result, predicted: Result) -> bool:
    if len(gold.rows) != len(predicted.rows):
        return False
    return any(
        all(_equal_in_columns(gold, predicted, a, b, places) for a, b in enumerate(order))
        for places in itertools.permutations(range(len(predicted.columns)), len(gold.columns))
        for order in itertools.permutations(range(len(gold.rows)))
    )


def _equal_in_columns(gold: Result, predicted: Result, a: int, b: int, places: tuple[int, ...]) -> bool:
    for i, j in enumerate(places):
        numeric = any(isinstance(r[i], int | float) for r in gold.rows) or any(
            isinstance(r[j], int | float) for r in predicted.rows
        )
        if not equal_values(to_value(gold.rows[a][i], numeric), to_value(predicted.rows[b][j], numeric)):
            return False
    return True


hundreds = st.integers(0, 9).map(lambda k: 100 + k * 0.004)
thousands = st.integers(0, 9).map(lambda k: 5000 + k / 5)
dense_rows = st.tuples(hundreds, thousands)
DenseRows = list[tuple[float, float]]


@given(st.integers(2, 5).flatmap(lambda n: st.tuples(*[st.lists(dense_rows, min_size=n, max_size=n)] * 2)))
@settings(max_examples=300)
def test_can_pair_agrees_with_trying_everything(sides: tuple[DenseRows, DenseRows]) -> None:
    gold, predicted = sides
    possible = any(
        all(all(map(equal_numbers, row, other)) for row, other in zip(gold, order, strict=True))
        for order in itertools.permutations(predicted)
    )
    assert can_pair(gold, predicted, lambda _: None) is possible


@given(st.lists(st.lists(st.integers(0, 5), max_size=4, unique=True), max_size=5))
def test_find_pairing_agrees_with_trying_everything(choices: list[list[int]]) -> None:
    possible = any(len(set(pick)) == len(pick) for pick in itertools.product(*choices))
    found = find_pairing(choices)
    assert (found is not None) is possible
    if found is not None:
        assert len(set(found)) == len(found)
        assert all(taken in allowed for taken, allowed in zip(found, choices, strict=True))


def test_pairing_follows_long_paths() -> None:
    """Each item but the last prefers the place of the next: the last one moves all 3,000 others."""
    size = 3000
    assert find_pairing([[i, i + 1] for i in range(size)] + [[0]]) == (*range(1, size + 1), 0)


def test_can_pair_needs_equal_sizes_and_values() -> None:
    spent: list[int] = []
    assert not can_pair([(1.0,)], [(1.0,), (1.0,)], spent.append)
    assert not can_pair([(1.0,), (2.0,)], [(1.0,), (3.0,)], spent.append)
    assert can_pair([(1.0, None), (2.0, "a")], [(2.0, "a"), (1.0, None)], spent.append)
    assert spent == []
