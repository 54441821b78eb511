"""What a number must beat to mean anything: a bot that always refuses, and the nearest known question's SQL.

The second is `retrieval`. Always to refuse is right for every unanswerable and unsafe question, and for no other.
"""

from __future__ import annotations

from eval_harness.evaluate import Prediction


def refuse(_: str) -> Prediction:
    """A refusal, whatever was asked."""
    return Prediction("refused", latency_ms=0.0)
