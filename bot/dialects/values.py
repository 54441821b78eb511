"""Numbers, texts and truth: where SQLite converts by itself and others do not, or convert another way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sqlglot import exp

from bot.dialects.building import call, cast, concatenated, number, paren, text, typed, unsupported
from bot.dialects.dates import named, subtract
from bot.dialects.moments import is_date_text
from bot.expression_types import type_of
from bot.schema import Dialect

Rule = Callable[[exp.Expr, Dialect], exp.Expr]

_FIXED = re.compile(r"%\.(\d)f")
_PIECES = re.compile(r"%%|%[^a-zA-Z%]*[a-zA-Z]|[^%]+")
_NUMBERS = ("integer", "number")


def _division(node: exp.Expr, target: Dialect) -> exp.Expr:
    """Whole numbers divide to whole numbers, and nothing divided by zero is NULL."""
    left, right = _numeric(node.this, target), _numeric(node.args["expression"], target)
    whole = {type_of(left), type_of(right)} <= {"integer", "boolean"}
    if target == "mysql":
        if whole:
            return typed(exp.IntDiv(this=paren(left), expression=paren(right)), "integer")
        return node
    if whole:  # a sum of counts is no integer to PostgreSQL
        left, right = (cast(s, "BIGINT", "integer") if s.find(exp.Sum) else s for s in (left, right))
    said = exp.Div(this=left, expression=_not_zero(right), typed=True, safe=False)
    return typed(said, "integer" if whole else "number")


def _not_zero(node: exp.Expr) -> exp.Expr:
    bare = node.this if isinstance(node, exp.Paren) else node
    if (isinstance(bare, exp.Literal) and float(bare.name) != 0) or isinstance(bare, exp.Nullif):
        return node
    return typed(exp.Nullif(this=bare.copy(), expression=number(0)), type_of(node))


def _remainder(node: exp.Expr, target: Dialect) -> exp.Expr:
    left, right = _numeric(node.this, target), _numeric(node.args["expression"], target)
    if target == "mysql":
        return node
    left, right = (cast(s, "BIGINT", "integer") if type_of(s) == "number" else s for s in (left, right))
    return typed(exp.Mod(this=left, expression=_not_zero(right)), "integer")


def _arithmetic(node: exp.Expr, target: Dialect) -> exp.Expr:
    """Truth and written numbers count as numbers."""
    if isinstance(node, exp.Sub):
        said = subtract(node, target)
        if said is not node:
            return said
    if target == "postgres":
        for key in ("this", "expression"):
            node.set(key, _numeric(node.args[key], target))
    return node


def _numeric(node: exp.Expr, target: Dialect) -> exp.Expr:
    kind = type_of(node)
    if target == "mysql" or isinstance(node.unnest(), exp.Literal):
        return node
    if kind == "boolean":
        return cast(node.unnest().copy(), "INT", "integer")
    if kind == "text":  # the parts of a date, as strftime writes them
        return cast(node.copy(), "INT", "integer")
    return node


def _aggregate(node: exp.Expr, target: Dialect) -> exp.Expr:
    """SUM(a = b) counts; MAX and MIN of truth give numbers."""
    if target == "postgres" and node.this is not None and type_of(node.this) == "boolean":
        node.set("this", _numeric(node.this, target))
    return node


def _extreme(node: exp.Expr, target: Dialect) -> exp.Expr:
    """MAX and MIN of several values are NULL where one is; PostgreSQL passes over it."""
    values = [node.this, *node.expressions]
    unsure = [value for value in values if not isinstance(value, exp.Literal)]
    if target != "postgres" or not unsure:
        return node
    kind = type_of(node)
    missing = exp.or_(*(exp.Is(this=paren(value.copy()), expression=exp.Null()) for value in unsure), copy=False)
    return typed(exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=node.copy()), kind)


def _round(node: exp.Expr, target: Dialect) -> exp.Expr:
    if target == "postgres" and not _is_decimal(node.this):
        node.set("this", cast(node.this, "DECIMAL", "number"))
    return typed(node, "number")


def _is_decimal(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.to.this == exp.DType.DECIMAL


def _cast(node: exp.Expr, target: Dialect) -> exp.Expr:
    """To SQLite a cast to a whole number cuts the fraction off; others round."""
    kind, to = type_of(node.this), node.args["to"].this
    if to in (exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT):
        if kind == "number" and not isinstance(node.this.unnest(), exp.Trunc):
            digits = {"decimals": number(0)} if target == "mysql" else {}
            node.set("this", exp.Trunc(this=node.this.copy(), **digits))
        if target == "postgres":
            node.args["to"].set("this", exp.DType.BIGINT)
    if to in (exp.DType.FLOAT, exp.DType.DOUBLE):
        node.args["to"].set("this", exp.DType.DOUBLE)
    return node


def _joined_text(node: exp.Expr, target: Dialect) -> exp.Expr:
    if target == "mysql":
        parts = [part for side in (node.this, node.args["expression"]) for part in _parts(side)]
        return call("CONCAT", *parts, kind="text")
    if type_of(node.this) != "text":
        node.set("this", cast(node.this, "TEXT", "text"))
    return typed(node, "text")


def _parts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous) and node.name == "CONCAT":
        return [part.copy() for part in node.expressions]
    return [node.copy()]


def _of_text(node: exp.Expr, target: Dialect) -> exp.Expr:
    """Functions of texts, applied to a date or a number."""
    if target == "postgres" and type_of(node.this) in ("date", "timestamp", "integer", "number"):
        node.set("this", cast(node.this, "TEXT", "text"))
    return node


def _substring(node: exp.Expr, target: Dialect) -> exp.Expr:
    node = _of_text(node, target)
    start = node.args.get("start")
    if target == "postgres" and isinstance(start, exp.Neg) and node.args.get("length") is None:
        return typed(exp.Right(this=node.this.copy(), expression=start.this.copy()), "text")
    return node


def _like(node: exp.Expr, target: Dialect) -> exp.Expr:
    """LIKE knows no case to SQLite, and no sign that escapes others unless one is named."""
    subject, pattern = node.this.copy(), node.args["expression"].copy()
    if isinstance(pattern, exp.Literal) and "\\" in pattern.name and not isinstance(node.parent, exp.Escape):
        pattern = text(pattern.name.replace("\\", "\\\\"))
    if target == "postgres":
        if type_of(subject) in ("date", "timestamp", "integer", "number"):
            subject = cast(subject, "TEXT", "text")
        said: exp.Expr = exp.ILike(this=subject, expression=pattern)
    else:
        low = text(pattern.name.lower()) if isinstance(pattern, exp.Literal) else exp.Lower(this=pattern)
        said = exp.Like(this=exp.Lower(this=subject), expression=low)
    if node.args.get("negate"):
        said.set("negate", True)
    return said


def _glob(node: exp.Expr, target: Dialect) -> exp.Expr:
    pattern = node.args["expression"]
    if not isinstance(pattern, exp.Literal) or "[" in pattern.name:
        raise unsupported("this pattern of GLOB; LIKE is an alternative")
    plain = re.sub(r"([\\%_])", r"\\\1", pattern.name).replace("*", "%").replace("?", "_")
    wanted: exp.Expr = text(plain)
    if target == "mysql":
        wanted = exp.Collate(this=wanted, expression=exp.Var(this="utf8mb4_bin"))  # GLOB tells A from a
    said = exp.Like(this=node.this.copy(), expression=wanted)
    if node.args.get("negate"):
        said.set("negate", True)
    return said


def _comparison(node: exp.Expr, target: Dialect) -> exp.Expr:
    """Dates meet dates, texts meet texts, truth meets truth."""
    for key, other in (("this", "expression"), ("expression", "this")):
        mine, theirs = node.args[key], node.args[other]
        kind, their_kind = type_of(mine), type_of(theirs)
        if kind in ("date", "timestamp") and their_kind == "text":
            if isinstance(theirs, exp.Literal):
                if not is_date_text(theirs.name):
                    node.set(key, cast(mine.copy(), "TEXT" if target == "postgres" else "CHAR", "text"))
            elif target == "postgres":
                node.set(other, cast(theirs.copy(), "DATE" if kind == "date" else "TIMESTAMP", kind))
        elif target == "mysql":
            continue
        elif kind == "boolean" and isinstance(theirs, exp.Literal) and theirs.name in ("0", "1"):
            node.set(other, exp.Boolean(this=theirs.name == "1"))
        elif kind == "boolean" and their_kind in _NUMBERS:
            node.set(key, cast(mine.unnest().copy(), "INT", "integer"))
    return node


def _condition(key: str) -> Rule:
    """A number where truth is wanted: anything but zero is true."""

    def rule(node: exp.Expr, target: Dialect) -> exp.Expr:
        if target == "postgres":
            for name in (key, "expression") if isinstance(node, exp.Connector) else (key,):
                value = node.args.get(name)
                if value is not None and type_of(value) in _NUMBERS:
                    node.set(name, exp.NEQ(this=paren(value.copy()), expression=number(0)))
        return node

    return rule


def _choice(node: exp.Expr, target: Dialect) -> exp.Expr:
    """COALESCE of a date and a word is a text."""
    arguments = [node.this, *node.expressions]
    kinds = {type_of(a) for a in arguments if not (isinstance(a, exp.Literal) and is_date_text(a.name))}
    if target == "postgres" and "text" in kinds and kinds & {"date", "timestamp", "integer", "number"}:
        first, *rest = (a if type_of(a) == "text" else cast(a.copy(), "TEXT", "text") for a in arguments)
        node.set("this", first)
        node.set("expressions", rest)
        return typed(node, "text")
    return node


def _group_concat(node: exp.Expr, target: Dialect) -> exp.Expr:
    inner = node.this
    if target == "postgres" and not isinstance(inner, (exp.Distinct, exp.Order)) and type_of(inner) != "text":
        node.set("this", cast(inner, "TEXT", "text"))
    return node


def _named(node: exp.Expr, target: Dialect) -> exp.Expr:
    """Functions that the parser knows only by their names."""
    said = named(node, target)
    if said is not None:
        return said
    name = node.name.lower()
    if name == "total":
        total = exp.Sum(this=node.expressions[0].copy())
        return typed(exp.Coalesce(this=total, expressions=[number("0.0")]), "number")
    if name in ("likely", "unlikely"):
        hinted: exp.Expr = node.expressions[0].copy()
        return hinted
    if name == "printf":
        return _formatted(node.expressions, target)
    return node


def _formatted(arguments: list[exp.Expr], target: Dialect) -> exp.Expr:
    """printf: texts and numbers put together."""
    pattern, *values = arguments
    parts: list[exp.Expr] = []
    for piece in _PIECES.findall(pattern.name):
        fixed = _FIXED.fullmatch(piece)
        if piece == "%%" or not piece.startswith("%"):
            parts.append(text("%" if piece == "%%" else piece))
        elif values and (fixed or piece in ("%s", "%d", "%i")):
            value = values.pop(0).copy()
            if fixed:
                value = _round(exp.Round(this=value, decimals=number(fixed.group(1))), target)
            parts.append(cast(value, "TEXT" if target == "postgres" else "CHAR", "text"))
        else:
            raise unsupported("this format of numbers; ROUND is an alternative")
    return concatenated(parts, target)


def _filter(node: exp.Expr, target: Dialect) -> exp.Expr:
    """MySQL's aggregates take no FILTER: what does not count becomes NULL."""
    if target != "mysql":
        return node
    aggregate: exp.Expr = node.this.copy()
    condition = node.args["expression"].this.copy()
    inner = number(1) if isinstance(aggregate.this, exp.Star) else aggregate.this
    if isinstance(inner, (exp.Distinct, exp.Order)):
        raise unsupported("FILTER with DISTINCT")
    aggregate.set("this", exp.Case(ifs=[exp.If(this=condition, true=inner.copy())]))
    return aggregate


