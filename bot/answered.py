"""What a chat door looks up of answered questions: which answer a message holds, and what runs."""

from __future__ import annotations

from sqlalchemy import select

from bot.accepted import conversation_of
from bot.records import QuestionRow
from bot.store import Store

_LOOKED_AT = 500  # the latest of a conversation; votes come soon or not at all


def answer_in(store: Store, door: str, channel: str, thread: str, message: str) -> str | None:
    """The id of the answer that a message of this conversation holds: one whose question's reply has that `message`.

    Without a message, the conversation's latest answer. Raises StoreError.
    """
    query = (
        select(QuestionRow.answer_id, QuestionRow.reply)
        .where(QuestionRow.conversation == conversation_of(door, channel, thread), QuestionRow.answer_id.is_not(None))
        .order_by(QuestionRow.id.desc())
        .limit(_LOOKED_AT)
    )
    rows = store.read(lambda session: session.execute(query).all())
    return next((answer for answer, reply in rows if not message or reply.get("message") == message), None)


def running_in(store: Store, door: str, channel: str, thread: str) -> int | None:
    """The number of the question that a conversation waits for. Raises StoreError."""
    query = select(QuestionRow.id).where(QuestionRow.running == conversation_of(door, channel, thread))
    return store.read(lambda session: session.scalar(query))
