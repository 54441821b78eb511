"""What the listeners of the Slack door share: the desk, the workspaces, and how a question is taken on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat_desk import ChatDesk, Found
from adapters.reception import Reception
from adapters.slack.blocks.answers import Message
from adapters.slack.blocks.pages import help_blocks
from adapters.slack.blocks.texts import button, fallback, section
from adapters.slack.courier import DOOR, SlackCourier
from adapters.slack.posting import Place, whisper
from adapters.slack.workspaces import Workspaces
from bot.accepted import Incoming, TurnedAway
from bot.access import Asker
from bot.feedback import Rejected
from bot.small_talk import wants_help
from bot.store import StoreError

LONGEST = 20_000  # characters of a question that are read at all
HELLO = "Hello! Ask me about your data."

log = logging.getLogger("mynah.slack")


@dataclass(frozen=True, slots=True)
class Heard:
    """Who did something, and where. `message` is the one whose button was pressed, empty where there is none."""

    team: str
    enterprise: str
    user: str
    channel: str
    thread: str = ""
    message: str = ""

    @property
    def asker(self) -> Asker:
        """The same as the desk knows people."""
        return Asker(self.user, channel=self.channel, door=DOOR)

    @property
    def place(self) -> Place:
        """The message that was pressed, or a new one in its thread."""
        return Place(self.team, self.enterprise, self.channel, self.thread, self.message)


@dataclass(frozen=True, slots=True)
class Slack:
    """One for each open door."""

    desk: ChatDesk
    reception: Reception
    courier: SlackCourier
    workspaces: Workspaces

    async def ask(self, heard: Heard, event: str, question: str, say: bool = False) -> None:
        """Take a question on. `event` is the same when Slack sends it again; `say` shows the question above its answer.

        A new thread without a message of its own begins with the answer. Who only says hello is told what can be asked.
        """
        if wants_help(question):
            self.reception.spawn(self.whisper(heard, HELLO, *help_blocks()))
            return
        reply = {"team": heard.team, "enterprise": heard.enterprise, "thread": heard.thread, "say": say}
        key = f"{heard.team}:{event}"
        # Where no message stands for the question, others may be asked in the same channel meanwhile.
        conversation = heard.thread or key
        asked = Incoming(DOOR, key, question[:LONGEST], heard.user, heard.channel, conversation, reply)
        try:
            taken = await self.reception.accept(asked)
        except StoreError as error:
            log.warning("a question could not be taken on: %s", error.message)
            self.reception.spawn(self.whisper(heard, error.message))
            return
        if isinstance(taken, TurnedAway) and taken.message:
            self.reception.spawn(self._turn_away(heard, taken))

    async def _turn_away(self, heard: Heard, why: TurnedAway) -> None:
        blocks = [section(why.message)]
        if why.running is not None:
            blocks.append({"type": "actions", "elements": [button("Cancel it", "cancel", str(why.running))]})
        client = await self.workspaces.client(heard.team, heard.enterprise)
        await whisper(client, heard.channel, heard.user, Message(fallback(why.message), blocks), heard.thread)

    async def whisper(self, heard: Heard, text: str, *more: dict[str, Any]) -> None:
        """Say something that only this person sees."""
        client = await self.workspaces.client(heard.team, heard.enterprise)
        message = Message(fallback(text), [section(text), *more])
        await whisper(client, heard.channel, heard.user, message, heard.thread)

    async def find(self, answer_id: str, heard: Heard) -> Found | Rejected:
        """An answer, for the one who wants to do something with it."""
        return await self.reception.note(self.desk.find, answer_id, heard.asker)

    async def client(self, heard: Heard) -> AsyncWebClient:
        """The client of a workspace. Raises NotInstalled."""
        return await self.workspaces.client(heard.team, heard.enterprise)


def heard_event(body: Mapping[str, Any], event: Mapping[str, Any]) -> Heard:
    """Who did what an event tells of."""
    return Heard(
        str(body.get("team_id") or event.get("team") or ""), str(body.get("enterprise_id") or ""),
        str(event.get("user") or ""), str(event.get("channel") or ""), str(event.get("thread_ts") or ""),
    )


def heard_press(body: Mapping[str, Any]) -> Heard:
    """Who pressed a button, sent a window, or used a shortcut."""
    container, message = body.get("container") or {}, body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or ""
    stamp = str(message.get("ts") or container.get("message_ts") or "")
    return Heard(
        str((body.get("team") or {}).get("id") or ""), str((body.get("enterprise") or {}).get("id") or ""),
        str(body["user"]["id"]), str(channel), str(message.get("thread_ts") or stamp),
        "" if container.get("is_ephemeral") else stamp,
    )


def heard_command(body: Mapping[str, Any]) -> Heard:
    """Who typed a command."""
    return Heard(
        str(body.get("team_id") or ""), str(body.get("enterprise_id") or ""), str(body["user_id"]),
        str(body["channel_id"]),
    )
