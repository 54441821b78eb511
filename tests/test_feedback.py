"""Thumbs and corrections: one vote a person and answer, and pairs that always follow from what stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.database import Database, Limits, Result
from bot.feedback import MAX_COMMENT, Corrected, Feedback, Rejected, Tally
from bot.records import CorrectionRow
from bot.store import Store
from tests.store_shop import OTHER, SQL, THIRD, answer, feedback, judge, live, pairs, shop, state_url, votes


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


def test_an_up_vote_nominates_the_pair(said: Feedback, store: Store, asked: str) -> None:
    assert said.vote(asked, "u1", 1, "nice") == Tally(up=1, down=0, mine=1)
    (pair,) = pairs(store, asked)
    assert (pair.question, pair.sql, pair.source) == ("how many items are there?", SQL, "vote")
    assert (pair.user_id, pair.status, pair.reason, pair.student_version) == ("u1", "nominated", "", "v1")
    (vote,) = votes(store, asked)
    assert (vote.user_id, vote.vote, vote.comment, vote.retracted_at) == ("u1", 1, "nice", None)


def test_a_down_vote_nominates_nothing(said: Feedback, store: Store, asked: str) -> None:
    assert said.vote(asked, "u1", -1) == Tally(up=0, down=1, mine=-1)
    assert pairs(store, asked) == []


def test_everybody_has_one_vote(said: Feedback, store: Store, asked: str) -> None:
    for _ in range(3):
        said.vote(asked, "u1", 1)
        said.vote(asked, "u2", -1)
    assert said.vote(asked, "u3", 1) == Tally(up=2, down=1, mine=1)
    assert said.tally(asked, "u2") == Tally(up=2, down=1, mine=-1)
    assert said.tally(asked, "u4") == Tally(up=2, down=1, mine=0)
    assert len(votes(store, asked)) == 3
    assert len(pairs(store, asked)) == 2


def test_changing_the_vote_withdraws_the_pair(said: Feedback, store: Store, asked: str) -> None:
    said.vote(asked, "u1", 1)
    assert said.vote(asked, "u1", -1) == Tally(up=0, down=1, mine=-1)
    (pair,) = pairs(store, asked)
    assert pair.status == "withdrawn" and "taken back" in pair.reason
    said.vote(asked, "u1", 1)
    (pair,) = pairs(store, asked)
    assert (pair.status, pair.reason) == ("nominated", "")


def test_retracting_withdraws_and_can_be_repeated(said: Feedback, store: Store, asked: str) -> None:
    assert said.retract(asked, "u1") == Tally(0, 0, 0)
    said.vote(asked, "u1", 1)
    for _ in range(2):
        assert said.retract(asked, "u1") == Tally(0, 0, 0)
    assert live(store, asked) == set()
    (first,) = votes(store, asked)
    assert first.retracted_at is not None
    assert said.vote(asked, "u1", 1) == Tally(1, 0, 1)
    assert live(store, asked) == {("u1", "vote", SQL)}


def test_a_repeat_changes_no_time_and_no_comment(said: Feedback, store: Store, asked: str) -> None:
    said.vote(asked, "u1", 1, "nice")
    (before,) = votes(store, asked)
    said.vote(asked, "u1", 1)
    (after,) = votes(store, asked)
    assert (after.updated_at, after.comment) == (before.updated_at, "nice")
    said.vote(asked, "u1", 1, "very nice")
    (after,) = votes(store, asked)
    assert after.comment == "very nice" and after.updated_at > before.updated_at and after.at == before.at
    said.vote(asked, "u1", -1)
    (after,) = votes(store, asked)
    assert after.comment is None  # it was said of the other vote


def test_admitted_pairs_are_withdrawn_and_rejected_ones_stay_rejected(
    said: Feedback, store: Store, asked: str
) -> None:
    said.vote(asked, "u1", 1)
    judge(store, asked, "admitted")
    said.vote(asked, "u1", 1)
    assert [p.status for p in pairs(store, asked)] == ["admitted"]
    said.retract(asked, "u1")
    assert [p.status for p in pairs(store, asked)] == ["withdrawn"]
    said.vote(asked, "u1", 1)
    assert [p.status for p in pairs(store, asked)] == ["nominated"]
    judge(store, asked, "rejected")
    for change in (said.retract, lambda a, u: said.vote(a, u, 1)):
        change(asked, "u1")
        assert [p.status for p in pairs(store, asked)] == ["rejected"]


def test_a_correction_runs_is_kept_and_outweighs(said: Feedback, store: Store, asked: str) -> None:
    said.vote(asked, "u1", 1)
    done = said.correct(asked, "u2", OTHER + " ; -- those that cost something")
    assert isinstance(done, Corrected)
    assert (done.sql, done.result.rows) == (OTHER, ((2,),))
    assert live(store, asked) == {("u2", "correction", OTHER)}
    assert next(p.reason for p in pairs(store, asked) if p.source == "vote").startswith("a correction")
    said.vote(asked, "u3", 1)
    assert live(store, asked) == {("u2", "correction", OTHER)}
    assert said.retract_correction(asked, "u2") == Tally(up=2, down=0, mine=0)
    assert live(store, asked) == {("u1", "vote", SQL), ("u3", "vote", SQL)}


def test_a_second_correction_replaces_the_first(said: Feedback, store: Store, asked: str) -> None:
    for sql in (OTHER, THIRD, THIRD):
        assert isinstance(said.correct(asked, "u1", sql), Corrected)
    rows = store.read(lambda session: list(session.scalars(select(CorrectionRow))))
    assert [(r.user_id, r.sql) for r in rows] == [("u1", THIRD)]
    assert [(p.sql, p.status) for p in pairs(store, asked)] == [(OTHER, "withdrawn"), (THIRD, "nominated")]


def test_sql_sent_back_as_it_was_agrees(said: Feedback, store: Store) -> None:
    """Also where the guard would write the same query in another way."""
    plain = "select count(*) from item"
    asked = answer(sql=plain)
    store.save(asked, door="web")
    said.vote(asked.id, "u1", 1)
    done = said.correct(asked.id, "u2", "SELECT COUNT( * )\n  FROM item;")
    assert isinstance(done, Corrected) and done.sql == plain
    assert live(store, asked.id) == {("u1", "vote", plain), ("u2", "correction", plain)}
    assert len({p.digest for p in pairs(store, asked.id)}) == 1


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "empty"),
        ("DROP TABLE item", "not-a-query"),
        ("SELECT 1 FROM item; DELETE FROM item", "several-statements"),
        ("how many?", None),
        ("SELECT colour FROM item", None),
        ("SELECT * FROM nothing", None),
        ("SELECT * FROM item WHERE name = :v0", "placeholders"),
        ("SELECT load_extension('x') FROM item", None),
        ("x" * 10_000, "too-long"),
        ("\ud800", None),
    ],
)
def test_a_correction_that_does_not_pass_is_not_kept(
    said: Feedback, store: Store, asked: str, sql: str, code: str | None
) -> None:
    refused = said.correct(asked, "u1", sql)
    assert isinstance(refused, Rejected)
    assert refused.message.endswith(".") and len(refused.message) > 10
    assert code is None or refused.code == code
    assert pairs(store, asked) == []
    assert store.read(lambda session: session.scalars(select(CorrectionRow)).first()) is None


def test_a_correction_that_takes_too_long_is_not_kept(store: Store, database: Database, asked: str) -> None:
    hasty = feedback(store, database, Limits(seconds=0.01))
    joins = " CROSS JOIN ".join(f"item AS i{n}" for n in range(13))
    total = " + ".join(f"i{n}.price" for n in range(13))
    refused = hasty.correct(asked, "u1", f"SELECT SUM({total}) FROM {joins}")
    assert isinstance(refused, Rejected) and refused.code == "database-timeout"
    assert pairs(store, asked) == []


def test_answers_without_sql_take_votes_and_corrections(said: Feedback, store: Store) -> None:
    refused = answer("what does a lamp cost?", status="refused", sql=None)
    store.save(refused, door="web")
    assert said.vote(refused.id, "u1", 1) == Tally(1, 0, 1)
    assert pairs(store, refused.id) == []
    corrected = said.correct(refused.id, "u1", "SELECT price FROM item WHERE name = 'lamp'")
    assert isinstance(corrected, Corrected) and corrected.result.rows == ((12.5,),)
    (pair,) = pairs(store, refused.id)
    assert (pair.question, pair.source) == ("what does a lamp cost?", "correction")


def test_what_cannot_be_noted_is_said(said: Feedback, store: Store, asked: str) -> None:
    calls: list[tuple[str, Callable[[], object]]] = [
        ("unknown-answer", lambda: said.vote("no such id", "u1", 1)),
        ("unknown-answer", lambda: said.retract("no such id", "u1")),
        ("unknown-answer", lambda: said.retract_correction("no such id", "u1")),
        ("unknown-answer", lambda: said.correct("\ud800\0", "u1", SQL)),
        ("unknown-answer", lambda: said.tally("no such id", "u1")),
        ("no-such-vote", lambda: said.vote(asked, "u1", 0)),
        ("no-such-vote", lambda: said.vote(asked, "u1", 2)),
        ("no-user", lambda: said.vote(asked, " ", 1)),
        ("no-user", lambda: said.correct(asked, "u" * 256, SQL)),
        ("long-comment", lambda: said.vote(asked, "u1", 1, "x" * (MAX_COMMENT + 1))),
    ]
    for code, call in calls:
        refused = call()
        assert isinstance(refused, Rejected) and refused.code == code
        assert refused.message.endswith(".")
    assert votes(store, asked) == []


def test_a_locked_memory_is_said_and_not_raised(tmp_path: Path, database: Database, asked: str) -> None:
    with Store.open(state_url(tmp_path), patience=0.1) as store:
        said = feedback(store, database)
        with closing(sqlite3.connect(tmp_path / "state" / "state.db")) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            refusals = [
                said.vote(asked, "u1", 1), said.retract(asked, "u1"),
                said.correct(asked, "u1", OTHER),
            ]
        assert [r.code for r in refusals if isinstance(r, Rejected)] == ["memory-locked"] * 3
        assert said.tally(asked, "u1") == Tally(0, 0, 0)


def test_a_database_that_is_gone_is_said(said: Feedback, tmp_path: Path, asked: str) -> None:
    (tmp_path / "shop.db").unlink()
    refused = said.correct(asked, "u1", OTHER)
    assert isinstance(refused, Rejected) and refused.code == "database-missing"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(user=st.text(st.characters(), max_size=300), comment=st.text(st.characters(), max_size=2100))
def test_any_user_and_comment(said: Feedback, store: Store, asked: str, user: str, comment: str) -> None:
    outcome = said.vote(asked, user, 1, comment)
    if isinstance(outcome, Tally):
        assert outcome.mine == 1
        assert said.retract(asked, user) == Tally(0, 0, 0)
    else:
        assert outcome.code in ("no-user", "long-comment")
        assert not user.strip() or len(user) > 255 or len(comment) > MAX_COMMENT


def test_a_correction_is_cut_like_any_answer(store: Store, database: Database, asked: str) -> None:
    short = feedback(store, database, Limits(rows=1))
    done = short.correct(asked, "u1", "SELECT name FROM item ORDER BY id")
    assert isinstance(done, Corrected)
    assert done.result == Result(("name",), (("lamp",),), True, done.result.milliseconds)


def test_what_is_said_of_another_database_is_kept_and_nominates_nothing(said: Feedback, store: Store) -> None:
    made = answer()
    store.save(made, door="slack", user_id="asker", database="warehouse")
    assert said.vote(made.id, "u1", 1) == Tally(up=1, down=0, mine=1)
    assert len(votes(store, made.id)) == 1 and pairs(store, made.id) == []
