"""What a stage holds out of training, for what a teacher says of it: neither its SQL nor its words may bring that back.

Synthesis keeps SQL templates and phrasings apart before a teacher is asked. A teacher is not bound by that: its SQL for
a question that is trained may have the shape of a template that is not, and its words may be those of a question that
the student will be measured with.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.canonical import CanonicalError
from bot.nominations import same_words
from bot.shorthand import Shorthand, ShorthandError
from eval_harness.json_lines import read_objects
from kd_training.synthesize.make import holds_out, in_normal_form


class Withheld:
    """The SQL templates that a share `holdout` of them keeps out, and the held-out questions in a folder of pairs."""

    def __init__(self, pairs: Path, holdout: float, shorthand: Shorthand) -> None:
        self._pairs, self._holdout, self._shorthand = pairs, holdout, shorthand
        self._known: dict[str, bool] = {}

    def template(self, target: str) -> bool:
        """Whether short SQL has a held-out template, as it is written or as a corpus would have it."""
        if target not in self._known:
            self._known[target] = holds_out(target, self._holdout) or holds_out(self._normal(target), self._holdout)
        return self._known[target]

    def asked(self, question: str, prompt: str) -> bool:
        """Whether a question is held out, by its words or by what the student reads of it."""
        return same_words(question) in self._questions or prompt in self._prompts

    def _normal(self, target: str) -> str:
        try:
            return in_normal_form(target, self._shorthand)
        except (CanonicalError, ShorthandError):
            return target

    @cached_property
    def _questions(self) -> frozenset[str]:
        return frozenset(same_words(line["question"]) for line in self._lines())

    @cached_property
    def _prompts(self) -> frozenset[str]:
        return frozenset(line["prompt"] for line in self._lines())

    def _lines(self) -> Iterator[dict[str, Any]]:
        for name in ("valid", "phrasings"):
            yield from read_objects(self._pairs / f"{name}.jsonl")
