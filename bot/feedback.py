"""What people say of an answer: thumbs, comments and corrected SQL. Who said what, of which answer.

Each call is one transaction that may be repeated: the same vote twice is one vote. Nothing that a person or a
database does raises here; it comes back as a `Rejected` with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.access import Access, Asker, Rights
from bot.database import Database, DatabaseError, Limits, Result
from bot.guard import Rejected, SafeSQL
from bot.nominations import renominate
from bot.records import AnswerRow, CorrectionRow, FeedbackRow, storable
from bot.schema import Dialect, Schema
from bot.store import Store, StoreError

__all__ = ["Corrected", "Feedback", "Rejected", "Tally"]

MAX_COMMENT = 2_000  # characters
MAX_USER = 255  # characters, as wide as the column
UNKNOWN = Rejected("unknown-answer", "I do not remember that answer any more, so I cannot note this.")
NO_VOTE = Rejected("no-such-vote", "A vote is a thumb up or a thumb down.")
NO_USER = Rejected("no-user", "I cannot tell who is voting, so this vote would not count.")
LONG_COMMENT = Rejected("long-comment", f"A comment can have {MAX_COMMENT:,} characters. Please shorten it.")
PLACEHOLDERS = Rejected(
    "placeholders", "This query has places to fill in ({names}). Please write the values in their place."
)

T = TypeVar("T")
Row = TypeVar("Row", FeedbackRow, CorrectionRow)


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on one answer that count now. `mine` is the user's own: 1, -1, or 0 for none."""

    up: int
    down: int
    mine: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction that was kept: its SQL as it ran, and what it gave."""

    sql: str
    result: Result


class Feedback:
    """Takes feedback on the answers in one store, over the database they were asked of. Thread-safe."""

    def __init__(
        self, store: Store, database: Database, schema: Schema, limits: Limits, access: Access | None = None
    ) -> None:
        self._store = store
        self._database = database
        self._schema = schema
        self._limits = limits
        self._access = access or Access()

    def vote(self, answer_id: str, user_id: str, vote: int, comment: str | None = None) -> Tally | Rejected:
        """Set the user's vote on an answer: 1 or -1. A vote said before is changed.

        Without a comment the one given with the same vote stays; with another vote it goes.
        """
        if vote not in (1, -1):
            return NO_VOTE
        if comment is not None and len(comment) > MAX_COMMENT:
            return LONG_COMMENT

        def work(session: Session, answer: AnswerRow, user: str, now: datetime) -> Tally:
            row = _row(session, FeedbackRow, answer.id, user)
            if row is None:
                row = FeedbackRow(answer_id=answer.id, user_id=user, vote=vote, comment=comment, at=now)
                row.updated_at = now
                session.add(row)
            elif row.vote != vote or row.retracted_at is not None:
                row.vote, row.comment, row.retracted_at, row.updated_at = vote, comment, None, now
            elif comment is not None and comment != row.comment:
                row.comment, row.updated_at = comment, now
            renominate(session, answer, now)
            return _tally(session, answer.id, user)

        return self._change(answer_id, user_id, work)

    def retract(self, answer_id: str, user_id: str) -> Tally | Rejected:
        """Take the user's vote on an answer back, if there is one. A correction stays."""
        return self._change(answer_id, user_id, _retract(FeedbackRow))

    def retract_correction(self, answer_id: str, user_id: str) -> Tally | Rejected:
        """Take the user's correction of an answer back, if there is one. A vote stays."""
        return self._change(answer_id, user_id, _retract(CorrectionRow))

    def tally(self, answer_id: str, user_id: str) -> Tally | Rejected:
        """The votes on an answer as this user sees them."""
        try:
            return self._store.read(
                lambda session: UNKNOWN if session.get(AnswerRow, answer_id) is None
                else _tally(session, answer_id, storable(user_id))
            )
        except StoreError as error:
            return _rejected("memory", error.kind, error.message)

    def correct(
        self, answer_id: str, user_id: str, sql: str, asker: Asker | None = None
    ) -> Corrected | Rejected:
        """Keep the SQL that the user says an answer should have had, if it passes the guard and runs.

        It may read what the asker may see, by default a user of that id anywhere. It is written in the
        database's own dialect. A correction made before is replaced.
        """
        known = self._answer(answer_id, user_id)
        if isinstance(known, Rejected):
            return known
        rights = self._access.rights(asker or Asker(user=user_id), self._schema)
        safe = self._check(sql, rights)
        if isinstance(safe, Rejected):
            return safe
        try:
            result = self._database.execute(safe, {}, self._limits)
        except DatabaseError as error:
            return _rejected("database", error.kind, error.message)
        # The answer's SQL sent back as it was agrees with it, however the guard writes it.
        kept = known.sql if known.sql is not None and self._check(known.sql, rights) == safe else safe.sql

        def work(session: Session, answer: AnswerRow, user: str, now: datetime) -> Corrected:
            put_correction(session, answer, user, kept, now)
            return Corrected(kept, result)

        return self._change(answer_id, user_id, work)

    def _check(self, sql: str, rights: Rights) -> SafeSQL | Rejected:
        return check_own(sql, rights, self._schema, self._database.dialect)

    def _answer(self, answer_id: str, user_id: str) -> AnswerRow | Rejected:
        if not _is_user(user_id):
            return NO_USER
        try:
            return self._store.answer(answer_id) or UNKNOWN
        except StoreError as error:
            return _rejected("memory", error.kind, error.message)

    def _change(
        self, answer_id: str, user_id: str, work: Callable[[Session, AnswerRow, str, datetime], T]
    ) -> T | Rejected:
        """Do `work` with the answer's row locked: what is said of one answer is noted one after the other."""
        if not _is_user(user_id):
            return NO_USER

        def change(session: Session) -> T | Rejected:
            answer = session.get(AnswerRow, answer_id, with_for_update=True)
            return UNKNOWN if answer is None else work(session, answer, storable(user_id), datetime.now(UTC))

        try:
            return self._store.write(change)
        except StoreError as error:
            return _rejected("memory", error.kind, error.message)


