"""What people claim: a question with its SQL, and everybody who vouches for it; and what is wrong on its face."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlglot import exp

from bot.access import NOBODY, Access, Asker
from bot.database import DatabaseError, Result
from bot.feedback import check_own
from bot.guard import Rejected, SafeSQL
from bot.intervals import Interval
from bot.linking import Linked
from bot.nominations import digest, same_words
from bot.records import AnswerRow, FeedbackRow, PairRow, PairStatus, VerdictRow
from bot.refusals import refuse_early
from bot.verdicts import names
from kd_training.questions import Ground
from kd_training.suspicions import constant, hidden_characters, idle_filter, partly_constant, passed_over, visible
from kd_training.truisms import truism

_PASSING = ("timeout", "locked", "missing", "unreadable", "unreachable")  # another night may find otherwise


@dataclass(frozen=True, slots=True)
class Vouched:
    """One pair: one person's word, with the answer that it is about and what was decided of it so far."""

    pair: PairRow
    answer: AnswerRow
    verdict: VerdictRow | None

    @property
    def user(self) -> str:
        """The person, as `door:user`."""
        return f"{self.answer.door}:{self.pair.user_id}"


@dataclass
class Claim:
    """All pairs of one question with one SQL. `asked_on` is the day that its words are read from."""

    rows: list[Vouched]
    asked_on: date
    linked: Linked
    safe: SafeSQL | None = None
    result: Result | None = None
    refused: str = ""  # why it is out for good
    doubt: str = ""  # why a reviewer has to look at it
    downs: int = 0  # standing votes against answers that say this SQL to this question, whoever asked it
    passing: bool = False  # whether the doubt may be gone another night
    opinions: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def question(self) -> str:
        """In the words of who asked first."""
        return self.rows[0].pair.question

    @property
    def sql(self) -> str:
        """In the database's own dialect."""
        return self.rows[0].pair.sql

    @property
    def digest(self) -> str:
        """The same for all of its rows."""
        return self.rows[0].pair.digest

    @property
    def asks(self) -> tuple[str, tuple[Interval, ...]]:
        """What is asked, as it looks: the words, and the times that they meant on that day."""
        times = (slot.value for slot in self.linked.slots if isinstance(slot.value, Interval))
        return same_words(visible(self.question)), tuple(times)

    @property
    def users(self) -> list[str]:
        """Who vouches for it, each once."""
        return sorted({row.user for row in self.rows})


def read_claims(
    session: Session, ground: Ground, status: PairStatus, gone: Collection[str], today: date | None
) -> list[Claim]:
    """All claims whose pairs stand at `status`, without those of the users `gone`."""
    against = (
        select(AnswerRow.question, AnswerRow.sql, func.count())
        .join(FeedbackRow, FeedbackRow.answer_id == AnswerRow.id)
        .where(FeedbackRow.vote == -1, FeedbackRow.retracted_at.is_(None), AnswerRow.database == "")
        .group_by(AnswerRow.question, AnswerRow.sql)
    )
    downs: Counter[str] = Counter()
    for question, sql, count in session.execute(against):
        if sql is not None:
            downs[digest(question, sql)] += count
    query = (
        select(PairRow, AnswerRow, VerdictRow)
        .join(AnswerRow, AnswerRow.id == PairRow.answer_id)
        .outerjoin(VerdictRow, VerdictRow.pair_id == PairRow.id)
        .where(PairRow.status == status)
        .order_by(PairRow.id)
    )
    groups: defaultdict[str, list[Vouched]] = defaultdict(list)
    for pair, answer, verdict in session.execute(query):
        if not names(pair.user_id, answer.door) & set(gone):
            groups[pair.digest].append(Vouched(pair, answer, verdict))
    return [_claim(rows, downs[key], ground, today) for key, rows in groups.items()]


def _claim(rows: list[Vouched], downs: int, ground: Ground, today: date | None) -> Claim:
    day = today or asked_on(rows[0].answer)
    return Claim(rows, day, ground.on(day).link(rows[0].pair.question), downs=downs)


def asked_on(answer: AnswerRow) -> date:
    """The day of an answer where this machine stands: what its question called today."""
    return answer.asked_at.astimezone().date()


def examine(claim: Claim, ground: Ground, access: Access) -> None:
    """Check a claim, run it, and note in it what is wrong with it."""
    early = refuse_early(claim.question)
    if early is not None:
        claim.refused = f"the question is one that is refused: {early.code}"
        return
    safe = check_own(claim.sql, Access().rights(NOBODY, ground.schema), ground.schema, ground.database.dialect)
    if isinstance(safe, Rejected):
        claim.refused = f"the guard does not let it through: {safe.message}"
        return
    claim.safe = safe
    claim.refused = _plainly_wrong(safe)
    if claim.refused:
        return
    try:
        claim.result = ground.database.execute(safe, {}, ground.limits)
    except DatabaseError as error:
        claim.passing = error.kind in _PASSING
        if claim.passing:
            claim.doubt = f"it could not be run: {error.message}"
        else:
            claim.refused = f"it does not run: {error.message}"
        return
    claim.doubt = _doubt(claim, safe, claim.result, ground, access)


def _plainly_wrong(safe: SafeSQL) -> str:
    if not safe.tables:
        return "it reads no table"
    if constant(safe.tree):
        return "what it shows is written in it, whatever the data"
    found = truism(safe.tree)
    return f"a condition of it is always true: {found}" if found else ""


def _doubt(claim: Claim, safe: SafeSQL, result: Result, ground: Ground, access: Access) -> str:
    if hidden_characters(claim.question):
        return "the question holds characters that cannot be seen"
    if any(_fenced(row, ground, access) for row in claim.rows):
        return "whoever asked does not see everything, and the SQL may say so"
    if partly_constant(safe.tree):
        return "a column of it is written in it, whatever the data"
    if passed_over(safe.tree, claim.linked):
        return "it passes over the values, numbers and times of the question"
    if all(row.pair.source == "vote" for row in claim.rows):
        return ""
    said = next((row.answer.sql for row in claim.rows if row.answer.sql), None)
    known = _tree(said, ground) if said else None
    idle = idle_filter(safe.tree, claim.linked, known, result, lambda tree: _run(tree, ground))
    return f"a condition of it changes nothing, and nobody asked for it: {idle}" if idle else ""


def _fenced(row: Vouched, ground: Ground, access: Access) -> bool:
    """Whether something is kept from the person, so that SQL that ran for them holds the rule that keeps it."""
    answer = row.answer
    who = Asker(user=row.pair.user_id, channel=answer.channel_id or "", door=answer.door)
    rights = access.rights(who, ground.schema)
    return bool(rights.spoken.views or rights.spoken.closed)


def _tree(sql: str, ground: Ground) -> exp.Expr | None:
    safe = check_own(sql, Access().rights(NOBODY, ground.schema), ground.schema, ground.database.dialect)
    return None if isinstance(safe, Rejected) else safe.tree


def _run(tree: exp.Expr, ground: Ground) -> Result | None:
    dialect = ground.database.dialect
    safe = check_own(tree.sql(dialect), Access().rights(NOBODY, ground.schema), ground.schema, dialect)
    if isinstance(safe, Rejected):
        return None
    try:
        return ground.database.execute(safe, {}, ground.limits)
    except DatabaseError:
        return None


def weight(rows: Sequence[Vouched]) -> int:
    """How much a claim counts in training: a correction twice as much as votes alone."""
    return 2 if any(row.pair.source == "correction" for row in rows) else 1
