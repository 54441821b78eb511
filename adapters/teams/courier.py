"""How an answer gets to Teams: in a channel or group chat a message that is changed, in a personal chat a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.desk import Asked
from adapters.reception import Reception
from adapters.teams.cards.answer import View, answer_card
from adapters.teams.cards.notices import working_card
from adapters.teams.events import DOOR
from adapters.teams.look import Look
from adapters.teams.messages import Address, Message, answer_message, finished, streaming, typing
from adapters.teams.sdk import Wire
from bot.accepted import Held
from bot.access import Asker
from bot.answer import Answer, Stage

STAGES: dict[Stage, str] = {
    "reading": "Reading the question …", "writing": "Writing SQL …", "running": "Running it …",
}  # fmt: skip


class TeamsCourier:
    """`reply` of a question holds the address, the asker's groups, and the id of the message that will be changed."""

    def __init__(self, wire: Wire, look: Look) -> None:
        self._wire = wire
        self._look = look
        self._streams: dict[int, tuple[str, int]] = {}  # by question: the stream's id and how many steps it had
        self.reception: Reception  # given by who makes both

    async def begin(self, held: Held) -> Mapping[str, Any]:
        """Show that work goes on; after a restart the message is there already."""
        address = Address.kept(held.reply)
        if not held.incoming.channel:
            await self._wire.send(address, typing())
            return held.reply
        if held.reply.get("message"):
            return held.reply
        waiting = Message(card=working_card(STAGES["reading"], held.id), summary=STAGES["reading"])
        return {**held.reply, "message": await self._wire.send(address, waiting)}

    async def stage(self, held: Held, stage: Stage) -> None:
        """Called when a question takes long, once a second at the most, which is as often as Teams lets a stream go."""
        address = Address.kept(held.reply)
        if held.incoming.channel:
            waiting = Message(card=working_card(STAGES[stage], held.id), summary=STAGES[stage])
            await self._wire.update(address, str(held.reply["message"]), waiting)
            return
        stream, steps = self._streams.get(held.id, ("", 0))
        sent = await self._wire.send(address, streaming(STAGES[stage], steps + 1, stream))
        self._streams[held.id] = (stream or sent, steps + 1)

    async def answered(self, held: Held, asked: Asked) -> None:
        """Put the answer in its place."""
        asker = await self.asker(held)
        message = await self.reception.work(self._look.message, asked.answer, asker, not_kept=asked.not_kept)
        await self._settle(held, message)

    async def failed(self, held: Held, message: str) -> None:
        """Say that there will be no answer."""
        answer = Answer("", held.incoming.question, "failed", message, code="unforeseen")
        await self._settle(held, answer_message(answer_card(View(answer)), message))

    async def cancelled(self, held: Held) -> None:
        """Say so where the answer would have been."""
        await self._settle(held, Message(text="Cancelled."))

    async def asker(self, held: Held) -> Asker:
        """Who asked, with the teams that they asked in."""
        return Asker(held.incoming.user, frozenset(held.reply.get("groups", ())), held.incoming.channel, DOOR)

    async def _settle(self, held: Held, message: Message) -> None:
        address = Address.kept(held.reply)
        stream, _ = self._streams.pop(held.id, ("", 0))
        if held.reply.get("message"):
            await self._wire.update(address, str(held.reply["message"]), message)
            return
        sent = await self._wire.send(address, finished(message, stream) if stream else message)
        if sent or stream:
            # So that a reaction to the message finds its answer.
            reply = {**held.reply, "message": sent or stream}
            await self.reception.note(self.reception.desk.accepted().note, held, reply)
