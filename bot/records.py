"""The tables of Mynah's own memory: answers, feedback, corrections, pairs, questions, model versions and runs.

A change here needs a migration (bot/migrations/versions) and a new REVISION; the tests compare the two.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON, TypeDecorator

REVISION = "0003"  # the newest migration; known here so that opening an up-to-date store needs no alembic
VERSION_TABLE = "mynah_version"

PairSource = Literal["vote", "correction"]
PairStatus = Literal["nominated", "admitted", "rejected", "withdrawn"]
Basis = Literal["", "reviewer", "teacher", "users"]


class Name(TypeDecorator[str]):
    """A short text: an id, a version, a word."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Prose(TypeDecorator[str]):
    """A text of any length."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Moment(TypeDecorator[datetime]):
    """A point in time, always aware and in UTC, also where the database keeps no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Record(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )


class AnswerRow(Record):
    """One answer as it was given. Rows of results are never kept, only how many there were."""

    __tablename__ = "answers"

    id: Mapped[str] = mapped_column(Name(64), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    door: Mapped[str] = mapped_column(Name(32))
    user_id: Mapped[str] = mapped_column(Name(255))
    channel_id: Mapped[str | None] = mapped_column(Name(512))
    thread_id: Mapped[str | None] = mapped_column(Name(512))
    question: Mapped[str] = mapped_column(Prose)
    status: Mapped[str] = mapped_column(Name(16))
    sql: Mapped[str | None] = mapped_column(Prose)
    short: Mapped[str] = mapped_column(Prose)
    confidence: Mapped[float] = mapped_column(Double)
    candidate: Mapped[int]
    student_version: Mapped[str] = mapped_column(Name(128))
    row_count: Mapped[int | None]
    truncated: Mapped[bool]
    message: Mapped[str] = mapped_column(Prose)
    code: Mapped[str] = mapped_column(Name(64))
    timings: Mapped[dict[str, Any]] = mapped_column(JSON)  # milliseconds by stage
    database: Mapped[str] = mapped_column(Name(64), server_default="", default="")  # its name; "" is the main one


class FeedbackRow(Record):
    """One person's vote on one answer. A retracted vote keeps its row and no longer counts."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("answer_id", "user_id"),
        CheckConstraint("vote IN (-1, 1)", name="vote"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[str] = mapped_column(Name(64), ForeignKey("answers.id"))
    user_id: Mapped[str] = mapped_column(Name(255))
    vote: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Prose)
    at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    retracted_at: Mapped[datetime | None] = mapped_column(Moment)


class CorrectionRow(Record):
    """The SQL that one person says an answer should have had. It passed the guard and ran."""

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("answer_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[str] = mapped_column(Name(64), ForeignKey("answers.id"))
    user_id: Mapped[str] = mapped_column(Name(255))
    sql: Mapped[str] = mapped_column(Prose)
    at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    retracted_at: Mapped[datetime | None] = mapped_column(Moment)


class PairRow(Record):
    """A question with SQL that somebody vouched for. Its text never changes, only its status.

    `digest` is the same for the same question and SQL, whoever says them and of whichever answer.
    """

    __tablename__ = "pairs"
    __table_args__ = (
        UniqueConstraint("answer_id", "user_id", "source", "digest"),
        CheckConstraint("source IN ('vote', 'correction')", name="source"),
        CheckConstraint("status IN ('nominated', 'admitted', 'rejected', 'withdrawn')", name="status"),
        Index(None, "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Prose)
    sql: Mapped[str] = mapped_column(Prose)
    digest: Mapped[str] = mapped_column(Name(64))
    source: Mapped[PairSource] = mapped_column(Name(16))
    answer_id: Mapped[str] = mapped_column(Name(64), ForeignKey("answers.id"))
    user_id: Mapped[str] = mapped_column(Name(255))
    student_version: Mapped[str] = mapped_column(Name(128))
    nominated_at: Mapped[datetime] = mapped_column(Moment)
    status: Mapped[PairStatus] = mapped_column(Name(16))
    reason: Mapped[str] = mapped_column(Prose)


class QuestionRow(Record):
    """A question that a chat door took on: it is answered, or reported failed, once.

    `(door, event_id)` tells what was sent twice. `running` is the conversation while it is being answered, NULL after
    it: unique, so that one conversation waits for one answer at a time on all replicas. `holder` is the replica that
    answers it, believed to be alive until `lease_until`. `reply` is where the answer goes, in the door's own words.
    """

    __tablename__ = "questions"
    __table_args__ = (
        UniqueConstraint("door", "event_id"),
        UniqueConstraint("running"),
        Index(None, "accepted_at"),
        Index(None, "conversation"),
        Index(None, "answer_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    door: Mapped[str] = mapped_column(Name(32))
    event_id: Mapped[str] = mapped_column(Name(255))
    user_id: Mapped[str] = mapped_column(Name(255))
    channel_id: Mapped[str] = mapped_column(Name(512))
    thread_id: Mapped[str] = mapped_column(Name(512))
    conversation: Mapped[str] = mapped_column(Name(64))  # a digest of door, channel and thread
    running: Mapped[str | None] = mapped_column(Name(64))
    question: Mapped[str] = mapped_column(Prose)
    reply: Mapped[dict[str, Any]] = mapped_column(JSON)
    holder: Mapped[str] = mapped_column(Name(64))
    attempts: Mapped[int]
    accepted_at: Mapped[datetime] = mapped_column(Moment)
    lease_until: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(Name(16))  # answered, failed or cancelled
    answer_id: Mapped[str | None] = mapped_column(Name(64))
    readings: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # of an unsure answer, for who picks one


class VerdictRow(Record):
    """Why a pair stands where it stands: what others said of it, who decided, and what is learned from it.

    `basis` is the second opinion that let it in, empty where none did; `reviewer` the person who decided, as
    `door:user`; `leaned_on` the users whose agreement let it in. `learned` is the SQL to learn, in the database's own
    dialect, and `short` the same in the student's words where it is known: those of the second opinion, which need not
    be what a user wrote.
    """

    __tablename__ = "verdicts"

    pair_id: Mapped[int] = mapped_column(ForeignKey("pairs.id"), primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Moment)
    basis: Mapped[Basis] = mapped_column(Name(16))
    reviewer: Mapped[str | None] = mapped_column(Name(300))
    leaned_on: Mapped[list[str]] = mapped_column(JSON)
    opinions: Mapped[dict[str, Any]] = mapped_column(JSON)
    learned: Mapped[str | None] = mapped_column(Prose)
    short: Mapped[str] = mapped_column(Prose)


class RemovedUserRow(Record):
    """A person whose opinions count no more, by the id of their door alone or as `door:user`."""

    __tablename__ = "removed_users"

    user_id: Mapped[str] = mapped_column(Name(300), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    removed_by: Mapped[str] = mapped_column(Name(300))


class ModelVersionRow(Record):
    """One trained student: where it lies, what schema it was trained on, whether it was let to serve."""

    __tablename__ = "model_versions"

    version: Mapped[str] = mapped_column(Name(128), primary_key=True)
    location: Mapped[str] = mapped_column(Prose)
    schema_fingerprint: Mapped[str] = mapped_column(Name(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    promoted_at: Mapped[datetime | None] = mapped_column(Moment)


class RunRow(Record):
    """One scheduled job on one day. Inserting the row claims the run: the second to try fails."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("job", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(Name(64))
    day: Mapped[date]
    started_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(Prose)


def storable(text: str) -> str:
    """The text as every database keeps it: what no encoding knows (half characters, NUL) becomes a mark."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
