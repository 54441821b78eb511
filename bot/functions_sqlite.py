"""What SQLite's SQL may say beyond what all dialects may, as data."""

from __future__ import annotations

from sqlglot import exp

from bot.functions import ANGLES, COMMON, WORDS, Rules, nodes, words

# What SQLite takes for a keyword even where a name is expected.
RESERVED = words(
    "add all alter and as autoincrement between case check collate commit constraint create default "
    "deferrable delete distinct drop else escape except exists foreign from group having in index insert "
    "intersect into is isnull join limit not nothing notnull null on or order primary references returning "
    "select set table then to transaction union unique update using values when where"
)


RULES = Rules(
    nodes=COMMON | ANGLES | nodes("Chr Format Typeof Unicode"),
    names=words(
        "date datetime json_array julianday likely printf strftime time total unixepoch unlikely"
    ),
    structure={exp.Glob: frozenset({"this", "expression", "negate"})},
    words=WORDS | words("NOCASE BINARY RTRIM"),
    engine=words(
        "-> ->> abs acos asin atan atan2 avg ceil char coalesce cos count cume_dist current_date current_time "
        "current_timestamp date datetime degrees dense_rank exp first_value floor format glob "
        "group_concat ifnull iif instr json_array json_extract json_group_array json_group_object json_object "
        "julianday lag last_value lead length like likely ln "
        "log log10 log2 lower ltrim max min mod nth_value ntile nullif percent_rank pi pow power printf "
        "radians random rank replace round row_number rtrim sign sin sqrt strftime substr substring sum "
        "tan time total trim trunc typeof unicode unixepoch unlikely upper"
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
