"""SQL for people to read: laid out over several lines, with its words, texts and numbers coloured."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from eval_harness.markup import Markup, element, joined

_LONGEST = 20_000  # characters: a longer query is shown as it was written
_NUMBERS = {TokenType.NUMBER, TokenType.BIT_STRING, TokenType.HEX_STRING}
# What is spelt with letters and is no word of the language: names, and types that functions are named after.
_NAMES = {TokenType.VAR, TokenType.IDENTIFIER, TokenType.PLACEHOLDER, TokenType.PARAMETER} | set(Parser.TYPE_TOKENS)


def coloured(sql: str, dialect: str = "sqlite") -> Markup:
    """The query, laid out where it can be read in that dialect and as written where not, in a `pre`."""
    text = _laid_out(sql, dialect)
    return element("pre", element("code", _spans(text, dialect), translate="no"), class_="sql", tabindex=0)


def _laid_out(sql: str, dialect: str) -> str:
    if len(sql) > _LONGEST:
        return sql
    try:
        return sqlglot.parse_one(sql, read=dialect).sql(dialect, pretty=True)
    except (SqlglotError, RecursionError, ValueError):  # not every query can be read, and gold may be of any kind
        return sql


def _spans(text: str, dialect: str) -> Markup:
    try:
        tokens = sqlglot.tokenize(text, read=dialect) if len(text) <= _LONGEST else []
    except (SqlglotError, ValueError):
        tokens = []
    parts: list[str] = []
    end = 0
    for token in tokens:
        start, stop = token.start, token.end + 1
        if start < end:
            continue
        kind = _kind(token, text[start:stop])
        parts.append(text[end:start])
        parts.append(element("span", text[start:stop], class_=kind) if kind else text[start:stop])
        end = stop
    return joined(*parts, text[end:])


def _kind(token: Token, written: str) -> str:
    if token.token_type == TokenType.STRING:
        return "s"
    if token.token_type in _NUMBERS:
        return "n"
    return "k" if written.replace(" ", "").isalpha() and token.token_type not in _NAMES else ""
