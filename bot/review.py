"""Review: what waits for a person to look at it, and what that person decides: approve, write other SQL, or reject.

One entry of the queue is one question with one SQL, however many people vouch for it. Whoever reviews sees and runs
only what the access rules let them see. Nothing here raises for what a person or a database does: it comes back as a
`Rejected` with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from bot.access import Access, Asker
from bot.config import Settings
from bot.database import Database, DatabaseError, Limits, Result
from bot.feedback import MAX_COMMENT, check_own, put_correction
from bot.guard import Rejected, SafeSQL
from bot.nominations import digest
from bot.records import PairRow, PairStatus, storable
from bot.review_queue import Waiting, one, waiting
from bot.reviewers import Reviewers, name_of
from bot.schema import Schema
from bot.store import Store, StoreError
from bot.verdicts import alike, counted, hold, rejected_by_reviewer, settle, take_turn

__all__ = ["Decision", "Rejected", "Review", "Waiting"]

APPROVED = "a reviewer approved it"
REWRITTEN = "a reviewer wrote other SQL"
WRITTEN = "a reviewer wrote it"
REFUSED = "a reviewer rejected it"
NOT_A_REVIEWER = Rejected(
    "not-a-reviewer", "Only reviewers may do that. Whoever runs Mynah names them: the setting is called reviewers."
)
UNKNOWN = Rejected("unknown-pair", "There is no such pair any more. Its vote may have been taken back.")
LONG_WHY = Rejected("long-reason", f"A reason can have {MAX_COMMENT:,} characters. Please shorten it.")
REJECTED_BEFORE = Rejected("decided", "A reviewer rejected this SQL for this question before, and that stands.")
UNCOUNTED = Rejected(
    "removed-user", "Only people whose opinions count no more vouch for this pair. Edit it, and it is your own."
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a pair. `result` is what its SQL gives now, None for a rejection."""

    id: int
    question: str
    sql: str
    status: PairStatus
    reason: str
    result: Result | None = None


