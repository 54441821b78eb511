"""The numbers of a report against values worked out by hand or taken from the literature."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.measures import Share, percentile, wilson


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(correct: int, n: int, low: float, high: float) -> None:
    """The four worked examples of Newcombe 1998, Statistics in Medicine 17, 857-872, table I."""
    assert wilson(correct, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share_and_mirrors(n: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, n))
    low, high = wilson(correct, n)
    assert 0 <= low <= correct / n <= high <= 1
    assert wilson(n - correct, n) == pytest.approx((1 - high, 1 - low))


def test_a_share_of_nothing_is_none() -> None:
    assert Share(0, 0).value is None and Share(0, 0).interval is None
    assert Share(4, 3).value == 0.75


def test_percentiles_are_nearest_ranks() -> None:
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    assert [percentile(values, p) for p in (5, 30, 40, 50, 100)] == [15.0, 20.0, 20.0, 35.0, 50.0]
    assert percentile([7.0], 99) == 7.0
    assert percentile([], 50) == 0.0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], p: int) -> None:
    found = percentile(values, p)
    assert found in values
    assert sum(v <= found for v in values) >= len(values) * p / 100 - 1e-9
    assert sum(v < found for v in values) < len(values) * p / 100
