"""The values that one column may take in a copy: those it holds, those that queries ask for, and their neighbours."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import date, timedelta

from eval_harness.fuzz.conditions import Condition
from eval_harness.fuzz.shape import Cell

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_WHOLE = re.compile(r"-?\d{1,15}")
_ENDS_IN_NUMBER = re.compile(r"^(.*?)(\d{1,9})$", re.DOTALL)
_FEW = 6  # so many different values at most are taken for a list of codes
_EMPTY = ("", "a", "b", "new ", " east", "x")


class Vocabulary:
    """What a column may hold. `asked`: the conditions that queries put on it."""

    def __init__(self, cells: Sequence[Cell], declared: str, asked: Sequence[Condition]) -> None:
        self.empirical = [cell for cell in cells if cell is not None]
        self.asked = [_typed(c.value, self.empirical, declared) for c in asked if c.operator != "like"]
        self.distinct: list[Cell] = list(dict.fromkeys([*self.empirical, *self.asked]))
        if not self.distinct:
            self.distinct = _by_type(declared)
        self.numbers = [v for v in self.empirical if isinstance(v, int | float)]
        self.whole = all(isinstance(v, int) for v in self.numbers)
        self.decimals = max((_decimals(v) for v in self.numbers[:50]), default=0)
        self.nulls = 1 - len(self.empirical) / len(cells) if cells else 0.0
        self.codes = len(set(self.empirical)) <= _FEW

    def draw(self, chance: random.Random, spread: float) -> Cell:
        """A value. `spread`: how often one that is as likely as any other, or new, instead of a usual one."""
        if self.nulls and chance.random() < self.nulls:
            return None
        if self.empirical and chance.random() >= spread:
            return chance.choice(self.empirical)
        if len(self.numbers) == len(self.empirical) > 0 and not self.codes and chance.random() < 0.5:
            return self._number(chance)
        return chance.choice(self.distinct)

    def fresh(self, chance: random.Random, taken: set[Cell]) -> Cell:
        """A value that is not among `taken`, in the manner of the column's own."""
        for attempt in range(20):
            value = chance.choice(self.distinct) if attempt < 3 else self.other(chance.choice(self.distinct), chance)
            if value not in taken:
                return value
        if all(isinstance(v, int | float) for v in self.distinct):
            highest = max((v for v in taken if isinstance(v, int | float)), default=0)
            return int(highest) + 1
        base = next((v for v in self.distinct if isinstance(v, str)), "value")
        return next(text for n in range(1, len(taken) + 3) if (text := f"{base} {n}") not in taken)

    def other(self, value: Cell, chance: random.Random) -> Cell:
        """Another value near to this one."""
        if isinstance(value, int):
            return value + chance.choice((-3, -2, -1, 1, 2, 3, 5, 10))
        if isinstance(value, float):
            return round(value + chance.choice((-1, 1)) * max(abs(value) * chance.random() * 0.3, 0.01), self.decimals)
        if not isinstance(value, str):
            return value
        if moved := _moved(value, chance.choice((-30, -7, -1, 1, 7, 30))):
            return moved
        if ends := _ENDS_IN_NUMBER.match(value):
            number = str(max(0, int(ends[2]) + chance.choice((-1, 1, 2, 7, 11))))
            return ends[1] + number.zfill(len(ends[2]))
        return f"{value} {chance.choice('abcdefghij')}"

    def meeting(self, condition: Condition, chance: random.Random) -> Cell:
        """A value on either side of the condition's literal, or the literal itself."""
        if condition.operator == "like":
            return _filled(str(condition.value), self, chance)
        literal = _typed(condition.value, self.empirical, "")
        if condition.operator == "=":
            return literal if chance.random() < 0.85 else self.draw(chance, 1.0)
        below, above = _beside(literal, self.decimals)
        far = self.draw(chance, 0.7)
        first, second = (above, below) if condition.operator == ">" else (below, above)
        return chance.choice((literal, literal, first, first, second, far, far))

    def _number(self, chance: random.Random) -> Cell:
        low, high = min(self.numbers), max(self.numbers)
        if self.whole:
            return chance.randint(int(low), int(high))
        return round(chance.uniform(low, high), self.decimals)


def _typed(value: str | int | float, cells: Sequence[Cell], declared: str) -> Cell:
    """The literal in the type that the column stores, so that the two can meet."""
    texts = sum(isinstance(cell, str) for cell in cells)
    if isinstance(value, str):
        if texts == 0 and cells and (number := _as_number(value)) is not None:
            return number
        return value
    stored_as_text = texts > len(cells) / 2 if cells else "CHAR" in declared or "TEXT" in declared
    return str(value) if stored_as_text else value


def _as_number(text: str) -> int | float | None:
    try:
        return int(text) if _WHOLE.fullmatch(text) else float(text)
    except ValueError:
        return None


def _by_type(declared: str) -> list[Cell]:
    """Values for a column that holds none."""
    if "INT" in declared:
        return list(range(1, 21))
    if "DATE" in declared or "TIME" in declared:
        return [(date(2020, 1, 1) + timedelta(days=37 * n)).isoformat() for n in range(20)]
    if any(word in declared for word in ("CHAR", "TEXT", "CLOB")):
        return [f"value {n}" for n in range(1, 13)]
    return [n / 2 for n in range(1, 41)]


def _decimals(value: int | float) -> int:
    text = repr(value)
    return len(text.partition(".")[2]) if isinstance(value, float) and "e" not in text else 0


def _beside(value: Cell, decimals: int) -> tuple[Cell, Cell]:
    """The next smaller and the next larger value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value - 1, value + 1
    if isinstance(value, float):
        step = 10.0**-decimals
        return round(value - step, max(decimals, 2)), round(value + step, max(decimals, 2))
    if not isinstance(value, str):
        return value, value
    before, after = _moved(value, -1), _moved(value, 1)
    if before and after:
        return before, after
    if _WHOLE.fullmatch(value):
        return str(int(value) - 1), str(int(value) + 1)
    number = _as_number(value)
    if number is not None:
        return str(number - 1), str(number + 1)
    return value[:-1], value + "a"


def _moved(text: str, days: int) -> str | None:
    """A text that starts with a day, so many days later; None for any other."""
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        day = date(*map(int, match.groups())) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return day.isoformat() + text[match.end() :]


def _filled(pattern: str, vocabulary: Vocabulary, chance: random.Random) -> Cell:
    """A text that the pattern fits, or nearly."""
    if chance.random() < 0.3:
        return vocabulary.draw(chance, 1.0)
    text = "".join(
        chance.choice(_EMPTY) if letter in "%*" else chance.choice("aei") if letter in "_?" else letter
        for letter in pattern
    )
    number = _as_number(text) if vocabulary.numbers else None
    return text if number is None else number
