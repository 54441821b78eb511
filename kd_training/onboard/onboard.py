"""A student for a new database, from nothing but its address: what may be asked is written down, learned and measured.

    DIR                 the student, when all is done
    DIR-onboarding/     corpus/, what may be asked, to be read and corrected; distill.toml, how it was learned; runs/,
                        what is made on the way, so that a run that was stopped goes on; report.json

Run again, it keeps the corpus as people have left it.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from bot.config import Settings
from bot.database import Database
from bot.drift import drift
from bot.glossary import load_glossary
from bot.manifest import NAME as MANIFEST
from bot.opening import open_database
from bot.schema import Schema
from eval_harness.example import Example
from kd_training.distill_config import ConfigError
from kd_training.night.collect import Collected, write_added
from kd_training.night.judge import evaluated, held_out, pair_examples
from kd_training.onboard.corpus import write_corpus
from kd_training.onboard.examples import Brought, bring
from kd_training.onboard.facts import facts_of, unspeakable
from kd_training.onboard.recipe import recipe_text
from kd_training.questions import Ground
from kd_training.recipe import Extra, Run
from kd_training.recipe_file import load_recipe
from kd_training.shards import write_whole
from kd_training.teaching import Teacher

log = logging.getLogger("mynah.onboard")
_COPIES = 12  # how often a brought example stands in an epoch
_MEASURED = 150  # held-out questions of each kind


@dataclass(frozen=True)
class Plan:
    """What is asked for. `settings` name the database and the glossary. `minutes` is for everything but a teacher.

    `start` is a student to begin with, whose English helps; without one, words are learned from nothing.
    """

    settings: Settings
    out: Path
    minutes: float = 60.0
    examples: Sequence[Example] = ()
    teacher: Teacher | None = None
    start: Path | None = None


@dataclass(frozen=True)
class Report:
    """What came of it. Pairs of numbers are: right, of so many, asked as the bot is asked."""

    student: str
    tables: int
    columns: int
    corpus: Mapping[str, int]
    pairs: Mapping[str, int]
    wordings: tuple[int, int]  # new words for SQL templates that were learned
    templates: tuple[int, int]  # SQL templates that were not
    examples: tuple[int, int]  # brought examples, kept to measure with
    learned: int = 0  # brought examples
    unsaid: Sequence[tuple[str, str]] = field(default=())  # brought examples that cannot be learned, and why
    unspeakable: Sequence[str] = field(default=())  # tables and columns that a student cannot name


def work_folder(out: Path) -> Path:
    """Where an onboarding keeps what it makes on the way."""
    return out.with_name(f"{out.name}-onboarding")


def onboard(plan: Plan) -> Report:
    """The student at `plan.out`. Raises ConfigError and what `kd_training.recipe.run_recipe` raises, for people."""
    if plan.out.exists() and not (plan.out / MANIFEST).exists() and any(plan.out.iterdir()):
        raise ConfigError(f"{plan.out} holds something that is not a student: choose another folder for --out")
    # Another database's rules would stand in the way; who may see what is the bot's business, not training's.
    plan = replace(plan, settings=plan.settings.model_copy(update={"access": None}))
    database = open_database(plan.settings)
    try:
        return _onboarded(plan, database)
    finally:
        database.close()


def _onboarded(plan: Plan, database: Database) -> Report:
    glossary = load_glossary(plan.settings.glossary)
    ground = Ground.of(database, glossary, plan.settings.today or date.today())
    if faults := glossary.check(ground.schema):
        raise ConfigError(f"the glossary does not fit this database: {' '.join(faults)}")
    _check_out(plan.out, ground.schema)
    work = work_folder(plan.out)
    facts = facts_of(database, ground.schema)
    if not any(table.table.rows for table in facts.values()):
        raise ConfigError("the database has no table with rows that this role may read: there is nothing to learn")
    corpus = write_corpus(ground.schema, glossary, facts, work / "corpus")
    log.info("%s", ", ".join(f"{count} {name}" for name, count in corpus.items()))
    recipe = work / "distill.toml"
    write_whole(recipe, [recipe_text(plan.out, plan.minutes, plan.teacher, plan.start is not None)])
    brought = bring(plan.examples, ground)
    run = _run(plan, ground, work, recipe, brought)
    run.note_day()
    made = run.packaged(run.trained(), run.recipe.student.output, f"onboard-{run.key}")
    run.calibrate(made, "calibrate")
    run.note_day(finished=True)
    report = _measured(plan, ground, run, made, corpus, brought)
    write_whole(work / "report.json", [json.dumps(asdict(report), ensure_ascii=False, indent=1), "\n"])
    return report


def _check_out(out: Path, schema: Schema) -> None:
    """Refuse to write over what is not this database's student."""
    try:
        kept = Schema.from_json(json.loads((out / "schema.json").read_text("utf-8")))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{out} holds a student that cannot be read: choose another folder for --out") from error
    changed = drift(kept, schema)
    if changed is not None and changed.foreign:
        raise ConfigError(f"{out} holds the student of another database: choose another folder for --out")


def _run(plan: Plan, ground: Ground, work: Path, recipe: Path, brought: Brought) -> Run:
    start = _kept(plan.start, work) if plan.start else None
    known: Mapping[str, int] = json.loads((start / "words.json").read_text("utf-8")) if start else {}
    added, words = None, dict(known)
    if brought.learned:
        added = work / "examples.jsonl"
        words = write_added(brought.learned, _COPIES, known, added)
    extra = Extra(start, added, words)
    url = plan.settings.database_url.get_secret_value()
    return Run(
        load_recipe(recipe), work, ground.database, url, plan.settings.glossary, plan.settings.today, plan.teacher,
        work / "runs", extra,
    )  # fmt: skip


def _kept(student: Path, work: Path) -> Path:
    """A copy of what training starts from, which outlasts the student that it is taken from."""
    kept = work / "start"
    if not kept.exists():
        building = work / ".building-start"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        for name in ("config.json", "tokenizer.json", "model.safetensors", "words.json"):
            shutil.copyfile(student / name, building / name)
        building.replace(kept)
    return kept


def _measured(
    plan: Plan, ground: Ground, run: Run, made: Path, corpus: Mapping[str, int], brought: Brought
) -> Report:
    pairs = run.pairs(run.recipe.stage[-1])
    found = Collected(brought.learned, brought.unsaid, frozenset())
    kept = pair_examples(brought.measured, ground)
    asked = [*held_out(pairs, _MEASURED, found, ground)[0], *kept]
    settings = plan.settings.model_copy(update={"today": ground.today, "student_dir": made})
    told = evaluated(made, settings, ground.database, asked, work_folder(plan.out))["examples"]
    right = {str(e["id"]): bool(e["correct"]) for e in told if e["kind"] == "answerable"}
    kinds = {e.id: e.tags[0] for e in asked if e.id in right}

    def share(kind: str) -> tuple[int, int]:
        chosen = [right[name] for name, own in kinds.items() if own == kind]
        return sum(chosen), len(chosen)

    sizes: dict[str, Any] = json.loads((pairs / "synthesis.json").read_text("utf-8"))["sizes"]
    schema = ground.schema
    return Report(
        student=str(made), tables=len(schema.tables), columns=sum(1 for _ in schema.columns()), corpus=corpus,
        pairs=sizes, wordings=share("phrasings"), templates=share("templates"), examples=share("pair"),
        learned=len(brought.learned), unsaid=brought.unsaid, unspeakable=sorted(unspeakable(schema)),
    )  # fmt: skip
