"""What kind of value an expression gives, as far as its columns and functions tell."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from bot.schema import ColumnType

_WHOLE = (
    exp.Count, exp.Length, exp.StrPosition, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Year, exp.Month,
    exp.Day, exp.Hour, exp.Minute, exp.Quarter, exp.Week, exp.DateDiff, exp.Sign,
)
_REAL = (
    exp.Avg, exp.Round, exp.Ln, exp.Log, exp.Exp, exp.Pow, exp.Sqrt, exp.Rand, exp.CumeDist, exp.PercentRank,
    exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Extract, exp.PercentileCont,
)
_TEXT = (
    exp.Lower, exp.Upper, exp.Substring, exp.Trim, exp.Replace, exp.DPipe, exp.Concat, exp.ConcatWs, exp.GroupConcat,
    exp.TimeToStr, exp.Format, exp.Left, exp.Right, exp.Pad, exp.ToChar,
)
_YES_NO = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between,
    exp.Exists, exp.Like, exp.ILike, exp.Glob, exp.Boolean, exp.NullSafeEQ, exp.NullSafeNEQ, exp.RegexpLike,
)
_SAME = (
    exp.Paren, exp.Neg, exp.Alias, exp.Filter, exp.Window, exp.Max, exp.Min, exp.Sum, exp.Abs, exp.Lag, exp.Lead,
    exp.FirstValue, exp.LastValue, exp.NthValue, exp.Nullif, exp.Ordered, exp.Distinct, exp.Ceil, exp.Floor,
    exp.WithinGroup,
)
_NAMED: dict[str, ColumnType] = {
    "date": "date", "datetime": "timestamp", "time": "text", "julianday": "number", "unixepoch": "integer",
    "total": "number", "printf": "text",
}


def type_of(node: exp.Expr | None) -> ColumnType:
    """The type of the expression's values; "other" where that cannot be told. Columns must have been resolved."""
    if node is not None and node._meta and "type" in node._meta:
        found: ColumnType = node._meta["type"]  # of columns when they were resolved, of what a translation put there
        return found
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "integer" if node.is_int else "number"
    if isinstance(node, _SAME):
        return type_of(node.this or next(iter(node.expressions), None))
    if isinstance(node, _YES_NO):
        return "boolean"
    if isinstance(node, _WHOLE):
        return "integer"
    if isinstance(node, _REAL):
        return "number"
    if isinstance(node, _TEXT):
        return "text"
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Div)):
        return _of_arithmetic(node)
    if isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        return _common([node.this, *node.expressions])
    if isinstance(node, exp.Case):
        return _common([*(branch.args.get("true") for branch in node.args["ifs"]), node.args.get("default")])
    if isinstance(node, exp.If):
        return _common([node.args.get("true"), node.args.get("false")])
    if isinstance(node, exp.Cast):
        return _of_cast(node.to.this)
    if isinstance(node, exp.Anonymous):
        return _NAMED.get(node.name.lower(), "other")
    if isinstance(node, (exp.CurrentDate, exp.Date, exp.TsOrDsToDate)):
        return "date"
    if isinstance(node, (exp.CurrentTimestamp, exp.TimestampTrunc, exp.TsOrDsToTimestamp)):
        return "timestamp"
    if isinstance(node, exp.Subquery):
        return type_of(node.this)
    if isinstance(node, exp.SetOperation):
        return type_of(node.this)
    if isinstance(node, exp.Select):
        return type_of(node.expressions[0]) if node.expressions else "other"
    return "other"


def _of_arithmetic(node: exp.Expr) -> ColumnType:
    left, right = type_of(node.this), type_of(node.args["expression"])
    if {left, right} <= {"integer", "boolean"}:
        return "integer"
    if "number" in (left, right):
        return "number"
    return "other"


def _common(nodes: Iterable[exp.Expr | None]) -> ColumnType:
    kinds = {type_of(n) for n in nodes if n is not None and not isinstance(n, (exp.Null, exp.Placeholder))}
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "other"


def _of_cast(kind: exp.DType) -> ColumnType:
    name = kind.name
    if "INT" in name and name != "INTERVAL":
        return "integer"
    if name in ("FLOAT", "DOUBLE", "DECIMAL"):
        return "number"
    if name in ("TEXT", "VARCHAR", "CHAR", "NCHAR", "NVARCHAR"):
        return "text"
    if name == "DATE":
        return "date"
    if name in ("TIMESTAMP", "TIMESTAMPTZ", "DATETIME"):
        return "timestamp"
    return "boolean" if name == "BOOLEAN" else "other"
