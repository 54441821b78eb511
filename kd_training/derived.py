"""Derived tables, CTEs and aliases in one form: names that people chose carry no meaning for a student to learn."""

from __future__ import annotations

from sqlglot import exp

from bot.canonical import owner, sources


def inline_ctes(tree: exp.Expr) -> None:
    """A CTE used once reads the same as a subquery in its place."""
    with_ = tree.args.get("with_")
    if not with_ or with_.args.get("recursive"):
        return
    for cte in list(with_.expressions):
        uses = [t for t in tree.find_all(exp.Table) if t.name == cte.alias]
        if len(uses) != 1 or uses[0].find_ancestor(exp.CTE) is cte:
            continue
        use = uses[0]
        use.replace(exp.Subquery(this=cte.this.copy(), alias=exp.TableAlias(this=exp.to_identifier(use.alias_or_name))))
        cte.pop()
    if not with_.expressions:
        tree.set("with_", None)


def name_derived(tree: exp.Expr) -> None:
    """Derived tables become t1, t2 …, their computed columns x1, x2 …: names carry no meaning to learn."""
    for number, sub in enumerate(reversed(list(tree.find_all(exp.Subquery, exp.CTE))), start=1):
        if not sub.alias or not isinstance(sub.this, exp.Query):
            continue
        old, new = sub.alias, f"t{number}"
        columns = _name_columns(sub.this)
        is_cte = isinstance(sub, exp.CTE)
        sub.set("alias", exp.TableAlias(this=exp.to_identifier(new)))
        aliases = {old}
        for table in list(tree.find_all(exp.Table)) if is_cte else []:
            if table.name == old:
                if table.alias:
                    aliases.add(table.alias)
                table.set("this", exp.to_identifier(new))
        scope = sub.find_ancestor(exp.Select) if not is_cte else None
        for column in list(tree.find_all(exp.Column)):
            if column.table in aliases and (column.table == old or is_cte):
                if column.table == old:
                    column.set("table", exp.to_identifier(new))
                column.set("this", exp.to_identifier(columns.get(column.name, column.name)))
            elif not column.args.get("table") and column.name in columns:
                source = _source(owner(column), new, scope)
                if source:
                    column.set("this", exp.to_identifier(columns[column.name]))
                    column.set("table", exp.to_identifier(source))


def _source(inside: exp.Select | None, name: str, scope: exp.Select | None) -> str | None:
    """The name under which a bare column of this SELECT means the derived table `name`; None where it does not."""
    if inside is None:
        return None
    if inside is scope:
        return name
    return next((s.alias_or_name for s in sources(inside) if isinstance(s, exp.Table) and s.name == name), None)


def _name_columns(query: exp.Query) -> dict[str, str]:
    """Alias every computed output column x1, x2 …; plain columns keep their names. Old → new name of all."""
    renamed: dict[str, str] = {}
    selects = [query] if isinstance(query, exp.Select) else list(query.find_all(exp.Select))
    for select in selects[:1]:
        items: list[exp.Expr] = []
        for i, item in enumerate(select.expressions, start=1):
            bare = item.this if isinstance(item, exp.Alias) else item
            old = item.alias_or_name
            if isinstance(bare, exp.Column) and bare.args.get("table") and old == bare.name:
                items.append(bare)
                renamed[old] = old
                continue
            renamed[old] = f"x{i}"
            items.append(exp.alias_(bare, f"x{i}"))
        select.set("expressions", items)
    return renamed


def drop_aliases(tree: exp.Expr) -> None:
    """The outermost names of columns are not part of an answer."""
    for select in [tree] if isinstance(tree, exp.Select) else list(tree.find_all(exp.Select)):
        if select.find_ancestor(exp.Subquery, exp.CTE):
            continue
        select.set("expressions", [i.this if isinstance(i, exp.Alias) else i for i in select.expressions])
