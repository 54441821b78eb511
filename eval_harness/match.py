"""Whether a predicted result says what the gold result says.

Answer accuracy, the headline: every gold column equals by value a distinct predicted column over the same
multiset of rows. Names do not count, up to three extra predicted columns are allowed, numbers and texts
compare as in `cells`, and the order of rows counts only where the example says `ordered`. Execution accuracy
is the same without extra columns. An empty gold result counts only for an empty prediction that reads the
same tables; one row of NULL is not empty.

`ordered` compares row by row: where the gold's ORDER BY leaves ties, the order in which the gold query
returned them is the one asked for, because the rows alone do not say which of them tie.

The search is exact within a budget. A gold column may only go to a predicted column with an equal bag of
values; the columns are then placed one by one, fewest choices first, and after each the rows of both sides,
told apart by the columns placed so far, must fall into groups of the same sizes. Identical predicted columns
are tried once. Should `BUDGET` cells be touched before this ends (dozens of columns with the same values in
a different arrangement), the tables are called different: nothing is called right without proof.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.database import Cell
from eval_harness.cells import Bag, Coded, Value, code, equal_values, is_number, to_value
from eval_harness.pairing import can_pair, find_pairing

EXTRA_COLUMNS = 3
BUDGET = 20_000_000

_Row = tuple[Value, ...]
_Same = Callable[[int, int], bool]


class Table(Protocol):
    """What a query returned; `bot.database.Result` is one."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names, in order. They only count columns here."""

    @property
    def rows(self) -> Sequence[tuple[Cell, ...]]:
        """Rows, each as long as `columns`."""


def answer_match(gold: Table, predicted: Table, ordered: bool = False, same_tables: bool = False) -> bool:
    """Whether the prediction answers the question as gold does; up to three extra columns are allowed.

    `same_tables` says whether both queries read the same tables: it decides when both results are empty, and
    only then.
    """
    return _match(gold, predicted, ordered, same_tables, EXTRA_COLUMNS)


def execution_match(gold: Table, predicted: Table, ordered: bool = False, same_tables: bool = False) -> bool:
    """The same without extra columns. Symmetric in its two tables."""
    return _match(gold, predicted, ordered, same_tables, 0)


def _match(gold: Table, predicted: Table, ordered: bool, same_tables: bool, extra: int) -> bool:
    if not gold.rows and not predicted.rows and not same_tables:
        return False
    return matching_columns(gold, predicted, ordered, extra) is not None


def matching_columns(
    gold: Table, predicted: Table, ordered: bool = False, extra: int = EXTRA_COLUMNS
) -> tuple[int, ...] | None:
    """For each gold column the position of the predicted column that it equals; None when they do not match.

    A gold table without columns matches only another one. Two empty tables match by their number of columns.
    """
    width, spare = len(gold.columns), len(predicted.columns) - len(gold.columns)
    if len(gold.rows) != len(predicted.rows) or not 0 <= spare <= (extra if width else 0):
        return None
    search = _Search(_columns(gold), _columns(predicted), len(gold.rows))
    try:
        return search.by_position() if ordered else search.by_bag()
    except _TooHard:
        return None


class _TooHard(Exception):
    """The budget is spent."""


def _columns(table: Table) -> list[list[Cell]]:
    return [[row[i] for row in table.rows] for i in range(len(table.columns))]


@dataclass(slots=True)
class _Column:
    """One column and, worked out on first use, its values as written and with texts read as numbers."""

    cells: list[Cell]
    numeric: bool = field(init=False)
    _values: dict[bool, list[Value]] = field(default_factory=dict)
    _bags: dict[bool, Bag] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numeric = any(is_number(cell) for cell in self.cells)

    def values(self, texts_are_numbers: bool) -> list[Value]:
        if texts_are_numbers not in self._values:
            self._values[texts_are_numbers] = [to_value(cell, texts_are_numbers) for cell in self.cells]
        return self._values[texts_are_numbers]

    def bag(self, texts_are_numbers: bool) -> Bag:
        if texts_are_numbers not in self._bags:
            self._bags[texts_are_numbers] = Bag.of(self.values(texts_are_numbers))
        return self._bags[texts_are_numbers]


