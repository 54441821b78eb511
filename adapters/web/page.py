"""The chat page: a header, the conversation, and a box to write in. One object for each open tab."""

from __future__ import annotations

import asyncio
import logging

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from adapters.desk import Asked, Desk
from adapters.web.answer_card import example_button, show_answer, show_remembered
from adapters.web.visit import DOOR, View, Visit
from adapters.welcome import database_name, examples
from bot.answer import Answer, Stage
from bot.history import Remembered

_STAGES: dict[Stage, str] = {
    "reading": "Reading the question…", "writing": "Writing SQL…", "running": "Running it…",
}  # fmt: skip
_HINT = "Enter sends, Shift + Enter makes a new line"
_REMEMBERED = 20  # earlier answers on a page that is loaded again
_MOST = 50  # exchanges a page holds before the oldest go
_LONGEST = 20_000  # characters the box takes
_UNFORESEEN = "Something unforeseen went wrong on the way to the answer. The log of the server says more."
# Not while a word is being composed, as for Chinese or Japanese: there Enter ends the composing.
_ENTER = """(e) => {
  if (e.shiftKey || e.isComposing || e.keyCode === 229) return;
  e.preventDefault();
  emit(e.target.value);
}"""
# A touch screen would cover half the answer with its keyboard.
_FOCUS = 'if (matchMedia("(hover: hover)").matches) document.querySelector(".composer textarea")?.focus()'
_SHOW = 'document.getElementById("{id}")?.scrollIntoView({{block: "start", behavior: "smooth"}})'

log = logging.getLogger("mynah.web")


