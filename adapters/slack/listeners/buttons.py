"""What the buttons under an answer do. The rights of whoever presses one are looked at again each time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from adapters.chat_desk import Found
from adapters.desk import Asked
from adapters.slack.blocks import modals
from adapters.slack.blocks.answers import answer_message, cancelled, says_question, shared_message
from adapters.slack.blocks.texts import button
from adapters.slack.courier import GONE, place_of
from adapters.slack.posting import Place, post
from adapters.slack.slack import Heard, Slack, heard_press
from bot.answer import Answer
from bot.feedback import Rejected, Tally
from bot.shown import pretty
from bot.store import StoreError

CANCEL_OTHERS = "Only the one who asked can cancel that, and only while it runs."
CLOSED = "I cannot write in that channel. Invite me there first (/invite), then share again."
NOT_YET = "Press that again under an answer."

Press = Callable[[Slack, "Pressed"], Awaitable[None]]


class Pressed:
    """One press: who, under which answer, and what else came with it.

    `said` is the question and who asked it, where the message says both because they stand nowhere else.
    """

    def __init__(self, heard: Heard, body: Mapping[str, Any], found: Found) -> None:
        self.heard = heard
        self.found = found
        self.trigger = str(body.get("trigger_id") or "")
        self.action = str(body["actions"][0]["action_id"])
        blocks = (body.get("message") or {}).get("blocks") or ()
        self.said = (found.answer.question, found.user) if says_question(blocks) else ("", "")


def register(app: AsyncApp, slack: Slack) -> None:
    """Listen to the buttons."""
    for action, press in _PRESSES.items():
        _listen(app, slack, action, press)

    @app.action("cancel")
    async def cancel(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        await ack()
        slack.reception.spawn(_cancel(slack, body))


def _listen(app: AsyncApp, slack: Slack, action: str, press: Press) -> None:
    @app.action(re.compile(action))
    async def pressed(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        await ack()
        slack.reception.spawn(_press(slack, body, press))


async def _press(slack: Slack, body: Mapping[str, Any], press: Press) -> None:
    heard = heard_press(body)
    found = await slack.find(str(body["actions"][0].get("value") or ""), heard)
    if isinstance(found, Rejected):
        await slack.whisper(heard, found.message)
        return
    await press(slack, Pressed(heard, body, found))


async def _vote(slack: Slack, pressed: Pressed) -> None:
    heard, found = pressed.heard, pressed.found
    wanted = {"vote_up": 1, "vote_down": -1}.get(pressed.action, 0)
    if wanted < 0:
        with suppress(SlackApiError):  # too late for a window: the vote counts all the same
            await _open_correction(slack, pressed, voted=True)
    tally = await slack.reception.note(slack.desk.vote, found, heard.asker, wanted)
    if not isinstance(tally, Tally):
        await slack.whisper(heard, tally.message)
    elif wanted:
        undo = {"type": "actions", "elements": [button("Take it back", "vote_none", found.answer.id)]}
        await slack.whisper(heard, "Thank you, noted.", undo)
    else:
        await slack.whisper(heard, "Taken back.")


async def _correct(slack: Slack, pressed: Pressed) -> None:
    await _open_correction(slack, pressed, voted=False)


async def _open_correction(slack: Slack, pressed: Pressed, voted: bool) -> None:
    heard, answer = pressed.heard, pressed.found.answer
    client = await slack.client(heard)
    sql = known_sql(slack, pressed.found)
    view = modals.correction(answer.id, heard.channel, heard.thread, answer.question, sql, voted)
    await client.views_open(trigger_id=pressed.trigger, view=view)


def known_sql(slack: Slack, found: Found) -> str:
    """The answer's SQL over several lines, as the window for corrections shows it."""
    bot = slack.desk.desk.at(found.database).bot
    return pretty(found.answer.sql, bot.database.dialect) if found.answer.sql and bot else ""


async def _show_all(slack: Slack, pressed: Pressed) -> None:
    client = await slack.client(pressed.heard)
    opened = await client.views_open(trigger_id=pressed.trigger, view=modals.working("All rows"))
    again = await slack.reception.work(slack.desk.run_again, pressed.found, pressed.heard.asker)
    view = modals.said("All rows", again.message) if isinstance(again, Rejected) else None
    if isinstance(again, Answer):
        shown = await asyncio.to_thread(slack.courier.shown, again, pressed.heard.asker, pressed.found.database)
        view = await asyncio.to_thread(modals.all_rows, shown) if shown else None
    await client.views_update(view_id=opened["view"]["id"], view=view or modals.said("All rows", NOT_YET))


