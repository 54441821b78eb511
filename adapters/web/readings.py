"""What an unsure answer may have meant: its readings as buttons, and the rows of the one that is picked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from nicegui import ui

from adapters.web.result_view import ResultView
from adapters.web.sql_view import sql_view
from adapters.web.visit import DOOR, Visit
from bot.answer import Answer
from bot.shown import pretty


class Readings:
    """Puts a button for each reading where it is made. A pick is noted, and its rows take the place of the buttons."""

    def __init__(self, visit: Visit, answer: Answer) -> None:
        self._visit = visit
        self._answer = answer
        with ui.element("div").classes("readings") as self._place:
            ui.label("Which of these did you mean?").classes("notice")
            self._buttons = [self._button(i) for i in range(len(answer.readings))]
            self._note = ui.label().classes("notice bad").props('role="alert"')

    def _button(self, number: int) -> ui.button:
        button = ui.button(color=None, on_click=self._pick(number)).props("flat no-caps").classes("reading")
        button.props["label"] = self._answer.readings[number].words
        return button

    def _pick(self, number: int) -> Callable[[], object]:
        async def pick() -> None:
            visit, words = self._visit, self._answer.readings[number].words
            for button in self._buttons:
                button.disable()
            picked = await asyncio.to_thread(visit.desk.pick, self._answer, number, door=DOOR, user_id=visit.user_id)
            view = await visit.view(replace(picked, question=self._answer.question))
            if visit.gone:
                return
            if view is None:
                for button in self._buttons:
                    button.enable()
                self._note.set_text(picked.message)
                return
            self._place.clear()
            with self._place:
                ui.label(f"{words}. Thank you, I have noted that this is what you meant.").classes("notice")
                result = ResultView(visit, self._answer.question, view)
                with ui.element("div").classes("actions"):
                    result.small_file()
                sql_view(pretty(picked.sql or "", visit.desk.dialect))

        return pick
