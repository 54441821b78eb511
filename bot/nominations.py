"""Which pairs an answer's votes and corrections nominate: one rule, applied after each change.

An up vote nominates the answer's own SQL, a correction its corrected SQL. While a correction with other SQL
stands, up votes on the answer nominate nothing: who corrects has looked closer than who agrees. A nomination
is no admission; whether a pair may train is decided elsewhere, and what was rejected there stays rejected.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.records import AnswerRow, CorrectionRow, FeedbackRow, PairRow, PairSource

TAKEN_BACK = "the vote or correction was changed or taken back"
OUTWEIGHED = "a correction of the same answer says otherwise"

Key = tuple[str, PairSource, str]  # user, source, SQL


def same_words(question: str) -> str:
    """The question as it is compared: without case, spacing, closing marks and characters that cannot be seen."""
    plain = unicodedata.normalize("NFKC", question)
    seen = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(seen.casefold().split()).rstrip(" .?!")


def digest(question: str, sql: str) -> str:
    """64 hex digits, the same for the same question, as `same_words` compares it, and the same SQL."""
    return hashlib.sha256(json.dumps([same_words(question), sql]).encode()).hexdigest()


def renominate(session: Session, answer: AnswerRow, now: datetime) -> None:
    """Bring the answer's pairs in line with what people say of it now. Repeating it changes nothing.

    The caller holds the answer's row locked, so that no two do this for one answer at a time.
    """
    voters = session.scalars(
        select(FeedbackRow.user_id).where(
            FeedbackRow.answer_id == answer.id, FeedbackRow.vote == 1, FeedbackRow.retracted_at.is_(None)
        )
    ).all()
    corrections = session.scalars(
        select(CorrectionRow).where(
            CorrectionRow.answer_id == answer.id, CorrectionRow.retracted_at.is_(None)
        )
    ).all()
    wanted = _wanted(answer.sql, voters, [(c.user_id, c.sql) for c in corrections])
    pairs = session.scalars(select(PairRow).where(PairRow.answer_id == answer.id)).all()
    known: dict[Key, PairRow] = {(p.user_id, p.source, p.sql): p for p in pairs}
    for key in wanted:
        if key not in known:
            session.add(_pair(answer, key, now))
        elif known[key].status == "withdrawn":
            known[key].status, known[key].reason, known[key].nominated_at = "nominated", "", now
    for key, pair in known.items():
        if key not in wanted and pair.status in ("nominated", "admitted"):
            standing = pair.source == "vote" and pair.user_id in voters
            pair.status, pair.reason = "withdrawn", OUTWEIGHED if standing else TAKEN_BACK


def _wanted(sql: str | None, voters: Collection[str], corrections: Collection[tuple[str, str]]) -> list[Key]:
    outweighed = any(corrected != sql for _, corrected in corrections)
    wanted: list[Key] = [(user, "correction", corrected) for user, corrected in corrections]
    if sql is not None and not outweighed:
        wanted += [(user, "vote", sql) for user in voters]
    return wanted


def _pair(answer: AnswerRow, key: Key, now: datetime) -> PairRow:
    user, source, sql = key
    return PairRow(
        question=answer.question, sql=sql, digest=digest(answer.question, sql), source=source,
        answer_id=answer.id, user_id=user, student_version=answer.student_version, nominated_at=now,
        status="nominated", reason="",
    )
