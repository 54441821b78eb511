"""Which columns of a result name its rows and which measure them, and what each row is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.database import Cell, Result
from bot.formats import NUMERIC, ColumnInfo, Kind, format_cell
from bot.nouns import lowered

TIME: frozenset[Kind] = frozenset({"date", "timestamp", "month", "quarter", "year", "week"})
_COARSER: tuple[Kind, ...] = ("timestamp", "date", "week", "month", "quarter", "year")
_LONGEST = 60  # characters of a row's name inside a sentence


@dataclass(frozen=True, slots=True)
class Parts:
    """Positions of the columns that name a row, and of those that measure it."""

    labels: tuple[int, ...]
    measures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """One name a row, the columns the names are made of, and whether no two are the same."""

    texts: tuple[str, ...]
    made_of: tuple[int, ...]
    unique: bool


def split(columns: Sequence[ColumnInfo]) -> Parts:
    """Numbers measure, everything else names. A bare number beside aggregates is what they are grouped by."""
    numbers = [i for i, c in enumerate(columns) if c.kind in NUMERIC]
    labels = [i for i, c in enumerate(columns) if c.kind not in NUMERIC]
    plain = [i for i in numbers if not columns[i].measure]
    if not labels and len(plain) == 1 and len(numbers) > 1:
        return Parts((plain[0],), tuple(i for i in numbers if i != plain[0]))
    return Parts(tuple(labels), tuple(numbers))


def row_names(result: Result, columns: Sequence[ColumnInfo], labels: Sequence[int]) -> Names:
    """What each row is called, by as few of the label columns as tell the rows apart.

    A first and a last name are one name. Words come before ids, and those before times. A column that says
    the same in every row names none, while there is another.
    """
    groups = _groups(columns, labels)
    if not groups:
        return Names(("",) * len(result.rows), (), False)
    cells = {tuple(g): [_text(row, g, columns) for row in result.rows] for g in groups}
    telling = [g for g in groups if len(set(cells[tuple(g)])) > 1] or groups[:1]
    telling.sort(key=lambda g: (_rank(columns[g[0]].kind), _coarse(columns[g[0]].kind)))
    alone = [g for g in telling if len(set(cells[tuple(g)])) == len(result.rows)]
    if len(labels) == len(columns) and _rank(columns[telling[0][0]].kind) == 0:
        alone = [g for g in alone if _rank(columns[g[0]].kind) < 2]  # of a list, a time alone says too little
    used = alone[:1]
    for group in telling if not used else ():
        more = [tuple(cells[tuple(g)][row] for g in [*used, group]) for row in range(len(result.rows))]
        if columns[group[0]].kind == "id" and used and len(set(more)) < len(more):
            continue  # a number that names nothing
        used = [*used, group]
        if len(set(more)) == len(more):
            break
    texts = tuple(_joined([cells[tuple(g)][row] for g in used]) for row in range(len(result.rows)))
    return Names(texts, tuple(i for group in used for i in group), len(set(texts)) == len(texts))


def _rank(kind: Kind) -> int:
    return 2 if kind in TIME else 1 if kind == "id" else 0


def _coarse(kind: Kind) -> int:
    """Of two times the finer one says more: a month of a year names its year too."""
    return _COARSER.index(kind) if kind in _COARSER else 0


def _joined(cells: Sequence[str]) -> str:
    """ "Textiles (changed mind)"."""
    return f"{cells[0]} ({', '.join(cells[1:])})" if len(cells) > 1 else cells[0]


def _groups(columns: Sequence[ColumnInfo], labels: Sequence[int]) -> list[list[int]]:
    """The label columns, a first name together with the last name that follows it."""
    groups: list[list[int]] = []
    for i in labels:
        title = columns[i].title.lower()
        before = columns[groups[-1][-1]].title.lower() if groups else ""
        if title.endswith("last name") and before == title.replace("last name", "first name"):
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


def _text(row: Sequence[Cell], group: Sequence[int], columns: Sequence[ColumnInfo]) -> str:
    cells = [format_cell(row[i], columns[i], _LONGEST) for i in group if row[i] is not None]
    if cells:
        text = " ".join(cells)
        first = columns[group[0]]
        if first.kind == "id":
            return f"{first.title.removesuffix(' ID')} {text}" if first.title.endswith(" ID") else text
        return f"{first.title} {text}" if first.kind in NUMERIC else text
    return f"(no {lowered(columns[group[0]].title)})"
