"""The app's home page, drawn when somebody opens it, and the queue of pairs that reviewers decide over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.blocks import modals, pages
from adapters.slack.listeners.windows import Sent, settle
from adapters.slack.slack import Heard, Slack, heard_event, heard_press
from adapters.slack.state import examples_of, pairs_for, state_of
from bot.feedback import Rejected
from bot.review import Decision, Review, Waiting

_DONE = {"admitted": "Approved: it may train.", "rejected": "Rejected: it will not train."}


def register(app: AsyncApp, slack: Slack) -> None:
    """Listen to the home page and to reviewers' buttons."""

    @app.event("app_home_opened")
    async def opened(body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        if event.get("tab", "home") == "home":
            slack.reception.spawn(publish(slack, heard_event(body, event)))

    @app.action(re.compile(r"pair_(approve|reject)"))
    async def decided(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        await ack()
        slack.reception.spawn(_decide(slack, body))

    @app.action("pair_edit")
    async def edit(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        await ack()
        slack.reception.spawn(_open(slack, body))

    @app.view("pair_edit")
    async def edited(ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        heard, pair = heard_press(body), int(modals.data_of(view)["pair"])
        sql = modals.value_of(view, "sql")

        def change(queue: Review) -> Decision | Rejected:
            return queue.edit(pair, heard.asker, sql)

        async def show(_: Decision) -> None:
            await publish(slack, heard)

        running = slack.reception.work(_with_queue, slack, change)
        await settle(slack, ack, Sent(heard, str(view["id"]), "Edit a pair"), running, show, _told)


async def publish(slack: Slack, heard: Heard) -> None:
    """Draw one person's home page."""
    desk, note = slack.desk, slack.reception.note
    asker = Heard(heard.team, heard.enterprise, heard.user, "").asker
    state = await note(state_of, desk, asker)
    examples = await note(examples_of, desk, asker)
    recent = await note(desk.desk.history, heard.user, asker.door, 5)
    waiting = await note(pairs_for, desk, asker)
    place = desk.place(asker)
    schema = place.bot.access.rights(asker, place.bot.schema).spoken.schema if place.bot else None
    view = pages.home(state, schema, examples, recent, None if isinstance(waiting, Rejected) else waiting)
    client = await slack.client(heard)
    await client.views_publish(user_id=heard.user, view=view)


async def _decide(slack: Slack, body: Mapping[str, Any]) -> None:
    heard, action = heard_press(body), body["actions"][0]
    pair = int(action["value"])

    def decide(queue: Review) -> Decision | Rejected:
        approve = action["action_id"] == "pair_approve"
        return queue.approve(pair, heard.asker) if approve else queue.reject(pair, heard.asker)

    done = await slack.reception.work(_with_queue, slack, decide)
    message = done.message if isinstance(done, Rejected) else _told(done)
    if heard.channel:
        await slack.whisper(heard, message)
    elif isinstance(done, Rejected):
        client = await slack.client(heard)
        await client.views_open(trigger_id=body["trigger_id"], view=modals.said("Review", message))
    await publish(slack, heard)


def _told(done: Decision) -> str:
    return _DONE.get(done.status, done.reason)


async def _open(slack: Slack, body: Mapping[str, Any]) -> None:
    heard, pair = heard_press(body), int(body["actions"][0]["value"])

    def item(queue: Review) -> Waiting | Rejected:
        return queue.item(pair, heard.asker)

    found = await slack.reception.note(_with_queue, slack, item)
    view = (
        modals.said("Review", found.message) if isinstance(found, Rejected)
        else modals.pair_edit(found.id, found.question, found.sql, found.why)
    )  # fmt: skip
    client = await slack.client(heard)
    await client.views_open(trigger_id=body["trigger_id"], view=view)


def _with_queue(slack: Slack, work: Any) -> Any:
    queue = slack.desk.desk.review()
    return queue if isinstance(queue, Rejected) else work(queue)
