"""What is odd about a pair that people vouch for: constants, filters without effect, slots that the SQL passes over.

Such a pair may be honest, or somebody's way to teach the student a bad habit. A person looks at it first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlglot import exp

from bot.canonical import conjuncts
from bot.database import Result
from bot.intervals import Interval
from bot.linking import Linked, Slot

_MOST = 8  # filters of one query that are tried without
_UNSEEN = ("Cf", "Cc", "Co", "Cn")
_SEEN_SPACES = {"\n", "\t", "\r", " "}


def constant(tree: exp.Expr) -> bool:
    """Whether everything the query shows is written in it, whatever the data: `SELECT 42 FROM orders`."""
    shown = tree.selects if isinstance(tree, exp.Query) else []
    return bool(shown) and not any(_reads(column) for column in shown)


def partly_constant(tree: exp.Expr) -> bool:
    """Whether a column of the result is written in the query."""
    shown = tree.selects if isinstance(tree, exp.Query) else []
    return any(not _reads(column) for column in shown)


def _reads(node: exp.Expr) -> bool:
    """Whether an expression depends on rows: a column, a star, or the count of something."""
    return node.find(exp.Column, exp.Star, exp.Count) is not None


def hidden_characters(question: str) -> bool:
    """Whether the question holds characters that nobody sees: they could call up an answer that nobody expects."""
    return visible(question) != question


def visible(question: str) -> str:
    """The question without the characters that nobody sees."""
    return "".join(c for c in question if unicodedata.category(c) not in _UNSEEN or c in _SEEN_SPACES)


def passed_over(tree: exp.Expr, linked: Linked) -> bool:
    """Whether the question names values, numbers or times and the SQL says none of them."""
    return bool(linked.slots) and not any(_said(slot, tree) for slot in linked.slots)


def _said(slot: Slot, node: exp.Expr) -> bool:
    texts = {x.name.casefold() for x in node.find_all(exp.Literal) if x.is_string}
    numbers = {float(x.name) for x in node.find_all(exp.Literal) if not x.is_string}
    if isinstance(slot.value, Interval):
        days = [d for d in (slot.value.first, slot.value.after) if d is not None]
        days += [d - timedelta(days=1) for d in days]
        wanted = {form for d in days for form in (d.isoformat(), d.isoformat()[:7], str(d.year))}
        return any(text.startswith(tuple(wanted)) for text in texts) or bool(numbers & {float(d.year) for d in days})
    if isinstance(slot.value, str):
        return any(slot.value.casefold() in text for text in texts)
    return bool(numbers & {float(slot.value), float(slot.value) / 100}) or str(slot.value) in texts


def idle_filter(
    tree: exp.Expr, linked: Linked, known: exp.Expr | None, result: Result, run: Callable[[exp.Expr], Result | None]
) -> str | None:
    """A filter of the query without which it gives the same, and that neither the question nor `known` SQL asks for.

    `run` gives the result of a changed query, or None where it does not run.
    """
    familiar = {c.sql("sqlite") for c in _filters(known)} if known is not None else set()
    tried = 0
    for number, condition in enumerate(list(_filters(tree))):
        written = condition.sql("sqlite")
        asked_for = any(_said(slot, condition) for slot in linked.slots) and not condition.find(exp.Or)
        if asked_for or written in familiar:
            continue
        tried += 1
        if tried > _MOST:
            return written
        without = run(_without(tree, number))
        if without is not None and sorted(map(repr, without.rows)) == sorted(map(repr, result.rows)):
            return written
    return None


def _filters(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every part of every WHERE and HAVING, in a fixed order."""
    for clause in tree.find_all(exp.Where, exp.Having):
        yield from conjuncts(clause.this)


def _without(tree: exp.Expr, number: int) -> exp.Expr:
    """A copy of the query in which that filter lets everything through."""
    copy = tree.copy()
    condition = list(_filters(copy))[number]
    condition.replace(exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1)))
    return copy
