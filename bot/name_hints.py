"""What to say of a name that is not there: what it was, where it was looked for, and the nearest one that is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from bot.catalog import Catalog, nearest
from bot.rejection import Rejection
from bot.scopes import Source


def no_table(catalog: Catalog, name: str) -> Rejection:
    """There is no such table, or it is closed to the person who asks."""
    if name.lower() in catalog.closed:
        return Rejection("access", f"The table “{name[:60]}” is not open to you here.")
    best = catalog.nearest_table(name)
    return Rejection("unknown-table", f"There is no table “{name[:60]}”." + (f" Did you mean {best}?" if best else ""))


def no_column(catalog: Catalog, node: exp.Column, sources: Sequence[Source]) -> Rejection:
    """None of the sources has such a column, or it is closed to the person who asks."""
    name = node.name[:60]
    if any(f"{source.table}.{name}".lower() in catalog.closed for source in sources):
        return Rejection("access", f"The column “{name}” is not open to you here.")
    where = f" in {sources[0].table}" if len(sources) == 1 and sources[0].table else ""
    here = [column.spelling for source in sources for column in source.columns.values()]
    best = nearest(name, here)
    if best is None and node.this.args.get("quoted"):
        hint = " If it is meant as a text, please put it in single quotes."
    else:
        best = best or catalog.nearest_column(name)
        hint = f" Did you mean {best}?" if best else ""
    return Rejection("unknown-column", f"There is no column “{name}”{where}.{hint}")


def ambiguous(name: str, holders: Sequence[Source]) -> Rejection:
    """Two sources have that column."""
    first, second = holders[0].name, holders[1].name
    message = f"Both {first} and {second} have a “{name}”. Please write {first}.{name} or {second}.{name}."
    return Rejection("ambiguous-column", message)