def check_own(sql: str, rights: Rights, schema: Schema, dialect: Dialect) -> SafeSQL | Rejected:
    """The guard's verdict on SQL that a person wrote in the database's own dialect: it has to run as it stands."""
    safe = rights.check(sql, schema, read=dialect)
    if isinstance(safe, SafeSQL) and safe.parameters:
        names = ", ".join(f":{name}" for name in sorted(safe.parameters))
        return Rejected(PLACEHOLDERS.code, PLACEHOLDERS.message.format(names=names))
    return safe


def put_correction(session: Session, answer: AnswerRow, user: str, sql: str, now: datetime) -> None:
    """Keep the user's correction of an answer that the caller holds, in place of one made before."""
    row = _row(session, CorrectionRow, answer.id, user)
    if row is None:
        row = CorrectionRow(answer_id=answer.id, user_id=user, sql=sql, at=now, updated_at=now)
        session.add(row)
    elif row.sql != sql or row.retracted_at is not None:
        row.sql, row.retracted_at, row.updated_at = sql, None, now
    renominate(session, answer, now)


def _retract(kind: type[Row]) -> Callable[[Session, AnswerRow, str, datetime], Tally]:
    def work(session: Session, answer: AnswerRow, user: str, now: datetime) -> Tally:
        row = _row(session, kind, answer.id, user)
        if row is not None and row.retracted_at is None:
            row.retracted_at = row.updated_at = now
        renominate(session, answer, now)
        return _tally(session, answer.id, user)

    return work


def _row(session: Session, kind: type[Row], answer_id: str, user: str) -> Row | None:
    return session.scalar(select(kind).where(kind.answer_id == answer_id, kind.user_id == user))


def _tally(session: Session, answer_id: str, user: str) -> Tally:
    standing = (FeedbackRow.answer_id == answer_id, FeedbackRow.retracted_at.is_(None))
    by_vote = select(FeedbackRow.vote, func.count()).where(*standing).group_by(FeedbackRow.vote)
    votes: dict[int, int] = {row[0]: row[1] for row in session.execute(by_vote)}
    mine = session.scalar(select(FeedbackRow.vote).where(*standing, FeedbackRow.user_id == user))
    return Tally(votes.get(1, 0), votes.get(-1, 0), mine or 0)


def _is_user(user_id: str) -> bool:
    return bool(user_id.strip()) and len(user_id) <= MAX_USER


def _rejected(where: str, kind: str, message: str) -> Rejected:
    return Rejected(f"{where}-{kind}".replace("_", "-"), message)
