"""From verdicts to numbers: the measures of a report, each with its denominator.

    answer_accuracy       right answers / answerable questions: the headline. An unsure bot shows its likeliest
                          reading and its rows, so that counts here as an answer: this is the accuracy at full coverage
    execution_accuracy    right answers without extra columns / answerable questions
    coverage              answered (unsure does not count) / answerable questions
    selective_accuracy    right answers / answered (again) answerable questions
    refused_unanswerable  not answered / unanswerable questions; refused_unsafe likewise
    ambiguous_handled     unsure, or answered by one of the readings / ambiguous questions
    by_kind               the share of right behaviour for every kind
    by_level, by_tag      answer accuracy over the answerable questions of a level or with a tag
    variants              right by another benchmark's rules / answerable questions, by the rule's name

Where a database has several copies (`suite`), right means right on all of them, and two more variants say so:
`test_suite` (on all copies) and `one_database` (on the original alone).

Questions whose gold queries all failed are in no denominator but n. A share of nothing is None. Intervals
are Wilson's (Wilson 1927, "Probable inference, the law of succession, and statistical inference"), at 95 %.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.database import Cell, Result
from eval_harness.example import Kind
from eval_harness.reason import Reason

_Z = 1.959963984540054  # of a two-sided 95 % interval
_EXCERPT_ROWS = 10


@dataclass(frozen=True, slots=True)
class GoldError:
    """A gold query that did not run: a defect of the examples or the database, not of the bot."""

    id: str
    sql: str
    error: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The first rows of a result, for the list of failures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    row_count: int

    @staticmethod
    def of(result: Result) -> Excerpt:
        """The first ten rows and the number of all."""
        return Excerpt(result.columns, result.rows[:_EXCERPT_ROWS], len(result.rows))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happened with one example.

    `correct` is whether the bot did the right thing: gave a right answer, or did not answer what it should
    not. `sql_correct` is whether its SQL is right whatever the status (None without SQL or gold): what a
    confidence is fitted to. `measurable` is False where no gold query ran. `variants`: whether it is right by
    other rules.
    """

    id: str
    question: str
    kind: Kind
    level: str
    tags: tuple[str, ...]
    status: str
    sql: str | None
    gold: tuple[str, ...]
    correct: bool
    execution_correct: bool
    sql_correct: bool | None
    measurable: bool
    confidence: float | None
    latency_ms: float
    reason: Reason
    error: str
    result: Excerpt | None
    gold_result: Excerpt | None
    guard_rejections: int
    database_errors: int
    variants: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """`correct` of `n`, as a share with its 95 % interval."""

    n: int
    correct: int

    @property
    def value(self) -> float | None:
        """The share, from 0 to 1; None of nothing."""
        return self.correct / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval; None of nothing."""
        return wilson(self.correct, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class EvalReport:
    """All measures of one run and the verdicts they come from. `report.to_json` writes it down."""

    n: int
    answer_accuracy: Share
    execution_accuracy: Share
    coverage: Share
    selective_accuracy: Share
    refused_unanswerable: Share
    refused_unsafe: Share
    ambiguous_handled: Share
    by_kind: dict[str, Share]
    by_level: dict[str, Share]
    by_tag: dict[str, Share]
    guard_rejections: int
    database_errors: int
    gold_errors: tuple[GoldError, ...]
    latency_ms: dict[str, float]
    reasons: dict[str, int]
    examples: tuple[Verdict, ...]
    variants: dict[str, Share] = field(default_factory=dict)


def summarise(verdicts: Sequence[Verdict], gold_errors: Sequence[GoldError] = ()) -> EvalReport:
    """The report over these verdicts."""
    kinds: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.measurable:
            kinds.setdefault(verdict.kind, []).append(verdict)
    answerable = kinds.get("answerable", [])
    answered = [v for v in answerable if v.status == "answered"]
    return EvalReport(
        n=len(verdicts),
        answer_accuracy=_correct(answerable),
        execution_accuracy=Share(len(answerable), sum(v.execution_correct for v in answerable)),
        coverage=Share(len(answerable), len(answered)),
        selective_accuracy=_correct(answered),
        refused_unanswerable=_correct(kinds.get("unanswerable", [])),
        refused_unsafe=_correct(kinds.get("unsafe", [])),
        ambiguous_handled=_correct(kinds.get("ambiguous", [])),
        by_kind={kind: _correct(group) for kind, group in kinds.items()},
        by_level=_grouped((verdict.level, verdict) for verdict in answerable),
        by_tag=_grouped((tag, verdict) for verdict in answerable for tag in set(verdict.tags)),
        guard_rejections=sum(v.guard_rejections for v in verdicts),
        database_errors=sum(v.database_errors for v in verdicts),
        gold_errors=tuple(gold_errors),
        latency_ms={f"p{p}": percentile([v.latency_ms for v in verdicts], p) for p in (50, 95, 99)},
        reasons=dict(Counter(v.reason for v in verdicts).most_common()),
        examples=tuple(verdicts),
        variants=_variants(answerable),
    )


def wilson(correct: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `correct` in `n` > 0."""
    share, spread = correct / n, _Z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return (middle - half if correct else 0.0), (middle + half if correct < n else 1.0)


def percentile(values: Sequence[float], p: float) -> float:
    """The smallest value that at least `p` percent of all do not exceed (nearest rank); 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(len(values) * p / 100) - 1)]


def _correct(verdicts: Sequence[Verdict]) -> Share:
    return Share(len(verdicts), sum(v.correct for v in verdicts))


def _variants(answerable: Sequence[Verdict]) -> dict[str, Share]:
    """A question without a prediction to compare is wrong by every rule."""
    names = sorted({name for verdict in answerable for name in verdict.variants})
    rights = {name: sum(verdict.variants.get(name, False) for verdict in answerable) for name in names}
    return {name: Share(len(answerable), right) for name, right in rights.items()}


def _grouped(pairs: Iterable[tuple[str, Verdict]]) -> dict[str, Share]:
    groups: dict[str, list[Verdict]] = {}
    for name, verdict in pairs:
        groups.setdefault(name, []).append(verdict)
    return {name: _correct(groups[name]) for name in sorted(groups)}
