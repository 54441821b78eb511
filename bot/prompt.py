"""The only place where a question becomes the text that the student reads; training and serving share it."""

from __future__ import annotations

import re
import unicodedata

from bot.linking import Linked, Slot

PREFIX = "<|endoftext|>"
SEPARATOR = "\n"
MAX_CHARACTERS = 1_000
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})
_SPACE = re.compile(r"\s+")
_REPEATED = re.compile(r"([!?.,])\1+")
_TYPED_SLOT = re.compile(r":(?=[vnd]\d)")
_MARKUP = re.compile(r"<\|.*?\|>|[{}<>|\\`]")
# A sign before a number or a slot compares; anywhere else it is markup or an arrow.
_COMPARED = r"(?=\s*(?:[$€£\d]|$))"
_SIGNS = (
    (re.compile(r"(?:>=|=>|≥)" + _COMPARED), " at least "),
    (re.compile(r"(?:<=|=<|≤)" + _COMPARED), " at most "),
    (re.compile(r"(?<![-=<>])>" + _COMPARED), " more than "),
    (re.compile(r"(?<![-=<>])<" + _COMPARED), " less than "),
)


def render(linked: Linked) -> str:
    """The question in lower case with its slots written in, e.g. `how many orders from :v0[customers.country] :d0?`."""
    parts: list[str] = []
    position = 0
    for slot in sorted(linked.slots, key=lambda s: s.start):
        parts.append(_clean(linked.question[position : slot.start]))
        parts.append(f" {_slot_text(slot)} ")
        position = slot.end
    parts.append(_clean(linked.question[position:]))
    text = _SPACE.sub(" ", "".join(parts)).strip()
    return re.sub(r" ([?.,!;:'])(?![a-z]\d)", r"\1", text)


def prompt(text: str) -> str:
    """What stands before the SQL: the fixed prefix, the rendered question, the separator."""
    return f"{PREFIX}{text}{SEPARATOR}"


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_PLAIN)).lower()
    for sign, words in _SIGNS:
        text = sign.sub(words, text)
    text = _TYPED_SLOT.sub(": ", _MARKUP.sub(" ", text))  # only the linker writes slots
    return _REPEATED.sub(r"\1", _SPACE.sub(" ", text))


def _slot_text(slot: Slot) -> str:
    if slot.kind == "period":
        return f":{slot.name}"
    if slot.kind == "number":
        return f":{slot.name}%" if slot.percent else f":{slot.name}"
    words = f"{_clean(slot.text)} " if slot.keep else ""
    return f"{words}:{slot.name}[{'|'.join(slot.columns[:4])}]"
