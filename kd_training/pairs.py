"""Which pairs may train: `admitted_pairs` gives those that were let in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from bot.records import AnswerRow, PairRow
from bot.store import Store


@dataclass(frozen=True, slots=True)
class AdmittedPair:
    """A question with the SQL to learn for it, in the database's own dialect; `short` is the student's, if known.

    `asked_on` is the day that the question's words are read from. `weight` is 2 where a person corrected, else 1.
    """

    question: str
    sql: str
    short: str
    asked_on: date
    weight: int
    users: tuple[str, ...]


def admitted_pairs(store: Store, held_out: Collection[str] = (), today: date | None = None) -> list[AdmittedPair]:
    """What may train, each question with its SQL once. Questions that are held out never are. Raises StoreError."""
    query = (
        select(PairRow, AnswerRow)
        .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
        .where(PairRow.status == "admitted")
        .order_by(PairRow.id)
    )
    found: dict[tuple[str, str], AdmittedPair] = {}
    measured = {question.casefold().strip() for question in held_out}
    for pair, answer in store.read(lambda session: session.execute(query).tuples().all()):
        if pair.question.casefold().strip() in measured:
            continue
        before = found.get((pair.question, pair.sql))
        users = tuple(sorted({f"{answer.door}:{pair.user_id}", *(before.users if before else ())}))
        weight = max(2 if pair.source == "correction" else 1, before.weight if before else 1)
        day = today or (before.asked_on if before else answer.asked_at.astimezone().date())
        found[pair.question, pair.sql] = AdmittedPair(pair.question, pair.sql, "", day, weight, users)
    return list(found.values())
