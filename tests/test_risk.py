"""The risk-coverage curve and the calibration error: by hand, and for any confidences."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_harness.evaluate import Prediction, Status, evaluate
from eval_harness.example import Example
from eval_harness.risk import Bin, Stand, calibration, curve, stands
from eval_harness.run_sql import read_only

CONFIDENCES = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
STANDS = st.lists(st.builds(Stand, CONFIDENCES, st.booleans()), max_size=60)


def test_a_curve_by_hand() -> None:
    found = curve(5, [Stand(0.9, True), Stand(0.8, False), Stand(0.8, True), Stand(0.3, False)])
    assert [(p.coverage, p.threshold) for p in found.points] == [(0.2, 0.9), (0.6, 0.8), (0.8, 0.3)]
    assert [p.selective_accuracy for p in found.points] == pytest.approx([1, 2 / 3, 1 / 2])
    assert found.area == pytest.approx((0 + 2 / 3 + 1 / 2) / 4)
    assert found.best_area == pytest.approx((1 / 3 + 2 / 4) / 4)
    assert found.excess_area == pytest.approx((2 / 3 - 1 / 3) / 4)
    assert (found.coverage_at(0.95), found.coverage_at(2 / 3), found.coverage_at(0)) == (0.2, 0.6, 0.8)


def test_a_target_is_reached_by_the_share_that_writes_it() -> None:
    answers = [Stand(1 - k / 100, k != 19) for k in range(20)]
    assert curve(40, answers).coverage_at(0.95) == 0.5


def test_nothing_covered() -> None:
    refused = curve(3, [])
    assert (refused.area, refused.excess_area, refused.coverage_at(0.95)) == (None, None, 0.0)
    assert curve(0, []).coverage_at(0.95) is None
    assert calibration([]).error is None


def test_a_reliability_table_by_hand() -> None:
    found = calibration([Stand(0.95, True), Stand(1.0, False), Stand(0.2, False), Stand(None, True)])
    assert found.error == pytest.approx(2 / 3 * abs(0.5 - 0.975) + 1 / 3 * 0.2)
    assert [(b.low, b.right.n) for b in found.bins if b.right.n] == [(0.2, 1), (0.9, 2)]
    assert calibration([Stand(-3.5, True)]).error is None, "a log-probability is no probability"


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_only_answerable_examples_take_part_and_refusals_are_never_covered(status: Status, tmp_path: Path) -> None:
    database = tmp_path / "empty.db"
    database.touch()
    run = read_only(str(database))
    plan = {
        "right": (Example("a", "right", ("SELECT 1",)), Prediction("answered", "SELECT 1", 0.9)),
        "unsure": (Example("b", "unsure", ("SELECT 1",)), Prediction("unsure", "SELECT 2", 0.2)),
        "held back": (Example("c", "held back", ("SELECT 1",)), Prediction(status, "SELECT 1", 0.99)),
        "no sql": (Example("d", "no sql", ("SELECT 1",)), Prediction("answered", None, 0.99)),
        "broken": (Example("e", "broken", ("SELECT x",)), Prediction("answered", "SELECT 1", 0.99)),
        "weather": (Example("f", "weather", (), "unanswerable"), Prediction("answered", "SELECT 1", 0.99)),
        "no number": (Example("g", "no number", ("SELECT 1",)), Prediction("answered", "SELECT 1", float("nan"))),
    }
    report = evaluate(lambda question: plan[question][1], [example for example, _ in plan.values()], run)
    assert stands(report.examples) == (5, [Stand(0.9, True), Stand(0.2, False), Stand(None, True)])


@given(STANDS, st.integers(1, 20))
def test_thresholds_fall_and_coverage_grows(covered: list[Stand], refused: int) -> None:
    points = curve(len(covered) + refused, covered).points
    thresholds = [-1.0 if p.threshold is None else p.threshold for p in points]
    assert all(a > b for a, b in pairwise(thresholds))
    assert all(a.coverage < b.coverage for a, b in pairwise(points))
    assert len(points) == len({s.confidence for s in covered}), "those of one confidence are one step"
    if points:
        assert points[-1].coverage == len(covered) / (len(covered) + refused) < 1
        assert points[-1].selective_accuracy == sum(s.right for s in covered) / len(covered)


@given(STANDS, st.integers(0, 20))
def test_areas_are_between_the_best_and_the_worst_order(covered: list[Stand], refused: int) -> None:
    n = len(covered) + refused
    found = curve(n, covered)
    if found.area is None or found.best_area is None or found.excess_area is None:
        assert not covered
        return
    outcomes = sorted(s.right for s in covered)
    best = curve(n, [Stand(place / 100, right) for place, right in enumerate(outcomes)])
    worst = curve(n, [Stand(-place / 100, right) for place, right in enumerate(outcomes)])
    assert best.area == pytest.approx(found.best_area, abs=1e-9) and best.excess_area == pytest.approx(0, abs=1e-9)
    assert worst.area is not None
    assert -1e-9 <= found.best_area - 1e-9 <= found.area <= worst.area + 1e-9 <= 1 + 2e-9
    assert found.excess_area == pytest.approx(found.area - found.best_area, abs=1e-9)


@given(STANDS, st.integers(1, 20), st.permutations(range(5)))
def test_the_order_of_the_examples_does_not_matter(covered: list[Stand], refused: int, order: list[int]) -> None:
    n = len(covered) + refused
    shuffled = [covered[i] for i in sorted(range(len(covered)), key=lambda i: (order[i % 5], -i))]
    assert curve(n, shuffled) == curve(n, covered)


@given(STANDS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_target_never_covers_more(covered: list[Stand], one: float, other: float) -> None:
    found = curve(max(1, len(covered)), covered)
    low, high = found.coverage_at(min(one, other)), found.coverage_at(max(one, other))
    assert low is not None and high is not None and 0 <= high <= low <= 1


@given(STANDS)
def test_the_calibration_error_is_a_mean_of_distances(covered: list[Stand]) -> None:
    found = calibration(covered)
    known = [s for s in covered if s.confidence is not None]
    assert sum(b.right.n for b in found.bins) == len(known)
    assert sum(b.right.correct for b in found.bins) == sum(s.right for s in known)
    for own in found.bins:
        assert own.confidence is None or own.low - 1e-9 <= own.confidence <= own.high + 1e-9
    if found.error is not None:
        assert 0 <= found.error <= max(map(_distance, found.bins)) + 1e-9


def _distance(own: Bin) -> float:
    return 0.0 if own.confidence is None or own.right.value is None else abs(own.confidence - own.right.value)
