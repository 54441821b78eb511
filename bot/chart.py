"""Whether a result is worth a picture, and of what: a line over time, or bars side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from bot.database import Cell, Result
from bot.formats import NUMERIC, ColumnInfo, format_brief, format_cell
from bot.nouns import heading, lowered, singular
from bot.ranking import inline, sides
from bot.row_names import TIME, Parts, row_names, split

BARS = 30  # categories at the most
POINTS = 400  # points in time at the most
Kind = Literal["line", "bar", "grouped"]
SERIES = 6  # lines or bars side by side at the most
GROUPS = 12  # categories when each has several bars


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one set of bars. A gap in the data is None; `name` is "" when there is only one series."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """A chart without its looks. Every series has one value a label.

    `positions` are places on the time axis, of a line only. `measure` says how numbers read. `alt` is the
    text for those who cannot see the picture.
    """

    kind: Kind
    title: str
    label_title: str
    labels: tuple[str, ...]
    positions: tuple[float, ...]
    series: tuple[Series, ...]
    measure: ColumnInfo
    alt: str


def suggest(result: Result, columns: Sequence[ColumnInfo]) -> ChartSpec | None:
    """The chart that suits a result, or None: single values, ids, lists of names and crowds have none."""
    parts = split(columns)
    if len(result.rows) < 2 or not parts.labels or not parts.measures or len(result.columns) != len(columns):
        return None
    times = [i for i in parts.labels if columns[i].kind in TIME]
    others = [i for i in parts.labels if columns[i].kind not in TIME]
    if len(times) == 1 and len(others) <= 1 and _full_times(result, times[0]):
        spec = _line(result, columns, parts, times[0], others)
        if spec is not None or not others:
            return spec
    return _bars(result, columns, parts)


def draw(spec: ChartSpec) -> bytes:
    """The chart as a PNG picture. Safe to call from any thread."""
    from bot.chart_picture import picture  # matplotlib takes long to import

    return picture(spec)


def number(value: Cell) -> float | None:
    """A number that can be drawn, or None."""
    plain = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    return float(value) if plain and math.isfinite(float(value or 0)) and value is not None else None


def _drawable(values: Sequence[float | None]) -> bool:
    return sum(v is not None for v in values) > 1


def _full_times(result: Result, time: int) -> bool:
    """Whether the times say their year: months that come round again are categories."""
    return all(row[time] is None or len(str(row[time])) >= 4 for row in result.rows)


def _line(
    result: Result, columns: Sequence[ColumnInfo], parts: Parts, time: int, others: Sequence[int]
) -> ChartSpec | None:
    """One line a measure of the first one's kind, or one line a category."""
    rows = [row for row in result.rows if _position(row[time], columns[time]) is not None]
    moments = sorted({str(row[time]) for row in rows})
    if not 2 <= len(moments) <= POINTS or (columns[time].limited and not columns[time].order):
        return None
    measures = _alike(columns, parts.measures)
    if others:
        series = _by_category(rows, columns, time, others[0], measures[0], moments)
        if not all(_drawable(s.values) for s in series):
            return None  # without some of its lines the picture would mislead
        measures = measures[:1]
    elif len(moments) < len(rows):
        return None  # several rows a moment, and nothing that tells them apart
    else:
        by_time = {str(row[time]): row for row in rows}
        values = [(i, tuple(number(by_time[m][i]) for m in moments)) for i in measures]
        measures = [i for i, column in values if _drawable(column)]
        series = [Series(inline(columns[i]), column) for i, column in values if _drawable(column)]
    if not 1 <= len(series) <= SERIES:
        return None
    labels = tuple(format_cell(m, columns[time]) for m in moments)
    positions = tuple(p for m in moments if (p := _position(m, columns[time])) is not None)
    return _spec("line", columns, time, measures, labels, positions, series, others[0] if others else None)


def _by_category(
    rows: Sequence[Sequence[Cell]],
    columns: Sequence[ColumnInfo],
    time: int,
    category: int,
    measure: int,
    moments: Sequence[str],
) -> list[Series]:
    """One line a category. A moment that a category lacks is a gap."""
    called = [format_cell(row[category], columns[category], 40) for row in rows]
    names = list(dict.fromkeys(called))
    cells = {(str(row[time]), name): number(row[measure]) for row, name in zip(rows, called, strict=True)}
    if len(cells) < len(rows):
        return []
    return [Series(name, tuple(cells.get((m, name)) for m in moments)) for name in names]


def _bars(result: Result, columns: Sequence[ColumnInfo], parts: Parts) -> ChartSpec | None:
    if columns[parts.labels[0]].kind == "id" and len(parts.labels) == 1:
        return None
    pivot = _pivot(result, columns, parts)
    if pivot is not None:
        return pivot
    names = row_names(result, columns, parts.labels)
    if not names.unique or len(result.rows) > BARS or not names.made_of:
        return None
    if all(columns[i].kind == "id" for i in names.made_of):
        return None
    measures = _alike(columns, parts.measures)[:SERIES]
    ordered = next((i for i in measures if columns[i].order), measures[0])
    if len(measures) > 1 and (len(result.rows) > GROUPS or not _comparable(result, measures)):
        measures = [ordered]
    bars = [(_short(t, columns, names.made_of), [number(row[i]) for i in measures])
            for t, row in zip(names.texts, result.rows, strict=True)]
    if len(measures) == 1 and columns[names.made_of[0]].kind == "text" and not any(c.order for c in columns):
        bars.sort(key=lambda bar: -math.inf if bar[1][0] is None else bar[1][0], reverse=True)
    labels = tuple(label for label, _ in bars)
    drawn = [(i, tuple(bar[1][k] for bar in bars)) for k, i in enumerate(measures)]
    drawn = [(i, values) for i, values in drawn if _drawable(values)]
    if not drawn:
        return None
    measures, several = [i for i, _ in drawn], len(drawn) > 1
    series = [Series(inline(columns[i]), values) for i, values in drawn]
    return _spec("grouped" if several else "bar", columns, names.made_of[0], measures, labels, (), series)


