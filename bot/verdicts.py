"""Decisions over pairs as the memory keeps them: who may be counted, which rows belong together, what was decided.

All of it happens inside a transaction of the caller. Deciding, reviewing and removing take turns, and hold the answers
they touch, so that no vote changes under them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot.records import AnswerRow, Basis, PairRow, PairStatus, RemovedUserRow, VerdictRow

_TURN = text("SELECT pg_advisory_xact_lock(775966425)")  # the number is only ours; SQLite has one writer anyway


def take_turn(session: Session) -> None:
    """Wait until nobody else decides; holds until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TURN)


def hold(session: Session, answer_ids: Iterable[str]) -> dict[str, AnswerRow]:
    """The answers, locked: nobody votes on them until the transaction ends. Always in the same order."""
    locked = {}
    for answer_id in sorted(set(answer_ids)):
        answer = session.get(AnswerRow, answer_id, with_for_update=True)
        if answer is not None:
            locked[answer_id] = answer
    return locked


def alike(session: Session, digests: Collection[str]) -> list[PairRow]:
    """All rows of these questions with their SQL, oldest first, their answers held."""
    query = select(PairRow).where(PairRow.digest.in_(digests)).order_by(PairRow.id)
    hold(session, (row.answer_id for row in session.scalars(query)))
    return list(session.scalars(query.execution_options(populate_existing=True)))


def names(user_id: str, door: str) -> set[str]:
    """How a person may be named when they are removed."""
    return {user_id, f"{door}:{user_id}"}


def removed_users(session: Session) -> set[str]:
    """Everybody whose opinions count no more."""
    return set(session.scalars(select(RemovedUserRow.user_id)))


def counted(session: Session, rows: Sequence[PairRow]) -> list[PairRow]:
    """The rows of people who have not been removed."""
    gone = removed_users(session)
    if not gone:
        return list(rows)
    doors = {a.id: a.door for a in session.scalars(
        select(AnswerRow).where(AnswerRow.id.in_({r.answer_id for r in rows}))
    )}  # fmt: skip
    return [r for r in rows if not names(r.user_id, doors.get(r.answer_id, "")) & gone]


def rejected_by_reviewer(session: Session, digests: Collection[str]) -> set[str]:
    """Those of the questions with their SQL that a reviewer rejected, whoever vouched for them then."""
    query = select(PairRow.digest).join(VerdictRow, VerdictRow.pair_id == PairRow.id)
    rejected = PairRow.status == "rejected", VerdictRow.reviewer.is_not(None)
    return set(session.scalars(query.where(PairRow.digest.in_(digests), *rejected)))


def settle(
    session: Session, pair: PairRow, status: PairStatus, reason: str, at: datetime, *, basis: Basis = "",
    reviewer: str | None = None, leaned_on: Sequence[str] = (), opinions: dict[str, Any] | None = None,
    learned: str | None = None, short: str = "",
) -> None:
    """Give a pair its status and the reasons for it, both or neither. Opinions known already stay."""
    verdict = session.get(VerdictRow, pair.id)
    if verdict is None:
        verdict = VerdictRow(pair_id=pair.id, opinions={})
        session.add(verdict)
    pair.status, pair.reason = status, reason
    verdict.at, verdict.basis, verdict.reviewer = at, basis, reviewer
    verdict.leaned_on, verdict.learned, verdict.short = list(leaned_on), learned, short
    if opinions is not None:
        verdict.opinions = opinions
