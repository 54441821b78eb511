"""A student's calibration: it answers questions that it never learned from, and the harness fits how sure to be.

    python -m kd_training.calibration --student DIR --db URL --pairs DIR [--examples FILE] [--target 0.95]

`--pairs` is the folder of a synthesis: its phrasings.jsonl (new words for SQL templates that were trained on) and
valid.jsonl (templates that were not). `--examples` adds questions with gold SQL that people wrote, if they are not the
ones that the student will be measured with. The fit is kept in the student's directory, as calibration.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from bot.answer import Bot
from bot.candidates import Candidate
from bot.confidence import Calibration, features
from bot.database import Database, DatabaseError, Limits, Result, connect
from bot.glossary import Glossary, load_glossary
from bot.guard import Rejected, check
from bot.linking import Linked
from bot.manifest import read_manifest, write_manifest
from bot.nominations import same_words
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind
from bot.student import Student
from bot.value_reading import build_index
from eval_harness.calibrate import LEAST, Fit, Observation, Seen, fit
from eval_harness.example import Example, read_examples
from eval_harness.json_lines import read_objects
from eval_harness.match import answer_match
from eval_harness.parts import tables_read

FILE = "calibration.json"
Gold = tuple[str, Result]  # SQL and what it gave
Part = Literal["calibrate", "measure"]  # what a half of the held-out questions is for
_ALL = Calibration({}, 0.0)  # makes the bot run every candidate


def shape(question: str, target: str) -> str:
    """What two pairs share that are one task: the SQL template; of what is refused, the question."""
    return same_words(question) if target == REFUSAL else re.sub(r":[vnd]\d+", ":s", target)


def part_of(question: str, target: str) -> Part:
    """The half that a held-out pair is in: all of one shape are in the same."""
    return "measure" if hashlib.sha256(shape(question, target).encode()).digest()[0] % 2 else "calibrate"


def is_among(question: str, target: str, known: Collection[str]) -> bool:
    """Whether a pair asks or says what is known already: questions as `same_words` has them, and shapes."""
    return same_words(question) in known or shape(question, target) in known


def sample_pairs(
    pairs: Path, count: int, seed: int = 0, part: Part | None = None, without: Collection[str] = ()
) -> dict[str, list[tuple[str, str]]]:
    """Up to `count` held-out (question, short SQL) of each kind, each SQL template at most four times.

    "phrasings" are new words for templates that were trained, "templates" are templates that were not. Of `part` only,
    if given: who calibrates and measures must not do both with the same. None that `is_among` those `without`.
    """

    def wanted(question: str, target: str) -> bool:
        return part in (None, part_of(question, target)) and not is_among(question, target, without)

    return {
        "phrasings": _sample(pairs / "phrasings.jsonl", count, seed, wanted),
        "templates": _sample(pairs / "valid.jsonl", count, seed, wanted),
    }


def _sample(path: Path, count: int, seed: int, wanted: Callable[[str, str], bool]) -> list[tuple[str, str]]:
    lines = list(read_objects(path)) if path.is_file() else []
    random.Random(seed).shuffle(lines)
    taken: dict[str, int] = {}
    kept: list[tuple[str, str]] = []
    for line in lines:
        limit = max(4, count // 10) if line["target"] == REFUSAL else 4
        if len(kept) >= count:
            break
        if taken.get(line["target"], 0) < limit and wanted(line["question"], line["target"]):
            taken[line["target"]] = taken.get(line["target"], 0) + 1
            kept.append((line["question"], line["target"]))
    return kept


class Observer:
    """Watches what a student makes of questions whose answers are known."""

    def __init__(self, student: Student, database: Database, terms: Glossary, today: date, beam: int = 4) -> None:
        self._database = database
        self._schema = database.schema()
        index = build_index(database, self._schema, terms.values)
        self._shorthand = Shorthand(self._schema, terms)
        self._beam = beam
        self._bot = Bot(database, self._schema, terms, index, student, Limits(), beam, 0.0, today, calibration=_ALL)

    def fit(
        self, sampled: Mapping[str, Sequence[tuple[str, str]]], target: float, examples: Sequence[Observation] = ()
    ) -> Fit:
        """Weights from all that was held out, the threshold from what is most like what people ask.

        Templates that were never trained are harder than that: a threshold chosen on them would call nearly every
        answer unsure. They only stand in where there is little else. Raises CalibrationError.
        """
        typical = [*self.pairs(sampled["phrasings"]), *examples]
        hard = self.pairs(sampled["templates"])
        return fit([*typical, *hard], target, None if len(typical) < 2 * LEAST else len(typical))

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> list[Observation]:
        """Observations of (question, short SQL)."""
        return [seen for question, target in pairs if (seen := self._pair(question, target))]

    def examples(self, examples: Iterable[Example]) -> list[Observation]:
        """Observations of examples with gold SQL, or with none where refusing is right."""
        found: list[Observation] = []
        for example in examples:
            golds = [(sql, r) for sql in example.sql if (r := self._run(sql, {})) is not None]
            if golds or not example.sql:
                found.append(self._observe(example.question, golds, example.ordered, example.question))
        return found

    def _pair(self, question: str, target: str) -> Observation | None:
        linked = self._bot.link(question)
        if target == REFUSAL:
            return self._observe(question, [], False, question)
        try:
            bound = bind(target, linked, self._shorthand)
        except ShorthandError:
            return None
        gold = self._run(bound.sql, bound.parameters)
        if gold is None:
            return None
        # Whether a question asks for an order is not written down with it, so no order is asked for.
        return self._observe(question, [(bound.sql, gold)], False, shape(question, target))

    def _observe(self, question: str, golds: Sequence[Gold], ordered: bool, group: str) -> Observation:
        linked: Linked = self._bot.link(question)
        predictions = self._bot.student.predict(linked, self._beam)
        if not predictions:
            return Observation(group, ())
        candidates, _ = self._bot.consider(linked, predictions)
        unknown = len(self._bot.student.vocabulary.unknown(self._bot.student.read(linked)))
        seen = [
            Seen(features(c, candidates, linked, unknown), _right(c, golds, ordered), c.refuses)
            for c in candidates
            if c.stands
        ]
        return Observation(group, tuple(seen))

    def _run(self, sql: str, parameters: Mapping[str, str | int | float]) -> Result | None:
        safe = check(sql, self._schema, self._database.dialect)
        if isinstance(safe, Rejected):
            return None
        try:
            return self._database.execute(safe, parameters)
        except DatabaseError:
            return None


def _right(candidate: Candidate, golds: Sequence[Gold], ordered: bool) -> bool:
    if candidate.result is None or candidate.canonical is None:
        return not golds
    read = tables_read(candidate.canonical)
    return any(answer_match(gold, candidate.result, ordered, read == tables_read(sql)) for sql, gold in golds)


def keep_calibration(directory: Path, found: Fit) -> None:
    """Write the fit into a student's directory, and the directory's manifest anew. Raises StudentError, OSError."""
    manifest = read_manifest(directory)
    (directory / FILE).write_text(json.dumps(found.to_json(), indent=1) + "\n", encoding="utf-8")
    write_manifest(directory, manifest.version, manifest.fingerprint, manifest.origin)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kd_training.calibration", description=__doc__)
    parser.add_argument("--student", type=Path, required=True)
    parser.add_argument("--db", required=True)
    parser.add_argument("--glossary", type=Path)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--examples", type=Path)
    parser.add_argument("--today", type=date.fromisoformat, default=date.today())
    parser.add_argument("--count", type=int, default=800, help="questions of each held-out kind")
    parser.add_argument("--target", type=float, default=0.95)
    options = parser.parse_args(arguments)
    glossary = options.glossary or options.student / "glossary.toml"
    database = connect(options.db)
    try:
        terms = load_glossary(glossary)
        observer = Observer(Student.load(options.student, terms), database, terms, options.today)
        examples = observer.examples(read_examples(options.examples)) if options.examples else []
        found = observer.fit(sample_pairs(options.pairs, options.count), options.target, examples)
    finally:
        database.close()
    keep_calibration(options.student, found)
    print(json.dumps(found.to_json(), indent=1), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