class _Search:
    """One search for a place for every gold column among the predicted ones."""

    def __init__(self, gold: list[list[Cell]], predicted: list[list[Cell]], rows: int) -> None:
        self.gold = [_Column(cells) for cells in gold]
        self.predicted = [_Column(cells) for cells in predicted]
        self.rows = rows
        self.left = BUDGET
        self.coded: dict[tuple[int, int], Coded] = {}

    def values(self, i: int, j: int) -> tuple[list[Value], list[Value]]:
        """Both columns' values for this pair: texts are numbers when either column holds numbers."""
        gold, predicted = self.gold[i], self.predicted[j]
        numeric = gold.numeric or predicted.numeric
        return gold.values(numeric), predicted.values(numeric)

    def spend(self, cells: int) -> None:
        self.left -= cells
        if self.left < 0:
            raise _TooHard

    def by_position(self) -> tuple[int, ...] | None:
        """Rows are compared one by one, so columns are independent: any pairing of equal columns will do."""
        return find_pairing([self._choices(i, self._same_cells) for i in range(len(self.gold))])

    def by_bag(self) -> tuple[int, ...] | None:
        choices = [self._choices(i, self._same_bag) for i in range(len(self.gold))]
        if find_pairing(choices) is None:
            return None
        order = sorted(range(len(choices)), key=lambda i: len(choices[i]))
        kinds = self._kinds()
        together = [0] * self.rows
        return self._place(order, choices, kinds, {}, (together, together))

    def _choices(self, i: int, same: _Same) -> list[int]:
        """Predicted columns that gold column `i` could be, the one in its own place first."""
        return sorted((j for j in range(len(self.predicted)) if same(i, j)), key=lambda j: (j != i, j))

    def _same_cells(self, i: int, j: int) -> bool:
        gold, predicted = self.values(i, j)
        return all(map(equal_values, gold, predicted))

    def _same_bag(self, i: int, j: int) -> bool:
        gold, predicted = self.gold[i], self.predicted[j]
        numeric = gold.numeric or predicted.numeric
        return gold.bag(numeric).equals(predicted.bag(numeric))

    def _kinds(self) -> list[int]:
        """A number per predicted column; the same for columns that are equal cell by cell."""
        seen: dict[tuple[tuple[bool, Cell], ...], int] = {}
        return [
            seen.setdefault(tuple((isinstance(c, str), c) for c in column.cells), len(seen))
            for column in self.predicted
        ]

    def _place(
        self,
        order: list[int],
        choices: list[list[int]],
        kinds: list[int],
        placed: dict[int, int],
        groups: tuple[list[int], list[int]],
    ) -> tuple[int, ...] | None:
        """Place the next column of `order`; rows that the placed columns cannot tell apart share a group."""
        if len(placed) == len(order):
            done = tuple(placed[i] for i in range(len(order)))
            return done if self._pair_rows(placed, groups) else None
        i = order[len(placed)]
        tried: set[int] = set()
        for j in choices[i]:
            if j in placed.values() or kinds[j] in tried:
                continue
            tried.add(kinds[j])
            finer = self._split(groups, self._code(i, j))
            if finer is None:
                continue
            found = self._place(order, choices, kinds, {**placed, i: j}, finer)
            if found is not None:
                return found
        return None

    def _code(self, i: int, j: int) -> Coded:
        if (i, j) not in self.coded:
            self.spend(2 * self.rows)
            self.coded[i, j] = code(*self.values(i, j))
        return self.coded[i, j]

    def _split(
        self, groups: tuple[list[int], list[int]], coded: Coded
    ) -> tuple[list[int], list[int]] | None:
        """Split the groups by one more column; None when a group has more rows on one side."""
        self.spend(2 * self.rows)
        numbers: dict[tuple[int, int], int] = {}
        gold = [numbers.setdefault(key, len(numbers)) for key in zip(groups[0], coded.gold, strict=True)]
        predicted = [
            numbers.setdefault(key, len(numbers)) for key in zip(groups[1], coded.predicted, strict=True)
        ]
        return (gold, predicted) if Counter(gold) == Counter(predicted) else None

    def _pair_rows(self, placed: dict[int, int], groups: tuple[list[int], list[int]]) -> bool:
        """Whether rows pair off within every group by the values of the loose columns."""
        loose = [self.values(i, j) for i, j in placed.items() if self._code(i, j).loose]
        if not loose:
            return True
        sides: dict[int, tuple[list[_Row], list[_Row]]] = defaultdict(lambda: ([], []))
        for side, numbers in enumerate(groups):
            for row, group in enumerate(numbers):
                sides[group][side].append(tuple(column[side][row] for column in loose))
        return all(can_pair(gold, predicted, self.spend) for gold, predicted in sides.values())
