"""What is known of a difference between two students, against numbers worked out by other means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest  # type: ignore[import-untyped]

from eval_harness.paired import Paired, pair

OUTCOMES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=120)


def test_counts_are_of_the_questions_that_differ() -> None:
    assert pair([True, True, False, False], [True, False, True, True]) == Paired(4, 1, 2)
    with pytest.raises(ValueError, match="argument 2"):
        pair([True], [True, False])


@given(gained=st.integers(0, 30), lost=st.integers(0, 30))
def test_the_p_value_is_that_of_the_exact_binomial_test(gained: int, lost: int) -> None:
    found = Paired(100, gained, lost).p_value
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert found == pytest.approx(expected, abs=1e-9)


@given(gained=st.integers(0, 30), lost=st.integers(0, 30), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_is_clopper_and_pearsons(gained: int, lost: int, level: float) -> None:
    n, differing = 100, gained + lost
    if not differing:
        assert Paired(n, 0, 0).lower_bound(level) == 0
        return
    interval = binomtest(gained, differing, alternative="greater").proportion_ci(level, method="exact")
    expected = (2 * interval.low - 1) * differing / n
    assert Paired(n, gained, lost).lower_bound(level) == pytest.approx(expected, abs=1e-6)


@given(OUTCOMES)
def test_the_bound_lies_below_the_difference(outcomes: list[tuple[bool, bool]]) -> None:
    compared = pair([a for a, _ in outcomes], [b for _, b in outcomes])
    assert -1 <= compared.lower_bound() <= compared.difference + 1e-9 <= 1 + 1e-9
    swapped = pair([b for _, b in outcomes], [a for a, _ in outcomes])
    assert swapped.difference == -compared.difference
    assert swapped.p_value == pytest.approx(compared.p_value)
