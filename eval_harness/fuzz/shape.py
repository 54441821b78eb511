"""What must stay when a SQLite database gets other values: types, keys, foreign keys, and which columns repeat none.

Many databases declare less than they hold to. So a column without repeated values stays one; a column that queries
join to such a column, and whose values are found there, is taken for a foreign key; and foreign keys of one table
whose combinations never repeat stay so.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from eval_harness.fuzz.conditions import Link

Cell = str | int | float | bytes | None

SAMPLE = 400  # rows of one table that a copy is made from
_ENOUGH = 5  # rows from which "no value repeats" says something
_FOUND = 0.8  # share of a column's values that must be in another for it to be its foreign key


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns of a table (positions) that point at columns of another (positions)."""

    columns: tuple[int, ...]
    table: str
    targets: tuple[int, ...]


@dataclass(slots=True)
class Shape:
    """One table. Columns are known by position; names of tables and columns as mappings' keys are in lower case."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    total: int
    keys: set[tuple[int, ...]] = field(default_factory=set)  # combinations that never repeat
    references: list[Reference] = field(default_factory=list)

    @property
    def unique(self) -> set[int]:
        """Columns in which no value repeats."""
        return {key[0] for key in self.keys if len(key) == 1}


def read_shapes(connection: sqlite3.Connection, links: Iterable[Link], chance: random.Random) -> dict[str, Shape]:
    """All ordinary tables by their names in lower case, with at most SAMPLE rows each. Raises sqlite3.Error."""
    query = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite|_%'"
    names = [name for (name,) in connection.execute(f"{query} ESCAPE '|'")]
    shapes = {name.lower(): _read(connection, name, chance) for name in names}
    for shape in shapes.values():
        _declared_references(connection, shape, shapes)
    _joined(shapes, links)
    for shape in shapes.values():
        _look_for_combinations(shape)
    return shapes


def quote(name: str) -> str:
    """The name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _read(connection: sqlite3.Connection, name: str, chance: random.Random) -> Shape:
    info = [row for row in connection.execute(f"PRAGMA table_xinfo({quote(name)})") if row[6] == 0]  # not generated
    columns, types = tuple(row[1] for row in info), tuple(row[2].upper() for row in info)
    rows, total = _sample(connection, name, columns, chance)
    places = {column.lower(): place for place, column in enumerate(columns)}
    shape = Shape(name, columns, types, rows, total)
    primary = [place for _, place in sorted((row[5], place) for place, row in enumerate(info) if row[5])]
    if primary:
        shape.keys.add(tuple(primary))
    for _, index, unique, _, partial in connection.execute(f"PRAGMA index_list({quote(name)})").fetchall():
        parts = [row[2] for row in connection.execute(f"PRAGMA index_info({quote(index)})")]
        if unique and not partial and all(part is not None and part.lower() in places for part in parts):
            shape.keys.add(tuple(places[part.lower()] for part in parts))
    for place in range(len(columns)):
        cells = [row[place] for row in rows if row[place] is not None]
        if len(cells) >= _ENOUGH and len(set(cells)) == len(cells) and len(cells) == len(rows):
            shape.keys.add((place,))
    return shape


def _sample(
    connection: sqlite3.Connection, name: str, columns: tuple[str, ...], chance: random.Random
) -> tuple[list[tuple[Cell, ...]], int]:
    """Some of the rows, spread over the table, and the number of all."""
    (total,) = connection.execute(f"SELECT COUNT(*) FROM {quote(name)}").fetchone()
    if not columns:
        return [], 0
    wanted = ", ".join(map(quote, columns))
    kept = set(range(total)) if total <= SAMPLE else set(chance.sample(range(total), SAMPLE))
    rows = connection.execute(f"SELECT {wanted} FROM {quote(name)}")
    return [row for number, row in enumerate(rows) if number in kept], total


def _declared_references(connection: sqlite3.Connection, shape: Shape, shapes: Mapping[str, Shape]) -> None:
    constraints: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, _, table, source, target, *_ in connection.execute(f"PRAGMA foreign_key_list({quote(shape.name)})"):
        constraints.setdefault(number, []).append((table, source, target))
    for parts in constraints.values():
        other = shapes.get(parts[0][0].lower())
        if other is None:
            continue
        targets = [target for *_, target in parts]
        if None in targets:
            primary = next((key for key in other.keys if len(key) == len(parts)), ())
        else:
            names = [column.lower() for column in other.columns]
            found = [names.index(t.lower()) for t in targets if t is not None and t.lower() in names]
            primary = tuple(found)
        own = [column.lower() for column in shape.columns]
        sources = tuple(own.index(source.lower()) for _, source, _ in parts if source.lower() in own)
        if len(primary) == len(parts) == len(sources) and not (other is shape and sources == primary):
            if _never_repeats(other, primary):  # however few rows say so
                other.keys.add(primary)
            shape.references.append(Reference(sources, parts[0][0].lower(), primary))


def _joined(shapes: Mapping[str, Shape], links: Iterable[Link]) -> None:
    """Foreign keys that nobody declared, from the columns that queries join."""
    for pair in sorted(links):
        for (table, column), (other_table, other_column) in (pair, pair[::-1]):
            shape, other = shapes[table], shapes[other_table]
            source = [name.lower() for name in shape.columns].index(column)
            target = [name.lower() for name in other.columns].index(other_column)
            taken = any(source in reference.columns for reference in shape.references)
            back = any(r.table == table and r.targets == (source,) for r in other.references)
            if taken or back or table == other_table or not _never_repeats(other, (target,)):
                continue
            values = {row[source] for row in shape.rows} - {None}
            if values and len(values & {row[target] for row in other.rows}) >= _FOUND * len(values):
                other.keys.add((target,))
                shape.references.append(Reference((source,), other_table, (target,)))


def _never_repeats(shape: Shape, places: tuple[int, ...]) -> bool:
    cells = [tuple(row[place] for place in places) for row in shape.rows]
    return len(set(cells)) == len(cells)


def _look_for_combinations(shape: Shape) -> None:
    places = tuple(sorted({place for reference in shape.references for place in reference.columns}))
    if len(places) < 2 or len(shape.rows) < _ENOUGH:
        return
    if _never_repeats(shape, places):
        shape.keys.add(places)
