"""Whether a confidence is worth following: the risk-coverage curve, its area, and the calibration error.

A bot that answers only when its confidence reaches a threshold trades coverage for accuracy. The curve of that
trade is from El-Yaniv & Wiener, "On the Foundations of Noise-free Selective Classification" (JMLR 2010), with its
use for networks in Geifman & El-Yaniv, "Selective Classification for Deep Neural Networks" (NIPS 2017); the area
under it (AURC) and its excess over the best possible order (E-AURC) are as in Geifman, Uziel & El-Yaniv,
"Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers" (ICLR 2019). The calibration error is that of
Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), over ten bins of equal width.

Only answerable examples whose gold ran take part. One that was answered, surely or not, stands at its confidence,
below all others where it has none. One that was refused or failed has no SQL: it is never covered, and counts in
coverage's denominator all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from eval_harness.measures import Share, Verdict

BINS = 10
_NOISE = 1e-12  # 0.95 * 20 must be reached by 19 of 20


@dataclass(frozen=True, slots=True)
class Stand:
    """One example as the curve sees it: a finite confidence (None: none was given), and whether it was right."""

    confidence: float | None
    right: bool


@dataclass(frozen=True, slots=True)
class Point:
    """Answering at `threshold` and above: the covered share of all, and the share of right among the covered.

    The last threshold is None where some answers came without a confidence: nothing but answering all includes them.
    """

    coverage: float
    selective_accuracy: float
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The risk-coverage curve of `n` examples, of which `covered` can be covered at all and `right` of those are right.

    `points` go from the highest threshold to the lowest; examples of one confidence are one step.
    """

    n: int
    covered: int
    right: int
    points: tuple[Point, ...]

    @property
    def area(self) -> float | None:
        """The mean of the selective risk (1 - selective accuracy) over the coverages that can be reached; None of none.

        Where everything can be covered this is AURC. The mean rather than the sum, or a bot would do better by
        refusing more.
        """
        return self._mean([1 - p.selective_accuracy for p in self.points])

    @property
    def best_area(self) -> float | None:
        """The least area that any order of the same right and wrong answers has: all right ones first."""
        if not self.covered:
            return None
        return sum(1 - self.right / k for k in range(self.right + 1, self.covered + 1)) / self.covered

    @property
    def excess_area(self) -> float | None:
        """What the order of the confidences costs: the area less the least one. 0 is a perfect order."""
        area, best = self.area, self.best_area
        return None if area is None or best is None else max(0.0, area - best)

    def coverage_at(self, accuracy: float) -> float | None:
        """The largest coverage whose selective accuracy is at least that; 0 where none is, None without examples."""
        if not self.n:
            return None
        return max((p.coverage for p in self.points if p.selective_accuracy >= accuracy - _NOISE), default=0.0)

    def _mean(self, risks: Sequence[float]) -> float | None:
        if not self.points:
            return None
        ends = [point.coverage for point in self.points]
        widths = [end - start for start, end in zip([0.0, *ends], ends, strict=False)]
        return sum(risk * width for risk, width in zip(risks, widths, strict=True)) / ends[-1]


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence is in [low, high), the last bin with its end; `confidence` is their mean."""

    low: float
    high: float
    confidence: float | None
    right: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the confidences are from shares of right answers. `error` is None where none are probabilities."""

    error: float | None
    bins: tuple[Bin, ...]


def stands(verdicts: Iterable[Verdict]) -> tuple[int, list[Stand]]:
    """From verdicts: the number of answerable examples, and how those stand that have an answer."""
    answerable = [v for v in verdicts if v.kind == "answerable" and v.measurable]
    covered = [v for v in answerable if v.status in ("answered", "unsure") and v.sql is not None]
    return len(answerable), [Stand(_finite(v.confidence), v.correct) for v in covered]


def curve(n: int, covered: Iterable[Stand]) -> Curve:
    """The risk-coverage curve of `n` examples, `covered` among them."""
    order = sorted(covered, key=lambda s: _key(s.confidence), reverse=True)
    points: list[Point] = []
    count = right = 0
    for _, step in groupby(order, key=lambda s: _key(s.confidence)):
        together = list(step)
        count += len(together)
        right += sum(s.right for s in together)
        points.append(Point(count / n, right / count, together[0].confidence))
    return Curve(n, count, right, tuple(points))


def calibration(covered: Iterable[Stand]) -> Calibration:
    """The expected calibration error and its reliability table, over the answers that have a confidence.

    A confidence outside 0 to 1 is no probability (a score, perhaps): then there is no table.
    """
    known = [(s.confidence, s.right) for s in covered if s.confidence is not None]
    if not known or not all(0 <= confidence <= 1 for confidence, _ in known):
        return Calibration(None, ())
    bins: list[Bin] = []
    error = 0.0
    for number in range(BINS):
        inside = [(c, ok) for c, ok in known if min(int(c * BINS), BINS - 1) == number]
        share = Share(len(inside), sum(ok for _, ok in inside))
        mean = sum(c for c, _ in inside) / len(inside) if inside else None
        if mean is not None and share.value is not None:
            error += len(inside) / len(known) * abs(share.value - mean)
        bins.append(Bin(number / BINS, (number + 1) / BINS, mean, share))
    return Calibration(error, tuple(bins))


def _finite(confidence: float | None) -> float | None:
    return confidence if confidence is not None and math.isfinite(confidence) else None


def _key(confidence: float | None) -> tuple[bool, float]:
    return (confidence is not None, confidence or 0.0)
