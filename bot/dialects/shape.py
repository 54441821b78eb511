"""The shape of a query: grouping, names of results, joins and derived tables, where SQLite asks for less."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from bot.dialects.building import paren
from bot.expression_types import type_of
from bot.schema import Dialect, Schema
from bot.scopes import own_nodes

_QUERIES = (exp.Select, exp.SetOperation)
_BETWEEN = "¦¦"  # between values that are listed only to take the first
_PARTS = ("where", "group", "having", "order")


def restore_shape(tree: exp.Expr, schema: Schema, target: Dialect) -> None:
    """Say in place what SQLite leaves unsaid."""
    for number, select in enumerate(list(tree.find_all(exp.Select))):
        _aliases(select, target)
        _joins(select)
        _derived_names(select, number)
        _bare_columns(select, schema, target)
        if target == "mysql":
            _order_by_place(select)
    if target == "mysql":
        for cte in tree.find_all(exp.CTE):
            cte.set("materialized", None)
        for number, within in enumerate(list(tree.find_all(exp.In))):
            _wrap_limited(within, number)


def _wrap_limited(within: exp.In, number: int) -> None:
    """MySQL takes no LIMIT in the query after IN, but one query further in."""
    query = within.args.get("query")
    inner = query.this if isinstance(query, exp.Subquery) else query
    if isinstance(inner, exp.Query) and inner.args.get("limit"):
        derived = exp.Subquery(this=inner.copy(), alias=exp.TableAlias(this=exp.to_identifier(f"chosen_{number}")))
        within.set("query", exp.Subquery(this=exp.Select(expressions=[exp.Star()], from_=exp.From(this=derived))))


def _order_by_place(select: exp.Select) -> None:
    """ORDER BY 1 NULLS LAST: MySQL needs an expression to ask for NULL."""
    order = select.args.get("order")
    for ordered in order.expressions if order is not None else ():
        place = ordered.this
        if isinstance(place, exp.Literal) and place.is_int and bool(ordered.args.get("nulls_first")) is bool(
            ordered.args.get("desc")
        ) and 0 < int(place.name) <= len(select.expressions):
            meant = select.expressions[int(place.name) - 1]
            ordered.set("this", (meant.this if isinstance(meant, exp.Alias) else meant).copy())


def _joins(select: exp.Select) -> None:
    for join in select.args.get("joins") or ():
        if not join.args.get("on") and not join.args.get("using") and join.kind in ("", "INNER") and not join.side:
            join.set("kind", "CROSS")


def _derived_names(select: exp.Select, number: int) -> None:
    """A query in FROM has to have a name."""
    from_ = select.args.get("from_")
    sources = [*([from_.this] if from_ else []), *(join.this for join in select.args.get("joins") or ())]
    for place, source in enumerate(sources):
        if isinstance(source, exp.Subquery) and isinstance(source.this, _QUERIES) and not source.alias:
            source.set("alias", exp.TableAlias(this=exp.to_identifier(f"part_{number}_{place}")))


def _aliases(select: exp.Select, target: Dialect) -> None:
    """The name of a result may stand in WHERE, HAVING and inside expressions: put what it names in its place."""
    named = {e.alias.lower(): e.this for e in select.expressions if isinstance(e, exp.Alias)}
    for key in _PARTS:
        part = select.args.get(key)
        if part is None:
            continue
        for column in [n for n in own_nodes(part) if isinstance(n, exp.Column)]:
            meant = named.get(column.name.lower())
            if meant is None or column.args.get("table") or "type" in column.meta:
                continue
            if key in ("group", "order") and isinstance(column.parent, (exp.Group, exp.Ordered)):
                column.meta["type"] = type_of(meant)
                continue
            column.replace(paren(meant.copy()))


def _bare_columns(select: exp.Select, schema: Schema, target: Dialect) -> None:
    """A column beside an aggregate, not grouped by. SQLite takes it from the row that gave the only MAX or MIN, else
    from some row of the group; then the least will do, as all are the same where the query makes sense."""
    group = select.args.get("group")
    keys = list(_keys(select))
    outputs = [e.this if isinstance(e, exp.Alias) else e for e in select.expressions]
    if group is None and not any(_aggregates(e) for e in [*outputs, *_tail(select)]):
        return
    extreme = _only_extreme(outputs)
    if target == "mysql":
        _having_of_results(select, keys)
    if target == "mysql" and extreme is None:
        return  # MySQL takes it from some row as well
    determined = _determined(select, keys, schema)
    for part in [*select.expressions, *_tail(select)]:
        for column in list(_loose(part, keys)):
            if column.table in determined or isinstance(column.this, exp.Star) or _is_result(column, select):
                continue
            if "type" not in column.meta:
                continue
            taken: exp.Expr = _beside(column, extreme, target) if extreme else exp.Min(this=column.copy())
            taken.meta["type"] = column.meta["type"]
            if column is part:
                taken = exp.alias_(taken, column.name, quoted=bool(column.this.args.get("quoted")))
            column.replace(taken)


def _having_of_results(select: exp.Select, keys: list[exp.Expr]) -> None:
    """MySQL's HAVING knows no column that is neither grouped by nor selected, though it be the same in all rows."""
    having = select.args.get("having")
    shown = [e.this if isinstance(e, exp.Alias) else e for e in select.expressions]
    for column in list(_loose(having, keys)) if having is not None else ():
        if column not in shown and "type" in column.meta:
            taken = exp.Min(this=column.copy())
            taken.meta["type"] = column.meta["type"]
            column.replace(taken)


