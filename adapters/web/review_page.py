"""The Review page: one entry of the queue at a time, decided with a key or a button; the next follows by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from nicegui import background_tasks, ui
from nicegui.events import KeyEventArguments

from adapters.desk import Desk
from adapters.web.review_card import ReviewCard
from adapters.welcome import database_name
from bot.access import Asker
from bot.guard import Rejected
from bot.review import Decision, Review, Waiting

_BATCH = 50
_TAP = 0.6  # seconds; a second tap of A within them was not meant for the entry that has just come
_HINT = "A approves, E edits, R rejects, S or → skips, ← goes back"


def lay_out(desk: Desk, name: str | None, leave: Callable[[], None] = lambda: None) -> ui.element:
    """Header and an empty page; returns where the page goes."""
    with ui.header(elevated=False).classes("top"), ui.element("div").classes("top-inner"):
        ui.element("img").props('src="/mynah/mynah.svg" alt=""')
        ui.html("Review", tag="h1")
        ui.label(database_name(desk.settings)).classes("database")
        with ui.element("div").classes("who"):
            if name is not None:
                ui.label(name)
                ui.button("Leave", color=None, on_click=leave).props("flat dense no-caps")
            ui.link("Ask a question", "/")
    return ui.element("div").classes("conversation review")


class ReviewPage:
    """One open page of one reviewer."""

    def __init__(
        self, desk: Desk, name: str, leave: Callable[[], None], known: Callable[[], bool] = lambda: True
    ) -> None:
        self._desk = desk
        self._name = name
        self._leave = leave
        self._known = known  # whether the browser is still this reviewer's: a page may stay open for days
        self._who = Asker(user=name, door="web")
        self._client = ui.context.client
        self._entries: list[Waiting] = []
        self._skipped: set[int] = set()
        self._at = 0
        self._decided = 0
        self._decided_at = -_TAP
        self._busy = False
        self._card: ReviewCard | None = None

    def build(self) -> None:
        """Lay the page out; the first entry follows, because its query may take a while."""
        self._main = lay_out(self._desk, self._name, self._leave)
        with ui.footer(elevated=False).classes("bottom hint") as footer:
            footer.props('role="status"')
            self._status = ui.label(_HINT).classes("status")
        ui.keyboard(self._pressed, ignore=["input", "textarea", "select"])
        background_tasks.create(self._begin())

    async def _begin(self) -> None:
        await self._client.connected()
        await self._fetch()

    async def _fetch(self) -> None:
        review = await asyncio.to_thread(self._desk.review)
        most = _BATCH + len(self._skipped)
        queue = review if isinstance(review, Rejected) else await asyncio.to_thread(review.queue, self._who, most)
        if self._client.is_deleted:
            return
        if isinstance(queue, Rejected) or isinstance(review, Rejected):
            message = queue.message if isinstance(queue, Rejected) else ""
            self._say_instead("That did not work", message)
            return
        self._entries, self._at = [e for e in queue if e.id not in self._skipped], 0
        await self._show(review)

    async def _show(self, review: Review) -> None:
        if self._at >= len(self._entries):
            self._card = None
            skipped = f" {len(self._skipped)} skipped wait until you load the page again." if self._skipped else ""
            self._say_instead("Nothing else waits for review", f"{self._decided} decided.{skipped}")
            return
        entry = self._entries[self._at]
        result = await asyncio.to_thread(review.run, entry.sql, self._who)
        if self._client.is_deleted:
            return
        self._main.clear()
        with self._main:
            self._card = ReviewCard(self._desk, entry, result, self._position(), self._act)
        self._client.run_javascript("window.scrollTo(0, 0)")

    def _position(self) -> str:
        more = "+" if len(self._entries) + len(self._skipped) >= _BATCH else ""
        return f"{self._at + 1} of {len(self._entries)}{more}"

    def _say_instead(self, title: str, text: str) -> None:
        self._main.clear()
        with self._main, ui.element("section").classes("welcome"):
            ui.element("img").props('src="/mynah/mynah.svg" alt=""')
            with ui.element("h2"):
                ui.label(title)
            with ui.element("p"):
                ui.label(text)
            ui.button("Look again", icon="replay", color=None, on_click=self._again).props("flat no-caps") \
                .classes("plain")

    async def _again(self) -> None:
        if not self._known():
            self._leave()
            return
        self._skipped.clear()
        await self._fetch()

    async def _pressed(self, event: KeyEventArguments) -> None:
        held = event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta
        if not event.action.keydown or event.action.repeat or held or self._card is None:
            return
        key = str(event.key.name).lower()
        if key == "a" and time.monotonic() - self._decided_at < _TAP:
            return
        if key in ("a", "s", "arrowright", "arrowleft"):
            await self._act({"a": "approve", "arrowleft": "back"}.get(key, "skip"), "")
        elif key in ("e", "r"):
            self._card.begin("edit" if key == "e" else "reject")

    async def _act(self, action: str, text: str) -> None:
        """Do what a button or key says. One thing at a time."""
        if self._busy or self._card is None:
            return
        if not self._known():
            self._leave()
            return
        self._busy = True
        try:
            await self._do(action, text, self._card)
        finally:
            self._busy = False

    async def _do(self, action: str, text: str, card: ReviewCard) -> None:
        review = await asyncio.to_thread(self._desk.review)
        if isinstance(review, Rejected):
            card.complain(review.message)
            return
        if action in ("skip", "back"):
            await self._move(action, review)
            return
        done = await asyncio.to_thread(self._decide, review, action, card.entry.id, text)
        if self._client.is_deleted:
            return
        if isinstance(done, Rejected):
            card.complain(done.message)
            return
        self._decided += 1
        self._status.set_text(f"#{card.entry.id} {done.status}. {_HINT}")
        del self._entries[self._at]
        await (self._show(review) if self._at < len(self._entries) else self._fetch())
        self._decided_at = time.monotonic()

    async def _move(self, action: str, review: Review) -> None:
        if action == "back":
            self._at = max(0, self._at - 1)
        else:
            self._skipped.add(self._entries[self._at].id)
            self._at += 1
        await (self._show(review) if self._at < len(self._entries) else self._fetch())

    def _decide(self, review: Review, action: str, pair_id: int, text: str) -> Decision | Rejected:
        if action == "approve":
            return review.approve(pair_id, self._who)
        if action == "edit":
            return review.edit(pair_id, self._who, text)
        return review.reject(pair_id, self._who, text)
