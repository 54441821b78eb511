"""All pairs with where they come from: who nominated which answer of which student, and why each stands as it does."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.formats import clean
from bot.records import AnswerRow, PairRow, PairSource, PairStatus, VerdictRow
from bot.store import Store
from bot.verdicts import names


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair: one person's word for one question with one SQL."""

    id: int
    status: PairStatus
    reason: str
    question: str
    sql: str
    source: PairSource
    user: str
    door: str
    channel: str | None
    answer_id: str
    student_version: str
    nominated_at: datetime
    decided_at: datetime | None
    basis: str
    reviewer: str | None
    leaned_on: tuple[str, ...]
    learned: str | None

    def text(self) -> str:
        """For a terminal, on two lines."""
        why = f": {clean(self.reason)}" if self.reason else ""
        by = f" ({self.reviewer})" if self.reviewer else ""
        head = f"#{self.id}  {self.status}{why}{by}  [{self.source} by {self.door}:{clean(self.user)}]"
        return f"{head}\n    {clean(self.question)}\n    {clean(self.sql)}"

    def data(self) -> dict[str, Any]:
        """For programs."""
        decided = self.decided_at.isoformat() if self.decided_at else None
        return {**asdict(self), "nominated_at": self.nominated_at.isoformat(), "decided_at": decided}


def pair_list(store: Store, user: str | None = None, status: str | None = None) -> list[PairLine]:
    """All pairs, oldest first; of one user (an id, or `door:id`) or status alone. Raises StoreError."""

    def work(session: Session) -> list[PairLine]:
        query = (
            select(PairRow, AnswerRow, VerdictRow)
            .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
            .outerjoin(VerdictRow, VerdictRow.pair_id == PairRow.id)
            .order_by(PairRow.id)
        )
        if status is not None:
            query = query.where(PairRow.status == status)
        rows = session.execute(query).tuples()
        return [_line(*row) for row in rows if user is None or user in names(row[0].user_id, row[1].door)]

    return store.read(work)


def _line(pair: PairRow, answer: AnswerRow, verdict: VerdictRow | None) -> PairLine:
    return PairLine(
        pair.id, pair.status, pair.reason, pair.question, pair.sql, pair.source, pair.user_id, answer.door,
        answer.channel_id, answer.id, pair.student_version, pair.nominated_at,
        verdict.at if verdict else None, verdict.basis if verdict else "", verdict.reviewer if verdict else None,
        tuple(verdict.leaned_on) if verdict else (), verdict.learned if verdict else None,
    )  # fmt: skip
