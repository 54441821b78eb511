"""Questions that lean on the one before: "and in Canada?", "same for Germany". Each question is read alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.linking import Linked

_OPENING = re.compile(
    r"\W*(?:(?:ok(?:ay)?|so|and|but|also|now)\W+)*"
    r"(?:(?:and|but|also)\b(?!-)|(?:what|how)\s+about\b|(?:the\s+)?same\s+(?:thing\s+|question\s+)?"
    r"(?:for|but|in|by|with|on|from|again)\b|now\s+(?:for|by|in|only|just)\b)",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\b(?:by|per)\s+(?:the\s+|each\s+)?([^\W\d_]+)", re.IGNORECASE)
_GLUE = frozenset([
    "a", "again", "also", "an", "and", "as", "at", "but", "by", "during", "else", "for", "from", "in", "instead",
    "just", "mynah", "not", "of", "on", "only", "or", "over", "per", "please", "pls", "since", "so", "than", "the",
    "then", "there", "this", "that", "to", "too", "well", "with", "without",
])  # fmt: skip


def leans(linked: Linked, named: Callable[[str], bool]) -> bool:
    """Whether a question opens as one that goes on from another, and names nothing that can be counted or listed.

    It is then made of values, numbers and times, of what to group by, and of words between them. `named` says whether
    a word is in the name of a table or column.
    """
    opening = _OPENING.match(linked.question)
    if opening is None:
        return False
    rest, at = "", opening.end()
    for slot in linked.slots:
        if slot.end <= opening.end():
            continue
        if slot.kind == "value" and any(named(word) for word in _words(slot.text)):
            return False
        rest += linked.question[at : max(at, slot.start)] + " "
        at = slot.end
    rest += linked.question[at:]
    grouped = _GROUPED.findall(rest)
    left = [word for word in _words(_GROUPED.sub(" ", rest)) if word not in _GLUE]
    meant = len(linked.slots) > 0 or bool(grouped)
    return meant and not left


def _words(text: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[^\W\d_]+", text)]
