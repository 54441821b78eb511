"""What a part of a query can see: sources in FROM, scopes around it; and how many rows it may give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from bot.catalog import Columns, Name, asked_for, keyed
from bot.schema import Schema


@dataclass(eq=False, slots=True)
class Source:
    """Something in FROM: the schema's `table`, or a derived one (None). `weight` tables are behind it.

    `growth` is how many times longer than a stored value its texts and numbers may have been made. `listed` are the
    columns of a derived one in their order. `spelling` is how the query wrote its name where it stands.
    """

    name: str
    columns: Columns
    rows: int
    weight: int = 1
    table: str | None = None
    growth: float = 1.0
    listed: list[Name | None] | None = None
    spelling: Name | None = None

    def column(self, identifier: exp.Expr) -> Name | None:
        """The column that an identifier means."""
        return self.columns.get(asked_for(identifier, self.columns))

    def all_columns(self) -> list[Name | None]:
        """What a star stands for: also columns without a name, or of one name."""
        return list(self.columns.values()) if self.listed is None else self.listed


@dataclass(eq=False, slots=True)
class Shape:
    """What a query gives: columns (None: one without a name), an upper estimate of rows, tables behind it,
    and the growth of its values. `spelling` is the name of a CTE as it was written."""

    columns: list[Name | None]
    rows: int
    weight: int
    growth: float = 1.0
    spelling: Name | None = None

    def named(self) -> Columns:
        """The columns that have a name."""
        return keyed(filter(None, self.columns))


@dataclass(eq=False, slots=True)
class Scope:
    """The names one SELECT can see, and through `outer` those of the queries around it.

    `outputs` are its own aliases, `merged` the columns of USING, `owners` the source of each resolved column.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    outputs: set[str] = field(default_factory=set)
    merged: set[str] = field(default_factory=set)
    outer: Scope | None = None
    owners: dict[int, Source] = field(default_factory=dict)

    def visible(self) -> list[Source]:
        """Every source of this scope and those around it."""
        outer = self.outer.visible() if self.outer is not None else []
        return [*self.sources.values(), *outer]


def own_nodes(root: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of an expression, not entering queries inside it."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (exp.Select, exp.SetOperation, exp.Subquery)):  # a query has nodes of its own
            pending.extend(node.iter_expressions())


def estimated_rows(select: exp.Select, joins: list[exp.Join], scope: Scope) -> int:
    """Rows at most, supposing that tables an equality connects give no more rows than their largest."""
    sources = list(scope.sources.values())
    if len(sources) < 2:
        return sources[0].rows if sources else 1
    group = {source: source for source in sources}

    def root(source: Source) -> Source:
        while group[source] is not source:
            source = group[source]
        return source

    for first, second in _connections(select, joins, scope):
        group[root(second)] = root(first)
    largest: dict[Source, int] = {}
    for source in sources:
        largest[root(source)] = max(largest.get(root(source), 1), source.rows)
    rows = 1
    for size in largest.values():
        rows *= size
    return rows


def _connections(select: exp.Select, joins: list[exp.Join], scope: Scope) -> Iterator[tuple[Source, Source]]:
    """Pairs of sources that ON, USING or WHERE compare for equality."""
    conditions = [join.args["on"] for join in joins if join.args.get("on")]
    if where := select.args.get("where"):
        conditions.append(where.this)
    for condition in conditions:
        for node in own_nodes(condition):
            if isinstance(node, (exp.EQ, exp.NullSafeEQ)):
                left, right = (
                    {scope.owners[id(n)] for n in own_nodes(side) if id(n) in scope.owners}
                    for side in (node.this, node.expression)
                )
                if left and right and left != right:
                    first, *rest = left | right
                    yield from ((first, other) for other in rest)
    for join in joins:
        for identifier in join.args.get("using") or ():
            first, *rest = (s for s in scope.sources.values() if identifier.name.lower() in s.columns)
            yield from ((first, other) for other in rest)


def limited(node: exp.Expr, rows: int) -> int:
    """`rows`, or less where the query's LIMIT says so."""
    limit = node.args.get("limit")
    size = limit.args.get("count" if isinstance(limit, exp.Fetch) else "expression") if limit is not None else None
    if isinstance(size, exp.Literal) and size.name.isdigit():
        return min(rows, int(size.name))
    return rows


def grouped(select: exp.Select, rows: int, scope: Scope, schema: Schema) -> int:
    """`rows`, or less where GROUP BY names only columns whose few texts are known."""
    group = select.args.get("group")
    if group is None or not group.expressions or any(group.args.get(k) for k in ("rollup", "cube", "grouping_sets")):
        return rows
    count = 1
    for key in group.expressions:
        source = scope.owners.get(id(key))
        table = schema.table(source.table) if source is not None and source.table else None
        column = table.column(key.name) if table is not None else None
        if column is None or not column.values:
            return rows
        count *= len(column.values) + 1  # and NULL
    return min(rows, count)


def growth(select: exp.Select) -> float:
    """How many times longer the query's own expressions may make a value: joining texts, repeating, multiplying."""
    factor = 1.0
    for projection in select.expressions:
        for node in own_nodes(projection):
            if isinstance(node, (exp.DPipe, exp.Mul)):
                factor += 1
            elif isinstance(node, (exp.Concat, exp.ConcatWs, exp.Format)):
                factor += len(node.expressions)
            elif isinstance(node, (exp.Replace, exp.RegexpReplace)):
                factor += len(node.args["replacement"].name) if node.args.get("replacement") else 0
            elif isinstance(node, exp.Anonymous) and node.name.lower() == "printf":
                factor += len(node.expressions)
    return factor


def gives_one_row(select: exp.Select) -> bool:
    """True for aggregates without GROUP BY."""
    if select.args.get("group") or not select.expressions:
        return False
    return all(any(_aggregates(node) for node in own_nodes(projection)) for projection in select.expressions)


def _aggregates(node: exp.Expr) -> bool:
    place = node.parent.parent if isinstance(node.parent, exp.Filter) else node.parent
    return isinstance(node, exp.AggFunc) and not isinstance(place, exp.Window)
