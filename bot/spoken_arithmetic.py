"""Arithmetic of a query inside a sentence: "revenue per customer", "late orders as % of orders", "days from … to …"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from bot.canonical import conjuncts
from bot.column_kinds import KindReader, is_julian
from bot.expression_parts import case_branches, lagged, ratio, stripped
from bot.nouns import singular
from bot.spoken_names import listed

Rows = Mapping[str, str]
NO_ROWS: Rows = {}
_SIGNS = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "×", exp.Div: "divided by", exp.Mod: "modulo"}


class _Values(Protocol):
    """Who says the operands."""

    @property
    def kinds(self) -> KindReader: ...

    def of(self, node: exp.Expr, select: exp.Select, rows: Rows = NO_ROWS) -> str: ...

    def term(self, node: exp.Expr, select: exp.Select) -> str: ...

    def counted(self, node: exp.Count, select: exp.Select, rows: Rows) -> str: ...

    def taken(self, tests: list[exp.Expr], select: exp.Select) -> str: ...


@dataclass(frozen=True)
class Arithmetic:
    """Words for sums, differences, products and quotients. `values` says their operands."""

    values: _Values

    def of(self, node: exp.Expr, select: exp.Select, rows: Rows) -> str | None:
        """The words of arithmetic; None for anything else."""
        if not isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
            return None
        if (days := self._days(node, select)) is not None:
            return days
        parts = ratio(node)
        if parts is not None:
            return self._quotient(parts[0], parts[1], parts[2] == 100, select, rows)
        left, right = stripped(node.left), stripped(node.right)
        if isinstance(node, exp.Mul) and isinstance(left, exp.Literal) and left.name in ("1.0", "1"):
            return self.values.of(right, select, rows)
        if isinstance(node, exp.Mul) and isinstance(right, exp.Literal) and right.name in ("1.0", "1"):
            return self.values.of(left, select, rows)
        if isinstance(node, exp.Sub) and lagged(right) == left:
            return self._change(left, right, "change", select)
        words = [self.values.of(side, select, rows) for side in (left, right)]
        tight = isinstance(node, exp.Mul | exp.Div)
        words = [f"({w})" if tight and isinstance(s, exp.Add | exp.Sub) and not self.values.term(s, select) else w
                 for w, s in zip(words, (left, right), strict=True)]
        return f"{words[0]} {_SIGNS[type(node)]} {words[1]}"

    def _quotient(self, over: exp.Expr, under: exp.Expr, percent: bool, select: exp.Select, rows: Rows) -> str:
        over, under = stripped(over), stripped(under)
        if percent and isinstance(over, exp.Sub) and stripped(over.right) == under:
            if lagged(under) == stripped(over.left):
                return self._change(stripped(over.left), under, "% change", select)
            return f"% change of {self.values.of(over.left, select)} from {self.values.of(under, select)}"
        if percent and self._is_whole(over, under, select):
            return f"{self.values.of(over, select, rows)} as % of all"
        if percent and (shared := self._part_of(over, under, select)):
            return shared
        words = [self.values.of(side, select, rows) for side in (over, under)]
        if percent:
            counts = all(w.startswith("number of ") for w in words)
            words = [w.removeprefix("number of ") for w in words] if counts else words
            return f"{words[0]} as % of {words[1]}"
        if isinstance(under, exp.Count):
            return f"{words[0]} per {singular(self.values.counted(under, select, NO_ROWS).removeprefix('different '))}"
        return f"{words[0]} / {words[1]}"

    def _is_whole(self, over: exp.Expr, under: exp.Expr, select: exp.Select) -> bool:
        """Whether the second number is the first over all groups."""
        if isinstance(under, exp.Window):
            alone = not under.args.get("partition_by") and not under.args.get("order")
            inner = stripped(under.this)
            return alone and isinstance(inner, exp.Sum) and stripped(inner.this) == over
        inner = under.this
        if not isinstance(under, exp.Subquery) or not isinstance(inner, exp.Select):
            return False
        if not select.args.get("group") or len(inner.expressions) != 1:
            return False
        if any(inner.args.get(key) for key in ("group", "having", "limit")) or stripped(inner.expressions[0]) != over:
            return False
        sides = [s.args["where"].this if s.args.get("where") else None for s in (inner, select)]
        return {c.sql() for c in conjuncts(sides[0])} == {c.sql() for c in conjuncts(sides[1])}

    def _part_of(self, over: exp.Expr, under: exp.Expr, select: exp.Select) -> str:
        """ "late orders as % of orders placed in 2026", for two counts of which one is part of the other."""
        if not isinstance(over, exp.Sum | exp.Count) or type(over) is not type(under):
            return ""
        parts, wholes = case_branches(over), case_branches(under)
        if not (len(parts) == len(wholes) == 1):
            return ""
        if not all(branch.args["true"].name == "1" for branch in (*parts, *wholes)):
            return ""
        all_tests, tests = (conjuncts(stripped(b.this)) for b in (wholes[0], parts[0]))
        extra = [t for t in tests if t not in all_tests]
        if not extra or len(extra) + len(all_tests) != len(tests):
            return ""
        return f"{self.values.taken(extra, select)} as % of {self.values.taken(all_tests, select)}"

    def _change(self, node: exp.Expr, lag: exp.Expr, word: str, select: exp.Select) -> str:
        """A number minus what it was one step before."""
        shown = any(stripped(item) == node for item in select.expressions)
        steps = [self.values.of(o.this, select) for o in lag.args["order"].expressions] if lag.args.get("order") else []
        step = listed(steps) or "row"
        said = "" if shown else f" of {self.values.of(node, select)}"
        return f"{word}{said} on the previous {step}"

    def _days(self, node: exp.Expr, select: exp.Select) -> str | None:
        """ "days from order date to shipped date", for a difference of JULIANDAYs, perhaps divided."""
        over = stripped(node.left) if isinstance(node, exp.Div) else node
        if not isinstance(over, exp.Sub):
            return None
        start, end = stripped(over.right), stripped(over.left)
        if not (is_julian(start) and is_julian(end) and start.expressions and end.expressions):
            return None
        unit = self.values.kinds.of(node, select).unit if isinstance(node, exp.Div) else "days"
        if not unit:
            return None
        first, last = (side.expressions[0] for side in (start, end))
        if isinstance(last, exp.Literal):
            return f"{unit} since {self.values.of(first, select)}"
        until = "today" if isinstance(first, exp.Literal) else self.values.of(first, select)
        return f"{unit} from {until} to {self.values.of(last, select)}"
