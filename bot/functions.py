"""What a checked query may be made of in every dialect, as data: tree nodes, words, families of functions.

Everything here is an allow-list. A node class, an argument of a node, a function or a type that is not named
is denied, so a construct that a newer parser learns to read stays shut until someone looks at it. What one
dialect may say beyond this stands in bot/functions_sqlite.py and its sisters; bot/rules.py brings them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

Node = type[exp.Expr]

_BINARY = frozenset({"this", "expression"})
_THIS = frozenset({"this"})
_LIST = frozenset({"expressions"})
_MATCH = frozenset({"this", "expression", "negate"})

# Node class -> the arguments that may be set on it.
STRUCTURE: Mapping[Node, frozenset[str]] = {
    exp.Select: frozenset(
        {"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
         "windows", "with_"}
    ),
    **dict.fromkeys(
        (exp.Union, exp.Except, exp.Intersect),
        frozenset({"this", "expression", "distinct", "with_", "order", "limit", "offset"}),
    ),
    exp.Subquery: frozenset({"this", "alias", "order", "limit", "offset"}),
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.From: _THIS,
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.Table: frozenset({"this", "db", "alias", "joins"}),
    exp.Values: frozenset({"expressions", "alias"}),
    exp.Where: _THIS,
    exp.Having: _THIS,
    exp.Group: _LIST,
    exp.Order: frozenset({"this", "expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: _LIST,
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Star: frozenset(),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Boolean: _THIS,
    exp.Placeholder: _THIS,
    exp.Paren: _THIS,
    exp.Tuple: _LIST,
    exp.Not: _THIS,
    exp.Neg: _THIS,
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Exists: _THIS,
    exp.Escape: _BINARY,
    exp.Collate: _BINARY,
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.DPipe: frozenset({"this", "expression", "safe"}),
    exp.Is: _MATCH,
    exp.Like: _MATCH,
    exp.ILike: _MATCH,
    **dict.fromkeys(
        (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And,
         exp.Or, exp.NullSafeEQ, exp.NullSafeNEQ, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor,
         exp.BitwiseLeftShift, exp.BitwiseRightShift),
        _BINARY,
    ),
    exp.BitwiseNot: _THIS,
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: _THIS,
    exp.Var: _THIS,
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side", "exclude"}),
    exp.Filter: _BINARY,
}


def words(names: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(names.split())


def nodes(names: str) -> frozenset[Node]:
    """The parser's classes of those names."""
    return frozenset(getattr(exp, name) for name in names.split())


def types(names: str) -> frozenset[exp.DType]:
    """The parser's types of those names."""
    return frozenset(exp.DType[name] for name in names.split())


# Places that take a name and nothing else: no function, no placeholder.
NAMES: frozenset[tuple[Node, str]] = frozenset(
    {(exp.Alias, "alias"), (exp.TableAlias, "this"), (exp.TableAlias, "columns"), (exp.Column, "table"),
     (exp.Table, "db"), (exp.Join, "using"), (exp.Window, "alias")}
)

# Bare words that may follow EXTRACT and INTERVAL.
WORDS = words(
    "YEAR YEARS QUARTER MONTH MONTHS WEEK WEEKS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS DOW DOY "
    "ISODOW ISOYEAR EPOCH"
)

# What a window frame may leave out. The parser keeps these as one bare word.
EXCLUDED = frozenset({"CURRENT ROW", "GROUP", "TIES", "NO OTHERS"})

# Texts that the parser keeps as they were written: window frames, kinds of join, sides of trim().
KEYWORDS = words(
    "ROWS RANGE GROUPS UNBOUNDED PRECEDING FOLLOWING OVER LEFT RIGHT FULL INNER OUTER CROSS BOTH LEADING "
    "TRAILING FIRST NEXT"
) | {"CURRENT ROW"}

_AGGREGATES = nodes("Avg Count GroupConcat Max Min Sum")
_WINDOWS = nodes(
    "CumeDist DenseRank FirstValue Lag LastValue Lead NthValue Ntile PercentRank Rank RowNumber"
)
_NUMBERS = nodes("Abs Ceil Exp Floor Greatest Least Ln Log Pow Rand Round Sign Sqrt Trunc")
_TEXTS = nodes("Length Lower Replace StrPosition Substring Trim Upper")
_CHOICES = nodes("Coalesce Nullif")
_CLOCKS = nodes("CurrentDate CurrentTime CurrentTimestamp Date TimeToStr TsOrDsToTimestamp")
_JSON = nodes(
    "JSONArrayAgg JSONExtract JSONExtractScalar JSONKeyValue JSONObject JSONObjectAgg JSONPath JSONPathKey "
    "JSONPathRoot JSONPathSubscript"
)
COMMON = _AGGREGATES | _WINDOWS | _NUMBERS | _TEXTS | _CHOICES | _CLOCKS | _JSON

STATISTICS = nodes("Stddev StddevPop StddevSamp Variance VariancePop")
ANGLES = nodes("Acos Asin Atan Atan2 Cos Cot Degrees Pi Radians Sin Tan")
STRINGS = nodes("Ascii Concat ConcatWs Initcap Left Pad RegexpReplace Repeat Reverse Right")
DATES = nodes(
    "Extract Year Quarter Month Week Day Hour Minute Second DayOfWeek DayOfYear DayOfMonth DateDiff "
    "TimestampDiff DateAdd DateSub TsOrDsToDate StrToDate Localtime Localtimestamp LastDay"
)
CASTS = types(
    "INT BIGINT SMALLINT TINYINT TEXT VARCHAR CHAR NCHAR NVARCHAR FLOAT DOUBLE DECIMAL BOOLEAN DATE TIME "
    "TIMESTAMP TIMESTAMPTZ DATETIME"
)


@dataclass(frozen=True)
class Rules:
    """What one dialect may say beyond STRUCTURE.

    `nodes` are functions the parser knows, `names` (lower case) those it does not; `structure` are nodes that
    only this dialect has; `words` may stand bare, `sources` are functions that FROM may read; `spoken` are names
    that bot/dialects writes and nobody else may; `engine` those that an engine-side authoriser lets through;
    `hints` says what to use instead of what is not allowed.
    """

    nodes: frozenset[Node]
    names: frozenset[str]
    structure: Mapping[Node, frozenset[str]] = field(default_factory=dict)
    casts: frozenset[exp.DType] = CASTS
    words: frozenset[str] = WORDS
    sources: frozenset[Node] = frozenset()
    spoken: frozenset[str] = frozenset()
    engine: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, node: Node) -> frozenset[str] | None:
        """The arguments that may be set on a node of structure; None for another node."""
        return self.structure.get(node) or STRUCTURE.get(node)
