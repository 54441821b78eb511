"""Who is at the page: a random id in a signed cookie, which stays the same until the browser forgets it."""

from __future__ import annotations

from pathlib import Path

from nicegui import app

from adapters.kept_secret import kept_secret

COOKIE = {"session_cookie": "mynah", "max_age": 400 * 24 * 3600, "same_site": "lax"}  # as long as browsers allow


def browser_id() -> str:
    """The id of the browser whose request is being answered: 36 characters."""
    return str(app.storage.browser["id"])


def cookie_secret(state_dir: Path) -> str:
    """The secret that cookies are signed with, made once. Where it cannot be kept, it lasts until a restart."""
    return kept_secret(state_dir / "web.secret", "browsers will not be recognised")
