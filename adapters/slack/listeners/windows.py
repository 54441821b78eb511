"""Windows that are sent back: a correction, a channel to share to. Slack waits three seconds for what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from adapters.slack.blocks import modals
from adapters.slack.listeners.buttons import known_sql, share_to
from adapters.slack.slack import Heard, Slack
from bot.feedback import Corrected, Rejected

PATIENCE = 2.0  # seconds; what takes longer is said in the window afterwards
_AGAIN = 1.5  # seconds until it is said once more
_TITLE = "Correct an answer"

T = TypeVar("T")


def register(app: AsyncApp, slack: Slack) -> None:
    """Listen to windows."""

    @app.view("correction")
    async def correction(ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        heard, data = _heard(body, view), modals.data_of(view)
        found = await slack.find(data.get("answer", ""), heard)
        if isinstance(found, Rejected):
            await ack(response_action="errors", errors={"sql": found.message})
            return
        sql, why = modals.value_of(view, "sql"), modals.value_of(view, "why")
        if why:
            noted = await slack.reception.note(slack.desk.vote, found, heard.asker, -1, why)
            if isinstance(noted, Rejected):
                await ack(response_action="errors", errors={"why": noted.message})
                return
        if not sql or sql == known_sql(slack, found).strip():
            await ack()
            if why:
                slack.reception.spawn(slack.whisper(heard, "Thank you, noted."))
            return
        running = slack.reception.work(slack.desk.correct, found, heard.asker, sql)

        async def thank(done: Corrected) -> None:
            await slack.whisper(heard, thanks(done))

        await settle(slack, ack, Sent(heard, str(view["id"]), _TITLE), running, thank, thanks)

    @app.view("share")
    async def share(ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        heard, channel = _heard(body, view), modals.value_of(view, "channel")
        found = await slack.find(modals.data_of(view).get("answer", ""), heard)
        if isinstance(found, Rejected):
            await ack(response_action="errors", errors={"channel": found.message})
            return
        await ack()
        if channel:
            slack.reception.spawn(share_to(slack, heard, found, channel))


@dataclass(frozen=True, slots=True)
class Sent:
    """A window that was sent: by whom, which, and what it is called. Its box for SQL is called "sql"."""

    heard: Heard
    view: str
    title: str


async def settle(
    slack: Slack, ack: AsyncAck, sent: Sent, work: Coroutine[Any, Any, T | Rejected],
    after: Callable[[T], Coroutine[Any, Any, None]], words: Callable[[T], str],
) -> None:
    """Do what a window was sent for, and `after` it. What is wrong with its SQL stands in the window.

    That comes at once, or after "Running it…" where the work takes longer than Slack waits; then `words` say there
    what it came to.
    """
    running = asyncio.ensure_future(work)
    try:
        done = await asyncio.wait_for(asyncio.shield(running), PATIENCE)
    except TimeoutError:
        await ack(response_action="update", view=modals.working(sent.title))
        slack.reception.spawn(_say_later(slack, sent, running, after, words))
        return
    if isinstance(done, Rejected):
        await ack(response_action="errors", errors={"sql": done.message})
        return
    await ack()
    slack.reception.spawn(after(done))


async def _say_later(
    slack: Slack, sent: Sent, running: asyncio.Future[T | Rejected],
    after: Callable[[T], Coroutine[Any, Any, None]], words: Callable[[T], str],
) -> None:
    done = await running
    said = done.message if isinstance(done, Rejected) else words(done)
    await _say(slack, sent, said)
    if not isinstance(done, Rejected):
        await after(done)
    # Slack may have heard that the work takes longer only after it was told what came of it: then that stands last.
    await asyncio.sleep(_AGAIN)
    await _say(slack, sent, said)


async def _say(slack: Slack, sent: Sent, said: str) -> None:
    client = await slack.client(sent.heard)
    with suppress(SlackApiError):  # nobody looks at a window that was closed
        await client.views_update(view_id=sent.view, view=modals.said(sent.title, said))


def thanks(done: Corrected) -> str:
    """What a correction came to."""
    rows = len(done.result.rows)
    return f"Thank you: noted for the next training. Your SQL gives {rows:,} row{'' if rows == 1 else 's'}."


def _heard(body: Mapping[str, Any], view: Mapping[str, Any]) -> Heard:
    data = modals.data_of(view)
    return Heard(
        str((body.get("team") or {}).get("id") or ""), str((body.get("enterprise") or {}).get("id") or ""),
        str(body["user"]["id"]), data.get("channel", ""), data.get("thread", ""),
    )


