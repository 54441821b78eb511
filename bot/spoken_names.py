"""What tables and columns are called inside a sentence about one query: "customer", "supplier country", "manager"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from bot.canonical import conjuncts, sources
from bot.glossary import Glossary
from bot.nouns import plural, rows_of, singular, spoken, words_of
from bot.schema import Column, Schema, Table

LABELS = frozenset({"name", "title", "label", "full_name"})
PEOPLE = ("first_name", "last_name")
PLACES = frozenset({"country", "city", "location", "region", "state", "continent"})
_NOT_SAID = frozenset({"date", "at", "on", "time", "day", "timestamp"})
_VAGUE = frozenset({"amount", "total", "value", "number", "type", "level"})
_DONE = frozenset({"paid", "sent", "sold", "made", "built", "born", "left", "begun", "bought", "due"})
_VERB = re.compile(r"[a-z]+ed(?: (?:up|in|out|off))?")


@dataclass(frozen=True)
class Names:
    """Names over one schema and glossary. A source is what FROM and JOIN call a table: `employees_2`."""

    schema: Schema
    glossary: Glossary

    def home(self, column: exp.Column, select: exp.Select) -> exp.Select:
        """The SELECT, this one or one around it, whose FROM has the column's table."""
        here: exp.Select | None = select
        while here is not None:
            if any(s.alias_or_name == column.table for s in sources(here)):
                return here
            here = here.find_ancestor(exp.Select)
        return select

    def table(self, source: str, select: exp.Select) -> Table | None:
        """The table behind a source; None for a derived table."""
        here: exp.Select | None = select
        while here is not None:
            for found in sources(here):
                if found.alias_or_name == source:
                    return self.schema.table(found.name) if isinstance(found, exp.Table) else None
            here = here.find_ancestor(exp.Select)
        return None

    def found(self, node: exp.Expr, select: exp.Select) -> tuple[Table, Column] | None:
        """The schema's column that an expression is, if it is one."""
        if not isinstance(node, exp.Column):
            return None
        table = self.table(node.table, select)
        column = table.column(node.name) if table else None
        return (table, column) if table and column else None

    def root(self, select: exp.Select) -> str:
        """The source whose rows the SELECT lists or counts; "" where that is a derived table."""
        optional = [j.this for j in select.args.get("joins") or [] if str(j.side).upper() == "LEFT"]
        listed = [s for s in sources(select) if isinstance(s, exp.Table) and s not in optional]
        known = {s.name: t for s in listed if (t := self.schema.table(s.name))}
        pointed = {k.ref_table for t in known.values() for k in t.foreign_keys if k.ref_table != t.name}
        finest = [s for s in listed if s.name not in pointed]
        chosen = finest[:1] if len({s.name for s in finest}) == 1 else listed[:1]
        return chosen[0].alias_or_name if chosen else ""

    def noun(self, source: str, select: exp.Select) -> str:
        """What one row of a source is: "order", or what it is to the others: "manager"."""
        table = self.table(source, select)
        if table is None:
            return singular(spoken(source))
        key = self._key(source, select)
        if key is not None:
            role = spoken(key.name.removesuffix("_id"))
            chained = key.table != self.root(select) and self.table(key.table, select) == table
            role = f"{self.noun(key.table, select)}'s {role}" if chained else role
            if role != one_of(table):
                return role
        twice = source != table.name and any(s.alias_or_name == table.name for s in sources(select))
        return ("other " if twice else "") + one_of(table)

    def nouns(self, source: str, select: exp.Select) -> str:
        """The plural: "orders", "inventory rows"."""
        table = self.table(source, select)
        one = self.noun(source, select)
        return rows_of(table.name) if table and one == one_of(table) else plural(one)

    def column(self, node: exp.Column, select: exp.Select, full: bool = False) -> str:
        """A column's name, with its table where the name alone could mean another, or in any case if `full`."""
        select = self.home(node, select)
        found = self.found(node, select)
        if found is None:
            return column_words(node.name)
        table, column = found
        if column.name.lower() in LABELS or column.name in PEOPLE:
            noun = self.noun(node.table, select)
            return noun if column.name.lower() == "name" else f"{noun} {spoken(column.name)}"
        if (column.name,) == table.primary_key or column.name.lower() == "id":
            return "ID" if node.table == self.root(select) else f"{self.noun(node.table, select)} ID"
        words = column_words(column.name)
        role = self.noun(node.table, select)
        own = node.table == self.root(select) or (self._main(table, column) and node.table == table.name)
        if own and not full:
            plain = role == one_of(table) and words not in _VAGUE
            return words if plain else f"{role} {words}"
        return words if words.startswith(role) else f"{role} {words}"

    def verb(self, table: Table, column: Column) -> str:
        """What happened on a date: "placed", "shipped"; "" where the column is the table's only date; else its
        name."""
        stem = singular(spoken(table.name)).split()[-1]
        words = [w for w in words_of(column.name) if w not in _NOT_SAID]
        known = self.glossary.synonyms.get(f"{table.name}.{column.name}", ())
        tried = [" ".join(words), *(s.removesuffix(" on") for s in known)]
        for text in tried:
            if (text in _DONE or _VERB.fullmatch(text)) and not text.startswith(stem):
                return text
        dates = [c for c in table.columns if c.type in ("date", "timestamp")]
        return "" if len(dates) == 1 else spoken(column.name)

    def linked(self, column: exp.Column, target: exp.Column, select: exp.Select, outer: exp.Select) -> bool:
        """Whether one of two columns is a foreign key that points at the other."""
        for (key, where), (goal, there) in (
            ((column, select), (target, outer)), ((target, outer), (column, select)),
        ):
            owner, owned = self.found(key, where), self.found(goal, there)
            if owner and owned and any(
                (k.columns, k.ref_table, k.ref_columns) == ((key.name,), owned[0].name, (goal.name,))
                for k in owner[0].foreign_keys
            ):
                return True
        return False

    def referred(self, node: exp.Expr, select: exp.Select) -> Table | None:
        """The table that a foreign key column points at."""
        found = self.found(node, select)
        for key in found[0].foreign_keys if found else ():
            if found and key.columns == (found[1].name,):
                return self.schema.table(key.ref_table)
        return None

    def shared(self, node: exp.Column, select: exp.Select) -> bool:
        """Whether other tables have a column of the same name."""
        return sum(t.column(node.name) is not None for t in self.schema.tables) > 1

    def _main(self, table: Table, column: Column) -> bool:
        """Whether the column is the one people mean by its bare name: of the largest table that has it."""
        rivals = [t for t in self.schema.tables if t.column(column.name)]
        return max(rivals, key=lambda t: t.rows).name == table.name

    def _key(self, source: str, select: exp.Select) -> exp.Column | None:
        """The foreign key, named `…_id`, over which a source is joined."""
        for join in select.args.get("joins") or []:
            for test in conjuncts(join.args.get("on")):
                sides = (test.left, test.right) if isinstance(test, exp.EQ) else ()
                for key, target in (sides, sides[::-1]) if sides else ():
                    if not isinstance(key, exp.Column) or not isinstance(target, exp.Column):
                        continue
                    points = target.table == source and key.name.endswith("_id")
                    if points and key.table != source and self.linked(key, target, select, select):
                        return key
        return None


def column_words(name: str) -> str:
    """ "is_active" → "active", "hire_date" → "hire date", "opened_at" → "time opened"."""
    words = words_of(name)
    if len(words) > 1 and words[-1] == "at":
        return "time " + spoken("_".join(words[:-1]))
    return spoken("_".join(words[1:]) if words[:1] in (["is"], ["has"]) and len(words) > 1 else name)


def one_of(table: Table) -> str:
    """What one row of a table is: "order", "inventory row"."""
    return singular(rows_of(table.name))


def listed(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c", each once."""
    parts = list(dict.fromkeys(p for p in parts if p))
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)
