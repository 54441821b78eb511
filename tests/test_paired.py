"""What is known of a difference between two students, against numbers worked out by other means."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from scipy.stats import binom, binomtest, norm  # type: ignore[import-untyped]

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
def test_the_bound_is_where_the_score_has_that_probability(gained: int, lost: int, level: float) -> None:
    n, bound = 100, Paired(100, gained, lost).lower_bound(level)

    def unlikely(losses: float) -> float:
        """How unlikely the counts are, with the difference that the bound says and these losses."""
        gains, same = max(losses + bound, 1e-12), max(1 - 2 * losses - bound, 1e-12)
        return -(gained * math.log(gains) + lost * math.log(losses) + (n - gained - lost) * math.log(same))

    least, most = max(1e-9, -bound), (1 - bound) / 2
    losses = minimize_scalar(unlikely, bounds=(least, most), method="bounded", options={"xatol": 1e-12}).x
    spread = math.sqrt(n * (2 * losses + bound * (1 - bound)))
    assert (gained - lost - n * bound) / spread == pytest.approx(norm.ppf(level), abs=0.02)


@pytest.mark.parametrize(
    ("n", "gain", "loss"), [(100, 0, 0.05), (100, 0.02, 0.07), (200, 0.005, 0.055), (300, 0, 0.05)]
)
def test_one_that_is_worse_by_the_margin_seldom_passes(n: int, gain: float, loss: float) -> None:
    passes = 0.0
    for differing in range(n + 1):
        share = binom.pmf(differing, n, gain + loss)
        if share < 1e-9:
            continue
        for lost in range(differing + 1):
            likely = binom.pmf(lost, differing, loss / (gain + loss))
            if share * likely > 1e-7 and Paired(n, differing - lost, lost).lower_bound() > -0.05:
                passes += share * likely
    assert passes <= 0.06


def test_nothing_seen_is_not_nothing_known() -> None:
    assert Paired(99, 0, 0).lower_bound() == pytest.approx(-(1.645**2) / (99 + 1.645**2), abs=1e-4)
    assert Paired(100, 0, 4).lower_bound() < -0.08


@given(OUTCOMES)
def test_the_bound_lies_below_the_difference(outcomes: list[tuple[bool, bool]]) -> None:
    compared = pair([a for a, _ in outcomes], [b for _, b in outcomes])
    assert -1 <= compared.lower_bound() <= compared.difference + 1e-9 <= 1 + 1e-9
    swapped = pair([b for _, b in outcomes], [a for a, _ in outcomes])
    assert swapped.difference == -compared.difference
    assert swapped.p_value == pytest.approx(compared.p_value)
