"""A query with its scaffolding taken away, for putting into words: no CTEs, no aliases, no derived table that only
hands its columns on. What comes out may be no valid SQL (a window in HAVING); it is read, never run."""

from __future__ import annotations

from sqlglot import exp

from bot.canonical import conjuncts, own_nodes, sources
from bot.expression_parts import folded

_ROUNDS = 8  # derived tables inside derived tables that are opened


def flatten(tree: exp.Query) -> exp.Query:
    """The flat form of a canonical query. The tree that is given is changed."""
    tree = _inlined(tree)
    for select in list(tree.find_all(exp.Select)):
        _name_positions(select)
    for test in list(tree.find_all(exp.Predicate)):
        _fold_numbers(test)
    for test in list(tree.find_all(exp.In)):
        _without_null_test(test)
    for _ in range(_ROUNDS):
        opened = [s for s in tree.find_all(exp.Select) if _opens(s)]
        if not opened:
            break
        for select in opened:
            _open(select)
    return tree


def is_aggregate(node: exp.Expr) -> bool:
    """Whether an expression aggregates rows, in itself and not inside a nested query or a window."""
    for found in node.find_all(exp.AggFunc):
        if isinstance(found.parent, exp.Window) and found.arg_key == "this":
            continue
        if found.find_ancestor(exp.Select) is node.find_ancestor(exp.Select) or found is node:
            return True
    return False


def aggregates(select: exp.Select) -> bool:
    """Whether a SELECT gives one row a group."""
    parts = [*select.expressions, *(select.args.get(key) for key in ("having", "order"))]
    return bool(select.args.get("group")) or any(is_aggregate(part) for part in parts if part is not None)


def _inlined(tree: exp.Query) -> exp.Query:
    """Every name of a CTE replaced by its query."""
    for holder in [n for n in tree.find_all(exp.Query) if n.args.get("with_")]:
        for cte in holder.args["with_"].expressions:
            for table in list(tree.find_all(exp.Table)):
                if table.name == cte.alias and not table.args.get("db"):
                    inner = exp.Subquery(this=cte.this.copy())
                    inner.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
                    table.replace(inner)
        holder.set("with_", None)
    return tree


def _name_positions(select: exp.Select) -> None:
    """ORDER BY 2, ORDER BY x and GROUP BY x say the selected expression; then the aliases are of no more use."""
    items = list(select.expressions)
    named = {item.alias: item.this for item in items if isinstance(item, exp.Alias)}
    for key in ("order", "group", "having"):
        clause = select.args.get(key)
        if clause is None:
            continue
        for column in list(clause.find_all(exp.Column)):
            if not column.table and column.name in named:
                column.replace(exp.paren(named[column.name].copy()))
        if key == "having":
            continue
        for part in clause.expressions:
            inner = part.this if isinstance(part, exp.Ordered) else part
            if isinstance(inner, exp.Literal) and inner.name.isdigit() and 0 < int(inner.name) <= len(items):
                chosen = items[int(inner.name) - 1]
                inner.replace((chosen.this if isinstance(chosen, exp.Alias) else chosen).copy())


def _fold_numbers(test: exp.Expr) -> None:
    """x > 10 / 100.0 is said as x > 0.1, as the values of x are shown."""
    for side in list(test.iter_expressions()):
        if (number := folded(side)) is not side:
            side.replace(number)


def _without_null_test(test: exp.In) -> None:
    """x IN (SELECT y … WHERE y IS NOT NULL): the last says nothing that people would miss."""
    query = test.args.get("query")
    select = query.this if isinstance(query, exp.Subquery) else query
    if not isinstance(select, exp.Select) or not select.args.get("where") or len(select.expressions) != 1:
        return
    item = select.expressions[0]
    present = exp.Not(this=exp.Is(this=item.copy(), expression=exp.Null()))
    kept = [t for t in conjuncts(select.args["where"].this) if t != present]
    select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)


def _derived(select: exp.Select) -> exp.Select | None:
    """The SELECT of the derived table that is all a SELECT reads."""
    listed = sources(select)
    inner = listed[0].this if len(listed) == 1 and isinstance(listed[0], exp.Subquery) else None
    return inner if isinstance(inner, exp.Select) else None


def _opens(select: exp.Select) -> bool:
    inner = _derived(select)
    if inner is None or aggregates(select):
        return False
    closed = any(inner.args.get(key) for key in ("limit", "offset", "distinct"))
    return not closed and not any(isinstance(i, exp.Star) for i in [*select.expressions, *inner.expressions])


def _open(select: exp.Select) -> None:
    """Put what the derived table selects where its columns are used; its clauses become the SELECT's own."""
    inner = _derived(select)
    assert inner is not None
    named = {part.alias_or_name: part for part in inner.expressions}
    for column in own_nodes(select, exp.Column):
        if part := named.get(column.name):
            column.replace(exp.paren((part.this if isinstance(part, exp.Alias) else part).copy()))
    late = conjuncts(select.args["where"].this) if select.args.get("where") else []
    if aggregates(inner) or inner.find(exp.Window):
        having = conjuncts(inner.args["having"].this) if inner.args.get("having") else []
        tests = [t.copy() for t in [*having, *late]]
        select.set("having", exp.Having(this=exp.and_(*tests, copy=False)) if tests else None)
        select.set("where", inner.args.get("where"))
    else:
        both = [*(conjuncts(inner.args["where"].this) if inner.args.get("where") else []), *late]
        select.set("where", exp.Where(this=exp.and_(*(t.copy() for t in both), copy=False)) if both else None)
    for key in ("from_", "joins", "group"):
        select.set(key, inner.args.get(key))
