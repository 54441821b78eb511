"""Who is at the page: a random id in a signed cookie, which stays the same until the browser forgets it."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from nicegui import app

COOKIE = {"session_cookie": "mynah", "max_age": 400 * 24 * 3600, "same_site": "lax"}  # as long as browsers allow

log = logging.getLogger("mynah.web")


def browser_id() -> str:
    """The id of the browser whose request is being answered: 36 characters."""
    return str(app.storage.browser["id"])


def cookie_secret(state_dir: Path) -> str:
    """The secret that cookies are signed with, made once. Where it cannot be kept, it lasts until a restart."""
    path = state_dir / "web.secret"
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write(path, secrets.token_urlsafe(32))
        found = path.read_text("ascii").strip()
        if len(found) >= 32:
            return found
        log.warning("%s is damaged: browsers will not be recognised after a restart. Remove it.", path)
    except (OSError, UnicodeDecodeError) as error:
        log.warning("%s cannot be kept: browsers will not be recognised after a restart (%s)", path, error)
    return secrets.token_urlsafe(32)


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads; of two processes that start at once, the first one's stays."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink(missing_ok=True)
