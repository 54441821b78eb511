"""From what is known of a beam's candidates to the probability that each is the right answer.

The features are few and readable. One logistic model over them tells right candidates of a question from wrong ones,
and chooses; another says of those chosen how likely they are right (Platt 1999, "Probabilistic outputs for support
vector machines", with more than one input). Both are fitted by `eval_harness.calibrate` on questions that the student
never learned from, and kept as plain numbers with it. Without a fit the probability of the whole sequence stands in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.candidates import Candidate
from bot.database import Result
from bot.linking import Linked

_FAINTEST = -12.0  # nats: below this a candidate is hopeless, however far
_LEAST_SHARE = 1e-3
# Which way a feature may count: more of the first two is better, more of the others worse.
DIRECTIONS: Mapping[str, int] = {"log_probability": 1, "agreement": 1, "unused": -1, "unknown": -1, "empty": -1}
_SAID = re.compile(r":([vnd]\d)\b")


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model: `weights` by feature, `bias`, and the `threshold` below which an answer is unsure.

    `choice` weighs the features when a question's candidates are compared; without it `weights` do that too.
    `accuracy` is the share of `questions` that the student got right while this was fitted; 0 of 0 where unknown.
    """

    weights: Mapping[str, float]
    bias: float
    threshold: float | None = None
    choice: Mapping[str, float] | None = None
    accuracy: float = field(default=0.0, compare=False)
    questions: int = field(default=0, compare=False)

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability, between 0 and 1, that a candidate with these features is right."""
        total = self.bias + _weighed(self.weights, features)
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))

    def preference(self, features: Mapping[str, float]) -> float:
        """How a candidate stands beside the others of its question; the largest is chosen."""
        return _weighed(self.weights if self.choice is None else self.choice, features)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Calibration:
        """From what `calibration.json` holds. Raises KeyError, TypeError or ValueError when it is damaged."""
        threshold = data.get("threshold")
        weights, choice = (
            {str(name): float(weight) for name, weight in data[key].items()} if key in data else None
            for key in ("weights", "choice")
        )
        if weights is None:
            raise KeyError("weights")
        bias, bound = float(data["bias"]), None if threshold is None else float(threshold)
        fitted = data.get("fitted", {})
        accuracy, questions = float(fitted.get("accuracy", 0.0)), int(fitted.get("questions", 0))
        return Calibration(weights, bias, bound, choice, accuracy, questions)


def _weighed(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with the probability that it is the right answer."""

    candidate: Candidate
    probability: float


def judge(
    candidates: Sequence[Candidate], linked: Linked, unknown_words: int, calibration: Calibration | None
) -> list[Judged]:
    """The candidates that stand, the one to choose first. Without a calibration they keep the beam's order.

    The probability was fitted on candidates that were chosen, so one that comes after is never given more than the one
    before it.
    """
    standing = [c for c in candidates if c.stands]
    if calibration is None:
        likely = [math.exp(c.prediction.log_probability) * 0.8**unknown_words for c in standing]
        # An answer that took the place of a likelier one, which did not run, is half as sure.
        return [Judged(c, p if c.rank == 0 else p * 0.5) for c, p in zip(standing, likely, strict=True)]
    known = [(c, features(c, candidates, linked, unknown_words)) for c in standing]
    known.sort(key=lambda each: -calibration.preference(each[1]))
    most, judged = 1.0, []
    for candidate, found in known:
        most = min(most, calibration.probability(found))
        judged.append(Judged(candidate, most))
    return judged


def features(
    candidate: Candidate, candidates: Sequence[Candidate], linked: Linked, unknown_words: int
) -> dict[str, float]:
    """What speaks for or against one candidate that stands.

    log_probability: of its whole sequence, in nats. agreement: the logarithm of the share of the beam's probability
    that gives the same result. unused: values, numbers and times of the question that it does not say. unknown: words
    of the question that the student never met. empty: no row came back, or only NULL. refuses: it is the refusal.
    behind: it is not the first of the beam. All but the last two count in one direction only.
    """
    said = set(_SAID.findall(candidate.prediction.short))
    unused = sum(slot.name not in said for slot in linked.slots)
    rows = candidate.result.rows if candidate.result else ((1,),)
    return {
        "log_probability": max(_FAINTEST, candidate.prediction.log_probability),
        "agreement": math.log(max(_LEAST_SHARE, _agreement(candidate, candidates))),
        "unused": 0.0 if candidate.refuses else float(unused),
        "unknown": float(min(unknown_words, 5)),
        "empty": float(all(cell is None for row in rows for cell in row)),
        "refuses": float(candidate.refuses),
        "behind": float(candidate.rank > 0),
    }


def _agreement(candidate: Candidate, candidates: Sequence[Candidate]) -> float:
    if candidate.result is None:
        return candidate.share
    own = _rows(candidate.result)
    return sum(c.share for c in candidates if c.result is not None and _rows(c.result) == own)


def _rows(result: Result) -> list[str]:
    return sorted(repr(row) for row in result.rows)


def same_result(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates gave the same rows, in any order."""
    return one.result is not None and other.result is not None and _rows(one.result) == _rows(other.result)
