"""How admission decides: every claim is examined, compared with others for its question, and put to second opinions.

Everything is read and run first. Each claim is then decided in one short transaction that looks once more whether its
votes still stand, so that a kill at any moment leaves no pair half admitted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.access import Access
from bot.config import Settings
from bot.records import AnswerRow, Basis, PairRow, VerdictRow
from bot.store import Store
from bot.verdicts import alike, counted, rejected_by_reviewer, removed_users, settle, take_turn
from eval_harness.match import answer_match
from kd_training.claims import Claim, Vouched, examine, read_claims
from kd_training.opinions import Asked, Opinion, Second, agrees
from kd_training.questions import Ground

REASONS: dict[Basis, str] = {
    "reviewer": "a reviewer approved it",
    "teacher": "the teacher gives the same result",
    "users": "two people say so, and the student, asked again, gives the same result",
}
ALONE = "it waits for a second opinion"
CONFLICT = "people vouch for other SQL, with another result, for the same question"
TEACHER_DIFFERS = "the teacher gives another result"
TEACHER_REFUSES = "the teacher says that this database does not hold the answer"
AGAINST = "people disagree about the answer"
CAPPED = "its user or channel has nominated too many pairs on that day"
FORSAKEN = "somebody on whose word it was let in has changed their mind"
REVIEWED = "a reviewer has rejected this SQL for this question"


@dataclass(frozen=True, slots=True)
class Rules:
    """Caps by the day of nomination, and the doors where two users are two people."""

    per_user: int = 20
    per_channel: int = 100
    named_doors: frozenset[str] = frozenset({"slack", "teams"})

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        return cls(settings.pairs_per_user, settings.pairs_per_channel, frozenset(settings.named_doors))


@dataclass(frozen=True, slots=True)
class Decided:
    """What one call decided of one question with one SQL; `pairs` are its rows."""

    question: str
    sql: str
    pairs: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class AdmissionReport:
    """What one call of `admit` decided; `waiting` is what is left to reviewers."""

    admitted: tuple[Decided, ...]
    rejected: tuple[Decided, ...]
    waiting: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Why a claim is let in, and what is learned from it. One that `follows` was let in before, for somebody else."""

    basis: Basis
    learned: str | None = None
    short: str = ""
    leaned_on: tuple[str, ...] = ()
    reviewer: str | None = None
    follows: bool = False


