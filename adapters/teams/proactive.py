"""A message that nobody asked for, such as the nightly report, to a conversation that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from adapters.teams.door import identity
from adapters.teams.messages import Address, Message
from adapters.teams.sdk import Unreachable, Wire
from bot.config import Settings

__all__ = ["Unreachable", "announce"]
_SERVICE = "teams/"  # behind the first of teams_service_urls: it reaches the conversations of all regions


def announce(settings: Settings, text: str, card: Mapping[str, Any] | None = None, service_url: str = "") -> str:
    """Post a text, or a card with the text as its summary, to `teams_report`; the id of the message, "" if there is no
    such setting. Blocks. Raises Unreachable, with a text for the log."""
    if not settings.teams_report:
        return ""
    address = Address(
        service_url or settings.teams_service_urls[0].rstrip("/") + "/" + _SERVICE, settings.teams_report,
        bot=f"28:{settings.teams_app_id}", tenant=settings.teams_tenants[0] if settings.teams_tenants else "",
    )  # fmt: skip
    message = Message(card=card, summary=text) if card is not None else Message(text=text)
    return asyncio.run(Wire(identity(settings)).send(address, message))
