"""Conditions that ask only whether a row has others that point at it: "orders with payments", "without payments"."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from bot.canonical import conjuncts, sources
from bot.query_shape import bare, origin
from bot.schema import Schema, Table

_MORE = ("group", "having", "limit", "offset", "joins", "with_", "qualify")


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether rows of the table `owner` have `some` rows of the table `others`, or none."""

    owner: str
    others: str
    some: bool


def membership(test: exp.Expr, select: exp.Select, schema: Schema) -> Membership | None:
    """The condition as such a one: IN, EXISTS or a LEFT JOIN that found nothing, with no other condition in it."""
    some, inner = not isinstance(test, exp.Not), bare(test.this) if isinstance(test, exp.Not) else test
    pair: tuple[exp.Expr, exp.Expr] | None = None
    if isinstance(inner, exp.In) and inner.args.get("query") is not None:
        pair = _listed(inner, schema, some)
    elif isinstance(inner, exp.Exists):
        pair = _existing(inner)
    elif isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null) and some:
        pair, some = _unjoined(inner.this, select), False
    query = inner.find(exp.Select)
    if pair is None:
        return None
    for key, target in (pair, pair[::-1]):
        found = _points(key, target, query if query is not None else select, select, schema)
        if found is not None:
            return Membership(found[1].name, found[0].name, some)
    return None


def _listed(test: exp.In, schema: Schema, some: bool) -> tuple[exp.Expr, exp.Expr] | None:
    """id IN (SELECT fk FROM other). A NOT IN must not meet NULL: it would let nothing in, whatever there is."""
    query = test.args["query"].unnest()
    if not _plain(query) or len(query.expressions) != 1:
        return None
    where, goal = query.args.get("where"), bare(query.expressions[0])
    filled = exp.Not(this=exp.Is(this=goal.copy(), expression=exp.Null()))
    tests = conjuncts(where.this if where else None)
    found = origin(goal, query, schema) if isinstance(goal, exp.Column) else None
    safe = some or filled in tests or (found is not None and not found.column.nullable)
    return (goal, bare(test.this)) if safe and all(t == filled for t in tests) else None


def _existing(test: exp.Exists) -> tuple[exp.Expr, exp.Expr] | None:
    """EXISTS (SELECT 1 FROM other WHERE other.fk = id)"""
    query = test.this.unnest()
    where = query.args.get("where") if _plain(query) else None
    same = bare(where.this) if where else None
    return (same.left, same.right) if isinstance(same, exp.EQ) else None


def _unjoined(column: exp.Expr, select: exp.Select) -> tuple[exp.Expr, exp.Expr] | None:
    """LEFT JOIN other ON other.fk = id WHERE other.id IS NULL"""
    for join in select.args.get("joins") or []:
        same = join.args.get("on")
        if str(join.side).upper() == "LEFT" and isinstance(column, exp.Column) and isinstance(same, exp.EQ):
            sides = [s for s in (same.left, same.right) if isinstance(s, exp.Column)]
            own = [s for s in sides if s.table == join.this.alias_or_name == column.table]
            if len(sides) == 2 and len(own) == 1:
                return own[0], sides[1] if own[0] is sides[0] else sides[0]
    return None


def _plain(query: exp.Expr) -> bool:
    if not isinstance(query, exp.Select) or any(query.args.get(part) for part in _MORE):
        return False
    return len(sources(query)) == 1 and isinstance(sources(query)[0], exp.Table)


def _points(
    key: exp.Expr, target: exp.Expr, inside: exp.Select, select: exp.Select, schema: Schema
) -> tuple[Table, Table] | None:
    """The table of a key and the one it refers to, where no other key of that table could be meant."""
    if not (isinstance(key, exp.Column) and isinstance(target, exp.Column)):
        return None
    first, second = origin(key, inside, schema), origin(target, select, schema)
    if first is None or second is None or first.table.name == second.table.name:
        return None
    keys = [k.columns for k in first.table.foreign_keys if k.ref_table == second.table.name]
    right = keys == [(first.column.name,)] and second.table.primary_key == (second.column.name,)
    return (first.table, second.table) if right else None
