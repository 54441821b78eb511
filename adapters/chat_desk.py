"""The desk as chat doors use it: questions of channels, answers found again, the rights of whoever presses a button.

An answer is worked on by the one who asked it, anywhere, or by people in the channel where it stands. Its rows are
never handed on: whoever wants to see them again, or to share them, has the query run under their own rights.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from adapters.desk import NOT_READY, Asked, Desk
from adapters.open_bot import OpenBot
from bot.accepted import Accepted, Rates
from bot.access import Asker
from bot.answer import Answer, Reading, Stage
from bot.feedback import UNKNOWN, Corrected, Rejected, Tally
from bot.history import remembered, run_again
from bot.opening import limits
from bot.store import StoreError

ELSEWHERE = Rejected("elsewhere", "That answer was given somewhere else. Please ask again here.")
NO_DATABASE = Rejected("no-database", "The database that this was asked of is not connected any more.")
OTHER_DATABASE = Rejected("other-database", "That channel asks another database, so this cannot be shared there.")
NO_ROWS = Rejected("no-rows", "That answer has no query to run.")
NO_READING = Rejected("no-reading", "I do not remember these readings any more. Please ask again.")

log = logging.getLogger("mynah.desk")


@dataclass(frozen=True, slots=True)
class Found:
    """An answer of the memory, without its rows, and where it was given. `database` is a name, "" for the main one."""

    answer: Answer
    database: str
    user: str
    channel: str
    thread: str


class ChatDesk:
    """Thread-safe. All calls block. An `Asker` names the door, the user with their groups, and the channel."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._accepted: Accepted | None = None
        self._accepting = threading.Lock()  # one process is one replica

    def accepted(self) -> Accepted:
        """The questions that were taken on. Raises StoreError where the memory cannot be opened."""
        with self._accepting:
            if self._accepted is None:
                settings = self.desk.settings
                self._accepted = Accepted(self.desk.memory(), Rates(settings.user_rate, settings.channel_rate))
            return self._accepted

    def place(self, asker: Asker) -> OpenBot:
        """The bot that answers in the asker's channel."""
        return self.desk.at(self.desk.settings.database_of(asker.door, asker.channel))

    def ask(
        self, question: str, asker: Asker, thread: str = "", watch: Callable[[Stage], None] = lambda _: None
    ) -> Asked:
        """Answer with the channel's database and remember. What `watch` raises ends the work before its next stage."""
        place = self.place(asker)
        if place.bot is None:
            place.open()  # waits for the one that is being opened, and tries again where that failed
        bot = place.bot
        if bot is None:
            return Asked(Answer("", question, "failed", place.trouble or NOT_READY.message, code="not-ready"))
        answer = bot.ask(question.encode("utf-8", "replace").decode("utf-8"), watch, asker=asker)
        if bot is self.desk.bot:  # the teacher knows the main database alone
            answer = self.desk.helped(bot, answer, asker)
        if answer.code == "cancelled":
            return Asked(answer)  # which nobody sees
        kept = Asked(answer, self._remember(answer, asker, thread))
        self.desk.note_teacher(answer)
        return kept

    def find(self, answer_id: str, asker: Asker) -> Found | Rejected:
        """An answer by its id, for the one who asked it or who is in its channel."""
        try:
            row = self.desk.memory().answer(answer_id)
            known = self.accepted().of_answer(answer_id) if row is not None and row.status == "unsure" else None
        except StoreError as error:
            return Rejected(f"memory-{error.kind}", error.message)
        if row is None or row.door != asker.door:
            return UNKNOWN
        if row.user_id != asker.user and (not asker.channel or row.channel_id != asker.channel):
            return ELSEWHERE
        if row.database and row.database not in self.desk.settings.databases:
            return NO_DATABASE
        answer = replace(remembered(row), readings=_readings(known[1]) if known else ())
        return Found(answer, row.database, row.user_id, row.channel_id or "", row.thread_id or "")

    def run_again(self, found: Found, asker: Asker) -> Answer | Rejected:
        """The answer with what its query gives now, under the rights of who wants to see it."""
        bot = self.desk.at(found.database).bot
        if bot is None:
            return NOT_READY
        if found.answer.sql is None:
            return NO_ROWS
        rights = bot.access.rights(asker, bot.schema)
        result = run_again(found.answer.sql, bot.schema, bot.database, limits(self.desk.settings), rights)
        return result if isinstance(result, Rejected) else replace(found.answer, result=result)

    def share(self, found: Found, asker: Asker, channel: str, thread: str = "") -> Asked | Rejected:
        """The answer as a new one for another channel, under what the one who shares it may see there."""
        there = replace(asker, channel=channel)
        if self.desk.settings.database_of(there.door, channel) != found.database:
            return OTHER_DATABASE
        again = self.run_again(found, there)
        if isinstance(again, Rejected):
            return again
        shared = replace(again, id=uuid.uuid4().hex)
        return Asked(shared, self._remember(shared, there, thread))

    def pick(self, found: Found, number: int, asker: Asker) -> Asked | Rejected:
        """The reading `number` (from 0) of an unsure answer, run and kept as an answer of its own.

        What the person meant is noted like a vote for it, or like a correction of the answer that was unsure.
        """
        place = self.desk.at(found.database)
        if place.bot is None:
            return NOT_READY
        if not 0 <= number < len(found.answer.readings):
            return NO_READING
        picked = place.bot.pick(found.answer, number, asker)
        if picked.result is None:
            return Rejected(picked.code, picked.message)
        own = picked.sql == found.answer.sql
        noted = self.vote(found, asker, 1) if own else self.correct(found, asker, picked.sql or "")
        if isinstance(noted, Rejected):
            log.warning("a pick was not noted: %s", noted.message)
        return Asked(picked, self._remember(picked, replace(asker, channel=found.channel), found.thread))

    def vote(self, found: Found, asker: Asker, vote: int, comment: str | None = None) -> Tally | Rejected:
        """Set the person's vote on an answer: 1, -1, or 0 to take it back."""
        feedback = self.desk.feedback(found.database)
        if isinstance(feedback, Rejected):
            return feedback
        if not vote:
            return feedback.retract(found.answer.id, asker.user)
        return feedback.vote(found.answer.id, asker.user, vote, comment)

    def take_back(self, found: Found, asker: Asker, vote: int) -> Tally | Rejected:
        """Take the person's vote back if it is this one: another that they gave since stays."""
        feedback = self.desk.feedback(found.database)
        if isinstance(feedback, Rejected):
            return feedback
        tally = feedback.tally(found.answer.id, asker.user)
        if isinstance(tally, Rejected) or tally.mine != vote:
            return tally
        return feedback.retract(found.answer.id, asker.user)

    def correct(self, found: Found, asker: Asker, sql: str) -> Corrected | Rejected:
        """Keep the SQL that the person says the answer should have had, if it passes the guard and runs."""
        feedback = self.desk.feedback(found.database)
        if isinstance(feedback, Rejected):
            return feedback
        return feedback.correct(found.answer.id, asker.user, sql, asker)

    def retract_correction(self, found: Found, asker: Asker) -> Tally | Rejected:
        """Take the person's correction of an answer back."""
        feedback = self.desk.feedback(found.database)
        return feedback if isinstance(feedback, Rejected) else feedback.retract_correction(found.answer.id, asker.user)

    def _remember(self, answer: Answer, asker: Asker, thread: str) -> str:
        """Why the answer was not kept; empty when it was."""
        database = self.desk.settings.database_of(asker.door, asker.channel)
        try:
            self.desk.memory().save(
                answer, door=asker.door, user_id=asker.user, channel_id=asker.channel or None,
                thread_id=thread or None, database=database,
            )
        except StoreError as error:
            return error.message
        return ""


def readings_kept(answer: Answer) -> list[dict[str, Any]]:
    """The readings of an unsure answer, as they are kept with its question."""
    return [asdict(reading) for reading in answer.readings]


def _readings(kept: list[dict[str, Any]]) -> tuple[Reading, ...]:
    return tuple(_reading(each) for each in kept)


def _reading(kept: Mapping[str, Any]) -> Reading:
    return Reading(str(kept["words"]), str(kept["sql"]), str(kept["short"]), float(kept["confidence"]))
