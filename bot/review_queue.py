"""The queue of pairs that wait for a reviewer: who vouches for what, and what speaks against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.nominations import same_words
from bot.records import AnswerRow, FeedbackRow, PairRow, PairSource, PairStatus, VerdictRow
from bot.verdicts import names, removed_users


@dataclass(frozen=True, slots=True)
class Other:
    """Other SQL that somebody vouches for, or that was admitted, for the same question."""

    id: int
    sql: str
    status: PairStatus
    users: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """One question with one SQL, as a reviewer sees it.

    `id` is that of its first pair. `sql` is in the database's own dialect, as it would run. `why` says what admission
    left it for, empty before admission has seen it. `teacher` is the teacher's SQL and `teacher_agrees` whether it gave
    the same result; None where no teacher was asked. `answer_sql` is what the student had said.
    """

    id: int
    status: PairStatus
    question: str
    sql: str
    source: PairSource
    users: tuple[str, ...]
    up: int
    down: int
    comments: tuple[str, ...]
    asked_at: datetime
    door: str
    channel: str | None
    answer_id: str
    answer_sql: str | None
    student_version: str
    why: str
    teacher: str | None
    teacher_agrees: bool | None
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    pair: PairRow
    answer: AnswerRow
    verdict: VerdictRow | None


def waiting(session: Session) -> list[Waiting]:
    """All that waits: what admission left to a person first, then corrections, then what many vouch for."""
    rows = _rows(session, PairRow.status.in_(("nominated", "admitted")))
    found = _entries(session, [r for r in rows if r.pair.status == "nominated"], rows)
    return sorted(found, key=lambda w: (not w.why, w.source == "vote", -len(w.users), w.asked_at, w.id))


def one(session: Session, pair_id: int) -> Waiting | None:
    """The entry that holds the pair, whatever was decided of it; None where nobody vouches for it any more."""
    pair = session.get(PairRow, pair_id)
    if pair is None or pair.status == "withdrawn":
        return None
    rows = _rows(session, PairRow.status.in_(("nominated", "admitted")) | (PairRow.digest == pair.digest))
    kept = [r for r in rows if r.pair.digest == pair.digest and r.pair.status != "withdrawn"]
    return next(iter(_entries(session, kept, rows)), None)


def _rows(session: Session, condition: ColumnElement[bool]) -> list[_Row]:
    """Pairs with their answers, without those of people who were removed."""
    query = (
        select(PairRow, AnswerRow, VerdictRow)
        .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
        .outerjoin(VerdictRow, VerdictRow.pair_id == PairRow.id)
        .where(condition)
        .order_by(PairRow.id)
    )
    gone = removed_users(session)
    rows = (_Row(*row) for row in session.execute(query))
    return [r for r in rows if not names(r.pair.user_id, r.answer.door) & gone]


def _entries(session: Session, rows: Sequence[_Row], all_rows: Sequence[_Row]) -> list[Waiting]:
    groups: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[row.pair.digest].append(row)
    asked: defaultdict[str, dict[str, list[_Row]]] = defaultdict(dict)
    for row in all_rows:
        if row.pair.status in ("nominated", "admitted"):
            asked[same_words(row.pair.question)].setdefault(row.pair.digest, []).append(row)
    said = _said(session, {row.answer.id for row in rows})
    return [_entry(group, asked[same_words(group[0].pair.question)], said) for group in groups.values()]


def _said(session: Session, answer_ids: Iterable[str]) -> Mapping[str, list[FeedbackRow]]:
    """The votes that stand, by answer."""
    found: defaultdict[str, list[FeedbackRow]] = defaultdict(list)
    ids = sorted(answer_ids)
    for start in range(0, len(ids), 500):
        query = select(FeedbackRow).where(
            FeedbackRow.answer_id.in_(ids[start : start + 500]), FeedbackRow.retracted_at.is_(None)
        )
        for row in session.scalars(query.order_by(FeedbackRow.id)):
            found[row.answer_id].append(row)
    return found


def _entry(
    group: Sequence[_Row], asked: Mapping[str, Sequence[_Row]], said: Mapping[str, list[FeedbackRow]]
) -> Waiting:
    first = next((r for r in group if r.pair.source == "correction"), group[0])
    pair, answer = first.pair, first.answer
    votes = [v for answer_id in sorted({r.answer.id for r in group}) for v in said.get(answer_id, [])]
    opinions: Mapping[str, Any] = next((r.verdict.opinions for r in group if r.verdict and r.verdict.opinions), {})
    teacher = opinions.get("teacher") or {}
    return Waiting(
        id=group[0].pair.id, status=pair.status, question=pair.question, sql=pair.sql, source=pair.source,
        users=tuple(sorted({r.pair.user_id for r in group})),
        up=sum(v.vote == 1 for v in votes), down=sum(v.vote == -1 for v in votes),
        comments=tuple(v.comment for v in votes if v.comment),
        asked_at=answer.asked_at, door=answer.door, channel=answer.channel_id, answer_id=answer.id,
        answer_sql=answer.sql, student_version=pair.student_version,
        why=next((r.pair.reason for r in group if r.pair.reason), ""),
        teacher=teacher.get("sql"), teacher_agrees=teacher.get("agrees"),
        others=tuple(_other(rows) for key, rows in asked.items() if key != pair.digest),
    )  # fmt: skip


def _other(rows: Sequence[_Row]) -> Other:
    admitted = next((r for r in rows if r.pair.status == "admitted"), rows[0])
    return Other(admitted.pair.id, admitted.pair.sql, admitted.pair.status, len({r.pair.user_id for r in rows}))
