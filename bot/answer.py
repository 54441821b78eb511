"""How one question becomes one answer: link → predict → check → execute."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from bot.access import NOBODY, Access, Asker
from bot.candidates import Candidate, Trial
from bot.confidence import Calibration, Judged, judge, same_result
from bot.database import Database, DatabaseError, Limits, Result
from bot.drift import Drift
from bot.glossary import Glossary
from bot.guard import Rejected
from bot.linking import Linked, link
from bot.refusals import Refusal, refuse_early, refuse_leaning
from bot.schema import Schema
from bot.shorthand import REFUSAL, Shorthand
from bot.student import Prediction, Student
from bot.value_index import ValueIndex
from bot.wording import in_words

Status = Literal["answered", "unsure", "refused", "failed"]
Stage = Literal["reading", "writing", "running"]
THRESHOLD = 0.05  # where neither the settings nor the student's calibration say otherwise
READINGS = 3
CANNOT = (
    "I don't think this database holds the answer to that. Try asking about {tables}, "
    "or put the question another way."
)
UNSURE = "I am not sure I understood that. Here is my best reading; please check that it is what you meant."
NOTHING = "I could not turn that into a query that runs. Try it in other words, or ask for one thing at a time."


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a question: in plain words, as SQL in the database's own dialect that runs as it stands,
    and how likely it is."""

    words: str
    sql: str
    short: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished answer. `sql` is what ran, in the database's own dialect with its values written in, and
    `canonical` the same query as the student's rules made it, in SQLite's; `candidate` is the place in the beam of the
    candidate that ran, and `tried` says why others did not. `timings_ms` is by stage. An unsure answer has up to three
    different `readings`, its own among them, likeliest first."""

    id: str
    question: str
    status: Status
    message: str
    sql: str | None = None
    result: Result | None = None
    confidence: float = 0.0
    student_version: str = ""
    candidate: int = -1
    tried: tuple[str, ...] = ()
    short: str = ""
    code: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    canonical: str | None = None

    def corrected(self, sql: str, result: Result) -> Answer:
        """The same with other SQL that ran in its place; what the student's rules knew of its own no longer holds."""
        return replace(self, sql=sql, canonical=None, result=result)


