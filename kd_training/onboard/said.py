"""What people call the tables and columns of a database that nobody has worded yet: from its names and its glossary.

`Customer_Orders` is "customer order" and "order"; `customer_name` of it is "customer name" and "name"; `emp_sal_pct` is
"employee salary percent". The glossary's synonyms join these, and so do everyday words for everyday names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bot.glossary import Glossary
from bot.nouns import plural, singular, words_of
from bot.schema import Schema, Table

# What names shorten, in full.
_FULL = {
    "acct": "account", "addr": "address", "amt": "amount", "avg": "average", "bal": "balance", "cat": "category",
    "cd": "code", "cnt": "count", "cust": "customer", "dept": "department", "desc": "description",
    "dob": "birth date", "dt": "date", "emp": "employee", "fname": "first name", "hrs": "hours", "id": "ID",
    "inv": "invoice", "lname": "last name", "loc": "location", "lat": "latitude", "lng": "longitude",
    "max": "maximum", "mgr": "manager", "min": "minimum", "no": "number", "nbr": "number", "num": "number",
    "org": "organisation", "pct": "percent", "perc": "percent", "pos": "position", "enr": "enrollment",
    "prod": "product", "pts": "points", "qty": "quantity", "ref": "reference", "sal": "salary", "std": "standard",
    "tel": "telephone", "temp": "temperature", "tot": "total", "yr": "year", "yyyy": "year",
}  # fmt: skip
# What people say for words that names use.
_SAID: tuple[tuple[str, ...], ...] = (
    ("customer", "client"), ("employee", "staff member", "worker"), ("salary", "pay", "earnings"),
    ("product", "item", "article"), ("supplier", "vendor"), ("city", "town"), ("quantity", "number of units"),
    ("phone", "phone number", "telephone"), ("email", "e-mail", "email address"), ("movie", "film"),
    ("birth date", "date of birth", "birthday"), ("kind", "type"), ("country", "nation"), ("invoice", "bill"),
    ("warehouse", "depot"), ("vehicle", "car"), ("capacity", "size"), ("department", "dept"),
    ("teacher", "instructor"), ("revenue", "sales"), ("company", "firm"), ("shop", "store"), ("amount", "sum"),
    ("start date", "beginning"),
)  # fmt: skip
_ENDS = ("code", "name", "ID", "number", "details", "description", "id")  # said or not: "status code" is "status"
_VAGUE = frozenset(
    ["data", "detail", "details", "info", "list", "record", "item", "type", "history", "name", "code", "status"]
)
_MOST = 5


@dataclass(frozen=True, slots=True)
class Name:
    """The ways to say a table or a column, the plainest first."""

    ones: tuple[str, ...]
    many: tuple[str, ...]

    @property
    def one(self) -> str:
        """The plainest."""
        return self.ones[0]

    def at(self, number: int) -> tuple[str, str]:
        """One of the ways, for one and for several."""
        return self.ones[number], self.many[number]


class Said:
    """The names of one schema's tables and columns."""

    def __init__(self, schema: Schema, glossary: Glossary) -> None:
        self._glossary = glossary
        self._rows = {singular(full(t.name)) for t in schema.tables}
        self._tables = {t.name: self._of_table(t) for t in schema.tables}
        self._columns = {f"{t.name}.{c.name}": self._of_column(t, c.name) for t, c in schema.columns()}
        for table in schema.tables:
            self._tell_apart(self._columns, [f"{table.name}.{column.name}" for column in table.columns])
        self._tell_apart(self._tables, list(self._tables))
        claimed = Counter(way for name in self._columns.values() for way in name.ones)
        rows = {way for name in self._tables.values() for way in (*name.ones, *name.many)}
        self._shared = {way for way, count in claimed.items() if count > 1} | rows

    def table(self, name: str) -> Name:
        """One row of a table, and several."""
        return self._tables[name]

    def column(self, qualified: str) -> Name:
        """A column, written `table.column`."""
        return self._columns[qualified]

    def alone(self, qualified: str) -> bool:
        """Whether a column's names say which it is, without its table's."""
        return not self._shared & set(self._columns[qualified].ones)

    def _of_table(self, table: Table) -> Name:
        own = singular(full(table.name))
        ways = [own, *self._synonyms(table.name), *_swapped(own)]
        last = own.rpartition(" ")[2]
        if last != own and len(last) > 3 and last not in self._rows and last not in _VAGUE:
            ways.append(last)
        return _name(ways)

    def _of_column(self, table: Table, column: str) -> Name:
        own = full(column)
        row = singular(full(table.name))
        ways = [own, *self._synonyms(f"{table.name}.{column}"), *self._synonyms(column)]
        bare = own
        refers = any(column in key.columns for key in table.foreign_keys)
        leads = set() if refers else {row, row.rpartition(" ")[2], row.partition(" ")[0], own.partition(" ")[0][:1]}
        for lead in sorted(leads, key=len, reverse=True):
            if own.startswith(lead + " ") and len(own) > len(lead) + 1:
                bare = own[len(lead) + 1 :]
                ways.insert(0, bare)
                break
        for end in _ENDS:
            head = bare.removesuffix(" " + end)
            if head not in (bare, "first", "last", "middle", "full", "short", "long", "user"):
                ways.append(head)
                break
        ways += _swapped(bare)
        return _name(ways)

    @staticmethod
    def _tell_apart(names: dict[str, Name], together: list[str]) -> None:
        """Take away what two of those together are called, but the last way that one has."""
        claimed = Counter(way for name in together for way in names[name].ones)
        for name in together:
            own = [way for way in names[name].ones if claimed[way] == 1]
            names[name] = _name(own or [max(names[name].ones, key=len)])

    def _synonyms(self, name: str) -> list[str]:
        return [str(word) for word in self._glossary.synonyms.get(name, ())]


def full(name: str) -> str:
    """A name's words, short ones in full: `emp_sal_pct` → "employee salary percent"."""
    return " ".join(_FULL.get(word, word) for word in words_of(name)) or name


def _swapped(text: str) -> list[str]:
    """The same with an everyday word for one of its words."""
    found = []
    for group in _SAID:
        for word in group:
            if text == word or text.endswith(" " + word):
                found += [text[: len(text) - len(word)] + other for other in group if other != word]
    return found


def _name(ways: Iterable[str]) -> Name:
    ones = tuple(dict.fromkeys(" ".join(way.split()) for way in ways if way.strip()))[:_MOST]
    return Name(ones, tuple(plural(one) for one in ones))
