"""Whose turn a job is: one run a day among all replicas, one at a time, and taken over from a holder that died.

The row (job, day) in `runs` under its unique constraint is the claim: a job runs once a day. The row of the job in
`leases` says who works now and until when that is believed; the holder renews it. Clocks of the replicas must agree
to within half a lease.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.records import LeaseRow, RunRow
from bot.store import Store, StoreError

log = logging.getLogger(__name__)
LEASE = 120.0  # seconds
GIVEN_UP = "given up: its holder died, and a later run began"


class TurnLostError(Exception):
    """Another replica has taken over, as this one was not heard of for too long."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why it is not our turn: somebody works on it, or it is done. `outcome` is what came of it, if it is done."""

    why: Literal["busy", "done"]
    day: date
    outcome: str = ""


class Turn:
    """Our turn. It is renewed in a thread for as long as `held` is open."""

    def __init__(self, store: Store, job: str, day: date, lease: float = LEASE, holder: str = "") -> None:
        self.job, self.day, self.holder = job, day, holder or uuid.uuid4().hex
        self._store, self._lease = store, lease
        self._ended = threading.Event()
        self._believed = datetime.now(UTC) + timedelta(seconds=lease)
        self._lost = False

    def check(self) -> None:
        """Raise TurnLostError where the turn is no longer ours."""
        if self._lost or datetime.now(UTC) > self._believed:
            raise TurnLostError(f"another replica has taken over the run of {self.day}")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Renew until the block ends."""
        renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            self._ended.set()
            renewing.join()

    def finish(self, outcome: str) -> None:
        """Write down what came of it, and let go. Raises StoreError."""
        now = datetime.now(UTC)

        def work(session: Session) -> None:
            lease = session.get(LeaseRow, self.job, with_for_update=True)
            if lease is None or lease.holder != self.holder:
                return
            session.delete(lease)
            run = _run(session, self.job, self.day)
            if run is not None:
                run.finished_at, run.outcome = now, outcome

        self._store.write(work)

    def let_go(self) -> None:
        """Leave the run to whoever comes next, who need not wait for the lease to end. Not worth an error."""

        def work(session: Session) -> None:
            lease = session.get(LeaseRow, self.job, with_for_update=True)
            if lease is not None and lease.holder == self.holder:
                session.delete(lease)

        with suppress(StoreError):
            self._store.write(work)

    def _renew(self) -> None:
        while not self._ended.wait(self._lease / 4):
            try:
                self._store.write(self._extend)
            except StoreError as error:  # there is time for some more attempts
                log.warning("the lease of %s cannot be renewed: %s", self.job, error.message)

    def _extend(self, session: Session) -> None:
        until = datetime.now(UTC) + timedelta(seconds=self._lease)
        lease = session.get(LeaseRow, self.job, with_for_update=True)
        if lease is None or lease.holder != self.holder:
            self._lost = True
            return
        lease.until = until
        self._believed = until


def take(store: Store, job: str, day: date, again: bool = False, lease: float = LEASE) -> Turn | Refused:
    """Our turn at a job's run of a day, if nobody works on the job and that run is not done. Raises StoreError.

    `again`: also where it is done. A run that was begun and whose holder died is taken over.
    """
    turn = Turn(store, job, day, lease)

    def work(session: Session) -> Turn | Refused:
        now = datetime.now(UTC)
        held = session.get(LeaseRow, job, with_for_update=True)
        if held is not None and held.until > now:
            return Refused("busy", held.day)
        run = _run(session, job, day)
        if run is not None and run.finished_at is not None and not again:
            return Refused("done", day, run.outcome or "")
        if run is None:
            session.add(RunRow(job=job, day=day, started_at=now))
        elif run.finished_at is not None:
            run.started_at, run.finished_at, run.outcome = now, None, None
        for older in _unfinished(session, job):
            if older.day < day:
                older.finished_at, older.outcome = now, GIVEN_UP
        until = now + timedelta(seconds=lease)
        if held is None:
            session.add(LeaseRow(job=job, day=day, holder=turn.holder, until=until))
        else:
            held.day, held.holder, held.until = day, turn.holder, until
        return turn

    return store.write(work)


def orphaned(store: Store, job: str) -> date | None:
    """The latest day whose run was begun and whose holder died; None where there is none. Raises StoreError."""

    def work(session: Session) -> date | None:
        held = session.get(LeaseRow, job)
        if held is not None and held.until > datetime.now(UTC):
            return None
        return max((run.day for run in _unfinished(session, job)), default=None)

    return store.read(work)


def _run(session: Session, job: str, day: date) -> RunRow | None:
    return session.scalar(select(RunRow).where(RunRow.job == job, RunRow.day == day))


def _unfinished(session: Session, job: str) -> list[RunRow]:
    return list(session.scalars(select(RunRow).where(RunRow.job == job, RunRow.finished_at.is_(None))))
