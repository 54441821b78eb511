"""How texts are compared: cut into words, folded to plain lower-case letters, plurals taken off."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_POSSESSIVE = re.compile(r"['’][sS]\b")
_IRREGULAR = {
    "children": "child", "feet": "foot", "halves": "half", "knives": "knife",
    "men": "man", "mice": "mouse", "scarves": "scarf",
    "shelves": "shelf", "wives": "wife", "women": "woman",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: its characters `start` to `end`, folded, and folded without a plural ending."""

    start: int
    end: int
    folded: str
    stem: str


def fold(text: str) -> str:
    """Lower case without accents: "São" → "sao", "Straße" → "strasse"."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(ch for ch in decomposed if not unicodedata.combining(ch))


def stem(word: str) -> str:
    """A folded word without its plural ending, by one rule for questions and values alike."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word[-1] != "s" or word[-2] in "sui":
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def cut(text: str) -> list[Word]:
    """The words of a text in order; a possessive "'s" belongs to no word."""
    words: list[Word] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if (
            end - start == 1
            and text[end - 1] in "sS"
            and _POSSESSIVE.match(text, start - 1)
            and words
            and start
        ):
            continue
        folded = fold(match.group())
        words.append(Word(start, end, folded, stem(folded)))
    return words


def key_of(text: str) -> str:
    """The stems of a text joined by spaces: equal keys are the same name."""
    return " ".join(word.stem for word in cut(text))
