"""Texts for Slack: what people and databases wrote stays text, and what Slack wrote around a question is taken off.

Everything from outside goes into `plain_text` and rich text, where Slack reads no marks at all. Only a message's
fallback text is read for marks; it is escaped. Zero-width spaces keep what looks like a mention from being one.
"""

from __future__ import annotations

import html
import re
from typing import Any

Block = dict[str, Any]

_CUT = "…"
_MENTION = re.compile(r"<[@!#]([A-Za-z0-9^]+)(?:\|([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto|tel):[^|>]+)(?:\|([^>]*))?>")
_AT = re.compile(r"@(?=channel|here|everyone)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=[^\W\d])(://|\.)(?=[^\W\d])")
_SOMEBODY = re.compile(r"<(?:@(?P<user>[A-Z0-9]+)|!(?:channel|here|everyone|subteam\^[A-Z0-9]+))(?:\|[^>]*)?>")
_USER = re.compile(r"[UW][A-Z0-9]{1,30}")


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` characters as Slack counts them; a longer one ends in an ellipsis.

    >>> cut("abcdef", 4)
    'abc…'
    """
    if length(text) <= limit:
        return text
    kept = text[: limit - 1]
    while length(kept) > limit - 1:
        kept = kept[:-1]
    return kept.rstrip() + _CUT


def length(text: str) -> int:
    """Characters as JavaScript counts them: an emoji is two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def clean_text(text: str) -> str:
    """Without what JSON and Slack cannot hold: half characters, and control characters other than a new line."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(ch if ch == "\n" or ch.isprintable() or ch in "\u200b\u200d\ufe0f" else " " for ch in whole)


def plain(text: str, limit: int = 3000) -> Block:
    """A text object that Slack shows as it is."""
    return {"type": "plain_text", "text": cut(clean_text(text), limit) or " ", "emoji": False}


def marked(text: str) -> Block:
    """A text object with marks: only for words of our own."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def fallback(text: str, limit: int = 3000) -> str:
    """What notifications and screen readers get: escaped, and neither a mention nor a link.

    >>> fallback("<!channel> & @here www.example.com")
    '&lt;!channel&gt; &amp; @\\u200bhere www\\u200b.example\\u200b.com'
    """
    guarded = _ADDRESS.sub("\u200b\\1", _AT.sub("@\u200b", clean_text(text)))
    while len(escaped := html.escape(guarded, quote=False)) > limit:
        guarded = cut(guarded, len(guarded) - max(1, (len(escaped) - limit) // 5))
    return escaped or " "


def mention(user: str) -> str:
    """A user as Slack names them in marked text; nothing for what is no id.

    >>> mention("U012"), mention("!channel")
    ('<@U012>', 'Somebody')
    """
    return f"<@{user}>" if _USER.fullmatch(user) else "Somebody"


def section(text: str) -> Block:
    """A paragraph, shown as it is."""
    return {"type": "section", "text": plain(text)}


def code(text: str, limit: int = 2900) -> Block:
    """A block of code. Rich text has no marks, so nothing in it can end the block."""
    kept = clean_text(text)
    if length(kept) > limit:
        kept = cut(kept, limit - 30) + "\n-- cut: it goes on"
    inside = [{"type": "text", "text": kept or " "}]
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": inside}]}


def context(*parts: Block) -> Block:
    """A small grey line."""
    return {"type": "context", "elements": list(parts)}


def button(text: str, action: str, value: str, style: str = "") -> Block:
    """A button. `value` comes back when it is pressed."""
    made: Block = {"type": "button", "text": {**plain(text, 75), "emoji": True}, "action_id": action, "value": value}
    return made | ({"style": style} if style else {})


def question_of(text: str, bot_user: str) -> str:
    """What a person typed, without the mention of the bot and without Slack's own marks.

    >>> question_of("<@U0BOT> orders &gt; 5 from <#C1|sales> on <https://x.example|x.example>?", "U0BOT")
    'orders > 5 from #sales on x.example?'
    """
    bare = text.replace(f"<@{bot_user}>", " ") if bot_user else text
    bare = _LINK.sub(lambda m: m[2] or m[1], bare)
    bare = _MENTION.sub(lambda m: f"#{m[2]}" if m[0].startswith("<#") and m[2] else f"@{m[2] or m[1]}", bare)
    return " ".join(html.unescape(bare).split())


def to_others(text: str, bot_user: str) -> bool:
    """Whether a message, as Slack writes it, turns to people and not to the bot.

    >>> to_others("<@U2> have a look", "U1"), to_others("<@U1> and <@U2>", "U1"), to_others("by month", "U1")
    (True, False, False)
    """
    users = {match["user"] for match in _SOMEBODY.finditer(text)}
    return bool(users) and bot_user not in users
