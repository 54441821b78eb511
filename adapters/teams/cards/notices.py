"""Cards that are no answers: the welcome with questions to press, the state of things, a question at work."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.teams.cards.answer import choice
from adapters.teams.cards.parts import Part, card, press, text

_HOW = "{how} I show what I ran and what came of it, and say so when I am not sure."
_HERE, _MENTION = "Just write your question.", "Mention me with your question."
_WORDS = (
    ("help", "this card"), ("examples", "questions to begin with"), ("status", "what I am connected to"),
    ("cancel", "stop the question that runs here"), ("review", "what people said that waits for a reviewer"),
)  # fmt: skip


def help_card(database: str, examples: Sequence[str], personal: bool = True) -> Part:
    """What the bot is for, the words that it understands, and questions to press."""
    words = [text(f"{word}: {meaning}", spacing="None", isSubtle=True) for word, meaning in _WORDS]
    return card([
        text(f"Ask {database} in plain words", size="Large", weight="Bolder"),
        text(_HOW.format(how=_HERE if personal else _MENTION)), *_asked(examples),
        text("Words that I understand", weight="Bolder", spacing="Medium"), *words,
    ])  # fmt: skip


def examples_card(examples: Sequence[str]) -> Part:
    """Questions to press."""
    return card(_asked(examples))


def _asked(examples: Sequence[str]) -> list[Part]:
    if not examples:
        return []
    asked = [choice(question, "ask", {"question": question}) for question in examples]
    return [text("Questions to begin with", weight="Bolder", spacing="Medium"), *asked]


def lines_card(title: str, lines: Sequence[str]) -> Part:
    """A title and a few lines."""
    return card([text(title, weight="Bolder"), *(text(line, spacing="Small") for line in lines)])


def working_card(stage: str, number: int) -> Part:
    """What stands where the answer will be. `number` is that of the question, to cancel it."""
    return card([text(stage, isSubtle=True)], [press("Cancel", "cancel", {"question": number})])
