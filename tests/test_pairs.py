"""Which pairs are let in, which wait and which are out, over a real memory and a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import Store
from kd_training import admission
from kd_training.admission import REASONS
from kd_training.pairs import Rules, admitted_pairs, remove_user
from tests.store_shop import shop, state_url
from tests.vouching import COUNT, DEAR, HOW_DEAR, HOW_MANY, REVIEWER, People, ground


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    database = shop(tmp_path)
    with Store.open(state_url(tmp_path)) as store:
        yield People(store, ground(database))
    database.close()


def test_a_vote_alone_waits(people: People) -> None:
    people.up(people.ask(), "u1")
    report = people.admit(student={HOW_MANY: COUNT})
    assert people.statuses() == [("u1", "nominated", admission.ALONE)]
    assert (len(report.admitted), len(report.rejected), len(report.waiting)) == (0, 0, 1)
    assert people.trained() == set()


def test_the_teachers_result_lets_it_in_and_its_sql_is_learned(people: People) -> None:
    people.up(people.ask(), "u1")
    people.admit(teacher={HOW_MANY: "SELECT COUNT(id) FROM item"})
    assert people.statuses() == [("u1", "admitted", REASONS["teacher"])]
    (pair,) = admitted_pairs(people.store)
    assert (pair.question, pair.sql) == (HOW_MANY, "SELECT COUNT(id) FROM item")
    assert (pair.basis, pair.users, pair.students, pair.weight) == ("teacher", ("slack:u1",), ("v1",), 1)


@pytest.mark.parametrize(("said", "why"), [(DEAR, admission.TEACHER_DIFFERS), ("", admission.TEACHER_REFUSES)])
def test_a_teacher_that_disagrees_leaves_it_to_a_reviewer(people: People, said: str, why: str) -> None:
    people.up(people.ask(), "u1", "u2")
    people.admit(teacher={HOW_MANY: said}, student={HOW_MANY: COUNT})
    assert people.statuses() == [("u1", "nominated", why), ("u2", "nominated", why)]


def test_two_people_and_the_student_let_it_in(people: People) -> None:
    people.up(people.ask(), "u1")
    people.up(people.ask(question="How many items are there"), "u2")
    people.admit(student={HOW_MANY: COUNT, "How many items are there": COUNT})
    assert [status for _, status, _ in people.statuses()] == ["admitted", "admitted"]
    (pair,) = admitted_pairs(people.store)
    assert pair.users == ("slack:u1", "slack:u2")


def test_one_person_with_two_answers_is_one_person(people: People) -> None:
    people.up(people.ask(), "u1")
    people.up(people.ask(), "u1")
    people.admit(student={HOW_MANY: COUNT})
    assert [status for _, status, _ in people.statuses()] == ["nominated", "nominated"]


def test_two_browsers_are_not_two_people(people: People) -> None:
    people.up(people.ask(door="web", channel=None), "b1", "b2", "b3")
    people.admit(student={HOW_MANY: COUNT})
    assert people.trained() == set()
    people.admit(student={HOW_MANY: COUNT}, rules=Rules(named_doors=frozenset({"web"})))
    assert people.trained() == {(HOW_MANY, COUNT)}


def test_two_people_who_disagree_with_the_student_wait(people: People) -> None:
    asked = people.ask(HOW_MANY, COUNT)
    people.correct(asked, "u1", DEAR)
    people.correct(asked, "u2", DEAR)
    people.admit(student={HOW_MANY: COUNT})
    assert [status for _, status, _ in people.statuses()] == ["nominated", "nominated"]


def test_a_vote_against_asks_for_more_than_two_people(people: People) -> None:
    asked = people.ask()
    people.up(asked, "u1", "u2")
    people.down(asked, "u3")
    people.admit(student={HOW_MANY: COUNT})
    assert {reason for *_, reason in people.statuses()} == {admission.AGAINST}
    people.admit(teacher={HOW_MANY: COUNT})
    assert people.trained() == {(HOW_MANY, COUNT)}


def test_a_vote_against_the_same_answer_to_somebody_else_counts(people: People) -> None:
    people.up(people.ask(), "u1")
    people.up(people.ask(), "u2")
    doubted = people.ask(question="How many items are there")
    people.down(doubted, "u3")
    people.down(people.ask(sql=DEAR), "u4")  # of other SQL
    people.admit(student={HOW_MANY: COUNT})
    assert {reason for *_, reason in people.statuses()} == {admission.AGAINST}
    people.feedback.retract(doubted, "u3")
    people.admit(student={HOW_MANY: COUNT})
    assert people.trained() == {(HOW_MANY, COUNT)}


def test_a_changed_mind_takes_the_admission_back(people: People) -> None:
    asked = people.ask()
    people.up(asked, "u1", "u2")
    people.admit(student={HOW_MANY: COUNT})
    assert people.trained()
    people.feedback.retract(asked, "u2")
    people.admit(student={HOW_MANY: COUNT})
    assert [(user, status) for user, status, _ in people.statuses()] == [("u1", "nominated"), ("u2", "withdrawn")]
    assert people.trained() == set()


def test_conflicts_wait_whoever_agrees(people: People) -> None:
    people.up(people.ask(HOW_DEAR, DEAR), "u1", "u2")
    people.correct(people.ask(HOW_DEAR, DEAR), "u3", "SELECT COUNT(*) FROM item WHERE price > 50 AND name = 'desk'")
    report = people.admit(teacher={HOW_DEAR: DEAR}, student={HOW_DEAR: DEAR})
    assert {reason for *_, reason in people.statuses()} == {admission.CONFLICT}
    assert len(report.waiting) == 2


def test_what_is_in_stays_and_what_conflicts_with_it_waits(people: People) -> None:
    people.up(people.ask(HOW_DEAR, DEAR), "u1")
    people.admit(teacher={HOW_DEAR: DEAR})
    people.correct(people.ask(HOW_DEAR, DEAR), "u3", "SELECT COUNT(*) FROM item WHERE price > 50 AND name = 'desk'")
    people.admit(teacher={HOW_DEAR: DEAR})
    assert [(status, reason) for _, status, reason in people.statuses()] == [
        ("admitted", REASONS["teacher"]), ("nominated", admission.CONFLICT),
    ]  # fmt: skip


def test_other_words_for_the_same_result_are_no_conflict(people: People) -> None:
    asked = people.ask(HOW_DEAR, DEAR)
    people.correct(asked, "u1", "SELECT COUNT(id) FROM item WHERE 50 < price")
    people.up(people.ask(HOW_DEAR, DEAR), "u2")
    people.admit(teacher={HOW_DEAR: DEAR})
    assert {status for _, status, _ in people.statuses()} == {"admitted"}
    (pair,) = admitted_pairs(people.store)
    assert pair.sql == DEAR
    assert pair.weight == 2, "one of them is a correction"


def test_who_comes_after_an_admission_joins_it(people: People) -> None:
    people.up(people.ask(), "u1")
    people.admit(teacher={HOW_MANY: COUNT})
    people.up(people.ask(), "u2")
    people.admit()
    assert [status for _, status, _ in people.statuses()] == ["admitted", "admitted"]
    assert people.verdicts()[2].basis == "teacher"


def test_caps_by_user_and_channel(people: People) -> None:
    questions = [f"how many items cost more than {n}?" for n in range(5)]
    for n, question in enumerate(questions):
        people.correct(people.ask(question, COUNT), "u1", f"SELECT COUNT(*) FROM item WHERE price > {n}")
    teacher = {q: f"SELECT COUNT(*) FROM item WHERE price > {n}" for n, q in enumerate(questions)}
    people.admit(teacher, rules=Rules(per_user=2))
    assert [status for _, status, _ in people.statuses()] == ["admitted"] * 2 + ["nominated"] * 3
    people.admit(teacher, rules=Rules(per_user=2))
    assert [status for _, status, _ in people.statuses()] == ["admitted"] * 2 + ["nominated"] * 3, "the day is full"
    people.admit(teacher, rules=Rules(per_channel=3))
    assert [status for _, status, _ in people.statuses()] == ["admitted"] * 3 + ["nominated"] * 2
    assert people.statuses()[4][2] == admission.CAPPED


def test_a_removed_user_takes_along_what_leaned_on_them(people: People) -> None:
    people.up(people.ask(), "u1", "u2")
    people.up(people.ask(HOW_DEAR, DEAR), "u2")
    people.admit(student={HOW_MANY: COUNT}, teacher={HOW_DEAR: DEAR})
    assert len(people.trained()) == 2
    removal = remove_user(people.store, "slack:u2", by="test")
    assert (removal.withdrawn, removal.undone) == (2, 1)
    assert people.trained() == set()
    people.up(people.ask(), "u2")
    people.up(people.ask(), "u3")
    people.admit(student={HOW_MANY: COUNT})
    assert people.trained() == {(HOW_MANY, COUNT)}, "u1 and u3 say so too"
    assert [user for user, status, _ in people.statuses() if status == "admitted"] == ["u1", "u3"]


def test_a_removed_reviewers_approvals_wait_anew(people: People) -> None:
    people.up(people.ask(), "u1")
    people.admit()
    people.review.approve(1, REVIEWER)
    assert people.trained()
    assert remove_user(people.store, "ana").undone == 1
    people.admit()
    assert people.trained() == set()


def test_held_out_questions_never_train(people: People) -> None:
    people.up(people.ask(), "u1")
    people.admit(teacher={HOW_MANY: COUNT})
    assert admitted_pairs(people.store, held_out=["How many items ARE there"]) == []
