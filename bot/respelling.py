"""What resolving leaves in a tree: names as the schema spells them, types of columns, queries in place of tables."""

from __future__ import annotations

from sqlglot import exp

from bot.catalog import Catalog, Name, needs_quotes
from bot.rejection import Rejection
from bot.schema import Dialect
from bot.scopes import Shape, Source
from bot.sql_writer import write


def put_view(node: exp.Table, view: exp.Select) -> None:
    """Put the query that stands in for a table in its place, under the name that the table had there."""
    alias = node.args.get("alias") or exp.TableAlias(this=node.this.copy())
    derived = exp.Subquery(this=view.copy(), alias=alias)
    if joins := node.args.get("joins"):
        derived.set("joins", joins)
    node.replace(derived)


def take_views_back(tree: exp.Expr, catalog: Catalog, dialect: Dialect) -> None:
    """Put tables in place of the queries that stood in for them: SQL that ran under access rules shows those, with
    columns and tables that its asker may not name."""
    texts = {write(view.copy(), dialect): table for table, view in catalog.views.items()}
    for derived in list(tree.find_all(exp.Subquery)):
        if not isinstance(derived.parent, (exp.From, exp.Join)) or not derived.alias:
            continue
        table = texts.get(write(derived.this.copy(), dialect))
        if table is not None:
            named = exp.Table(this=exp.to_identifier(table, quoted=needs_quotes(table)), alias=derived.args["alias"])
            if joins := derived.args.get("joins"):
                named.set("joins", joins)
            derived.replace(named)


def rename(columns: list[Name | None], names: list[exp.Identifier]) -> list[Name | None]:
    """The columns under other names, as a CTE or an alias gives them."""
    if not names:
        return columns
    types = [column.type if column is not None else "other" for column in columns]
    renamed = [Name(n.name, bool(n.args.get("quoted")), t) for n, t in zip(names, types, strict=False)]
    return [*renamed, *columns[len(names) :]]


def derived(node: exp.Expr, shape: Shape) -> Source:
    """A query or function in FROM, under its alias. Raises Rejection when that names too many columns."""
    alias = node.args.get("alias")
    names = alias.args.get("columns") if alias is not None else None
    listed = rename(shape.columns, names or [])
    columns = Shape(listed, 0, 0).named()
    if names and len(names) > len(shape.columns):
        raise Rejection("column-count", f"“{node.alias}” names {len(names)} columns but has {len(shape.columns)}.")
    return Source(
        node.alias_or_name or "", columns, shape.rows, shape.weight, growth=shape.growth, listed=listed,
        spelling=spelling(alias.this) if alias is not None else None,
    )


def found(node: exp.Column, name: Name) -> None:
    """Spell a column as its source does, and note the type of its values."""
    respell(node.this, name)
    node.meta["type"] = name.type


def respell(identifier: exp.Expr, name: Name) -> None:
    """Spell a name as the schema does."""
    identifier.args["this"] = name.spelling
    identifier.args["quoted"] = name.quoted or bool(identifier.args.get("quoted"))


def spelling(identifier: exp.Expr | None) -> Name | None:
    """A name as it was written."""
    if not isinstance(identifier, exp.Identifier):
        return None
    return Name(identifier.name, bool(identifier.args.get("quoted")))


def spelling_of_source(node: exp.Table) -> Name | None:
    """How a table is called where it stands: by its alias, or by its own name."""
    alias = node.args.get("alias")
    return spelling(alias.this if alias is not None else node.this)


def spell_exactly(identifier: exp.Expr, name: Name | None) -> None:
    """Write a name as it was written where it was given, so that every database reads it as that one."""
    if name is not None:
        identifier.args["this"], identifier.args["quoted"] = name.spelling, name.quoted
