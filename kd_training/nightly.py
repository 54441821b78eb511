"""A night: people's pairs become a better student, or none; nobody has to watch, and nothing is promoted unjudged.

    collect     the tables compared, nominations decided, admitted pairs brought to the student's words
    synthesize  questions made over the database as it is now, for the student not to forget the rest
    label       the teacher's SQL for a part of them, where the recipe has a teacher
    states      the teacher's hidden states
    distil      from the student that serves, or from nothing
    export      the student's directory
    calibrate   how sure it may be: before it is measured, as this also decides among its candidates
    evaluate    it and the incumbent on the same held-out questions, the regression set and people's pairs
    gate        whether it may take the incumbent's place
    promote     versions, pointer, history
    report      text, page and data, and whoever else wants to know

What a stage makes lies under `state_dir/nightly/`, in a folder named by all that shaped it, so that a night that was
killed at any point goes on where it was, and one over other pairs or tables begins anew. So does one whose student the
gate refused: tried again it draws other numbers, or, where nothing but slowness spoke against the student, it measures
the same one anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Literal, get_args

from bot.config import ConfigError, Settings
from bot.database import Database
from bot.drift import drift
from bot.glossary import load_glossary
from bot.opening import open_database
from bot.shorthand import REFUSAL
from bot.store import Store
from bot.student import Student
from eval_harness.example import Example
from eval_harness.gate import Verdict
from kd_training.calibration import Part, sample_pairs
from kd_training.night.collect import Collected, collect, write_added
from kd_training.night.judge import Judgement, forget, judge, measured_with, moved, own_examples, share
from kd_training.night.promotion import NIGHT, Known, known_students, put_in_place, start_for, tell, trained_with
from kd_training.night.report import NightReport, read_report, write_report
from kd_training.night.room import check_disk, check_gpu
from kd_training.pairs import admitted_pairs
from kd_training.questions import Ground
from kd_training.recipe import Extra, Run
from kd_training.recipe_file import Recipe, load_recipe
from kd_training.registry import Registry
from kd_training.shards import write_whole
from kd_training.teaching import Teacher

log = logging.getLogger("mynah.nightly")
Stage = Literal[
    "collect", "synthesize", "label", "states", "distil", "export", "calibrate", "evaluate", "gate", "promote", "report"
]
STAGES: tuple[Stage, ...] = get_args(Stage)
Admit = Callable[[Store, Ground], Mapping[str, int]]  # decides over what was nominated; how many came to what
Post = Callable[[NightReport], None]  # tells somebody
_PROMOTING, _REFUSED = "promoting.json", "refused.txt"
_KEPT = 3  # folders of earlier nights


@dataclass
class Night:
    """One night over one database. `check` is called before each stage, and raises where the turn was lost."""

    settings: Settings
    day: date
    teacher: Teacher | None = None
    admit: Admit | None = None
    posts: Sequence[Post] = ()
    check: Callable[[], None] = lambda: None
    next_run: str = ""
    force: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    refused: tuple[Path, Verdict] | None = None  # the run's folder, and why

    def run(self) -> NightReport:
        """All stages. Raises what they raise, each with a sentence for people."""
        if self.settings.models_url is None:
            raise ConfigError("a nightly run needs models_url: say in mynah.toml where versions of the student lie")
        registry = Registry(self.settings.models_url)
        asked = self.settings.today  # each pair is read on its own day, except where the bot lives in one day
        self.settings = self.settings.model_copy(update={"today": self.today})
        database = open_database(self.settings)
        try:
            with Store.open(self.settings.store_url) as store:
                return self._told(self._run(database, store, registry, asked))
        finally:
            database.close()

    @property
    def folder(self) -> Path:
        """Where the stages keep what they make."""
        return self.settings.state_dir / "nightly"

    @property
    def today(self) -> date:
        """What questions call today."""
        return self.settings.today or self.day

    @property
    def calibrates(self) -> Part | None:
        """The half of the held-out questions that calibrates; all where the gate measures with people's own."""
        return "calibrate" if self.settings.nightly_examples is None else None

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """One stage, timed."""
        self.check()
        log.info("%s", name)
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 1)

    def _run(self, database: Database, store: Store, registry: Registry, asked: date | None) -> NightReport:
        with self.stage("collect"):
            recipe = load_recipe(self.settings.nightly_recipe)
            check_disk(self.folder, recipe.night.disk)
            self._forget_old()
            students = known_students(self.settings, registry)
            incumbent = next((s for s in students if s.serves), None)
            glossary = self.settings.glossary or _own_glossary(students)
            ground = Ground.of(database, load_glossary(glossary), self.today)
            report = NightReport(str(self.day), "nothing new", next_run=self.next_run)
            if self.admit is not None:
                report = replace(report, admission=dict(self.admit(store, ground)))
            own = own_examples(self.settings) or []
            found = collect(admitted_pairs(store, {e.question for e in own}, asked), ground)
            report = self._begun(report, found, incumbent, ground)
        if not self.force and incumbent is not None and not report.drift and not report.fresh + report.taken_out:
            return self._interrupted(incumbent, store, registry) or report
        return self._train(recipe, found, students, incumbent, ground, glossary, report, store, registry)

    def _begun(
        self, report: NightReport, found: Collected, incumbent: Known | None, ground: Ground
    ) -> NightReport:
        now, before = set(found.digests), incumbent.pairs if incumbent else frozenset()
        changed = drift(incumbent.schema, ground.schema) if incumbent else None
        return replace(
            report, learned=len(now), fresh=len(now - before), taken_out=len(before - found.present),
            unsaid=found.unsaid, incumbent=incumbent.manifest.version if incumbent else "none",
            drift=changed.sentence() if changed else "",
        )  # fmt: skip

    def _train(
        self, recipe: Recipe, found: Collected, students: Sequence[Known], incumbent: Known | None, ground: Ground,
        glossary: Path | None, report: NightReport, store: Store, registry: Registry,
    ) -> NightReport:
        warm = self.settings.nightly_start == "incumbent"
        start = start_for(students, found.present, ground.schema) if warm else None
        run = self._prepared(recipe, found, start, ground, glossary)
        with self.stage("synthesize"):
            for each in recipe.stage:
                run.pairs(each)
        with self.stage("label"):
            if recipe.teacher is not None and (self.teacher is None or self.teacher.url is None):
                check_gpu()
            run.labelled()
        with self.stage("states"):
            run.taught()  # its servers are stopped when this returns, so a GPU is free again
        with self.stage("distil"):
            trained = run.trained()
        version = f"night-{self.day:%Y%m%d}-{run.key}"
        started = start.manifest.version if start else "nothing"
        student = run.directory / "student"
        with self.stage("export"):
            told = {NIGHT: {"day": str(self.day), "pairs": trained_with(start, found.digests), "started_from": started}}
            if not (student / "manifest.json").exists():
                run.packaged(trained, student, version, told)
        with self.stage("calibrate"):
            if not (student / "calibration.json").exists():
                run.calibrate(student, self.calibrates)
        report = replace(report, version=version, started_from=started)
        pairs = run.pairs(recipe.stage[-1])
        with self.stage("evaluate"):
            together, left_out = measured_with(self.settings, pairs, recipe.night.held_out, found, ground)
            judgement = self._judged(student, incumbent, together, recipe, ground, run.directory)
        with self.stage("gate"):
            report = replace(_measured(report, judgement), left_out=left_out)
            canned = _canned(student, pairs, ground)
            tell(student, {"gate": judgement.verdict.to_json(), **({"canned": canned} if canned else {})})
        if not judgement.verdict.passed:
            self.refused = run.directory, judgement.verdict
            return replace(report, result="kept", reasons=judgement.verdict.reasons)
        report = replace(report, result="promoted")
        write_whole(run.directory / _PROMOTING, [json.dumps(asdict(report), ensure_ascii=False)])
        return self._promote(student, report, store, registry)

    def _promote(self, student: Path, report: NightReport, store: Store, registry: Registry) -> NightReport:
        with self.stage("promote"):
            put_in_place(student, registry, store, _why(report), self.settings.models_keep)
        return report

    def _interrupted(self, incumbent: Known, store: Store, registry: Registry) -> NightReport | None:
        """The report of a night that died after its student was put in place, and before that was told."""
        for path in self.folder.glob(f"*/{_PROMOTING}"):
            report = read_report(json.loads(path.read_text("utf-8")))
            if report.version == incumbent.manifest.version:
                return self._promote(path.parent / "student", report, store, registry)
        return None

    def settle(self) -> None:
        """The outcome is written down: forget that the night was promoting, and see that a refused one differs."""
        for path in self.folder.glob(f"*/{_PROMOTING}"):
            path.unlink(missing_ok=True)
        if self.refused is None:
            return
        folder, verdict = self.refused
        if verdict.only_slow:
            forget(folder)
        else:
            write_whole(folder / _REFUSED, [f"{reason}\n" for reason in verdict.reasons])

    def _prepared(
        self, recipe: Recipe, found: Collected, start: Known | None, ground: Ground, glossary: Path | None
    ) -> Run:
        """The recipe's run with people's pairs in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        known = json.loads((start.directory / "words.json").read_text("utf-8")) if start else {}
        said = [[pair.digest, pair.short] for pair in found.pairs]
        told = hashlib.sha256(json.dumps([said, recipe.night.copies, sorted(known.items())]).encode())
        added = self.folder / f"pairs-{told.hexdigest()[:12]}.jsonl"
        words = write_added(found.pairs, recipe.night.copies, known, added)
        extra = Extra(start.directory if start else None, added if found.pairs else None, words)
        url, root = self.settings.database_url.get_secret_value(), self.settings.nightly_recipe.resolve().parent
        tries = (
            Run(recipe.again(n), root, ground.database, url, glossary, self.today, self.teacher, self.folder, extra)
            for n in count()
        )
        return next(run for run in tries if not (run.directory / _REFUSED).exists())

    def _judged(
        self, student: Path, incumbent: Known | None, together: Sequence[Example], recipe: Recipe, ground: Ground,
        folder: Path,
    ) -> Judgement:
        before = incumbent.directory if incumbent else None
        return judge(student, before, self.settings, ground.database, together, recipe.night.rules(), folder)

    def _told(self, report: NightReport) -> NightReport:
        with self.stage("report"):
            report = replace(report, seconds={**report.seconds, **self.seconds})
            tell_all(report, self.folder / "reports", self.posts)
        return report

    def _forget_old(self) -> None:
        """Delete the folders of all but the last few nights: what they made is in the registry, if it was good."""
        folders = [p for p in self.folder.glob("*") if p.is_dir() and p.name != "reports"]
        for old in sorted(folders, key=lambda p: p.stat().st_mtime, reverse=True)[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def tell_all(report: NightReport, folder: Path, posts: Sequence[Post]) -> None:
    """Write the report, then tell everybody. A door that is closed must not undo a night."""
    write_report(report, folder)
    for post in posts:
        try:
            post(report)
        except Exception:
            log.exception("the report of %s was not posted", report.day)


def _own_glossary(students: Sequence[Known]) -> Path | None:
    path = students[0].directory / "glossary.toml" if students else None
    return path if path is not None and path.is_file() else None


def _measured(report: NightReport, judgement: Judgement) -> NightReport:
    better, worse = moved(judgement)
    return replace(
        report, before=share(judgement.before), after=share(judgement.after), better=tuple(better), worse=tuple(worse),
        pairs_before=share(judgement.before, "pair:"), pairs_after=share(judgement.after, "pair:"),
    )  # fmt: skip


def _why(report: NightReport) -> str:
    (was, of), (now, _) = report.before, report.after
    measured = f"{now} of {of or report.after[1]} right" + (f", before {was}" if of else "")
    return f"night of {report.day}: {measured}; {report.fresh} new pairs"


def _canned(student: Path, pairs: Path, ground: Ground) -> dict[str, str] | None:
    """A question without slots that the student answers as it learned to: for bots to check that it still does."""
    loaded = Student.load(student, load_glossary(_file(student / "glossary.toml")), threads=1)
    for question, target in sample_pairs(pairs, 50)["phrasings"] + sample_pairs(pairs, 50)["templates"]:
        linked = ground.link(question)
        if target != REFUSAL and not linked.slots:
            said = loaded.predict(linked, 1)
            if said and said[0].short == target:
                return {"question": question, "short": target}
    return None


def _file(path: Path) -> Path | None:
    return path if path.is_file() else None


__all__ = ["STAGES", "Admit", "Night", "Post", "Stage", "tell_all"]
