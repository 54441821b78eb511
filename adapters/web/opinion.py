"""What the reader says of an answer: a thumb, changed or taken back at will, and the SQL it should have had."""

from __future__ import annotations

import asyncio

from nicegui import ui

from adapters.web.result_view import ResultView
from adapters.web.sql_view import sql_view
from adapters.web.visit import DOOR, Visit
from bot.answer import Answer
from bot.feedback import Rejected
from bot.shown import pretty

_LONGEST = 8_000  # characters, as many as a query may have
_UP, _DOWN = ("thumb_up", "This is right", 1), ("thumb_down", "This is wrong", -1)


class Thumbs:
    """Two buttons of which at most one is pressed."""

    def __init__(self, visit: Visit, answer_id: str, vote: int) -> None:
        self._visit = visit
        self._answer_id = answer_id
        self._vote = vote
        with ui.element("div").classes("thumbs"):
            self._note = ui.label().classes("notice").props('role="status"')
            with ui.element("div"):
                self._buttons = {value: self._button(icon, text, value) for icon, text, value in (_UP, _DOWN)}
        self._show("")

    def _button(self, icon: str, text: str, value: int) -> ui.button:
        button = ui.button(icon=icon, color=None, on_click=lambda: self._press(value)).props("flat round dense")
        button.props["aria-label"] = text
        return button

    async def _press(self, value: int) -> None:
        wanted = 0 if value == self._vote else value
        tally = await asyncio.to_thread(self._visit.desk.vote, self._answer_id, self._visit.user_id, wanted)
        if self._visit.gone:
            return
        if isinstance(tally, Rejected):
            self._show(tally.message)
        else:
            self._vote = tally.mine
            self._show("Thank you, noted." if tally.mine else "Taken back.")

    def _show(self, note: str) -> None:
        for value, button in self._buttons.items():
            button.props["aria-pressed"] = "true" if value == self._vote else "false"
        self._note.set_text(note)


class Correction:
    """A box with the answer's SQL to put right. What is sent goes through the same checks as the bot's own SQL."""

    def __init__(self, visit: Visit, answer: Answer, correction: str | None) -> None:
        self._visit = visit
        self._answer = answer
        known = correction or answer.sql or ""
        with ui.element("div").classes("correct") as self.panel:
            ui.label("Change the SQL to what it should have been. It is checked, and run read-only.").classes("notice")
            written = pretty(known, visit.desk.dialect) if known else ""
            self._box = ui.textarea(value=written).props("outlined autogrow spellcheck=false")
            self._box.props["aria-label"] = "The corrected SQL"
            self._box.props["maxlength"] = _LONGEST
            with ui.element("div").classes("row-of"):
                self._send = ui.button("Check and run", icon="play_arrow", color=None, on_click=self._submit)
                self._send.props("unelevated no-caps").classes("main")
                self._undo = ui.button("Take it back", color=None, on_click=self._take_back).props("flat no-caps")
            self._undo.set_visibility(correction is not None)
            self._note = ui.label().classes("notice").props('role="alert"')
            self._outcome = ui.element("div").classes("correct outcome")
        if correction is not None:
            self._say("You corrected this answer.", "good")

    async def _submit(self) -> None:
        sql = str(self._box.value or "")
        self._send.props("loading")
        done = await asyncio.to_thread(
            self._visit.desk.correct, self._answer.id, self._visit.user_id, sql, door=DOOR
        )
        if self._visit.gone:
            return
        self._send.props(remove="loading")
        if isinstance(done, Rejected):
            self._say(done.message, "bad")
            return
        view = await self._visit.view(self._answer.corrected(done.sql, done.result))
        if self._visit.gone or view is None:
            return
        self._say("Thank you: noted for the next training. Your SQL gives this:", "good")
        self._undo.set_visibility(True)
        self._outcome.clear()
        with self._outcome:
            sql_view(view.shown.sql)
            ResultView(self._visit, self._answer.question, view).small_file()

    async def _take_back(self) -> None:
        done = await asyncio.to_thread(self._visit.desk.retract_correction, self._answer.id, self._visit.user_id)
        if self._visit.gone:
            return
        if isinstance(done, Rejected):
            self._say(done.message, "bad")
            return
        self._say("Taken back.", "good")
        self._undo.set_visibility(False)
        self._outcome.clear()

    def _say(self, text: str, tone: str) -> None:
        self._note.set_text(text)
        self._note.classes(replace=f"notice {tone}")