class Review:
    """The queue over one store and one database. Thread-safe."""

    def __init__(
        self, store: Store, database: Database, schema: Schema, limits: Limits, access: Access | None = None,
        reviewers: Reviewers | None = None,
    ) -> None:
        self._store = store
        self._database = database
        self._schema = schema
        self._limits = limits
        self._access = access or Access()
        self._reviewers = reviewers or Reviewers()

    @classmethod
    def of(cls, store: Store, database: Database, schema: Schema, settings: Settings, access: Access) -> Review:
        """With the limits and the reviewers that the settings say."""
        limits = Limits(settings.rows, settings.seconds, settings.bytes, settings.cell)
        return cls(store, database, schema, limits, access, Reviewers.of(settings))

    def may(self, who: Asker) -> bool:
        """Whether this person may review."""
        return who in self._reviewers

    def queue(self, who: Asker, limit: int = 50) -> list[Waiting] | Rejected:
        """What waits, most pressing first: what admission could not decide, corrections before votes."""
        return self._kept(who, lambda: self._store.read(lambda session: waiting(session)[:limit]))

    def count(self, who: Asker) -> int | Rejected:
        """How many entries wait."""
        return self._kept(who, lambda: self._store.read(lambda session: len(waiting(session))))

    def item(self, pair_id: int, who: Asker) -> Waiting | Rejected:
        """One entry, by the id of any of its pairs."""
        return self._kept(who, lambda: self._store.read(lambda session: one(session, pair_id) or UNKNOWN))

    def run(self, sql: str, who: Asker) -> Result | Rejected:
        """What SQL in the database's own dialect gives now, as far as this person may see it."""
        if not self.may(who):
            return NOT_A_REVIEWER
        safe = self._check(sql, who)
        return safe if isinstance(safe, Rejected) else self._execute(safe)

    def approve(self, pair_id: int, who: Asker) -> Decision | Rejected:
        """Admit an entry, if its SQL still passes the guard and runs."""
        pair = self.item(pair_id, who)
        if isinstance(pair, Rejected):
            return pair
        result = self.run(pair.sql, who)
        if isinstance(result, Rejected):
            return result

        def work(session: Session) -> Decision | Rejected:
            rows = _open(session, pair_id, ("nominated",))
            if isinstance(rows, Rejected):
                return rows
            if rejected_by_reviewer(session, [rows[0].digest]):
                return REJECTED_BEFORE
            mine = counted(session, rows)
            if not mine:
                return UNCOUNTED
            now = datetime.now(UTC)
            for row in mine:
                settle(session, row, "admitted", APPROVED, now, basis="reviewer", reviewer=name_of(who))
            return Decision(pair_id, pair.question, pair.sql, "admitted", APPROVED, result)

        return self._kept(who, lambda: self._store.write(work))

    def reject(self, pair_id: int, who: Asker, why: str = "") -> Decision | Rejected:
        """Keep an entry from training, for good: the same SQL for the same question is never admitted again."""
        if len(why) > MAX_COMMENT:
            return LONG_WHY
        reason = storable(f"{REFUSED}: {why.strip()}" if why.strip() else REFUSED)

        def work(session: Session) -> Decision | Rejected:
            rows = _open(session, pair_id, ("nominated", "admitted"))
            if isinstance(rows, Rejected):
                return rows
            _reject(session, rows, reason, who)
            return Decision(pair_id, rows[0].question, rows[0].sql, "rejected", reason)

        return self._kept(who, lambda: self._store.write(work))

    def edit(self, pair_id: int, who: Asker, sql: str) -> Decision | Rejected:
        """Put other SQL in an entry's place: it is checked, run, and admitted as the reviewer's own correction."""
        pair = self.item(pair_id, who)
        if isinstance(pair, Rejected):
            return pair
        safe = self._check(sql, who)
        if isinstance(safe, Rejected):
            return safe
        if safe == self._check(pair.sql, who):
            return self.approve(pair_id, who)
        result = self._execute(safe)
        if isinstance(result, Rejected):
            return result

        def work(session: Session) -> Decision | Rejected:
            old = _open(session, pair_id, ("nominated", "admitted"))
            if isinstance(old, Rejected):
                return old
            answer, now = hold(session, [old[0].answer_id])[old[0].answer_id], datetime.now(UTC)
            written = digest(answer.question, safe.sql)
            if rejected_by_reviewer(session, [written]):
                return REJECTED_BEFORE
            _reject(session, old, REWRITTEN, who)
            put_correction(session, answer, name_of(who), safe.sql, now)
            session.flush()
            own = [row for row in alike(session, [written]) if row.status in ("nominated", "admitted")]
            for row in counted(session, own):
                settle(session, row, "admitted", WRITTEN, now, basis="reviewer", reviewer=name_of(who))
            return Decision(own[0].id, answer.question, safe.sql, "admitted", WRITTEN, result)

        return self._kept(who, lambda: self._store.write(work))

    def _check(self, sql: str, who: Asker) -> SafeSQL | Rejected:
        return check_own(sql, self._access.rights(who, self._schema), self._schema, self._database.dialect)

    def _execute(self, safe: SafeSQL) -> Result | Rejected:
        try:
            return self._database.execute(safe, {}, self._limits)
        except DatabaseError as error:
            return Rejected(f"database-{error.kind}".replace("_", "-"), error.message)

    def _kept(self, who: Asker, work: Callable[[], T | Rejected]) -> T | Rejected:
        if not self.may(who):
            return NOT_A_REVIEWER
        try:
            return work()
        except StoreError as error:
            return Rejected(f"memory-{error.kind}".replace("_", "-"), error.message)


def _open(session: Session, pair_id: int, statuses: Sequence[PairStatus]) -> list[PairRow] | Rejected:
    """The rows of an entry that can still be decided, held, with nobody else deciding."""
    take_turn(session)
    pair = session.get(PairRow, pair_id)
    if pair is None:
        return UNKNOWN
    rows = alike(session, [pair.digest])
    found = [row for row in rows if row.status in statuses]
    if found:
        return found
    decided = next((row for row in rows if row.status in ("admitted", "rejected")), None)
    if decided is None:
        return UNKNOWN
    return Rejected("decided", f"This pair was {decided.status} already: {decided.reason or 'by the nightly run'}.")


def _reject(session: Session, rows: Sequence[PairRow], reason: str, who: Asker) -> None:
    now = datetime.now(UTC)
    for row in rows:
        settle(session, row, "rejected", reason, now, reviewer=name_of(who))
