"""The Review page's door: a reviewer types a token once, and the browser's cookie is known from then on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nicegui import ui

from adapters.desk import Desk
from adapters.web.browser import browser_id
from adapters.web.review_page import ReviewPage, lay_out
from bot.reviewers import Reviewers

PATIENCE = 30.0  # seconds that laying a page out may take: a machine may be busy, or the memory slow
_STAYS = 12 * 3600.0  # seconds after which the token is asked for again
_PAUSE = 1.0  # seconds that a wrong token costs


@dataclass
class Known:
    """Which browsers are reviewers', for as long as this process runs. Thread-safe."""

    _names: dict[str, tuple[str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def remember(self, browser: str, name: str) -> None:
        """From now on, for some hours."""
        with self._lock:
            self._names[browser] = (name, time.monotonic() + _STAYS)

    def forget(self, browser: str) -> None:
        """Until the token is typed again."""
        with self._lock:
            self._names.pop(browser, None)

    def name(self, browser: str) -> str | None:
        """Whose browser it is; None when nobody knows."""
        with self._lock:
            name, until = self._names.get(browser, ("", 0.0))
            return name if time.monotonic() < until else None


def open_review(desk: Desk) -> None:
    """Put the page at `/review`. Once a process, as the chat page."""
    reviewers, known, turn = Reviewers.of(desk.settings), Known(), asyncio.Lock()

    @ui.page("/review", title="Review · Mynah", response_timeout=PATIENCE)
    async def review() -> None:
        browser = browser_id()

        def leave() -> None:
            known.forget(browser)
            ui.navigate.reload()

        async def enter(token: str) -> bool:
            async with turn:  # one try at a time, whoever tries
                name = reviewers.by_token(token)
                if name is None:
                    await asyncio.sleep(_PAUSE)
                    return False
            known.remember(browser, name)
            ui.navigate.reload()
            return True

        name = known.name(browser)
        if name is not None and desk.state == "ready":
            ReviewPage(desk, name, leave, lambda: known.name(browser) == name).build()
            return
        main = lay_out(desk, None)
        with main, ui.element("section").classes("welcome"):
            ui.element("img").props('src="/mynah/mynah.svg" alt=""')
            if name is not None:
                _closed(desk)
            elif not reviewers.tokens:
                _nobody()
            else:
                _Token(enter)


def _closed(desk: Desk) -> None:
    _say("Mynah is not ready yet", desk.trouble or "It is still waking up. Load this page again in a moment.")


def _nobody() -> None:
    _say(
        "Nobody reviews here yet",
        "Whoever runs Mynah names reviewers in its settings: review_tokens gives each a name and a token. "
        "In a terminal on its machine, “mynah review” does the same.",
    )


def _say(title: str, text: str) -> None:
    with ui.element("h2"):
        ui.label(title)
    with ui.element("p"):
        ui.label(text)


class _Token:
    """A box to type the token in."""

    def __init__(self, enter: Callable[[str], Awaitable[bool]]) -> None:
        self._enter = enter
        _say("For reviewers", "Here people decide which answers Mynah may learn from. Type your token to go on.")
        with ui.element("div").classes("token"):
            self._box = ui.input().props("type=password outlined dense autofocus autocomplete=current-password")
            self._box.props["aria-label"] = "Your token"
            self._box.on("keydown.enter", self._submit)
            self._button = ui.button("Go on", color=None, on_click=self._submit).props("unelevated no-caps")
            self._button.classes("main")
        self._note = ui.label().classes("notice bad").props('role="alert"')

    async def _submit(self) -> None:
        client, token = ui.context.client, str(self._box.value or "").strip()
        if not token:
            return
        self._button.props("loading")
        if not await self._enter(token) and not client.is_deleted:
            self._button.props(remove="loading")
            self._box.set_value("")
            self._note.set_text("No reviewer has this token. Please look at it again.")
