"""Walks a parsed query and refuses every node, argument, function or word that is not allow-listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from bot.allowed_values import CHECKS
from bot.functions import KEYWORDS, NAMES, STRUCTURE, Node, Rules
from bot.rejection import Rejection
from bot.rules import RULES
from bot.schema import Dialect

MAX_NODES = 1_500
MAX_DEPTH = 150  # of the tree; a long chain of AND or + leans, and so counts
MAX_JOINS = 12
MAX_PARAMETERS = 64

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
_FREE_TEXT = (exp.Identifier, exp.Literal, exp.Var, exp.Placeholder, exp.JSONPathKey, exp.Anonymous)

# A query put in a table's place keeps what was joined to it there.
_JOINED: dict[Node, frozenset[str]] = {exp.Subquery: STRUCTURE[exp.Subquery] | {"joins"}}
_TRANSLATED = {
    dialect: replace(rules, names=rules.names | rules.spoken, structure={**rules.structure, **_JOINED})
    for dialect, rules in RULES.items()
}

# (node, argument) -> what to say about the constructs people really try.
_REJECTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("select", "into"): ("writes", "Only queries that read data can run. This one would store its result."),
    ("select", "locks"): ("lock", "This query would lock rows for others. Please leave the locking out."),
    ("select", "hint"): ("comment", "Hints to the database are not allowed here. Please leave them out."),
    ("column", "db"): ("not-allowed", "Please name columns as table.column."),
    ("distinct", "on"): ("not-allowed", "DISTINCT ON is not allowed here. Please use GROUP BY."),
    ("join", "method"): ("natural-join", "Please say which columns join the tables, with JOIN … ON."),
}


def inspect(tree: exp.Expr, dialect: Dialect, translated: bool = False) -> frozenset[str]:
    """The placeholders' names of a query that is allowed throughout. Raises Rejection otherwise.

    A translated query may also hold what the translation writes.
    """
    rules = _TRANSLATED[dialect] if translated else RULES[dialect]
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery)):
        raise Rejection("not-a-query", "Only queries that read data can run.")
    parameters: set[str] = set()
    nodes = joins = 0
    pending: list[tuple[exp.Expr, int]] = [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise Rejection("too-long", "This query has too many parts. Please shorten it.")
        if depth > MAX_DEPTH:
            raise Rejection("too-deep", "This query is nested too deeply. Please split it up.")
        _inspect_node(node, rules)
        if isinstance(node, exp.Placeholder):
            parameters.add(_parameter(node))
        joins += isinstance(node, exp.Join)
        pending.extend((child, depth + 1) for child in _children(node))
    if joins > MAX_JOINS:
        raise Rejection("too-many-joins", f"This query has more than {MAX_JOINS} joins. Please split it up.")
    if len(parameters) > MAX_PARAMETERS:
        raise Rejection("too-long", "This query has too many placeholders. Please shorten it.")
    return frozenset(parameters)


def _children(node: exp.Expr) -> Iterator[exp.Expr]:
    for value in node.args.values():
        if isinstance(value, exp.Expr):
            yield value
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, exp.Expr):
                    yield item
                elif item is not None:
                    raise Rejection("not-allowed", "This query has a part that is not allowed here.")


def _inspect_node(node: exp.Expr, rules: Rules) -> None:
    kind: Node = type(node)
    arguments = rules.arguments(kind)
    if arguments is None:
        _inspect_function(node, rules)
    for key, value in node.args.items():
        if value is None or value == []:
            continue
        if arguments is not None and key not in arguments:
            _reject(node, key)
        if (kind, key) in NAMES:
            _inspect_names(value)
        if isinstance(value, str) and not isinstance(node, _FREE_TEXT):
            _inspect_word(value)
    check = CHECKS.get(kind)
    if check:
        check(node, rules)


def _inspect_names(value: object) -> None:
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, exp.Identifier) for name in names):
        raise Rejection("odd-name", "A name is expected where this query has something else.")


def _reject(node: exp.Expr, key: str) -> None:
    code, message = _REJECTIONS.get((node.key, key), ("", ""))
    if code:
        raise Rejection(code, message)
    what = key.strip("_").replace("_", " ").upper()
    raise Rejection("not-allowed", f"This query uses {what} in a way that is not allowed here.")


def _inspect_word(value: str) -> None:
    if value.upper() not in KEYWORDS:
        raise Rejection("not-allowed", f"This query uses “{value[:40]}”, which is not allowed here.")


def _inspect_function(node: exp.Expr, rules: Rules) -> None:
    kind = type(node)
    if kind in rules.nodes:
        return
    if kind is exp.Anonymous:
        name = str(node.this)
        if name.lower() in rules.names and not node.args.get("quoted"):
            return
    elif isinstance(node, exp.Func):
        name = node.sql_name()
    else:
        name = node.key.upper()
        hint = rules.hints.get(node.key)
        extra = f": {hint}" if hint else ""
        raise Rejection("not-allowed", f"{name} is not allowed here{extra}.")
    hint = rules.hints.get(name.lower()) or rules.hints.get(node.key)
    extra = f": {hint}" if hint else ""
    raise Rejection("function", f"The function {name.lower()[:40]} is not allowed here{extra}.")


def _parameter(node: exp.Placeholder) -> str:
    name = node.this
    if not isinstance(name, str) or not _PARAMETER.fullmatch(name):
        raise Rejection("placeholder", "Placeholders have to be written as a colon and a name, such as :v0.")
    return name
