"""Parsing SQL as SQLite reads it: "Paris" in double quotes is a text where no column has that name.

Many gold queries are written so (Spider's, text2sql-data's). SQLite documents it as its double-quoted string literals.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


def parse_query(sql: str, columns: Collection[str], dialect: str = "sqlite") -> exp.Query | None:
    """The query as a tree; None when it does not parse or is no query. `columns`: all names, in lower case."""
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query):
        return None
    if dialect == "sqlite" and '"' in sql:
        _texts(tree, columns)
    return tree


def _texts(tree: exp.Query, columns: Collection[str]) -> None:
    named = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for column in list(tree.find_all(exp.Column)):
        quoted = isinstance(column.this, exp.Identifier) and column.this.quoted and not column.table
        if quoted and column.name.lower() not in columns and column.name.lower() not in named:
            column.replace(exp.Literal.string(column.name))
