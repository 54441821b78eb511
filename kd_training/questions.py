"""What a teacher needs to be asked, and its answers to be tried: a database with its schema, words and index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bot.candidates import Candidate, Trial
from bot.database import Database, Limits, Result
from bot.glossary import Glossary
from bot.grammar import Grammar
from bot.linking import Linked, link
from bot.schema import Schema
from bot.shorthand import Shorthand
from bot.student import Prediction
from bot.value_index import ValueIndex
from bot.value_reading import build_index
from eval_harness.match import answer_match


@dataclass(frozen=True)
class Ground:
    """What questions are asked over. `limits` bound each execution."""

    database: Database
    schema: Schema
    glossary: Glossary
    index: ValueIndex
    today: date
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, database: Database, glossary: Glossary, today: date) -> Ground:
        """Everything read from the database. Raises DatabaseError."""
        schema = database.schema()
        return cls(database, schema, glossary, build_index(database, schema, glossary.values), today)

    def on(self, day: date) -> Ground:
        """The same on another day: what "last month" means there."""
        return self if day == self.today else replace(self, today=day)

    def grammar(self) -> Grammar:
        """The grammar of what can be said."""
        return Grammar(self.schema, self.glossary)

    def link(self, question: str) -> Linked:
        """The question with its values, numbers and times found."""
        return link(question, self.index, self.today)

    def trial(self) -> Trial:
        """What expands, checks and runs candidates."""
        return Trial(self.database, self.schema, Shorthand(self.schema, self.glossary), self.limits)


def tried(trial: Trial, short: str, linked: Linked) -> Candidate:
    """What becomes of short SQL for a question: run, refused, or out with a fault."""
    return trial.run([Prediction(short, 0.0, 0)], linked, all_of_them=True)[0]


def says_something(result: Result) -> bool:
    """Whether a result tells one query from another: nothing and NULLs are what most wrong queries give."""
    return any(cell is not None for row in result.rows for cell in row)


def groups_of_one_mind(candidates: Sequence[Candidate]) -> list[list[int]]:
    """Numbers of those candidates that stand, those with the same answer together, in order of appearance.

    Refusals agree; results agree as the harness compares them, in any order of rows. Where the result is empty or all
    NULL, only the same SQL agrees.
    """
    groups: list[list[int]] = []
    for number, candidate in enumerate(candidates):
        if not candidate.stands:
            continue
        for group in groups:
            if _agree(candidates[group[0]], candidate):
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def _agree(one: Candidate, other: Candidate) -> bool:
    if one.prediction.short == other.prediction.short:
        return True
    if one.result is None or other.result is None:
        return one.refuses and other.refuses
    if not (says_something(one.result) and says_something(other.result)):
        return False
    return answer_match(one.result, other.result, ordered=False)
