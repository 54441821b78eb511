"""How answers get to Slack: a message that says what is going on, edited into the answer, and files in its thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from slack_sdk.errors import SlackApiError

from adapters.chat_desk import ChatDesk
from adapters.desk import Asked
from adapters.slack.blocks.answers import Look, Message, answer_message, failed, waiting
from adapters.slack.posting import Place, files_of, post, upload
from adapters.slack.workspaces import LOOKS, NotInstalled, Workspaces
from bot.accepted import Held
from bot.access import Asker
from bot.answer import Answer, Stage
from bot.shown import Shown, show

DOOR = "slack"
# What keeps a message from being posted however often it is tried.
GONE = frozenset({"channel_not_found", "not_in_channel", "is_archived", "message_not_found", "cant_update_message",
                   "account_inactive", "token_revoked", "invalid_auth"})  # fmt: skip

log = logging.getLogger("mynah.slack")


class SlackCourier:
    """Belongs to one event loop."""

    def __init__(self, desk: ChatDesk, workspaces: Workspaces) -> None:
        self._desk = desk
        self._workspaces = workspaces
        self._drawing = asyncio.Semaphore(1)  # pictures take long, and share the processor with what people wait for

    async def begin(self, held: Held) -> Mapping[str, Any]:
        """Post the message that will become the answer; one that a replica posted before is gone on with."""
        reply = held.reply
        if reply.get("message"):
            return reply
        stamp = await self._post(held, lambda _: waiting("reading", held.id, *_said(held)))
        return {**reply, "message": stamp, "thread": reply.get("thread") or stamp}

    async def stage(self, held: Held, stage: Stage) -> None:
        """Say what is being done."""
        await self._post(held, lambda _: waiting(stage, held.id, *_said(held)))

    async def answered(self, held: Held, asked: Asked) -> None:
        """Edit the message into the answer, and put files beside it."""
        shown = await asyncio.to_thread(self.shown, asked.answer, await self.asker(held))
        await self._post(held, lambda look: answer_message(asked, shown, look, *_said(held)))
        await self.add_files(place_of(held), shown, asked.answer.question)

    async def failed(self, held: Held, message: str) -> None:
        """Edit the message into one that says what went wrong."""
        await self._post(held, lambda _: failed(message, *_said(held)))

    async def asker(self, held: Held) -> Asker:
        """Who asked, and where."""
        return Asker(held.incoming.user, channel=held.incoming.channel, door=DOOR)

    def shown(self, answer: Answer, asker: Asker, database: str | None = None) -> Shown | None:
        """What there is to show of an answer."""
        place = self._desk.place(asker) if database is None else self._desk.desk.at(database)
        if place.bot is None:
            return None
        return show(answer, place.bot.schema, place.bot.glossary, self._desk.desk.settings.today or date.today())

    async def add_files(self, place: Place, shown: Shown | None, question: str) -> None:
        """Upload what comes as files into the answer's thread. The answer stands there already, and stays."""
        look = LOOKS[self._workspaces.level(place.team)]
        try:
            async with self._drawing:
                files = await asyncio.to_thread(files_of, shown, question, look)
            if files:
                client = await self._workspaces.client(place.team, place.enterprise)
                await upload(client, place.channel, place.thread or place.message, files, question)
        except Exception:
            log.exception("files could not be put beside an answer")

    async def _post(self, held: Held, build: Callable[[Look], Message]) -> str:
        try:
            return await post(self._workspaces, place_of(held), build)
        except NotInstalled:
            log.warning("an answer could not be posted: Mynah was taken out of that workspace")
        except SlackApiError as error:
            if error.response.get("error") not in GONE:
                raise
            log.warning("an answer could not be posted: %s", error.response.get("error"))
        return str(held.reply.get("message", ""))


def place_of(held: Held) -> Place:
    """Where a question's answer goes."""
    reply = held.reply
    return Place(
        str(reply.get("team", "")), str(reply.get("enterprise", "")), held.incoming.channel,
        str(reply.get("thread", "")), str(reply.get("message", "")),
    )


def _said(held: Held) -> tuple[str, str]:
    """The question and who asked it, where it does not stand above its answer."""
    return (held.incoming.question, held.incoming.user) if held.reply.get("say") else ("", "")
