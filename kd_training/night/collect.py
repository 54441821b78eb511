"""Admitted pairs → lines to learn: linked as they were asked, their SQL in short, tried on the live database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from bot.nominations import digest
from bot.prompt import prompt, render
from bot.vocabulary import MIN_COUNT, Vocabulary, count_words
from kd_training.pairs import AdmittedPair
from kd_training.questions import Ground
from kd_training.shards import write_whole
from kd_training.slotted import SlottedError, Speech, sensible, slotted


@dataclass(frozen=True)
class Learned:
    """One pair as it is learned: the text that the student reads, its short SQL, and how much it counts.

    `users` are those who vouch for it, as `door:user`. `digest` is what a manifest remembers the pair by.
    """

    digest: str
    question: str
    text: str
    short: str
    weight: int
    users: tuple[str, ...]


@dataclass(frozen=True)
class Collected:
    """What a night may learn from people, and what of it cannot be said in the student's language, with the reason.

    `present` has the digests of both: what cannot be said this night was not taken out.
    """

    pairs: tuple[Learned, ...]
    unsaid: tuple[tuple[str, str], ...]
    present: frozenset[str]

    @property
    def digests(self) -> list[str]:
        """Of what can be said, sorted."""
        return sorted({pair.digest for pair in self.pairs})


def collect(admitted: Sequence[AdmittedPair], ground: Ground) -> Collected:
    """Bring every pair to the student's language. One that does not get there is named, never an error."""
    pairs: list[Learned] = []
    unsaid: list[tuple[str, str]] = []
    speech = Speech.over(ground)
    for pair in admitted:
        linked = on(ground, pair.asked_on).link(pair.question)
        try:
            short = sensible(pair.short, linked, speech) if pair.short else slotted(pair.sql, linked, speech)
        except SlottedError as error:
            unsaid.append((pair.question, str(error)))
        else:
            pairs.append(Learned(_digest(pair), pair.question, render(linked), short, pair.weight, pair.users))
    return Collected(tuple(pairs), tuple(unsaid), frozenset(map(_digest, admitted)))


def _digest(pair: AdmittedPair) -> str:
    """Sixteen digits over what was admitted: the same on every night, however the pair is said in it."""
    return digest(pair.question, pair.sql)[:16]


def on(ground: Ground, day: date) -> Ground:
    """The same ground on another day: what "last month" means there."""
    return ground if day == ground.today else replace(ground, today=day)


def write_added(pairs: Sequence[Learned], copies: int, known: Mapping[str, int], path: Path) -> dict[str, int]:
    """Write the lines that join the training, each as often as it counts; the words that the student then knows.

    People's words count as known: a question must not be "corrected" into another one.
    """
    words = dict(known)
    for word, count in count_words([pair.text for pair in pairs] * MIN_COUNT).items():
        words[word] = max(words.get(word, 0), MIN_COUNT, count)
    write_whole(path, _lines(pairs, copies, Vocabulary(words)))
    return words


def _lines(pairs: Iterable[Learned], copies: int, vocabulary: Vocabulary) -> Iterable[str]:
    for pair in pairs:
        text = vocabulary.correct(pair.text)
        line: dict[str, Any] = {
            "prompt": prompt(text),
            "target": pair.short,
            "question": pair.question,
            "key": hashlib.sha256(f"{text}\n{pair.short}".encode()).hexdigest()[:16],
        }
        yield from [json.dumps(line, ensure_ascii=False) + "\n"] * (copies * pair.weight)
