"""One TOML file → one student: synthesize the pairs, distil, export, and write the manifest.

    [student]      version, output; held_out: how many unseen questions choose the checkpoint; calibrated_on: how many
                   of each held-out kind say how sure it may be, and target: how often what it answers shall be right
    [synthesize]   corpus, repeats, composed, corpus_copies, holdout, seed, parts
    [distill]      the settings of DistillConfig
    [[stage]]      settings of [synthesize] and [distill] that this stage changes; each starts from the one before

Paths start at the recipe's own folder. What a run makes on the way lies under `runs/` beside it, keyed by what it
was made from, so that a run that was stopped goes on where it was, and a finished part is not made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.database import Database, connect
from bot.glossary import load_glossary
from bot.schema import Schema
from bot.student import Student
from bot.value_reading import build_index
from eval_harness.calibrate import CalibrationError
from kd_training.calibration import Observer, keep_calibration, sample_pairs
from kd_training.distill import distill
from kd_training.distill_config import ConfigError, DistillConfig
from kd_training.distill_report import Report
from kd_training.held_out import HeldOut, sample_examples
from kd_training.package import package_student
from kd_training.synthesize.job import Job, synthesize

KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "DESC", "DISTINCT", "COUNT(*)", "IS NULL",
    "LEFT JOIN", "CASE WHEN", "100.0 *",
)  # fmt: skip
log = logging.getLogger(__name__)


class Synthesis(BaseModel):
    """What the pairs are made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: Path
    repeats: int = Field(5, ge=1)  # fillings of a phrasing that has slots
    composed: int = Field(90_000, ge=0)  # questions composed from parts
    corpus_copies: int = Field(1, ge=1)  # how often a pair worded by a person stands in an epoch
    holdout: float = Field(0.03, gt=0, lt=0.5)  # share of the SQL templates kept for validation
    seed: int = 1
    parts: int = Field(2, ge=1)  # processes; part of the identity of what is made


class Target(BaseModel):
    """The student to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1)
    output: Path
    held_out: int = Field(200, ge=0)
    calibrated_on: int = Field(800, ge=0)
    target: float = Field(0.95, gt=0, le=1)


class Stage(BaseModel):
    """What one stage of the training changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    synthesize: dict[str, Any] = {}
    distill: dict[str, Any] = {}


