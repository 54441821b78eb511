"""A small shop database, answers over it, and a store on a file, for the tests of Mynah's memory."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.answer import Answer, Status
from bot.database import Database, Limits, Result, connect
from bot.feedback import Feedback
from bot.nominations import renominate
from bot.records import AnswerRow, FeedbackRow, PairRow, PairStatus
from bot.store import Store

SQL = "SELECT COUNT(*) FROM item"
OTHER = "SELECT COUNT(*) FROM item WHERE price > 50"
THIRD = "SELECT MAX(price) FROM item"


def state_url(folder: Path) -> str:
    """The URL of a state file in a folder that need not exist."""
    return f"sqlite:///{folder / 'state' / 'state.db'}"


def answer(
    question: str = "how many items are there?", status: Status = "answered", sql: str | None = SQL
) -> Answer:
    """A new answer, as the bot gives it."""
    result = Result(("count",), ((3,),), truncated=False, milliseconds=0.4) if sql else None
    return Answer(
        id=uuid.uuid4().hex, question=question, status=status, message="", sql=sql, result=result,
        confidence=0.9, student_version="v1", candidate=0 if sql else -1, short="count", code="",
        timings_ms={"link": 0.5, "total": 12.25},
    )


def shop(folder: Path) -> Database:
    """A database with three items in it."""
    path = folder / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, price NUMERIC);"
            "INSERT INTO item VALUES (1, 'lamp', 12.5), (2, 'desk', 349), (3, 'chair', 80)"
        )
    return connect(f"sqlite:///{path}")


def feedback(store: Store, database: Database, limits: Limits | None = None) -> Feedback:
    """Feedback on the answers of one store, over one database."""
    return Feedback(store, database, database.schema(), limits or Limits())


def pairs(store: Store, answer_id: str) -> list[PairRow]:
    """All pairs of an answer."""
    return store.read(
        lambda session: list(
            session.scalars(select(PairRow).where(PairRow.answer_id == answer_id).order_by(PairRow.id))
        )
    )


def live(store: Store, answer_id: str) -> set[tuple[str, str, str]]:
    """User, source and SQL of the nominated pairs of an answer."""
    return {(p.user_id, p.source, p.sql) for p in pairs(store, answer_id) if p.status == "nominated"}


def votes(store: Store, answer_id: str) -> list[FeedbackRow]:
    """All votes on an answer, also the retracted."""
    return store.read(
        lambda session: list(session.scalars(select(FeedbackRow).where(FeedbackRow.answer_id == answer_id)))
    )


def judge(store: Store, answer_id: str, status: PairStatus) -> None:
    """What decides over pairs does: give every nominated pair of the answer a status, and see what follows."""

    def work(session: Session) -> None:
        nominated = select(PairRow).where(PairRow.answer_id == answer_id, PairRow.status == "nominated")
        for pair in session.scalars(nominated):
            pair.status = status
        session.flush()
        answer = session.get(AnswerRow, answer_id)
        assert answer is not None
        renominate(session, answer, datetime.now(UTC))

    store.write(work)