class Admission:
    """One call of `admit`."""

    def __init__(self, store: Store, ground: Ground, rules: Rules, access: Access, today: date | None) -> None:
        self._store = store
        self._ground = ground
        self._rules = rules
        self._access = access
        self._today = today
        self._admitted: list[Decided] = []
        self._rejected: list[Decided] = []
        self._waiting: list[Decided] = []

    def run(self, teacher: Second | None, student: Second | None) -> AdmissionReport:
        """Decide over everything that is nominated."""
        self._store.write(_forsaken)
        claims, standing = self._store.read(self._read)
        self._standing = {claim.digest: claim for claim in standing}
        for claim in claims:
            if not claim.refused:
                examine(claim, self._ground, self._access)
        self._room(claims, standing)
        self._conflicts(claims, standing)
        # A reviewer's word of an earlier day, and doubts, need no second opinion: but a reviewer wants to see it.
        open_claims = [c for c in claims if c.result is not None and not c.refused and not _approved(c)]
        of_teacher = _opinions(teacher, "teacher", open_claims)
        of_student = _opinions(student, "student", [c for c in open_claims if not c.doubt])
        for claim in claims:
            self._decide(claim, of_teacher.get(claim.digest), of_student.get(claim.digest))
        return AdmissionReport(tuple(self._admitted), tuple(self._rejected), tuple(self._waiting))

    def _read(self, session: Session) -> tuple[list[Claim], list[Claim]]:
        gone = removed_users(session)
        claims = read_claims(session, self._ground, "nominated", gone, self._today)
        rejected = rejected_by_reviewer(session, [c.digest for c in claims])
        for claim in claims:
            if claim.digest in rejected:
                claim.refused = REVIEWED
        return claims, read_claims(session, self._ground, "admitted", gone, self._today)

    def _room(self, claims: Sequence[Claim], standing: Sequence[Claim]) -> None:
        """Leave out of each claim the pairs for which their user's or channel's day has no room left."""
        used = Counter(key for claim in standing for row in claim.rows for key in _days(row) if not _by_reviewer(row))
        rows = sorted((row for claim in claims for row in claim.rows), key=lambda row: row.pair.id)
        self._within: set[int] = set()
        refused = {row.pair.id for claim in claims if claim.refused for row in claim.rows}
        for row in rows:
            user, channel = _days(row)
            if row.pair.id in refused:
                continue
            if used[user] < self._rules.per_user and used[channel] < self._rules.per_channel:
                self._within.add(row.pair.id)
                used.update((user, channel))
        for claim in claims:
            if not claim.refused and not claim.doubt and not self._roomy(claim):
                claim.doubt = CAPPED

    def _roomy(self, claim: Claim) -> list[Vouched]:
        return [row for row in claim.rows if row.pair.id in self._within]

    def _conflicts(self, claims: Sequence[Claim], standing: Sequence[Claim]) -> None:
        """Put in doubt what is asked alike and answered differently; what is in already stays until a person looks."""
        asked: defaultdict[object, list[Claim]] = defaultdict(list)
        for claim in claims:
            if claim.result is not None and not claim.refused and (self._roomy(claim) or _approved(claim)):
                asked[claim.asks].append(claim)
        others: defaultdict[object, list[Claim]] = defaultdict(list)
        for claim in standing:
            if claim.asks in asked:
                examine(claim, self._ground, self._access)
                others[claim.asks].append(claim)
        for key, alike_asked in asked.items():
            for claim in alike_asked:
                rivals = [c for c in (*alike_asked, *others[key]) if c.digest != claim.digest]
                if any(_differ(claim, rival) for rival in rivals):
                    claim.doubt = CONFLICT

    def _decide(self, claim: Claim, teacher: Opinion | None, student: Opinion | None) -> None:
        if claim.refused:
            self._reject(claim)
            return
        choice = self._choice(claim, teacher, student)
        if isinstance(choice, str):
            self._leave(claim, choice)
        else:
            self._let_in(claim, choice)

    def _choice(self, claim: Claim, teacher: Opinion | None, student: Opinion | None) -> _Choice | str:
        """Why the claim is let in, or why it waits."""
        if claim.result is None:
            return claim.doubt
        approval = next((r.verdict.reviewer for r in claim.rows if _by_reviewer(r) and r.verdict), None)
        if approval is not None:
            return _Choice("reviewer", reviewer=approval)
        before = self._before(claim)
        if before is not None and (before.basis == "reviewer" or claim.doubt in ("", CAPPED)):
            return before
        if claim.doubt:
            return claim.doubt
        if teacher is not None:
            if not agrees(teacher, claim.sql, claim.result):
                return TEACHER_DIFFERS if teacher.sql else TEACHER_REFUSES
            return _Choice("teacher", teacher.sql, teacher.short)
        people = self._people(claim)
        if len(people) < 2:
            return ALONE
        if claim.downs:
            return AGAINST
        if student is None or not agrees(student, claim.sql, claim.result):
            return ALONE
        return _Choice("users", student.sql, student.short, tuple(people))

    def _before(self, claim: Claim) -> _Choice | None:
        """The choice by which the same question with the same SQL is in already."""
        known = self._standing.get(claim.digest)
        verdict = next((r.verdict for r in known.rows if r.verdict), None) if known else None
        if verdict is None:
            return None
        return _Choice(
            verdict.basis, verdict.learned, verdict.short, tuple(verdict.leaned_on), verdict.reviewer, follows=True
        )

    def _people(self, claim: Claim) -> list[str]:
        """Who of those that vouch for it is surely somebody else than the others."""
        rows = [row for row in self._roomy(claim) if row.answer.door in self._rules.named_doors]
        return sorted({row.user for row in rows})

    def _reject(self, claim: Claim) -> None:
        def work(session: Session) -> list[int]:
            rows = _nominated(session, claim)
            for row in rows:
                settle(session, row, "rejected", claim.refused, datetime.now(UTC))
            return [row.id for row in rows]

        _note(self._rejected, claim, self._store.write(work), claim.refused)

    def _leave(self, claim: Claim, why: str) -> None:
        def work(session: Session) -> list[int]:
            rows = _nominated(session, claim)
            for row in rows:
                verdict = session.get(VerdictRow, row.id)
                opinions = claim.opinions or (verdict.opinions if verdict else {})
                kept: Basis = verdict.basis if verdict and verdict.reviewer else ""
                reviewer = verdict.reviewer if verdict else None
                settle(
                    session, row, "nominated", why, datetime.now(UTC), basis=kept, reviewer=reviewer, opinions=opinions
                )
            return [row.id for row in rows]

        _note(self._waiting, claim, self._store.write(work), why)

    def _let_in(self, claim: Claim, choice: _Choice) -> None:
        free = choice.follows or choice.basis == "reviewer"
        within = {row.pair.id for row in claim.rows} if free else self._within
        doors = {row.pair.id: row.answer.door for row in claim.rows}

        def work(session: Session) -> list[int]:
            rows = [row for row in counted(session, _nominated(session, claim)) if row.id in within]
            if rejected_by_reviewer(session, [claim.digest]):
                return []
            if choice.follows and not any(row.status == "admitted" for row in alike(session, [claim.digest])):
                return []  # it was taken out meanwhile
            if choice.basis == "users" and not choice.follows:
                still = {f"{doors[row.id]}:{row.user_id}" for row in rows} & set(choice.leaned_on)
                if len(still) < 2:
                    return []
            for row in rows:
                settle(
                    session, row, "admitted", REASONS[choice.basis], datetime.now(UTC), basis=choice.basis,
                    reviewer=choice.reviewer, leaned_on=choice.leaned_on, opinions=claim.opinions or None,
                    learned=choice.learned, short=choice.short,
                )  # fmt: skip
            return [row.id for row in rows]

        _note(self._admitted, claim, self._store.write(work), REASONS[choice.basis])