def _only_extreme(outputs: list[exp.Expr]) -> exp.Expr | None:
    found = [
        n for e in outputs for n in own_nodes(e) if isinstance(n, (exp.Max, exp.Min)) and not _in_window(n, e)
    ]
    return found[0] if len(found) == 1 else None


def _beside(column: exp.Column, extreme: exp.Expr, target: Dialect) -> exp.Expr:
    """The column in the row with the largest or least value."""
    order = exp.Ordered(this=extreme.this.copy(), desc=isinstance(extreme, exp.Max), nulls_first=False)
    if target == "postgres":
        values = exp.ArrayAgg(this=exp.Order(this=column.copy(), expressions=[order]))
        return exp.Bracket(this=exp.Paren(this=values), expressions=[exp.Literal.number(0)])
    order.set("nulls_first", not order.args["desc"])
    listed = exp.GroupConcat(
        this=exp.Order(this=column.copy(), expressions=[order]), separator=exp.Literal.string(_BETWEEN)
    )
    first = exp.SubstringIndex(this=listed, delimiter=exp.Literal.string(_BETWEEN), count=exp.Literal.number(1))
    if type_of(column) in ("integer", "number"):
        return exp.Add(this=first, expression=exp.Literal.number(0))
    return first


def _is_result(column: exp.Column, select: exp.Select) -> bool:
    """ORDER BY the name of a result."""
    if column.args.get("table") or not isinstance(column.parent, exp.Ordered):
        return False
    return any(e.alias_or_name.lower() == column.name.lower() for e in select.expressions)


def _tail(select: exp.Select) -> list[exp.Expr]:
    return [select.args[key] for key in ("having", "order") if select.args.get(key)]


def _aggregates(node: exp.Expr) -> bool:
    return any(isinstance(n, exp.AggFunc) and not _in_window(n, node) for n in own_nodes(node))


def _in_window(node: exp.Expr, top: exp.Expr) -> bool:
    parent = node.parent
    if isinstance(parent, exp.Filter):
        parent = parent.parent
    return isinstance(parent, exp.Window) and node is not top


def _keys(select: exp.Select) -> Iterator[exp.Expr]:
    """What the query groups by: names and places of results count as what they stand for."""
    group = select.args.get("group")
    outputs = [e.this if isinstance(e, exp.Alias) else e for e in select.expressions]
    named = {e.alias.lower(): e.this for e in select.expressions if isinstance(e, exp.Alias)}
    for key in group.expressions if group is not None else ():
        yield key
        if isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(outputs):
            yield outputs[int(key.name) - 1]
        elif isinstance(key, exp.Column) and key.name.lower() in named:
            yield named[key.name.lower()]


def _determined(select: exp.Select, keys: list[exp.Expr], schema: Schema) -> set[str]:
    """Sources whose primary key is grouped by: PostgreSQL knows that all their columns follow from it."""
    grouped = {(k.table, k.name) for k in keys if isinstance(k, exp.Column)}
    found = set()
    from_ = select.args.get("from_")
    for source in [*([from_.this] if from_ else []), *(join.this for join in select.args.get("joins") or ())]:
        table = schema.table(source.name) if isinstance(source, exp.Table) else None
        name = source.alias_or_name
        if table and table.primary_key and all((name, c) in grouped or ("", c) in grouped for c in table.primary_key):
            found.add(name)
    if len(found) == 1 and from_ is not None and not select.args.get("joins"):
        found.add("")  # of a single table, whose columns need no name before them
    return found


def _loose(part: exp.Expr, keys: list[exp.Expr]) -> Iterator[exp.Column]:
    """Columns in a part of the query that neither an aggregate nor a grouped expression holds."""
    pending = [part]
    while pending:
        node = pending.pop()
        if node in keys or (isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window)):
            continue
        if isinstance(node, (exp.Select, exp.SetOperation, exp.Subquery, exp.Filter)):
            continue
        if isinstance(node, exp.Column):
            yield node
        else:
            pending.extend(node.iter_expressions())
