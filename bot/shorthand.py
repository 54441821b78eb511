"""The student's short SQL → full SQL: joins, glossary terms, periods, date buckets and grouping put back by rule.

The short form leaves out what a rule can restore, because shorter targets are easier to learn and faster to say:

    SELECT customers.country, revenue FROM order_items WHERE orders.order_date = :d0 ORDER BY revenue DESC

says the joins from order_items up to customers and orders, the sum behind `revenue` with its condition, the
half-open interval of the period `:d0`, and GROUP BY customers.country. `kd_training.shorten` is the inverse.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.canonical import conjuncts, own_nodes, owner, sources
from bot.glossary import Glossary
from bot.intervals import Interval
from bot.joins import Hop, JoinGraph
from bot.schema import Schema

REFUSAL = "CANNOT ANSWER"
LABELS = frozenset({"name", "title", "label", "first_name", "last_name", "full_name"})
BUCKETS = {
    "MONTH": "STRFTIME('%Y-%m', x)",
    "YEAR": "STRFTIME('%Y', x)",
    "QUARTER": "STRFTIME('%Y', x) || '-Q' || CAST((CAST(STRFTIME('%m', x) AS INTEGER) + 2) / 3 AS TEXT)",
    "WEEK": "STRFTIME('%Y-%W', x)",
    "WEEKDAY": "STRFTIME('%w', x)",
    "HOUR": "STRFTIME('%H', x)",
    "DAY": "DATE(x)",
}
_PERIOD_NODES = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


class ShorthandError(ValueError):
    """The short SQL cannot be expanded; the text says why."""


class Shorthand:
    """Expands short SQL over one schema and glossary. Safe to share between threads."""

    def __init__(self, schema: Schema, glossary: Glossary) -> None:
        self.schema = schema
        self.glossary = glossary
        self.graph = JoinGraph(schema)
        self.metrics = {m.name: (_parse(m.expr), _conditions(m.where)) for m in glossary.metrics}
        self.conditions = {c.name: _parse(c.expr) for c in glossary.conditions}
        self.expressions = {e.name: _parse(e.expr) for e in glossary.expressions}
        self.buckets = {name: _parse(text) for name, text in BUCKETS.items()}

    def expand(self, short: str, periods: Mapping[str, Interval] | None = None) -> exp.Expr:
        """The full query behind `short`, in SQLite's dialect.

        Placeholders stay, except that a period `:d0` becomes `:d0_first` and `:d0_after`; a side that
        `periods` says is open is left out. Raises ShorthandError.
        """
        try:
            tree = sqlglot.parse_one(short, read="sqlite")
        except SqlglotError as error:
            raise ShorthandError(f"does not parse: {error}") from error
        except RecursionError as error:
            raise ShorthandError("is nested too deeply") from error
        if not isinstance(tree, exp.Query):
            raise ShorthandError("is not a query")
        try:
            for select in reversed(list(tree.find_all(exp.Select))):
                self._expand_select(select)
        except RecursionError as error:
            raise ShorthandError("is nested too deeply") from error
        self._buckets(tree)
        return _periods(tree, periods or {})

    def _expand_select(self, select: exp.Select) -> None:
        # Grouping is restored while metrics are still words: a metric counts as an aggregate.
        self._grouping(select)
        self._terms(select)
        self._joins(select)

    def _grouping(self, select: exp.Select) -> None:
        if select.args.get("group") or not self._aggregates(select):
            return
        keys: list[exp.Expr] = []
        for item in select.expressions:
            bare = item.this if isinstance(item, exp.Alias) else item
            if not self._is_aggregate(bare) and bare.find(exp.Column) and not isinstance(bare, exp.Subquery):
                keys.append(bare.copy())
        if not keys:
            return
        for table in dict.fromkeys(k.table for k in keys if isinstance(k, exp.Column) and k.name in LABELS):
            # Two people of one name are two people: a label groups by what it labels.
            known = self.schema.table(_base(select, table))
            for column in reversed(known.primary_key if known and len(known.primary_key) == 1 else ()):
                key = exp.column(column, table=table)
                if key not in keys:
                    keys.insert(0, key)
        select.set("group", exp.Group(expressions=keys))

    def _aggregates(self, select: exp.Select) -> bool:
        order = select.args.get("order")
        having = select.args.get("having")
        parts = [*select.expressions, *([order] if order else []), *([having] if having else [])]
        return any(self._is_aggregate(part) for part in parts)

    def _is_aggregate(self, node: exp.Expr) -> bool:
        """Whether the expression aggregates, in itself and not inside a nested query or a window."""
        for found in node.find_all(exp.AggFunc, exp.Column):
            if _nested(found, node) or isinstance(found.parent, exp.Window):
                continue
            if isinstance(found, exp.AggFunc):
                return True
            if not found.args.get("table") and found.name in self.metrics:
                return True
        return False

    def _terms(self, select: exp.Select) -> None:
        wanted: list[exp.Expr] = []
        for column in own_nodes(select, exp.Column):
            if column.args.get("table"):
                continue
            if column.name in self.metrics:
                expression, where = self.metrics[column.name]
                column.replace(_wrapped(expression, column))
                wanted.extend(where)
            elif column.name in self.conditions:
                column.replace(exp.paren(self.conditions[column.name].copy()))
            elif column.name in self.expressions:
                column.replace(_wrapped(self.expressions[column.name], column))
        where_node = select.args.get("where")
        present = conjuncts(where_node.this) if where_node else []
        for condition in wanted:
            if condition not in present:
                present.append(condition.copy())
        if present:
            select.set("where", exp.Where(this=exp.and_(*present, copy=False, wrap=True)))

    def _joins(self, select: exp.Select) -> None:
        listed = sources(select)
        if not listed or not isinstance(listed[0], exp.Table):
            return
        root = listed[0]
        if self.schema.table(root.name) is None:
            return
        names = {s.alias_or_name for s in listed}
        outer = outer_names(select)
        targets: list[str] = []
        for column in select.find_all(exp.Column):
            table = column.table
            if not table or table in names or table in outer or table in targets:
                continue
            if not _resolved_inside(column, select):
                targets.append(table)
        if not targets:
            return
        explicit = [s.alias_or_name for s in listed[1:] if isinstance(s, exp.Table)]
        hops = self.graph.tree(root.alias_or_name, [*targets])
        if hops is None and len(listed) == 1:
            hops = self._from_finer(select, root.name, targets)
        if hops is None:
            raise ShorthandError(f"no single way from {root.name} to {', '.join(targets)}")
        for hop in hops:
            if hop.parent not in explicit:
                select.join(hop.parent, on=_on(hop), copy=False)

    def _from_finer(self, select: exp.Select, root: str, targets: list[str]) -> list[Hop] | None:
        """Start from the one mentioned table that reaches all the others: `FROM customers` with a column of
        orders means the customers of orders."""
        for finer in targets:
            hops = self.graph.tree(finer, [root, *(t for t in targets if t != finer)])
            if hops is not None:
                select.set("from_", exp.From(this=exp.to_table(finer)))
                return hops
        return None

    def _buckets(self, tree: exp.Expr) -> None:
        for node in list(tree.find_all(exp.Func)):
            name = node.sql_name() if not isinstance(node, exp.Anonymous) else node.name.upper()
            arguments = node.expressions if isinstance(node, exp.Anonymous) else [node.this]
            if name in self.buckets and len(arguments) == 1:
                node.replace(_substituted(self.buckets[name], arguments[0]))
            elif name == "DAYS" and len(arguments) == 2:
                first, second = (_julian(a) for a in arguments)
                node.replace(exp.paren(exp.Sub(this=first, expression=second)))


def _parse(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read="sqlite")


def _conditions(text: str | None) -> list[exp.Expr]:
    return conjuncts(_parse(text)) if text else []


def _wrapped(expression: exp.Expr, place: exp.Expr) -> exp.Expr:
    """A copy of the expression, in parentheses where its place would split it."""
    copy = expression.copy()
    if isinstance(copy, exp.Binary) and isinstance(place.parent, exp.Binary | exp.Unary | exp.Between | exp.In):
        return exp.paren(copy)
    return copy


def _nested(node: exp.Expr, top: exp.Expr) -> bool:
    current = node
    while current is not top:
        if isinstance(current, exp.Select):
            return True
        if current.parent is None:
            return False
        current = current.parent
    return isinstance(top, exp.Subquery | exp.Select)


def _base(select: exp.Select, alias: str) -> str:
    for source in sources(select):
        if isinstance(source, exp.Table) and source.alias_or_name == alias:
            return source.name
    return alias


def outer_names(select: exp.Select) -> set[str]:
    """Sources that an enclosing query names itself: a correlated column means those."""
    names: set[str] = set()
    node: exp.Expr = select
    while node.parent is not None:
        if isinstance(node, exp.CTE | exp.From | exp.Join):
            break
        node = node.parent
        if isinstance(node, exp.Select):
            names |= {s.alias_or_name for s in sources(node)}
    return names


def _resolved_inside(column: exp.Expr, select: exp.Select) -> bool:
    """Whether a query nested in `select` already provides the column's table."""
    inner = owner(column)
    while inner is not None and inner is not select:
        if any(s.alias_or_name == column.args["table"].name for s in sources(inner)):
            return True
        inner = owner(inner)
    return False


