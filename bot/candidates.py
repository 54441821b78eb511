"""What becomes of the student's candidates: each is expanded, checked and run, or it is out, and known why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.access import NOBODY, Access, Rights
from bot.database import Database, DatabaseError, Limits, Result
from bot.derived_names import DerivedNames
from bot.drift import Drift
from bot.evidence import with_evidence
from bot.guard import Rejected
from bot.linking import Linked
from bot.schema import Schema
from bot.search import ALONE
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind, literal_sql
from bot.student import Prediction


@dataclass(frozen=True, slots=True)
class Candidate:
    """One prediction and what became of it.

    `share` is its part of the probability of all candidates. A refusal has neither `sql` nor `result`; one that is out
    has a `fault` ("guard: unknown-column", "expand: ...", "database: failed"), and one that a certain answer made
    unnecessary to run is `skipped`. `denied` says what the access rules keep from the asker (`fault` is "access"), or
    what changed in the database since the student learned it ("drift"). `sql` is in the database's own dialect and
    `canonical` in SQLite's; both have their values written in and run as they stand.
    """

    prediction: Prediction
    rank: int
    share: float
    sql: str | None = None
    result: Result | None = None
    fault: str = ""
    error: DatabaseError | None = None
    skipped: bool = False
    canonical: str | None = None
    denied: str = ""

    @property
    def refuses(self) -> bool:
        """Whether it says that the database does not hold the answer."""
        return self.prediction.short == REFUSAL

    @property
    def stands(self) -> bool:
        """Whether it can be the answer."""
        return self.refuses or self.result is not None


class Trial:
    """Runs candidates over one database."""

    def __init__(
        self, database: Database, schema: Schema, shorthand: Shorthand, limits: Limits, drift: Drift | None = None
    ) -> None:
        self._database = database
        self._drift = drift
        self._schema = schema
        self._shorthand = shorthand
        self._limits = limits
        self._names = DerivedNames(schema, shorthand.glossary)

    def run(
        self,
        predictions: Sequence[Prediction],
        linked: Linked,
        rights: Rights | None = None,
        all_of_them: bool = True,
        lap: Callable[[str], None] = lambda _: None,
    ) -> list[Candidate]:
        """What becomes of the predictions, likeliest first. Never raises.

        Without `all_of_them` those behind the first that stands are skipped. A missing, locked or slow database ends
        the trial: it does not get better with another query. `lap` is told the end of each "check" and "execute".
        Without `rights` nothing is kept from the asker.
        """
        rights = rights or Access().rights(NOBODY, self._schema)
        tried: list[Candidate] = []
        for candidate in self._each(predictions, linked, rights, lap):
            tried.append(candidate)
            if candidate.error is not None and candidate.error.kind != "failed":
                break
            if candidate.stands and (not all_of_them or candidate.share >= ALONE):
                break
        shares = _shares(predictions)
        left = range(len(tried), len(predictions))
        return [*tried, *(Candidate(predictions[i], i, shares[i], skipped=True) for i in left)]

    def _each(
        self, predictions: Sequence[Prediction], linked: Linked, rights: Rights, lap: Callable[[str], None]
    ) -> Iterator[Candidate]:
        for rank, (prediction, share) in enumerate(zip(predictions, _shares(predictions), strict=True)):
            if prediction.short == REFUSAL:
                yield Candidate(prediction, rank, share)
            else:
                yield self._one(prediction, rank, share, linked, rights, lap)

    def _one(
        self,
        prediction: Prediction,
        rank: int,
        share: float,
        linked: Linked,
        rights: Rights,
        lap: Callable[[str], None],
    ) -> Candidate:
        try:
            bound = bind(prediction.short, linked, self._shorthand)
        except ShorthandError as error:
            return Candidate(prediction, rank, share, fault=f"expand: {error}")
        if self._drift is not None and (touched := self._drift.touched(bound.tree)):
            refusal = self._drift.refusal(touched)
            return Candidate(prediction, rank, share, canonical=literal_sql(bound), fault="drift", denied=refusal)
        plain, bound = bound, replace(bound, tree=self._names.given(with_evidence(bound.tree, self._schema)))
        safe = rights.check(bound.sql, self._schema)
        if bound.tree is not plain.tree and isinstance(safe, Rejected):
            bound, safe = plain, rights.check(plain.sql, self._schema)
        lap("check")
        if isinstance(safe, Rejected):
            denied = safe.message if safe.code == "access" else ""
            fault = "access" if denied else f"guard: {safe.code}"
            return Candidate(prediction, rank, share, canonical=literal_sql(bound), fault=fault, denied=denied)
        sql, canonical = safe.filled(bound.parameters), literal_sql(bound)
        try:
            result = self._database.execute(safe, bound.parameters, self._limits)
        except DatabaseError as error:
            fault = f"database: {error.kind}"
            return Candidate(prediction, rank, share, sql, fault=fault, error=error, canonical=canonical)
        finally:
            lap("execute")
        return Candidate(prediction, rank, share, sql, result, canonical=canonical)


def _shares(predictions: Sequence[Prediction]) -> list[float]:
    if not predictions:
        return []
    best = max(p.log_probability for p in predictions)
    weights = [math.exp(p.log_probability - best) for p in predictions]
    return [weight / sum(weights) for weight in weights]