class Bot:
    """Answers questions over one database with one student. Thread-safe."""

    def __init__(
        self, database: Database, schema: Schema, glossary: Glossary, index: ValueIndex, student: Student,
        limits: Limits, beam: int = 4, threshold: float | None = None, today: date | None = None,
        calibration: Calibration | None = None, access: Access | None = None, drift: Drift | None = None,
    ) -> None:
        self.database = database
        self.schema = schema
        self.glossary = glossary
        self.student = student
        self.index = index
        self._limits = limits
        self._beam = beam
        fitted = calibration.threshold if calibration else None
        self._threshold = next(t for t in (threshold, fitted, THRESHOLD) if t is not None)
        self._today = today
        self.calibration = calibration
        self.access = access or Access()
        self.drift = drift
        # What the student says is read by the tables that it learned; whether they are still so is asked afterwards.
        self._trial = Trial(database, schema, Shorthand(drift.learned if drift else schema, glossary), limits, drift)

    def ask(
        self, question: str, watch: Callable[[Stage], None] = lambda _: None, *, asker: Asker = NOBODY
    ) -> Answer:
        """Answer one question. Never raises for what a person typed or a database did: the status says it.

        `asker` is who asks and where: the access rules may keep something from them. `watch` is told what the bot
        begins to do: reading the question, writing SQL, running it.
        """
        clock = _Clock()
        watch("reading")
        early = refuse_early(question, self.index.named)
        if early is not None:
            return self._refuse(question, early, clock)
        if self.drift is not None and (new := self.drift.asked(question)):
            return self._answer(question, "refused", self.drift.refusal(new), clock, code="drift")
        linked = self.link(question)
        clock.lap("link")
        leaning = refuse_leaning(linked, self.index.schema_words.__contains__)
        if leaning is not None:
            return self._refuse(question, leaning, clock)
        watch("writing")
        predictions = self.student.predict(linked, self._beam)
        clock.lap("predict")
        if not predictions:
            return self._answer(question, "failed", NOTHING, clock, code="no-prediction")
        if predictions[0].short != REFUSAL:
            watch("running")
        candidates, judged = self.consider(linked, predictions, clock.lap, asker)
        clock.lap("judge")
        return self._settle(question, candidates, judged, clock)

    def as_of(self, day: date) -> Bot:
        """The same bot on another day: what "last month" means there."""
        other = copy(self)
        other._today = day
        return other

    @property
    def today(self) -> date:
        """What questions call today."""
        return self._today or date.today()

    def link(self, question: str) -> Linked:
        """The question with its values, numbers and times found."""
        return link(question, self.index, self.today)

    def consider(
        self, linked: Linked, predictions: Sequence[Prediction], lap: Callable[[str], None] = lambda _: None,
        asker: Asker = NOBODY,
    ) -> tuple[list[Candidate], list[Judged]]:
        """What became of the student's predictions, and those that can be the answer, likeliest to be right first."""
        doubtful = math.exp(predictions[0].log_probability) < self._threshold  # then other readings are wanted too
        rights = self.access.rights(asker, self.schema)
        candidates = self._trial.run(predictions, linked, rights, self.calibration is not None or doubtful, lap)
        unknown = self.student.vocabulary.unknown(self.student.read(linked))
        return candidates, judge(candidates, linked, len(unknown), self.calibration)

    def pick(self, answer: Answer, number: int, asker: Asker = NOBODY) -> Answer:
        """The answer that the reading `number` (from 0) of an unsure answer gives, run now.

        Raises IndexError when there is no such reading.
        """
        clock = _Clock()
        reading = answer.readings[number]
        rights = self.access.rights(asker, self.schema)
        safe = rights.check(reading.sql, self.schema, read=self.database.dialect)
        if isinstance(safe, Rejected):
            return self._answer(answer.question, "failed", safe.message, clock, code=safe.code)
        try:
            result = self.database.execute(safe, {}, self._limits)
        except DatabaseError as error:
            return self._answer(answer.question, "failed", error.message, clock, code=error.kind)
        clock.lap("execute")
        return self._answer(
            answer.question, "answered", "", clock, sql=reading.sql, result=result, short=reading.short,
            confidence=reading.confidence, code="picked",
        )  # fmt: skip

    def _settle(
        self, question: str, candidates: Sequence[Candidate], judged: Sequence[Judged], clock: _Clock
    ) -> Answer:
        """The likeliest candidate is the answer; what it is called depends on how likely it is."""
        denied = next((c for c in candidates if c.denied), None)
        if denied is not None and not any(c.stands and c.rank < denied.rank for c in candidates):
            # Another candidate would only leave out what was asked for.
            return self._answer(question, "refused", denied.denied, clock, code=denied.fault, confidence=denied.share)
        if not judged:
            tried = tuple(c.fault for c in candidates if c.fault)
            failure = next((c.error for c in reversed(candidates) if c.error), None)
            message, code = (failure.message, failure.kind) if failure else (NOTHING, "no-candidate")
            return self._answer(question, "failed", message, clock, tried=tried, code=code)
        best = judged[0]
        chosen, likely = best.candidate, best.probability
        tried = tuple(c.fault for c in candidates if c.fault and c.rank < chosen.rank)
        if chosen.refuses:
            return self._answer(
                question, "refused", self._cannot(), clock, code="unanswerable", confidence=likely, tried=tried
            )
        status: Status = "answered" if likely >= self._threshold else "unsure"
        return self._answer(
            question, status, UNSURE if status == "unsure" else "", clock, sql=chosen.sql,
            canonical=chosen.canonical, result=chosen.result,
            confidence=likely, candidate=chosen.rank, tried=tried, short=chosen.prediction.short,
            readings=self._readings(judged) if status == "unsure" else (),
        )  # fmt: skip

    def _readings(self, judged: Sequence[Judged]) -> tuple[Reading, ...]:
        """Up to three candidates that give different results, likeliest first."""
        kept: list[Judged] = []
        for each in judged:
            if each.candidate.sql and not any(same_result(each.candidate, other.candidate) for other in kept):
                kept.append(each)
        return tuple(self._reading(each) for each in kept[:READINGS])

    def _reading(self, judged: Judged) -> Reading:
        sql = judged.candidate.sql or ""
        words = in_words(judged.candidate.canonical or sql, self.schema, self.glossary, self._today or date.today())
        return Reading(words, sql, judged.candidate.prediction.short, judged.probability)

    def _cannot(self) -> str:
        names = [t.name.replace("_", " ") for t in sorted(self.schema.tables, key=lambda t: -t.rows)[:5]]
        return CANNOT.format(tables=", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else "".join(names))

    def _refuse(self, question: str, why: Refusal, clock: _Clock) -> Answer:
        return self._answer(question, "refused", why.message, clock, code=why.code)

    def _answer(
        self, question: str, status: Status, message: str, clock: _Clock, *, sql: str | None = None,
        canonical: str | None = None, result: Result | None = None, confidence: float = 0.0, candidate: int = -1,
        tried: tuple[str, ...] = (),
        short: str = "", code: str = "", readings: tuple[Reading, ...] = (),
    ) -> Answer:
        return Answer(
            id=uuid.uuid4().hex, question=question, status=status, message=message, sql=sql,
            canonical=canonical, result=result,
            confidence=confidence, student_version=self.student.version, candidate=candidate, tried=tried,
            short=short, code=code, timings_ms=clock.laps(), readings=readings,
        )


class _Clock:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._stages[stage] = self._stages.get(stage, 0.0) + (now - self._last) * 1000
        self._last = now

    def laps(self) -> dict[str, float]:
        total = (time.perf_counter() - self._start) * 1000
        return {name: round(ms, 2) for name, ms in self._stages.items()} | {"total": round(total, 2)}
