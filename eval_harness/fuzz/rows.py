"""New rows for the tables of one copy.

Each row starts from a row of the original. Keys stay, and rows beyond the original's get new ones; other cells are
drawn anew from their column's vocabulary, more or less often by copy; foreign keys point at rows of this copy, some at
many and some at none. Part of the rows are then made to meet the conditions of one gold query, all at once and across
the joined tables, because independent draws would hardly ever do so.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

from eval_harness.fuzz.conditions import Asked, Condition
from eval_harness.fuzz.shape import SAMPLE, Cell, Reference, Shape
from eval_harness.fuzz.values import Vocabulary

Row = list[Cell]
Vocabularies = dict[str, list[Vocabulary]]

_FEWEST = 30  # rows of a table at least, so that something is left when a query filters
_MET = 0.85  # how often a row that is to meet a query's conditions meets each of them
_FOLLOWED = 0.75  # how often such a row points at a row made for the same query


class Copy:
    """The making of one copy."""

    def __init__(
        self, shapes: Mapping[str, Shape], vocabularies: Vocabularies, asked: Asked, chance: random.Random
    ) -> None:
        self.shapes = shapes
        self.vocabularies = vocabularies
        self.chance = chance
        self.scenarios = [_by_table(scenario) for scenario in asked.scenarios]
        self.spread = chance.uniform(0.2, 0.9)
        self.rows: dict[str, list[Row]] = {}
        self.made_for: dict[str, list[int]] = {}  # for each row the number of its scenario, or -1

    def make(self) -> dict[str, list[Row]]:
        """All tables, those first that others point at."""
        for table in _parents_first(self.shapes):
            self._make(table)
        return self.rows

    def _make(self, table: str) -> None:
        shape = self.shapes[table]
        usable = [number for number, scenario in enumerate(self.scenarios) if table in scenario]
        size = self._size(shape, len(usable))
        base = self.chance.sample(shape.rows, len(shape.rows))
        made_for = [
            self.chance.choice(usable) if usable and self.chance.random() < 0.7 else self._any_scenario()
            for _ in range(size)
        ]
        pointing = {place for reference in shape.references for place in reference.columns}
        rows = self._first_rows(table, base, size, pointing)
        self._shuffle(shape, rows, pointing)
        self.rows[table], self.made_for[table] = rows, made_for
        for row, number in enumerate(made_for):
            self._meet(table, row, number, pointing)
        self._point(table)
        self._keep_ends(shape, rows, pointing)
        self._drop_repeated(table)

    def _any_scenario(self) -> int:
        """Also rows of tables without conditions are made for a query: they lead to rows of others that meet it."""
        return self.chance.randrange(len(self.scenarios)) if self.scenarios else -1

    def _size(self, shape: Shape, scenarios: int) -> int:
        wanted = max(len(shape.rows), _FEWEST, 2 * scenarios)
        return max(2, int(min(wanted, SAMPLE) * self.chance.uniform(0.7, 1.3)))

    def _first_rows(self, table: str, base: Sequence[tuple[Cell, ...]], size: int, pointing: set[int]) -> list[Row]:
        shape, vocabularies = self.shapes[table], self.vocabularies[table]
        used = [{row[place] for row in base} if place in shape.unique else set() for place in range(len(shape.columns))]
        rows: list[Row] = []
        for number in range(size):
            source = base[number] if number < len(base) else self.chance.choice(base) if base else None
            row: Row = []
            for place, vocabulary in enumerate(vocabularies):
                kept = source[place] if source is not None else vocabulary.draw(self.chance, 1.0)
                if place in pointing:
                    row.append(kept)
                elif place in shape.unique:
                    if number >= len(base):
                        kept = vocabulary.fresh(self.chance, used[place])
                        used[place].add(kept)
                    row.append(kept)
                else:
                    redrawn = self.chance.random() < self.spread
                    row.append(vocabulary.draw(self.chance, self.spread) if redrawn else kept)
            rows.append(row)
        return rows

    def _shuffle(self, shape: Shape, rows: list[Row], pointing: set[int]) -> None:
        """Columns whose values never repeat keep them all, but on other rows: each column for itself."""
        for place in sorted(shape.unique - pointing):
            if self.chance.random() < 0.7:
                cells = [row[place] for row in rows]
                self.chance.shuffle(cells)
                for row, cell in zip(rows, cells, strict=True):
                    row[place] = cell

    def _meet(self, table: str, row: int, scenario: int, pointing: set[int]) -> None:
        conditions = self.scenarios[scenario].get(table, ()) if scenario >= 0 else ()
        shape, rows = self.shapes[table], self.rows[table]
        names = [name.lower() for name in shape.columns]
        by_column: dict[int, list[Condition]] = {}
        for condition in conditions:
            by_column.setdefault(names.index(condition.column[1]), []).append(condition)
        for place, choices in by_column.items():
            if place in pointing or self.chance.random() >= _MET:
                continue
            value = self.vocabularies[table][place].meeting(self.chance.choice(choices), self.chance)
            if place in shape.unique:
                holder = next((other for other in rows if other[place] == value), None)
                if holder is not None:
                    holder[place] = rows[row][place]
            rows[row][place] = value

    def _point(self, table: str) -> None:
        shape = self.shapes[table]
        done: set[int] = set()
        for reference in shape.references:
            if done & set(reference.columns):
                continue
            done.update(reference.columns)
            once = (len(reference.columns) == 1 and reference.columns[0] in shape.unique) or (
                reference.columns in shape.keys
            )
            self._point_one(table, reference, once)

    def _point_one(self, table: str, reference: Reference, once: bool) -> None:
        targets = self.rows.get(reference.table)
        if not targets:
            return
        places = list(range(len(targets)))
        self.chance.shuffle(places)
        made_for: dict[int, list[int]] = {}
        for place, number in enumerate(self.made_for[reference.table]):
            made_for.setdefault(number, []).append(place)
        skew = self.chance.choice((1.0, 1.5, 2.5))
        wanted = self._wanted_targets(table, reference)
        for row, number in zip(self.rows[table], self.made_for[table], strict=True):
            nothing = row[reference.columns[0]] is None and self.vocabularies[table][reference.columns[0]].nulls
            if nothing and not once:
                continue
            if once:
                target = places.pop() if places else -1
            elif number in wanted and self.chance.random() < _MET:
                target = wanted[number]
            elif number in made_for and self.chance.random() < _FOLLOWED:
                target = self.chance.choice(made_for[number])
            else:
                target = places[int(len(places) * self.chance.random() ** skew)]
            for own, other in zip(reference.columns, reference.targets, strict=True):
                row[own] = targets[target][other] if target >= 0 else None

    def _wanted_targets(self, table: str, reference: Reference) -> dict[int, int]:
        """For scenarios that ask for the foreign key itself: which row it must point at."""
        if len(reference.columns) != 1:
            return {}
        name = self.shapes[table].columns[reference.columns[0]].lower()
        places = {row[reference.targets[0]]: place for place, row in enumerate(self.rows[reference.table])}
        return {
            number: places[condition.value]
            for number, scenario in enumerate(self.scenarios)
            for condition in scenario.get(table, ())
            if condition.column[1] == name and condition.value in places
        }

    def _keep_ends(self, shape: Shape, rows: list[Row], pointing: set[int]) -> None:
        """Where the original has one largest value, so has the copy: else "the largest" would have no one answer."""
        for place in range(len(shape.columns)):
            numbers = [row[place] for row in shape.rows if isinstance(row[place], int | float)]
            if place in pointing or place in shape.unique or len(numbers) < len(shape.rows) or len(numbers) < 2:
                continue
            for choose, step in ((max, 1), (min, -1)):
                end = choose(numbers)  # type: ignore[type-var]
                if numbers.count(end) == 1:
                    _single_out(rows, place, choose, step)

    def _drop_repeated(self, table: str) -> None:
        """Rows whose keys another row has go; foreign keys that are keys without a target go too."""
        shape = self.shapes[table]
        seen: list[set[tuple[Cell, ...]]] = [set() for _ in shape.keys]
        kept: list[int] = []
        for number, row in enumerate(self.rows[table]):
            keys = [tuple(row[place] for place in key) for key in shape.keys]
            if any(None in key or key in before for key, before in zip(keys, seen, strict=True)):
                continue
            for key, before in zip(keys, seen, strict=True):
                before.add(key)
            kept.append(number)
        self.rows[table] = [self.rows[table][number] for number in kept]
        self.made_for[table] = [self.made_for[table][number] for number in kept]


def _single_out(rows: list[Row], place: int, choose: object, step: int) -> None:
    present = [row[place] for row in rows if isinstance(row[place], int | float)]
    if not present:
        return
    end = max(present) if choose is max else min(present)  # type: ignore[type-var]
    if present.count(end) > 1 and isinstance(end, int | float):
        row = next(row for row in rows if row[place] == end)
        row[place] = end + step


def _by_table(scenario: Sequence[Condition]) -> dict[str, tuple[Condition, ...]]:
    tables = Counter(condition.column[0] for condition in scenario)
    return {table: tuple(c for c in scenario if c.column[0] == table) for table in tables}


def _parents_first(shapes: Mapping[str, Shape]) -> list[str]:
    """Tables in an order in which most come after those they point at; where they point in a circle, one must not."""
    order = TopologicalSorter[str]()
    placed: dict[str, set[str]] = {table: set() for table in shapes}
    for table, shape in shapes.items():
        order.add(table)
        for reference in shape.references:
            if reference.table != table and not _reaches(placed, reference.table, table):
                placed[table].add(reference.table)
                order.add(table, reference.table)
    return list(order.static_order())


def _reaches(edges: Mapping[str, set[str]], start: str, end: str) -> bool:
    waiting, seen = [start], set()
    while waiting:
        table = waiting.pop()
        if table == end:
            return True
        if table not in seen:
            seen.add(table)
            waiting.extend(edges[table])
    return False
