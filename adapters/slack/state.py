"""How the bot of a channel is, for its status and for the home page."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from adapters.chat_desk import ChatDesk
from adapters.slack.blocks.pages import State
from adapters.welcome import database_name, examples
from bot.access import Asker
from bot.answer import Bot
from bot.config import ConfigError
from bot.feedback import Rejected
from bot.records import RunRow
from bot.review import Waiting
from bot.store import StoreError


def state_of(desk: ChatDesk, asker: Asker) -> State:
    """How the bot of the asker's channel is."""
    place = desk.place(asker)
    student = place.bot.student.version if place.bot else ""
    trouble = "" if place.bot else place.trouble or "I am still waking up. Please try again in a moment."
    name = database_name(place.settings)
    accuracy = _accuracy(place.bot) if place.bot else ""
    return State(name, trouble, student, accuracy, _last_run(desk), _next_run(desk))


def examples_of(desk: ChatDesk, asker: Asker) -> list[str]:
    """Questions to begin with in the asker's channel."""
    place = desk.place(asker)
    return examples(place.settings, place.bot.schema) if place.bot else []


def pairs_for(desk: ChatDesk, asker: Asker) -> list[Waiting] | Rejected:
    """What waits for this reviewer."""
    queue = desk.desk.review()
    return queue if isinstance(queue, Rejected) else queue.queue(asker)


def _accuracy(bot: Bot) -> str:
    """What the student that serves got right of questions kept from its training; empty where nothing says so."""
    fitted = bot.calibration
    if fitted is not None and fitted.questions:
        return f"{fitted.accuracy:.0%} right of {fitted.questions:,} questions that were kept from its training"
    try:
        score = float(bot.student.manifest.origin["stages"][-1]["held_out"]["score"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
    return f"{score:.0%} right on kinds of questions that were held out from its training"


def _last_run(desk: ChatDesk) -> str:
    """When the student was last trained by night."""
    newest = select(RunRow).order_by(RunRow.started_at.desc()).limit(1)

    def work(session: Session) -> RunRow | None:
        return session.scalar(newest)

    try:
        row = desk.desk.memory().read(work)
    except StoreError:
        return ""
    if row is None:
        return "There was no nightly run so far."
    return f"Last nightly run: {row.day:%d %B %Y}, {row.outcome or 'still running'}."


def _next_run(desk: ChatDesk) -> str:
    """When the student is trained next, if a schedule runs."""
    from kd_training.clock import next_night  # only here: questions need no scheduler

    try:
        at = next_night(desk.desk.settings)
    except ConfigError:
        return ""  # `mynah schedule` says what is wrong
    return f"By its schedule the next one begins on {at:%d %B %Y} at {at:%H:%M %Z}." if at else ""
