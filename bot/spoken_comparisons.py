"""Comparisons inside a noun phrase: "with salary over $50,000", "in Berlin", "of the same department", "their"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlglot import exp

from bot.expression_parts import day_of, number, stripped
from bot.flat_query import aggregates
from bot.nouns import singular, spoken
from bot.period_phrases import day_words
from bot.spoken_arithmetic import NO_ROWS, Rows
from bot.spoken_names import LABELS, PLACES, column_words, listed
from bot.spoken_values import Values

Place = Literal["name", "their", "before", "in", "did", "with", "without", "that", "only"]
SPAN = "the metrics' period"  # the source of a period that needs no rows beside it
OVER = {exp.GT: "over", exp.GTE: "at least", exp.LT: "under", exp.LTE: "at most", exp.EQ: "equal to",
         exp.NEQ: "other than"}
_AFTER = {exp.GT: "after", exp.GTE: "on or after", exp.LT: "before", exp.LTE: "on or before", exp.EQ: "on",
          exp.NEQ: "not on"}
_MANY = {exp.GT: "more than ", exp.GTE: "at least ", exp.LT: "fewer than ", exp.LTE: "at most ", exp.EQ: "exactly ",
         exp.NEQ: "other than "}
_MIRRORED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ}
_AGO = re.compile(r"DATE\('now', '([-+])' \|\| (\d+) \|\| ' (\w+)'\)|DATE\('now', '([-+])(\d+) (\w+)'\)", re.IGNORECASE)
_NUMERIC = frozenset({"integer", "number", "money", "percent", "id", "year"})


@dataclass(frozen=True, slots=True)
class Phrase:
    """One condition about the rows of a source, and its place in the noun phrase."""

    source: str
    place: Place
    text: str


@dataclass(frozen=True)
class Comparisons:
    """Words for comparisons of two expressions. `rows_of` says the rows that a nested SELECT reads."""

    values: Values
    rows_of: Callable[[exp.Select], str]
    today: date | None = None

    def of(self, test: exp.Binary, source: str, select: exp.Select, rows: Rows) -> Phrase:
        """A comparison about the rows of `source`."""
        kind, left, right = type(test), stripped(test.left), stripped(test.right)
        if isinstance(left, exp.Literal) and not isinstance(right, exp.Literal):
            kind, left, right = _MIRRORED[kind], right, left
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            same = self._same(left, right, kind, select)
            if same is not None:
                return same
        if isinstance(left, exp.Column) and isinstance(right, exp.Literal):
            plain = self._plain(kind, left, right, source, select)
            if plain is not None:
                return plain
        if isinstance(left, exp.Window) and (ranked := self._ranked(left, kind, right, select)):
            return Phrase(source, "only", ranked)
        if isinstance(left, exp.Count) and isinstance(right, exp.Literal):
            counted = self.values.counted(left, select, rows)
            if (kind, right.name) in ((exp.GT, "0"), (exp.GTE, "1")):
                return Phrase(source, "with", counted)
            root = self.values.names.root(select)
            nouns, one = (f(root, select) for f in (self.values.names.nouns, self.values.names.noun))
            few = counted.replace(nouns, one, 1) if right.name == "1" and root else counted
            return Phrase(source, "with", f"{_MANY[kind]}{number(right)} {few}")
        if isinstance(right, exp.Subquery) and isinstance(right.this, exp.Select) and kind is exp.EQ:
            inner, goal = right.this, stripped(right.this.expressions[0])
            single = not aggregates(inner) and not inner.args.get("limit")
            keyed = isinstance(left, exp.Column) and isinstance(goal, exp.Column) and self.values.names.linked(
                left, goal, select, inner
            )
            if single and keyed:
                return Phrase(source, "in", f"of {self.rows_of(inner)}")
        guess = self.values.kinds.of(left, select).kind
        dated = guess in ("date", "timestamp")
        said = self._moment(right) or (
            self.values.literal(right, left, select) if isinstance(right, exp.Literal | exp.Neg)
            else self.values.of(right, select)
        )
        words = (_AFTER if dated else OVER)[kind]
        if kind is exp.EQ and isinstance(right, exp.Literal):
            words = "of" if guess in _NUMERIC else ""
        return Phrase(source, "with", f"{self.values.of(left, select, rows)} {words} {said}".replace("  ", " "))

    def _moment(self, node: exp.Expr) -> str:
        """A day: written in, or counted back from today."""
        day = day_of(node)
        if day is not None:
            return day_words(day, self.today)
        ago = _AGO.search(node.sql("sqlite"))
        if ago is None:
            return ""
        sign, count, unit = ago.groups()[:3] if ago[2] else ago.groups()[3:]
        words = f"{count} {unit if unit.endswith('s') else unit + 's'}"
        return f"{words} ago" if sign == "-" else f"{words} from now"

    def _plain(
        self, kind: type[exp.Expr], column: exp.Column, literal: exp.Expr, source: str, select: exp.Select
    ) -> Phrase | None:
        """A stored column against a value: a name, a place, a yes or no, a text."""
        found = self.values.names.found(column, select)
        if found is None or kind not in (exp.EQ, exp.NEQ):
            return None
        name, equal = found[1].name, kind is exp.EQ
        value = self.values.literal(literal, column, select)
        if self.values.kinds.of(column, select).kind == "boolean" and literal.name in ("0", "1"):
            true = (literal.name == "1") == equal
            words = column_words(name)
            return Phrase(source, "before", words) if true else Phrase(source, "that", f"are not {words}")
        if not literal.is_string:
            return None
        if name.lower() in LABELS:
            return Phrase(source, "name", value if equal else f"other than {value}")
        if name.lower() in PLACES:
            return Phrase(source, "in", f"{'' if equal else 'not '}in {value}")
        return Phrase(source, "with", f"{spoken(name)} {'' if equal else 'not '}{value}")

    def _same(
        self, left: exp.Column, right: exp.Column, kind: type[exp.Expr], select: exp.Select
    ) -> Phrase | None:
        """A comparison with a row of the query around: "their orders", "of the same department"."""
        names = self.values.names
        homes = [names.home(c, select) for c in (left, right)]
        if homes[0] is homes[1] and kind is exp.EQ and left.name == right.name and left.table != right.table:
            referred = names.referred(left, select)
            thing = singular(spoken(referred.name)) if referred else column_words(left.name)
            return Phrase(names.root(select), "in", f"of the same {thing}")
        if homes[0] is homes[1] or select not in homes:
            return None
        own, other = (left, right) if homes[0] is select else (right, left)
        outer = homes[1] if homes[0] is select else homes[0]
        if kind is exp.EQ and names.linked(own, other, select, outer):
            return Phrase(own.table, "their", "")
        if own.name != other.name or kind not in (exp.EQ, exp.NEQ):
            return None
        referred = names.referred(own, select)
        thing = singular(spoken(referred.name)) if referred else column_words(own.name)
        return Phrase(own.table, "in", f"of the same {thing}" if kind is exp.EQ else f"of another {thing}")

    def _ranked(self, window: exp.Window, kind: type[exp.Expr], right: exp.Expr, select: exp.Select) -> str:
        """ "only the one with the highest revenue in each country", for a rank that is compared with a number."""
        order = window.args.get("order")
        ranks = isinstance(window.this, exp.RowNumber | exp.Rank | exp.DenseRank)
        if not (ranks and order and isinstance(right, exp.Literal) and kind in (exp.EQ, exp.LTE, exp.LT)):
            return ""
        if not right.name.isdigit():
            return ""
        count = int(right.name) - (kind is exp.LT)
        if kind is exp.EQ and count != 1:
            return ""
        best = " and ".join(superlative(o, self.values, select) for o in order.expressions)
        parts = [self.values.key(p, select) for p in window.args.get("partition_by") or []]
        within = f" in each {listed(parts)}" if parts else ""
        tied = " or tied" if not isinstance(window.this, exp.RowNumber) else ""
        return f"only the {'one' if count == 1 else count}{tied} with the {best}{within}"


def superlative(ordered: exp.Expr, values: Values, select: exp.Select, rows: Rows = NO_ROWS) -> str:
    """What is first in an order: "highest revenue", "most orders", "latest order date"."""
    down = bool(ordered.args.get("desc"))
    node = stripped(ordered)
    if isinstance(node, exp.Count):
        return f"{'most' if down else 'fewest'} {values.counted(node, select, rows)}"
    kind = values.kinds.of(node, select).kind
    words = values.of(node, select, rows)
    if kind in ("date", "timestamp", "month", "quarter", "year", "week"):
        return f"{'latest' if down else 'earliest'} {words}"
    if kind == "text":
        return f"{'last' if down else 'first'} {words}"
    return f"{'highest' if down else 'lowest'} {words}"