def _logarithm(node: exp.Expr, target: Dialect) -> exp.Expr:
    if target == "mysql" and node.args.get("expression") is None:
        return typed(exp.Log(this=number(10), expression=node.this.copy()), "number")
    return node


def _format(node: exp.Expr, target: Dialect) -> exp.Expr:
    return _formatted([node.this, *node.expressions], target)


def _collate(node: exp.Expr, target: Dialect) -> exp.Expr:
    """NOCASE compares small letters; the others compare as it is done anyway."""
    subject: exp.Expr = node.this.copy()
    if node.args["expression"].name.upper() == "NOCASE":
        return typed(exp.Lower(this=subject), "text")
    return subject


VALUES: Mapping[type[exp.Expr], Rule] = {
    exp.Div: _division,
    exp.Mod: _remainder,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), _arithmetic),
    **dict.fromkeys((exp.Sum, exp.Avg, exp.Max, exp.Min), _aggregate),
    **dict.fromkeys((exp.Greatest, exp.Least), _extreme),
    exp.Round: _round,
    exp.Cast: _cast,
    exp.DPipe: _joined_text,
    **dict.fromkeys((exp.Lower, exp.Upper, exp.Length, exp.Trim, exp.Replace, exp.StrPosition), _of_text),
    exp.Substring: _substring,
    exp.Like: _like,
    exp.Glob: _glob,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ), _comparison),
    **dict.fromkeys((exp.Where, exp.Having, exp.Not, exp.And, exp.Or), _condition("this")),
    exp.Join: _condition("on"),
    exp.Coalesce: _choice,
    exp.GroupConcat: _group_concat,
    exp.Anonymous: _named,
    exp.Format: _format,
    exp.Filter: _filter,
    exp.Log: _logarithm,
    exp.Collate: _collate,
}
