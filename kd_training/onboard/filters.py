"""What narrows a question about a new database: a choice, a name, a number over or under, a period, a missing value.

They have the form of a corpus' `compose/filters.jsonl`: `after_rows` follows the rows themselves ("orders over 5"),
`after` follows what is counted over rows that refer to them ("number of payments of orders over 5").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.nouns import words_of
from kd_training.onboard.facts import Fact, TableFacts
from kd_training.onboard.measures import Item, thresholds
from kd_training.onboard.said import Name, Said
from kd_training.onboard.wordings import worded

_PLACES = frozenset(
    ["city", "town", "country", "state", "region", "province", "district", "county", "location", "nationality"]
)
_SIGNS = (
    ("over", ">", 0.6), ("under", "<", 0.6), ("least", ">=", 0.25), ("most", "<=", 0.25), ("equal", "=", 0.25),
)  # fmt: skip


def filters_of(facts: Mapping[str, TableFacts], said: Said) -> list[Item]:
    """Every filter."""
    placed = [name for name, table in facts.items() if any(_place(fact) for fact in table.columns)]
    return [item for table in facts.values() for item in _Of(table, said, len(placed) < 2).items()]


class _Of:
    """The filters on one table."""

    def __init__(self, table: TableFacts, said: Said, only_place: bool) -> None:
        self._table, self._said = table, said
        self._rows = said.table(table.table.name)
        self._only_place = only_place

    def items(self) -> Iterator[Item]:
        for fact in self._table.columns:
            column = self._said.column(fact.name)
            if self._is_named(fact):
                yield from self._texts(fact, column)
            elif fact.role in ("amount", "level"):
                yield from self._numbers(fact, column)
            elif fact.role == "flag":
                yield from self._flags(fact)
            elif fact.role == "date":
                where = f"{fact.name} >= :d0 AND {fact.name} < :d1"
                yield self._item("when", fact.name, column, where, {"period": "time"}, 0.7)
            if fact.holes and fact.role not in ("key", "flag"):
                yield self._item("missing", fact.name, column, f"{fact.name} IS NULL", {}, 0.4)
                yield self._item("known", fact.name, column, f"NOT {fact.name} IS NULL", {}, 0.2)
        if len(self._table.label) == 2:
            first, last = (fact.name for fact in self._table.label)
            where, slots = f"{first} = :first AND {last} = :last", {"first": first, "last": last}
            yield self._item("person", first, None, where, slots, 1.0)

    def _is_named(self, fact: Fact) -> bool:
        """Whether its values are said in questions: choices, a row's one name, and places."""
        named = fact.role == "choice" or (fact.role == "label" and len(self._table.label) == 1) or _place(fact)
        return bool(named and fact.sayable)

    def _texts(self, fact: Fact, column: Name) -> Iterator[Item]:
        ending = "_named" if fact.role == "label" else "_place" if _place(fact) else ""
        slots = {"v": fact.name}
        yield self._item(f"is{ending}", fact.name, column, f"{fact.name} = :v", slots, 1.5)
        yield self._item("not", fact.name, column, f"{fact.name} <> :v", slots, 0.5)
        if fact.distinct >= 3:
            words = self._words(f"any{ending}", column)
            yield {"name": f"any {fact.name}", "table": fact.table, "list": fact.name, "slot": "v", "sizes": [2, 3],
                   "rows_roots": [fact.table], "weight": 0.5, **words}  # fmt: skip

    def _numbers(self, fact: Fact, column: Name) -> Iterator[Item]:
        span = thresholds(fact)
        if span is None:
            return
        first, last = span
        slots = {"n": f"int:{first}-{last}"}
        for kind, sign, weight in _SIGNS if fact.whole else _SIGNS[:4]:
            yield self._item(kind, fact.name, column, f"{fact.name} {sign} :n", slots, weight)
        middle = (first + last) // 2
        if first < middle < last - 1:
            slots = {"n1": f"int:{first}-{middle}", "n2": f"int:{middle + 1}-{last}"}
            yield self._item("between", fact.name, column, f"{fact.name} BETWEEN :n1 AND :n2", slots, 0.25)

    def _flags(self, fact: Fact) -> Iterator[Item]:
        words = words_of(fact.column.name)
        if not words:
            return
        bare = " ".join(words[1:]) if words[0] in ("is", "has", "was", "are") and len(words) > 1 else " ".join(words)
        yes, no = ("has", "has_not") if words[0] == "has" else ("yes", "no")
        name = Name((bare,), (bare,))
        yield self._item(yes, fact.name, name, f"{fact.name} = 1", {}, 0.6)
        yield self._item(no, fact.name, name, f"{fact.name} = 0", {}, 0.6)

    def _item(self, kind: str, of: str, column: Name | None, where: str, slots: dict[str, str], weight: float) -> Item:
        return {"name": f"{kind} {of}", "table": self._table.table.name, "where": where, "slots": slots,
                "rows_roots": [self._table.table.name], "weight": weight, **self._words(kind, column)}  # fmt: skip

    def _words(self, kind: str, column: Name | None) -> dict[str, list[str]]:
        """What follows the rows, what follows others that refer to them, and what stands before the rows."""
        parts = ("rows", "others", "before")
        own, others, before = (worded("filters", kind, part, self._rows, column) for part in parts)
        many = self._rows.many
        after = [f"{'of' if i % 2 else 'for'} {many[i % len(many)]} {text}" for i, text in enumerate(own)]
        # Before the rows of another table, "active" would be theirs; and "in Ulm" is only said where it is no other's.
        alone = [] if kind.endswith("place") and not self._only_place else [*others, *others]
        return {"after": [*after, *alone], "after_rows": own, "before": [], "before_rows": before}


def _place(fact: Fact) -> bool:
    texts = fact.column.type == "text" and fact.role in ("choice", "text")
    return texts and bool(_PLACES & set(words_of(fact.column.name)))
