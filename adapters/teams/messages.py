"""What goes out to Teams and where to, without a word of any SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# Says below a message that it was made by a machine.
AI = {
    "type": "https://schema.org/Message", "@type": "Message", "@context": "https://schema.org",
    "additionalType": ["AIGeneratedContent"],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: a conversation, and the service that reaches it. `reply_to` is a message's id."""

    service_url: str
    conversation: str
    bot: str = ""
    bot_name: str = ""
    tenant: str = ""
    reply_to: str = ""

    @classmethod
    def kept(cls, kept: Mapping[str, Any]) -> Address:
        """The address that `as_kept` made a mapping of."""
        return cls(**{name: str(kept.get(name, "")) for name in cls.__dataclass_fields__})

    def as_kept(self) -> dict[str, str]:
        """To be kept with a question, for whoever goes on with it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `summary` is what notifications say of a card."""

    text: str = ""
    card: Mapping[str, Any] | None = None
    summary: str = ""
    kind: Literal["message", "typing"] = "message"
    files: tuple[Mapping[str, Any], ...] = ()
    entities: tuple[Mapping[str, Any], ...] = ()
    channel_data: Mapping[str, Any] = field(default_factory=dict)


def typing() -> Message:
    """The dots that say somebody writes."""
    return Message(kind="typing")


def answer_message(card: Mapping[str, Any], summary: str) -> Message:
    """An answer: with the label that a machine made it, and Teams' own thumbs below."""
    return Message(
        card=card, summary=summary[:500], entities=(AI,), channel_data={"feedbackLoop": {"type": "default"}}
    )


def streaming(text: str, number: int, stream: str = "") -> Message:
    """A step of a streamed message: what goes on, until `finished` takes its place."""
    info: dict[str, Any] = {"type": "streaminfo", "streamType": "informative", "streamSequence": number}
    return Message(text=text, kind="typing", entities=(info | ({"streamId": stream} if stream else {}),))


def finished(message: Message, stream: str) -> Message:
    """The message that ends a stream."""
    info = {"type": "streaminfo", "streamType": "final", "streamId": stream}
    return Message(
        text=message.text, card=message.card, summary=message.summary, files=message.files,
        entities=(info, *message.entities), channel_data=message.channel_data,
    )  # fmt: skip
