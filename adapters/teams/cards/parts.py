"""The small parts that cards are made of: texts, spaces, buttons. A text of the database is never read as Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.formats import clean, shorten
from bot.records import storable

Part = dict[str, Any]
LIMIT = 26_000  # bytes of a card: a message may have some 28 KB, and what surrounds the card needs room too
_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_TITLE = 60  # characters on a button


def card(body: Sequence[Part], actions: Sequence[Part] = ()) -> Part:
    """A whole card as wide as the conversation."""
    whole: Part = {
        "type": "AdaptiveCard", "$schema": _SCHEMA, "version": "1.5", "msteams": {"width": "Full"}, "body": list(body),
    }  # fmt: skip
    return whole | {"actions": list(actions)} if actions else whole


def text(content: str, **looks: Any) -> Part:
    """A text as it stands. `looks` are a run's (weight, size, color …), and `spacing`, `id` and `isVisible`.

    It is no TextBlock, which would read Markdown: a name in a row must not become a link.
    """
    outside: Part = {key: looks.pop(key) for key in ("spacing", "id", "isVisible") if key in looks}
    run: Any = {"type": "TextRun", "text": plain(content), **looks} if looks else plain(content)
    return {"type": "RichTextBlock", "inlines": [run], **outside}


def plain(content: str, most: int = 4_000) -> str:
    """A text that shows what it says: control characters as signs, and nothing that a client would put in its place."""
    return shorten(clean(storable(content)), most).replace("{{", "{\u200b{")


def box(items: Sequence[Part], **looks: Any) -> Part:
    """Several parts together."""
    return {"type": "Container", "items": list(items), **looks}


def press(title: str, verb: str, data: Mapping[str, Any], **looks: Any) -> Part:
    """A button that tells the bot `verb`."""
    return {"type": "Action.Execute", "title": plain(title, _TITLE), "verb": verb, "data": dict(data), **looks}


def link(title: str, url: str) -> Part:
    """A button that opens an address."""
    return {"type": "Action.OpenUrl", "title": plain(title, _TITLE), "url": url}


def turn(title: str, part: str) -> Part:
    """A button that shows and hides the part of that id."""
    return {"type": "Action.ToggleVisibility", "title": title, "targetElements": [part]}


def size(part: Part | Sequence[Part]) -> int:
    """The bytes that a part takes in a message, counted at the worst: every character beyond ASCII as `\\uXXXX`."""
    return len(json.dumps(part, separators=(", ", ": ")))
