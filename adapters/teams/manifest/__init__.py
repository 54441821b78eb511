"""The Teams app: its manifest and icons, zipped for Teams to take."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from adapters.teams.manifest.icons import colour_icon, outline_icon
from bot.config import ConfigError, Settings

TEMPLATE = Path(__file__).resolve().parent / "manifest.json"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE = (2026, 1, 1, 0, 0, 0)  # the same content makes the same file


def manifest(settings: Settings) -> dict[str, object]:
    """The manifest with the app's id and the server's address put in. Raises ConfigError."""
    app_id = settings.teams_app_id.lower()
    if not _ID.fullmatch(app_id):
        raise ConfigError("teams_app_id has to be the id of the app's registration, such as 1a2b3c4d-… (docs/teams.md)")
    url = settings.public_url.rstrip("/") or "https://localhost"
    address = urlsplit(url)
    if address.scheme != "https" or not address.hostname:
        raise ConfigError("public_url has to be an https address: Teams speaks to no other")
    text = TEMPLATE.read_text("utf-8").replace("{app_id}", app_id).replace("{url}", url)
    made: dict[str, object] = json.loads(text.replace("{domain}", address.hostname))
    return made


def package(settings: Settings) -> bytes:
    """The zip file: manifest.json, color.png and outline.png. Raises ConfigError."""
    files = {
        "manifest.json": (json.dumps(manifest(settings), indent=2, ensure_ascii=False) + "\n").encode(),
        "color.png": colour_icon(), "outline.png": outline_icon(),
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name, _DATE), content)
    return buffer.getvalue()
