"""How one question becomes one answer: link → predict → check → execute."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from bot.access import NOBODY, Access, Asker, Rights
from bot.confidence import Calibration, confidence
from bot.database import Database, DatabaseError, Limits, Result
from bot.glossary import Glossary
from bot.guard import Rejected
from bot.linking import Linked, link
from bot.refusals import refuse_early
from bot.schema import Schema
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import Bound, bind, literal_sql
from bot.student import Prediction, Student
from bot.value_index import ValueIndex

Status = Literal["answered", "unsure", "refused", "failed"]
Stage = Literal["reading", "writing", "running"]
CANNOT = (
    "I don't think this database holds the answer to that. Try asking about {tables}, "
    "or put the question another way."
)
UNSURE = "I am not sure I understood that. Here is my best reading; please check that it is what you meant."
NOTHING = "I could not turn that into a query that runs. Try it in other words, or ask for one thing at a time."


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished answer. `sql` is what ran, in the database's own dialect with its values written in, and
    `canonical` the same query as the student's rules made it, in SQLite's; `candidate` is the place in the beam of the
    candidate that ran, and `tried` says what became of those before it. `timings_ms` is by stage."""

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
    canonical: str | None = None


class Bot:
    """Answers questions over one database with one student. Thread-safe."""

    def __init__(
        self, database: Database, schema: Schema, glossary: Glossary, index: ValueIndex, student: Student,
        limits: Limits, beam: int = 4, threshold: float = 0.05, today: date | None = None,
        calibration: Calibration | None = None, access: Access | None = None,
    ) -> None:
        self.database = database
        self.schema = schema
        self.glossary = glossary
        self.student = student
        self._index = index
        self._limits = limits
        self._beam = beam
        self._threshold = threshold
        self._today = today
        self._calibration = calibration
        self._shorthand = Shorthand(schema, glossary)
        self.access = access or Access()

    def ask(
        self, question: str, watch: Callable[[Stage], None] = lambda _: None, *, asker: Asker = NOBODY
    ) -> Answer:
        """Answer one question. Never raises for what a person typed or a database did: the status says it.

        `asker` is who asks and where: the access rules may keep something from them. `watch` is told what the bot
        begins to do: reading the question, writing SQL, running it.
        """
        clock = _Clock()
        watch("reading")
        early = refuse_early(question)
        if early is not None:
            return self._answer(question, "refused", early.message, clock, code=early.code)
        linked = self.link(question)
        clock.lap("link")
        watch("writing")
        predictions = self.student.predict(linked, self._beam)
        clock.lap("predict")
        if not predictions:
            return self._answer(question, "failed", NOTHING, clock, code="no-prediction")
        unknown = self.student.vocabulary.unknown(self.student.read(linked))
        sure = confidence(predictions, len(unknown), self._calibration)
        if predictions[0].short == REFUSAL:
            return self._answer(question, "refused", self._cannot(), clock, code="unanswerable", confidence=sure)
        watch("running")
        rights = self.access.rights(asker, self.schema)
        return self._run(question, linked, predictions, sure, clock, rights)

    def link(self, question: str) -> Linked:
        """The question with its values, numbers and times found."""
        return link(question, self._index, self._today or date.today())

    def _run(
        self, question: str, linked: Linked, predictions: Sequence[Prediction], sure: float, clock: _Clock,
        rights: Rights,
    ) -> Answer:
        """Execution guidance: the first candidate that passes the guard and runs is the answer."""
        tried: list[str] = []
        failure: DatabaseError | None = None
        for number, prediction in enumerate(predictions):
            if prediction.short == REFUSAL:
                continue
            bound = self._bind(prediction, linked, tried)
            if bound is None:
                continue
            safe = rights.check(bound.sql, self.schema)
            clock.lap("check")
            if isinstance(safe, Rejected) and safe.code == "access":
                # Another candidate would only leave out what was asked for.
                return self._answer(question, "refused", safe.message, clock, code="access", confidence=sure)
            if isinstance(safe, Rejected):
                tried.append(f"guard: {safe.code}")
                continue
            try:
                result = self.database.execute(safe, bound.parameters, self._limits)
            except DatabaseError as error:
                clock.lap("execute")
                tried.append(f"database: {error.kind}")
                failure = error
                if error.kind != "failed":
                    break  # a missing, locked or slow database does not get better with another candidate
                continue
            clock.lap("execute")
            likely = sure if number == 0 else sure * 0.5
            status: Status = "answered" if likely >= self._threshold else "unsure"
            message = UNSURE if status == "unsure" else ""
            return self._answer(
                question, status, message, clock, sql=safe.filled(bound.parameters), canonical=literal_sql(bound),
                result=result, confidence=likely, candidate=number, tried=tuple(tried), short=prediction.short,
            )
        message = failure.message if failure else NOTHING
        code = failure.kind if failure else "no-candidate"
        return self._answer(question, "failed", message, clock, tried=tuple(tried), code=code)

    def _bind(self, prediction: Prediction, linked: Linked, tried: list[str]) -> Bound | None:
        try:
            return bind(prediction.short, linked, self._shorthand)
        except ShorthandError as error:
            tried.append(f"expand: {error}")
            return None

    def _cannot(self) -> str:
        names = [t.name.replace("_", " ") for t in sorted(self.schema.tables, key=lambda t: -t.rows)[:5]]
        return CANNOT.format(tables=", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else "".join(names))

    def _answer(
        self, question: str, status: Status, message: str, clock: _Clock, *, sql: str | None = None,
        canonical: str | None = None, result: Result | None = None, confidence: float = 0.0, candidate: int = -1,
        tried: tuple[str, ...] = (),
        short: str = "", code: str = "",
    ) -> Answer:
        return Answer(
            id=uuid.uuid4().hex, question=question, status=status, message=message, sql=sql,
            canonical=canonical, result=result,
            confidence=confidence, student_version=self.student.version, candidate=candidate, tried=tried,
            short=short, code=code, timings_ms=clock.laps(),
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
