"""What PostgreSQL's SQL may say beyond what all dialects may, as data.

Left out with intent: whatever reads the catalogues, files, the network, settings or other sessions, sequences,
large objects, advisory locks, XML made from queries, and generators without a bound.
"""

from __future__ import annotations

from sqlglot import exp

from bot.functions import ANGLES, CASTS, COMMON, DATES, STATISTICS, STRINGS, WORDS, Rules, nodes, types, words

# What PostgreSQL takes for a keyword where a column or a table is expected: `user` without quotes is who is connected.
RESERVED = words(
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation "
    "column concurrently constraint create cross current_catalog current_date current_role current_schema "
    "current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for "
    "foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral "
    "leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps "
    "placing primary references returning right select session_user similar some symmetric table tablesample then to "
    "trailing true union unique user using variadic verbose when where window with"
)

_BINARY = frozenset({"this", "expression"})
_LIST = frozenset({"expressions"})

RULES = Rules(
    nodes=COMMON
    | STATISTICS
    | STRINGS
    | ANGLES
    | DATES
    | nodes(
        "All Any ArrayAgg ArraySize ArrayToString BitwiseAndAgg BitwiseOrAgg Cbrt Chr Corr Cosh CovarPop CovarSamp "
        "DateBin DateFromParts DateTrunc Format Grouping Hex IntDiv JSONBObjectAgg JustifyDays JustifyHours "
        "JustifyInterval LogicalAnd LogicalOr MD5 MakeInterval Mode Overlay PercentileCont PercentileDisc "
        "RegexpInstr RegexpSubstr RegrAvgx RegrAvgy RegrCount RegrIntercept RegrR2 RegrSlope RegrSxx RegrSxy "
        "RegrSyy Sinh SplitPart StartsWith StrToTime StringToArray Tanh TimestampTrunc ToChar ToNumber Translate "
        "UnixToTime WidthBucket WithinGroup"
    ),
    names=words(
        "age array_length array_position array_to_string btrim cardinality char_length character_length "
        "date_part every extract json_agg json_build_object jsonb_agg jsonb_build_object make_date make_time "
        "make_timestamp now num_nonnulls num_nulls octet_length pi regexp_count regexp_match scale to_hex "
        "date_trunc clock_timestamp statement_timestamp transaction_timestamp isfinite div bit_length"
    ),
    structure={
        exp.Between: frozenset({"this", "low", "high", "symmetric"}),
        exp.Array: frozenset({"expressions", "value_constructor"}),
        exp.AtTimeZone: frozenset({"this", "zone"}),
        exp.Bracket: frozenset({"this", "expressions", "offset"}),
        exp.Cube: _LIST,
        exp.Distinct: frozenset({"expressions", "on"}),
        exp.ExplodingGenerateSeries: frozenset({"start", "end", "step"}),
        exp.Explode: frozenset({"this"}),
        exp.Fetch: frozenset({"direction", "count", "limit_options"}),
        exp.Group: frozenset({"expressions", "rollup", "cube", "grouping_sets"}),
        exp.GroupingSets: _LIST,
        exp.Interval: frozenset({"this", "unit"}),
        exp.Kwarg: _BINARY,
        exp.Lateral: frozenset({"this", "alias", "view", "outer"}),
        exp.LimitOptions: frozenset({"percent", "rows", "with_ties"}),
        exp.Overlaps: _BINARY,
        exp.RegexpILike: _BINARY,
        exp.RegexpLike: _BINARY,
        exp.Rollup: _LIST,
        exp.SimilarTo: _BINARY,
        exp.Slice: _BINARY,
        exp.Unnest: frozenset({"expressions", "alias", "offset"}),
    },
    casts=CASTS | types("ARRAY INTERVAL TIMETZ"),
    words=WORDS
    | words(
        "ALL CENTURY DECADE MILLENNIUM MILLISECONDS MICROSECONDS MILLISECOND MICROSECOND ISOWEEK TIMEZONE JULIAN "
        "MINS SECS MON MONS WEEKDAY DAYOFWEEK DAYOFYEAR"
    ),
    spoken=words("to_char lpad"),
    sources=nodes("ExplodingGenerateSeries"),
    hints={
        "datetime": "use a timestamp column or date_trunc instead",
        "julianday": "subtract two dates instead",
        "strftime": "use to_char instead",
        "date_format": "use to_char instead",
        "ifnull": "use coalesce instead",
        "group_concat": "use string_agg instead",
    },
)
