"""`/ask`, and `/mynah` with what it can be followed by."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from adapters.slack.blocks import pages
from adapters.slack.blocks.texts import Block, fallback, question_of, section
from adapters.slack.listeners.buttons import known_sql
from adapters.slack.listeners.reactions import answer_at
from adapters.slack.slack import Heard, Slack, heard_command, heard_press
from adapters.slack.state import examples_of, pairs_for, state_of
from bot.feedback import Rejected

ASK, MYNAH = "/ask", "/mynah"
_LINK = re.compile(r"/archives/(?P<channel>[CDG][A-Z0-9]+)/p(?P<seconds>\d{10})(?P<rest>\d{6})\b")
_USE = "Write a question after /ask, for example: /ask how many orders last month?"
_WHY = "Write the link to one of my answers after /mynah why: “Copy link” in the menu of its message."

Say = Callable[[str, list[Block]], Awaitable[None]]


def register(app: AsyncApp, slack: Slack) -> None:
    """Listen to commands."""

    @app.command(ASK)
    async def ask(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        question = question_of(str(body.get("text") or ""), "")
        if not question:
            await ack(response_type="ephemeral", text=_USE)
            return
        await ack()
        await slack.ask(heard_command(body), f"command:{body['trigger_id']}", question, say=True)

    @app.command(MYNAH)
    async def mynah(ack: AsyncAck, body: Mapping[str, Any], respond: AsyncRespond) -> None:
        await ack()
        word, _, rest = str(body.get("text") or "").strip().partition(" ")

        async def say(text: str, blocks: list[Block]) -> None:
            await respond(text=fallback(text), blocks=blocks, response_type="ephemeral")

        made = _WORDS.get(word.lower() or "help", _help)
        slack.reception.spawn(made(slack, heard_command(body), rest.strip(), say))

    @app.action(re.compile(r"example_\d"))
    async def example(ack: AsyncAck, body: Mapping[str, Any]) -> None:
        await ack()
        await ask_example(slack, heard_press(body), body)


async def ask_example(slack: Slack, heard: Heard, body: Mapping[str, Any]) -> None:
    """Ask an example's question: where it was pressed, or from the home page in the conversation with the bot."""
    question, event = str(body["actions"][0]["value"]), f"example:{body['trigger_id']}"
    if not heard.channel:
        client = await slack.client(heard)
        opened = await client.conversations_open(users=heard.user)
        heard = Heard(heard.team, heard.enterprise, heard.user, str(opened["channel"]["id"]))
    there = Heard(heard.team, heard.enterprise, heard.user, heard.channel)
    await slack.ask(there, event, question, say=True)


async def _help(slack: Slack, heard: Heard, rest: str, say: Say) -> None:
    await say("Ask me in plain words.", pages.help_blocks())


async def _examples(slack: Slack, heard: Heard, rest: str, say: Say) -> None:
    examples = await slack.reception.note(examples_of, slack.desk, heard.asker)
    await say("Questions to begin with", pages.example_blocks(examples))


async def _status(slack: Slack, heard: Heard, rest: str, say: Say) -> None:
    state = await slack.reception.note(state_of, slack.desk, heard.asker)
    await say(state.trouble or f"I answer questions about {state.database}.", pages.status_blocks(state))


async def _review(slack: Slack, heard: Heard, rest: str, say: Say) -> None:
    waiting = await slack.reception.note(pairs_for, slack.desk, heard.asker)
    if isinstance(waiting, Rejected):
        await say(waiting.message, [section(waiting.message)])
    else:
        await say("Pairs to review", pages.review_blocks(waiting))


async def _why(slack: Slack, heard: Heard, rest: str, say: Say) -> None:
    found = _LINK.search(rest)
    if found is None:
        await say(_WHY, [section(_WHY)])
        return
    client = await slack.client(heard)
    answer_id, _ = await answer_at(client, found["channel"], f"{found['seconds']}.{found['rest']}")
    answer = await slack.find(answer_id, heard) if answer_id else Rejected("no-answer", _WHY)
    if isinstance(answer, Rejected):
        await say(answer.message, [section(answer.message)])
        return
    await say("How that answer came about", pages.why_blocks(answer.answer, known_sql(slack, answer)))


_WORDS: dict[str, Callable[[Slack, Heard, str, Say], Awaitable[None]]] = {
    "help": _help, "examples": _examples, "status": _status, "review": _review, "why": _why,
}  # fmt: skip
