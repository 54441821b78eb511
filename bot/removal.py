"""Taking a person's opinions out of what trains: theirs, and every admission that leaned on their word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.records import AnswerRow, PairRow, RemovedUserRow, VerdictRow, storable
from bot.store import Store
from bot.verdicts import hold, names, settle, take_turn

REMOVED = "the opinions of who nominated it count no more"
LEANED = "it was let in on the word of somebody whose opinions count no more"


@dataclass(frozen=True, slots=True)
class Removal:
    """How many pairs of the person were withdrawn, and how many of others have to be decided anew."""

    user: str
    withdrawn: int
    undone: int


def remove_user(store: Store, user: str, by: str = "") -> Removal:
    """Let the opinions of a person count no more, those still to come too. Raises StoreError.

    `user` is the id at their door, or `door:user` where two doors could know the same id. What they nominated is
    withdrawn. What was let in because they vouched for it, or because they as a reviewer approved it, waits anew; what
    they rejected as a reviewer stays rejected. The next student is trained without any of it.
    """
    user = storable(user.strip())

    def work(session: Session) -> Removal:
        take_turn(session)
        now = datetime.now(UTC)
        if session.get(RemovedUserRow, user) is None:
            session.add(RemovedUserRow(user_id=user, at=now, removed_by=by))
        bare = user.partition(":")[2]
        query = (
            select(PairRow, AnswerRow.door)
            .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
            .where(PairRow.user_id.in_({user, bare}), PairRow.status.in_(("nominated", "admitted")))
        )
        theirs = [pair for pair, door in session.execute(query) if user in names(pair.user_id, door)]
        leaning = [pair for pair, verdict in _admitted(session) if user in _relied_on(verdict)]
        hold(session, (pair.answer_id for pair in (*theirs, *leaning)))
        withdrawn = [pair for pair in _fresh(session, theirs) if pair.status in ("nominated", "admitted")]
        for pair in withdrawn:
            settle(session, pair, "withdrawn", REMOVED, now)
        undone = [pair for pair in _fresh(session, leaning) if pair.status == "admitted"]
        for pair in undone:
            settle(session, pair, "nominated", LEANED, now)
        return Removal(user, len(withdrawn), len(undone))

    return store.write(work)


def _admitted(session: Session) -> Iterable[tuple[PairRow, VerdictRow]]:
    query = select(PairRow, VerdictRow).join(VerdictRow, VerdictRow.pair_id == PairRow.id)
    return session.execute(query.where(PairRow.status == "admitted")).tuples().all()


def _relied_on(verdict: VerdictRow) -> set[str]:
    """Everybody on whose word a pair was let in, as they may be named."""
    people = [*verdict.leaned_on, verdict.reviewer or ""]
    return {*people, *(person.partition(":")[2] for person in people)} - {""}


def _fresh(session: Session, pairs: Iterable[PairRow]) -> list[PairRow]:
    """The rows as they are now that nobody else can change them."""
    found = []
    for pair in pairs:
        session.refresh(pair)
        found.append(pair)
    return found
