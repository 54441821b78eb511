"""Walks a parsed query and refuses every node, argument, function, type or word that is not allow-listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from bot.functions import DIALECT_SPECIFIC, KEYWORDS, NAMES, RULES, STRUCTURE, WORDS, Node, Rules
from bot.rejection import Rejection
from bot.schema import Dialect

MAX_NODES = 1_500
MAX_DEPTH = 150  # of the tree; a long chain of AND or + leans, and so counts
MAX_JOINS = 12
MAX_PARAMETERS = 64
_MAX_PATTERN_WILDCARDS = 12
_MAX_NEEDLE = 64  # characters in a literal that replace() or trim() works with
_MAX_GROWTH = 500  # times that nested replace() calls may lengthen a text

_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
# Spaces, accents and currency signs are fine in a heading; quotes, backslashes, colons and controls are not.
_NAME = re.compile(r"[^\x00-\x1f\x7f\"'`\\:;\[\]]{1,64}")
_FORMAT = re.compile(r"(?:[^%]|%%|%[-+0 ,]{0,3}\d{0,2}(?:\.\d{1,2})?[dfgesui])*")
_FREE_TEXT = (exp.Identifier, exp.Literal, exp.Var, exp.Placeholder, exp.JSONPathKey, exp.Anonymous)

# (node, argument) -> what to say about the constructs people really try.
_REJECTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("with", "recursive"): ("recursive", "Recursive queries are not allowed, because they may never end."),
    ("select", "into"): ("writes", "Only queries that read data can run. This one would store its result."),
    ("select", "locks"): ("lock", "This query would lock rows for others. Please leave the locking out."),
    ("column", "db"): ("not-allowed", "Please name columns as table.column."),
    ("distinct", "on"): ("not-allowed", "DISTINCT ON is not allowed here. Please use GROUP BY."),
    ("join", "method"): ("natural-join", "Please say which columns join the tables, with JOIN … ON."),
}


def inspect(tree: exp.Expr, dialect: Dialect) -> frozenset[str]:
    """The placeholders' names of a query that is allowed throughout. Raises Rejection otherwise."""
    rules = RULES[dialect]
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
    arguments = STRUCTURE.get(kind)
    if arguments is None or kind in DIALECT_SPECIFIC:
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
    check = _SPECIAL.get(kind)
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


def _inspect_identifier(node: exp.Expr, rules: Rules) -> None:
    if isinstance(node.parent, (exp.Column, exp.Table)):
        return  # it has to be a name that exists: of the schema, or one given in this query and checked there
    if not isinstance(node.this, str) or not _NAME.fullmatch(node.this) or not node.this.isprintable():
        raise Rejection("odd-name", "A name in this query holds characters that names cannot have.")


def _inspect_var(node: exp.Expr, rules: Rules) -> None:
    if node.name.upper() not in WORDS:
        raise Rejection("not-allowed", f"This query uses “{node.name[:40]}”, which is not allowed here.")


def _inspect_table(node: exp.Expr, rules: Rules) -> None:
    if not isinstance(node.this, exp.Identifier):
        raise Rejection("table-function", "Rows can only be read from tables here, not from functions.")
    alias = node.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise Rejection("not-allowed", "Please rename a table's columns in SELECT, not in FROM.")


def _inspect_type(node: exp.Expr, rules: Rules) -> None:
    if node.this not in rules.casts:
        name = getattr(node.this, "value", node.this)
        raise Rejection("cast", f"Values cannot be turned into the type {str(name).lower()[:40]} here.")
    for parameter in node.expressions:
        size = parameter.this
        if not (isinstance(size, exp.Literal) and size.is_int and len(size.name) < 4):
            raise Rejection("cast", "The size of a type has to be a whole number below 1,000.")


def _inspect_list(node: exp.Expr, rules: Rules) -> None:
    if not node.expressions:
        place = "SELECT" if isinstance(node, exp.Select) else "GROUP BY"
        raise Rejection("incomplete", f"Something is missing after {place}.")


def _inspect_star(node: exp.Expr, rules: Rules) -> None:
    place = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    if isinstance(place, exp.Select) or (isinstance(place, exp.Count) and place is node.parent):
        return
    raise Rejection("star", "A star can only stand for all columns, or inside count(*).")


def _inspect_like(node: exp.Expr, rules: Rules) -> None:
    pattern = node.args["expression"]
    if isinstance(pattern, exp.Literal) and len(re.findall(r"[%*]+", pattern.name)) > _MAX_PATTERN_WILDCARDS:
        raise Rejection("pattern", "This text pattern has too many wildcards.")


def _size(value: exp.Expr | None) -> int:
    return len(value.name) if isinstance(value, exp.Literal) else 20  # a placeholder carries some words


def _is_short_text(value: exp.Expr | None) -> bool:
    if isinstance(value, exp.Literal):
        return len(value.name) <= _MAX_NEEDLE
    return value is None or isinstance(value, exp.Placeholder)


def _inspect_replace(node: exp.Expr, rules: Rules) -> None:
    if not (_is_short_text(node.args.get("expression")) and _is_short_text(node.args.get("replacement"))):
        raise Rejection("replace", "Replacing takes two short texts: what to find and what to put there.")
    growth, inner = 1.0, node
    while isinstance(inner, exp.Replace):
        growth *= max(1.0, _size(inner.args.get("replacement")) / max(1, _size(inner.args.get("expression"))))
        inner = inner.this.unnest()
    if growth > _MAX_GROWTH:
        raise Rejection("replace", "This query makes texts too long by replacing parts of them.")


def _inspect_needle(node: exp.Expr, rules: Rules) -> None:
    if not isinstance(node.args.get("substr"), (exp.Literal, exp.Placeholder, exp.Column)):
        raise Rejection("pattern", "The text to look for has to be a plain text or a column.")


def _inspect_trim(node: exp.Expr, rules: Rules) -> None:
    if not _is_short_text(node.args.get("expression")):
        raise Rejection("pattern", "The characters to trim have to be a short plain text.")


def _inspect_anonymous(node: exp.Expr, rules: Rules) -> None:
    if node.name.lower() == "printf":
        _inspect_format(node.expressions)


def _inspect_format_node(node: exp.Expr, rules: Rules) -> None:
    _inspect_format([node.this, *node.expressions])


def _inspect_format(arguments: list[exp.Expr]) -> None:
    pattern = arguments[0] if arguments else None
    if not (isinstance(pattern, exp.Literal) and pattern.is_string and _FORMAT.fullmatch(pattern.name)):
        raise Rejection("format", "A number format has to be a short plain one, such as '%.2f'.")


_SPECIAL: dict[Node, Callable[[exp.Expr, Rules], None]] = {
    exp.Identifier: _inspect_identifier,
    exp.Var: _inspect_var,
    exp.Table: _inspect_table,
    exp.DataType: _inspect_type,
    exp.Select: _inspect_list,
    exp.Group: _inspect_list,
    exp.Star: _inspect_star,
    exp.Like: _inspect_like,
    exp.ILike: _inspect_like,
    exp.Glob: _inspect_like,
    exp.Replace: _inspect_replace,
    exp.StrPosition: _inspect_needle,
    exp.Trim: _inspect_trim,
    exp.Anonymous: _inspect_anonymous,
    exp.Format: _inspect_format_node,
}