class ChatPage:
    """Everything on one page. Work that takes time is done beside the event loop, so that other pages go on."""

    def __init__(self, desk: Desk, user_id: str) -> None:
        self._desk = desk
        self._user_id = user_id
        self._client = ui.context.client
        self._visit: Visit | None = None
        self._busy = False
        self._exchanges: list[ui.element] = []

    async def build(self) -> None:
        """Lay the page out, for the state that the bot is in."""
        with ui.header(elevated=False).classes("top"), ui.element("div").classes("top-inner"):
            ui.element("img").props('src="/mynah/mynah.svg" alt=""')
            ui.html("Mynah", tag="h1")
            ui.label(database_name(self._desk.settings)).classes("database")
            self._version = ui.label().classes("version")
        self._main = ui.element("div").classes("conversation")
        with ui.footer(elevated=False).classes("bottom"), ui.element("div").classes("bottom-inner"):
            self._composer()
        if self._desk.state == "ready":
            await self._begin()
        else:
            self._wait()

    def _composer(self) -> None:
        with ui.element("div").classes("composer"):
            self._box = ui.textarea(placeholder="Ask a question…").props("autogrow borderless dense rows=1 autofocus")
            self._box.props["aria-label"] = "Your question"
            self._box.props["maxlength"] = _LONGEST
            self._box.on("keydown.enter", self._entered, js_handler=_ENTER)
            self._send = ui.button(icon="arrow_upward", color=None, on_click=self._clicked).props("round unelevated")
            self._send.props["aria-label"] = "Ask"
        with ui.element("div").classes("status").props('role="status" aria-live="polite"'):
            self._spinner = ui.spinner(size="1.1em")
            self._status = ui.label(_HINT)
        self._spinner.set_visibility(False)
        self._announced = ui.label().classes("unseen").props('aria-live="polite"')

    def _wait(self) -> None:
        """Say what keeps the bot from answering, until it does."""
        self._set_busy(True)
        shown = ""

        async def look() -> None:
            nonlocal shown
            state = self._desk.state
            if state == "ready":
                timer.cancel()
                self._main.clear()
                self._set_busy(False)
                await self._begin()
            elif state + self._desk.trouble != shown:
                shown = state + self._desk.trouble
                self._say("" if state == "closed" else "Waking up… a large database takes a while the first time.")
                self._main.clear()
                if state == "closed":
                    with self._main:
                        self._trouble()

        timer = ui.timer(0.3, look)

    def _trouble(self) -> None:
        with ui.element("article").classes("answer").props('data-status="failed"'):
            with ui.element("div").classes("banner failed").props('role="alert"'):
                ui.icon("error_outline").props("aria-hidden=true")
                with ui.element("div"):
                    with ui.element("b"):
                        ui.label("Mynah cannot answer yet")
                    with ui.element("span"):
                        ui.label(self._desk.trouble)
            ui.label("When that is put right, try again here; there is no need to start Mynah anew.").classes("notice")
            with ui.element("div").classes("actions"):
                ui.button("Try again", icon="replay", color=None, on_click=lambda: asyncio.to_thread(self._desk.open)) \
                    .props("flat no-caps").classes("plain")

    async def _begin(self) -> None:
        bot = self._desk.bot
        if bot is None:
            return
        suggested = tuple(examples(self._desk.settings, bot.schema))
        self._visit = Visit(self._desk, bot, self._user_id, self._client, self._ask, suggested)
        self._version.set_text(f"student {bot.student.version}")
        earlier = await asyncio.to_thread(self._desk.history, self._user_id, DOOR, _REMEMBERED)
        if earlier:
            background_tasks.create(self._restore(self._visit, earlier))
        else:
            self._welcome(self._visit)

    async def _restore(self, visit: Visit, earlier: list[Remembered]) -> None:
        """Put earlier answers back, one after the other, on a page that is open already."""
        self._set_busy(True)
        self._say("Fetching your earlier questions…")
        await self._client.connected()
        try:
            for remembered in earlier:
                if visit.gone:
                    return
                with self._exchange(remembered.answer.question):
                    await show_remembered(visit, remembered)
        finally:
            if not visit.gone:
                self._set_busy(False)
                self._client.run_javascript(_SHOW.format(id=self._exchanges[-1].html_id))

    def _welcome(self, visit: Visit) -> None:
        with self._main, ui.element("section").classes("welcome"):
            ui.element("img").props('src="/mynah/mynah.svg" alt=""')
            with ui.element("h2"):
                ui.label(f"Ask {database_name(self._desk.settings)}")
            with ui.element("p"):
                ui.label("In plain words. I write the SQL, run it read-only, and show you both.")
            with ui.element("div").classes("examples"):
                for question in visit.examples:
                    example_button(question, visit)

    async def _entered(self, event: GenericEventArguments) -> None:
        await self._ask(str(event.args or ""))

    async def _clicked(self) -> None:
        await self._ask(str(self._box.value or ""))

    async def _ask(self, question: str) -> None:
        """Answer a question and put both on the page. One at a time on one page."""
        question = question.strip()
        if self._busy or self._visit is None or not question:
            return
        self._set_busy(True)
        self._box.set_value("")
        if not self._exchanges:
            self._main.clear()
        exchange = self._exchange(question)
        self._client.run_javascript(_SHOW.format(id=exchange.html_id))
        try:
            with exchange, ui.element("div").classes("pending").props("aria-hidden=true") as pending:
                for _ in range(3):
                    ui.element("div")
            asked, view = await asyncio.to_thread(self._answer, self._visit, question, asyncio.get_running_loop())
            if self._visit.gone:
                return
            pending.delete()
            with exchange:
                show_answer(self._visit, asked, view)
            self._announced.set_text(f"{asked.answer.message} {view.shown.reading if view else ''}")
        finally:
            if not self._visit.gone:
                self._set_busy(False)
                self._client.run_javascript(_FOCUS)

    def _answer(
        self, visit: Visit, question: str, loop: asyncio.AbstractEventLoop
    ) -> tuple[Asked, View | None]:
        """Runs beside the event loop. An answer nobody waits for any more is kept all the same."""

        def watch(stage: Stage) -> None:
            loop.call_soon_threadsafe(self._say, _STAGES[stage])

        try:
            asked = self._desk.ask(question, door=DOOR, user_id=self._user_id, watch=watch)
            return asked, visit.view_now(asked.answer)
        except Exception:
            log.exception("a question could not be answered")
            return Asked(Answer("", question, "failed", _UNFORESEEN, code="unforeseen")), None

    def _exchange(self, question: str) -> ui.element:
        """A new place for a question and its answer, with the question in it."""
        with self._main, ui.element("section").classes("exchange") as exchange, ui.element("h2").classes("question"):
            ui.label(question)
        self._exchanges.append(exchange)
        if len(self._exchanges) > _MOST:
            self._exchanges.pop(0).delete()
        return exchange

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._spinner.set_visibility(busy)
        self._box.set_enabled(not busy)
        self._send.set_enabled(not busy)
        self._say(_STAGES["reading"] if busy else _HINT)

    def _say(self, text: str) -> None:
        if not self._client.is_deleted:
            self._status.set_text(text)
