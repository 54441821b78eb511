"""Held-out execution accuracy: the student as it would serve, on questions whose SQL template was never trained on."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

from bot.database import Database, DatabaseError, Result
from bot.glossary import Glossary
from bot.guard import Rejected, check
from bot.linking import Linked, link
from bot.schema import Schema
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind
from bot.student import Student
from bot.value_index import ValueIndex
from eval_harness.json_lines import read_objects
from eval_harness.match import answer_match
from kd_training.package import package_student


@dataclass(frozen=True)
class HeldOut:
    """What the accuracy is measured with. `examples` are (question, short SQL)."""

    examples: tuple[tuple[str, str], ...]
    database: Database
    schema: Schema
    glossary: Glossary
    index: ValueIndex
    words: Mapping[str, int]
    today: date

    def evaluator(self, threads: int = 2) -> Callable[[GPT2LMHeadModel, Tokenizer], float]:
        """What `distill` calls: exports the model, and returns the share of questions answered rightly, 0 to 1."""

        def evaluate(model: GPT2LMHeadModel, tokenizer: Tokenizer) -> float:
            with tempfile.TemporaryDirectory() as scratch:
                directory = package_student(
                    (model, tokenizer), Path(scratch) / "student", self.schema, self.words, "held-out", {}
                )
                return self.accuracy(Student.load(directory, self.glossary, threads))

        return evaluate

    def accuracy(self, student: Student) -> float:
        """Greedy, first candidate only: the student itself, without the help that serving adds."""
        shorthand = Shorthand(self.schema, self.glossary)
        right = 0
        for question, target in self.examples:
            linked = link(question, self.index, self.today)
            predicted = student.predict(linked, beam=1)
            if predicted:
                right += self.same(predicted[0].short, target, linked, shorthand)
        return right / max(1, len(self.examples))

    def same(self, predicted: str, target: str, linked: Linked, shorthand: Shorthand) -> bool:
        """Whether short SQL gives what the target gives, which must be something."""
        if predicted == target:
            return True
        if REFUSAL in (predicted, target):
            return False
        wanted, got = (self._run(short, linked, shorthand) for short in (target, predicted))
        if wanted is None or got is None or not wanted.rows:
            return False
        return answer_match(wanted, got, ordered=" ORDER BY " in target and " LIMIT " not in target)

    def _run(self, short: str, linked: Linked, shorthand: Shorthand) -> Result | None:
        try:
            bound = bind(short, linked, shorthand)
            safe = check(bound.sql, self.schema)
            return None if isinstance(safe, Rejected) else self.database.execute(safe, bound.parameters)
        except (ShorthandError, DatabaseError):
            return None


def sample_examples(path: Path, count: int, seed: int) -> tuple[tuple[str, str], ...]:
    """`count` examples of a held-out file, each SQL template at most twice, the same for the same seed."""
    lines = list(read_objects(path))
    random.Random(seed).shuffle(lines)
    taken: dict[str, int] = {}
    chosen: list[tuple[str, str]] = []
    for line in lines:
        if taken.get(line["target"], 0) < 2 and len(chosen) < count:
            taken[line["target"]] = taken.get(line["target"], 0) + 1
            chosen.append((line["question"], line["target"]))
    return tuple(chosen)
