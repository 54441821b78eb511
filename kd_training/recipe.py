"""One TOML file → one student: synthesize the pairs, distil, export, and write the manifest.

    [synthesize]   corpus, repeats, composed, holdout, seed, parts
    [student]      version, output, and held_out: how many unseen questions choose the checkpoint
    [distill]      the settings of DistillConfig

Paths start at the recipe's own folder. What a run makes on the way lies under `runs/` beside it, keyed by what it
was made from, so that a run that was stopped goes on where it was, and a finished part is not made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.database import connect
from bot.glossary import load_glossary
from bot.schema import Schema
from bot.value_reading import build_index
from kd_training.distill import Report, distill
from kd_training.distill_config import ConfigError, DistillConfig
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
    holdout: float = Field(0.03, gt=0, lt=0.5)  # share of the SQL templates kept for validation
    seed: int = 1
    parts: int = Field(2, ge=1)  # processes; part of the identity of what is made


class Target(BaseModel):
    """The student to be made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(min_length=1)
    output: Path
    held_out: int = Field(200, ge=0)


class Recipe(BaseModel):
    """A whole recipe; `distill` lacks the data and output, which the run fills in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    synthesize: Synthesis
    student: Target
    distill: dict[str, Any]


def load_recipe(path: Path) -> Recipe:
    """Read a recipe. Raises ConfigError naming what is wrong."""
    try:
        recipe = Recipe.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigError(f"{path}: {faults}") from error
    root = path.resolve().parent
    return recipe.model_copy(
        update={
            "synthesize": recipe.synthesize.model_copy(update={"corpus": root / recipe.synthesize.corpus}),
            "student": recipe.student.model_copy(update={"output": root / recipe.student.output}),
        }
    )


def run_recipe(path: Path, url: str, glossary: Path | None, today: date) -> Path:
    """Make the student of a recipe over the database at `url`; the student's directory.

    Raises ConfigError, CorpusError, DatabaseError, DataError, DistillError or ExportError, each saying why.
    """
    recipe = load_recipe(path)
    if not recipe.synthesize.corpus.is_dir():
        raise ConfigError(f"{path}: synthesize.corpus: there is no folder {recipe.synthesize.corpus}")
    database = connect(url)
    try:
        schema = database.schema()
        key = _identity(recipe, schema, glossary, today)
        run = path.resolve().parent / "runs" / f"{recipe.student.version}-{key}"
        made = recipe.synthesize
        job = Job(url, glossary, made.corpus, today, made.repeats, made.composed, made.seed, made.parts)
        if not (run / "pairs" / "synthesis.json").exists():
            log.info("synthesizing into %s", run / "pairs")
            synthesize(job, run / "pairs", made.holdout)
        words = json.loads((run / "pairs" / "words.json").read_text("utf-8"))
        terms = load_glossary(glossary)
        names = [f"{t.name}.{c.name}" for t, c in schema.columns()]
        config = _distill_config(recipe, run, (*names, *KEYWORDS, *(m.name for m in terms.metrics)))
        examples = sample_examples(run / "pairs" / "valid.jsonl", recipe.student.held_out, made.seed)
        held_out = HeldOut(examples, database, schema, terms, build_index(database, schema, terms.values), words, today)
        report = distill(config, held_out.evaluator() if examples else None)
        return package_student(
            report.best, recipe.student.output, schema, words, recipe.student.version,
            _origin(recipe, run, report, today),
        )  # fmt: skip
    finally:
        database.close()


def _distill_config(recipe: Recipe, run: Path, protected: tuple[str, ...]) -> DistillConfig:
    given = dict(recipe.distill)
    fixed = {"data": [run / "pairs" / "train.jsonl"], "held_out": run / "pairs" / "valid.jsonl", "output": run / "model"}
    try:
        return DistillConfig.model_validate({"protected": protected, **given, **fixed})
    except ValidationError as error:
        faults = "; ".join(f"distill.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigError(faults) from error


def _identity(recipe: Recipe, schema: Schema, glossary: Path | None, today: date) -> str:
    """Eight digits over everything that shapes the pairs and the student."""
    digest = hashlib.sha256(recipe.model_dump_json(exclude={"student": {"output"}}).encode())
    digest.update(f"{schema.fingerprint} {today}".encode())
    files = sorted(recipe.synthesize.corpus.rglob("*.jsonl"))
    for file in [*files, *([glossary] if glossary else [])]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _origin(recipe: Recipe, run: Path, report: Report, today: date) -> Mapping[str, Any]:
    synthesis = json.loads((run / "pairs" / "synthesis.json").read_text("utf-8"))
    return {
        "made_on": today.isoformat(),
        "machine": f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}",
        "recipe": json.loads(recipe.model_dump_json(exclude={"student": {"output"}, "synthesize": {"corpus"}})),
        "pairs": {"sizes": synthesis["sizes"], "dropped": synthesis["dropped"], "sha256": _hash(run / "pairs" / "train.jsonl")},
        "teacher": "none: synthetic gold and written phrasings, cross-entropy alone",
        "training": {
            "steps": report.steps, "epochs": round(report.epochs, 3), "seconds": round(report.seconds),
            "tokens": report.tokens, "held_out_loss": report.held_out_loss, "held_out_accuracy": report.score,
            "stopped_by": report.stopped,
        },
    }  # fmt: skip


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
