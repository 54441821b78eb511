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
# What is typed in a chat for words that a student knows. Not after a word that makes it a thing ("per rn", "an atm").
_CHAT = {
    "rn": "right now", "atm": "at the moment", "u": "you", "ur": "your", "plz": "please", "lmk": "let me know",
    "gonna": "going to", "wanna": "want to", "lemme": "let me", "gimme": "give me", "cuz": "because", "coz": "because",
    "tot": "total", "ttl": "total", "num": "number", "approx": "about", "b/w": "between", "hrs": "hours",
    "mins": "minutes", "tbh": "", "idk": "", "imo": "",
}  # fmt: skip
_THING = ("a", "an", "the", "per", "by", "each", "every", "of", "for", "and", "or", "from", "in", "with", "many", "no")
_CHATTED = re.compile(r"(?<![\w.:/&+'-])(" + "|".join(map(re.escape, _CHAT)) + r")(?![\w/&'-]|\.\w)")
_BEFORE = re.compile(r"(\w+)\s+$")


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
    text = _CHATTED.sub(_said_in_full, text)
    text = _TYPED_SLOT.sub(": ", _MARKUP.sub(" ", text))  # only the linker writes slots
    return _REPEATED.sub(r"\1", _SPACE.sub(" ", text))


def _said_in_full(match: re.Match[str]) -> str:
    before = _BEFORE.search(match.string[: match.start()])
    return match.group() if before and before.group(1) in _THING else _CHAT[match.group()]


def _slot_text(slot: Slot) -> str:
    if slot.kind == "period":
        return f":{slot.name}"
    if slot.kind == "number":
        return f":{slot.name}%" if slot.percent else f":{slot.name}"
    words = f"{_clean(slot.text)} " if slot.keep else ""
    return f"{words}:{slot.name}[{'|'.join(slot.columns[:4])}]"
