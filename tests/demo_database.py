"""The demo database, built and opened for tests."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

from demo.build import build

TODAY = date(2026, 11, 22)
# A New Year's Day, a leap day, the first of a month, a plain Sunday.
DAYS = [date(2026, 1, 1), date(2028, 2, 29), date(2027, 5, 1), TODAY]


class Demo:
    """One built database."""

    def __init__(self, path: Path, today: date) -> None:
        self.path, self.today = path, today
        self._connection = sqlite3.connect(path)

    @classmethod
    def built(cls, path: Path, today: date) -> Demo:
        """A new database at `path`."""
        build(path, today)
        return cls(path, today)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows; `:today` may be used."""
        named = {"today": str(self.today)}
        return self._connection.execute(sql, parameters or (named if ":today" in sql else ())).fetchall()

    def one(self, sql: str, *parameters: object) -> Any:
        """The only cell."""
        return self.rows(sql, *parameters)[0][0]

    def column(self, sql: str, *parameters: object) -> list[Any]:
        """The only column."""
        return [row[0] for row in self.rows(sql, *parameters)]

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Names and declared types of a table's columns."""
        return self.rows(f"SELECT name, type FROM pragma_table_info('{table}') ORDER BY cid")

    def dump(self) -> list[str]:
        """The whole database as SQL."""
        return list(self._connection.iterdump())

    def close(self) -> None:
        """Release the file."""
        self._connection.close()
