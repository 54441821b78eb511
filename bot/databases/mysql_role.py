"""What an account of MySQL or MariaDB may do beyond reading: checked when a database is opened."""

from __future__ import annotations

import re
from typing import Any

import pymysql

# GRANT privileges ON place TO account …; a role is granted without ON.
_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<where>.+?) TO (?P<rest>.+)", re.DOTALL)
_ROLE = re.compile(r"GRANT (?P<roles>.+?) TO ", re.DOTALL)
_COLUMNS = re.compile(r"\([^)]*\)")
_HARMLESS = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES"})
# What everybody may read; a grant on anything else of the server's own tables is one too many.
_OWN = frozenset({"mysql", "performance_schema", "sys", "information_schema"})


def powers(connection: pymysql.Connection[Any]) -> list[str]:
    """What the connection's account may do beyond reading, in words that follow “it has”. Raises pymysql.Error."""
    pending, seen, found = ["SHOW GRANTS"], {"SHOW GRANTS"}, list[str]()
    while pending:
        for grant in _grants(connection, pending.pop()):
            role = _ROLE.match(grant) if " ON " not in grant.split(" TO ")[0] else None
            if role is not None:
                for name in role["roles"].split(","):
                    asked = f"SHOW GRANTS FOR {name.strip()}"
                    if asked not in seen:
                        seen.add(asked)
                        pending.append(asked)
            else:
                found += too_much(grant)
    return sorted(set(found))


def too_much(grant: str) -> list[str]:
    """What one line of SHOW GRANTS gives beyond reading tables of an organisation's own.

    >>> too_much("GRANT SELECT, FILE ON *.* TO `a`@`%`")
    ['FILE on *.*', 'SELECT on *.*, which holds the passwords of all accounts']
    """
    parts = _GRANT.match(grant)
    if parts is None:
        return [f"a grant that Mynah cannot read ({grant[:60]})"]
    where = parts["where"].replace("`", "").replace("\\", "")
    what = {privilege.strip().upper() for privilege in _COLUMNS.sub("", parts["what"]).split(",")}
    found = [f"{privilege} on {where}" for privilege in sorted(what - _HARMLESS)]
    if "SELECT" in what and where == "*.*":
        found.append("SELECT on *.*, which holds the passwords of all accounts")
    elif "SELECT" in what and where.split(".")[0] in _OWN:
        found.append(f"SELECT on {where}, one of the server's own tables")
    if "WITH GRANT OPTION" in parts["rest"] or "WITH ADMIN OPTION" in parts["rest"]:
        found.append(f"the right to hand its rights on {where} to others")
    return found


def _grants(connection: pymysql.Connection[Any], sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [str(row[0]) for row in cursor.fetchall()]
