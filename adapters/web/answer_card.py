"""One answer as a card: what it says, the SQL behind it, and what can be done about it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from nicegui import ui

from adapters.desk import NOT_READ, Asked
from adapters.web.opinion import Correction, Thumbs
from adapters.web.readings import Readings
from adapters.web.result_view import ResultView
from adapters.web.sql_view import sql_view
from adapters.web.visit import DOOR, View, Visit
from bot.answer import Answer, Status
from bot.database import Result
from bot.feedback import Rejected
from bot.history import Remembered
from bot.refusals import SMALL_TALK
from bot.shown import pretty

_BANNERS: dict[Status, tuple[str, str]] = {
    "unsure": ("help_outline", "Please check this"),
    "refused": ("info", "I can't answer that"),
    "failed": ("error_outline", "That did not work"),
}


def show_answer(visit: Visit, asked: Asked, view: View | None) -> None:
    """Put the card of a new answer where it is called."""
    _Card(visit, asked.answer, not_kept=asked.not_kept).build(view)


async def show_remembered(visit: Visit, remembered: Remembered) -> None:
    """Put the card of an earlier answer where it is called; its rows only if they are still at hand."""
    answer = replace(remembered.answer, result=visit.desk.result_at_hand(remembered.answer.id))
    view = await visit.view(answer)
    if not visit.gone:
        _Card(visit, answer, remembered=remembered).build(view)


class _Card:
    def __init__(
        self, visit: Visit, answer: Answer, not_kept: str = "", remembered: Remembered | None = None
    ) -> None:
        self._visit = visit
        self._answer = answer
        self._not_kept = not_kept
        self._remembered = remembered

    def build(self, view: View | None) -> None:
        answer = self._answer
        with ui.element("article").classes("answer") as card:
            card.props["data-status"] = answer.status
            card.props["aria-label"] = "Answer"
            self._banner()
            result = None
            if view is not None:
                result = ResultView(self._visit, answer.question, view)
            elif answer.sql is not None:
                self._earlier()
            if len(answer.readings) > 1 and not self._not_kept:
                Readings(self._visit, answer)
            self._next_step()
            self._actions(result)
            if self._not_kept:
                ui.label(f"This answer was not kept, so it takes no thumbs. {self._not_kept}").classes("notice bad")
            self._context()

    def _banner(self) -> None:
        if self._answer.status not in _BANNERS:
            return
        icon, title = _BANNERS[self._answer.status]
        with ui.element("div").classes(f"banner {self._answer.status}"):
            ui.icon(icon).props("aria-hidden=true")
            with ui.element("div"):
                if self._answer.code != SMALL_TALK:
                    with ui.element("b"):
                        ui.label(title)
                with ui.element("span"):
                    ui.label(self._answer.message)

    def _earlier(self) -> None:
        """In place of rows that the memory does not keep: a button that fetches them afresh."""
        count = self._remembered.row_count if self._remembered else None
        rows = "" if count is None else f" It had {count:,} row{'' if count == 1 else 's'} then."
        with ui.element("div").classes("correct") as place:
            ui.label(f"An earlier answer; its rows are not kept.{rows}").classes("notice")
            button = ui.button("Run it again", icon="replay", color=None).props("flat no-caps").classes("plain")
            note = ui.label().classes("notice bad").props('role="alert"')

        async def again() -> None:
            sql = self._answer.sql or ""
            button.props("loading")
            result: Result | Rejected = await asyncio.to_thread(
                self._visit.desk.run_again, sql, door=DOOR, user_id=self._visit.user_id
            )
            if isinstance(result, Rejected):
                if not self._visit.gone:
                    button.props(remove="loading")
                    note.set_text(result.message)
                return
            view = await self._visit.view(replace(self._answer, result=result))
            if view is not None and not self._visit.gone:
                place.clear()
                with place:
                    ResultView(self._visit, self._answer.question, view).small_file()

        button.on_click(again)

    def _next_step(self) -> None:
        """What to do when there is no answer: another question, or the same one once more."""
        answer, visit = self._answer, self._visit
        if answer.status == "failed":
            with ui.element("div").classes("actions"):
                again = ui.button("Ask again", icon="replay", color=None, on_click=lambda: visit.ask(answer.question))
                again.props("flat no-caps").classes("plain")
        elif answer.status == "refused" and visit.examples:
            ui.label("Questions I can answer, for example:").classes("notice")
            with ui.element("div").classes("examples"):
                for example in visit.examples[:2]:
                    example_button(example, visit)

    def _actions(self, result: ResultView | None) -> None:
        answer, visit = self._answer, self._visit
        can_correct = answer.code not in NOT_READ and not self._not_kept
        if answer.sql is None and not can_correct:
            return
        with ui.element("div").classes("actions"):
            show_sql = _toggle("SQL", "code") if answer.sql is not None else None
            correct = _toggle("Correct the SQL" if answer.sql else "Write the SQL", "edit") if can_correct else None
            if result is not None:
                result.small_file()
            if answer.sql is not None and not self._not_kept:
                Thumbs(visit, answer.id, self._remembered.vote if self._remembered else 0)
        if show_sql is not None and answer.sql is not None:
            # Whoever is asked to check the reading needs to see it.
            _opens(show_sql, sql_view(pretty(answer.sql, visit.desk.dialect)), answer.status == "unsure")
        if correct is not None:
            correction = self._remembered.correction if self._remembered else None
            _opens(correct, Correction(visit, answer, correction).panel, False)

    def _context(self) -> None:
        answer = self._answer
        with ui.element("footer").classes("context"):
            if answer.result is not None:
                rows = len(answer.result.rows)
                cut = ", cut: there are more" if answer.result.truncated else ""
                ui.label(f"{rows:,} row{'' if rows == 1 else 's'}{cut}")
            if "total" in answer.timings_ms:
                ui.label(_seconds(answer.timings_ms["total"]))
            if answer.student_version:
                ui.label(f"student {answer.student_version}")
            if answer.sql is not None:
                sure = answer.status == "answered"
                ui.label("sure" if sure else "unsure").classes("sure" if sure else "unsure")


def example_button(question: str, visit: Visit) -> None:
    """A question to click."""
    button = ui.button(color=None, on_click=lambda: visit.ask(question)).props("flat no-caps")
    button.props["label"] = question


def _toggle(text: str, icon: str) -> ui.button:
    button = ui.button(text, icon=icon, color=None).props("flat dense no-caps")
    button.props["aria-expanded"] = "false"
    return button


def _opens(button: ui.button, panel: ui.element, is_open: bool) -> None:
    """Let the button show and hide the panel."""
    button.props["aria-controls"] = panel.html_id
    button.props["aria-expanded"] = str(is_open).lower()
    panel.set_visibility(is_open)

    def turn() -> None:
        panel.set_visibility(not panel.visible)
        button.props["aria-expanded"] = str(panel.visible).lower()

    button.on_click(turn)


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
