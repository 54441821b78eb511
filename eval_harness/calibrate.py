"""Fits the probability that an answer is right, and the threshold below which the bot should be unsure.

Each observation is one question that the student never learned from: the features of its candidates
(`bot.confidence.features`) and which of them were right. A logistic regression with a ridge is fitted by Newton's
method (iteratively reweighted least squares; Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning",
4.4.1) twice: over all candidates, to choose among those of one question, and over those chosen alone, to say how likely
they are right. (Fitted over all of them, the second would mostly say that most candidates of a beam are wrong.) The
threshold is chosen on predictions of folds that the weights were not fitted on, kept apart by SQL template, so that it
is not flattered by its own data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.confidence import DIRECTIONS, Calibration

Floats = npt.NDArray[np.float64]
FOLDS = 5
RIDGE = 1.0
_STEPS = 50
LEAST = 50  # questions: with fewer, neither weights nor threshold mean anything


class CalibrationError(ValueError):
    """There is too little to fit on; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One candidate: its features, whether it was the right answer, and whether it was the refusal."""

    features: Mapping[str, float]
    right: bool
    refuses: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """One question's candidates. `group` keeps questions of one SQL template in one fold."""

    group: str
    candidates: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """What a fit came to, measured on folds it was not fitted on.

    `coverage` and `selective_accuracy` are those at the threshold; `accuracy` that of answering always, by the
    likeliest candidate; `first` that of always taking the beam's first. `target_reached` is False where no threshold
    reaches the target, and the one with the best selective accuracy was taken.
    """

    calibration: Calibration
    questions: int
    target: float
    target_reached: bool
    coverage: float
    selective_accuracy: float
    accuracy: float
    first: float

    def to_json(self) -> dict[str, Any]:
        """What `calibration.json` holds."""
        return {
            "choice": dict(self.calibration.choice or {}),
            "weights": dict(self.calibration.weights),
            "bias": self.calibration.bias,
            "threshold": self.calibration.threshold,
            "fitted": {
                "questions": self.questions,
                "target_selective_accuracy": self.target,
                "target_reached": self.target_reached,
                "coverage": round(self.coverage, 4),
                "selective_accuracy": round(self.selective_accuracy, 4),
                "accuracy": round(self.accuracy, 4),
                "accuracy_of_the_first_candidate": round(self.first, 4),
            },
        }


def fit(observations: Sequence[Observation], target: float = 0.95, typical: int | None = None) -> Fit:
    """Weights from all observations, the threshold from cross-validation. Raises CalibrationError.

    `typical`: only the first so many observations are like the questions that people ask; they alone choose the
    threshold and are reported on.
    """
    likely = {id(o) for o in observations[:typical]}
    usable = [o for o in observations if o.candidates]
    if len(usable) < LEAST:
        raise CalibrationError(f"{len(usable)} questions with candidates are too few to calibrate on: {LEAST} at least")
    right = [c.right for o in usable for c in o.candidates]
    if all(right) or not any(right):
        raise CalibrationError("every candidate was judged alike: there is nothing to tell apart")
    first = sum(o.candidates[0].right for o in usable if id(o) in likely)
    outcomes = _cross_validated(usable, likely, choosing=True)
    choosing = sum(ok for _, ok, _ in outcomes) > first
    if not choosing:  # then the beam's own order is as good, and simpler
        outcomes = _cross_validated(usable, likely, choosing=False)
    if not outcomes:
        raise CalibrationError("no candidate could be judged on questions that it was not fitted on")
    threshold, reached, coverage, selective = choose_threshold(outcomes, target)
    return Fit(
        replace(_fit_both(usable, choosing), threshold=threshold), len(usable), target, reached, coverage, selective,
        accuracy=sum(ok for _, ok, _ in outcomes) / len(outcomes), first=first / len(outcomes),
    )  # fmt: skip


def _cross_validated(
    usable: Sequence[Observation], likely: set[int], choosing: bool
) -> list[tuple[float, bool, bool]]:
    """Probability, right and refused of the chosen candidates, by models that were fitted on other SQL templates."""
    fold = [int(hashlib.sha256(o.group.encode()).hexdigest(), 16) % FOLDS for o in usable]
    outcomes: list[tuple[float, bool, bool]] = []
    for number in range(FOLDS):
        inside = [o for o, f in zip(usable, fold, strict=True) if f != number]
        outside = [o for o, f in zip(usable, fold, strict=True) if f == number]
        if inside and outside:
            model = _fit_both(inside, choosing)
            outcomes += [_outcome(o, model) for o in outside if id(o) in likely]
    return outcomes


