"""SQL as written → one normal form: every column qualified by its table, aliases only where a table meets itself."""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.schema import Schema


class CanonicalError(ValueError):
    """The SQL cannot be brought into the normal form; the text says why."""


def canonicalize(sql: str, schema: Schema, read: str = "sqlite") -> exp.Expr:
    """Parse `sql` and return its normal form. Raises CanonicalError."""
    try:
        tree = sqlglot.parse_one(sql, read=read)
    except SqlglotError as error:
        raise CanonicalError(f"does not parse: {error}") from error
    if not isinstance(tree, exp.Query):
        raise CanonicalError("is not a query")
    for select in list(tree.find_all(exp.Select)):
        _name_sources(select, schema)
    return tree


def own_nodes(select: exp.Select, kind: type[exp.Expr]) -> list[exp.Expr]:
    """The nodes of a kind that belong to this SELECT itself and not to a query nested in it."""
    return [n for n in select.find_all(kind) if owner(n) is select]


def conjuncts(node: exp.Expr | None, through_parens: bool = False) -> list[exp.Expr]:
    """The parts of a condition that are joined by AND; those within parentheses apart where wanted."""
    if node is None:
        return []
    if through_parens:
        node = node.unnest()
    if isinstance(node, exp.And):
        return [*conjuncts(node.left, through_parens), *conjuncts(node.right, through_parens)]
    return [node]


def owner(node: exp.Expr) -> exp.Select | None:
    """The SELECT a node belongs to."""
    return node.find_ancestor(exp.Select)


def sources(select: exp.Select) -> list[exp.Table | exp.Subquery]:
    """What stands in FROM and JOIN, in order."""
    first = select.args.get("from_")
    items = [first.this] if first else []
    return items + [join.this for join in select.args.get("joins") or []]


def _name_sources(select: exp.Select, schema: Schema) -> None:
    """Rename aliased tables to their own names where that is unambiguous, and qualify bare columns."""
    tables = [s for s in sources(select) if isinstance(s, exp.Table)]
    outer = {t.name for s in _enclosing(select) for t in sources(s) if isinstance(t, exp.Table)}
    renamed: dict[str, str] = {}
    seen: dict[str, int] = {}
    for table in tables:
        if schema.table(table.name) is None:
            continue  # a CTE
        seen[table.name] = seen.get(table.name, 0) + 1
        number = seen[table.name] + (1 if table.name in outer and _speaks_of_outer(select, table.name) else 0)
        name = table.name if number == 1 else f"{table.name}_{number}"
        renamed[table.alias_or_name] = name
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name)) if number > 1 else None)
    for column in select.find_all(exp.Column):
        if column.table in renamed and not _shadowed(column, select, column.table):
            column.set("table", exp.to_identifier(renamed[column.table]))
    _qualify(select, tables, schema, renamed)


def _enclosing(select: exp.Select) -> list[exp.Select]:
    found: list[exp.Select] = []
    node: exp.Expr | None = select.parent
    while node is not None:
        # A derived table in FROM or a CTE does not see the query around it.
        if isinstance(node, exp.CTE | exp.From | exp.Join):
            break
        if isinstance(node, exp.Select):
            found.append(node)
        node = node.parent
    return found


def _speaks_of_outer(select: exp.Select, name: str) -> bool:
    """Whether the query means by `name` the table of a query around it, so that its own needs another name."""
    own = {s.alias_or_name for s in sources(select)}
    return name not in own and any(c.table == name for c in select.find_all(exp.Column))


def _shadowed(column: exp.Expr, select: exp.Select, name: str) -> bool:
    """Whether a query between the column and `select` has a source of that name of its own."""
    inner = owner(column)
    while inner is not None and inner is not select:
        if any(s.alias_or_name == name for s in sources(inner)):
            return True
        inner = owner(inner)
    return False


def _qualify(select: exp.Select, tables: list[exp.Table], schema: Schema, renamed: dict[str, str]) -> None:
    aliases = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    for column in own_nodes(select, exp.Column):
        if column.args.get("table") or (column.name in aliases and not _inside_items(column, select)):
            continue
        for table in tables:
            known = schema.table(table.name)
            if known and known.column(column.name):
                column.set("table", exp.to_identifier(table.alias_or_name))
                break
        else:
            if column.name in aliases:
                continue


def _inside_items(column: exp.Expr, select: exp.Select) -> bool:
    node: exp.Expr | None = column
    while node is not None and node.parent is not select:
        node = node.parent
    return node is not None and node.arg_key == "expressions"
