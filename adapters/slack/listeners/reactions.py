"""Thumbs under an answer: a reaction is the person's one vote, and taking it off takes the vote back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_sdk.errors import SlackApiError

from adapters.chat_desk import Found
from adapters.slack.blocks.answers import answer_id_of
from adapters.slack.blocks.texts import button
from adapters.slack.slack import Heard, Slack
from bot.feedback import Tally

_UP, _DOWN = ("+1", "thumbsup"), ("-1", "thumbsdown")


def register(app: AsyncApp, slack: Slack) -> None:
    """Listen to reactions."""

    @app.event("reaction_added")
    async def added(body: Mapping[str, Any], event: Mapping[str, Any], context: AsyncBoltContext) -> None:
        if _ours(event, context) and (vote := vote_of(str(event["reaction"]))):
            slack.reception.spawn(_vote(slack, body, event, vote))

    @app.event("reaction_removed")
    async def removed(body: Mapping[str, Any], event: Mapping[str, Any], context: AsyncBoltContext) -> None:
        if _ours(event, context) and (vote := vote_of(str(event["reaction"]))):
            slack.reception.spawn(_take_back(slack, body, event, vote))


def vote_of(reaction: str) -> int:
    """1 or -1 for a thumb of any skin, 0 for anything else.

    >>> vote_of("+1::skin-tone-4"), vote_of("thumbsdown"), vote_of("tada")
    (1, -1, 0)
    """
    name = reaction.partition("::")[0]
    return 1 if name in _UP else -1 if name in _DOWN else 0


def _ours(event: Mapping[str, Any], context: AsyncBoltContext) -> bool:
    item = event.get("item") or {}
    return item.get("type") == "message" and event.get("item_user") in (context.bot_user_id, None, "")


async def _vote(slack: Slack, body: Mapping[str, Any], event: Mapping[str, Any], vote: int) -> None:
    found, heard = await _found(slack, body, event)
    if found is None:
        return
    tally = await slack.reception.note(slack.desk.vote, found, heard.asker, vote)
    if isinstance(tally, Tally):
        say = button("Say what is wrong", "correct", found.answer.id)
        more = [{"type": "actions", "elements": [say]}] if vote < 0 else []
        await slack.whisper(heard, "Thank you, noted.", *more)
    else:
        await slack.whisper(heard, tally.message)


async def _take_back(slack: Slack, body: Mapping[str, Any], event: Mapping[str, Any], vote: int) -> None:
    found, heard = await _found(slack, body, event)
    if found is not None:
        await slack.reception.note(slack.desk.take_back, found, heard.asker, vote)


async def _found(slack: Slack, body: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[Found | None, Heard]:
    """The answer under a reaction, read from its buttons: Slack tells only where the message stands."""
    item = event["item"]
    channel, stamp = str(item["channel"]), str(item["ts"])
    team, enterprise = str(body.get("team_id") or ""), str(body.get("enterprise_id") or "")
    heard = Heard(team, enterprise, str(event["user"]), channel, stamp)
    client = await slack.client(heard)
    answer_id, thread = await answer_at(client, channel, stamp)
    heard = Heard(team, enterprise, heard.user, channel, thread)
    found = await slack.find(answer_id, heard) if answer_id else None
    return (found if isinstance(found, Found) else None), heard


async def answer_at(client: Any, channel: str, stamp: str) -> tuple[str, str]:
    """The answer that the message at this time shows, and its thread; empty where there is none."""
    try:
        got = await client.conversations_replies(
            channel=channel, ts=stamp, oldest=stamp, latest=stamp, inclusive=True, limit=10
        )
    except SlackApiError:
        return "", ""
    for message in got.get("messages") or ():
        if message.get("ts") == stamp:
            return answer_id_of(message.get("blocks") or ()), str(message.get("thread_ts") or stamp)
    return "", ""
