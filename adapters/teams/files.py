"""Rows as a file in a personal chat: Teams asks the person first, then the file goes to their own OneDrive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from adapters.chat_desk import Found
from adapters.reception import Reception
from adapters.teams.downloads import csv_of
from adapters.teams.events import Event
from adapters.teams.gate import is_here
from adapters.teams.messages import Message
from adapters.teams.sdk import Wire
from bot.feedback import Rejected

CONSENT = "application/vnd.microsoft.teams.card.file.consent"
INFO = "application/vnd.microsoft.teams.card.file.info"
_HOSTS = (".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us", ".sharepoint.cn")
_SECONDS = (10, 60)  # to connect, and to send
log = logging.getLogger("mynah.teams")


class Files:
    """The two steps of a file: the offer, and what comes of it."""

    def __init__(self, wire: Wire, reception: Reception, local: bool) -> None:
        self._wire = wire
        self._reception = reception
        self._local = local

    def offer(self, found: Found, event: Event) -> Message | Rejected:
        """The question whether the person wants the file. Blocks."""
        made = csv_of(self._reception.desk, found, event.asker)
        if isinstance(made, Rejected):
            return made
        name, content = made
        kept = {"answer": found.answer.id}
        described = {
            "description": "The rows of this answer as a CSV file.", "sizeInBytes": len(content),
            "acceptContext": kept, "declineContext": kept,
        }  # fmt: skip
        card = {"contentType": CONSENT, "name": name, "content": described}
        return Message(files=(card,), summary=f"{name}: shall I put it into your OneDrive?")

    async def consented(self, event: Event) -> None:
        """The person took the file or did not."""
        value = event.value if isinstance(event.value, dict) else {}
        context, target = _part(value, "context"), _part(value, "uploadInfo")
        if value.get("action") == "decline":
            await self._wire.tell(event.address, Message(text="All right, no file."))
        if value.get("action") != "accept":
            return
        # Not among the questions at work: a slow OneDrive would keep them from being answered.
        text = await asyncio.to_thread(self._upload, str(context.get("answer", "")), target, event)
        if text:
            await self._wire.tell(event.address, Message(text=text))
            return
        info = {"uniqueId": target.get("uniqueId"), "fileType": target.get("fileType")}
        card = {
            "contentType": INFO, "name": str(target.get("name", "answer.csv")), "content": info,
            "contentUrl": str(target.get("contentUrl", "")),
        }  # fmt: skip
        await self._wire.tell(event.address, Message(files=(card,), summary="The file is in your OneDrive."))

    def _upload(self, answer_id: str, target: Mapping[str, Any], event: Event) -> str:
        """Put the file where Teams says; what went wrong as a sentence, or nothing."""
        url = str(target.get("uploadUrl", ""))
        if not self._trusted(url):
            log.warning("a file was to go to an address that is not OneDrive's")
            return "I may not put files there."
        found = self._reception.desk.find(answer_id, event.asker)
        made = found if isinstance(found, Rejected) else csv_of(self._reception.desk, found, event.asker)
        if isinstance(made, Rejected):
            return made.message
        _, content = made
        headers = {"Content-Type": "text/csv", "Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}
        try:
            answered = requests.put(url, content, headers=headers, timeout=_SECONDS, allow_redirects=False)
            answered.raise_for_status()
        except requests.RequestException as error:
            log.warning("a file could not be uploaded: %s", type(error).__name__)
            return "The file could not be put into your OneDrive. Please try again."
        return ""

    def _trusted(self, url: str) -> bool:
        """Whether rows may go there: what comes in with a button press could name any place."""
        parts = urlsplit(url)
        if self._local and is_here(url):
            return True
        return parts.scheme == "https" and (parts.hostname or "").endswith(_HOSTS)


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
