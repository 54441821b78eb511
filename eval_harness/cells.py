"""When two cells, and two columns of cells, hold the same values: the arithmetic under every match.

A cell becomes None, a float or a text. Integers, floats and booleans are numbers (True is 1). A text that
writes a number the plain way ("5", "-3.50", not "05", "5e1" or " 5") counts as that number when the other
column, or its own, holds real numbers; between two columns of text it stays text, so that codes such as
"10001" and "10002" never meet. Dates are text.

Two numbers are equal when they differ by at most 1e-4 of the larger one, or round to the same two decimals.
That relation is not transitive, so no rounding key can decide whether two bags of numbers agree. It is
convex, though: the numbers equal to `a` form an interval [low(a), high(a)] whose ends both grow with `a`.
Two facts follow, and everything here rests on them. Sorting both bags and comparing pair by pair finds a
pairing whenever there is one (crossed pairs can always be uncrossed). And after sorting all numbers
together, a cut wherever two neighbours differ separates them into clusters such that numbers from different
clusters are never equal; where a cluster's smallest equals its largest, all its members are equal to each
other.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.database import Cell

Value = float | str | None

RELATIVE = 1e-4
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NOISE = 1e-13  # 1.005 is stored as 1.00499999999999989: engines round it up, and so do we
_NULL = -1


def is_number(cell: Cell) -> bool:
    """Whether the cell holds a number rather than a text that may look like one."""
    return isinstance(cell, int | float)


def to_value(cell: Cell, texts_are_numbers: bool) -> Value:
    """The cell as None, float or text. Numbers that are not finite become texts, which equal themselves."""
    if cell is None:
        return None
    if isinstance(cell, str):
        number = float(cell) if texts_are_numbers and _PLAIN_NUMBER.fullmatch(cell) else math.nan
        return number if math.isfinite(number) else cell
    if math.isnan(cell):
        return "NaN"
    return float(cell) if math.isfinite(cell) else "infinity" if cell > 0 else "-infinity"


def equal_numbers(a: float, b: float) -> bool:
    """Within 1e-4 of the larger one, or the same after rounding to 2 decimals (halves away from zero)."""
    return a == b or abs(a - b) <= RELATIVE * max(abs(a), abs(b)) or _hundredths(a) == _hundredths(b)


def equal_values(a: Value, b: Value) -> bool:
    """NULL equals NULL, numbers by `equal_numbers`, texts letter by letter."""
    if isinstance(a, float) and isinstance(b, float):
        return equal_numbers(a, b)
    return a == b


def _hundredths(number: float) -> float:
    scaled = abs(number) * 100 * (1 + _NOISE) + 0.5
    return math.copysign(math.floor(scaled), number) if math.isfinite(scaled) else number


@dataclass(frozen=True, slots=True)
class Bag:
    """The values of one column without their order."""

    nulls: int
    texts: Counter[str]
    numbers: list[float]  # sorted

    @staticmethod
    def of(values: Sequence[Value]) -> Bag:
        """The bag of these values."""
        return Bag(
            nulls=sum(v is None for v in values),
            texts=Counter(v for v in values if isinstance(v, str)),
            numbers=sorted(v for v in values if isinstance(v, float)),
        )

    def equals(self, other: Bag) -> bool:
        """Whether the values can be paired off so that each pair is equal."""
        return (
            self.nulls == other.nulls
            and len(self.numbers) == len(other.numbers)
            and self.texts == other.texts
            and all(map(equal_numbers, self.numbers, other.numbers))
        )


@dataclass(frozen=True, slots=True)
class Coded:
    """Two columns as small integers. Cells with different codes differ.

    Cells with the same code are equal unless `loose`: then some cluster of numbers is too wide for that, and
    the values themselves decide.
    """

    gold: list[int]
    predicted: list[int]
    loose: bool


def code(gold: Sequence[Value], predicted: Sequence[Value]) -> Coded:
    """Number the values of both columns by cluster (numbers) and by text."""
    codes: dict[Value, int] = {None: _NULL}
    loose = False
    start: float | None = None
    previous: float | None = None
    cluster = 0
    for number in sorted({v for v in (*gold, *predicted) if isinstance(v, float)}):
        if start is None or previous is None or not equal_numbers(previous, number):
            start = number
            cluster += 1
        loose = loose or not equal_numbers(start, number)
        codes[number] = cluster
        previous = number
    for value in (*gold, *predicted):
        if value not in codes:
            codes[value] = len(codes) + cluster
    return Coded([codes[v] for v in gold], [codes[v] for v in predicted], loose)
