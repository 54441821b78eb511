"""Who may review, what they see of the queue under their own rights, and what a decision does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.access import Access, Asker
from bot.access_file import Rule
from bot.config import ConfigError, load_settings
from bot.database import Limits
from bot.review import APPROVED, NOT_A_REVIEWER, REJECTED_BEFORE, Decision, Rejected, Review, Waiting
from bot.reviewers import Reviewers
from bot.store import Store
from kd_training.admission import TEACHER_DIFFERS
from tests.store_shop import shop, state_url
from tests.vouching import COUNT, DEAR, HOW_DEAR, HOW_MANY, REVIEWER, People, ground

SLACK = Asker(user="U9", door="slack")
STRANGER = Asker(user="U1", door="slack")
NEAR = "SELECT COUNT(*) FROM item WHERE price > 60"


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    database = shop(tmp_path)
    with Store.open(state_url(tmp_path)) as store:
        yield People(store, ground(database))
    database.close()


def queue(people: People) -> list[Waiting]:
    found = people.review.queue(REVIEWER)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("who", [STRANGER, Asker(), Asker(user="U9", door="teams"), Asker(user="", door="terminal")])
def test_only_reviewers_see_or_decide_anything(people: People, who: Asker) -> None:
    people.up(people.ask(), "u1")
    review = people.review
    assert not review.may(who)
    for done in (
        review.queue(who), review.count(who), review.item(1, who), review.run(COUNT, who), review.approve(1, who),
        review.reject(1, who), review.edit(1, who, DEAR),
    ):
        assert done == NOT_A_REVIEWER
    assert [status for _, status, _ in people.statuses()] == ["nominated"]


def test_what_the_queue_shows(people: People) -> None:
    asked = people.ask(HOW_DEAR, COUNT)
    people.feedback.vote(asked, "u2", -1, "not all of them")
    people.correct(asked, "u1", DEAR)
    people.up(people.ask(HOW_DEAR, NEAR), "u3", "u4")
    people.up(people.ask(), "u1")
    people.admit(teacher={HOW_DEAR: COUNT})
    first, *_ = entries = queue(people)
    assert people.review.count(REVIEWER) == len(entries) == 3
    assert (first.question, first.sql, first.source, first.answer_sql) == (HOW_DEAR, DEAR, "correction", COUNT)
    assert (first.users, first.up, first.down, first.comments) == (("u1",), 0, 1, ("not all of them",))
    assert (first.teacher, first.teacher_agrees, first.why) == (COUNT, False, TEACHER_DIFFERS)
    assert [(other.sql, other.status, other.users) for other in first.others] == [(NEAR, "nominated", 2)]
    assert {entry.question for entry in entries[1:]} == {HOW_DEAR, HOW_MANY}


def test_a_decision_holds_for_everybody_who_said_the_same(people: People) -> None:
    people.up(people.ask(), "u1", "u2")
    people.up(people.ask("How many items are there"), "u3")
    done = people.review.approve(2, SLACK)
    assert isinstance(done, Decision) and done.result is not None and done.result.rows == ((3,),)
    assert people.statuses() == [(user, "admitted", APPROVED) for user in ("u1", "u2", "u3")]
    assert {verdict.reviewer for verdict in people.verdicts().values()} == {"slack:U9"}
    again = people.review.approve(3, SLACK)
    assert isinstance(again, Rejected) and again.code == "decided"


def test_what_is_rejected_stays_rejected(people: People) -> None:
    people.up(people.ask(), "u1")
    assert isinstance(people.review.reject(1, REVIEWER), Decision)
    people.up(people.ask(), "u2")
    assert people.review.approve(2, REVIEWER) == REJECTED_BEFORE
    people.up(people.ask(HOW_MANY, DEAR), "u3")
    assert people.review.edit(3, REVIEWER, COUNT) == REJECTED_BEFORE
    people.admit(teacher={HOW_MANY: COUNT})
    assert [status for _, status, _ in people.statuses()] == ["rejected", "rejected", "nominated"]
    assert people.trained() == set()


def test_an_admitted_pair_can_be_rejected(people: People) -> None:
    people.up(people.ask(), "u1")
    people.admit(teacher={HOW_MANY: COUNT})
    assert isinstance(people.review.reject(1, REVIEWER, "wrong after all"), Decision)
    assert people.trained() == set()


def test_an_edit_is_the_reviewers_own_correction_and_can_be_taken_back_by_removal(people: People) -> None:
    people.up(people.ask(HOW_DEAR, COUNT), "u1", "u2")
    done = people.review.edit(1, REVIEWER, DEAR)
    assert isinstance(done, Decision) and done.status == "admitted"
    assert people.trained() == {(HOW_DEAR, DEAR)}
    assert [(user, status) for user, status, _ in people.statuses()] == [
        ("u1", "rejected"), ("u2", "rejected"), ("terminal:ana", "admitted"),
    ]  # fmt: skip


def test_honest_votes_come_back_when_the_correction_that_silenced_them_is_rejected(people: People) -> None:
    asked = people.ask()
    people.up(asked, "u1", "u2")
    people.correct(asked, "u3", DEAR)
    assert [status for _, status, _ in people.statuses()] == ["withdrawn", "withdrawn", "nominated"]
    assert isinstance(people.review.reject(3, REVIEWER), Decision)
    assert [status for _, status, _ in people.statuses()] == ["nominated", "nominated", "rejected"]
    people.admit(student={HOW_MANY: COUNT})
    assert people.trained() == {(HOW_MANY, COUNT)}


def test_a_reviewer_sees_only_what_the_rules_let_them_see(people: People) -> None:
    people.up(people.ask(HOW_DEAR, DEAR), "u1")
    rule = Rule(users=frozenset({"U9"}), deny=frozenset({"item.price"}))
    near = people.ground
    review = Review(
        people.store, near.database, near.schema, Limits(), Access((rule,)), Reviewers(frozenset({"slack:U9"}))
    )
    for done in (review.run(DEAR, SLACK), review.approve(1, SLACK), review.edit(1, SLACK, NEAR)):
        assert isinstance(done, Rejected) and done.code == "access"
    assert isinstance(review.approve(1, REVIEWER), Decision)


def test_reviewers_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mynah.toml").write_text('review_tokens = { ana = "a long random token" }')
    monkeypatch.setenv("MYNAH_REVIEWERS", "slack:U9, teams:29:1a")
    reviewers = Reviewers.of(load_settings())
    assert SLACK in reviewers and Asker(user="29:1a", door="teams") in reviewers
    assert Asker(user="ana", door="web") in reviewers and STRANGER not in reviewers
    assert reviewers.by_token("a long random token") == "ana"
    assert reviewers.by_token("another long token") is None and reviewers.by_token("") is None
    assert "random" not in repr(load_settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [("REVIEWERS", "U9"), ("REVIEWERS", "slack:"), ("REVIEW_TOKENS", '{"ana": "short"}'), ("PAIRS_PER_USER", "-1")],
)
def test_settings_that_are_wrong(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MYNAH_{name}", value)
    with pytest.raises(ConfigError, match=name.lower()) as caught:
        load_settings()
    assert "short" not in str(caught.value)