def _short(text: str, columns: Sequence[ColumnInfo], made_of: Sequence[int]) -> str:
    """A number that names a row goes without the heading that stands beside the axis anyway."""
    column = columns[made_of[0]]
    return text.removeprefix(f"{column.title} ") if column.kind in NUMERIC else text


def _pivot(result: Result, columns: Sequence[ColumnInfo], parts: Parts) -> ChartSpec | None:
    """Two categories and one number: bars of the one, side by side for the few of the other."""
    if len(parts.labels) != 2 or len(parts.measures) != 1:
        return None
    if any(columns[i].kind == "id" or columns[i].title.lower().endswith("last name") for i in parts.labels):
        return None
    cells = {}
    for row in result.rows:
        key = tuple(format_cell(row[i], columns[i], 60) for i in parts.labels)
        cells[key] = number(row[parts.measures[0]])
    firsts, seconds = (list(dict.fromkeys(key[side] for key in cells)) for side in (0, 1))
    if len(result.rows) in (len(firsts), len(seconds)):
        return None  # one of the two names the row already
    outer, inner, swapped = firsts, seconds, len(seconds) > len(firsts)
    if swapped:
        outer, inner = seconds, firsts
    full = len(cells) * 2 >= len(firsts) * len(seconds)  # at least half of the pairs exist
    if len(cells) < len(result.rows) or not full or not (2 <= len(inner) <= SERIES and len(outer) <= GROUPS):
        return None
    series = [Series(i, tuple(cells.get((i, o) if swapped else (o, i)) for o in outer)) for i in inner]
    if not _drawable([value for each in series for value in each.values]):
        return None
    label = parts.labels[1 if swapped else 0]
    other = parts.labels[0 if swapped else 1]
    return _spec("grouped", columns, label, parts.measures, tuple(outer), (), series, other)


def _alike(columns: Sequence[ColumnInfo], measures: Sequence[int]) -> list[int]:
    """The measures that may share an axis with the first one shown."""
    first = next((i for i in measures if columns[i].order), measures[0])
    same = (columns[first].kind, columns[first].unit)
    return [i for i in measures if (columns[i].kind, columns[i].unit) == same]


def _comparable(result: Result, measures: Sequence[int]) -> bool:
    """Whether bars of one axis would all be seen: no measure dwarfs another."""
    drawn = [[v for row in result.rows if (v := number(row[i])) is not None] for i in measures]
    tops = [max(map(abs, values), default=0) for values in drawn]
    return min(tops) > 0 and max(tops) / min(tops) <= 20


def _position(value: Cell, column: ColumnInfo) -> float | None:
    """A place on the time axis in days, so that a missing month leaves its room."""
    text = str(value)
    try:
        if column.kind == "quarter":
            return float(date(int(text[:4]), 3 * int(text[-1]) - 2, 1).toordinal())
        if column.kind == "week":
            return float(date(int(text[:4]), 1, 1).toordinal() + 7 * int(text[5:]))
        if column.kind == "timestamp" or len(text) > 10:
            clock = [int(part) for part in text[11:16].split(":")]
            return date.fromisoformat(text[:10]).toordinal() + clock[0] / 24 + clock[1] / 1440
        return float(date.fromisoformat((text + "-01-01")[:10]).toordinal())
    except (ValueError, IndexError):
        return None


def _spec(
    kind: Kind, columns: Sequence[ColumnInfo], label: int, measures: Sequence[int], labels: tuple[str, ...],
    positions: tuple[float, ...], series: Sequence[Series], other: int | None = None,
) -> ChartSpec:
    measure = columns[measures[0]]
    heads, tails = zip(*(sides(columns[i]) for i in measures), strict=True)
    split_up = len(set(heads)) == 1 < len(measures) and all(tails)
    said = list(dict.fromkeys(inline(columns[i]) for i in measures)) if not split_up else heads[:1]
    if split_up and other is None:
        series = [replace(s, name=tail) for s, tail in zip(series, tails, strict=True)]
    what = "Values" if len(said) > 2 else " and ".join([*said[:1], *map(lowered, said[1:])])
    by = _category(columns[label])
    title = f"{what} by {by}" + (f" and {_category(columns[other])}" if other is not None else "")
    if len(series) == 1 and other is None:
        series = [replace(series[0], name="")]
    spec = ChartSpec(kind, title, heading(by), labels, positions, tuple(series), measure, "")
    return replace(spec, alt=_alt(spec))


def _category(column: ColumnInfo) -> str:
    """What the bars or points stand for: "customer" rather than "name"."""
    named = column.noun and column.title.lower().endswith("name")
    return singular(column.noun) if named else lowered(column.title)


def _alt(spec: ChartSpec) -> str:
    """What the picture shows, in a sentence or two."""
    shape = "Line chart" if spec.kind == "line" else "Bar chart"
    span = f"{spec.labels[0]} to {spec.labels[-1]}" if spec.kind == "line" else f"{len(spec.labels)} bars"
    texts = []
    for series in spec.series:
        points = [(v, name) for v, name in zip(series.values, spec.labels, strict=True) if v is not None]
        if points:
            high, low = max(points, key=lambda p: p[0]), min(points, key=lambda p: p[0])
            name = f"{series.name}: " if series.name else ""
            most, least = (f"{format_brief(value, spec.measure)} ({label})" for value, label in (high, low))
            texts.append(f"{name}most {most}, least {least}")
    return f"{shape}: {spec.title}, {span}. {heading('; '.join(texts))}."
