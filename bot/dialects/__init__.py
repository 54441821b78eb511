"""SQLite's SQL, which the student speaks, said in PostgreSQL's and MySQL's words, with the same results.

`translate` changes a tree that has passed the guard's checks and whose names are resolved. One file a subject: dates,
values (numbers, texts, truth), and the shape of a query (grouping, aliases, joins).
"""

from __future__ import annotations

from sqlglot import exp

from bot.dialects.dates import DATES
from bot.dialects.shape import restore_shape
from bot.dialects.values import VALUES
from bot.schema import Dialect, Schema

_RULES = {**VALUES, **DATES}


def translate(tree: exp.Expr, schema: Schema, target: Dialect) -> exp.Expr:
    """The tree in the target's words, changed in place where it can be. Raises Rejection for what has none."""
    restore_shape(tree, schema, target)
    for node in reversed(list(tree.walk(bfs=True))):  # children before their parents
        rule = _RULES.get(type(node))
        if rule is None:
            continue
        said = rule(node, target)
        if said is not node:
            if node is tree:
                tree = said
            else:
                node.replace(said)
    return tree
