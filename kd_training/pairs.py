"""Which pairs may train: `admit` decides over what people nominated, `admitted_pairs` gives what was let in.

A pair is let in when the question is one that is answered, the guard passes its SQL, it runs on the live database, and
a second opinion agrees: a reviewer, the teacher's majority by result, or two people where the student, asked again,
gives the same. SQL that a person wrote is learned only where a reviewer has read it; elsewhere the second opinion's own
SQL is learned, which gives the same today and holds no surprise for tomorrow. What is left over waits for a reviewer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.access import Access
from bot.nominations import same_words
from bot.records import AnswerRow, Basis, PairRow, VerdictRow
from bot.removal import Removal, remove_user
from bot.store import Store
from bot.verdicts import names, removed_users
from kd_training.admission import Admission, AdmissionReport, Decided, Rules
from kd_training.claims import Vouched, asked_on, weight
from kd_training.opinions import Asked, Opinion, Second, student_again, teacher_majority
from kd_training.questions import Ground

__all__ = [
    "AdmissionReport", "AdmittedPair", "Asked", "Decided", "Opinion", "Removal", "Rules", "Second", "admit",
    "admitted_pairs", "remove_user", "student_again", "teacher_majority",
]  # fmt: skip


_BASES: tuple[Basis, ...] = ("reviewer", "teacher", "users", "")  # what weighs most first


@dataclass(frozen=True, slots=True)
class AdmittedPair:
    """A question with the SQL to learn for it, in the database's own dialect; `short` is the student's, if known.

    `asked_on` is the day that the question's words are read from. `weight` is 2 where a person corrected, else 1. The
    rest is where it comes from: its pairs, who nominated them, of which answers, by which students, and why it is in.
    """

    question: str
    sql: str
    short: str
    asked_on: date
    weight: int
    pairs: tuple[int, ...]
    users: tuple[str, ...]
    answers: tuple[str, ...]
    students: tuple[str, ...]
    basis: Basis
    reviewer: str | None
    admitted_at: datetime


def admit(
    store: Store, ground: Ground, *, teacher: Second | None = None, student: Second | None = None,
    rules: Rules | None = None, access: Access | None = None, today: date | None = None,
) -> AdmissionReport:
    """Decide over everything that is nominated. Raises StoreError, and what the second opinions raise.

    `today` is the setting of that name: the day that all questions were asked on, where the bot lives in one.
    """
    return Admission(store, ground, rules or Rules(), access or Access(), today).run(teacher, student)


def admitted_pairs(store: Store, held_out: Collection[str] = (), today: date | None = None) -> list[AdmittedPair]:
    """What may train, each question with its SQL once. Questions that are held out never are. Raises StoreError."""
    query = (
        select(PairRow, AnswerRow, VerdictRow)
        .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
        .join(VerdictRow, VerdictRow.pair_id == PairRow.id)
        .where(PairRow.status == "admitted")
        .order_by(PairRow.id)
    )

    def work(session: Session) -> list[Vouched]:
        rows = [Vouched(pair, answer, verdict) for pair, answer, verdict in session.execute(query)]
        gone = removed_users(session)
        return [row for row in rows if not names(row.pair.user_id, row.answer.door) & gone]

    measured = {same_words(question) for question in held_out}
    groups: defaultdict[tuple[str, str], list[Vouched]] = defaultdict(list)
    for row in store.read(work):
        words = same_words(row.pair.question)
        if words not in measured:
            groups[words, _learned(row)].append(row)
    return [_admitted(rows, today) for rows in groups.values()]


def _learned(row: Vouched) -> str:
    return (row.verdict.learned if row.verdict else None) or row.pair.sql


def _admitted(rows: Sequence[Vouched], today: date | None) -> AdmittedPair:
    best = min(rows, key=lambda row: _BASES.index(row.verdict.basis if row.verdict else ""))
    assert best.verdict is not None  # admitted_pairs joins them
    return AdmittedPair(
        question=rows[0].pair.question, sql=_learned(best), short=best.verdict.short,
        asked_on=today or asked_on(rows[0].answer), weight=weight(rows),
        pairs=tuple(row.pair.id for row in rows), users=tuple(sorted({row.user for row in rows})),
        answers=tuple(sorted({row.answer.id for row in rows})),
        students=tuple(sorted({row.pair.student_version for row in rows})),
        basis=best.verdict.basis, reviewer=best.verdict.reviewer, admitted_at=best.verdict.at,
    )  # fmt: skip
