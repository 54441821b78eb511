"""Checks SQL before it runs: `check(sql, schema)` gives `SafeSQL`, all an engine executes, or `Rejected`.

One statement that only reads is let through, and only if every part of it is on the allow-lists of
bot/functions.py and every name in it exists in the schema. What runs is the checked tree, written out again
without comments: never the text that came in.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from functools import lru_cache
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as Grammar
from sqlglot.errors import SqlglotError, UnsupportedError
from sqlglot.tokenizer_core import Token, TokenType

from bot.allowed import inspect
from bot.catalog import Catalog, catalog_of
from bot.dialects import translate
from bot.names import resolve
from bot.rejection import Rejected, Rejection
from bot.respelling import take_views_back
from bot.schema import Dialect, Schema
from bot.sql_writer import write

__all__ = ["Rejected", "SafeSQL", "check"]

MAX_CHARACTERS = 8_000
MAX_TOKENS = 2_000
MAX_NESTING = 24  # the parser spends some 17 Python frames a level
_REMEMBERED = 512  # checked texts kept, so that asking again costs a dictionary look-up

# What a parser full of special cases may raise on input nobody wrote on purpose.
_PARSER_ERRORS = (
    SqlglotError, ValueError, TypeError, AttributeError, LookupError, AssertionError,
    ArithmeticError,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HINT = re.compile(r"/\*(?:!|M!|\+)", re.IGNORECASE)  # comments that some databases run or obey
_OPENING = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
_QUOTED = frozenset({TokenType.STRING, TokenType.IDENTIFIER})
_TOKEN = object()

# What the parser cannot read is refused here; its warnings would only carry the text into a log.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class SafeSQL:
    """A checked query in the database's dialect, placeholders written `:name`. Made by `check` alone.

    `parameters` are the placeholders' names, `tables` the tables it reads.
    """

    sql: str
    parameters: frozenset[str]
    tables: frozenset[str]
    dialect: Dialect
    tree: exp.Expr = field(compare=False, repr=False)
    token: InitVar[object] = None

    def __post_init__(self, token: object) -> None:
        if token is not _TOKEN:
            raise TypeError("SafeSQL is made by bot.guard.check only")

    def is_recursive(self) -> bool:
        """Whether it holds a CTE that reads itself, which `check` knows to end."""
        return any(with_.args.get("recursive") for with_ in self.tree.find_all(exp.With))

    def filled(self, parameters: Mapping[str, str | int | float]) -> str:
        """The query as it runs with these values, written in: for people, and for programs that run it again."""
        return write(with_values(self.tree, parameters), self.dialect)


def with_values(tree: exp.Expr, parameters: Mapping[str, str | int | float]) -> exp.Expr:
    """A copy of the tree with values in place of its placeholders."""

    def fill(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder):
            return node
        value = parameters[node.name]
        return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(value)

    return tree.transform(fill)


def check(
    sql: str, schema: Schema, dialect: Dialect | None = None, read: Dialect = "sqlite", catalog: Catalog | None = None
) -> SafeSQL | Rejected:
    """Let `sql`, written in the dialect `read`, through as a query on `schema`, or say why not. Never raises.

    `dialect` is what the result is written in; by default the schema's own. `catalog` is what may be seen of the
    schema (bot/access.py); by default all of it.
    """
    if not isinstance(sql, str):
        return Rejected("not-text", "A query has to be text.")
    if len(sql) > MAX_CHARACTERS:
        return Rejected("too-long", f"A query can have {MAX_CHARACTERS:,} characters. Please shorten it.")
    try:
        return _check(sql, catalog or catalog_of(schema), dialect or schema.dialect, read)
    except RecursionError:  # not remembered: it may be the caller's stack that was nearly used up
        return Rejected("too-deep", "This query is nested too deeply. Please split it up.")


@lru_cache(maxsize=_REMEMBERED)
def _check(sql: str, catalog: Catalog, dialect: Dialect, read: Dialect) -> SafeSQL | Rejected:
    try:
        tree = _parse(sql, read)
        placeholders = inspect(tree, read)
        if catalog.views and read == dialect:
            take_views_back(tree, catalog, dialect)
        tables = resolve(tree, catalog)
        if read == "sqlite" and dialect != "sqlite":
            tree = translate(tree, catalog.schema, dialect)
            inspect(tree, dialect, translated=True)  # what was put in is held to the same lists
        written = write(tree, dialect)
        _read_back(written, dialect)
        return SafeSQL(written, placeholders, tables, dialect, tree, _TOKEN)
    except Rejection as rejection:
        return rejection.rejected
    except UnsupportedError:
        return Rejected("unsupported", "This query uses something this kind of database cannot do.")
    except _PARSER_ERRORS:
        return Rejected("unreadable", "This does not read as an SQL query. Please look for typing mistakes.")


def _parse(sql: str, read: str) -> exp.Expr:
    if _CONTROL.search(sql):
        raise Rejection("odd-characters", "This query holds characters that none needs. Please retype it.")
    if _HINT.search(sql):
        raise Rejection("comment", "Comments that speak to the database are not allowed here. Please leave them out.")
    sql.encode("utf-8")  # a lone surrogate would only fail later, inside the engine's driver
    grammar = Grammar.get_or_raise(read)
    tokens = grammar.tokenize(sql)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    _inspect_tokens(tokens)
    trees = grammar.parser().parse(tokens, sql)
    if len(trees) != 1 or trees[0] is None:
        raise Rejection("several-statements", "Only one query can run at a time.")
    tree = _unwrapped(trees[0])
    if read == "mysql":
        _leave_out_dual(tree)
    return tree


def _leave_out_dual(tree: exp.Expr) -> None:
    """FROM DUAL is MySQL's way to say that a query reads no table."""
    for select in tree.find_all(exp.Select):
        source = from_.this if (from_ := select.args.get("from_")) is not None else None
        if isinstance(source, exp.Table) and source.sql(comments=False).lower() == "dual":
            select.set("from_", None)


