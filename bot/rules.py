"""The allow-lists of every dialect."""

from __future__ import annotations

from collections.abc import Mapping

from bot import functions_mysql, functions_postgres, functions_sqlite
from bot.functions import Rules
from bot.schema import Dialect

RULES: Mapping[Dialect, Rules] = {
    "sqlite": functions_sqlite.RULES,
    "postgres": functions_postgres.RULES,
    "mysql": functions_mysql.RULES,
}
