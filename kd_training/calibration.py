"""A student's calibration: it answers questions that it never learned from, and the harness fits how sure to be.

    python -m kd_training.calibration --student DIR --db URL --pairs DIR [--examples FILE] [--target 0.95]

`--pairs` is the folder of a synthesis: its phrasings.jsonl (new words for SQL templates that were trained on) and
valid.jsonl (templates that were not). `--examples` adds questions with gold SQL that people wrote, if they are not the
ones that the student will be measured with. The fit is kept in the student's directory, as calibration.json.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from bot.answer import Bot
from bot.candidates import Candidate
from bot.confidence import Calibration, features
from bot.database import Database, DatabaseError, Limits, Result, connect
from bot.glossary import Glossary, load_glossary
from bot.guard import Rejected, check
from bot.linking import Linked
from bot.manifest import read_manifest, write_manifest
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind
from bot.student import Student
from bot.value_reading import build_index
from eval_harness.calibrate import Fit, Observation, Seen, fit
from eval_harness.example import Example, read_examples
from eval_harness.match import answer_match

FILE = "calibration.json"
ENOUGH = 400  # held-out questions
_ALL = Calibration({}, 0.0)  # makes the bot run every candidate


def sample_pairs(pairs: Path, count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Up to `count` held-out (question, short SQL), each SQL template at most four times.

    New words for templates that were trained are most like what people ask. Templates that were not are harder than
    that, and confidences fitted on them come out too low: they only make up the number where there are few others.
    """
    chosen = _sample(pairs / "phrasings.jsonl", count, seed)
    short = min(count, ENOUGH) - len(chosen)
    return chosen + (_sample(pairs / "valid.jsonl", short, seed) if short > 0 else [])


def _sample(path: Path, count: int, seed: int) -> list[tuple[str, str]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
    random.Random(seed).shuffle(lines)
    taken: dict[str, int] = {}
    kept: list[tuple[str, str]] = []
    for line in lines:
        limit = max(4, count // 10) if line["target"] == REFUSAL else 4
        if len(kept) < count and taken.get(line["target"], 0) < limit:
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

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> list[Observation]:
        """Observations of (question, short SQL)."""
        return [seen for question, target in pairs if (seen := self._pair(question, target))]

    def examples(self, examples: Iterable[Example]) -> list[Observation]:
        """Observations of examples with gold SQL, or with none where refusing is right."""
        found: list[Observation] = []
        for example in examples:
            golds = [r for sql in example.sql if (r := self._run(sql, {})) is not None]
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
        if gold is None or not gold.rows:
            return None  # an empty answer tells a right query from a wrong one no better than luck does
        # Whether a question asks for an order is not written down with it, so no order is asked for.
        return self._observe(question, [gold], False, re.sub(r":[vnd]\d", ":s", target))

    def _observe(self, question: str, golds: Sequence[Result], ordered: bool, group: str) -> Observation:
        linked: Linked = self._bot.link(question)
        predictions = self._bot.student.predict(linked, self._beam)
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


def _right(candidate: Candidate, golds: Sequence[Result], ordered: bool) -> bool:
    if candidate.result is None:
        return not golds
    return any(answer_match(gold, candidate.result, ordered) for gold in golds)


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
    parser.add_argument("--count", type=int, default=1600)
    parser.add_argument("--target", type=float, default=0.95)
    options = parser.parse_args(arguments)
    glossary = options.glossary or options.student / "glossary.toml"
    database = connect(options.db)
    try:
        terms = load_glossary(glossary)
        observer = Observer(Student.load(options.student, terms), database, terms, options.today)
        seen = observer.pairs(sample_pairs(options.pairs, options.count))
        if options.examples:
            seen += observer.examples(read_examples(options.examples))
        found = fit(seen, options.target)
    finally:
        database.close()
    keep_calibration(options.student, found)
    print(json.dumps(found.to_json(), indent=1), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
