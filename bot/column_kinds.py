"""What a selected expression is: money, a month, a percentage; from types, names and arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from sqlglot import exp

from bot.formats import NUMERIC, Kind
from bot.nouns import words_of
from bot.query_shape import bare, behind, origin
from bot.schema import Column, Schema, Table

_DEEP = 40  # levels of an expression that are looked into


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True, slots=True)
class Words:
    """What an organisation calls its numbers: a name with such a word makes a column money, or a share."""

    currency: str = "$"
    money: frozenset[str] = _set(
        "amount balance bonus budget charge commission cost costs debt earnings expense expenses fee fees "
        "income margin paid pay payment payments price prices profit profits refund refunded refunds revenue "
        "salaries salary sales spend spending tax turnover unpaid wage wages worth"
    )
    percent: frozenset[str] = _set("discount discounts growth pct percent percentage rate share shares")
    counts: frozenset[str] = _set("count counts number orders customers products quantity units")
    durations: frozenset[str] = _set("days hours weeks months years minutes seconds")


@dataclass(frozen=True, slots=True)
class Guess:
    """A kind, or None where only the values can tell. `scale` 0 leaves it open whether 0.2 is 20 %."""

    kind: Kind | None = None
    unit: str = ""
    scale: float = 1.0


_UNKNOWN = Guess()
_INTEGER = Guess("integer")
_NUMBER = Guess("number")
_TEXT = Guess("text")
_BOOLEAN = Guess("boolean")
_SPANS = {
    "7": "weeks", "365": "years", "365.25": "years", "30": "months", "30.4": "months", "30.44": "months",
}
_FORMATS: dict[str, Kind] = {
    "%Y-%m": "month", "%m": "month", "%Y": "year", "%Y-%W": "week", "%w": "weekday", "%H": "hour",
    "%Y-%m-%d": "date",
}
_WRAPPERS = (
    exp.Alias, exp.Paren, exp.Round, exp.Window, exp.Filter, exp.Abs, exp.Nullif, exp.Coalesce, exp.Neg,
    exp.Distinct, exp.Ceil, exp.Floor,
)
_HUNDRED = re.compile(r"100(\.0+)?")


@dataclass(frozen=True)
class KindReader:
    """Guesses kinds over one schema."""

    schema: Schema
    words: Words = field(default_factory=Words)

    def of(self, node: exp.Expr, select: exp.Select, deep: int = 0) -> Guess:
        """The guess for an expression that `select` selects."""
        if deep > _DEEP:
            return _UNKNOWN
        if isinstance(node, exp.Column):
            return self._column(node, select, deep)
        for rule in (_text, self._time, self._aggregate, self._wrapper, self._arithmetic):
            found = rule(node, select, deep)
            if found is not None:
                return found
        return _UNKNOWN

    def named(self, name: str) -> Guess:
        """The guess from a name alone: `total_paid` is money."""
        words = words_of(name)
        if not words:
            return _UNKNOWN
        if words[-1] in self.words.durations:
            return Guess(None, words[-1])
        if any(w in self.words.percent for w in words):
            return Guess("percent", "", 0)
        if any(w in self.words.counts for w in words):
            return _UNKNOWN
        if any(w in self.words.money for w in words):
            return Guess("money", self.words.currency)
        if "year" in words[-1:]:
            return Guess("year")
        return Guess("id") if words[-1] == "id" else _UNKNOWN

    def stored(self, table: Table, column: Column) -> Guess:
        """The guess for a column of the schema."""
        keys = {c for key in table.foreign_keys for c in key.columns}
        if column.name in keys or (column.name,) == table.primary_key or column.name.lower() == "id":
            return Guess("id")
        if column.type == "boolean":
            return _BOOLEAN
        if column.type in ("integer", "number"):
            if column.type == "integer" and words_of(column.name)[:1] in (["is"], ["has"]):
                return _BOOLEAN
            by_name = self.named(column.name)
            if by_name.kind in ("money", "percent", "year"):
                return by_name
            return Guess("integer" if column.type == "integer" else "number", by_name.unit)
        return Guess(column.type) if column.type in ("date", "timestamp", "text") else _UNKNOWN

    def _column(self, node: exp.Column, select: exp.Select, deep: int) -> Guess:
        found = origin(node, select, self.schema)
        if found is not None:
            return self.stored(found.table, found.column)
        inner = behind(node, select)
        guess = self.of(*inner, deep + 1) if inner is not None else _UNKNOWN
        return guess if guess.kind is not None else self.named(node.name)

    def _time(self, node: exp.Expr, select: exp.Select, deep: int) -> Guess | None:
        if isinstance(node, exp.TimeToStr):
            return Guess(_FORMATS.get(node.args["format"].name))
        if isinstance(node, exp.Date | exp.TsOrDsToDate):
            return Guess("date")
        if isinstance(node, exp.CurrentDate):
            return Guess("date")
        if isinstance(node, exp.CurrentTimestamp):
            return Guess("timestamp")
        if isinstance(node, exp.Substring) and node.args.get("length") is not None:
            start, length = node.args.get("start"), node.args["length"].name
            dated = self.of(node.this, select, deep + 1).kind in ("date", "timestamp")
            if dated and start is not None and start.name == "1":
                kinds: dict[str, Kind] = {"4": "year", "7": "month", "10": "date"}
                return Guess(kinds.get(length, "text"))
            return _TEXT
        return None

    def _aggregate(self, node: exp.Expr, select: exp.Select, deep: int) -> Guess | None:
        if isinstance(node, exp.Count | exp.CountIf | exp.RowNumber | exp.Rank | exp.DenseRank | exp.Length):
            return _INTEGER
        if isinstance(node, exp.Sum | exp.Avg):
            inner = self.of(node.this, select, deep + 1)
            if inner.kind == "boolean":
                return _INTEGER if isinstance(node, exp.Sum) else Guess("percent", "", 100.0)
            if inner.kind not in NUMERIC:
                return Guess("number", inner.unit)
            averaged = isinstance(node, exp.Avg) and inner.kind == "integer"
            return replace(inner, kind="number") if averaged else inner
        if isinstance(node, exp.Min | exp.Max | exp.Lag | exp.Lead | exp.FirstValue | exp.LastValue):
            return self.of(node.this, select, deep + 1)
        return None

    def _wrapper(self, node: exp.Expr, select: exp.Select, deep: int) -> Guess | None:
        if isinstance(node, exp.Cast):
            inner = self.of(node.this, select, deep + 1)
            whole = node.to.is_type(*exp.DataType.INTEGER_TYPES)
            return Guess("integer", inner.unit) if whole and inner.kind in (None, "number", "text") else inner
        if isinstance(node, _WRAPPERS):
            inside = node.expressions[0] if isinstance(node, exp.Distinct) and node.expressions else node.this
            return self.of(inside, select, deep + 1) if isinstance(inside, exp.Expr) else _UNKNOWN
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and node.this.expressions:
            return self.of(node.this.expressions[0], node.this, deep + 1)
        if isinstance(node, exp.Case | exp.If):
            branches = [branch.args.get("true") for branch in node.args.get("ifs") or [node]]
            return self._first([*branches, node.args.get("default"), node.args.get("false")], select, deep)
        return None

    def _first(self, branches: list[exp.Expr | None], select: exp.Select, deep: int) -> Guess:
        said = [b for b in branches if b is not None and not isinstance(b, exp.Null)]
        guesses = [self.of(b, select, deep + 1) for b in said]
        telling = [g for g in guesses if g.kind not in (None, "integer")]
        return (telling or guesses or [_UNKNOWN])[0]

    def _arithmetic(self, node: exp.Expr, select: exp.Select, deep: int) -> Guess | None:
        if isinstance(node, exp.Literal):
            return _INTEGER if node.name.lstrip("-").isdigit() else _NUMBER
        if not isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
            return None
        if is_percentage(node):
            return Guess("percent")
        if isinstance(node, exp.Sub) and all(is_julian(side) for side in (node.left, node.right)):
            return Guess("number", "days")
        left, right = (self.of(side, select, deep + 1) for side in (node.left, node.right))
        if isinstance(node, exp.Div):
            return self._quotient(left, right, node.right)
        kinds = {left.kind, right.kind}
        if "money" in kinds:
            return Guess("money", self.words.currency)
        if isinstance(node, exp.Add | exp.Sub) and kinds == {"percent"}:
            return left
        if kinds == {"integer"}:
            return Guess("integer", left.unit if left.unit == right.unit else "")
        if isinstance(node, exp.Mul) and {left.unit, right.unit} == {"days", ""}:
            return Guess("number", "hours" if "24" in (node.left.name, node.right.name) else "")
        return Guess("number", left.unit if left.unit == right.unit else "")

    def _quotient(self, left: Guess, right: Guess, divisor: exp.Expr) -> Guess:
        if left.kind == "money":
            return _NUMBER if right.kind == "money" else left
        if left.unit == "days" and not right.unit:
            return Guess("number", _SPANS.get(bare(divisor).name, ""))
        return _NUMBER


def is_percentage(node: exp.Expr) -> bool:
    """Whether an expression is a quotient times 100, in whatever order it is written."""
    node = bare(node)
    if not isinstance(node, exp.Mul | exp.Div):
        return False
    above, below = _factors(node)
    hundred = [f for f in above if isinstance(f, exp.Literal) and _HUNDRED.fullmatch(f.name)]
    return bool(hundred) and any(not isinstance(bare(f), exp.Literal) for f in below)


def quotient(node: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """What is divided by what, number factors such as 100.0 left away."""
    node = bare(node)
    if not isinstance(node, exp.Mul | exp.Div):
        return None
    above, below = ([f for f in part if not isinstance(f, exp.Literal)] for part in _factors(node))
    return (above[0], below[0]) if len(above) == 1 and len(below) == 1 else None


def _factors(node: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """The factors above and below the line."""
    node = bare(node)
    if isinstance(node, exp.Nullif):
        return _factors(node.this)
    if isinstance(node, exp.Mul):
        (a, b), (c, d) = _factors(node.left), _factors(node.right)
        return a + c, b + d
    if isinstance(node, exp.Div):
        (a, b), (c, d) = _factors(node.left), _factors(node.right)
        return a + d, b + c
    return [node], []


def _text(node: exp.Expr, select: exp.Select, deep: int) -> Guess | None:
    if isinstance(node, exp.DPipe | exp.Concat):
        return Guess("quarter") if any(part.name == "-Q" for part in node.find_all(exp.Literal)) else _TEXT
    if isinstance(node, exp.Upper | exp.Lower | exp.Trim | exp.Replace | exp.GroupConcat):
        return _TEXT
    if isinstance(node, exp.Literal) and node.is_string:
        return _TEXT
    if isinstance(node, exp.Boolean | exp.Not | exp.Connector | exp.Exists | exp.Predicate):
        return _BOOLEAN
    return None


def is_julian(node: exp.Expr) -> bool:
    """Whether it is a day number, JULIANDAY(…)."""
    return isinstance(bare(node), exp.Anonymous) and bare(node).name.upper() == "JULIANDAY"
