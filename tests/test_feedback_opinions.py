"""Opinions in any order and at the same moment: pairs always follow from what stands."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.answer import Status
from bot.database import Database
from bot.feedback import Corrected, Feedback, Rejected, Tally
from bot.records import CorrectionRow, PairStatus
from bot.store import Store
from tests.store_shop import OTHER, SQL, THIRD, answer, feedback, judge, live, pairs, shop, state_url, votes

USERS = st.sampled_from(["u1", "u2", "u3"])
CHOICES = st.sampled_from([SQL, OTHER, THIRD])
STATUSES: st.SearchStrategy[Status] = st.sampled_from(["answered", "unsure"])
VERDICTS: st.SearchStrategy[PairStatus] = st.sampled_from(["admitted", "rejected"])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(state_url(tmp_path)) as store:
        yield store


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = shop(tmp_path)
    yield database
    database.close()


@pytest.fixture
def said(store: Store, database: Database) -> Feedback:
    return feedback(store, database)


@pytest.fixture
def asked(store: Store) -> str:
    """The id of an answer."""
    made = answer()
    store.save(made, door="web", user_id="asker")
    return made.id


@pytest.mark.parametrize("users", [["u1", "u2"], ["u1", "u1", "u1"], [f"u{n}" for n in range(8)]])
def test_votes_of_the_same_moment(said: Feedback, store: Store, users: list[str]) -> None:
    for _ in range(5):
        asked = answer()
        store.save(asked, door="web")
        barrier = threading.Barrier(len(users))

        def vote(user: str, asked: str = asked.id, barrier: threading.Barrier = barrier) -> Tally | Rejected:
            barrier.wait()
            return said.vote(asked, user, 1)

        with ThreadPoolExecutor(len(users)) as threads:
            tallies = list(threads.map(vote, users))
        assert all(isinstance(t, Tally) and t.mine == 1 for t in tallies)
        assert {v.user_id for v in votes(store, asked.id)} == set(users)
        assert len(votes(store, asked.id)) == len(pairs(store, asked.id)) == len(set(users))


def test_all_kinds_of_changes_at_the_same_moment(store: Store, database: Database, tmp_path: Path) -> None:
    """Over two stores, as two replicas have: in whatever order, pairs follow from what stands at the end."""
    asked = answer()
    store.save(asked, door="web")
    with Store.open(state_url(tmp_path)) as second, ThreadPoolExecutor(8) as threads:
        both = (feedback(store, database), feedback(second, database))

        def change(n: int) -> object:
            said, user = both[n // 4 % 2], f"u{n % 3}"
            if n % 4 == 0:
                return said.vote(asked.id, user, 1 if n % 5 else -1)
            if n % 4 == 1:
                return said.correct(asked.id, user, OTHER)
            return (said.retract if n % 4 == 2 else said.retract_correction)(asked.id, user)

        outcomes = list(threads.map(change, range(240)))
    assert not [o for o in outcomes if isinstance(o, Rejected)]
    cast = {v.user_id: v.vote for v in votes(store, asked.id) if v.retracted_at is None}
    rows = store.read(lambda session: list(session.scalars(select(CorrectionRow))))
    corrected = {r.user_id for r in rows if r.retracted_at is None}
    expected = {(u, "correction", OTHER) for u in corrected}
    if not corrected:
        expected = {(u, "vote", SQL) for u, vote in cast.items() if vote == 1}
    assert live(store, asked.id) == expected


class Opinions(RuleBasedStateMachine):
    """Whatever people say in whatever order, votes and pairs are those of a plain model of the rules."""

    said: Feedback
    store: Store
    url: str
    database: Database

    @initialize(status=STATUSES)
    def begin(self, status: Status) -> None:
        made = answer(status=status)
        self.store.save(made, door="web")
        self.asked = made.id
        self.votes: dict[str, int] = {}
        self.corrections: dict[str, str] = {}
        self.verdicts: dict[tuple[str, str, str], str] = {}

    @rule(user=USERS, vote=st.sampled_from([1, -1]), comment=st.sampled_from([None, "", "so"]))
    def vote(self, user: str, vote: int, comment: str | None) -> None:
        self.votes[user] = vote
        assert self.said.vote(self.asked, user, vote, comment) == self.tally(user)
        self.forget()

    @rule(user=USERS)
    def retract(self, user: str) -> None:
        self.votes.pop(user, None)
        assert self.said.retract(self.asked, user) == self.tally(user)
        self.forget()

    @rule(user=USERS, sql=CHOICES)
    def correct(self, user: str, sql: str) -> None:
        self.corrections[user] = sql
        assert isinstance(self.said.correct(self.asked, user, sql), Corrected)
        self.forget()

    @rule(user=USERS)
    def correct_badly(self, user: str) -> None:
        assert isinstance(self.said.correct(self.asked, user, "SELECT nothing FROM item"), Rejected)

    @rule(user=USERS)
    def retract_correction(self, user: str) -> None:
        self.corrections.pop(user, None)
        assert self.said.retract_correction(self.asked, user) == self.tally(user)
        self.forget()

    @rule(status=VERDICTS)
    def judge_all(self, status: PairStatus) -> None:
        self.verdicts |= {key: status for key in self.wanted() if key not in self.verdicts}
        judge(self.store, self.asked, status)

    @invariant()
    def pairs_follow(self) -> None:
        if not hasattr(self, "asked"):
            return
        rows = {(p.user_id, p.source, p.sql): p.status for p in pairs(self.store, self.asked)}
        assert len(rows) == len(pairs(self.store, self.asked))
        standing = {key: status for key, status in rows.items() if status != "withdrawn"}
        rejected = {key: "rejected" for key, verdict in self.verdicts.items() if verdict == "rejected"}
        assert standing == {key: self.verdicts.get(key, "nominated") for key in self.wanted()} | rejected

    def forget(self) -> None:
        """An admission ends with the opinion it rested on; a rejection does not."""
        wanted = self.wanted()
        self.verdicts = {k: v for k, v in self.verdicts.items() if v == "rejected" or k in wanted}

    def wanted(self) -> set[tuple[str, str, str]]:
        keys = {(user, "correction", sql) for user, sql in self.corrections.items()}
        standing = [key for key in keys if self.verdicts.get(key) != "rejected"]
        if all(sql == SQL for _, _, sql in standing):
            keys |= {(user, "vote", SQL) for user, vote in self.votes.items() if vote == 1}
        return keys

    def tally(self, user: str) -> Tally:
        cast = list(self.votes.values())
        return Tally(cast.count(1), cast.count(-1), self.votes.get(user, 0))


def test_opinions() -> None:
    with tempfile.TemporaryDirectory() as name:
        database = shop(Path(name))
        with Store.open(state_url(Path(name))) as store:
            machine = type("Opened", (Opinions,), {"store": store, "said": feedback(store, database)})
            run_state_machine_as_test(
                machine, settings=settings(max_examples=30, stateful_step_count=25, deadline=None)
            )
        database.close()
