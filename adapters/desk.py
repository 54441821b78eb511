"""The desk behind all doors of one process: its bots and their memory, opened once, and opened again if that failed."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.live_help import TEACHER, LiveHelp
from adapters.open_bot import OpenBot, State
from bot.access import Asker
from bot.answer import Answer, Bot, Stage
from bot.config import Settings
from bot.database import Result
from bot.feedback import Corrected, Feedback, Rejected, Tally
from bot.history import Remembered, recent, run_again
from bot.opening import limits
from bot.refusals import UNREAD
from bot.review import Review
from bot.schema import Dialect
from bot.store import Store, StoreError

NOT_READY = Rejected("not-ready", "Mynah is not ready yet. Please try again in a moment.")
NOT_READ = UNREAD | {"not-ready", "unforeseen"}  # codes of answers that the student had no part in: nothing to correct
_KEPT_CELLS = 200_000  # cells of results kept at hand for pages that are loaded again

log = logging.getLogger("mynah.desk")


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and a sentence on why the memory did not keep it; empty when it did."""

    answer: Answer
    not_kept: str = ""


class Desk:
    """Thread-safe. All calls block, so an event loop makes them in a thread. Only `open` may take long."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._main = OpenBot(settings)
        self._others = {name: OpenBot(settings.at(name)) for name in settings.databases}
        self._help = LiveHelp(settings) if settings.live_teacher else None
        self._store: Store | None = None
        self._opening_store = threading.Lock()
        self._results = _Results(_KEPT_CELLS)

    @property
    def state(self) -> State:
        """Of the main database's bot."""
        return self._main.state

    @property
    def trouble(self) -> str:
        """What keeps the main database's bot from answering, for people."""
        return self._main.trouble

    @property
    def bot(self) -> Bot | None:
        """The main database's bot; None until it is open. Another one may take its place between two calls."""
        return self._main.bot

    @property
    def models(self) -> Mapping[str, Any]:
        """Which student was promoted, which one serves, and why that is another, if it is."""
        return self._main.models

    def open(self) -> None:
        """Open the bots that are not open. What keeps one from opening ends up in its `trouble`, for people."""
        for each in (self._main, *self._others.values()):
            each.open()

    def close(self) -> None:
        """Release the connections."""
        for each in (self._main, *self._others.values()):
            each.close()
        if self._help is not None:
            self._help.close()
        if self._store is not None:
            self._store.close()

    def at(self, database: str) -> OpenBot:
        """The bot of a database by its name, "" for the main one. Raises KeyError for one that is not there."""
        return self._others[database] if database else self._main

    def keep_at_hand(self, answer: Answer) -> None:
        """Remember the rows of an answer for a while, in this process alone."""
        if answer.result is not None:
            self._results.keep(answer.id, answer.result)

    def helped(self, bot: Bot, answer: Answer, asker: Asker) -> Answer:
        """The answer, or the teacher's in its place where the student is unsure and live help is on."""
        return self._help.ask(bot, answer, asker) if answer.status == "unsure" and self._help is not None else answer

    def note_teacher(self, answer: Answer) -> None:
        """The teacher's word on a kept answer of its own nominates, as a person's vote does, and admits as little."""
        if answer.code == TEACHER:
            self.vote(answer.id, TEACHER, 1)

    def ask(
        self, question: str, *, door: str, user_id: str, watch: Callable[[Stage], None] = lambda _: None
    ) -> Asked:
        """Answer and remember. The answer is kept whether or not somebody still waits for it."""
        bot = self.bot
        if bot is None:
            return Asked(Answer("", question, "failed", self.trouble or NOT_READY.message, code="not-ready"))
        # Half a character, from a careless client, is known to no encoding.
        asker = Asker(user=user_id, door=door)
        text = question.encode("utf-8", "replace").decode("utf-8")
        answer = self.helped(bot, bot.ask(text, watch, asker=asker), asker)
        self.keep_at_hand(answer)
        try:
            self.memory().save(answer, door=door, user_id=user_id)
            self.note_teacher(answer)
        except StoreError as error:
            return Asked(answer, error.message)
        return Asked(answer)

    def pick(self, answer: Answer, number: int, *, door: str, user_id: str) -> Answer:
        """The reading `number` (from 0) of an unsure answer, run; what the person meant is noted like a vote for it.

        The memory keeps the pick with the answer that was unsure; where it cannot, the rows are shown all the same.
        """
        if self.bot is None:
            return Answer("", answer.question, "failed", self.trouble or NOT_READY.message, code="not-ready")
        picked = self.bot.pick(answer, number, Asker(user=user_id, door=door))
        if picked.result is None:
            return picked
        own = picked.sql == answer.sql
        sql = picked.sql or ""
        noted = self.vote(answer.id, user_id, 1) if own else self.correct(answer.id, user_id, sql, door=door)
        if isinstance(noted, Rejected):
            log.warning("a pick was not noted: %s", noted.message)
        return picked

    def history(self, user_id: str, door: str, limit: int = 20) -> list[Remembered]:
        """The person's last answers, oldest first; none where the memory cannot be read."""
        try:
            return recent(self.memory(), user_id, door, limit)
        except StoreError as error:
            log.warning("earlier answers cannot be read: %s", error.message)
            return []

    def result_at_hand(self, answer_id: str) -> Result | None:
        """The rows of an answer given a while ago, if they are still at hand."""
        return self._results.get(answer_id)

    def run_again(self, sql: str, *, door: str = "", user_id: str = "") -> Result | Rejected:
        """What the SQL of an earlier answer gives now, as far as the person may see it."""
        if self.bot is None:
            return NOT_READY
        rights = self.bot.access.rights(Asker(user=user_id, door=door), self.bot.schema)
        return run_again(sql, self.bot.schema, self.bot.database, limits(self.settings), rights)

    @property
    def dialect(self) -> Dialect:
        """What the SQL of answers is written in."""
        return self.bot.database.dialect if self.bot is not None else "sqlite"

    def vote(self, answer_id: str, user_id: str, vote: int) -> Tally | Rejected:
        """Set the person's vote on an answer: 1, -1, or 0 to take it back."""
        feedback = self.feedback()
        if isinstance(feedback, Rejected):
            return feedback
        return feedback.vote(answer_id, user_id, vote) if vote else feedback.retract(answer_id, user_id)

    def correct(self, answer_id: str, user_id: str, sql: str, *, door: str = "") -> Corrected | Rejected:
        """Keep the SQL that the person says an answer should have had, if it passes the guard and runs."""
        feedback = self.feedback()
        return feedback if isinstance(feedback, Rejected) else feedback.correct(
            answer_id, user_id, sql, Asker(user=user_id, door=door)
        )

    def retract_correction(self, answer_id: str, user_id: str) -> Tally | Rejected:
        """Take the person's correction of an answer back."""
        feedback = self.feedback()
        return feedback if isinstance(feedback, Rejected) else feedback.retract_correction(answer_id, user_id)

    def review(self) -> Review | Rejected:
        """The queue of pairs that wait for a reviewer; it asks by itself who may see it."""
        if self.bot is None:
            return NOT_READY
        try:
            return Review.of(self.memory(), self.bot.database, self.bot.schema, self.settings, self.bot.access)
        except StoreError as error:
            return Rejected(f"memory-{error.kind}".replace("_", "-"), error.message)

    def feedback(self, database: str = "") -> Feedback | Rejected:
        """What takes votes and corrections of a database's answers."""
        bot = self.at(database).bot
        if bot is None:
            return NOT_READY
        try:
            return Feedback(self.memory(), bot.database, bot.schema, limits(self.settings), bot.access)
        except StoreError as error:
            return Rejected(f"memory-{error.kind}", error.message)

    def memory(self) -> Store:
        """The store, opened when it is first needed: without it the bot still answers. Raises StoreError."""
        with self._opening_store:
            if self._store is None:
                self._store = Store.open(self.settings.store_url)
            return self._store


class _Results:
    """The latest results by answer, as many as a number of cells allows."""

    def __init__(self, cells: int) -> None:
        self._room = cells
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, answer_id: str, result: Result) -> None:
        with self._lock:
            self._kept[answer_id] = result
            while len(self._kept) > 1 and sum(map(_cells, self._kept.values())) > self._room:
                self._kept.popitem(last=False)

    def get(self, answer_id: str) -> Result | None:
        with self._lock:
            return self._kept.get(answer_id)


def _cells(result: Result) -> int:
    return max(1, len(result.rows) * len(result.columns))