class Recipe(BaseModel):
    """A whole recipe; `distill` lacks the data and output, which the run fills in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    student: Target
    synthesize: dict[str, Any]
    distill: dict[str, Any]
    stage: tuple[Stage, ...] = (Stage(name="only"),)

    @model_validator(mode="after")
    def _stages_are_whole(self) -> Recipe:
        for stage in self.stage:
            self.synthesis(stage)
        if len({s.name for s in self.stage}) != len(self.stage) or not self.stage:
            raise ValueError("a recipe needs stages, each with a name of its own")
        return self

    def synthesis(self, stage: Stage) -> Synthesis:
        """What the pairs of a stage are made from."""
        return Synthesis.model_validate({**self.synthesize, **stage.synthesize})


def load_recipe(path: Path) -> Recipe:
    """Read a recipe. Raises ConfigError naming what is wrong."""
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {_faults(error)}") from error
    output = path.resolve().parent / recipe.student.output
    return recipe.model_copy(update={"student": recipe.student.model_copy(update={"output": output})})


def run_recipe(path: Path, url: str, glossary: Path | None, today: date) -> Path:
    """Make the student of a recipe over the database at `url`; the student's directory.

    Raises ConfigError, CorpusError, DatabaseError, DataError, DistillError or ExportError, each saying why.
    """
    recipe = load_recipe(path)
    database = connect(url)
    try:
        return _Run(recipe, path.resolve().parent, database, url, glossary, today).student()
    finally:
        database.close()


class _Run:
    """One run of a recipe."""

    def __init__(
        self, recipe: Recipe, root: Path, database: Database, url: str, glossary: Path | None, today: date
    ) -> None:
        self._recipe, self._root, self._url = recipe, root, url
        self._database, self._glossary, self._today = database, glossary, today
        self._schema = database.schema()
        self._terms = load_glossary(glossary)
        corpora = {root / recipe.synthesis(stage).corpus for stage in recipe.stage}
        for corpus in corpora:
            if not corpus.is_dir():
                raise ConfigError(f"synthesize.corpus: there is no folder {corpus}")
        key = _identity(recipe, self._schema, corpora, glossary, today)
        self._directory = root / "runs" / f"{recipe.student.version}-{key}"

    def student(self) -> Path:
        """All stages, then the student's directory."""
        words: dict[str, int] = {}
        history: list[dict[str, Any]] = []
        start: Path | None = None
        pairs = self._directory
        for stage in self._recipe.stage:
            pairs = self._pairs(stage)
            for word, count in json.loads((pairs / "words.json").read_text("utf-8")).items():
                words[word] = max(count, words.get(word, 0))
            report = self._train(stage, pairs, start, words)
            history.append(_told(stage, pairs, report))
            start = report.best
        assert start is not None  # a recipe has a stage
        origin = {
            "made_on": self._today.isoformat(),
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "recipe": json.loads(self._recipe.model_dump_json(exclude={"student": {"output"}})),
            "teacher": "none: synthetic gold and written phrasings, cross-entropy alone",
            "stages": history,
        }
        target = self._recipe.student
        made = package_student(start, target.output, self._schema, words, target.version, origin, self._glossary)
        self._calibrate(made, pairs)
        return made

    def _calibrate(self, student: Path, pairs: Path) -> None:
        """Fit the confidences on what the last stage held out; a student without them serves, only less sure."""
        target = self._recipe.student
        if not target.calibrated_on:
            return
        observer = Observer(Student.load(student, self._terms), self._database, self._terms, self._today)
        try:
            found = observer.fit(sample_pairs(pairs, target.calibrated_on), target.target)
        except CalibrationError as error:
            log.warning("the student is not calibrated: %s", error)
        else:
            keep_calibration(student, found)

    def _pairs(self, stage: Stage) -> Path:
        made = self._recipe.synthesis(stage)
        pairs = self._directory / stage.name / "pairs"
        if not (pairs / "synthesis.json").exists():  # the last file that is written
            log.info("synthesizing into %s", pairs)
            job = Job(
                self._url, self._glossary, self._root / made.corpus, self._today, made.repeats, made.composed,
                made.seed, made.parts, made.corpus_copies,
            )  # fmt: skip
            synthesize(job, pairs, made.holdout)
        return pairs

    def _train(self, stage: Stage, pairs: Path, start: Path | None, words: Mapping[str, int]) -> Report:
        names = [f"{t.name}.{c.name}" for t, c in self._schema.columns()]
        settings = {
            "protected": (*names, *KEYWORDS, *(m.name for m in self._terms.metrics)),
            **self._recipe.distill,
            **stage.distill,
            **({"init": str(start)} if start else {}),
            "data": [pairs / "train.jsonl"],
            "held_out": pairs / "valid.jsonl",
            "output": self._directory / stage.name / "model",
        }
        try:
            config = DistillConfig.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(f"distill, stage {stage.name}: {_faults(error)}") from error
        count = self._recipe.student.held_out
        examples = sample_examples(pairs / "valid.jsonl", count, seed=0)
        index = build_index(self._database, self._schema, self._terms.values)
        held_out = HeldOut(examples, self._database, self._schema, self._terms, index, words, self._today)
        return distill(config, held_out.evaluator() if examples else None)


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))


def _identity(
    recipe: Recipe, schema: Schema, corpora: Iterable[Path], glossary: Path | None, today: date
) -> str:
    """Eight digits over everything that shapes the pairs and the student."""
    digest = hashlib.sha256(recipe.model_dump_json(exclude={"student": {"output"}}).encode())
    digest.update(f"{schema.fingerprint} {today}".encode())
    files = sorted(file for corpus in corpora for file in corpus.rglob("*.jsonl"))
    for file in [*files, *([glossary] if glossary else [])]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _told(stage: Stage, pairs: Path, report: Report) -> dict[str, Any]:
    synthesis = json.loads((pairs / "synthesis.json").read_text("utf-8"))
    with (pairs / "train.jsonl").open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "name": stage.name,
        "pairs": {"sizes": synthesis["sizes"], "dropped": synthesis["dropped"], "sha256": digest},
        "steps": report.steps,
        "epochs": round(report.epochs, 3),
        "seconds": round(report.seconds),
        "tokens": report.tokens,
        "held_out_loss": report.held_out_loss,
        "held_out_accuracy": report.score,
        "stopped_by": report.stopped,
    }
