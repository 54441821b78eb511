"""Approved pairs as examples to measure with, apart from the held-out ones: what no student may lose."""

from __future__ import annotations

import json
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.nominations import same_words
from bot.records import AnswerRow, PairRow, VerdictRow
from bot.store import Store
from bot.times import find_times
from bot.verdicts import names, removed_users

_LATER = (31, 401)  # days after which "last month" and "this year" mean something else


def regression_lines(store: Store, today: date | None = None) -> tuple[list[str], int]:
    """JSON lines in the form of `eval_harness.example`, and how many questions were left out.

    Those are questions whose times move with the day ("last month"): their SQL would be wrong tomorrow. Each question
    stands once, with all SQL that reviewers approved for it. Raises StoreError.
    """
    found: dict[str, dict[str, object]] = {}
    left_out: set[str] = set()
    for pair, answer in store.read(_approved):
        words = same_words(pair.question)
        if _moves(pair.question, today or answer.asked_at.astimezone().date()):
            left_out.add(words)
            continue
        example = found.setdefault(
            words, {"id": f"pair-{pair.id}", "question": pair.question, "sql": [], "tags": ["approved"]}
        )
        accepted = example["sql"]
        assert isinstance(accepted, list)
        if pair.sql not in accepted:
            accepted.append(pair.sql)
    return [json.dumps(example, ensure_ascii=False) for example in found.values()], len(left_out)


def _approved(session: Session) -> list[tuple[PairRow, AnswerRow]]:
    query = (
        select(PairRow, AnswerRow)
        .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
        .join(VerdictRow, VerdictRow.pair_id == PairRow.id)
        .where(PairRow.status == "admitted", VerdictRow.basis == "reviewer")
        .order_by(PairRow.id)
    )
    gone = removed_users(session)
    rows = session.execute(query).tuples().all()
    return [(pair, answer) for pair, answer in rows if not names(pair.user_id, answer.door) & gone]


def _moves(question: str, day: date) -> bool:
    return any(_times(question, day) != _times(question, day + timedelta(days=n)) for n in _LATER)


def _times(question: str, day: date) -> list[object]:
    return [span.interval for span in find_times(question, day)]
