"""What the SQL of MySQL and MariaDB may say beyond what all dialects may, as data.

Left out with intent: variables, files, locks, sleep() and benchmark(), who is connected, sequences, XML functions
that report through errors, and texts of any length that a query could ask for.
"""

from __future__ import annotations

from sqlglot import exp

from bot.functions import ANGLES, CASTS, COMMON, DATES, STATISTICS, STRINGS, WORDS, Rules, nodes, types, words

_BINARY = frozenset({"this", "expression"})

RULES = Rules(
    nodes=COMMON
    | STATISTICS
    | STRINGS
    | ANGLES
    | DATES
    | nodes(
        "All Any AnyValue BitwiseAndAgg BitwiseCount BitwiseOrAgg Chr ConvertTimezone DateFromUnixDate "
        "DateStrToDate Dayname Elt Format Grouping Hex IntDiv JSONKeyValue JSONObject JSONValue MD5 MakeInterval "
        "Median Monthname NumberToStr PercentileCont PercentileDisc RegexpInstr RegexpSubstr Soundex Space Stuff "
        "SubstringIndex Time TimeFromParts Timestamp TimestampAdd ToDays UnixToTime UtcDate UtcTime UtcTimestamp "
        "WeekOfYear WithinGroup Xor"
    ),
    names=words(
        "adddate addtime bin char_length character_length conv crc32 curdate curtime dayname dayofmonth "
        "dayofweek dayofyear field find_in_set from_days hour instr last_day lcase locate makedate maketime "
        "microsecond mid minute month monthname now octet_length period_add period_diff pi position quarter "
        "quote sec_to_time second strcmp subdate subtime sysdate time time_format time_to_sec timediff to_days "
        "to_seconds ucase unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek "
        "mod bit_length ord json_array json_arrayagg json_objectagg json_unquote"
    ),
    structure={
        exp.Group: frozenset({"expressions", "rollup"}),
        exp.Interval: frozenset({"this", "unit"}),
        exp.Lateral: frozenset({"this", "alias", "view", "outer"}),
        exp.RegexpLike: _BINARY,
        exp.Rollup: frozenset({"expressions"}),
        exp.Xor: _BINARY,
    },
    casts=CASTS | types("BINARY UBIGINT UINT YEAR"),
    words=WORDS
    | words(
        "YEAR_MONTH DAY_HOUR DAY_MINUTE DAY_SECOND HOUR_MINUTE HOUR_SECOND MINUTE_SECOND MICROSECOND "
        "UTF8MB4_GENERAL_CI UTF8MB4_UNICODE_CI UTF8MB4_BIN UTF8_GENERAL_CI UTF8_BIN"
    ),
    spoken=words("concat date date_format datediff lpad timestampdiff"),
    hints={
        "date_trunc": "use date_format instead",
        "julianday": "use datediff instead",
        "strftime": "use date_format instead",
        "to_char": "use date_format instead",
    },
)
