"""Writes a checked tree out as SQL: no comments, placeholders as `:name`, only what the dialect has."""

from __future__ import annotations

import re
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Grammar
from sqlglot.errors import ErrorLevel
from sqlglot.generator import Generator
from sqlglot.generators.mysql import MySQLGenerator
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.generators.sqlite import SQLiteGenerator

from bot import functions_postgres, functions_sqlite
from bot.schema import Dialect


class _Readable(Generator):
    """What makes the result nicer to read, in every dialect."""

    def not_sql(self, expression: exp.Not) -> str:
        """`x NOT IN (…)` and its like for `NOT x IN (…)`."""
        inner = expression.this
        word = _NEGATED.get(type(inner))
        if word is None:
            return super().not_sql(expression)
        subject, text = self.sql(inner, "this"), self.sql(inner)
        if not text.startswith(f"{subject} {word} "):
            return super().not_sql(expression)
        rest = text[len(subject) + len(word) + 2 :]
        return f"{subject} IS NOT {rest}" if word == "IS" else f"{subject} NOT {word} {rest}"

    def identifier_sql(self, expression: exp.Identifier) -> str:
        if not _BARE.fullmatch(expression.name):
            expression.args["quoted"] = True  # the parser reads names bare that a database would not
        return super().identifier_sql(expression)

    def windowspec_sql(self, expression: exp.WindowSpec) -> str:
        for key, value in expression.args.items():
            if isinstance(value, str):
                expression.args[key] = value.upper()  # the parser keeps these words as they were typed
        return super().windowspec_sql(expression)


_BARE = re.compile(r"[^\W\d]\w*")
_NEGATED: dict[type[exp.Expr], str] = {exp.Is: "IS", exp.In: "IN", exp.Between: "BETWEEN"}


class _SQLite(_Readable, SQLiteGenerator):
    # NUMERIC keeps whole numbers whole, as the query's writer meant; REAL would change integer division.
    TYPE_MAPPING: ClassVar = {**SQLiteGenerator.TYPE_MAPPING, exp.DType.DECIMAL: "NUMERIC"}

    RESERVED_KEYWORDS: ClassVar = set(functions_sqlite.RESERVED)

    def join_sql(self, expression: exp.Join, join_op: str | None = None) -> str:
        # To SQLite the words CROSS JOIN also fix the order of the loops; a comma leaves that to its planner.
        if expression.kind == "CROSS" and not expression.args.get("on"):
            return f", {self.sql(expression, 'this')}"
        return super().join_sql(expression, join_op)

    def log_sql(self, expression: exp.Log) -> str:
        base = expression.this
        if expression.expression and base.is_number and base.name in ("2", "10"):
            return self.func(f"LOG{base.name}", expression.expression)  # exact where ln(x)/ln(10) is not
        return self.func("LOG", base, expression.expression)


class _Postgres(_Readable, PostgresGenerator):
    RESERVED_KEYWORDS: ClassVar = set(functions_postgres.RESERVED)

    TRANSFORMS: ClassVar = {**PostgresGenerator.TRANSFORMS, exp.Hex: lambda self, e: self.func("TO_HEX", e.this)}

    def placeholder_sql(self, expression: exp.Placeholder) -> str:
        return f":{expression.name}"


class _MySQL(_Readable, MySQLGenerator):
    """Only words that MySQL and MariaDB share."""

    TRANSFORMS: ClassVar = {
        **MySQLGenerator.TRANSFORMS,
        exp.RegexpLike: lambda self, e: f"{self.sql(e, 'this')} REGEXP {self.sql(e, 'expression')}",
        exp.Median: lambda self, e: self.func("MEDIAN", e.this),  # MariaDB's
        exp.UtcDate: lambda self, e: "UTC_DATE()",
        # Which of the values is open, and MariaDB has no any_value().
        exp.AnyValue: lambda self, e: self.func("MIN", e.this),
    }


_WRITERS: dict[Dialect, type[Generator]] = {"sqlite": _SQLite, "postgres": _Postgres, "mysql": _MySQL}


def write(tree: exp.Expr, dialect: Dialect, pretty: bool = False) -> str:
    """The tree as one line of SQL, or as several. Raises UnsupportedError for what the dialect has no words for."""
    generator = _WRITERS[dialect](
        dialect=Grammar.get_or_raise(dialect), pretty=pretty, comments=False,
        unsupported_level=ErrorLevel.RAISE,
    )
    return generator.generate(tree, copy=False)
