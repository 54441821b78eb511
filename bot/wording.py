"""A checked query in one plain sentence fragment, for people to choose by who know no SQL.

    Revenue by country in October 2026, highest first, top 5
    Number of customers in Germany
    Employees with salary over the average salary of employees of the same department
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.canonical import CanonicalError, canonicalize, sources
from bot.column_kinds import KindReader
from bot.expression_parts import stripped
from bot.flat_query import aggregates, flatten, is_aggregate
from bot.formats import shorten
from bot.glossary import Glossary
from bot.nouns import heading, rows_of
from bot.schema import Schema
from bot.spoken_conditions import Conditions
from bot.spoken_groups import Groups
from bot.spoken_lists import Lists
from bot.spoken_names import Names, listed
from bot.spoken_select import Said, limit_words
from bot.spoken_values import Values

LONGEST = 160  # characters
_SEE = "… (see the SQL)"
_JOINED = {exp.Union: "together with", exp.Intersect: "that are also among", exp.Except: "that are not among"}


def in_words(sql: str, schema: Schema, glossary: Glossary, today: date | None = None) -> str:
    """The query in words, at most 160 characters. Never raises: what has no words is named by its tables, and what
    is too long is cut, with a hint to see the SQL."""
    try:
        tree = canonicalize(sql, schema)
        assert isinstance(tree, exp.Query)
        flat = flatten(tree)
        if any(schema.table(t.name) is None for t in flat.find_all(exp.Table)):
            return _named(sql, schema)
        words = _Wording(schema, glossary, today).query(flat)
    except (CanonicalError, SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        # SQL written by hand can have shapes that nobody thought of: words that fail must not fail the answer.
        return _named(sql, schema)
    words = heading(re.sub(r"\s+", " ", words).strip())
    return words if len(words) <= LONGEST else shorten(words, LONGEST - len(_SEE)).rstrip("… ,") + _SEE


def _named(sql: str, schema: Schema) -> str:
    """The tables that a query mentions, where that is all there is to say."""
    found = [rows_of(t.name) for t in schema.tables if re.search(rf"\b{re.escape(t.name)}\b", sql, re.IGNORECASE)]
    return shorten(f"Something about {listed(found)}" if found else "A query", LONGEST - len(_SEE)) + _SEE


class _Wording:
    """Puts queries into words; the readers of values and conditions ask it for nested queries."""

    def __init__(self, schema: Schema, glossary: Glossary, today: date | None) -> None:
        self.names = Names(schema, glossary)
        kinds = KindReader(schema)
        self.values = Values(self.names, kinds, self._among, self._taken, self._nested, self._derived)
        self.conditions = Conditions(self.values, self.query, self.rows_of, today)

    def query(self, node: exp.Expr) -> str:
        """A query of any kind, in small letters."""
        while isinstance(node, exp.Subquery):
            node = node.this
        if isinstance(node, exp.SetOperation):
            word = _JOINED[type(node)]
            if isinstance(node, exp.Union) and not node.args.get("distinct"):
                word = "followed by"
            tail = limit_words(node, "first")
            both = f"{self.query(node.this)}{'' if word[:4] == 'that' else ','} {word} {self.query(node.expression)}"
            return ", ".join(filter(None, [both, tail]))
        assert isinstance(node, exp.Select)
        if not sources(node):
            return listed([self.values.of(item, node) for item in node.expressions])
        return (Groups if aggregates(node) else Lists)(self, node).words()

    def keys_alone(self, keys: exp.Select, like: exp.Select) -> str:
        """The groups of a derived table, reckoned like the table itself: "customers with more than 1 order"."""
        return Groups(self, keys, like=like).keys_alone(once=False)

    def rows_of(self, select: exp.Select) -> str:
        """The rows that a nested query reads: "orders placed in 2026 for customers in Germany"."""
        said = Said(self, select)
        if aggregates(select) and select.args.get("having"):
            words = listed([p.text for p in said.having])
            plain = said.names.nouns(said.root, select) if said.root else ""
            told = said.rows() in words or said.rows() == plain
            return " for ".join([f"{words} {said.span()}".strip(), *([] if told else [said.rows()]), *said.others()])
        return " for ".join([said.rows(), *said.others()])

    def _nested(self, node: exp.Expr) -> str:
        """A query that stands for one value."""
        words = self.query(node)
        select, around = node.find(exp.Select), node.find_ancestor(exp.Select)
        if around is not None and not sources(around):
            return words
        whole = select is not None and not select.args.get("where") and not select.args.get("group")
        return f"the overall {words}" if whole and select and aggregates(select) else f"the {words}"

    def _among(self, tests: Sequence[exp.Expr], select: exp.Select) -> str:
        """Conditions inside an aggregate, alone."""
        return self.conditions.brief(tests, select, Said(self, select, plain=True).dates, "with")

    def _taken(self, tests: Sequence[exp.Expr], select: exp.Select) -> str:
        """Conditions inside a count: the rows that it counts."""
        said = Said(self, select, plain=True)
        said.phrases = self.conditions.phrases(tests, select)
        return " for ".join([said.rows(), *said.others()])

    def _derived(self, select: exp.Select, item: exp.Expr) -> str:
        """A column that a derived table selects, with what it was reckoned from."""
        said = Groups(self, select)
        limits = list(filter(None, [*(said.test_text(p) for p in said.having), said.best()]))
        if not is_aggregate(item):
            key = any(stripped(item) == stripped(g) for g in said.group())
            words = self.values.of(item, select)
            told = select.args.get("limit") or any(p.source == said.root for p in said.phrases)
            rows = said.rows() if told and not key else ""
            words = f"{words} of {rows}" if rows else words
            return f"{words} ({', '.join(limits)})" if limits and not key else words
        words = said.measures([item], "per")
        return f"{words} ({', '.join(limits)})" if limits else words