async def _run_again(slack: Slack, pressed: Pressed) -> None:
    """In place for the one who asked; for another, an answer of their own below it."""
    heard, found = pressed.heard, pressed.found
    if found.user != heard.user or not heard.message:
        await _put(slack, pressed, heard.channel, heard.thread)
        return
    again = await slack.reception.work(slack.desk.run_again, found, heard.asker)
    if isinstance(again, Rejected):
        await slack.whisper(heard, again.message)
        return
    shown = await asyncio.to_thread(slack.courier.shown, again, heard.asker, found.database)
    await post(slack.workspaces, heard.place, lambda look: answer_message(Asked(again), shown, look, *pressed.said))


async def _share(slack: Slack, pressed: Pressed) -> None:
    """From a thread to its channel; from a conversation with the bot alone, to a channel that is chosen."""
    heard = pressed.heard
    if heard.channel.startswith("D") or heard.thread in ("", heard.message):
        client = await slack.client(heard)
        view = modals.share(pressed.found.answer.id, heard.channel, heard.thread)
        await client.views_open(trigger_id=pressed.trigger, view=view)
        return
    await _put(slack, pressed, heard.channel, "")


async def _put(slack: Slack, pressed: Pressed, channel: str, thread: str) -> None:
    await share_to(slack, pressed.heard, pressed.found, channel, thread)


async def share_to(slack: Slack, heard: Heard, found: Found, channel: str, thread: str = "") -> str:
    """Post an answer under what the one who shares it may see there; what kept it from that, empty for nothing."""
    shared = await slack.reception.work(slack.desk.share, found, heard.asker, channel, thread)
    if isinstance(shared, Rejected):
        await slack.whisper(heard, shared.message)
        return shared.message
    shown = await asyncio.to_thread(slack.courier.shown, shared.answer, heard.asker, found.database)
    place = Place(heard.team, heard.enterprise, channel, thread)
    try:
        await post(slack.workspaces, place, lambda look: shared_message(shared, shown, look, heard.user))
    except SlackApiError as error:
        if error.response.get("error") not in GONE:
            raise
        await slack.whisper(heard, CLOSED)
        return CLOSED
    return ""


async def _pick(slack: Slack, pressed: Pressed) -> None:
    heard, number = pressed.heard, int(pressed.action.removeprefix("pick_"))
    picked = await slack.reception.work(slack.desk.pick, pressed.found, number, heard.asker)
    if isinstance(picked, Rejected):
        await slack.whisper(heard, picked.message)
        return
    shown = await asyncio.to_thread(slack.courier.shown, picked.answer, heard.asker, pressed.found.database)
    own = pressed.found.user == heard.user
    place = heard.place if own else Place(heard.team, heard.enterprise, heard.channel, heard.thread)
    said = pressed.said if own else ("", "")
    await post(slack.workspaces, place, lambda look: answer_message(picked, shown, look, *said))
    await slack.courier.add_files(place, shown, picked.answer.question)
    await slack.whisper(heard, "Thank you, I have noted that this is what you meant.")


async def _ask_again(slack: Slack, pressed: Pressed) -> None:
    await slack.ask(pressed.heard, f"again:{pressed.trigger}", pressed.found.answer.question)


async def _cancel(slack: Slack, body: Mapping[str, Any]) -> None:
    heard, number = heard_press(body), str(body["actions"][0].get("value") or "")
    try:
        ended = await slack.reception.cancel(int(number), heard.user) if number.isdecimal() else None
    except StoreError as error:
        await slack.whisper(heard, error.message)
        return
    if ended is None:
        await slack.whisper(heard, CANCEL_OTHERS)
        return
    said = (ended.incoming.question, ended.incoming.user) if ended.reply.get("say") else ("", "")
    await post(slack.workspaces, place_of(ended), lambda _: cancelled(*said))


_PRESSES: dict[str, Press] = {
    r"vote_(up|down|none)": _vote, r"correct": _correct, r"show_all": _show_all, r"run_again": _run_again,
    r"share": _share, r"pick_\d": _pick, r"ask_again": _ask_again,
}  # fmt: skip
