"""What goes wrong with Mynah's own memory, in sentences for people: `StoreError`, made of drivers' errors."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from pathlib import Path
from typing import Literal

from sqlalchemy import URL
from sqlalchemy.exc import TimeoutError as NoFreeConnection

StoreFailure = Literal[
    "missing", "full", "read_only", "locked", "newer", "foreign", "damaged", "unreachable", "failed"
]

_SENTENCES: dict[StoreFailure, str] = {
    "missing": "Mynah's memory, {place}, is not there and cannot be made. "
               "Check that its folder or database exists.",
    "full": "There is no room left to write to Mynah's memory, {place}. "
            "Free some space; what was kept is safe.",
    "read_only": "Mynah's memory, {place}, cannot be written. "
                 "Check who owns it and that it is not read-only.",
    "locked": "Another program is busy with Mynah's memory, {place}. Please try again in a moment.",
    "newer": "Mynah's memory, {place}, was made by a newer version of Mynah. Update this one, "
             "or set another state_url.",
    "foreign": "Mynah's memory should be {place}, but that holds something else, so it was left as it is. "
               "Set state_url to a place of its own.",
    "damaged": "Mynah's memory, {place}, is damaged or is no database. Restore a copy, or move it away: "
               "a new one is made.",
    "unreachable": "Mynah's memory, {place}, does not answer or refuses the login. "
                   "Check that it runs, and state_url.",
    "failed": "Something went wrong with Mynah's memory, {place}. Nothing was written.",
}
_ROOM = 65_536  # bytes; with less than this SQLite cannot even make the files beside its own
_SQLITE: dict[int, StoreFailure] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_AUTH: "read_only",
    sqlite3.SQLITE_CANTOPEN: "read_only",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PROTOCOL: "locked",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
}
_SYSTEM: dict[int, StoreFailure] = {
    errno.ENOSPC: "full", errno.EDQUOT: "full", errno.EACCES: "read_only", errno.EPERM: "read_only",
    errno.EROFS: "read_only",
}
_POSTGRES: dict[str, StoreFailure] = {  # by SQLSTATE, or by its class of two characters
    "53100": "full", "25006": "read_only", "42501": "read_only", "3D000": "missing", "3F000": "missing",
    "40001": "locked", "40P01": "locked", "55P03": "locked", "XX001": "damaged", "XX002": "damaged",
    "08": "unreachable", "28": "unreachable", "57": "unreachable", "53": "unreachable",
}
_MYSQL: dict[int, StoreFailure] = {
    1021: "full", 1114: "full", 1290: "read_only", 1836: "read_only", 1142: "read_only", 1049: "missing",
    1205: "locked", 1213: "locked", 1040: "unreachable", 1044: "unreachable", 1045: "unreachable",
    2002: "unreachable", 2003: "unreachable", 2006: "unreachable", 2013: "unreachable",
}


class StoreError(Exception):
    """Mynah's memory did not take or give something: `kind` for programs, `message` for people."""

    def __init__(self, kind: StoreFailure, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.kind: StoreFailure = kind
        self.message = message
        self.detail = detail  # the driver's own words, without the password: for logs, never for a channel


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL; None for a server, for memory, and for SQLite's own `file:` addresses."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


def store_error(kind: StoreFailure, url: URL, detail: str = "") -> StoreError:
    """A StoreError that names the place, never the login."""
    return StoreError(kind, _SENTENCES[kind].format(place=_place(url)), _without_secrets(detail, url))


def translate(error: BaseException, url: URL) -> StoreError:
    """A driver's or the system's error as a StoreError."""
    cause = getattr(error, "orig", None) or error
    return store_error(_kind(cause, url), url, str(cause))


def _kind(error: BaseException, url: URL) -> StoreFailure:
    if isinstance(error, NoFreeConnection):
        return "locked"
    if isinstance(error, OSError):
        return _SYSTEM.get(error.errno or 0, "missing")
    if isinstance(error, sqlite3.Error):
        return _sqlite_kind(error, sqlite_file(url))
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if isinstance(state, str):
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2], "failed")
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return _MYSQL.get(number, "failed")
    # Drivers give no code to what kept them from connecting, or cut the connection.
    return "unreachable" if type(error).__name__ in ("OperationalError", "InterfaceError") else "failed"


def _sqlite_kind(error: sqlite3.Error, path: Path | None) -> StoreFailure:
    code = getattr(error, "sqlite_errorcode", 0)
    kind = _SQLITE.get(code & 0xFF, "failed")
    if path is None:
        return kind
    if path.is_dir():
        return "foreign"
    if code == sqlite3.SQLITE_READONLY_DBMOVED or not path.parent.is_dir():
        return "missing"
    files = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
    return "full" if code & 0xFF in files and _no_room(path.parent) else kind


def _no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _ROOM
    except OSError:
        return False


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return f"the file {url.database}" if url.database else "in this process"
    return f"the {url.get_backend_name()} database {url.database or ''} on {_host(url)}".replace("  ", " ")


def _host(url: URL) -> str:
    # An unescaped @ in a password leaves its tail in front of the host's name.
    return (url.host or "this machine").rpartition("@")[2]


def _without_secrets(text: str, url: URL) -> str:
    secrets = [url.host.rpartition("@")[0] if url.host else "", str(url.password or "")]
    secrets += [str(value) for name, value in url.query.items() if "pass" in name.lower()]
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text
