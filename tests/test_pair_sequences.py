"""Votes, corrections, retractions, reviews, removals and nights in any order: what may train follows the rules."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.database import Database
from bot.feedback import Corrected, Rejected, Tally
from bot.nominations import digest
from bot.review import Decision
from bot.store import Store
from bot.verdicts import names
from kd_training.pairs import admitted_pairs, remove_user
from tests.servers import PostgresServer, running
from tests.store_shop import shop, state_url
from tests.vouching import COUNT, DEAR, HOW_DEAR, HOW_MANY, REVIEWER, People, ground

USERS = st.sampled_from(["u1", "u2", "u3"])
ANSWERS = st.integers(0, 3)
CHOICES = st.sampled_from([COUNT, DEAR, "SELECT COUNT(*) FROM item WHERE 1 = 1", "SELECT 3 FROM item LIMIT 1"])
ACTIONS = st.sampled_from(["approve", "reject", "edit"])
KNOWN = {HOW_MANY: COUNT, HOW_DEAR: DEAR}


class Nights(RuleBasedStateMachine):
    """Four answers to two questions, one of them on the web, and everybody who has something to say of them."""

    people: People
    clean: object

    @initialize()
    def begin(self) -> None:
        self.clean()  # type: ignore[operator]
        ask = self.people.ask
        self.answers = [
            ask(HOW_MANY, COUNT), ask(HOW_DEAR, DEAR), ask(HOW_DEAR, COUNT), ask(HOW_MANY, COUNT, door="web"),
        ]  # fmt: skip
        self.votes: dict[tuple[int, str], int] = {}
        self.corrections: dict[tuple[int, str], str] = {}
        self.removed: set[str] = set()
        self.rejected: set[str] = set()

    @rule(answer=ANSWERS, user=USERS, vote=st.sampled_from([1, 1, 1, -1]))
    def vote(self, answer: int, user: str, vote: int) -> None:
        assert isinstance(self.people.feedback.vote(self.answers[answer], user, vote), Tally)
        self.votes[answer, user] = vote

    @rule(answer=ANSWERS, user=USERS)
    def retract(self, answer: int, user: str) -> None:
        assert isinstance(self.people.feedback.retract(self.answers[answer], user), Tally)
        self.votes.pop((answer, user), None)

    @rule(answer=ANSWERS, user=USERS, sql=CHOICES)
    def correct(self, answer: int, user: str, sql: str) -> None:
        done = self.people.feedback.correct(self.answers[answer], user, sql)
        assert isinstance(done, Corrected)
        self.corrections[answer, user] = done.sql

    @rule(answer=ANSWERS, user=USERS)
    def retract_correction(self, answer: int, user: str) -> None:
        assert isinstance(self.people.feedback.retract_correction(self.answers[answer], user), Tally)
        self.corrections.pop((answer, user), None)

    @rule(teacher=st.booleans(), student=st.booleans())
    def night(self, teacher: bool, student: bool) -> None:
        report = self.people.admit(KNOWN if teacher else None, KNOWN if student else None)
        every = (*report.admitted, *report.rejected, *report.waiting)
        decided = [pair for each in every for pair in each.pairs]
        assert len(decided) == len(set(decided))

    @rule(answer=st.integers(0, 1), one=USERS, other=USERS, teacher=st.booleans())
    def agree_and_wait(self, answer: int, one: str, other: str, teacher: bool) -> None:
        """What lets most pairs in; without it few sequences would get that far."""
        for user in (one, other):
            self.vote(answer, user, 1)
        self.night(teacher, True)

    @rule(place=st.integers(0, 5), action=ACTIONS, sql=st.sampled_from([COUNT, DEAR]))
    def review(self, place: int, action: str, sql: str) -> None:
        queue = self.people.review.queue(REVIEWER)
        assert isinstance(queue, list)
        if not queue:
            return
        entry = queue[place % len(queue)]
        if action == "approve":
            done = self.people.review.approve(entry.id, REVIEWER)
        elif action == "reject":
            done = self.people.review.reject(entry.id, REVIEWER, "no")
        else:
            done = self.people.review.edit(entry.id, REVIEWER, sql)
        if isinstance(done, Rejected):
            assert done.code == "decided" and action != "reject"
            return
        assert isinstance(done, Decision)
        if done.status == "rejected" or (action == "edit" and done.sql != entry.sql):
            self.rejected.add(digest(entry.question, entry.sql))
        if action == "edit" and done.sql != entry.sql:
            at = self.answers.index(entry.answer_id)
            self.corrections[at, "terminal:ana"] = done.sql

    @precondition(lambda self: len(self.removed) < 2)
    @rule(user=USERS, named=st.booleans())
    def remove(self, user: str, named: bool) -> None:
        removal = remove_user(self.people.store, f"slack:{user}" if named else user, by="test")
        assert removal.withdrawn >= 0
        self.removed.add(f"slack:{user}" if named else user)

    @invariant()
    def what_trains_follows_the_rules(self) -> None:
        if not hasattr(self, "answers"):
            return
        verdicts = self.people.verdicts()
        doors = {answer: "web" if n == 3 else "slack" for n, answer in enumerate(self.answers)}
        for pair in self.people.pairs():
            place = self.answers.index(pair.answer_id)
            gone = bool(names(pair.user_id, doors[pair.answer_id]) & self.removed)
            if pair.status != "admitted":
                continue
            verdict = verdicts[pair.id]
            assert verdict.basis, "never half admitted"
            assert not gone, "of nobody who was removed"
            assert pair.digest not in self.rejected, "rejected stays rejected"
            if pair.source == "vote":
                assert self.votes.get((place, pair.user_id)) == 1, "a vote that was taken back is gone"
            else:
                assert self.corrections.get((place, pair.user_id)) == pair.sql
            if verdict.basis == "users":
                people = set(verdict.leaned_on)
                assert len(people) >= 2 and not any(p.startswith("web:") for p in people)
                assert not {bare for p in people for bare in (p, p.partition(":")[2])} & self.removed
            if verdict.basis == "reviewer":
                assert verdict.reviewer == "terminal:ana"
            else:
                assert verdict.learned in (COUNT, DEAR), "what a person typed is not learned unread"
        trained = admitted_pairs(self.people.store)
        assert not {user for pair in trained for user in pair.users} & {f"slack:{u}" for u in self.removed}
        unread = [pair.sql for pair in trained if pair.basis != "reviewer"]
        assert not [sql for sql in unread if "1 = 1" in sql or sql.startswith("SELECT 3")]


@contextmanager
def opened(url: str, database: Database) -> Iterator[type[Nights]]:
    """The machine over one memory, which every run begins with empty."""
    from sqlalchemy import delete

    from bot.records import AnswerRow, CorrectionRow, FeedbackRow, PairRow, RemovedUserRow, VerdictRow

    with Store.open(url) as store:
        people = People(store, ground(database))

        def clean(_: object = None) -> None:
            tables = (VerdictRow, PairRow, CorrectionRow, FeedbackRow, RemovedUserRow, AnswerRow)
            store.write(lambda session: [session.execute(delete(table)) for table in tables])

        yield type("Opened", (Nights,), {"people": people, "clean": clean})


def bounded(examples: int, steps: int) -> settings:
    """The same examples every time, however slow the machine is."""
    return settings(
        max_examples=examples, stateful_step_count=steps, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@pytest.mark.parametrize("examples", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_any_order_on_sqlite(examples: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        database = shop(Path(name))
        with opened(state_url(Path(name)), database) as machine:
            run_state_machine_as_test(machine, settings=bounded(examples, 20))
        database.close()


@pytest.mark.slow
@pytest.mark.needs("postgresql")
def test_any_order_on_postgres() -> None:
    with tempfile.TemporaryDirectory() as name, running(PostgresServer) as server:
        with server.admin() as connection:
            connection.execute("CREATE DATABASE memory")
        database = shop(Path(name))
        with opened(server.url("memory"), database) as machine:
            run_state_machine_as_test(machine, settings=bounded(4, 12))
        database.close()
