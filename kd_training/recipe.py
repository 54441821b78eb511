"""One TOML file → one student: synthesize the pairs, distil, export, and write the manifest.

    [student]      version, output; held_out: how many unseen questions choose the checkpoint; calibrated_on: how many
                   of each held-out kind say how sure it may be, and target: how often what it answers shall be right
    [synthesize]   corpus, also, also_copies, repeats, composed, corpus_copies, holdout, seed, parts
    [distill]      the settings of DistillConfig
    [teacher]      the settings of Teaching, where a teacher labels the pairs and lends its hidden states
    [[stage]]      settings of [synthesize] and [distill] that this stage changes, and whether it is taught and
                   blended; each starts from the one before

Paths start at the recipe's own folder. What a run makes on the way lies under `runs/` beside it, keyed by what it
was made from, so that a run that was stopped goes on where it was, and a finished part is not made again. Where no day
is given, one that was stopped on an earlier day goes on with that day.
"""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.database import Database, connect
from bot.glossary import load_glossary
from bot.schema import Schema
from bot.student import Student
from bot.value_reading import build_index
from eval_harness.calibrate import CalibrationError
from kd_training.batches import read_examples
from kd_training.blend import blended
from kd_training.calibration import Observer, Part, keep_calibration, sample_pairs
from kd_training.distill import distill
from kd_training.distill_config import ConfigError, DistillConfig
from kd_training.distill_report import Report
from kd_training.held_out import HeldOut, sample_examples
from kd_training.package import package_student
from kd_training.parallel import turn_of_all
from kd_training.questions import Ground
from kd_training.recipe_file import Recipe, Stage, faults, load_recipe
from kd_training.run_day import day_of, note
from kd_training.shards import write_whole
from kd_training.synthesize.job import Job, synthesize
from kd_training.taking_turns import turn
from kd_training.teaching import Lessons, Taught, Teacher
from kd_training.tokenizer import load_tokenizer, train_tokenizer

KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "DESC", "DISTINCT", "COUNT(*)", "IS NULL",
    "LEFT JOIN", "CASE WHEN", "100.0 *",
)  # fmt: skip
_UNTOLD: dict[str, Any] = {"student": {"output"}, "night": True}  # what shapes no student
log = logging.getLogger(__name__)


def run_recipe(
    path: Path, url: str, glossary: Path | None, today: date | None, teacher: Teacher | None = None,
    only_teacher: bool = False,
) -> Path:
    """Make the student of a recipe over the database at `url`; the student's directory.

    `today` is None where no day is set: the machine's date, or that of a run that was stopped. `teacher` says where the
    teacher is that the recipe asks for. `only_teacher`: make no more than the stand-in; its directory.

    Raises ConfigError, CorpusError, DatabaseError, DataError, DistillError, TeacherError, StatesError or ExportError,
    each saying why.
    """
    recipe = load_recipe(path)
    if recipe.teacher is None and only_teacher:
        raise ConfigError(f"{path} has no table [teacher]")
    if recipe.teacher is not None and teacher is None:
        raise ConfigError(f"{path} asks for a teacher, and none is given")
    with opened(path, url, glossary, today, teacher) as run:
        return run.stand_in() if only_teacher else run.student()


@contextmanager
def opened(
    path: Path, url: str, glossary: Path | None, today: date | None, teacher: Teacher | None = None
) -> Iterator[Run]:
    """A run of a recipe, its database open for as long as the block runs."""
    database = connect(url)
    try:
        yield Run(load_recipe(path), path.resolve().parent, database, url, glossary, today, teacher)
    finally:
        database.close()


@dataclass(frozen=True)
class Extra:
    """What a run has beside its recipe: a student to `start` from instead of from the recipe's weights, and the
    `added` pairs that join each stage, a file of JSON lines, with the `words` that both know."""

    start: Path | None = None
    added: Path | None = None
    words: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Trained:
    """What training came to: the best checkpoint, the words that it knows, and what its manifest says of it."""

    best: Path
    words: Mapping[str, int]
    history: list[dict[str, Any]]
    teacher: str