def _on(hop: Hop) -> exp.Expr:
    pairs = zip(hop.columns, hop.ref_columns, strict=True)
    return exp.and_(*(exp.column(a, table=hop.child).eq(exp.column(b, table=hop.parent)) for a, b in pairs))


def _substituted(template: exp.Expr, argument: exp.Expr) -> exp.Expr:
    copy = template.copy()
    for column in list(copy.find_all(exp.Column)):
        column.replace(argument.copy())
    return exp.paren(copy) if isinstance(copy, exp.Binary) else copy


def _julian(argument: exp.Expr) -> exp.Expr:
    today = isinstance(argument, exp.Column) and not argument.args.get("table") and argument.name == "TODAY"
    inner = exp.Literal.string("now") if today else argument.copy()
    return exp.Anonymous(this="JULIANDAY", expressions=[inner])


def _periods(tree: exp.Expr, periods: Mapping[str, Interval]) -> exp.Expr:
    for node in list(tree.find_all(*_PERIOD_NODES)):
        slot = node.expression
        if not (isinstance(slot, exp.Placeholder) and slot.name[:1] == "d" and slot.name[1:].isdigit()):
            continue
        interval = periods.get(slot.name)
        first = None if interval and interval.first is None else exp.Placeholder(this=f"{slot.name}_first")
        after = None if interval and interval.after is None else exp.Placeholder(this=f"{slot.name}_after")
        replacement = _period_condition(node, first, after)
        if node is tree:
            return replacement
        node.replace(replacement)
    return tree


def _period_condition(
    node: exp.Expr, first: exp.Expr | None, after: exp.Expr | None
) -> exp.Expr:
    column: exp.Expr = node.this
    since = exp.GTE(this=column.copy(), expression=first) if first else None
    until = exp.LT(this=column.copy(), expression=after) if after else None
    if isinstance(node, exp.EQ):
        both = [c for c in (since, until) if c is not None]
        return exp.and_(*both, copy=False) if both else exp.true()
    if isinstance(node, exp.NEQ):
        outside = [exp.LT(this=column.copy(), expression=first.copy())] if first else []
        later = [exp.GTE(this=column.copy(), expression=after.copy())] if after else []
        either: list[exp.Expr] = [*outside, *later]
        return exp.paren(exp.or_(*either, copy=False)) if either else exp.false()
    if isinstance(node, exp.LT):
        return exp.LT(this=column.copy(), expression=first) if first else exp.false()
    if isinstance(node, exp.GTE):
        return since or exp.true()
    if isinstance(node, exp.GT):
        # "after March" begins when March ends; "after" an open period can only mean from its start.
        return exp.GTE(this=column.copy(), expression=after) if after else (since or exp.true())
    return until or exp.true()