def _read_back(written: str, dialect: Dialect) -> None:
    """Refuse a query whose written form does not read as one that is allowed: the text is what runs, not the tree."""
    try:
        trees = Grammar.get_or_raise(dialect).parse(written)
        if len(trees) == 1 and trees[0] is not None:
            inspect(_unwrapped(trees[0]), dialect, translated=True)
            return
    except _PARSER_ERRORS:
        pass
    raise Rejection("unwritable", "This query has a part that cannot be written out safely. Please put it another way.")


def _unwrapped(tree: exp.Expr) -> exp.Expr:
    """The query inside parentheses that stand around the whole of it; SQLite does not take those."""
    while isinstance(tree, exp.Subquery) and not any(v for k, v in tree.args.items() if k != "this"):
        tree = tree.this
    return tree


def _inspect_tokens(tokens: list[Token]) -> None:
    """Refuse what the parser should not even see: other statements, several of them, and deep nesting."""
    if not tokens:
        raise Rejection("empty", "There is no query here.")
    if tokens[0].token_type not in _OPENING:
        word = tokens[0].text[:20]
        raise Rejection("not-a-query", f"Only queries that read data can run. This one starts with “{word}”.")
    if len(tokens) > MAX_TOKENS:
        raise Rejection("too-long", "This query has too many parts. Please shorten it.")
    depth = deepest = prefixes = 0
    for token, following in pairwise([*tokens, tokens[-1]]):
        kind = token.token_type
        if kind is TokenType.SEMICOLON:
            raise Rejection("several-statements", "Only one query can run at a time.")
        if kind is TokenType.COLON and following.token_type in _QUOTED:
            raise Rejection("placeholder", "Placeholders have to be written as a colon and a name, such as :v0.")
        if kind in (TokenType.L_PAREN, TokenType.CASE, TokenType.L_BRACKET, TokenType.L_BRACE):
            depth += 1
        elif kind in (TokenType.R_PAREN, TokenType.END, TokenType.R_BRACKET, TokenType.R_BRACE):
            depth -= 1
        prefixes = prefixes + 1 if kind in _PREFIXES and following.token_type in _PREFIXES else 0
        deepest = max(deepest, depth + prefixes)
    if deepest > MAX_NESTING:
        raise Rejection("too-deep", "This query is nested too deeply. Please split it up.")
