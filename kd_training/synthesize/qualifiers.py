"""Puts what narrows a question down where people tack it on: in front, in brackets, as a sentence of its own."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_CLAUSE = re.compile(r"(?:that|who|whose|which)\b")
_SAID = re.compile(
    r"\b(?:exclud\w+|without|not|leaving|outside|apart|ignoring|w/o|no|other|every\w*|disregard\w*|minus|but|except|all"
    r"|whatever|regardless|incl\w*|excl|cancel\w*|across|left|added|together|combined|ex-|both|neither|only|just|non-)\b"
)
_GREETING = re.compile(r"(?:hey|hi|hello|morning!|quick q:)\s+")
_PREPOSITION = re.compile(r"(?:in|from|for|of|on|via|through|among) (?!the \w+$)")


@dataclass(frozen=True, slots=True)
class Qualifier:
    """The words of filters that stood behind the measure, and of a period; either may be empty."""

    words: str
    period: str = ""
    before: str = ""  # a filter that precedes a noun, such as "web"
    noun: str = ""  # that noun, when it can be said again ("only web orders")


def attach(question: str, qualifier: Qualifier, rng: random.Random) -> str:
    """The question with its qualifier in another place than right behind the measure."""
    bare = question.rstrip("?.! ")
    asked = question.endswith("?")
    only = _only(qualifier, rng)
    both = [only, qualifier.period] if rng.random() < 0.5 else [qualifier.period, only]
    said = ", ".join(b for b in both if b)
    front = not _CLAUSE.match(only) and not only.startswith(("the ones", "those"))
    ways = ["dash", "brackets", "comma", "sentence"] + ["front", "front"] * front + ["sentence"] * asked
    way = rng.choice(ways)
    if way == "front":
        greeting = _GREETING.match(question)
        if greeting:
            said, question = f"{greeting.group(0)}{said}", question[greeting.end() :]
        return rng.choice((f"{said}: {question}", f"{said} - {question}", f"{said}, {question}"))
    if way == "brackets":
        return f"{bare} ({said}){'?' if asked and rng.random() < 0.5 else ''}"
    if way == "sentence":
        mark = "?" if asked else "."
        said = f"{said[0].upper()}{said[1:]}" if said[0] != "{" else said
        return f"{bare}{mark} {said}{rng.choice(('.', '', ' please.', ' pls', ', please.', ' thx'))}"
    return f"{bare}{rng.choice((' - ', ' – ', ' -- ', '; ')) if way == 'dash' else ', '}{said}"


def _only(qualifier: Qualifier, rng: random.Random) -> str:
    """The filters' words as they can stand alone."""
    if qualifier.before:
        if qualifier.noun and rng.random() < 0.5:
            return rng.choice(("only", "just")) + f" {qualifier.before} {qualifier.noun}"
        return rng.choice((f"{qualifier.before} only", f"only {qualifier.before}", f"just {qualifier.before}"))
    words = qualifier.words
    if not words or _SAID.search(words):
        return words
    if _CLAUSE.match(words):
        return rng.choice(("only the ones ", "just those ", "the ones ", "only those ")) + words
    roll = rng.random()
    if roll < 0.35:
        return words
    if roll < 0.6:
        return f"only {words}"
    bare = _PREPOSITION.sub("", words, count=1) if _PREPOSITION.match(words) else words
    return f"{bare} only" if roll < 0.8 and len(bare.split()) < 4 else f"{rng.choice(('only', 'just'))} {bare}"
