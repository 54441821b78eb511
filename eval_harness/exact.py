"""Exact match: whether two queries are the same query once both are written in one normal form.

The canonical tree (`bot.canonical`: columns qualified by their tables, no needless aliases) and, beyond it, what
carries no meaning: letter case of names, aliases of selected columns, the order of conditions joined by AND or OR,
of inner joins and of IN lists, the side a constant stands on, BETWEEN against two comparisons. No database decides.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.canonical import CanonicalError, canonicalize
from bot.schema import Column, ForeignKey, Schema, Table
from eval_harness.quoted import parse_query

_FLIPPED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ,
}  # fmt: skip
_SPACE = re.compile(r"\s+")


def exact_match(gold: str, predicted: str, schema: Schema, dialect: str = "sqlite") -> bool:
    """Whether both queries have one normal form; `dialect` is that of the prediction. Symmetric in one dialect."""
    if _SPACE.sub(" ", gold).strip(" ;") == _SPACE.sub(" ", predicted).strip(" ;"):
        return True
    lower = _lower(schema)
    first, second = normal_form(gold, lower), normal_form(predicted, lower, dialect)
    return first is not None and first == second


def normal_form(sql: str, schema: Schema, dialect: str = "sqlite") -> str | None:
    """The normal form as text, over a schema of lower-case names; None when the SQL cannot be read."""
    parsed = parse_query(sql, {column.name for _, column in schema.columns()}, dialect)
    if parsed is None:
        return None
    for name in parsed.find_all(exp.Identifier):
        name.set("this", name.name.lower())
        name.set("quoted", False)
    try:
        tree = canonicalize(parsed.sql(dialect="sqlite", comments=False), schema, read="sqlite")
        return _one_way(tree).sql(dialect="sqlite", comments=False)
    except (CanonicalError, SqlglotError, RecursionError):
        return None


@lru_cache(maxsize=8)
def _lower(schema: Schema) -> Schema:
    tables = tuple(
        Table(
            table.name.lower(),
            tuple(Column(column.name.lower(), column.type) for column in table.columns),
            tuple(name.lower() for name in table.primary_key),
            tuple(ForeignKey(key.columns, key.ref_table.lower(), key.ref_columns) for key in table.foreign_keys),
        )
        for table in schema.tables
    )
    return Schema(schema.dialect, tables)


def _one_way(tree: exp.Expr) -> exp.Expr:
    for select in list(tree.find_all(exp.Select)):
        select.set("expressions", [item.unalias() for item in select.expressions])
        _sort_joins(select)
    for between in list(tree.find_all(exp.Between)):
        if not between.args.get("symmetric"):
            between.replace(exp.Paren(this=_two_comparisons(between)))
    # Innermost first: what contains a condition is compared by the normal form of that condition.
    for node in reversed(list(tree.walk())):
        changed = _change(node)
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return tree


def _change(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Paren) and not isinstance(node.this, exp.Query):
        # A connector keeps its parentheses under NOT and in arithmetic, where they say what it is joined with.
        joined = isinstance(node.parent, exp.Connector | exp.Where | exp.Having | exp.Join | exp.Paren)
        needless = isinstance(node.this, exp.Column | exp.Literal) or (
            joined and isinstance(node.this, exp.Predicate | exp.Connector | exp.Paren)
        )
        return node.this if needless else node
    if type(node) in _FLIPPED and _text(node.this) > _text(node.expression):
        return _FLIPPED[type(node)](this=node.expression, expression=node.this)
    if isinstance(node, exp.Connector) and not isinstance(node.parent, type(node)):
        return _sorted(node)
    if isinstance(node, exp.In) and node.expressions:
        node.set("expressions", sorted(node.expressions, key=_text))
    return node


def _two_comparisons(between: exp.Between) -> exp.And:
    low = exp.GTE(this=between.this.copy(), expression=between.args["low"])
    return exp.And(this=low, expression=exp.LTE(this=between.this, expression=between.args["high"]))


def _sorted(node: exp.Connector) -> exp.Expr:
    kind = type(node)
    parts = sorted({_text(part): part for part in node.flatten()}.items())
    whole = _wrapped(parts[0][1], kind)
    for _, part in parts[1:]:
        whole = kind(this=whole, expression=_wrapped(part, kind))
    return whole


def _wrapped(node: exp.Expr, kind: type[exp.Connector]) -> exp.Expr:
    return exp.Paren(this=node) if isinstance(node, exp.Connector) and type(node) is not kind else node


def _sort_joins(select: exp.Select) -> None:
    """Inner joins in the order of their names, their conditions with those of WHERE."""
    first, joins = select.args.get("from_"), select.args.get("joins") or []
    plain = all(not join.side and join.kind in ("", "INNER", "CROSS") and not join.args.get("using") for join in joins)
    if first is None or not joins or not plain:
        return
    conditions = [join.args["on"] for join in joins if join.args.get("on")]
    sources = sorted([first.this, *(join.this for join in joins)], key=_text)
    select.set("from_", exp.From(this=sources[0]))
    select.set("joins", [exp.Join(this=source) for source in sources[1:]])
    where = select.args.get("where")
    everything = [*conditions, *([where.this] if where else [])]
    if everything:
        select.set("where", exp.Where(this=exp.and_(*everything, copy=False)))


def _text(node: exp.Expr) -> str:
    return node.sql(dialect="sqlite", comments=False)