def choose_threshold(
    outcomes: Sequence[tuple[float, bool, bool]], target: float
) -> tuple[float, bool, float, float]:
    """The lowest threshold whose answers are right in `target` of cases.

    `outcomes` are (probability, right, refused) of the likeliest candidate of each question; a refusal is no answer
    and belongs to neither side. Returns threshold, whether the target is reached, coverage, selective accuracy;
    coverage is the share of all questions that are not rightly refused. Questions of equal probability stay together.
    """
    answers = sorted(((p, ok) for p, ok, refused in outcomes if not refused), reverse=True)
    possible = sum(not (refused and ok) for _, ok, refused in outcomes)
    best: tuple[float, bool, float, float] = (1.0, False, 0.0, 0.0)
    right = 0
    for count, (probability, ok) in enumerate(answers, start=1):
        right += ok
        if count < len(answers) and answers[count][0] == probability:
            continue
        accuracy, coverage = right / count, count / possible
        if accuracy >= target:
            best = (probability, True, coverage, accuracy)
        elif not best[1] and accuracy > best[3]:
            best = (probability, False, coverage, accuracy)
    return best


def _outcome(observation: Observation, model: Calibration) -> tuple[float, bool, bool]:
    best = _chosen(observation, model)
    return model.probability(best.features), best.right, best.refuses


def _chosen(observation: Observation, model: Calibration) -> Seen:
    return max(observation.candidates, key=lambda c: model.preference(c.features))


def _fit_both(observations: Sequence[Observation], choosing: bool) -> Calibration:
    """Without `choosing` nothing weighs in the choice, so the first of the beam stays the first."""
    everything = _regress([c for o in observations for c in o.candidates])
    choice = everything.weights if choosing else {}
    chosen = [_chosen(o, replace(everything, choice=choice)) for o in observations]
    told_apart = len({c.right for c in chosen}) == 2
    return replace(_regress(chosen) if told_apart else everything, choice=choice)


def _regress(rows: Sequence[Seen]) -> Calibration:
    """A fit in which no feature counts against its direction: one that would is left out, and the rest fitted again.

    What a feature says against all sense is chance, or a habit of the pairs that were held out.
    """
    names = sorted(rows[0].features)
    while True:
        fitted = _regress_on(rows, names)
        wrong = [name for name in names if fitted.weights[name] * DIRECTIONS.get(name, 0) < 0]
        if not wrong:
            return fitted
        worst = min(wrong, key=lambda name: fitted.weights[name] * DIRECTIONS[name])
        names = [name for name in names if name != worst]


def _regress_on(rows: Sequence[Seen], names: Sequence[str]) -> Calibration:
    values = np.array([[c.features[name] for name in names] for c in rows])
    right = np.array([c.right for c in rows], dtype=np.float64)
    middle, spread = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    varies = values.std(axis=0) > 1e-9
    scaled = np.where(varies, (values - middle) / spread, 0.0)
    solved = _newton(np.column_stack([scaled, np.ones(len(rows))]), right)
    weights = np.where(varies, solved[:-1] / spread, 0.0)
    bias = float(solved[-1] - (weights * middle).sum())
    return Calibration({name: float(w) for name, w in zip(names, weights, strict=True)}, bias)


def _newton(inputs: Floats, right: Floats) -> Floats:
    """Logistic regression of `right` [n] on `inputs` [n, k], the last column the constant, which has no ridge."""
    solved = np.zeros(inputs.shape[1])
    ridge = np.full(inputs.shape[1], RIDGE)
    ridge[-1] = 1e-6
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-np.clip(inputs @ solved, -30, 30)))
        gradient = inputs.T @ (likely - right) + ridge * solved
        curvature = (inputs * (likely * (1 - likely))[:, None]).T @ inputs + np.diag(ridge)
        step = np.linalg.solve(curvature, gradient)
        solved -= step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return solved
