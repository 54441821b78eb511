"""One small change to a query: the mistakes that a comparison of results must notice, and rewrites that it must not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from eval_harness.fuzz.conditions import ColumnName, resolve
from eval_harness.quoted import parse_query

Kind = Literal["literal", "comparison", "column", "aggregate", "same meaning"]
KINDS: tuple[Kind, ...] = ("literal", "comparison", "column", "aggregate", "same meaning")

_OTHER_COMPARISONS: dict[type[exp.Expr], tuple[type[exp.Binary], ...]] = {
    exp.EQ: (exp.NEQ,), exp.NEQ: (exp.EQ,), exp.GT: (exp.GTE, exp.LT), exp.GTE: (exp.GT, exp.LTE),
    exp.LT: (exp.LTE, exp.GT), exp.LTE: (exp.LT, exp.GTE),
}  # fmt: skip
_FLIPPED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip
_AGGREGATES: tuple[type[exp.AggFunc], ...] = (exp.Sum, exp.Avg, exp.Min, exp.Max)


@dataclass(frozen=True, slots=True)
class Known:
    """What mutations draw from: the columns of each table and some of their texts, all names in lower case."""

    columns: Mapping[str, frozenset[str]]
    texts: Mapping[ColumnName, Sequence[str]]


def mutate(sql: str, kind: Kind, known: Known, chance: random.Random) -> str | None:
    """The query with one change of that kind, at a place that chance picks; None where there is no such place."""
    every = frozenset[str]().union(*known.columns.values())
    tree = parse_query(sql, every)
    if tree is None:
        return None
    changes = list(_CHANGES[kind](tree, known, chance))
    if not changes:
        return None
    place, replacement = chance.choice(changes)
    if place is tree:
        return replacement.sql(dialect="sqlite")
    place.replace(replacement)
    return tree.sql(dialect="sqlite")


_Changes = Iterator[tuple[exp.Expr, exp.Expr]]


def _literals(tree: exp.Query, known: Known, chance: random.Random) -> _Changes:
    for literal in tree.find_all(exp.Literal):
        if isinstance(literal.parent, exp.Limit | exp.Offset) and not literal.is_int:
            continue
        yield literal, _other_text(literal, known, chance) if literal.is_string else _other_number(literal, chance)


def _other_number(literal: exp.Literal, chance: random.Random) -> exp.Expr:
    number = float(literal.this)
    if literal.is_int:
        whole = int(literal.this)
        return exp.Literal.number(chance.choice((whole + 1, max(whole - 1, 0) if whole != 0 else 2, whole * 2 + 3)))
    return exp.Literal.number(round(number * chance.choice((0.5, 1.5)) + chance.choice((-0.1, 0.1)), 3))


def _other_text(literal: exp.Literal, known: Known, chance: random.Random) -> exp.Expr:
    text = str(literal.this)
    if isinstance(literal.parent, exp.Like):
        if "%" in text and chance.random() < 0.5:
            return exp.Literal.string(text.removeprefix("%") if text.startswith("%") else text.removesuffix("%"))
        return exp.Literal.string(text.replace("%", "") + "%" if not text.startswith("%") else f"%e{text[1:]}")
    sides = (literal.parent.args.get("this"), literal.parent.args.get("expression")) if literal.parent else ()
    column = next((side for side in sides if isinstance(side, exp.Column)), None)
    name = resolve(column, known.columns) if column is not None else None
    others = [other for other in known.texts.get(name, ()) if other != text] if name else []
    return exp.Literal.string(chance.choice(others) if others else text + "s")


def _comparisons(tree: exp.Query, _: Known, chance: random.Random) -> _Changes:
    for node in tree.find_all(*_OTHER_COMPARISONS):
        if isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Column):
            continue  # a join
        other = chance.choice(_OTHER_COMPARISONS[type(node)])
        yield node, other(this=node.this.copy(), expression=node.expression.copy())


def _columns(tree: exp.Query, known: Known, chance: random.Random) -> _Changes:
    for column in tree.find_all(exp.Column):
        name = resolve(column, known.columns)
        joins = isinstance(column.parent, exp.EQ) and all(
            isinstance(side, exp.Column) for side in (column.parent.this, column.parent.expression)
        )
        others = sorted(known.columns[name[0]] - {name[1]}) if name is not None and not joins else []
        if others:
            other = exp.to_identifier(chance.choice(others), quoted=True)
            yield column, exp.column(other, table=column.args.get("table"))


def _aggregates(tree: exp.Query, known: Known, chance: random.Random) -> _Changes:
    for node in tree.find_all(*_AGGREGATES):
        others = [other for other in _AGGREGATES if not isinstance(node, other)]
        if not isinstance(node.this, exp.Distinct):
            yield node, chance.choice(others)(this=node.this.copy())
    for count in tree.find_all(exp.Count):
        inner = count.this
        if isinstance(inner, exp.Distinct):
            yield count, exp.Count(this=inner.expressions[0].copy())
        elif isinstance(inner, exp.Column):
            yield count, chance.choice((exp.Max, exp.Sum))(this=inner.copy())
            yield count, exp.Count(this=exp.Distinct(expressions=[inner.copy()]))
        elif isinstance(inner, exp.Star) and (column := _some_column(count, known, chance)) is not None:
            yield count, exp.Count(this=exp.Distinct(expressions=[column]))


def _some_column(node: exp.Expr, known: Known, chance: random.Random) -> exp.Column | None:
    select = node.find_ancestor(exp.Select)
    source = select.args["from_"].this if select is not None and select.args.get("from_") else None
    names = sorted(known.columns.get(source.name.lower(), ())) if isinstance(source, exp.Table) else []
    if not names or not isinstance(source, exp.Table):
        return None
    return exp.column(exp.to_identifier(chance.choice(names), quoted=True), table=source.alias_or_name)


def _rewrites(tree: exp.Query, _: Known, __: random.Random) -> _Changes:
    """Changes that no result shows: sides, the order of conditions and of inner joins, BETWEEN, COUNT(*)."""
    for node in tree.find_all(*_FLIPPED):
        if not isinstance(node.this, exp.Query) and not isinstance(node.expression, exp.Query):
            yield node, _FLIPPED[type(node)](this=node.expression.copy(), expression=node.this.copy())
    for both in tree.find_all(exp.And):
        yield both, exp.And(this=exp.paren(both.expression.copy()), expression=exp.paren(both.this.copy()))
    for between in tree.find_all(exp.Between):
        low = exp.GTE(this=between.this.copy(), expression=between.args["low"].copy())
        high = exp.LTE(this=between.this.copy(), expression=between.args["high"].copy())
        yield between, exp.paren(exp.And(this=low, expression=high))
    for count in tree.find_all(exp.Count):
        if isinstance(count.this, exp.Star):
            yield count, exp.Count(this=exp.Literal.number(1))
    for select in tree.find_all(exp.Select):
        joins = select.args.get("joins") or []
        if len(joins) == 1 and not joins[0].side and not joins[0].kind and not select.is_star:
            turned = select.copy()
            first, second = turned.args["from_"].this, turned.args["joins"][0].this
            turned.args["from_"].set("this", second.copy())
            turned.args["joins"][0].set("this", first.copy())
            yield select, turned


_CHANGES: dict[Kind, Callable[[exp.Query, Known, random.Random], _Changes]] = {
    "literal": _literals, "comparison": _comparisons, "column": _columns, "aggregate": _aggregates,
    "same meaning": _rewrites,
}  # fmt: skip
