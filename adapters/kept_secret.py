"""A secret that is made once and kept in a file that only its owner reads."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

log = logging.getLogger("mynah.web")


def kept_secret(path: Path, loss: str) -> str:
    """The secret in that file. Where it cannot be kept it lasts until a restart; `loss` says what that means."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write(path, secrets.token_urlsafe(32))
        found = path.read_text("ascii").strip()
        if len(found) >= 32:
            return found
        log.warning("%s is damaged: %s after a restart. Remove it.", path, loss)
    except (OSError, UnicodeDecodeError) as error:
        log.warning("%s cannot be kept: %s after a restart (%s)", path, loss, error)
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
