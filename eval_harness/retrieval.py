"""The retrieval baseline: the SQL of the nearest training question, with this question's slots in it.

Questions are compared as the student reads them, with slots for values, numbers and times, by BM25 (Robertson and
Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond"; k1 = 1.2, b = 0.75) over their words and
pairs of neighbouring words. Of the nearest, the first whose SQL needs no slot that the question has not, and which
the guard lets through, is the answer. Its confidence is its score over that of a question equal to the one asked.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from bot.config import Settings
from bot.database import Database
from bot.glossary import load_glossary
from bot.guard import Rejected, check
from bot.linking import Linked, ValueIndex, cached_index, link
from bot.prompt import PREFIX, render
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind, literal_sql
from eval_harness.evaluate import Prediction
from eval_harness.example import ExampleError
from eval_harness.json_lines import numbered_lines

NEAREST = 20  # so many are tried
_K1, _B = 1.2, 0.75
_WORD = re.compile(r":?[\w%]+")


@dataclass(frozen=True, slots=True)
class Known:
    """A training pair: the question as the student reads it, and the short SQL."""

    text: str
    target: str


def read_pairs(path: Path) -> list[Known]:
    """Pairs of a training run: JSON Lines of `target` and `text`, `prompt` or `question`. Raises ExampleError."""
    try:
        lines = numbered_lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ExampleError(f"{path} cannot be read: {error}.") from error
    pairs = dict.fromkeys(_pair(line, f"{path}, line {n}") for n, line in lines)
    if not pairs:
        raise ExampleError(f"{path} holds no pairs.")
    return list(pairs)


def _pair(line: str, where: str) -> Known:
    try:
        data: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise ExampleError(f"{where}: this is not JSON ({error}).") from error
    data = data if isinstance(data, dict) else {}
    text = data.get("text") or data.get("prompt") or data.get("question")
    target = data.get("target")
    if not isinstance(text, str) or not isinstance(target, str):
        raise ExampleError(f"{where}: a pair must have a 'target' and a 'text', 'prompt' or 'question'.")
    return Known(text.removeprefix(PREFIX).strip(), target)


class Nearest:
    """An index of texts by BM25."""

    def __init__(self, texts: Sequence[str]) -> None:
        documents = [_terms(text) for text in texts]
        self._average = sum(map(len, documents)) / max(1, len(documents)) or 1.0
        self._unseen = math.log(1 + (len(documents) + 0.5) / 0.5)
        self._size = len(documents)
        found: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
        for number, terms in enumerate(documents):
            for term, count in Counter(terms).items():
                numbers, weights = found[term]
                numbers.append(number)
                weights.append(self._weight(count, len(terms)))
        self._postings = {term: (np.array(ns, np.int64), np.array(ws)) for term, (ns, ws) in found.items()}
        self._rarity = {
            term: math.log(1 + (len(documents) - len(numbers) + 0.5) / (len(numbers) + 0.5))
            for term, (numbers, _) in self._postings.items()
        }

    def find(self, text: str, most: int = NEAREST) -> list[tuple[int, float]]:
        """The nearest texts by number with their scores, the best first; those without a common word are left out."""
        scores = np.zeros(self._size)
        for term, times in Counter(_terms(text)).items():
            if term in self._postings:
                numbers, weights = self._postings[term]
                scores[numbers] += times * self._rarity[term] * weights
        best = np.argsort(-scores, kind="stable")[:most]
        return [(int(number), float(scores[number])) for number in best if scores[number] > 0]


    def of_itself(self, text: str) -> float:
        """The score that a text equal to this one would have."""
        counts = Counter(_terms(text))
        size = counts.total()
        return sum(
            times * self._rarity.get(term, self._unseen) * self._weight(times, size) for term, times in counts.items()
        )

    def _weight(self, count: int, size: int) -> float:
        return count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * size / self._average))


def _terms(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return [*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))]


class Retrieval:
    """Answers with the SQL of the nearest known question: a `predict` for `evaluate`."""

    def __init__(self, known: Sequence[Known], shorthand: Shorthand, index: ValueIndex, today: date) -> None:
        self._known = known
        self._nearest = Nearest([pair.text for pair in known])
        self._shorthand = shorthand
        self._index = index
        self._today = today

    def __call__(self, question: str) -> Prediction:
        """The nearest question's SQL with this question's slots; refused where that says so, failed where none fits."""
        linked = link(question, self._index, self._today)
        text = render(linked)
        for number, score in self._nearest.find(text):
            target = self._known[number].target
            if target == REFUSAL:
                return Prediction("refused")
            sql = self._sql(target, linked)
            if sql is not None:
                return Prediction("answered", sql, min(1.0, score / self._nearest.of_itself(text)))
        return Prediction("failed")

    def _sql(self, target: str, linked: Linked) -> str | None:
        try:
            bound = bind(target, linked, self._shorthand)
            sql = literal_sql(bound)
        except ShorthandError:
            return None
        return None if isinstance(check(bound.sql, self._shorthand.schema), Rejected) else sql


def open_retrieval(settings: Settings, database: Database, pairs: Path) -> Callable[[str], Prediction]:
    """The baseline over a database, with the pairs that a student was trained on. Raises ExampleError."""
    known = read_pairs(pairs)
    own = settings.student_dir / "glossary.toml"
    glossary = load_glossary(settings.glossary or (own if own.is_file() else None))
    schema = database.schema()
    index = cached_index(database, schema, glossary.values, settings.state_dir / "index")
    return Retrieval(known, Shorthand(schema, glossary), index, settings.today or date.today())
