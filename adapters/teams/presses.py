"""What people press: buttons of a card, Teams' own thumbs, the consent to a file. Each answered at once, in its shape.

Whoever presses sees what they may see: a query runs again under their own rights. A card that comes back as the
response is shown to them alone; where the one who asked changed the answer itself, it is changed for all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from adapters.chat_desk import Found
from adapters.reception import Reception
from adapters.teams.cards.review import review_card
from adapters.teams.events import DOOR, Event
from adapters.teams.files import Files
from adapters.teams.look import Look
from adapters.teams.messages import Message, answer_message
from adapters.teams.sdk import Unreachable, Wire
from adapters.teams.talk import Talk
from bot.answer import Answer
from bot.answered import answer_in
from bot.feedback import MAX_COMMENT, UNKNOWN, Rejected
from bot.store import StoreError

Body = dict[str, Any]
CARD, TEXT = "application/vnd.microsoft.card.adaptive", "application/vnd.microsoft.activity.message"
_FAULT = "application/vnd.microsoft.error"
_THANKS, _TAKEN_BACK = "Thank you, noted.", "Taken back."
_CORRECTED = "Thank you: noted for the next training. Your SQL gives this:"
_MEANT = "{words}. Thank you, I have noted that this is what you meant."
_VOTES = {"like": 1, "dislike": -1}
log = logging.getLogger("mynah.teams")


class Presses:
    """`pressed` gives the body of the response, whose HTTP status is 200 in any case."""

    def __init__(self, wire: Wire, look: Look, talk: Talk, files: Files, reception: Reception) -> None:
        self._wire, self._look, self._talk, self._files = wire, look, talk, files
        self._reception = reception
        self._desk = reception.desk
        self._verbs: dict[str, Callable[[Event, Mapping[str, Any]], Awaitable[Body]]] = {
            "ask": self._ask, "cancel": self._cancel, "vote": self._vote, "correct": self._correct,
            "uncorrect": self._uncorrect, "all": self._all, "again": self._again, "pick": self._pick,
            "file": self._file, "review": self._review,
        }  # fmt: skip

    async def pressed(self, event: Event) -> Body | None:
        """What to answer an invoke with; None for one that the bot does not know."""
        if event.name == "adaptiveCard/action":
            action = _part(_part(event.value).get("action"))
            verb, data = self._verbs.get(str(action.get("verb"))), _part(action.get("data"))
            if verb is None:
                return _fault("That button is not mine.")
            try:
                return await verb(event, data)
            except StoreError as error:
                return _text(error.message)
        if event.name == "message/submitAction":
            await self._thumb(event)
            return {}
        if event.name == "fileConsent/invoke":
            self._reception.spawn(self._files.consented(event))
            return {}
        return None

    async def reacted(self, event: Event) -> None:
        """Thumbs under a message: like and dislike are votes, and taking them off takes the vote back."""
        for kind in event.unliked:
            if kind in _VOTES:
                await self._vote_on_message(event, _VOTES[kind], gone=True)
        for kind in event.liked:
            if kind in _VOTES:
                await self._vote_on_message(event, _VOTES[kind])

    async def _thumb(self, event: Event) -> None:
        """Teams' own thumbs below an answer. What is written with them comes as JSON, or as a plain text."""
        value = _part(_part(event.value).get("actionValue"))
        vote = _VOTES.get(str(value.get("reaction")))
        if vote is not None:
            await self._vote_on_message(event, vote, _comment(value.get("feedback")))

    async def _vote_on_message(self, event: Event, vote: int, comment: str | None = None, gone: bool = False) -> None:
        def note() -> object:
            desk = self._desk
            try:
                answer_id = answer_in(desk.desk.memory(), DOOR, event.channel, event.thread, event.reply_to)
            except StoreError as error:
                return Rejected(f"memory-{error.kind}", error.message)
            found = desk.find(answer_id, event.asker) if answer_id else UNKNOWN
            if isinstance(found, Rejected):
                return found
            return desk.take_back(found, event.asker, vote) if gone else desk.vote(found, event.asker, vote, comment)

        noted = await self._reception.note(note)
        if isinstance(noted, Rejected):
            log.info("a vote was not noted: %s", noted.message)

    async def _ask(self, event: Event, data: Mapping[str, Any]) -> Body:
        question = " ".join(str(data.get("question", "")).split())
        turned_away = await self._talk.ask(event, question) if question else None
        return _text(turned_away.message if turned_away and turned_away.message else f"Asking: {question}")

    async def _cancel(self, event: Event, data: Mapping[str, Any]) -> Body:
        number = data.get("question")
        return _text(await self._talk.cancel(event, number) if isinstance(number, int) else "There is nothing to stop.")

    async def _vote(self, event: Event, data: Mapping[str, Any]) -> Body:
        vote = data.get("vote")
        if vote not in (1, -1, 0):
            return _fault("That is no vote.")
        return await self._of(event, data, lambda found: self._voted(found, event, vote), self._reception.note)

    def _voted(self, found: Found, event: Event, vote: int) -> Body:
        tally = self._desk.vote(found, event.asker, vote)
        return _text(tally.message if isinstance(tally, Rejected) else _THANKS if vote else _TAKEN_BACK)

    async def _correct(self, event: Event, data: Mapping[str, Any]) -> Body:
        def work(found: Found) -> Body:
            done = self._desk.correct(found, event.asker, str(data.get("sql", "")))
            if isinstance(done, Rejected):
                return _text(done.message)
            answer = replace(found.answer.corrected(done.sql, done.result), status="answered", readings=())
            return self._card(answer, event, found, note=_CORRECTED, corrected=True)

        return await self._of(event, data, work)

    async def _uncorrect(self, event: Event, data: Mapping[str, Any]) -> Body:
        def work(found: Found) -> Body:
            done = self._desk.retract_correction(found, event.asker)
            if isinstance(done, Rejected):
                return _text(done.message)
            return self._again_now(found, event, note=_TAKEN_BACK)

        return await self._of(event, data, work)

    async def _all(self, event: Event, data: Mapping[str, Any]) -> Body:
        return await self._of(event, data, lambda found: self._again_now(found, event, all_rows=True))

    async def _again(self, event: Event, data: Mapping[str, Any]) -> Body:
        return await self._of(event, data, lambda found: self._again_now(found, event, note="Run again just now."))

    def _again_now(self, found: Found, event: Event, **more: Any) -> Body:
        again = self._desk.run_again(found, event.asker)
        return _text(again.message) if isinstance(again, Rejected) else self._card(again, event, found, **more)

    async def _pick(self, event: Event, data: Mapping[str, Any]) -> Body:
        number = data.get("number")
        own = False

        def work(found: Found) -> Body:
            asked = self._desk.pick(found, number if isinstance(number, int) else -1, event.asker)
            if isinstance(asked, Rejected):
                return _text(asked.message)
            note = _MEANT.format(words=found.answer.readings[number or 0].words)
            nonlocal own
            own = event.user == found.user
            answer = replace(asked.answer, question=found.answer.question)
            return self._card(answer, event, found, note=note, not_kept=asked.not_kept)

        body = await self._of(event, data, work)
        if own and event.reply_to:
            self._reception.spawn(self._change(event, body["value"]))
        return body

    async def _change(self, event: Event, card: Mapping[str, Any]) -> None:
        """Put the card in the place of the one that was pressed, for everybody."""
        try:
            await self._wire.update(event.address, event.reply_to, answer_message(card, "What you meant"))
        except Unreachable as error:
            log.warning("an answer could not be changed for all: %s", error)

    async def _file(self, event: Event, data: Mapping[str, Any]) -> Body:
        offers: list[Message] = []

        def work(found: Found) -> Body:
            offer = self._files.offer(found, event)
            if isinstance(offer, Rejected):
                return _text(offer.message)
            offers.append(offer)
            return _text("Teams asks you below whether to take the file.")

        body = await self._of(event, data, work)
        for offer in offers:
            self._reception.spawn(self._wire.tell(event.address, offer))
        return body

    async def _review(self, event: Event, data: Mapping[str, Any]) -> Body:
        """A reviewer decided over a pair; what waits after it."""

        def work() -> Body:
            queue, number = self._desk.desk.review(), data.get("pair")
            if isinstance(queue, Rejected):
                return _text(queue.message)
            if not isinstance(number, int):
                return _fault("There is no such pair.")
            if data.get("decision") == "edit":
                done = queue.edit(number, event.asker, str(data.get(f"sql{number}", "")))
            else:
                decide = queue.approve if data.get("decision") == "approve" else queue.reject
                done = decide(number, event.asker)
            left = queue.queue(event.asker)
            if isinstance(done, Rejected) or isinstance(left, Rejected):
                return _text(done.message if isinstance(done, Rejected) else "Noted.")
            note = f"“{done.question}”: {done.status}."
            return {"statusCode": 200, "type": CARD, "value": review_card(left, note)}

        return await self._reception.work(work)

    async def _of(
        self, event: Event, data: Mapping[str, Any], work: Callable[[Found], Body],
        beside: Callable[[Callable[[], Body]], Awaitable[Body]] | None = None,
    ) -> Body:
        """What `work` makes of the answer that a button belongs to, queued with other queries or `beside` them."""

        def run() -> Body:
            found = self._desk.find(str(data.get("answer", "")), event.asker)
            return _text(found.message) if isinstance(found, Rejected) else work(found)

        return await (beside or self._reception.work)(run)

    def _card(self, answer: Answer, event: Event, found: Found, **more: Any) -> Body:
        card, _ = self._look.card(answer, event.asker, found.database, **more)
        return {"statusCode": 200, "type": CARD, "value": card}


def _text(text: str) -> Body:
    return {"statusCode": 200, "type": TEXT, "value": text}


def _fault(text: str) -> Body:
    return {"statusCode": 400, "type": _FAULT, "value": {"code": "BadRequest", "message": text}}


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _comment(feedback: Any) -> str | None:
    """The words that came with a thumb: `{"feedbackText": "…"}` as JSON, or the text itself."""
    if not isinstance(feedback, str) or not feedback.strip():
        return None
    try:
        told = json.loads(feedback)
    except ValueError:
        told = feedback
    text = told.get("feedbackText") if isinstance(told, dict) else told if isinstance(told, str) else feedback
    return text.strip()[:MAX_COMMENT] or None if isinstance(text, str) else None
