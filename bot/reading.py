"""A result in one line of plain words. It says what the rows say and nothing beyond them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from bot.database import Cell, Result
from bot.formats import NUMERIC, ColumnInfo, format_brief, format_cell
from bot.nouns import heading, lowered, singular
from bot.part_periods import PERIODS, part, part_words
from bot.ranking import Entry, amount, both, compare, counted, inline, place_words, placed, rank, sides
from bot.row_names import TIME, Names, Parts, row_names, split
from bot.trend import Point, trend

_LISTED = 3  # names of a list, before "and 11 more"
_SHOWN = 6  # columns of a single row
_LONG = 500  # characters: a cell this long may be what was cut, and not the rows
_PERIOD = re.compile(
    r"\b(?:(?:19|20)\d\d|today|yesterday|tonight|days?|weeks?|weekend|months?|quarters?|years?|q[1-4]|since|until|"
    r"before|after|between|recent\w*|ago|(?:jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\b",
    re.IGNORECASE,
)
_NOTHING = {
    "sum": "Nothing to add up: no matching rows with a value",
    "average": "Nothing to average: no matching rows with a value",
    "lowest": "Nothing to compare: no matching rows with a value",
    "highest": "Nothing to compare: no matching rows with a value",
    "ratio": "Nothing to work out: no matching rows with a value",
}


def read(
    question: str,
    result: Result,
    columns: Sequence[ColumnInfo],
    filters: str = "",
    today: date | None = None,
    texts: bool = True,
) -> str:
    """What the rows say, as one line.

    `columns` come from `bot.columns.describe`, `filters` from `bot.filter_words.filters`: what the query
    kept, repeated after single numbers so that a misunderstanding shows. With `today`, a month that is not
    over is said to run still. `texts`: the query compares with a text, which may be spelt otherwise in the database.
    """
    if not result.rows:
        return _empty(question, filters, texts)
    if not columns:
        return f"{len(result.rows):,} rows."
    if len(result.rows) == 1:
        text = _single(result.rows[0][0], columns[0], filters) if len(columns) == 1 else _row(result, columns, today)
    else:
        text = _rows(result, columns, today)
    return text + _cut(result)


def _empty(question: str, filters: str, texts: bool) -> str:
    kept = f" ({filters})" if filters else ""
    if _PERIOD.search(question):
        return f"No rows match{kept}. Try a longer period, or ask with fewer conditions."
    if filters and not texts:
        return f"No rows match{kept}. Ask with other bounds or with fewer conditions."
    return f"No rows match{kept}. Check how names are spelt, or ask with fewer conditions."


def _cut(result: Result) -> str:
    if not result.truncated:
        return ""
    if any(isinstance(cell, str) and len(cell) >= _LONG for row in result.rows for cell in row):
        return " The result was too large and was cut to fit."
    return f" These are only the first {len(result.rows):,} rows."


def _single(value: Cell, column: ColumnInfo, filters: str) -> str:
    kept = f" ({filters})" if filters and column.measure else ""
    if value is None:
        return f"{_NOTHING.get(column.measure, f'{column.title}: no value is stored')}{kept}."
    if column.kind == "integer" and column.noun and column.measure and isinstance(value, int | float):
        return f"{counted(value, column.noun)}{kept}." if value else f"No {column.noun} match{kept}."
    if isinstance(value, int | float) and column.kind in NUMERIC:
        if kept and column.title == "Share" and column.kind == "percent":
            kept = f" of all{kept}"  # they are what it is a share of, not what the share is
        text = format_cell(value, column) if column.kind == "money" else amount(value, column)
        title = heading(place_words(column)) if column.place else inline(column)
        return f"{title}: {text}{kept}."
    named = column.noun and column.title.lower().endswith("name")
    title = heading(singular(column.noun)) if named else column.title
    return f"{title}: {format_brief(value, column)}{kept}."


def _row(result: Result, columns: Sequence[ColumnInfo], today: date | None) -> str:
    """A single row: two sides of one measure compared, a name with its numbers, or just its cells."""
    row, parts = result.rows[0], split(columns)
    if not parts.labels and (text := _two_sides(row, columns, today)):
        return text
    names = row_names(result, columns, parts.labels)
    called = parts.labels and columns[names.made_of[-1]].title.lower().endswith("name")
    if called and len(columns) == len(names.made_of):
        return f"{heading(singular(columns[0].noun or 'name'))}: {names.texts[0]}."
    if not parts.labels or not (parts.measures or called):
        return f"{_cells([f'{_titled(c, today)}: {_cell(v, c)}' for c, v in zip(columns, row, strict=True)])}."
    name = _dated(names, result, columns, today)[0]
    for i in parts.measures[:1] if len(parts.measures) == 1 and columns[parts.measures[0]].limited else ():
        value = row[i]
        if isinstance(value, int | float) and columns[i].place:
            return placed(name, float(value), columns[i])
        if isinstance(value, int | float) and (
            text := rank([Entry(name, float(value))], columns[i], complete=False)
        ):
            return text
    shown = [i for i, c in enumerate(columns) if i not in names.made_of and c.kind != "id"]
    return f"{name}: {_cells([_said(row[i], columns[i]) for i in shown])}."


def _two_sides(row: Sequence[Cell], columns: Sequence[ColumnInfo], today: date | None) -> str:
    """ "web: $12,300, phone: $8,100: 52 % more." for the columns "Revenue: web" and "Revenue: phone"."""
    if len(row) != 2 or (columns[0].kind, columns[0].measure) != (columns[1].kind, columns[1].measure):
        return ""
    (first, one), (second, other) = map(sides, columns)
    named = zip((one, other), row, strict=True)
    pair = [Entry(n + part_words(n, today), float(v)) for n, v in named if isinstance(v, int | float)]
    return compare(pair[0], pair[1], columns[0]) if first == second and one and other and len(pair) == 2 else ""


def _titled(column: ColumnInfo, today: date | None) -> str:
    """The heading inside a sentence, with a word where its period is not over: "Orders (2026 so far)"."""
    head, rest = sides(column)
    return f"{head} ({rest}{part_words(rest, today)})" if rest else head


def _dated(names: Names, result: Result, columns: Sequence[ColumnInfo], today: date | None) -> list[str]:
    """What the rows are called, with a word behind periods that are not whole: "Oct 2026 so far"."""
    times = [i for i in names.made_of if columns[i].kind in PERIODS]
    return [text + "".join(part(row[i], columns[i], today) for i in times[:1])
            for text, row in zip(names.texts, result.rows, strict=True)]


def _cell(value: Cell, column: ColumnInfo) -> str:
    return amount(value, column) if isinstance(value, int | float) else format_brief(value, column)


def _said(value: Cell, column: ColumnInfo) -> str:
    """ "14 orders", "revenue $12,300"."""
    if isinstance(value, int | float) and column.kind == "integer" and column.measure and column.noun:
        return counted(value, column.noun)
    return f"{lowered(inline(column))} {_cell(value, column)}"


def _cells(texts: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    text, more = ", ".join(texts[:_SHOWN]), len(texts) - _SHOWN
    return f"{text} and {more} more column{'s' if more > 1 else ''}" if more > 0 else text


def _rows(result: Result, columns: Sequence[ColumnInfo], today: date | None) -> str:
    parts = split(columns)
    if not parts.labels:
        return _range(result, columns, parts)
    names = row_names(result, columns, parts.labels)
    if not parts.measures:
        return _list(result, columns, names)
    measure = next((i for i in parts.measures if columns[i].order), parts.measures[0])
    pairs = [(n, row[measure]) for n, row in zip(_dated(names, result, columns, today), result.rows, strict=True)]
    entries = [Entry(n, float(v)) for n, v in pairs if isinstance(v, int | float)]
    if names.unique and (text := _over_time(result, columns, names, measure, today)):
        return text
    if names.unique and len(result.rows) == len(entries) == 2 and len(parts.measures) == 1:
        numbered = [columns[i].kind for i in names.made_of] == ["id"]
        if numbered and entries[0].value == entries[1].value:
            return both([e.name for e in entries], entries[0].value, columns[measure])
        if not numbered or columns[measure].measure:
            return compare(entries[0], entries[1], columns[measure])
    complete = not columns[measure].limited and not result.truncated
    if names.unique and (text := rank(entries, columns[measure], complete, len(parts.measures) == 1)):
        return text
    return _list(result, columns, names)


def _over_time(
    result: Result, columns: Sequence[ColumnInfo], names: Names, measure: int, today: date | None
) -> str:
    """The trend, if the rows are one point in time each and not picked by size."""
    if len(names.made_of) != 1 or columns[measure].order:
        return ""
    time = names.made_of[0]
    if columns[time].kind not in TIME or (columns[time].limited and not columns[time].order):
        return ""
    if len(str(result.rows[0][time])) < 4:
        return ""  # months without a year come round again
    points = [Point(row[time], float(v)) for row in result.rows
              if row[time] is not None and isinstance(v := row[measure], int | float)]
    return trend(points, columns[time], columns[measure], today) if len(points) > 1 else ""


def _range(result: Result, columns: Sequence[ColumnInfo], parts: Parts) -> str:
    """Rows of bare numbers: how many, and between which bounds the first column lies."""
    column = columns[parts.measures[0]]
    values = [v for row in result.rows if isinstance(v := row[parts.measures[0]], int | float)]
    if not values:
        return f"{len(result.rows):,} rows, all without a {lowered(column.title)}."
    low, high = format_brief(min(values), column), format_brief(max(values), column)
    spread = f"all {low}" if low == high else f"from {low} to {high}"
    return f"{len(result.rows):,} rows: {lowered(column.title)} {spread}."


def _list(result: Result, columns: Sequence[ColumnInfo], names: Names) -> str:
    """ "14 customers: Globex Industries, Initech, Stellar Foods and 11 more."."""
    texts = names.texts
    if len(names.made_of) == 1 and columns[names.made_of[0]].kind == "id":
        texts = tuple(format_cell(row[names.made_of[0]], columns[names.made_of[0]]) for row in result.rows)
    different = list(dict.fromkeys(texts))
    noun = columns[names.made_of[0]].noun
    some = [row[i] for row in result.rows for i in names.made_of]
    if len(different) == len(result.rows) and noun and None not in some and not _numeric(columns, names):
        head = counted(len(different), noun)
    elif len(different) == len(result.rows):
        head = f"{len(result.rows):,} rows"
    else:
        head = f"{len(result.rows):,} rows, {len(different):,} different"
    more = len(different) - _LISTED
    if more > 1:
        return f"{head}: {', '.join(different[:_LISTED])} and {more:,} more."
    if len(different) == 1:
        return f"{head}: {different[0]}."
    return f"{head}: {', '.join(different[:-1])} and {different[-1]}."


def _numeric(columns: Sequence[ColumnInfo], names: Names) -> bool:
    return any(columns[i].kind in NUMERIC for i in names.made_of)
