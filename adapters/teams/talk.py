"""What the bot does about what people write: questions are taken on, a few words are commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from adapters.reception import Reception
from adapters.teams.cards.notices import examples_card, help_card, lines_card
from adapters.teams.cards.review import review_card
from adapters.teams.courier import TeamsCourier
from adapters.teams.events import DOOR, Event
from adapters.teams.look import Look
from adapters.teams.messages import Message
from adapters.teams.sdk import Wire
from bot.accepted import Incoming, TurnedAway
from bot.answered import running_in
from bot.feedback import Rejected
from bot.store import StoreError

_EMPTY = "Write your question behind my name, for example: {example}"
_NOTHING_RUNS = "Nothing of yours runs here."
_ALONE = "Ask me that in a chat of our own: what people said of answers is not for everybody here."


class Talk:
    """Answers messages. Short: whoever sent the event waits for it."""

    def __init__(self, wire: Wire, look: Look, courier: TeamsCourier, reception: Reception) -> None:
        self._wire = wire
        self._look = look
        self._courier = courier
        self._reception = reception
        self._commands: dict[str, Callable[[Event], Awaitable[None]]] = {
            "help": self.welcome, "examples": self._examples, "status": self._status, "cancel": self._cancel,
            "review": self._review,
        }  # fmt: skip

    async def said(self, event: Event) -> None:
        """Somebody wrote to the bot. Raises StoreError where a question cannot be taken on."""
        command = self._commands.get(event.text.strip(" /.?!").lower())
        if command is not None:
            self._reception.spawn(command(event))
        elif not event.text:
            example = next(iter(self._look.examples(event.asker)), "how many orders?")
            self._tell(event, Message(text=_EMPTY.format(example=example)))
        else:
            turned_away = await self.ask(event, event.text)
            if turned_away is not None and turned_away.code != "repeated":
                self._tell(event, Message(text=turned_away.message))

    async def ask(self, event: Event, question: str) -> TurnedAway | None:
        """Take a question on; what keeps it from that. Raises StoreError."""
        reply = {**event.address.as_kept(), "groups": sorted(event.groups)}
        asked = Incoming(
            DOOR, f"{event.conversation}|{event.id}", question, event.user, event.channel, event.thread, reply
        )
        taken = await self._reception.accept(asked)
        return taken if isinstance(taken, TurnedAway) else None

    async def cancel(self, event: Event, number: int) -> str:
        """End the wait for a question; a sentence on what came of it. Raises StoreError."""
        held = await self._reception.cancel(number, event.user)
        if held is None:
            return _NOTHING_RUNS
        self._reception.spawn(self._courier.cancelled(held))
        return "Cancelled."

    async def welcome(self, event: Event) -> None:
        """Say what the bot is for."""
        asker = event.asker
        card = await self._reception.work(
            lambda: help_card(self._look.database(asker), self._look.examples(asker), event.scope == "personal")
        )
        await self._wire.tell(event.address, Message(card=card, summary="What I can do"))

    async def _examples(self, event: Event) -> None:
        card = examples_card(self._look.examples(event.asker))
        await self._wire.tell(event.address, Message(card=card, summary="Questions to begin with"))

    async def _status(self, event: Event) -> None:
        place = self._reception.desk.place(event.asker)
        lines = [f"Database: {self._look.database(event.asker)}"]
        if place.bot is None:
            lines.append(place.trouble or "I am still waking up.")
        else:
            lines.append(f"Student: {place.bot.student.version}")
            lines.append(f"Tables: {len(place.bot.schema.tables):,}")
        title = "Ready" if place.bot is not None else "Not ready"
        await self._wire.tell(event.address, Message(card=lines_card(title, lines), summary=title))

    async def _cancel(self, event: Event) -> None:
        try:
            memory = self._reception.desk.desk.memory
            number = await self._reception.note(lambda: running_in(memory(), DOOR, event.channel, event.thread))
            text = await self.cancel(event, number) if number is not None else _NOTHING_RUNS
        except StoreError as error:
            text = error.message
        if text == _NOTHING_RUNS:
            await self._wire.tell(event.address, Message(text=text))

    async def _review(self, event: Event) -> None:
        """What waits, for those who may review; in a channel others would read along."""
        queue = self._reception.desk.desk.review()
        waiting = queue if isinstance(queue, Rejected) else await self._reception.note(queue.queue, event.asker)
        if isinstance(waiting, Rejected):
            message = Message(text=waiting.message)
        elif event.scope != "personal":
            message = Message(text=_ALONE)
        else:
            message = Message(card=review_card(waiting), summary="Pairs that wait for a reviewer")
        await self._wire.tell(event.address, message)

    def _tell(self, event: Event, message: Message) -> None:
        self._reception.spawn(self._wire.tell(event.address, message))
