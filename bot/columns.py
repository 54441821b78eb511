"""What the columns of a result mean: a heading, a kind, and how far their numbers may be added up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.canonical import CanonicalError
from bot.column_kinds import Guess, KindReader, Words, is_percentage
from bot.column_titles import TitleReader
from bot.database import Cell, Result
from bot.formats import NUMERIC, ColumnInfo, Kind, Measure, clean, decimals_for, shorten
from bot.glossary import Glossary
from bot.nouns import heading, lowered, singular, spoken
from bot.part_periods import PERIODS, first_day
from bot.query_shape import Shape, bare, behind, origin, restricted, shape_of, table_names
from bot.ranked_rows import end_of, picked, place
from bot.schema import Schema

_NAME = re.compile(r"[^\W\d]\w*")
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "month": re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII),
    "quarter": re.compile(r"\d{4}-Q[1-4]", re.ASCII),
    "date": re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-[0-3]\d(?:[T ][\d:.]+)?", re.ASCII),
    "timestamp": re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-[0-3]\d[T ]\d{2}:\d{2}[\d:.]*", re.ASCII),
    "year": re.compile(r"\d{4}", re.ASCII),
    "week": re.compile(r"\d{4}-[0-5]\d", re.ASCII),
    "weekday": re.compile(r"[0-6]", re.ASCII),
    "hour": re.compile(r"[012]?\d", re.ASCII),
}
_MONTH_ALONE = re.compile(r"0[1-9]|1[0-2]", re.ASCII)
_RECOGNISED: tuple[Kind, ...] = ("timestamp", "date", "month", "quarter")  # from values alone
_LONGEST = 72
# A column that has no name of its own is called by its SQL.
_SQL = re.compile(r"\w\(|\(SELECT\b|^CASE\b|\?\w+\?|[*<>=|;]|:\w| [-+/%] ", re.IGNORECASE)
_CALL = re.compile(r"(count|sum|avg|min|max)\([^()]*\)", re.IGNORECASE)
_MEASURES: dict[str, Measure] = {"count": "count", "sum": "sum", "avg": "average", "min": "lowest", "max": "highest"}


_OPEN = Guess()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the SQL says about one column."""

    title: str = ""
    guess: Guess = _OPEN
    noun: str = ""
    measure: Measure = ""
    additive: bool = False
    hundredfold: bool = False


def describe(
    sql: str,
    schema: Schema,
    result: Result,
    glossary: Glossary | None = None,
    words: Words | None = None,
) -> list[ColumnInfo]:
    """One ColumnInfo for each column of `result`, from the SQL that gave it, its names and its values.

    SQL that cannot be understood is no error: names and values then have to do. Headings are distinct.
    """
    kinds = KindReader(schema, words or Words())
    shape = shape_of(sql, schema)
    if shape is not None and len(shape.items) != len(result.columns):
        shape = None
    facts = [_Facts() for _ in result.columns]
    if shape is not None:
        titles = TitleReader(schema, glossary or Glossary(), kinds)
        try:
            facts = [_facts(item, shape, kinds, titles) for item in shape.items]
            facts = _distinct(facts, shape, schema)
        except (CanonicalError, SqlglotError, RecursionError):
            shape = None
    limited, some = _limited(shape, result), shape is not None and picked(shape)
    described = []
    for index, (name, fact) in enumerate(zip(result.columns, facts, strict=True)):
        values = [row[index] for row in result.rows if row[index] is not None]
        info = _settle(name, fact, values, kinds)
        whole = fact.additive and not limited and not result.truncated
        additive = whole and info.kind in NUMERIC - {"percent"}
        order = shape.order(index) if shape else ""
        since = first_day(shape.items[index], shape.select) if shape and info.kind in PERIODS else None
        end = info.measure in ("lowest", "highest")  # the second highest of lowest ones is hard to say
        nth = place(shape) if shape and order and info.kind in NUMERIC and not end else 0
        described.append(
            replace(info, additive=additive, order=order, limited=limited, picked=some, since=since, place=nth)
        )
    return _numbered(described)


