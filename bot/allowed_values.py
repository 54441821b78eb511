"""Checks of single nodes that are allowed at all: the sizes, patterns and formats in them, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from bot.functions import EXCLUDED, Node, Rules
from bot.rejection import Rejection
from bot.series import rows_of_series

_MAX_WILDCARDS = 12  # in one pattern
_MAX_QUANTIFIERS = 8  # in one regular expression
_MAX_NEEDLE = 64  # characters in a literal that replace() or trim() works with
_MAX_GROWTH = 500  # times that nested replace() calls may lengthen a text
_MAX_PADDED = 200  # characters that a padded or repeated text may have
_MAX_CUBE = 5  # columns of CUBE: it groups by every subset of them
_MAX_EXPONENT = 500  # some databases work powers out to the last digit
_MAX_CHARACTERS = 8  # written as their codes
_MAX_ARRAY = 200  # elements of a written array

# Spaces, accents and currency signs are fine in a heading; quotes, backslashes, colons and controls are not.
_NAME = re.compile(r"[^\x00-\x1f\x7f\"'`\\:;\[\]]{1,64}")
_FORMAT = re.compile(r"(?:[^%]|%%|%[-+0 ,]{0,3}\d{0,2}(?:\.\d{1,2})?[dfgesuiI])*")
_ZONE = re.compile(r"[A-Za-z][A-Za-z_+/-]{0,40}[0-9]{0,2}")
# A group that repeats, a reference back to one and a count of hundreds are what makes matching slow.
_SLOW_PATTERN = re.compile(r"\)[*+{]|\\[1-9]|\{\d*,?\d{3,}|\(\?")

Check = Callable[[exp.Expr, Rules], None]


def _inspect_identifier(node: exp.Expr, rules: Rules) -> None:
    if isinstance(node.parent, (exp.Column, exp.Table)):
        return  # it has to be a name that exists: of the schema, or one given in this query and checked there
    if not isinstance(node.this, str) or not _NAME.fullmatch(node.this) or not node.this.isprintable():
        raise Rejection("odd-name", "A name in this query holds characters that names cannot have.")


def _inspect_var(node: exp.Expr, rules: Rules) -> None:
    if isinstance(node.parent, exp.WindowSpec):
        return  # looked at there
    if node.name.upper() not in rules.words:
        raise Rejection("not-allowed", f"This query uses “{node.name[:40]}”, which is not allowed here.")


def _inspect_table(node: exp.Expr, rules: Rules) -> None:
    source = node.this
    if type(source) in rules.sources:
        rows_of_series(source)
        return
    if not isinstance(source, exp.Identifier):
        raise Rejection("table-function", "Rows can only be read from tables here, not from functions.")
    alias = node.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise Rejection("not-allowed", "Please rename a table's columns in SELECT, not in FROM.")


def _inspect_series(node: exp.Expr, rules: Rules) -> None:
    if isinstance(node.parent, exp.Table):
        return
    top: exp.Expr | None = node.parent
    while isinstance(top, (exp.Cast, exp.Paren, exp.Alias)):
        top = top.parent
    alone = isinstance(top, exp.Select) and not top.args.get("from_") and len(top.expressions) == 1
    if not alone:
        raise Rejection("generator", "A series of numbers or days can only stand in FROM, or be all that is selected.")


def _inspect_lateral(node: exp.Expr, rules: Rules) -> None:
    if not isinstance(node.this, exp.Subquery) or node.args.get("view") or node.args.get("outer"):
        raise Rejection("table-function", "After LATERAL only a query in parentheses can stand.")


def _inspect_array(node: exp.Expr, rules: Rules) -> None:
    if len(node.expressions) > _MAX_ARRAY:
        raise Rejection("too-long", f"A list can have {_MAX_ARRAY} elements here. Please shorten it.")


def _inspect_unnest(node: exp.Expr, rules: Rules) -> None:
    held = node.expressions or [node.this]
    if len(held) != 1 or not isinstance(held[0], exp.Array) or node.args.get("offset"):
        raise Rejection("generator", "Rows can only be made of a list that is written out, such as ARRAY['a', 'b'].")


def _inspect_bracket(node: exp.Expr, rules: Rules) -> None:
    places: list[exp.Expr] = []
    for given in node.expressions:
        places += given.iter_expressions() if isinstance(given, exp.Slice) else [given]
    if not all(isinstance(e, exp.Literal) and e.is_int and len(e.name) < 4 for e in places):
        raise Rejection("not-allowed", "The place in a list has to be a small whole number.")


def _inspect_cube(node: exp.Expr, rules: Rules) -> None:
    if len(node.expressions) > _MAX_CUBE:
        raise Rejection("too-long", f"CUBE can have {_MAX_CUBE} columns here. Please leave some out.")


def _inspect_type(node: exp.Expr, rules: Rules) -> None:
    if node.this == exp.DType.BINARY and not isinstance(getattr(node.parent, "parent", None), exp.Predicate):
        raise Rejection("cast", "A text can be taken as bytes only to compare it.")
    listed = node.this == exp.DType.ARRAY
    kinds = node.expressions if listed else ()
    if node.this not in rules.casts or (listed and (len(kinds) != 1 or kinds[0].this == exp.DType.ARRAY)):
        name = getattr(node.this, "value", node.this)
        raise Rejection("cast", f"Values cannot be turned into the type {str(name).lower()[:40]} here.")
    for parameter in () if listed else node.expressions:
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
    if isinstance(pattern, exp.Literal) and len(re.findall(r"[%*]+", pattern.name)) > _MAX_WILDCARDS:
        raise Rejection("pattern", "This text pattern has too many wildcards.")


def _inspect_regex(node: exp.Expr, rules: Rules) -> None:
    _check_pattern(node.args.get("expression"))


def _check_pattern(pattern: exp.Expr | None) -> None:
    text = pattern.name if isinstance(pattern, exp.Literal) and pattern.is_string else None
    if text is None or len(text) > 100 or _SLOW_PATTERN.search(text) or _quantifiers(text) > _MAX_QUANTIFIERS:
        raise Rejection("pattern", "A pattern has to be a short plain text that repeats no groups, such as '^A.*s$'.")


def _quantifiers(pattern: str) -> int:
    return len(re.findall(r"[*+{]", pattern))


def _inspect_substring(node: exp.Expr, rules: Rules) -> None:
    start = node.args.get("start")
    if isinstance(start, exp.Literal) and start.is_string:
        _check_pattern(start)  # PostgreSQL: substring(x FROM 'pattern')


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
    while isinstance(inner, (exp.Replace, exp.RegexpReplace)):
        found = _size(inner.args.get("expression")) if isinstance(inner, exp.Replace) else 1
        growth *= max(1.0, _size(inner.args.get("replacement")) / max(1, found))
        inner = inner.this.unnest()
    if growth > _MAX_GROWTH:
        raise Rejection("replace", "This query makes texts too long by replacing parts of them.")


def _inspect_regex_replace(node: exp.Expr, rules: Rules) -> None:
    _check_pattern(node.args.get("expression"))
    modifiers = node.args.get("modifiers")
    if modifiers is not None and not (isinstance(modifiers, exp.Literal) and set(modifiers.name) <= set("gi")):
        raise Rejection("pattern", "After a pattern only the letters g and i can stand.")
    if any(node.args.get(key) is not None for key in ("position", "occurrence")):
        raise Rejection("pattern", "Replacing by pattern takes a text, a pattern, and what to put there.")
    _inspect_replace(node, rules)


def _inspect_needle(node: exp.Expr, rules: Rules) -> None:
    if not isinstance(node.args.get("substr"), (exp.Literal, exp.Placeholder, exp.Column)):
        raise Rejection("pattern", "The text to look for has to be a plain text or a column.")


def _inspect_trim(node: exp.Expr, rules: Rules) -> None:
    if not _is_short_text(node.args.get("expression")):
        raise Rejection("pattern", "The characters to trim have to be a short plain text.")


def _inspect_padding(node: exp.Expr, rules: Rules) -> None:
    size = node.args.get("expression") or node.args.get("times") or node.args.get("this")
    short = isinstance(size, exp.Literal) and size.is_int and int(size.name) <= _MAX_PADDED
    made_of = node.args.get("fill_pattern") if isinstance(node, exp.Pad) else node.this
    if not short or not (_is_short_text(made_of) or isinstance(node, exp.Space)):
        message = f"A text can be padded with a short plain text, to {_MAX_PADDED} characters at the most."
        raise Rejection("padding", message)


def _inspect_zone(node: exp.Expr, rules: Rules) -> None:
    zone = node.args.get("zone")
    if not (isinstance(zone, exp.Literal) and zone.is_string and _ZONE.fullmatch(zone.name)):
        raise Rejection("not-allowed", "A time zone has to be written as its name, such as 'Europe/Berlin'.")


def _inspect_date_format(node: exp.Expr, rules: Rules) -> None:
    pattern = node.args.get("format")
    if isinstance(pattern, exp.Literal) and len(pattern.name) <= _MAX_NEEDLE:
        return
    if pattern is not None and not isinstance(pattern, exp.Placeholder):
        raise Rejection("format", "A date format has to be a short plain text.")


def _inspect_anonymous(node: exp.Expr, rules: Rules) -> None:
    name = node.name.lower()
    if name == "printf":
        _inspect_format(node.expressions)
    if name == "strftime":
        pattern = node.expressions[0] if node.expressions else None
        if not (isinstance(pattern, exp.Literal) and len(pattern.name) <= _MAX_NEEDLE):
            raise Rejection("format", "A date format has to be a short plain text.")
    if name in ("regexp_count", "regexp_match"):
        _check_pattern(node.expressions[1] if len(node.expressions) > 1 else None)


def _inspect_format_node(node: exp.Expr, rules: Rules) -> None:
    _inspect_format([node.this, *node.expressions])


def _inspect_format(arguments: list[exp.Expr]) -> None:
    pattern = arguments[0] if arguments else None
    if not (isinstance(pattern, exp.Literal) and pattern.is_string and _FORMAT.fullmatch(pattern.name)):
        raise Rejection("format", "A number format has to be a short plain one, such as '%.2f'.")


def _inspect_power(node: exp.Expr, rules: Rules) -> None:
    exponent = node.args["expression"]
    if isinstance(exponent, exp.Literal) and float(exponent.name) > _MAX_EXPONENT:
        raise Rejection("too-long", f"A power can be {_MAX_EXPONENT} at the most here.")


def _inspect_doubling(node: exp.Expr, rules: Rules) -> None:
    """Functions that make a text twice as long may not work on each other."""
    if any(isinstance(n, (exp.Hex, exp.Pad, exp.Repeat)) and n is not node for n in node.walk()):
        raise Rejection("too-long", "This query makes a text longer again and again. Please do it once.")


def _inspect_split(node: exp.Expr, rules: Rules) -> None:
    place = node.parent.parent if isinstance(node.parent, exp.Paren) else node.parent
    if not isinstance(place, (exp.Bracket, exp.ArraySize, exp.Any, exp.Anonymous)):
        raise Rejection("not-allowed", "Of a text that is split up, please take one part or the number of parts.")


def _inspect_chr(node: exp.Expr, rules: Rules) -> None:
    if len(node.expressions) > _MAX_CHARACTERS or node.args.get("charset"):
        raise Rejection("too-long", f"A text can be made of {_MAX_CHARACTERS} character codes here.")


def _inspect_frame(node: exp.Expr, rules: Rules) -> None:
    excluded = node.args.get("exclude")
    if excluded is not None and not (isinstance(excluded, exp.Var) and excluded.name.upper() in EXCLUDED):
        raise Rejection("not-allowed", "This window frame leaves out something that is not allowed here.")


def _inspect_shift(node: exp.Expr, rules: Rules) -> None:
    if not (isinstance(node.expression, exp.Literal) and len(node.expression.name) < 3):
        raise Rejection("not-allowed", "Bits can be shifted by a small whole number only.")


def _inspect_digits(node: exp.Expr, rules: Rules) -> None:
    """MySQL's format(number, digits)."""
    digits = node.args.get("format")
    if not (isinstance(digits, exp.Literal) and digits.is_int and len(digits.name) < 3) or node.args.get("culture"):
        raise Rejection("format", "The number of decimals has to be a small whole number.")


