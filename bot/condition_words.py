"""Conditions of a query in a few words: "Germany", "Oct 2026", "order date since 2026-03-01"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from bot.column_kinds import KindReader
from bot.expression_parts import day_of, folded
from bot.formats import ColumnInfo, clean, decimals_for, format_number, month_name, shorten
from bot.glossary import Glossary
from bot.intervals import ONE_DAY, add_months, whole_year
from bot.memberships import Membership, membership
from bot.nouns import lowered, rows_of, singular, spoken, words_of
from bot.query_shape import bare, behind, finest_table, origin, parsed, table_names
from bot.schema import Schema

LABELS = frozenset({"name", "title", "label", "full_name"})
_COMPARED: dict[type[exp.Expr], str] = {exp.GT: "over", exp.GTE: "at least", exp.LT: "under", exp.LTE: "at most"}
_MIRRORED = {
    exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}
_DATED: dict[type[exp.Expr], str] = {exp.GT: "after", exp.GTE: "on or after", exp.LT: "before", exp.LTE: "on or before"}
_COUNTED: dict[type[exp.Expr], str] = {**_COMPARED, exp.EQ: "exactly", exp.NEQ: "not"}
MADE_UP = re.compile(r"x\d+|ranked_by")  # names that stand for nothing: the student's, and that of the evidence
Namer = Callable[[exp.Expr, exp.Select], str]


def period_words(first: date | None, after: date | None) -> str:
    """Days from `first` to before `after`: "Oct 2026", "Q3 2026", "2026", "2026-10-05 to 2026-10-11"."""
    if first is None or after is None:
        return f"since {first}" if first else f"before {after}" if after else "at any time"
    try:
        if first.day == 1 and after == add_months(first, 1):
            return month_name(first.year, first.month)
        if first.day == 1 and first.month % 3 == 1 and after == add_months(first, 3):
            return f"Q{first.month // 3 + 1} {first.year}"
        if after == whole_year(first.year).after and first == date(first.year, 1, 1):
            return str(first.year)
        last = after - ONE_DAY
        if first.day == 1 and after.day == 1:
            start = month_name(None if first.year == last.year else first.year, first.month)
            return f"{start} to {month_name(last.year, last.month)}"
    except (ValueError, OverflowError):
        return f"since {first}"
    return str(first) if last == first else f"{first} to {last}"


@dataclass(frozen=True)
class ConditionWords:
    """Words for conditions over one schema. `named` says a number that is reckoned, or "" where words would not say
    all of it."""

    schema: Schema
    glossary: Glossary
    named: Namer
    kinds: KindReader = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", KindReader(self.schema))

    def phrases(self, tests: Sequence[exp.Expr], select: exp.Select, brief: bool = False) -> list[str]:
        """One phrase a condition; none at all when one has no words. `brief`: texts without their column."""
        found: dict[str, str] = {}
        bounds: dict[str, tuple[date | None, date | None]] = {}
        for test in tests:
            bound = self._bound(test, select)
            if bound is not None:
                name, first, after = bound
                old = bounds.get(name, (None, None))
                bounds[name] = (first or old[0], after or old[1])
                words = period_words(*bounds[name])
                before = "" if None in bounds[name] else _preposition(words)
                said = name.removesuffix(" at")  # "paid in Oct 2026", not "paid at in Oct 2026"
                found[f"bound {name}"] = words if brief else f"{said} {before}{words}"
                continue
            phrase = self._phrase(bare(test), select, brief)
            if phrase is None:
                return []
            found[phrase] = phrase
        return list(found.values())

    def _bound(self, test: exp.Expr, select: exp.Select) -> tuple[str, date | None, date | None] | None:
        """A side of a half-open date interval: the column's name, first day, day after the last."""
        if not isinstance(test, exp.GTE | exp.LT) or not isinstance(test.left, exp.Column):
            return None
        day = day_of(test.right)
        if day is None or self.kinds.of(test.left, select).kind not in ("date", "timestamp"):
            return None
        name = self._name(test.left, select)
        return (name, day, None) if isinstance(test, exp.GTE) else (name, None, day)

    def _phrase(self, test: exp.Expr, select: exp.Select, brief: bool) -> str | None:
        for condition in self.glossary.conditions:
            if test == bare(parsed(condition.expr)):
                return spoken(condition.name)
        if (found := membership(test, select, self.schema)) is not None:
            return self._member(found, select)
        if isinstance(test, exp.Not):
            return self._negated(bare(test.this), select)
        if _is_null(test):
            return f"no {self._name(test.this, select)}"
        if isinstance(test, exp.In) and isinstance(test.this, exp.Column) and test.expressions:
            values = [self._value(v, test.this, select) for v in test.expressions]
            listed = " or ".join(v for v in values if v is not None)
            brief = brief and all(v.is_string for v in test.expressions if isinstance(v, exp.Literal))
            return None if None in values else self._named(test.this, select, brief, listed)
        if isinstance(test, exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
            return self._comparison(test, select, brief)
        return None

    def _negated(self, test: exp.Expr, select: exp.Select) -> str | None:
        if not _is_null(test):
            return None
        name = self._name(test.this, select)
        return f"with {'an' if name[:1] in 'aeiou' else 'a'} {name}"

    def _comparison(self, test: exp.Binary, select: exp.Select, brief: bool) -> str | None:
        kind, column, other = type(test), bare(test.left), bare(test.right)
        if isinstance(folded(column), exp.Literal | exp.Neg):
            kind, column, other = _MIRRORED[kind], other, column
        column, select = _reckoned(column, select)
        if not isinstance(column, exp.Column):
            return self._reckoned(kind, column, other, select)
        if MADE_UP.fullmatch(column.name) and origin(column, select, self.schema) is None:
            return None
        value = self._value(other, column, select)
        if value is None:
            return None
        brief = brief and isinstance(other, exp.Literal) and other.is_string
        boolean = self.kinds.of(column, select).kind == "boolean"
        if boolean and other.name in ("0", "1") and kind in (exp.EQ, exp.NEQ):
            words = " ".join(words_of(column.name)[1:] or words_of(column.name))
            return words if (other.name == "1") == (kind is exp.EQ) else f"not {words}"
        if kind is exp.EQ:
            return self._named(column, select, brief, value)
        if kind is exp.NEQ:
            return self._named(column, select, brief, f"not {value}")
        return self._named(column, select, brief, f"{self._word(kind, column, select)} {value}")

    def _reckoned(self, kind: type[exp.Expr], node: exp.Expr, other: exp.Expr, select: exp.Select) -> str | None:
        """ "over 30 orders", "stock under 20", "resolution time at most 2 days"."""
        name, value = self.named(node, select), self._value(other, node, select)
        if not name or value is None:
            return None
        if isinstance(node, exp.Count):
            return f"{_COUNTED[kind]} {value} {singular(name) if value == '1' else name}"
        unit = self.kinds.of(node, select).unit
        if unit.isalpha() and unit not in name.split():
            value = f"{value} {singular(unit) if value == '1' else unit}"
        if kind in (exp.EQ, exp.NEQ):
            return f"{name} {value}" if kind is exp.EQ else f"{name} not {value}"
        return f"{name} {self._word(kind, node, select)} {value}"

    def _word(self, kind: type[exp.Expr], node: exp.Expr, select: exp.Select) -> str:
        return (_DATED if self.kinds.of(node, select).kind in ("date", "timestamp") else _COMPARED)[kind]

    def _member(self, found: Membership, select: exp.Select) -> str:
        """ "without payments", or "orders without payments" where it is not the orders that are counted."""
        finest = finest_table(select, self.schema)
        itself = finest is not None and finest.name == found.owner
        whose = "" if itself or len(table_names(select)) == 1 else f"{rows_of(found.owner)} "
        return f"{whose}{'with' if found.some else 'without'} {rows_of(found.others)}"

    def _named(self, column: exp.Column, select: exp.Select, brief: bool, words: str) -> str:
        return words if brief else f"{self._name(column, select)} {words}"

    def _name(self, column: exp.Column, select: exp.Select) -> str:
        found = origin(column, select, self.schema)
        if found and column.name in LABELS:
            return singular(spoken(found.table.name))
        return lowered(spoken(column.name))

    def _value(self, node: exp.Expr, column: exp.Expr, select: exp.Select) -> str | None:
        node = folded(node)
        if isinstance(node, exp.Literal) and node.is_string:
            return shorten(clean(node.name), 40)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            value = self._value(node.this, column, select)
            return f"-{value}" if value else None
        if not isinstance(node, exp.Literal):
            return None
        guess = self.kinds.of(column, select)
        try:
            number = float(node.name)
        except ValueError:
            return None
        if guess.kind == "id":
            return node.name
        scale = 100.0 if guess.kind == "percent" and not guess.scale and number <= 1 else 1.0
        kind = guess.kind if guess.kind in ("money", "percent") else "number"
        places = decimals_for([number], kind, scale)
        unit = guess.unit if kind == "money" else ""
        return format_number(number, ColumnInfo("", kind, "right", unit=unit, scale=scale, decimals=places))


def _reckoned(node: exp.Expr, select: exp.Select) -> tuple[exp.Expr, exp.Select]:
    """What a column of a subquery was reckoned as there; any other expression as it is."""
    inner = behind(node, select) if isinstance(node, exp.Column) else None
    return inner if inner is not None and not isinstance(inner[0], exp.Column) else (node, select)


def _preposition(period: str) -> str:
    if period.count("-") == 2:
        return "on "
    return "from " if " to " in period else "in "


def _is_null(test: exp.Expr) -> bool:
    null = isinstance(test, exp.Is) and isinstance(test.expression, exp.Null)
    return null and isinstance(test.this, exp.Column)