def _facts(item: exp.Expr, shape: Shape, kinds: KindReader, titles: TitleReader) -> _Facts:
    select = shape.select
    guess = kinds.of(item, select)
    if isinstance(item, exp.Alias):
        counted = _measure(item, select) == "count" or titles.noun(item, select)
        named = _OPEN if counted else kinds.named(item.alias)
        if named.kind in ("money", "percent") and guess.kind in ("integer", "number", None):
            guess = replace(named, unit=guess.unit if named.kind == "percent" else named.unit)
        elif not guess.unit and named.unit and guess.kind in ("integer", "number", None):
            guess = replace(guess, unit=named.unit)
    measure = end_of(item, select) or _measure(item, select)
    title = titles.title(item, select)
    if not title and isinstance(item, exp.Alias) and not _NAME.fullmatch(item.alias):
        title = clean(item.alias).strip()  # in a person's own words, whatever they look like
    elif not title and not isinstance(item, exp.Alias | exp.Column | exp.Star):
        title = _neutral(measure)
    if guess.unit not in ("", "$", kinds.words.currency) and guess.unit not in title.lower():
        title = f"{title} ({guess.unit})" if title else ""
    whole = bool(select.args.get("group")) and _adds_up(item) and not shape.combined and not _partial(shape)
    return _Facts(title, guess, titles.noun(item, select), measure, whole, is_percentage(item))


def _measure(item: exp.Expr, select: exp.Select) -> Measure:
    node = bare(item)
    if isinstance(node, exp.Filter | exp.Window):
        node = bare(node.this)
    if isinstance(node, exp.Column):
        inner = behind(node, select)
        return _measure(*inner) if inner is not None else ""
    if isinstance(node, exp.Count):
        return "count"
    if isinstance(node, exp.Sum):
        return "sum"
    if isinstance(node, exp.Avg):
        return "average"
    if isinstance(node, exp.Min | exp.Max):
        return "lowest" if isinstance(node, exp.Min) else "highest"
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and node.this.expressions:
        return _measure(node.this.expressions[0], node.this)
    if isinstance(node, exp.Binary) and node.find(exp.AggFunc):
        return "sum" if _adds_up(node) else "ratio"
    return ""


def _adds_up(item: exp.Expr) -> bool:
    """Whether the values of groups add up to the whole's: sums and counts of rows do, and sums of those."""
    node = bare(item)
    if isinstance(node, exp.Filter):
        node = bare(node.this)
    if isinstance(node, exp.Add | exp.Sub):
        return _adds_up(node.left) and _adds_up(node.right)
    if isinstance(node, exp.Count | exp.Sum):
        return not isinstance(node.this, exp.Distinct)
    return False


def _partial(shape: Shape) -> bool:
    """Whether the groups shown may be only some: HAVING, DISTINCT, or a WHERE that picks among the groups."""
    select = shape.select
    if select.args.get("having") or select.args.get("distinct") or select.args.get("qualify"):
        return True
    keys = {bare(key) for key in select.args["group"].expressions}
    labels = {c for item in shape.items if not item.find(exp.AggFunc) for c in item.find_all(exp.Column)}
    dated = {c for k in keys if isinstance(k, exp.TimeToStr | exp.Date) for c in k.find_all(exp.Column)}
    return any(c in labels or c in keys for c in restricted(select) if c not in dated)


def _limited(shape: Shape | None, result: Result) -> bool:
    """Whether LIMIT may have left rows out: it has not when fewer came than it allows."""
    if shape is None or not shape.limited:
        return False
    offset = shape.select.args.get("offset") is not None
    return offset or shape.limit is None or len(result.rows) >= shape.limit


def _distinct(facts: list[_Facts], shape: Shape, schema: Schema) -> list[_Facts]:
    """Headings that two columns share get the name of their table in front."""
    count = Counter(f.title.lower() for f in facts)
    changed = []
    for fact, item in zip(facts, shape.items, strict=True):
        node = bare(item)
        found = origin(node, shape.select, schema) if isinstance(node, exp.Column) else None
        if count[fact.title.lower()] > 1 and found is not None and len(table_names(shape.select)) > 1:
            owner = singular(spoken(found.table.name))
            if not fact.title.lower().startswith(owner):
                fact = replace(fact, title=heading(f"{owner} {lowered(fact.title)}"))
        changed.append(fact)
    return changed


