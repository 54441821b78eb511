"""When the night runs: cron in a time zone, on any number of replicas, one of which gets the turn.

APScheduler keeps no jobs but in memory: what must be shared stands in the state database (kd_training/turns.py). A
night whose holder died is taken over by whoever looks next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.config import Settings
from bot.store import Store, StoreError
from kd_training.clock import trigger, zone
from kd_training.night.report import NightReport
from kd_training.nightly import Admit, Night, Post, tell_all
from kd_training.teaching import Teacher
from kd_training.turns import LEASE, Refused, TurnLostError, orphaned, take

log = logging.getLogger("mynah.schedule")
JOB = "nightly"


class Nights:
    """The nights of one replica. `expected` tells an error that has a sentence for people from one that has not."""

    def __init__(
        self, settings: Settings, teacher: Teacher | None = None, *, admit: Admit | None = None,
        posts: Sequence[Post] = (), expected: Callable[[BaseException], object] = lambda _: None, lease: float = LEASE,
    ) -> None:
        self._settings, self._teacher, self._admit, self._posts = settings, teacher, admit, posts
        self._expected, self._lease = expected, lease
        self.zone = zone(settings)
        self.trigger = trigger(settings, self.zone)

    def today(self) -> date:
        """The day of a run that begins now."""
        return datetime.now(self.zone).date()

    def next_run(self) -> str:
        """When the schedule runs the night next, for people."""
        following = self.trigger.get_next_fire_time(None, datetime.now(self.zone))
        return f"{following:%Y-%m-%d %H:%M %Z}" if following else ""

    def run(self, day: date, force: bool = False, again: bool = False) -> NightReport | Refused:
        """The night of a day, if it is our turn; `again` also where it was run already. Raises StoreError.

        What goes wrong in it ends up in the report. Only losing the turn raises: TurnLostError.
        """
        with Store.open(self._settings.store_url) as store:
            turn = take(store, JOB, day, again or force, self._lease)
            if isinstance(turn, Refused):
                return turn
            night = Night(
                self._settings, day, self._teacher, self._admit, self._posts, turn.check, self.next_run(), force
            )
            try:
                with turn.held():
                    report = self._watched(night)
            except KeyboardInterrupt:
                turn.let_go()
                raise
            turn.finish(report.outcome())
            night.settle()
            return report

    def failed_before(self, day: date) -> bool:
        """Whether the run of a day was tried and could not be finished."""
        with Store.open(self._settings.store_url) as store:
            return _outcome(store, day).startswith("failed")

    def _watched(self, night: Night) -> NightReport:
        try:
            return night.run()
        except TurnLostError:
            raise
        except Exception as error:
            if self._expected(error) is None:
                log.exception("the night of %s", night.day)
                said = "something unforeseen went wrong; the log says more"
            else:
                log.warning("the night of %s: %s", night.day, error)
                said = str(error)
            report = NightReport(
                str(night.day), "failed", reasons=(said,), seconds=dict(night.seconds), next_run=night.next_run
            )
            tell_all(report, night.folder / "reports", self._posts)
            return report

    def on_time(self) -> None:
        """What the schedule calls at its time. Never raises: there is another night."""
        self._quietly(self.today())

    def look_for_orphans(self) -> None:
        """Take over a night whose holder died."""
        try:
            with Store.open(self._settings.store_url) as store:
                day = orphaned(store, JOB)
        except StoreError as error:
            log.warning("the runs cannot be read: %s", error.message)
            return
        if day is not None:
            self._quietly(day)

    def _quietly(self, day: date) -> None:
        try:
            made = self.run(day)
        except (StoreError, TurnLostError) as error:
            log.warning("the night of %s: %s", day, error)
            return
        if isinstance(made, Refused):
            log.info("the night of %s is not ours: %s", day, made.why)
        else:
            log.info("the night of %s: %s", day, made.outcome())

    def serve(self) -> None:
        """Run nights until the process is told to stop."""
        scheduler = BlockingScheduler(timezone=self.zone)
        scheduler.add_job(
            self.on_time, self.trigger, id=JOB, coalesce=True, max_instances=1,
            misfire_grace_time=self._settings.nightly_grace,
        )  # fmt: skip
        scheduler.add_job(
            self.look_for_orphans, IntervalTrigger(seconds=self._lease / 2), id="orphans", coalesce=True,
            max_instances=1,
        )  # fmt: skip
        scheduler.start()


def _outcome(store: Store, day: date) -> str:
    from sqlalchemy import select

    from bot.records import RunRow

    query = select(RunRow.outcome).where(RunRow.job == JOB, RunRow.day == day)
    return store.read(lambda session: session.scalar(query)) or ""
