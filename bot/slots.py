"""Short SQL with a question's slots → full SQL and the values that its placeholders carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlglot import exp

from bot.guard import with_values
from bot.intervals import Interval
from bot.linking import Linked
from bot.shorthand import Shorthand, ShorthandError


@dataclass(frozen=True)
class Bound:
    """A full query in SQLite's dialect with named placeholders, and a value for each of them."""

    tree: exp.Expr
    parameters: Mapping[str, str | int | float]

    @cached_property
    def sql(self) -> str:
        """The query as text, with its placeholders."""
        return self.tree.sql("sqlite")


def bind(short: str, linked: Linked, shorthand: Shorthand) -> Bound:
    """Expand short SQL for one question. Raises ShorthandError, also for a slot that the question has not."""
    periods = {s.name: s.value for s in linked.slots if isinstance(s.value, Interval)}
    tree = shorthand.expand(short, periods)
    values = _values(linked)
    parameters: dict[str, str | int | float] = {}
    for placeholder in tree.find_all(exp.Placeholder):
        if placeholder.name not in values:
            raise ShorthandError(f"says :{placeholder.name}, which the question has not")
        parameters[placeholder.name] = values[placeholder.name]
    return Bound(tree, parameters)


def literal_sql(bound: Bound) -> str:
    """The same SQL with its values written in: still SQLite's, whatever database it is asked of."""
    return with_values(bound.tree, bound.parameters).sql("sqlite")


def _values(linked: Linked) -> dict[str, str | int | float]:
    values: dict[str, str | int | float] = {}
    for slot in linked.slots:
        if isinstance(slot.value, Interval):
            for side, day in (("first", slot.value.first), ("after", slot.value.after)):
                if isinstance(day, date):
                    values[f"{slot.name}_{side}"] = day.isoformat()
        else:
            values[slot.name] = slot.value
    return values