class Run:
    """One run of a recipe: what it makes, under `directory`, is made once."""

    def __init__(
        self,
        recipe: Recipe,
        root: Path,
        database: Database,
        url: str,
        glossary: Path | None,
        today: date | None,
        teacher: Teacher | None = None,
        work: Path | None = None,
        extra: Extra | None = None,
    ) -> None:
        self._teacher, self.extra = teacher, extra or Extra()
        self.recipe, self._root, self._url = recipe, root, url
        self._database, self._glossary, self._lives_on = database, glossary, today is None
        self._schema = database.schema()
        self._terms = load_glossary(glossary)
        corpora = set()
        for made in map(recipe.synthesis, recipe.stage):
            for name, folder in (("corpus", made.corpus), *(("also", folder) for folder in made.also)):
                corpora.add(root / folder)
                if not (root / folder).is_dir():
                    raise ConfigError(f"synthesize.{name}: there is no folder {root / folder}")

        def directory(day: date) -> Path:
            key = _identity(recipe, self._schema, corpora, glossary, day, self.extra)
            return (work or root / "runs") / f"{recipe.student.version}-{key}"

        self._today = today or day_of(directory, date.today())
        self.directory = directory(self._today)
        self.key = self.directory.name.removeprefix(f"{recipe.student.version}-")

    def student(self) -> Path:
        """All stages, then the student's directory."""
        self.note_day()
        made = self.packaged(self.trained(), self.recipe.student.output)
        self.calibrate(made)
        self.note_day(finished=True)
        return made

    def note_day(self, finished: bool = False) -> None:
        """Where the day was not given, write down which it is, so that what is stopped goes on with it."""
        if self._lives_on:
            note(self.directory, self._today, finished)

    def trained(self) -> Trained:
        """The checkpoint that all stages come to."""
        words = dict(self.extra.words)
        history: list[dict[str, Any]] = []
        start = self.extra.start
        taught: dict[str, Taught] = {}
        for stage in self.recipe.stage:
            pairs = self.pairs(stage)
            if stage.taught and not taught:  # not before: until then another process can train the stand-in
                taught = self.taught()
            for word, count in json.loads((pairs / "words.json").read_text("utf-8")).items():
                words[word] = max(count, words.get(word, 0))
            report = self._train(stage, pairs, start, words, taught.get(stage.name))
            history.append(_told(stage, pairs, report, taught.get(stage.name)))
            start = self._blended(stage, start, report.best)
        assert start is not None  # a recipe has a stage
        return Trained(start, words, history, _named(taught))

    def _blended(self, stage: Stage, before: Path | None, after: Path) -> Path:
        """What a stage hands on: its weights, or what lies between those and the weights that it began with."""
        if stage.blend == 1 or before is None:
            return after
        return blended(before, after, stage.blend, self.directory / stage.name / "blended")

    def packaged(
        self, trained: Trained, output: Path, version: str = "", told: Mapping[str, Any] | None = None
    ) -> Path:
        """The student's directory; `told` joins what its manifest says of its origin."""
        origin = {
            "made_on": self._today.isoformat(),
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "recipe": json.loads(self.recipe.model_dump_json(exclude=_UNTOLD)),
            "teacher": trained.teacher,
            "stages": trained.history,
            **(told or {}),
        }
        name = version or self.recipe.student.version
        said = [example.target for example in read_examples([self.pairs(s) / "train.jsonl" for s in self.recipe.stage])]
        return package_student(trained.best, output, self._schema, trained.words, name, origin, self._glossary, said)

    def calibrate(self, student: Path, part: Part | None = None) -> None:
        """Fit the confidences on what the last stage held out; a student without them serves, only less sure."""
        target = self.recipe.student
        if not target.calibrated_on:
            return
        pairs = self.pairs(self.recipe.stage[-1])
        observer = Observer(Student.load(student, self._terms), self._database, self._terms, self._today)
        try:
            found = observer.fit(sample_pairs(pairs, target.calibrated_on, part=part), target.target)
        except CalibrationError as error:
            log.warning("the student is not calibrated: %s", error)
        else:
            keep_calibration(student, found)

    def stand_in(self) -> Path:
        """The stand-in teacher's directory. Raises ConfigError where the recipe asks for a server's model."""
        lessons = self._lessons()
        self.note_day()
        made = lessons.stand_in()
        if made is None:
            raise ConfigError("teacher.source: the recipe's teacher is a server's model, so there is none to train")
        return made

    def _lessons(self) -> Lessons:
        assert self.recipe.teacher is not None and self._teacher is not None  # run_recipe saw to it
        pairs = {stage.name: self.pairs(stage) for stage in self.recipe.stage if stage.taught}
        ground = Ground.of(self._database, self._terms, self._today)
        holdout = self.recipe.synthesis(self.recipe.stage[0]).holdout  # one for all stages
        return Lessons(self.recipe.teacher, self._teacher, pairs, self.directory, ground, holdout, self.extra.added)

    def labelled(self) -> None:
        """Have the teacher label what it is asked; nothing without a teacher."""
        if self.recipe.teacher is not None:
            self._lessons().labelled()

    def taught(self) -> dict[str, Taught]:
        """What the teacher gives each stage; nothing without a teacher."""
        if self.recipe.teacher is None:
            return {}
        return self._lessons().taught(self.tokenizer, self._first_config().n_embd)

    def _first_config(self) -> DistillConfig:
        init = {"init": str(self.extra.start)} if self.extra.start else {}
        return self.config(self.recipe.stage[0], {"data": ["pairs"], "output": "model", **init})

    def tokenizer(self) -> Path:
        """The student's tokenizer, learned from the first stage's pairs if need be.

        It is known before any training, for hidden states are kept in its positions.
        """
        path, config = self.directory / "tokenizer.json", self._first_config()
        if path.exists():
            return path
        pairs = self.pairs(self.recipe.stage[0]) / "train.jsonl"
        with turn(self.directory):
            if not path.exists():
                texts = (text for e in read_examples([pairs]) for text in (e.prompt, e.target))
                given = config.tokenizer if config.from_scratch else config.init
                tokens = load_tokenizer(given) if given else train_tokenizer(texts, config.vocab_size, config.protected)
                write_whole(path, [tokens.to_str()])
        return path

    def pairs(self, stage: Stage) -> Path:
        """The folder of a stage's pairs."""
        pairs = self.directory / stage.name / "pairs"
        if (pairs / "synthesis.json").exists():  # the last file that is written
            return pairs
        with turn(pairs.parent):
            if not (pairs / "synthesis.json").exists():
                self._synthesize(stage, pairs)
        return pairs

    def _synthesize(self, stage: Stage, pairs: Path) -> None:
        made = self.recipe.synthesis(stage)
        log.info("synthesizing into %s", pairs)
        job = Job(
            self._url, self._glossary, self._root / made.corpus, self._today, made.repeats, made.composed,
            made.seed, made.parts, made.corpus_copies, made.intents,
            tuple(self._root / folder for folder in made.also), made.also_copies,
            allow_unsafe_role=bool(getattr(self._database, "warning", "")),  # it was opened all the same
        )  # fmt: skip
        synthesize(job, pairs, made.holdout)

    def config(self, stage: Stage, given: Mapping[str, Any]) -> DistillConfig:
        """A stage's settings, with what is given in their place. Raises ConfigError."""
        names = [f"{t.name}.{c.name}" for t, c in self._schema.columns()]
        protected = (*names, *KEYWORDS, *(m.name for m in self._terms.metrics))
        settings = {"protected": protected, **self.recipe.distill, **stage.distill, **given}
        try:
            return DistillConfig.model_validate(settings)
        except ValidationError as error:
            raise ConfigError(f"distill, stage {stage.name}: {faults(error)}") from error

    def _train(
        self, stage: Stage, pairs: Path, start: Path | None, words: Mapping[str, int], taught: Taught | None
    ) -> Report:
        own = [pairs / "train.jsonl", *([self.extra.added] if self.extra.added else [])]
        given: dict[str, Any] = {
            "data": [taught.data] if taught else own,
            "held_out": pairs / "valid.jsonl",
            "output": self.directory / stage.name / "model",
        }
        if start:
            given["init"] = str(start)
        if taught and taught.states:
            given["states"] = taught.states
        lends = self.recipe.teacher is not None and self.recipe.teacher.states  # in positions of this very tokenizer
        if lends and not start and self.config(stage, given).from_scratch:
            given["tokenizer"] = self.tokenizer()
        config = self.config(stage, given)
        held_out = self.held_out(pairs, words)
        with turn_of_all(config.output):
            return distill(config, held_out.evaluator() if held_out.examples else None)

    def held_out(self, pairs: Path, words: Mapping[str, int]) -> HeldOut:
        """What a student's accuracy is measured with: questions of SQL templates that are never trained on."""
        examples = sample_examples(pairs / "valid.jsonl", self.recipe.student.held_out, seed=0)
        index = build_index(self._database, self._schema, self._terms.values)
        return HeldOut(examples, self._database, self._schema, self._terms, index, words, self._today)


