"""From the scores of a beam to the probability that the first candidate is right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.student import Prediction


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model over features of the beam; the numbers are fitted by the evaluation harness and kept as
    plain numbers with the student. Without a fit, the probability of the whole sequence stands in."""

    weights: Mapping[str, float]
    bias: float

    def probability(self, features: Mapping[str, float]) -> float:
        """The probability, between 0 and 1, that an answer with these features is right."""
        total = self.bias + sum(self.weights.get(name, 0.0) * value for name, value in features.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))


def features(predictions: Sequence[Prediction], unknown_words: int) -> dict[str, float]:
    """What a beam says about its first candidate.

    log_probability: of the whole sequence. share: its part of the probability of all candidates. unknown: words of
    the question that the student never met.
    """
    first = predictions[0]
    total = sum(math.exp(p.log_probability) for p in predictions)
    return {
        "log_probability": first.log_probability,
        "share": math.exp(first.log_probability) / max(total, 1e-9),
        "unknown": float(unknown_words),
    }


def confidence(predictions: Sequence[Prediction], unknown_words: int, calibration: Calibration | None) -> float:
    """The confidence that an answer carries, between 0 and 1."""
    found = features(predictions, unknown_words)
    if calibration is not None:
        return calibration.probability(found)
    return math.exp(found["log_probability"]) * 0.8**unknown_words
