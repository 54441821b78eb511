"""The web door: the page, what it ships, and the cookie that tells browsers apart."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from nicegui import ui

from adapters.desk import Desk
from adapters.web.browser import COOKIE, browser_id, cookie_secret
from adapters.web.page import ChatPage
from adapters.web.review_door import PATIENCE, open_review
from adapters.web.safety import Safety

STATIC = Path(__file__).resolve().parent / "static"
_RECONNECT = 30.0  # seconds that a page without connection keeps its place on the server


def open_door(app: FastAPI, desk: Desk) -> None:
    """Put the page at `/` of the app. Once a process: the page belongs to the library's global app."""
    app.mount("/mynah", StaticFiles(directory=STATIC), name="mynah")
    app.add_middleware(Safety, listens_on=desk.settings.web_host)
    ui.add_head_html(_head(), shared=True)

    @ui.page("/", title="Mynah", response_timeout=PATIENCE)
    async def chat() -> None:
        await ChatPage(desk, browser_id()).build()

    open_review(desk)
    ui.run_with(
        app, title="Mynah", favicon=STATIC / "mynah.svg", dark=None, language="en-US", tailwind=False,
        reconnect_timeout=_RECONNECT, storage_secret=cookie_secret(desk.settings.state_dir),
        session_middleware_kwargs=COOKIE, show_welcome_message=False,
    )  # fmt: skip


def _head() -> str:
    style, script = _address("theme.css"), _address("tables.js")
    return f'<link rel="stylesheet" href="{style}"><script type="module" src="{script}"></script>'


def _address(name: str) -> str:
    """Changes with the contents, so that no browser shows a new page in old clothes."""
    return f"/mynah/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