def _settle(name: str, fact: _Facts, values: Sequence[Cell], kinds: KindReader) -> ColumnInfo:
    """The kind that both the SQL and the values agree to, and what follows from it."""
    guess = fact.guess
    named = kinds.named(name) if not fact.title and _NAME.fullmatch(name) else Guess()
    kind = guess.kind or named.kind
    if kind is None or not _fits(kind, values):
        kind = _from_values(values)
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    scale = _scale(kind, guess if guess.kind else named, fact.hundredfold, numbers)
    numeric = kind in NUMERIC or (kind == "id" and len(numbers) == len(values))
    unit = (guess.unit or named.unit) if kind in NUMERIC and kind != "percent" else ""
    return ColumnInfo(
        title=shorten(clean(fact.title or _tidied(name)), _LONGEST),
        kind=kind,
        align="right" if numeric else "left",
        noun=fact.noun,
        measure=fact.measure,
        unit=kinds.words.currency if kind == "money" else "" if unit == kinds.words.currency else unit,
        scale=scale,
        decimals=decimals_for(numbers, kind, scale) if kind in NUMERIC else 0,
    )


def _fits(kind: Kind, values: Sequence[Cell]) -> bool:
    """Whether every value can be read as that kind."""
    if kind in ("money", "percent", "number"):
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if kind == "integer":
        return all(isinstance(v, int | float) and float(v).is_integer() for v in values)
    if kind == "boolean":
        return all(v in (0, 1) for v in values)
    if kind == "month":
        patterns = (_PATTERNS["month"], _MONTH_ALONE)
        return any(all(p.fullmatch(str(v)) for v in values) for p in patterns)
    if kind in _PATTERNS:
        return all(_matches(kind, v) for v in values)
    return kind == "id" or all(isinstance(v, str) for v in values)


def _matches(kind: Kind, value: Cell) -> bool:
    return isinstance(value, str | int) and bool(_PATTERNS[kind].fullmatch(str(value)))


def _from_values(values: Sequence[Cell]) -> Kind:
    """The kind when only the values can tell."""
    if values and all(isinstance(v, bool) for v in values):
        return "boolean"
    if values and all(isinstance(v, int) for v in values):
        return "integer"
    if values and all(isinstance(v, int | float) for v in values):
        return "number"
    for kind in _RECOGNISED:
        if values and all(_matches(kind, v) for v in values):
            return kind
    return "text"


def _scale(kind: Kind, guess: Guess, hundredfold: bool, numbers: Sequence[float]) -> float:
    if kind != "percent":
        return 1.0
    if guess.scale or hundredfold:
        return guess.scale or 1.0
    return 100.0 if numbers and all(abs(n) <= 1 for n in numbers) else 1.0


def _tidied(name: str) -> str:
    """A heading from the result's own column name: an identifier as words, no SQL, anything else as it is."""
    if _NAME.fullmatch(name):
        return heading(spoken(name))
    if call := _CALL.fullmatch(name):
        return _neutral(_MEASURES[call[1].lower()])
    return _neutral("") if _SQL.search(name) else clean(name).strip() or "Column"


def _neutral(measure: Measure) -> str:
    """A heading that says no more than how the numbers came about: "Average", "Value"."""
    return "Total" if measure == "sum" else heading(measure or "value")


def _numbered(columns: list[ColumnInfo]) -> list[ColumnInfo]:
    """Headings made distinct by a number where nothing better told them apart."""
    taken: set[str] = set()
    distinct = []
    for column in columns:
        title, number = column.title or "Column", 1
        while title.lower() in taken:
            number += 1
            title = f"{column.title} {number}"
        taken.add(title.lower())
        distinct.append(replace(column, title=title))
    return distinct
