"""What changed in the database since a student learned it, and which queries and questions that touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from bot.nouns import plural, singular, spoken
from bot.schema import Schema, Table

_HALF = 0.5  # of a student's columns must still be there, else it is of another database
_NAMED = 4  # changes that a sentence names


@dataclass(frozen=True, slots=True)
class Drift:
    """`learned` is the schema that the student knows, in the dialect of the live one.

    `changed` holds tables ("orders") and columns ("orders.status") that it knows and that are gone, of another type or
    with other keys; `added` those that it does not know.
    """

    learned: Schema
    changed: frozenset[str]
    added: tuple[str, ...]
    foreign: bool

    def sentence(self) -> str:
        """What happened, for people."""
        gone, new = _listed(sorted(self.changed)), _listed(self.added)
        parts = [f"changed or gone: {gone}" if gone else "", f"new: {new}" if new else ""]
        return f"The tables are no longer those that I learned: {'; '.join(filter(None, parts))}."

    def refusal(self, names: Sequence[str]) -> str:
        """Why a question that touches these names is not answered."""
        return (
            f"The database has changed since I learned it: {_listed(names)}. I do not answer questions about that "
            "until I have been trained again. Other questions work as before."
        )

    def touched(self, query: exp.Expr) -> list[str]:
        """The changed tables and columns that a query reads."""
        tables = {table.alias_or_name: table.name for table in query.find_all(exp.Table)}
        found = {name for name in tables.values() if name in self.changed}
        for column in query.find_all(exp.Column):
            owners = [tables[column.table]] if column.table in tables else sorted(set(tables.values()))
            found |= {f"{owner}.{column.name}" for owner in owners} & self.changed
        return sorted(found)

    def asked(self, question: str) -> list[str]:
        """The new tables and columns that a question names."""
        known = {word for name in _names(self.learned) for word in _spoken(name)}
        said = question.lower()
        return [
            name
            for name in self.added
            if any(re.search(rf"\b{re.escape(words)}\b", said) for words in _spoken(name) - known)
        ]


def drift(learned: Schema, live: Schema) -> Drift | None:
    """How the live schema differs from the learned one; None where the fingerprints are the same."""
    if learned.fingerprint == live.fingerprint:
        return None
    changed: set[str] = set()
    for table in learned.tables:
        now = live.table(table.name)
        changed |= {table.name} if now is None else _changes(table, now)
    added = [t.name for t in live.tables if learned.table(t.name) is None]
    added += [f"{t.name}.{c.name}" for t, c in live.columns() if (k := learned.table(t.name)) and not k.column(c.name)]
    known = [f"{table.name}.{column.name}" for table, column in learned.columns()]
    left = sum(live.column(name) is not None and name not in changed for name in known)
    foreign = left < _HALF * max(1, len(known))
    return Drift(replace(learned, dialect=live.dialect), frozenset(changed), tuple(added), foreign)


def _changes(before: Table, now: Table) -> set[str]:
    columns = {c.name for c in before.columns if (k := now.column(c.name)) is None or k.type != c.type}
    keys = set(before.primary_key) ^ set(now.primary_key)
    for key in set(before.foreign_keys) ^ set(now.foreign_keys):
        keys |= set(key.columns)
    return {f"{before.name}.{name}" for name in columns | (keys & {c.name for c in before.columns})}


def _names(schema: Schema) -> Iterable[str]:
    for table in schema.tables:
        yield table.name
        yield from (f"{table.name}.{column.name}" for column in table.columns)


def _spoken(name: str) -> set[str]:
    words = spoken(name.rpartition(".")[2]).lower()
    return {words, plural(words), singular(words)}


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    return ", ".join([*shown, *([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])])

