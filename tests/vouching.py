"""What the tests of pairs share: people who vouch for answers about a small shop, and second opinions of SQL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from bot.access import Asker
from bot.answer import Answer, Status
from bot.database import Database, Limits
from bot.feedback import Corrected, Feedback, Tally
from bot.glossary import load_glossary
from bot.guard import SafeSQL, check
from bot.records import PairRow, VerdictRow
from bot.review import Review
from bot.reviewers import Reviewers
from bot.store import Store
from kd_training.pairs import AdmissionReport, Asked, Opinion, Rules, Second, admit, admitted_pairs
from kd_training.questions import Ground

TODAY = date(2026, 11, 22)
REVIEWER = Asker(user="ana", door="terminal")
COUNT = "SELECT COUNT(*) FROM item"
DEAR = "SELECT COUNT(*) FROM item WHERE price > 50"
HOW_MANY = "how many items are there?"
HOW_DEAR = "how many items cost more than 50?"


def ground(database: Database) -> Ground:
    """What questions are asked over."""
    return Ground.of(database, load_glossary(None), TODAY)


def says(database: Database, known: Mapping[str, str]) -> Second:
    """A second opinion that knows these questions' SQL and runs it; of others it has none, of "" it says no."""
    schema = database.schema()

    def ask(asked: Sequence[Asked]) -> list[Opinion | None]:
        return [_opinion(each.question) for each in asked]

    def _opinion(question: str) -> Opinion | None:
        sql = known.get(question)
        if not sql:
            return None if sql is None else Opinion("", None)
        safe = check(sql, schema, read=database.dialect)
        assert isinstance(safe, SafeSQL)
        return Opinion(safe.sql, database.execute(safe, {}, Limits()))

    return ask


@dataclass
class People:
    """A store, a database, and everybody who says something of its answers."""

    store: Store
    ground: Ground

    @property
    def feedback(self) -> Feedback:
        """Takes what people say."""
        return Feedback(self.store, self.ground.database, self.ground.schema, Limits())

    @property
    def review(self) -> Review:
        """With reviewers in the terminal, and U9 in Slack."""
        reviewers = Reviewers(frozenset({"slack:U9"}))
        return Review(self.store, self.ground.database, self.ground.schema, Limits(), reviewers=reviewers)

    def ask(
        self, question: str = HOW_MANY, sql: str | None = COUNT, door: str = "slack", user: str = "asker",
        channel: str | None = "C1", status: Status = "answered",
    ) -> str:
        """The id of a new answer."""
        made = Answer(
            id=uuid.uuid4().hex, question=question, status=status, message="", sql=sql, confidence=0.9,
            student_version="v1", candidate=0 if sql else -1, short="count", timings_ms={"total": 1.0},
        )  # fmt: skip
        self.store.save(made, door=door, user_id=user, channel_id=channel)
        return made.id

    def up(self, answer_id: str, *users: str) -> None:
        """They all say that the answer is right."""
        for user in users:
            assert isinstance(self.feedback.vote(answer_id, user, 1), Tally)

    def down(self, answer_id: str, *users: str) -> None:
        """They all say that it is wrong."""
        for user in users:
            assert isinstance(self.feedback.vote(answer_id, user, -1), Tally)

    def correct(self, answer_id: str, user: str, sql: str) -> None:
        """The user writes other SQL."""
        done = self.feedback.correct(answer_id, user, sql)
        assert isinstance(done, Corrected), done

    def admit(
        self, teacher: Mapping[str, str] | None = None, student: Mapping[str, str] | None = None,
        rules: Rules | None = None,
    ) -> AdmissionReport:
        """One night's admission."""
        database = self.ground.database
        return admit(
            self.store, self.ground, teacher=None if teacher is None else says(database, teacher),
            student=None if student is None else says(database, student), rules=rules, today=TODAY,
        )  # fmt: skip

    def trained(self) -> set[tuple[str, str]]:
        """The questions and SQL that would train."""
        return {(pair.question, pair.sql) for pair in admitted_pairs(self.store)}

    def pairs(self) -> list[PairRow]:
        """All rows."""
        return self.store.read(lambda session: list(session.scalars(select(PairRow).order_by(PairRow.id))))

    def verdicts(self) -> dict[int, VerdictRow]:
        """By pair."""
        return self.store.read(lambda session: {v.pair_id: v for v in session.scalars(select(VerdictRow))})

    def statuses(self) -> list[tuple[str, str, str]]:
        """User, status and reason of each row, oldest first."""
        return [(pair.user_id, pair.status, pair.reason) for pair in self.pairs()]
