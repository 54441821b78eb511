"""Questions in messages: a mention, a reply in a thread that the bot is in, a direct message, a message's shortcut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext

from adapters.slack.blocks.texts import question_of, to_others
from adapters.slack.slack import Heard, Slack, heard_event, heard_press
from bot.small_talk import is_chatter
from bot.store import StoreError

SHORTCUT = "ask_mynah"
_PEOPLES = frozenset({None, "", "file_share", "thread_broadcast"})  # kinds of messages that people write


def register(app: AsyncApp, slack: Slack) -> None:
    """Listen to messages."""

    @app.event("app_mention")
    async def mentioned(body: Mapping[str, Any], event: Mapping[str, Any], context: AsyncBoltContext) -> None:
        if _by_person(event):
            await _ask(slack, heard_event(body, event), event, context.bot_user_id or "")

    @app.event("message")
    async def said(body: Mapping[str, Any], event: Mapping[str, Any], context: AsyncBoltContext) -> None:
        if not _by_person(event):
            return
        heard, bot_user = heard_event(body, event), context.bot_user_id or ""
        text = str(event.get("text") or "")
        if event.get("channel_type") == "im" or (
            f"<@{bot_user}>" not in text and await _engaged(slack, heard, event, bot_user)
            and not (to_others(text, bot_user) or is_chatter(question_of(text, bot_user)))
        ):
            await _ask(slack, heard, event, bot_user)

    @app.shortcut(SHORTCUT)
    async def asked_of(ack: AsyncAck, body: Mapping[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        question = question_of(str(body["message"].get("text") or ""), context.bot_user_id or "")
        await slack.ask(heard_press(body), f"shortcut:{body['trigger_id']}", question)


async def _ask(slack: Slack, heard: Heard, event: Mapping[str, Any], bot_user: str) -> None:
    """A message is told apart by its channel and time: a mention comes as two events."""
    stamp = str(event["ts"])
    thread = heard.thread or stamp
    there = Heard(heard.team, heard.enterprise, heard.user, heard.channel, thread)
    question = question_of(str(event.get("text") or ""), bot_user)
    await slack.ask(there, f"{heard.channel}:{stamp}", question)


async def _engaged(slack: Slack, heard: Heard, event: Mapping[str, Any], bot_user: str) -> bool:
    """Whether a reply stands in a thread where the bot was asked, or which it began."""
    if not heard.thread or heard.thread == event["ts"]:
        return False
    if bot_user and event.get("parent_user_id") == bot_user:
        return True
    try:
        return await slack.reception.engaged(heard.channel, heard.thread)
    except StoreError:
        return False


def _by_person(event: Mapping[str, Any]) -> bool:
    """Not by a bot, this one included, and no edit, deletion or note of Slack's own."""
    return event.get("subtype") in _PEOPLES and not event.get("bot_id") and bool(event.get("user"))
