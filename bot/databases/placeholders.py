"""Placeholders of checked SQL: their values matched with what was given, and the form that a driver takes them in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.database import DatabaseError, Parameters
from bot.guard import SafeSQL
from bot.schema import Dialect

# What may hold a colon and a name without being a placeholder: texts, quoted names, casts.
_PARTS = {
    "postgres": re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|::|:([A-Za-z_]\w*)|%"),
    "mysql": re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`|\"(?:[^\"\\]|\\.|\"\")*\"|:([A-Za-z_]\w*)|%", re.DOTALL),
}


def hold_to(query: SafeSQL, dialect: Dialect, parameters: Parameters) -> None:
    """What every engine asks before it executes: checked SQL of its own dialect, and exactly the values it has places
    for. Raises TypeError for SQL that was not checked, or for another engine, and DatabaseError for the values."""
    if not isinstance(query, SafeSQL):
        raise TypeError("execute takes the SafeSQL that bot.guard.check made, nothing else")
    if query.dialect != dialect:
        raise TypeError(f"this query was checked for {query.dialect}, not for {dialect}")
    match_parameters(query.parameters, parameters)


def match_parameters(wanted: frozenset[str], given: Parameters) -> None:
    """Raises DatabaseError unless exactly the wanted values were given, each a text or a number."""
    missing = sorted(wanted - given.keys())
    extra = sorted(given.keys() - wanted)
    if missing:
        raise DatabaseError("failed", f"The query needs a value for {', '.join(':' + m for m in missing)}.")
    if extra:
        raise DatabaseError("failed", f"The query has no place for {', '.join(':' + e for e in extra)}.")
    for name, value in given.items():
        if not isinstance(value, (str, int, float)):
            raise DatabaseError("failed", f"The value for :{name} has to be a text or a number.")


def driver_form(sql: str, dialect: str, parameters: Mapping[str, object]) -> str:
    """The SQL with `:name` as `%(name)s` and signs of percent doubled, as Python's drivers for servers read it.

    >>> driver_form("SELECT ':a', 5 % :a", "postgres", {"a": 3})
    "SELECT ':a', 5 %% %(a)s"
    """
    if not parameters:
        return sql  # drivers leave the text alone where there is nothing to put in

    def form(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"%({name})s" if name else found.group().replace("%", "%%")

    return _PARTS[dialect].sub(form, sql)
