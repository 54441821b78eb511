"""A schema arranged for looking names up, and the nearest existing name for one that does not exist."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from rapidfuzz import fuzz, process
from sqlglot import exp

from bot.schema import ColumnType, Schema

_KEPT = 8  # catalogs of the last schemas seen
_UNKNOWN_ROWS = 1_000  # for a table without an estimate
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")



class Name(NamedTuple):
    """A column as it is written: its spelling, whether it has to be quoted, and the type of its values."""

    spelling: str
    quoted: bool = False
    type: ColumnType = "other"


Columns = dict[str, Name]  # by lower-case name, or by the spelling where case alone tells two apart


def keyed(names: Iterable[Name]) -> Columns:
    """The names by what they are asked for under."""
    listed = list(names)
    spellings: dict[str, set[str]] = {}
    for name in listed:
        spellings.setdefault(name.spelling.lower(), set()).add(name.spelling)
    return {_key(name.spelling, len(spellings[name.spelling.lower()]) > 1): name for name in listed}


def _key(name: str, has_twin: bool) -> str:
    return name if has_twin else name.lower()


def asked_for(identifier: exp.Expr, names: Collection[str], folds: bool = True) -> str:
    """Under which of `names` an identifier is looked up. `folds`: without quotes it means the one in small letters."""
    exact = identifier.args.get("quoted") or not folds
    return identifier.name if exact and identifier.name in names else identifier.name.lower()


@dataclass(frozen=True, eq=False)
class Catalog:
    """Tables by lower-case name (by their spelling where case alone tells two apart); columns and row estimates by
    table. Equal by identity, to key a cache.

    `views` are queries that stand in for tables of which not everything may be read, and `asked` the plain names of
    the tables that those read; `closed` are the names, in lower case, of tables and `table.column`s that exist but may
    not be read.
    """

    schema: Schema
    tables: dict[str, str]
    columns: dict[str, Columns]
    rows: dict[str, int]
    views: dict[str, exp.Select] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()

    def is_asked(self, name: str) -> bool:
        """Whether some database may take the name for that of a table which a query in a table's place reads."""
        return bool(self.asked) and _plain(name) in self.asked

    def table(self, identifier: exp.Expr) -> str | None:
        """The table that an identifier means, as the schema spells it."""
        return self.tables.get(asked_for(identifier, self.tables, folds=self.schema.dialect == "postgres"))

    def nearest_table(self, name: str) -> str | None:
        """The table whose name is most like this one."""
        return nearest(name, self.tables.values())

    def nearest_column(self, name: str) -> str | None:
        """The `table.column` whose column name is most like this one."""
        places = {c: f"{t}.{c}" for t, columns in self.columns.items() for c, *_ in columns.values()}
        found = nearest(name, places)
        return places[found] if found else None


def needs_quotes(name: str) -> bool:
    """True for a name that some database would fold or not read without quotes."""
    return not _PLAIN.fullmatch(name)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`, or None when none is like it."""
    choices = list(candidates)
    match = process.extractOne(name.lower(), choices, scorer=fuzz.ratio, score_cutoff=60)
    if match is None and len(name) > 3:
        match = process.extractOne(name.lower(), choices, scorer=fuzz.WRatio, score_cutoff=80)
    return match[0] if match else None


def new_catalog(
    schema: Schema, views: dict[str, exp.Select] | None = None, closed: frozenset[str] = frozenset()
) -> Catalog:
    """A catalog of its own, whatever others there are of the schema."""
    twins = Counter(t.name.lower() for t in schema.tables)
    return Catalog(
        schema,
        tables={_key(t.name, twins[t.name.lower()] > 1): t.name for t in schema.tables},
        columns={
            t.name: keyed(Name(c.name, needs_quotes(c.name), c.type) for c in t.columns) for t in schema.tables
        },
        rows={t.name: t.rows or _UNKNOWN_ROWS for t in schema.tables},
        views=views or {},
        closed=closed,
        asked=frozenset(_plain(t.name) for view in (views or {}).values() for t in view.find_all(exp.Table)),
    )


def _plain(name: str) -> str:
    """A name without case and accents, as the loosest of databases compares names."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_catalogs: dict[int, Catalog] = {}
_lock = Lock()


def catalog_of(schema: Schema) -> Catalog:
    """The schema's catalog. The last few are kept by identity, because hashing a schema is slow."""
    known = _catalogs.get(id(schema))
    if known is not None and known.schema is schema:
        return known
    catalog = new_catalog(schema)
    with _lock:
        while len(_catalogs) >= _KEPT:
            _catalogs.pop(next(iter(_catalogs)))
        _catalogs[id(schema)] = catalog
    return catalog