def _forsaken(session: Session) -> None:
    """Take back what was let in on the word of two people of whom one has changed their mind."""
    take_turn(session)
    query = select(PairRow, VerdictRow, AnswerRow).join(VerdictRow, VerdictRow.pair_id == PairRow.id)
    query = query.join(AnswerRow, AnswerRow.id == PairRow.answer_id)
    users: defaultdict[str, set[str]] = defaultdict(set)
    rows = session.execute(query.where(PairRow.status == "admitted", VerdictRow.basis == "users")).tuples().all()
    for pair, _, answer in rows:
        users[pair.digest].add(f"{answer.door}:{pair.user_id}")
    for pair, verdict, _ in rows:
        if len(users[pair.digest] & set(verdict.leaned_on)) < 2:
            settle(session, pair, "nominated", FORSAKEN, datetime.now(UTC))


def _nominated(session: Session, claim: Claim) -> list[PairRow]:
    """The claim's rows that are still as they were read, held, with nobody else deciding."""
    take_turn(session)
    known = {row.pair.id for row in claim.rows}
    return [row for row in alike(session, [claim.digest]) if row.id in known and row.status == "nominated"]


def _note(decided: list[Decided], claim: Claim, pairs: list[int], reason: str) -> None:
    if pairs:
        decided.append(Decided(claim.question, claim.sql, tuple(pairs), reason))


def _opinions(second: Second | None, name: str, claims: Sequence[Claim]) -> dict[str, Opinion]:
    """By digest; and noted in each claim for whoever reviews it."""
    if second is None or not claims:
        return {}
    found: dict[str, Opinion] = {}
    given = second([Asked(claim.question, claim.asked_on) for claim in claims])
    for claim, opinion in zip(claims, given, strict=True):
        if opinion is not None and claim.result is not None:
            found[claim.digest] = opinion
            claim.opinions[name] = {"sql": opinion.sql, "agrees": agrees(opinion, claim.sql, claim.result)}
    return found


def _approved(claim: Claim) -> bool:
    return any(_by_reviewer(row) for row in claim.rows)


def _by_reviewer(row: Vouched) -> bool:
    return row.verdict is not None and row.verdict.basis == "reviewer"


def _days(row: Vouched) -> tuple[tuple[str, str, date], tuple[str, str, date]]:
    """What the caps count: the user's day and the channel's. A door without channels is one channel."""
    day = row.pair.nominated_at.date()
    return ("user", row.user, day), ("channel", f"{row.answer.door}:{row.answer.channel_id or ''}", day)


def _differ(one: Claim, other: Claim) -> bool:
    if one.result is None or other.result is None:
        return False
    same = answer_match(one.result, other.result, same_tables=True) or answer_match(
        other.result, one.result, same_tables=True
    )
    return not same
