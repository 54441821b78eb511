"""Rows that show what they were chosen by: "suppliers rated under 3.5" come with their rating, "the best seller" with
the units that it sold.

The student says what was asked for; what a row was filtered, ranked or grouped out by is restored here by rule, as
further columns at the end. So a reader can check an answer at a glance, and the student's queries stay short. The rows
stay the same rows: where a further column could change them (DISTINCT, a set operation, a single total), none is added.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from bot.canonical import conjuncts, sources
from bot.schema import Schema
from bot.shorthand import LABELS

MOST = 3  # columns added to a query
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE)


def with_evidence(tree: exp.Expr, schema: Schema) -> exp.Expr:
    """The full query `tree`, or a copy with up to three columns more: its ranking first, then what groups and rows were
    compared by, then the key of rows that have no name. `tree` itself is not changed."""
    if not isinstance(tree, exp.Select):
        return tree
    if (ranked := _with_rank(tree)) is not None:
        return ranked
    if not _may_grow(tree):
        return tree
    there = {item.unalias().sql() for item in tree.expressions}
    added: dict[str, exp.Expr] = {}
    for found in _evidence(tree, schema):
        if found.sql() not in there and len(added) < MOST:
            added.setdefault(found.sql(), found.copy())
    if not added:
        return tree
    grown: exp.Expr = tree.copy().select(*added.values(), copy=False)
    return grown


def _with_rank(select: exp.Select) -> exp.Expr | None:
    """The best of each group with what they were ranked by, where `select` keeps a query's rows by their rank there."""
    from_ = select.args.get("from_")
    inner = from_.this if from_ else None
    if select.args.get("joins") or select.args.get("group") or select.args.get("distinct"):
        return None
    if not isinstance(inner, exp.Subquery) or not isinstance(inner.this, exp.Select) or inner.this.args.get("distinct"):
        return None
    name, measure = inner.alias, _ranked_by(select, inner)
    if not name or measure is None or any(_own(item, exp.AggFunc, exp.Star) for item in select.expressions):
        return None
    given = next((item.alias_or_name for item in inner.this.expressions if item.unalias() == measure), "")
    shown = exp.column(given or "ranked_by", table=name)
    if shown.sql() in {item.unalias().sql() for item in select.expressions}:
        return None
    grown = select.copy().select(shown, copy=False)
    if not given:
        within = grown.args["from_"].this.this
        within.select(exp.alias_(measure.copy(), "ranked_by"), copy=False)
    return grown


def _ranked_by(select: exp.Select, inner: exp.Subquery) -> exp.Expr | None:
    """The first thing that the rank which `select` compares is ordered by."""
    where = select.args.get("where")
    ranks = {item.alias: item.this for item in inner.this.expressions if isinstance(item.unalias(), exp.Window)}
    for condition in conjuncts(where.this, through_parens=True) if where else []:
        if not isinstance(condition, exp.EQ | exp.LT | exp.LTE) or not isinstance(condition.this, exp.Column):
            continue
        rank = ranks.get(condition.this.name)
        if rank is not None and isinstance(rank.this, exp.RowNumber | exp.Rank | exp.DenseRank):
            order = rank.args.get("order")
            first = order.expressions[0].this if order else None
            return first if first is not None and not _own(first, exp.Subquery, exp.Window) else None
    return None


def _may_grow(select: exp.Select) -> bool:
    """Whether further columns leave the rows as they are."""
    whole = any(item.find(exp.Star) and not item.find(exp.Count) for item in select.expressions)
    if whole or select.args.get("distinct"):
        return False
    listed = sources(select)
    if not listed or not all(isinstance(source, exp.Table) for source in listed):
        return False
    return bool(select.args.get("group")) or not any(_own(item, exp.AggFunc) for item in select.expressions)


def _evidence(select: exp.Select, schema: Schema) -> Iterator[exp.Expr]:
    grouped = select.args.get("group")
    keys = {key.sql() for key in grouped.expressions} if grouped else set()
    for found in [*_ranking(select), *_conditions(select, "having")]:
        if not grouped and _own(found, exp.AggFunc):
            continue
        if not keys or found.sql() in keys or _own(found, exp.AggFunc) or _depends(found, keys, schema):
            yield found
    if not grouped:
        yield from _conditions(select, "where")
        yield from _key(select, schema)


