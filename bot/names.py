"""Resolves every table and column name of a query against the schema, and spells them as the schema does.

Scopes work as in the databases: CTEs in order, derived tables, aliases, correlated subqueries, USING. Tables
that nothing connects are refused here too, as only here is it known which table a column belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from bot.catalog import Catalog, Name, needs_quotes
from bot.expression_types import type_of
from bot.name_hints import ambiguous, no_column, no_table
from bot.recursion import parts_of_recursion, rows_of_recursion
from bot.rejection import Rejection
from bot.respelling import (
    derived,
    found,
    put_view,
    rename,
    respell,
    spell_exactly,
    spelling,
    spelling_of_source,
)
from bot.scopes import Scope, Shape, Source, estimated_rows, gives_one_row, grouped, growth, limited, own_nodes
from bot.series import rows_of_series

MAX_PRODUCT = 20_000_000  # row combinations of tables that no condition connects
MAX_SOURCES = 64  # tables read once CTEs are put in place of their names
MAX_GROWTH = 20_000  # times that queries inside queries may lengthen a value
_DEFAULT_SCHEMAS = {"main", "public"}


def resolve(tree: exp.Expr, catalog: Catalog) -> frozenset[str]:
    """The tables that the query reads. Respells its names in place. Raises Rejection for unknown names."""
    resolver = _Resolver(catalog)
    shape = resolver.query(tree, None, {})
    if shape.weight > MAX_SOURCES:
        raise Rejection("too-many-joins", "This query reads too many tables at once. Please split it up.")
    for node, table in resolver.viewed:
        put_view(node, catalog.views[table])
    return frozenset(resolver.tables)


class _Resolver:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.tables: set[str] = set()
        self.viewed: list[tuple[exp.Table, str]] = []

    def query(self, node: exp.Expr, outer: Scope | None, ctes: dict[str, Shape]) -> Shape:
        """Resolve a SELECT, a set operation or a query in parentheses."""
        ctes = self._ctes(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, ctes)
        if isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Query, exp.SetOperation)):
            shape = self.query(node.this, outer, ctes)
            self._tail(node, shape, outer, ctes)
            return shape
        raise Rejection("not-a-query", "Only queries that read data can run.")

    def _ctes(self, node: exp.Expr, outer: Scope | None, ctes: dict[str, Shape]) -> dict[str, Shape]:
        with_ = node.args.get("with_")
        if not with_:
            return ctes
        ctes = dict(ctes)
        read: set[str] = set()
        for cte in with_.expressions:
            name = cte.alias.lower()
            read |= {table.name.lower() for table in cte.this.find_all(exp.Table)}
            # A CTE that reads its own name is recursion without the word, and one that is called like a table which an
            # access rule asks would answer in that table's place.
            if name in ctes or (name in self.catalog.tables and name in read) or self.catalog.is_asked(name):
                raise Rejection("name-taken", f"The name “{cte.alias}” is taken. Please choose another.")
            renamed = cte.args["alias"].args.get("columns") or []
            if with_.args.get("recursive") and any(t.name.lower() == name for t in cte.this.find_all(exp.Table)):
                shape = self._recursive(cte, renamed, outer, ctes)
            else:
                shape = self.query(cte.this, outer, ctes)
            if renamed and len(renamed) != len(shape.columns):
                message = f"“{cte.alias}” names {len(renamed)} columns but has {len(shape.columns)}."
                raise Rejection("column-count", message)
            ctes[name] = Shape(
                rename(shape.columns, renamed), shape.rows, shape.weight, shape.growth, spelling(cte.args["alias"].this)
            )
        return ctes

    def _recursive(
        self, cte: exp.CTE, renamed: list[exp.Identifier], outer: Scope | None, ctes: dict[str, Shape]
    ) -> Shape:
        """A CTE that reads itself, where it is known to end."""
        base, step = parts_of_recursion(cte)
        shape = self.query(base, outer, ctes)
        columns = rename(shape.columns, renamed)
        names = [column.spelling.lower() if column is not None else "" for column in columns]
        rows = rows_of_recursion(cte, names, shape.rows, self.catalog.schema.tables)
        own = Shape(columns, rows, shape.weight, shape.growth, spelling(cte.args["alias"].this))
        self.query(step, outer, {**ctes, cte.alias.lower(): own})
        if len(step.expressions) != len(columns):
            raise Rejection("column-count", "The parts of this query give different numbers of columns.")
        return Shape(shape.columns, rows, shape.weight + 1, shape.growth)

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None, ctes: dict[str, Shape]) -> Shape:
        # Long chains lean left, so walk down instead of recursing.
        chain: list[exp.SetOperation] = [node]
        while isinstance(chain[-1].this, exp.SetOperation) and not chain[-1].this.args.get("with_"):
            chain.append(chain[-1].this)
        shape = self.query(chain[-1].this, outer, ctes)
        for operation in reversed(chain):
            right = self.query(operation.expression, outer, ctes)
            if len(right.columns) != len(shape.columns):
                raise Rejection("column-count", "The parts of this query give different numbers of columns.")
            most = max(shape.growth, right.growth)
            shape = Shape(shape.columns, shape.rows + right.rows, shape.weight + right.weight, most)
            self._tail(operation, shape, outer, ctes)
        return shape

    def _tail(self, node: exp.Expr, shape: Shape, outer: Scope | None, ctes: dict[str, Shape]) -> None:
        """ORDER BY and LIMIT of a whole set operation: they see its output columns only."""
        scope = Scope(sources={"": Source("", shape.named(), shape.rows)}, outer=outer)
        for key in ("order", "limit", "offset"):
            if part := node.args.get(key):
                self._expression(part, scope, ctes)
        shape.rows = limited(node, shape.rows)

    def _select(self, node: exp.Select, outer: Scope | None, ctes: dict[str, Shape]) -> Shape:
        scope = Scope(outer=outer)
        joins: list[exp.Join] = []
        if from_ := node.args.get("from_"):
            self._source(from_.this, scope, outer, ctes, joins)
        for join in node.args.get("joins") or ():
            self._source(join.this, scope, outer, ctes, joins)
            joins.append(join)
        for join in joins:
            self._using(join, scope)
            if on := join.args.get("on"):
                self._expression(on, scope, ctes)
        for projection in node.expressions:
            self._expression(projection, scope, ctes)
        scope.outputs = {e.alias.lower() for e in node.expressions if isinstance(e, exp.Alias)}
        weight = sum(s.weight for s in scope.sources.values())
        for key in ("where", "group", "having", "windows", "order", "limit", "offset", "distinct"):
            part = node.args.get(key)
            for child in part if isinstance(part, list) else (part,):
                if child is not None:
                    self._expression(child, scope, ctes, outputs_first=key == "order")
        rows = estimated_rows(node, joins, scope)
        for series in (n for e in node.expressions for n in own_nodes(e) if isinstance(n, exp.ExplodingGenerateSeries)):
            rows *= rows_of_series(series)
        if rows > MAX_PRODUCT:
            raise Rejection(
                "cross-join",
                "This query combines every row of one table with every row of another. "
                "Please say which columns belong together.",
            )
        rows = 1 if gives_one_row(node) else grouped(node, rows, scope, self.catalog.schema)
        grown = growth(node) * max((s.growth for s in scope.sources.values()), default=1.0)
        if grown > MAX_GROWTH:
            raise Rejection("too-long", "This query makes its values longer and longer. Please shorten it.")
        return Shape(list(self._outputs(node, scope)), limited(node, rows), max(weight, 1), grown)

    def _source(
        self, node: exp.Expr, scope: Scope, outer: Scope | None, ctes: dict[str, Shape], joins: list[exp.Join]
    ) -> None:
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
            source = self._series(node, scope, ctes)
        elif isinstance(node, exp.Table):
            source = self._table(node, ctes)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            if node.alias:
                raise Rejection("not-allowed", "Joined tables in parentheses cannot be renamed together.")
            self._source(node.this, scope, outer, ctes, joins)
            return
        elif isinstance(node, exp.Subquery):
            source = derived(node, self.query(node, outer, ctes))
        elif isinstance(node, exp.Lateral):
            source = derived(node, self.query(node.this, scope, ctes))
        elif isinstance(node, exp.Values):
            width = len(node.expressions[0].expressions) if node.expressions else 0
            names: list[Name | None] = [Name(f"column{i + 1}") for i in range(width)]
            self._expression(exp.Tuple(expressions=list(node.expressions)), Scope(outer=outer), ctes)
            source = derived(node, Shape(names, len(node.expressions), 1))
        elif isinstance(node, exp.Unnest):
            held = node.expressions[0].expressions
            self._expression(exp.Tuple(expressions=list(held)), Scope(outer=outer), ctes)
            source = derived(node, Shape([Name(node.alias or "unnest")], len(held), 1))
        else:
            raise Rejection("table-function", "Rows can only be read from tables here.")
        key = source.name.lower() or f"\x00{len(scope.sources)}"  # a derived table may go without a name
        if key in scope.sources:
            raise Rejection(
                "name-twice", f"“{source.name}” stands twice in FROM. Please give each its own name with AS."
            )
        scope.sources[key] = source
        for join in node.args.get("joins") or ():
            self._source(join.this, scope, outer, ctes, joins)
            joins.append(join)

    def _series(self, node: exp.Table, scope: Scope, ctes: dict[str, Shape]) -> Source:
        """A function in FROM: its one column is called like the function's alias."""
        for bound in node.this.args.values():
            if bound is not None:
                self._expression(bound, scope, ctes)
        return derived(node, Shape([Name(node.alias or "generate_series")], rows_of_series(node.this), 1))

    def _table(self, node: exp.Table, ctes: dict[str, Shape]) -> Source:
        database = node.args.get("db")
        name = node.name.lower()
        if name in ctes and database:
            raise Rejection("name-taken", f"The name “{node.name[:60]}” is taken. Please choose another.")
        if name in ctes:
            shape = ctes[name]
            spell_exactly(node.this, shape.spelling)  # else a database that tells A from a would read another table
            return Source(
                node.alias or node.name, shape.named(), shape.rows, shape.weight, None, shape.growth, shape.columns,
                spelling_of_source(node),
            )
        table = self.catalog.table(node.this)
        if database and database.name.lower() not in _DEFAULT_SCHEMAS:
            raise Rejection("unknown-table", f"There is no database “{database.name[:60]}”.")
        if table is None:
            raise no_table(self.catalog, node.name)
        node.set("db", None)
        identifier = node.this
        identifier.args["quoted"] = bool(identifier.args.get("quoted")) or needs_quotes(table)
        identifier.args["this"] = table
        self.tables.add(table)
        if table in self.catalog.views:
            self.viewed.append((node, table))
        return Source(
            node.alias or table, self.catalog.columns[table], self.catalog.rows[table], 1, table,
            spelling=spelling_of_source(node),
        )

    def _using(self, join: exp.Join, scope: Scope) -> None:
        for identifier in join.args.get("using") or ():
            name = identifier.name.lower()
            holders = [s for s in scope.sources.values() if name in s.columns]
            if len(holders) < 2:
                message = f"There is no column “{identifier.name}” on both sides of the join."
                raise Rejection("unknown-column", message)
            respell(identifier, holders[0].columns[name])
            scope.merged.add(name)

    def _expression(
        self, root: exp.Expr, scope: Scope, ctes: dict[str, Shape], outputs_first: bool = False
    ) -> None:
        """Resolve the columns of an expression, and the queries inside it, without recursing on its depth."""
        pending: list[exp.Expr] = [root]
        while pending:
            node = pending.pop()
            if isinstance(node, exp.Column):
                self._column(node, scope, outputs_first)
            elif isinstance(node, (exp.Select, exp.SetOperation, exp.Subquery)):
                self.query(node, scope, ctes)
            else:
                pending.extend(node.iter_expressions())

    def _column(self, node: exp.Column, scope: Scope, outputs_first: bool) -> None:
        if node.args.get("table"):
            self._qualified(node, scope)
            return
        name = node.name.lower()
        if outputs_first and name in scope.outputs:
            return
        here: Scope | None = scope
        while here is not None:
            holders = [(s, column) for s in here.sources.values() if (column := s.column(node.this)) is not None]
            if len(holders) > 1 and name not in here.merged:
                raise ambiguous(node.name, [source for source, _ in holders])
            if holders:
                source, column = holders[0]
                found(node, column)
                if here is scope:
                    scope.owners[id(node)] = source
                return
            if name in here.outputs:
                return
            here = here.outer
        raise no_column(self.catalog, node, scope.visible())

    def _qualified(self, node: exp.Column, scope: Scope) -> None:
        here: Scope | None = scope
        while here is not None:
            source = here.sources.get(node.table.lower())
            if source is not None:
                break
            here = here.outer
        else:
            if node.table.lower() in self.catalog.tables:
                raise Rejection("unknown-column", f"This part of the query does not read {node.table}.")
            raise no_table(self.catalog, node.table)
        spell_exactly(node.args["table"], source.spelling)
        if isinstance(node.this, exp.Star):
            return
        column = source.column(node.this)
        if column is None:
            raise no_column(self.catalog, node, [source])
        found(node, column)
        if here is scope:
            scope.owners[id(node)] = source

    def _outputs(self, node: exp.Select, scope: Scope) -> Iterator[Name | None]:
        for projection in node.expressions:
            if isinstance(projection, exp.Alias):
                quoted = bool(projection.args["alias"].args.get("quoted"))
                yield Name(projection.alias, quoted, type_of(projection.this))
            elif isinstance(projection, exp.Star):
                for source in scope.sources.values():
                    yield from source.all_columns()
            elif isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
                yield from scope.sources[projection.table.lower()].all_columns()
            elif isinstance(projection, exp.Column):
                yield Name(projection.name, bool(projection.this.args.get("quoted")), type_of(projection))
            else:
                yield None