CHECKS: Mapping[Node, Check] = {
    exp.Identifier: _inspect_identifier,
    exp.Var: _inspect_var,
    exp.Table: _inspect_table,
    exp.ExplodingGenerateSeries: _inspect_series,
    exp.Lateral: _inspect_lateral,
    exp.Array: _inspect_array,
    exp.Explode: _inspect_unnest,
    exp.Unnest: _inspect_unnest,
    exp.Bracket: _inspect_bracket,
    exp.Cube: _inspect_cube,
    exp.DataType: _inspect_type,
    exp.Select: _inspect_list,
    exp.Star: _inspect_star,
    exp.Like: _inspect_like,
    exp.ILike: _inspect_like,
    exp.Glob: _inspect_like,
    exp.RegexpInstr: _inspect_regex,
    exp.RegexpLike: _inspect_regex,
    exp.RegexpSubstr: _inspect_regex,
    exp.Chr: _inspect_chr,
    exp.StringToArray: _inspect_split,
    exp.Hex: _inspect_doubling,
    exp.WindowSpec: _inspect_frame,
    exp.BitwiseLeftShift: _inspect_shift,
    exp.RegexpILike: _inspect_regex,
    exp.SimilarTo: _inspect_regex,
    exp.RegexpReplace: _inspect_regex_replace,
    exp.Substring: _inspect_substring,
    exp.Replace: _inspect_replace,
    exp.StrPosition: _inspect_needle,
    exp.Trim: _inspect_trim,
    exp.Pad: _inspect_padding,
    exp.Repeat: _inspect_padding,
    exp.Space: _inspect_padding,
    exp.AtTimeZone: _inspect_zone,
    exp.TimeToStr: _inspect_date_format,
    exp.ToChar: _inspect_date_format,
    exp.StrToDate: _inspect_date_format,
    exp.StrToTime: _inspect_date_format,
    exp.NumberToStr: _inspect_digits,
    exp.Pow: _inspect_power,
    exp.Anonymous: _inspect_anonymous,
    exp.Format: _inspect_format_node,
}
