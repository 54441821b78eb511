"""Questions that chat doors took on: each is answered, or reported failed, once, however many replicas there are.

The state database decides. Two unique keys do the work: `(door, event_id)` tells what a platform sent twice, and
`running` lets a conversation wait for one answer at a time. Who takes a question holds it for as long as it says so
(`keep`); when it falls silent, another takes it over (`orphans`). All replicas' clocks should agree to a few seconds.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from bot.records import QuestionRow, storable
from bot.store import Store

Outcome = Literal["answered", "failed", "cancelled"]
ATTEMPTS = 2  # a question that took its replica down twice is reported failed
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)  # what is older is forgotten; the answers stay
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A question as a door heard it. `event_id` is the platform's own, the same when it sends the question again.

    `thread` is empty where the whole channel is one conversation. `reply` says where the answer goes, as JSON.
    """

    door: str
    event_id: str
    question: str
    user: str
    channel: str = ""
    thread: str = ""
    reply: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A question that this replica has to answer. `attempts` counts the replicas that took it, this one too."""

    id: int
    incoming: Incoming
    attempts: int = 1

    @property
    def reply(self) -> Mapping[str, Any]:
        """Where the answer goes."""
        return self.incoming.reply


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Why a question was not taken on. `repeated` ones need no word: they are being answered, or were.

    `running` is the number of the question that the conversation still waits for.
    """

    code: Literal["repeated", "busy", "user-rate", "channel-rate"]
    message: str = ""
    running: int | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Questions in a minute at the most, of one person through a door and in one channel."""

    user: int = 10
    channel: int = 30


REPEATED = TurnedAway("repeated")
BUSY = "I am still working on the last question here. Wait for its answer, or cancel it."
OFTEN = "That is more than {most} questions in a minute {where}. Please try again in a moment."


class Accepted:
    """The questions in one store, as one replica sees them. Thread-safe. Every method raises StoreError."""

    def __init__(self, store: Store, rates: Rates | None = None, lease: timedelta = LEASE) -> None:
        self._store = store
        self._rates = rates or Rates()
        self._lease = lease
        self.holder = uuid.uuid4().hex

    def accept(self, incoming: Incoming) -> Held | TurnedAway:
        """Take a question on. One that was sent twice, at whatever replicas, is taken on once."""
        return self.accept_all([incoming])[0]

    def accept_all(self, incoming: Sequence[Incoming]) -> list[Held | TurnedAway]:
        """Take questions on, all in one transaction; what became of each, in their order."""
        wanted = [_storable(each) for each in incoming]
        conversations = [conversation_of(each.door, each.channel, each.thread) for each in wanted]
        # Two replicas that take the same rows in the same order wait for each other; in another they would lock up.
        order = sorted(range(len(wanted)), key=conversations.__getitem__)

        def work(session: Session) -> list[Held | TurnedAway]:
            # A clash with another replica's row rolls this back and runs it again, which then sees that row.
            taken = {n: self._accept(session, wanted[n], conversations[n]) for n in order}
            return [taken[n] for n in range(len(wanted))]

        return self._store.write(work)

    def _accept(self, session: Session, wanted: Incoming, conversation: str) -> Held | TurnedAway:
        now = datetime.now(UTC)
        twice = (QuestionRow.door == wanted.door, QuestionRow.event_id == wanted.event_id)
        if session.scalar(select(QuestionRow.id).where(*twice)) is not None:
            return REPEATED
        running = session.scalar(select(QuestionRow.id).where(QuestionRow.running == conversation))
        if running is not None:
            return TurnedAway("busy", BUSY, running)
        often = self._often(session, wanted, now)
        if often is not None:
            return often
        row = QuestionRow(
            door=wanted.door, event_id=wanted.event_id, user_id=wanted.user, channel_id=wanted.channel,
            thread_id=wanted.thread, conversation=conversation, running=conversation,
            question=wanted.question, reply=dict(wanted.reply), holder=self.holder, attempts=1,
            accepted_at=now, lease_until=now + self._lease, readings=[],
        )
        session.add(row)
        session.flush()
        return Held(row.id, wanted)

    def _often(self, session: Session, wanted: Incoming, now: datetime) -> TurnedAway | None:
        def lately(*which: ColumnElement[bool]) -> int:
            recent = (QuestionRow.accepted_at > now - _MINUTE, QuestionRow.door == wanted.door)
            return session.scalar(select(func.count()).select_from(QuestionRow).where(*recent, *which)) or 0

        rates = self._rates
        if lately(QuestionRow.user_id == wanted.user) >= rates.user:
            return TurnedAway("user-rate", OFTEN.format(most=rates.user, where="from you"))
        if wanted.channel and lately(QuestionRow.channel_id == wanted.channel) >= rates.channel:
            return TurnedAway("channel-rate", OFTEN.format(most=rates.channel, where="in this channel"))
        return None

    def note(self, held: Held, reply: Mapping[str, Any], thread: str | None = None) -> bool:
        """Change where the answer goes, and to which thread. False where the question is not this replica's any more.

        A thread that begins with the answer is a conversation from then on.
        """
        moved = {}
        if thread is not None:
            conversation = conversation_of(held.incoming.door, held.incoming.channel, thread)
            moved = {"thread_id": storable(thread), "conversation": conversation}
        return self._change(held, reply=dict(reply), **moved)

    def keep(
        self, held: Held, answer_id: str | None = None, readings: Sequence[Mapping[str, Any]] = ()
    ) -> bool:
        """Hold the question for another while, with the answer that is about to be shown, once there is one.

        False where it was cancelled, or another replica has it.
        """
        answer = {} if answer_id is None else {"answer_id": answer_id, "readings": [dict(r) for r in readings]}
        return self._change(held, lease_until=datetime.now(UTC) + self._lease, **answer)

    def wanted(self, held: Held) -> bool:
        """Whether the question is still this replica's to answer."""
        mine = select(QuestionRow.id).where(*self._mine(held))
        return self._store.read(lambda session: session.scalar(mine)) is not None

    def finish(
        self, held: Held, outcome: Outcome, answer_id: str | None = None, readings: Sequence[Mapping[str, Any]] = ()
    ) -> bool:
        """Note that the question was dealt with. False where it is not this replica's any more."""
        return self._change(
            held, outcome=outcome, answer_id=answer_id, readings=[dict(r) for r in readings],
            finished_at=datetime.now(UTC), running=None,
        )

    def cancel(self, number: int, user: str) -> Held | None:
        """End the wait for a question, for the one who asked it; None where there is nothing to end.

        The replica that answers it finds out before it runs a query, while one runs, and before it posts anything.
        """

        def work(session: Session) -> Held | None:
            row = session.get(QuestionRow, number, with_for_update=True)
            if row is None or row.finished_at is not None or row.user_id != storable(user):
                return None
            row.outcome, row.finished_at, row.running = "cancelled", datetime.now(UTC), None
            return _held(row)

        return self._store.write(work)

    def orphans(self, door: str) -> list[Held]:
        """Take over a door's questions whose replica fell silent. Each comes to one replica."""

        def work(session: Session) -> list[Held]:
            now = datetime.now(UTC)
            left = (QuestionRow.door == door, QuestionRow.running.is_not(None), QuestionRow.lease_until < now)
            silent = select(QuestionRow).where(*left)
            taken = []
            for row in session.scalars(silent.with_for_update(skip_locked=True)):
                row.holder, row.lease_until, row.attempts = self.holder, now + self._lease, row.attempts + 1
                taken.append(_held(row))
            return taken

        return self._store.write(work)

    def let_go(self) -> None:
        """Leave what this replica holds to another at once: it stops, which is no question's fault."""
        mine = (QuestionRow.holder == self.holder, QuestionRow.running.is_not(None))
        past = datetime.now(UTC) - self._lease
        change = update(QuestionRow).where(*mine).values(lease_until=past, attempts=QuestionRow.attempts - 1)

        def work(session: Session) -> None:
            session.execute(change)

        self._store.write(work)

    def engaged(self, door: str, channel: str, thread: str) -> bool:
        """Whether the bot was asked in this conversation before."""
        conversation = conversation_of(door, channel, thread)
        known = select(QuestionRow.id).where(QuestionRow.conversation == conversation).limit(1)
        return self._store.read(lambda session: session.scalar(known)) is not None

    def of_answer(self, answer_id: str) -> tuple[Held, list[dict[str, Any]]] | None:
        """The question that an answer was given to, and the answer's readings; None when it is forgotten."""
        query = select(QuestionRow).where(QuestionRow.answer_id == answer_id).limit(1)
        row = self._store.read(lambda session: session.scalar(query))
        return None if row is None else (_held(row), list(row.readings))

    def forget_old(self) -> int:
        """Forget questions that were dealt with long ago; how many."""
        old = QuestionRow.finished_at < datetime.now(UTC) - KEPT

        def work(session: Session) -> int:
            numbers = session.scalars(select(QuestionRow.id).where(old)).all()
            session.execute(delete(QuestionRow).where(old))
            return len(numbers)

        return self._store.write(work)

    def _change(self, held: Held, **values: Any) -> bool:
        mine = select(QuestionRow.id).where(*self._mine(held)).with_for_update()

        def work(session: Session) -> bool:
            found = session.scalar(mine)
            if found is None:
                return False
            session.execute(update(QuestionRow).where(QuestionRow.id == held.id).values(**values))
            return True

        return self._store.write(work)

    def _mine(self, held: Held) -> tuple[ColumnElement[bool], ...]:
        return QuestionRow.id == held.id, QuestionRow.holder == self.holder, QuestionRow.finished_at.is_(None)


def conversation_of(door: str, channel: str, thread: str) -> str:
    """64 hex digits, the same for the same door, channel and thread."""
    return hashlib.sha256(json.dumps([door, channel, thread]).encode()).hexdigest()


def _storable(incoming: Incoming) -> Incoming:
    """With texts as every database keeps them, and an event's id that fits its column."""
    event = storable(incoming.event_id)
    if len(event) > 255:
        event = hashlib.sha256(event.encode()).hexdigest()
    return Incoming(
        incoming.door, event, storable(incoming.question), storable(incoming.user), storable(incoming.channel),
        storable(incoming.thread), json.loads(storable(json.dumps(dict(incoming.reply)))),
    )


def _held(row: QuestionRow) -> Held:
    asked = Incoming(
        row.door, row.event_id, row.question, row.user_id, row.channel_id, row.thread_id, dict(row.reply)
    )
    return Held(row.id, asked, row.attempts)
