"""SQL that people wrote, with its values in it → the student's short SQL, with the question's slots in their place.

A value that the question names becomes the question's slot; any other stays as it is written. The result is expanded
again and run: it must give what the SQL gave, else there is no short form to learn. Nor is there one where the
student's grammar does not have it, as for a text that is neither the question's nor one of a column's few: whoever
is trained on such SQL learns to begin what it may not end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from llguidance import LLMatcher, LLTokenizer
from sqlglot import exp

from bot.canonical import CanonicalError
from bot.database import DatabaseError, Result
from bot.grammar import Grammar
from bot.guard import Rejected, check
from bot.intervals import Interval
from bot.linking import Linked
from bot.schema import Dialect
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind
from eval_harness.match import answer_match
from kd_training.periods import with_periods
from kd_training.questions import Ground
from kd_training.shorten import shorten

_LOW, _HIGH = (exp.GTE, exp.GT), (exp.LT, exp.LTE)


class SlottedError(ValueError):
    """The SQL has no short form for this question; the text says why."""


@dataclass(frozen=True)
class Speech:
    """A ground with the rules of its short SQL, for many questions."""

    ground: Ground
    shorthand: Shorthand

    @staticmethod
    def over(ground: Ground) -> Speech:
        """For the ground's schema and glossary."""
        return Speech(ground, Shorthand(ground.schema, ground.glossary))

    @cached_property
    def _grammar(self) -> Grammar:
        return self.ground.grammar()

    @cached_property
    def _bytes(self) -> LLTokenizer:
        return LLTokenizer("byte")

    def stops(self, short: str, linked: Linked) -> str:
        """Where short SQL leaves the student's grammar for a question: the rest of it, empty where it can be said."""
        matcher = LLMatcher(self._bytes, self._grammar.for_slots(linked.slots), log_level=0)
        text = short.encode()
        said = matcher.validate_tokens(list(text))
        if said == len(text) and matcher.consume_tokens(list(text)) and matcher.is_accepting():
            return ""
        return text[said:].decode("utf-8", "replace") or "its end"


def slotted(sql: str, linked: Linked, speech: Speech) -> str:
    """The short form of SQL in the database's own dialect, for one question. Raises SlottedError."""
    ground = speech.ground
    safe = check(sql, ground.schema, "sqlite", read=ground.database.dialect)
    if isinstance(safe, Rejected):
        raise SlottedError(safe.message)
    wanted = _run(sql, speech, ground.database.dialect)
    faults = []
    for completed in (True, False):
        try:
            return _short(with_periods(safe.tree, linked, completed), wanted, linked, speech)
        except SlottedError as error:
            faults.append(error)
    raise faults[-1]


def _short(tree: exp.Expr, wanted: Result, linked: Linked, speech: Speech) -> str:
    try:
        short = shorten(_with_slots(tree, linked).sql("sqlite"), speech.shorthand)
        bound = bind(short, linked, speech.shorthand)
    except (CanonicalError, ShorthandError) as error:
        raise SlottedError(f"it cannot be said in short: {error}") from error
    if rest := speech.stops(short, linked):
        raise SlottedError(f"the student has no words for it, from here on: {rest}")
    got = _run_bound(bound.sql, bound.parameters, speech)
    if not answer_match(wanted, got, ordered=False):
        raise SlottedError("its short form does not give the same")
    return short


def sensible(short: str, linked: Linked, speech: Speech) -> str:
    """Short SQL that is known already, tried. Raises SlottedError."""
    if short != REFUSAL:
        try:
            bound = bind(short, linked, speech.shorthand)
        except ShorthandError as error:
            raise SlottedError(f"it cannot be expanded: {error}") from error
        _run_bound(bound.sql, bound.parameters, speech)
    return short


def _with_slots(tree: exp.Expr, linked: Linked) -> exp.Expr:
    tree = tree.copy()
    for literal in list(tree.find_all(exp.Literal)):
        name = _slot_of(literal, linked)
        if name is not None:
            literal.replace(exp.Placeholder(this=name))
    return tree


def _slot_of(literal: exp.Literal, linked: Linked) -> str | None:
    """The name that the corpus would use: a period's sides are numbered, two for each period."""
    text = str(literal.this)
    periods = [slot for slot in linked.slots if isinstance(slot.value, Interval)]
    for number, slot in enumerate(periods):
        assert isinstance(slot.value, Interval)
        low, high = isinstance(literal.parent, _LOW), isinstance(literal.parent, _HIGH)
        if literal.is_string and low and str(slot.value.first) == text:
            return f"d{2 * number}"
        if literal.is_string and high and str(slot.value.after) == text:
            return f"d{2 * number + 1}"
    for slot in linked.slots:
        if slot.kind == "value" and literal.is_string and slot.value == text:
            return slot.name
        if slot.kind == "number" and not literal.is_string and str(slot.value) == text:
            return slot.name
    return None


def _run(sql: str, speech: Speech, dialect: Dialect) -> Result:
    safe = check(sql, speech.ground.schema, speech.ground.database.dialect, read=dialect)
    if isinstance(safe, Rejected):
        raise SlottedError(safe.message)
    try:
        return speech.ground.database.execute(safe, {}, speech.ground.limits)
    except DatabaseError as error:
        raise SlottedError(error.message) from error


def _run_bound(sql: str, parameters: object, speech: Speech) -> Result:
    safe = check(sql, speech.ground.schema, speech.ground.database.dialect)
    if isinstance(safe, Rejected):
        raise SlottedError(safe.message)
    try:
        return speech.ground.database.execute(safe, parameters, speech.ground.limits)  # type: ignore[arg-type]
    except DatabaseError as error:
        raise SlottedError(error.message) from error