def _identity(
    recipe: Recipe, schema: Schema, corpora: Iterable[Path], glossary: Path | None, today: date, extra: Extra
) -> str:
    """Eight digits over everything that shapes the pairs and the student."""
    # A recipe without a teacher has the digits that it had before there were any.
    left_out: dict[str, Any] = {**_UNTOLD, **({} if recipe.teacher else {"teacher": True})}
    digest = hashlib.sha256(recipe.model_dump_json(exclude=left_out).encode())
    digest.update(f"{schema.fingerprint} {today}".encode())
    files = sorted(file for corpus in corpora for file in corpus.rglob("*.jsonl"))
    started = extra.start / "model.safetensors" if extra.start else None
    for file in [*files, *filter(None, (glossary, extra.added, started))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _named(taught: Mapping[str, Taught]) -> str:
    """The teacher in a manifest's words."""
    if not taught:
        return "none: synthetic gold and written phrasings, cross-entropy alone"
    teacher = next(iter(taught.values())).told["teacher"]
    return teacher["what"] if isinstance(teacher, dict) else str(teacher)


def _told(stage: Stage, pairs: Path, report: Report, taught: Taught | None) -> dict[str, Any]:
    synthesis = json.loads((pairs / "synthesis.json").read_text("utf-8"))
    with (pairs / "train.jsonl").open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "name": stage.name,
        "pairs": {"sizes": synthesis["sizes"], "dropped": synthesis["dropped"], "sha256": digest},
        **({"teaching": taught.told} if taught else {}),
        "steps": report.steps,
        "epochs": round(report.epochs, 3),
        "seconds": round(report.seconds),
        "tokens": report.tokens,
        "held_out_loss": report.held_out_loss,
        "held_out_accuracy": report.score,
        "stopped_by": report.stopped,
    }
