"""What a checked query may be made of, as data: tree nodes, functions and types, per dialect.

Everything here is an allow-list. A node class, an argument of a node, a function or a type that is not named
below is denied, so a construct that a newer parser learns to read stays shut until someone looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from bot.schema import Dialect

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
    exp.With: _LIST,
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
    exp.Like: _MATCH,
    exp.ILike: _MATCH,
    exp.Glob: _MATCH,
    **dict.fromkeys(
        (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And,
         exp.Or, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ),
        _BINARY,
    ),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "expressions", "nested"}),
    exp.DataTypeParam: _THIS,
    exp.Var: _THIS,
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side"}),
    exp.Filter: _BINARY,
}


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _nodes(names: str) -> frozenset[Node]:
    return frozenset(getattr(exp, name) for name in names.split())


# What SQLite takes for a keyword even where a name is expected.
SQLITE_RESERVED = _words(
    "add all alter and as autoincrement between case check collate commit constraint create default "
    "deferrable delete distinct drop else escape except exists foreign from group having in index insert "
    "intersect into is isnull join limit not nothing notnull null on or order primary references returning "
    "select set table then to transaction union unique update using values when where"
)

# Places that take a name and nothing else: no function, no placeholder.
NAMES: frozenset[tuple[Node, str]] = frozenset(
    {(exp.Alias, "alias"), (exp.TableAlias, "this"), (exp.TableAlias, "columns"), (exp.Column, "table"),
     (exp.Table, "db"), (exp.Join, "using"), (exp.Window, "alias")}
)

# Structure that only some dialects have; it has to be among their nodes as well.
DIALECT_SPECIFIC: frozenset[Node] = frozenset({exp.Glob})

# Bare words that may follow EXTRACT, INTERVAL and COLLATE.
WORDS = _words(
    "YEAR YEARS QUARTER MONTH MONTHS WEEK WEEKS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND SECONDS DOW DOY "
    "ISODOW ISOYEAR EPOCH NOCASE BINARY RTRIM"
)

# Texts that the parser keeps as they were written: window frames, kinds of join, sides of trim().
KEYWORDS = _words(
    "ROWS RANGE GROUPS UNBOUNDED PRECEDING FOLLOWING OVER LEFT RIGHT FULL INNER OUTER CROSS BOTH LEADING "
    "TRAILING"
) | {"CURRENT ROW"}

_AGGREGATES = _nodes("Avg Count GroupConcat Max Min Sum")
_WINDOWS = _nodes(
    "CumeDist DenseRank FirstValue Lag LastValue Lead NthValue Ntile PercentRank Rank RowNumber"
)
_NUMBERS = _nodes("Abs Ceil Exp Floor Greatest Least Ln Log Pow Rand Round Sign Sqrt Trunc")
_TEXTS = _nodes("Length Lower Replace StrPosition Substring Trim Upper")
_CHOICES = _nodes("Coalesce Nullif")
_CLOCKS = _nodes("CurrentDate CurrentTime CurrentTimestamp Date TimeToStr TsOrDsToTimestamp")
_JSON = _nodes("JSONExtract JSONExtractScalar JSONPath JSONPathRoot JSONPathKey JSONPathSubscript")
_COMMON = _AGGREGATES | _WINDOWS | _NUMBERS | _TEXTS | _CHOICES | _CLOCKS | _JSON

_STATISTICS = _nodes("Stddev StddevPop StddevSamp Variance VariancePop")
_STRINGS = _nodes("Concat ConcatWs Left Right Reverse Initcap")
_PARTS = _nodes(
    "Extract Year Quarter Month Week Day Hour Minute DayOfWeek DayOfYear DayOfMonth DateDiff "
    "TimestampDiff DateAdd DateSub Interval TsOrDsToDate"
)
_CASTS = frozenset(
    exp.DType[name]
    for name in _words(
        "INT BIGINT SMALLINT TINYINT TEXT VARCHAR CHAR NCHAR NVARCHAR FLOAT DOUBLE DECIMAL BOOLEAN DATE TIME "
        "TIMESTAMP TIMESTAMPTZ DATETIME"
    )
)


@dataclass(frozen=True)
class Rules:
    """What one dialect may say beyond STRUCTURE.

    `nodes` are functions the parser knows, `names` (lower case) those it does not; `engine` are the names an
    engine-side authoriser lets through; `hints` says what to use instead of a function that is not allowed.
    """

    nodes: frozenset[Node]
    names: frozenset[str]
    casts: frozenset[exp.DType] = _CASTS
    engine: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)


_SQLITE = Rules(
    nodes=_COMMON | _nodes("Format Glob Typeof"),
    names=_words(
        "acos asin atan cos date datetime degrees julianday likely pi printf radians sin tan time total "
        "unixepoch unlikely"
    ),
    engine=_words(
        "-> ->> abs acos asin atan avg ceil coalesce cos count cume_dist current_date current_time "
        "current_timestamp date datetime degrees dense_rank exp first_value floor format glob "
        "group_concat ifnull iif instr json_extract julianday lag last_value lead length like likely ln "
        "log log10 log2 lower ltrim max min mod nth_value ntile nullif percent_rank pi pow power printf "
        "radians random rank replace round row_number rtrim sign sin sqrt strftime substr substring sum "
        "tan time total trim trunc typeof unixepoch unlikely upper"
    ),
    hints={
        "concat": "join texts with || instead",
        "concat_ws": "join texts with || instead",
        "year": "use strftime('%Y', …) instead",
        "month": "use strftime('%m', …) instead",
        "day": "use strftime('%d', …) instead",
        "extract": "use strftime('%Y', …) instead",
        "date_trunc": "use date(…, 'start of month') or strftime instead",
        "date_format": "use strftime instead",
        "to_char": "use strftime instead",
        "date_diff": "subtract julianday(…) values instead",
        "date_add": "use date(…, '+1 day') instead",
        "date_sub": "use date(…, '-1 day') instead",
        "interval": "use date(…, '-1 month') instead",
        "now": "use date('now') instead",
        "left": "use substr instead",
        "right": "use substr instead",
    },
)

_POSTGRES = Rules(
    nodes=_COMMON
    | _STATISTICS
    | _STRINGS
    | _PARTS
    | _nodes(
        "Any All Corr DateTrunc LogicalAnd LogicalOr Mode PercentileCont PercentileDisc SplitPart "
        "TimestampTrunc ToChar WithinGroup"
    ),
    names=_words("age char_length date_part make_date now pi"),
    hints={
        "datetime": "use a timestamp column or date_trunc instead",
        "julianday": "subtract two dates instead",
    },
)

_MYSQL = Rules(
    nodes=_COMMON | _STATISTICS | _STRINGS | _PARTS | _nodes("Any All"),
    names=_words("curdate dayname last_day makedate monthname now pi weekday"),
    hints={"date_trunc": "use date_format instead", "julianday": "use datediff instead"},
)

RULES: Mapping[Dialect, Rules] = {"sqlite": _SQLITE, "postgres": _POSTGRES, "mysql": _MYSQL}
