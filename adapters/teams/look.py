"""From an answer to its card: everything that is worked out for it, beside the event loop."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from adapters.chat_desk import ChatDesk
from adapters.teams.cards.answer import View, answer_card
from adapters.teams.cards.parts import Part
from adapters.teams.downloads import Downloads
from adapters.teams.messages import Message, answer_message
from adapters.welcome import database_name, examples
from bot.access import Asker
from bot.answer import Answer
from bot.chart import draw
from bot.shown import pretty, show

Card = tuple[Part, str]


class Look:
    """Thread-safe. All calls block."""

    def __init__(self, desk: ChatDesk, downloads: Downloads) -> None:
        self._desk = desk
        self._downloads = downloads

    def message(self, answer: Answer, asker: Asker, **more: Any) -> Message:
        """The answer as a message."""
        card, summary = self.card(answer, asker, **more)
        return answer_message(card, summary)

    def card(self, answer: Answer, asker: Asker, database: str | None = None, **more: Any) -> Card:
        """The answer's card, and its sentence for notifications. `more` are fields of `View`."""
        view = replace(View(answer), **more)
        place = self._desk.place(asker) if database is None else self._desk.desk.at(database)
        if place.bot is None:
            return answer_card(view), answer.message
        today = self._desk.desk.settings.today or date.today()
        shown = show(answer, place.bot.schema, place.bot.glossary, today)
        if shown is not None:
            # Drawn in the small only where it will be looked at.
            view = replace(view, shown=shown, picture=draw(shown.chart) if shown.chart else None, sql=shown.sql)
        elif answer.sql is not None:
            view = replace(view, sql=pretty(answer.sql, place.bot.schema.dialect))
        if answer.status == "refused":
            view = replace(view, examples=self.examples(asker))
        if not view.not_kept:
            view = self._with_file(view, asker)
        summary = shown.reading if shown is not None else answer.message
        return answer_card(view), summary

    def _with_file(self, view: View, asker: Asker) -> View:
        if not asker.channel:
            return replace(view, file="file")
        url = self._downloads.link(view.answer.id, asker)
        return replace(view, file="link", url=url) if url else view

    def examples(self, asker: Asker) -> tuple[str, ...]:
        """Questions to begin with in the asker's channel; none while its bot is not open."""
        place = self._desk.place(asker)
        return tuple(examples(place.settings, place.bot.schema)) if place.bot is not None else ()

    def database(self, asker: Asker) -> str:
        """What people call the database of the asker's channel."""
        return database_name(self._desk.place(asker).settings)
