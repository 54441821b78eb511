"""What a person asked before: the answers that the memory kept, and their SQL run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from bot.access import NOBODY, Access, Rights
from bot.answer import Answer, Status
from bot.database import Database, DatabaseError, Limits, Result
from bot.guard import Rejected
from bot.records import AnswerRow, CorrectionRow, FeedbackRow, storable
from bot.schema import Schema
from bot.store import Store


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as the memory holds it, without its rows; `row_count` is how many there were, None for none.

    `vote` is the person's own: 1, -1, or 0 for none; `correction` the SQL that they put in its place.
    """

    answer: Answer
    row_count: int | None
    vote: int
    correction: str | None


def recent(store: Store, user_id: str, door: str, limit: int = 20) -> list[Remembered]:
    """The person's last answers through one door, oldest first. Raises StoreError."""
    user = storable(user_id)
    mine = (FeedbackRow.user_id == user, FeedbackRow.retracted_at.is_(None))
    corrected = (CorrectionRow.user_id == user, CorrectionRow.retracted_at.is_(None))
    query = (
        select(AnswerRow, FeedbackRow.vote, CorrectionRow.sql)
        .outerjoin(FeedbackRow, and_(FeedbackRow.answer_id == AnswerRow.id, *mine))
        .outerjoin(CorrectionRow, and_(CorrectionRow.answer_id == AnswerRow.id, *corrected))
        .where(AnswerRow.user_id == user, AnswerRow.door == door)
        .order_by(AnswerRow.asked_at.desc(), AnswerRow.id)
        .limit(limit)
    )

    def work(session: Session) -> list[Remembered]:
        return [Remembered(remembered(row), row.row_count, vote or 0, sql) for row, vote, sql in session.execute(query)]

    return store.read(work)[::-1]


def run_again(
    sql: str, schema: Schema, database: Database, limits: Limits, rights: Rights | None = None
) -> Result | Rejected:
    """What the SQL of a remembered answer gives now; the data, and what its asker may see, may have moved on since."""
    rights = rights or Access().rights(NOBODY, schema)
    safe = rights.check(sql, schema, read=database.dialect)
    if isinstance(safe, Rejected):
        return safe
    try:
        return database.execute(safe, {}, limits)
    except DatabaseError as error:
        return Rejected(f"database-{error.kind}".replace("_", "-"), error.message)


def remembered(row: AnswerRow) -> Answer:
    """The answer of a row of the memory, without its rows."""
    return Answer(
        id=row.id, question=row.question, status=cast(Status, row.status), message=row.message, sql=row.sql,
        confidence=row.confidence, student_version=row.student_version, candidate=row.candidate,
        short=row.short, code=row.code, timings_ms=row.timings,
    )
