"""An answer of the bot as the harness judges it."""

from __future__ import annotations

from bot.answer import Answer
from eval_harness.evaluate import Prediction


def prediction(answer: Answer) -> Prediction:
    """What is judged: the status and the SQL, which the harness runs itself."""
    return Prediction(
        status=answer.status,
        sql=answer.sql,
        confidence=answer.confidence,
        latency_ms=answer.timings_ms.get("total"),
        guard_rejections=sum(t.startswith("guard:") for t in answer.tried),
        database_errors=sum(t.startswith("database:") for t in answer.tried),
    )
