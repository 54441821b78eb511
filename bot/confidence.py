"""From what is known of a beam's candidates to the probability that each is the right answer.

The features are few and readable; a logistic model over them (Platt 1999, "Probabilistic outputs for support vector
machines", with more than one input) is fitted by `eval_harness.calibrate` on questions that the student never
learned from, and kept as plain numbers with it. Without a fit the probability of the whole sequence stands in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.candidates import Candidate
from bot.database import Result
from bot.linking import Linked

_FAINTEST = -12.0  # nats: below this a candidate is hopeless, however far
_WIDEST = 6.0
_SAID = re.compile(r":([vnd]\d)\b")


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model: `weights` by feature, `bias`, and the `threshold` below which an answer is unsure."""

    weights: Mapping[str, float]
    bias: float
    threshold: float | None = None

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability, between 0 and 1, that a candidate with these features is right."""
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Calibration:
        """From what `calibration.json` holds. Raises KeyError, TypeError or ValueError when it is damaged."""
        threshold = data.get("threshold")
        weights = {str(name): float(weight) for name, weight in data["weights"].items()}
        return Calibration(weights, float(data["bias"]), None if threshold is None else float(threshold))


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with the probability that it is the right answer."""

    candidate: Candidate
    probability: float


def judge(
    candidates: Sequence[Candidate], linked: Linked, unknown_words: int, calibration: Calibration | None
) -> list[Judged]:
    """The candidates that stand, likeliest to be right first. Without a calibration they keep the beam's order."""
    standing = [c for c in candidates if c.stands]
    if calibration is None:
        likely = [math.exp(c.prediction.log_probability) * 0.8**unknown_words for c in standing]
        # An answer that took the place of a likelier one, which did not run, is half as sure.
        return [Judged(c, p if c.rank == 0 else p * 0.5) for c, p in zip(standing, likely, strict=True)]
    judged = [Judged(c, calibration.probability(features(c, candidates, linked, unknown_words))) for c in standing]
    return sorted(judged, key=lambda j: -j.probability)


def features(
    candidate: Candidate, candidates: Sequence[Candidate], linked: Linked, unknown_words: int
) -> dict[str, float]:
    """What speaks for or against one candidate that stands.

    log_probability: of its whole sequence, in nats. lead: over the best of the others, in nats. agreement: the share
    of the beam's probability that gives the same result. unused_values, unused_numbers, unused_periods: slots of the
    question that it does not say. unknown: words of the question that the student never met. refuses: it is the
    refusal; refuses_log_probability: that, times the first. empty: no row came back, or only NULL. behind: it is not
    the first of the beam. length: its tokens, in tens.
    """
    prediction = candidate.prediction
    log_probability = max(_FAINTEST, prediction.log_probability)
    others = [c.prediction.log_probability for c in candidates if c is not candidate]
    lead = prediction.log_probability - max(others, default=_FAINTEST)
    said = set(_SAID.findall(prediction.short))
    unused = [slot.kind for slot in linked.slots if slot.name not in said]
    refuses = float(candidate.refuses)
    rows = candidate.result.rows if candidate.result else ((1,),)
    return {
        "log_probability": log_probability,
        "lead": max(-_WIDEST, min(_WIDEST, lead)),
        "agreement": _agreement(candidate, candidates),
        "unused_values": (1 - refuses) * unused.count("value"),
        "unused_numbers": (1 - refuses) * unused.count("number"),
        "unused_periods": (1 - refuses) * unused.count("period"),
        "unknown": float(min(unknown_words, 5)),
        "refuses": refuses,
        "refuses_log_probability": refuses * log_probability,
        "empty": float(all(cell is None for row in rows for cell in row)),
        "behind": float(candidate.rank > 0),
        "length": prediction.tokens / 10,
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
