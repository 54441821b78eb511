"""The desk behind all doors of one process: the bot and its memory, opened once, and opened again when that failed."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.live_help import TEACHER, LiveHelp
from bot.access import Asker
from bot.answer import Answer, Bot, Stage
from bot.config import ConfigError, Settings
from bot.database import Database, DatabaseError, Result
from bot.deployed import Deployed
from bot.feedback import Corrected, Feedback, Rejected, Tally
from bot.glossary import GlossaryError
from bot.history import Remembered, recent, run_again
from bot.manifest import StudentError
from bot.opening import limits, open_database
from bot.review import Review
from bot.schema import Dialect
from bot.store import Store, StoreError

State = Literal["opening", "ready", "closed"]
UNFORESEEN = "Something unforeseen went wrong while Mynah was starting. The log of the server says more."
NOT_READY = Rejected("not-ready", "Mynah is not ready yet. Please try again in a moment.")
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
        self.state: State = "opening"
        self.trouble = ""
        self._deployed: Deployed | None = None
        self._help = LiveHelp(settings) if settings.live_teacher else None
        self._store: Store | None = None
        self._opening = threading.Lock()
        self._opening_store = threading.Lock()
        self._results = _Results(_KEPT_CELLS)

    @property
    def bot(self) -> Bot | None:
        """The bot that answers now; None until it is open. Another one may take its place between two calls."""
        return self._deployed.bot if self._deployed is not None else None

    @property
    def models(self) -> Mapping[str, Any]:
        """Which student was promoted, which one serves, and why that is another, if it is."""
        return self._deployed.facts() if self._deployed is not None else {}

    def open(self) -> None:
        """Open the bot if it is not open. What keeps it from opening ends up in `trouble`, for people."""
        with self._opening:
            if self.bot is not None:
                return
            self.state, self.trouble = "opening", ""
            database: Database | None = None
            try:
                database = open_database(self.settings)
                deployed = Deployed(self.settings, database)
                deployed.open()
                deployed.watch()
                self._deployed = deployed
                self.state = "ready"
                import bot.chart_picture  # noqa: F401 - the first chart should not wait for matplotlib
            except (DatabaseError, GlossaryError, StudentError, ConfigError) as error:
                self.state, self.trouble = "closed", _sentence(str(error))
            except Exception:  # a page that says so helps more than a server that is gone
                log.exception("the bot cannot be opened")
                self.state, self.trouble = "closed", UNFORESEEN
            finally:
                if self.bot is None and database is not None:
                    database.close()

    def close(self) -> None:
        """Release the connections."""
        self.state = "closed"
        if self._deployed is not None and self.bot is not None:
            self._deployed.close()
            self.bot.database.close()
        if self._help is not None:
            self._help.close()
        if self._store is not None:
            self._store.close()

    def ask(
        self, question: str, *, door: str, user_id: str, watch: Callable[[Stage], None] = lambda _: None
    ) -> Asked:
        """Answer and remember. The answer is kept whether or not somebody still waits for it."""
        bot = self.bot
        if bot is None:
            return Asked(Answer("", question, "failed", self.trouble or NOT_READY.message, code="not-ready"))
        # Half a character, from a careless client, is known to no encoding.
        asker = Asker(user=user_id, door=door)
        answer = bot.ask(question.encode("utf-8", "replace").decode("utf-8"), watch, asker=asker)
        if answer.status == "unsure" and self._help is not None:
            answer = self._help.ask(bot, answer, asker)
        if answer.result is not None:
            self._results.keep(answer.id, answer.result)
        try:
            self._memory().save(answer, door=door, user_id=user_id)
            if answer.code == TEACHER:  # its word nominates, as a person's vote does, and admits as little
                self.vote(answer.id, TEACHER, 1)
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
            return recent(self._memory(), user_id, door, limit)
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
        feedback = self._feedback()
        if isinstance(feedback, Rejected):
            return feedback
        return feedback.vote(answer_id, user_id, vote) if vote else feedback.retract(answer_id, user_id)

    def correct(self, answer_id: str, user_id: str, sql: str, *, door: str = "") -> Corrected | Rejected:
        """Keep the SQL that the person says an answer should have had, if it passes the guard and runs."""
        feedback = self._feedback()
        return feedback if isinstance(feedback, Rejected) else feedback.correct(
            answer_id, user_id, sql, Asker(user=user_id, door=door)
        )

    def retract_correction(self, answer_id: str, user_id: str) -> Tally | Rejected:
        """Take the person's correction of an answer back."""
        feedback = self._feedback()
        return feedback if isinstance(feedback, Rejected) else feedback.retract_correction(answer_id, user_id)

    def review(self) -> Review | Rejected:
        """The queue of pairs that wait for a reviewer; it asks by itself who may see it."""
        if self.bot is None:
            return NOT_READY
        try:
            return Review.of(self._memory(), self.bot.database, self.bot.schema, self.settings, self.bot.access)
        except StoreError as error:
            return Rejected(f"memory-{error.kind}".replace("_", "-"), error.message)

    def _feedback(self) -> Feedback | Rejected:
        if self.bot is None:
            return NOT_READY
        try:
            bot = self.bot
            return Feedback(self._memory(), bot.database, bot.schema, limits(self.settings), bot.access)
        except StoreError as error:
            return Rejected(f"memory-{error.kind}", error.message)

    def _memory(self) -> Store:
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


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:] if text[:1].isalpha() else text
    return text if text.endswith((".", "!", "?")) else f"{text}."
