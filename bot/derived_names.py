"""Readable names for what a derived table selects: the student says x1, x2 …, people read `category`, `revenue`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from bot.column_kinds import KindReader
from bot.column_titles import TitleReader
from bot.condition_words import MADE_UP
from bot.glossary import Glossary
from bot.query_shape import bare
from bot.schema import Schema

_LONGEST = 30  # characters of a name
# Words that some dialect keeps for itself, or that would read like a function.
_KEPT = frozenset([
    "all", "and", "any", "as", "asc", "avg", "between", "by", "case", "check", "column", "count", "current_date",
    "date", "day", "days", "desc", "distinct", "end", "exists", "first", "from", "function", "group", "groups",
    "having", "hour", "in", "index", "interval", "is", "join", "key", "lag", "last", "lead", "left", "like",
    "limit", "max", "min", "month", "not", "null", "number", "of", "on", "or", "order", "over", "percent",
    "quarter", "rank", "row", "rows", "select", "set", "sum", "system", "table", "then", "time", "to", "top",
    "union", "user", "value", "values", "view", "week", "weekday", "when", "where", "window", "with", "year",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class DerivedNames:
    """Names over one schema and glossary."""

    schema: Schema
    glossary: Glossary
    titles: TitleReader = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "titles", TitleReader(self.schema, self.glossary, KindReader(self.schema)))

    def given(self, tree: exp.Expr) -> exp.Expr:
        """The query, or a copy in which derived tables select under readable names. `tree` itself is not changed."""
        if not any(MADE_UP.fullmatch(alias.alias) for alias in tree.find_all(exp.Alias)):
            return tree
        named = tree.copy()
        tables = [sub for sub in named.find_all(exp.Subquery) if sub.alias and isinstance(sub.this, exp.Select)]
        aliases = [sub.alias for sub in tables]
        # From the inside out, so that an outer name can be made from an inner one.
        for sub in reversed(tables):
            if aliases.count(sub.alias) == 1:
                _rename(named, sub, self._names(sub.this))
        return named

    def _names(self, select: exp.Select) -> dict[str, str]:
        """Made-up name → readable one, for what `select` selects; those that stay are not in it."""
        taken = {item.alias_or_name for item in select.expressions if not MADE_UP.fullmatch(item.alias_or_name)}
        names: dict[str, str] = {}
        for item in select.expressions:
            name = self._name(item, select) if MADE_UP.fullmatch(item.alias) else ""
            if not name:
                continue
            unique = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 99))) if n not in taken)
            names[item.alias] = unique
            taken.add(unique)
        return names

    def _name(self, item: exp.Expr, select: exp.Select) -> str:
        node = bare(item)
        if isinstance(node, exp.Window) and isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank):
            return "rank_in_group" if node.args.get("partition_by") else "overall_rank"
        words = re.findall(r"[a-z0-9]+", self.titles.of(item, select).lower())
        name = "_".join(words)
        if not name or not name[0].isalpha() or len(name) > _LONGEST:
            return ""
        return f"{name}_value" if name in _KEPT else name


def _rename(tree: exp.Expr, sub: exp.Subquery, names: Mapping[str, str]) -> None:
    for item in sub.this.expressions:
        if item.alias in names:
            item.set("alias", exp.to_identifier(names[item.alias]))
    for column in tree.find_all(exp.Column):
        own = column.table == sub.alias or (not column.table and column.find_ancestor(exp.Select) is sub.this)
        if own and column.name in names:
            column.set("this", exp.to_identifier(names[column.name]))
