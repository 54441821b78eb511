"""What Teams tells the bot, as far as the bot cares: read from JSON that a stranger may have written."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast

from adapters.teams.messages import Address
from bot.access import Asker

DOOR = "teams"
Scope = Literal["personal", "groupChat", "channel"]
_LONGEST = 2_000  # characters of an id
_MENTION = re.compile(r"<at[^>]*>(.*?)</at>", re.DOTALL)
_THREAD = ";messageid="


class BadEvent(Exception):
    """The request is no event that Teams sends."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `channel` is that of a team, or a group chat; empty in a personal chat. `thread` is a channel's."""

    kind: str
    id: str
    name: str
    text: str
    value: Any
    user: str
    tenant: str
    scope: Scope
    conversation: str
    channel: str
    thread: str
    reply_to: str
    service_url: str
    sent: datetime | None
    bot: str
    bot_name: str
    groups: frozenset[str] = frozenset()
    liked: tuple[str, ...] = ()
    unliked: tuple[str, ...] = ()
    action: str = ""
    added: frozenset[str] = field(default=frozenset())

    @property
    def asker(self) -> Asker:
        """Who it is from, and where."""
        return Asker(self.user, self.groups, self.channel, DOOR)

    @property
    def address(self) -> Address:
        """Where an answer goes."""
        return Address(self.service_url, self.conversation, self.bot, self.bot_name, self.tenant)


def read_event(body: Any) -> Event:
    """The event in a request's JSON. Raises BadEvent."""
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise BadEvent
    told = _part(body, "channelData")
    conversation, sender, bot = (_part(body, name) for name in ("conversation", "from", "recipient"))
    team, channel = _part(told, "team"), _part(told, "channel")
    whole = _word(conversation, "id")
    outer, _, thread = whole.partition(_THREAD)
    scope = _scope(_word(conversation, "conversationType"), team)
    return Event(
        kind=body["type"], id=_word(body, "id"), name=_word(body, "name"), text=_said(body, _word(bot, "id")),
        value=body.get("value"), user=_word(sender, "aadObjectId") or _word(sender, "id"),
        tenant=_word(_part(told, "tenant"), "id") or _word(conversation, "tenantId"), scope=scope, conversation=whole,
        channel="" if scope == "personal" else (_word(channel, "id") if scope == "channel" else "") or outer,
        thread=thread if scope == "channel" else "", reply_to=_word(body, "replyToId"),
        service_url=_word(body, "serviceUrl"), sent=_moment(_word(body, "timestamp")), bot=_word(bot, "id"),
        bot_name=_word(bot, "name"),
        groups=frozenset(filter(None, (_word(team, "aadGroupId"), _word(team, "id")))),
        liked=_reactions(body, "reactionsAdded"), unliked=_reactions(body, "reactionsRemoved"),
        action=_word(body, "action"), added=frozenset(_word(m, "id") for m in _list(body, "membersAdded")),
    )  # fmt: skip


def _scope(said: str, team: Mapping[str, Any]) -> Scope:
    if said in ("personal", "groupChat", "channel"):
        return cast(Scope, said)
    return "channel" if team else "personal"


def _said(body: Mapping[str, Any], bot: str) -> str:
    """The text without the mention of the bot; other people who are mentioned stay, by name."""
    text = body.get("text")
    if not isinstance(text, str):
        return ""
    for entity in _list(body, "entities"):
        mentioned, written = _word(_part(entity, "mentioned"), "id"), _word(entity, "text")
        if entity.get("type") == "mention" and mentioned == bot and written:
            text = text.replace(written, " ")
    return " ".join(html.unescape(_MENTION.sub(r"\1", text)).split())


def _reactions(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_word(each, "type") for each in _list(body, name))


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _list(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = body.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _word(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    return found[:_LONGEST] if isinstance(found, str) else ""