def _ranking(select: exp.Select) -> Iterator[exp.Expr]:
    order = select.args.get("order")
    for ordered in order.expressions if order else []:
        if _own(ordered.this, exp.Column, exp.Star) and not _own(ordered.this, exp.Subquery):
            yield ordered.this


def _conditions(select: exp.Select, part: str) -> Iterator[exp.Expr]:
    """What the rows or groups were compared by. A comparison with one value says nothing that the question did not."""
    clause = select.args.get(part)
    for condition in conjuncts(clause.this, through_parens=True) if clause else []:
        if isinstance(condition, exp.In | exp.Like):
            if condition.expressions or isinstance(condition, exp.Like):
                yield from _side(condition.this)
        elif isinstance(condition, exp.Between):
            yield from _side(condition.this)
        elif isinstance(condition, exp.Or):
            columns = {equal.this.sql(): equal.this for equal in condition.find_all(exp.EQ)}
            if len(columns) == 1 and all(isinstance(c, exp.Column) for c in columns.values()):
                yield from columns.values()
        elif isinstance(condition, _RANGES) or (isinstance(condition, exp.EQ) and _compares(condition, part)):
            yield from _side(condition.this)
            yield from _side(condition.expression)
            yield from _own_average(condition.expression)


def _compares(equal: exp.EQ, part: str) -> bool:
    """Whether an equation says what the question did not: which number the groups came to, what the highest was."""
    return part == "having" or isinstance(equal.expression.unnest(), exp.Subquery | exp.Select)


def _own_average(side: exp.Expr) -> Iterator[exp.Expr]:
    """What a row's own group comes to, where it is compared with that: "above the average of their category"."""
    inner = side.unnest()
    if isinstance(inner, exp.Subquery | exp.Select):
        query = inner.this if isinstance(inner, exp.Subquery) else inner
        there = {source.alias_or_name for source in sources(query)} if isinstance(query, exp.Select) else set()
        if there and any(column.table not in there for column in query.find_all(exp.Column)):
            yield side


def _side(side: exp.Expr) -> Iterator[exp.Expr]:
    """One side of a comparison as a column to show: an aggregate or a difference as it stands, else its one column."""
    while isinstance(side, exp.Paren):
        side = side.this
    if _own(side, exp.Subquery):
        return
    columns = {column.sql(): column for column in _own(side, exp.Column)}
    if _own(side, exp.AggFunc) or len(columns) > 1:
        yield side
    else:
        yield from columns.values()


def _key(select: exp.Select, schema: Schema) -> Iterator[exp.Expr]:
    """The key of rows that have no name: "orders that were never paid" are told by their number."""
    root = sources(select)[0]
    table = schema.table(root.name) if isinstance(root, exp.Table) else None
    if table is None or len(table.primary_key) != 1 or LABELS & {column.name for column in table.columns}:
        return
    if any(column.table == root.alias_or_name for item in select.expressions for column in _columns(item)):
        yield exp.column(table.primary_key[0], table=root.alias_or_name)


def _depends(found: exp.Expr, keys: set[str], schema: Schema) -> bool:
    """Whether the groups' keys settle it: a column of a table that is grouped by its primary key."""
    for column in _columns(found):
        table = schema.table(column.table)
        if table is None or not table.primary_key:
            return False
        if not all(exp.column(key, table=column.table).sql() in keys for key in table.primary_key):
            return False
    return True


def _columns(node: exp.Expr) -> list[exp.Column]:
    return [found for found in _own(node, exp.Column) if isinstance(found, exp.Column)]


def _own(node: exp.Expr, *kinds: type[exp.Expr]) -> list[exp.Expr]:
    """The nodes of these kinds in `node`, itself included, without those of queries nested in it."""
    walked = node.walk(prune=lambda n: isinstance(n, exp.Query) and n is not node)
    return [found for found in walked if isinstance(found, kinds)]
