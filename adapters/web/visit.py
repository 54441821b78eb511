"""One open page: whose it is, and what its parts share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

from nicegui import Client

from adapters.desk import Desk
from bot.answer import Answer, Bot
from bot.chart import draw
from bot.shown import Shown, show

DOOR = "web"


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see of an answer; `picture` is its chart as PNG, None where none suits the rows."""

    shown: Shown
    picture: bytes | None


@dataclass(frozen=True, slots=True)
class Visit:
    """`ask` puts a question as if it were typed. `user_id` is the browser's, the same in all of its tabs."""

    desk: Desk
    bot: Bot
    user_id: str
    client: Client
    ask: Callable[[str], Awaitable[None]]
    examples: tuple[str, ...] = field(default=())

    @property
    def gone(self) -> bool:
        """Whether nobody looks at the page any more, so that there is nothing left to draw on."""
        return self.client.is_deleted

    async def view(self, answer: Answer) -> View | None:
        """What there is to see of an answer, worked out beside the event loop. None where no query ran."""
        return await asyncio.to_thread(self.view_now, answer)

    def view_now(self, answer: Answer) -> View | None:
        """The same, for a thread that may wait."""
        shown = show(answer, self.bot.schema, self.bot.glossary, self.desk.settings.today or date.today())
        # Drawn before anything is shown: a chart that comes later moves buttons away from under the mouse.
        return View(shown, draw(shown.chart) if shown.chart else None) if shown else None
