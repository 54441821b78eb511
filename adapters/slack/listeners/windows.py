"""Windows that are sent back: a correction, a channel to share to. Slack waits three seconds for what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.chat_desk import Found
from adapters.slack.blocks import modals
from adapters.slack.listeners.buttons import known_sql, share_to
from adapters.slack.slack import Heard, Slack
from bot.feedback import Corrected, Rejected

PATIENCE = 2.0  # seconds; what takes longer is said in the window afterwards
_TITLE = "Correct an answer"


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
        await _correct(slack, ack, heard, found, sql, str(view["id"]))

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


async def _correct(slack: Slack, ack: AsyncAck, heard: Heard, found: Found, sql: str, view_id: str) -> None:
    """Check and run. Errors stand in the window: at once, or after "Running it…" where it takes longer."""
    running = asyncio.ensure_future(slack.reception.work(slack.desk.correct, found, heard.asker, sql))
    try:
        done = await asyncio.wait_for(asyncio.shield(running), PATIENCE)
    except TimeoutError:
        await ack(response_action="update", view=modals.working(_TITLE))
        slack.reception.spawn(_say_later(slack, heard, running, view_id))
        return
    if isinstance(done, Rejected):
        await ack(response_action="errors", errors={"sql": done.message})
        return
    await ack()
    slack.reception.spawn(slack.whisper(heard, thanks(done)))


async def _say_later(
    slack: Slack, heard: Heard, running: asyncio.Future[Corrected | Rejected], view_id: str
) -> None:
    done = await running
    client = await slack.client(heard)
    said = done.message if isinstance(done, Rejected) else thanks(done)
    await client.views_update(view_id=view_id, view=modals.said(_TITLE, said))


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


