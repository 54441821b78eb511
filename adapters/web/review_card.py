"""One entry of the review queue as a card: what was asked, the SQL, its rows now, who says what, and the decisions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

from nicegui import ui

from adapters.desk import Desk
from adapters.web.result_table import ResultTable
from adapters.web.sql_view import sql_view
from bot.answer import Answer
from bot.database import Result
from bot.guard import Rejected
from bot.review import Waiting
from bot.schema import Dialect
from bot.shown import pretty, show

_LONGEST = 8_000  # characters, as many as a query may have
_REASON = 2_000
Act = Callable[[str, str], Awaitable[None]]


class ReviewCard:
    """Built where it is made."""

    def __init__(self, desk: Desk, entry: Waiting, result: Result | Rejected, position: str, act: Act) -> None:
        self.entry = entry
        self._desk = desk
        self._act = act
        with ui.element("article").classes("answer").props('aria-label="Pair to review"'):
            with ui.element("div").classes("review-head"):
                ui.label(f"#{entry.id}")
                ui.label("correction" if entry.source == "correction" else "vote").classes("kind")
                ui.label(position).classes("position")
            with ui.element("h2").classes("asked"):
                ui.label(entry.question)
            if entry.why:
                self._why(entry.why)
            sql_view(pretty(entry.sql, desk.dialect))
            self._result(result)
            self._facts()
            self._actions()
            self._note = ui.label().classes("notice bad").props('role="alert"')
            self._edit = self._panel("edit", "Change the SQL. It is checked, and run read-only.", "Check and approve")
            self._reject = self._panel("reject", "Why? Whoever looks at it later reads this.", "Reject")

    def _why(self, why: str) -> None:
        with ui.element("div").classes("banner unsure"):
            ui.icon("help_outline").props("aria-hidden=true")
            with ui.element("div"):
                with ui.element("b"):
                    ui.label("Why it waits")
                with ui.element("span"):
                    ui.label(f"{why[:1].upper()}{why[1:]}.")

    def _result(self, result: Result | Rejected) -> None:
        bot = self._desk.bot
        if isinstance(result, Rejected) or bot is None:
            message = result.message if isinstance(result, Rejected) else ""
            ui.label(f"It does not run now: {message}").classes("notice bad")
            return
        entry = self.entry
        answer = Answer(entry.answer_id, entry.question, "answered", "", sql=entry.sql, result=result)
        shown = show(answer, bot.schema, bot.glossary, self._desk.settings.today or date.today())
        if shown is None or not result.rows or not result.columns:
            ui.label("It gives no rows now.").classes("notice")
            return
        ResultTable(shown)
        if result.truncated:
            ui.label("The result was cut: there are more rows.").classes("notice")

    def _facts(self) -> None:
        entry, dialect = self.entry, self._desk.dialect
        with ui.element("dl").classes("facts"):
            _fact("From", f"{', '.join(entry.users)} ({entry.door})")
            _fact("Votes", f"{entry.up} for, {entry.down} against")
            for comment in entry.comments:
                _fact("Comment", comment)
            _fact("Student", entry.student_version)
            if entry.source == "correction" and entry.answer_sql and entry.answer_sql != entry.sql:
                _fact_sql("The student had said", entry.answer_sql, dialect)
            if entry.teacher_agrees is not None:
                _fact("Teacher", _teacher(entry))
            if entry.teacher and entry.teacher_agrees is False:
                _fact_sql("The teacher says", entry.teacher, dialect)
            for other in entry.others:
                state = "Admitted already" if other.status == "admitted" else f"Also said, by {other.users}"
                _fact_sql(f"{state} (#{other.id})", other.sql, dialect)

    def _actions(self) -> None:
        with ui.element("div").classes("actions decisions"):
            self._button("Approve", "A", "check", lambda: self._act("approve", "")).classes("main")
            self._button("Edit", "E", "edit", lambda: self.begin("edit")).classes("plain")
            self._button("Reject", "R", "close", lambda: self.begin("reject")).classes("plain")
            self._button("Skip", "S", "arrow_forward", lambda: self._act("skip", "")).classes("skip")

    def _button(self, text: str, key: str, icon: str, act: Callable[[], object]) -> ui.button:
        button = ui.button(text, icon=icon, color=None, on_click=act).props("unelevated no-caps")
        button.props["aria-keyshortcuts"] = key
        return button

    def _panel(self, action: str, hint: str, label: str) -> ui.element:
        """A box that opens under the card; Ctrl + Enter sends it, Escape closes it."""
        edits = action == "edit"
        with ui.element("div").classes("correct") as panel:
            ui.label(hint).classes("notice")
            text = pretty(self.entry.sql, self._desk.dialect) if edits else ""
            box = ui.textarea(value=text).props("outlined autogrow spellcheck=false")
            box.props["aria-label"] = "The SQL that is right" if edits else "The reason"
            box.props["maxlength"] = _LONGEST if edits else _REASON

            async def send() -> None:
                await self._act(action, str(box.value or ""))

            with ui.element("div").classes("row-of"):
                ui.button(label, color=None, on_click=send).props("unelevated no-caps").classes("main")
                close = ui.button("Close", color=None, on_click=lambda: panel.set_visibility(False))
                close.props("flat no-caps").classes("plain")
            box.on("keydown.ctrl.enter.prevent", send)
            box.on("keydown.esc", lambda: panel.set_visibility(False))
        panel.set_visibility(False)
        return panel

    def begin(self, action: str) -> None:
        """Open the box for other SQL, or for a reason, and put the cursor in it."""
        panel, other = (self._edit, self._reject) if action == "edit" else (self._reject, self._edit)
        other.set_visibility(False)
        panel.set_visibility(True)
        ui.run_javascript(f"setTimeout(() => document.querySelector('#{panel.html_id} textarea')?.focus(), 50)")

    def complain(self, message: str) -> None:
        """Say why nothing was done."""
        self._note.set_text(message)


def _teacher(entry: Waiting) -> str:
    if entry.teacher_agrees:
        return "gives the same result"
    return "gives another result" if entry.teacher else "says that this database does not hold the answer"


def _fact(name: str, text: str) -> None:
    with ui.element("dt"):
        ui.label(name)
    with ui.element("dd"):
        ui.label(text)


def _fact_sql(name: str, sql: str, dialect: Dialect) -> None:
    with ui.element("dt"):
        ui.label(name)
    with ui.element("dd"):
        sql_view(pretty(sql, dialect))
