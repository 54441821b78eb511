"""Which cells of two results differ, so that an eye finds what is wrong: for showing, never for judging.

Columns pair off by how many values they share, rows by how many cells then agree; what finds no partner on the other
side differs as a whole. Greedy, and over excerpts only: `match` is what decides whether an answer is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.database import Cell
from eval_harness.cells import equal_values, is_number, to_value
from eval_harness.measures import Excerpt

Place = tuple[int, int]
_WIDEST = 40  # columns up to which values are compared; wider results pair off by position


def differing(gold: Excerpt, predicted: Excerpt) -> tuple[frozenset[Place], frozenset[Place]]:
    """The (row, column) of gold's cells that the prediction does not have in their place, and the reverse."""
    columns = _columns(gold, predicted)
    same = {
        (r, s): [(i, j) for i, j in columns if _equal(gold, predicted, (r, i), (s, j))]
        for r in range(len(gold.rows))
        for s in range(len(predicted.rows))
    }
    rows = _greedy((-len(cells), abs(r - s), r, s) for (r, s), cells in same.items() if cells)
    agreed = [((r, i), (s, j)) for r, s in rows for i, j in same[r, s]]
    return _places(gold) - {g for g, _ in agreed}, _places(predicted) - {p for _, p in agreed}


def _columns(gold: Excerpt, predicted: Excerpt) -> list[tuple[int, int]]:
    if max(len(gold.columns), len(predicted.columns)) > _WIDEST:
        return [(i, i) for i in range(min(len(gold.columns), len(predicted.columns)))]
    scores = (
        (-_shared([row[i] for row in gold.rows], [row[j] for row in predicted.rows]), abs(i - j), i, j)
        for i in range(len(gold.columns))
        for j in range(len(predicted.columns))
    )
    return _greedy(score for score in scores if score[0])


def _shared(one: Sequence[Cell], other: Sequence[Cell]) -> int:
    """How many cells of one column have a partner of equal value in the other."""
    numeric = any(map(is_number, one)) or any(map(is_number, other))
    left = [to_value(cell, numeric) for cell in other]
    count = 0
    for cell in one:
        value = to_value(cell, numeric)
        place = next((k for k, candidate in enumerate(left) if equal_values(value, candidate)), None)
        if place is not None:
            left.pop(place)
            count += 1
    return count


def _equal(gold: Excerpt, predicted: Excerpt, here: Place, there: Place) -> bool:
    one, other = gold.rows[here[0]][here[1]], predicted.rows[there[0]][there[1]]
    numeric = is_number(one) or is_number(other)
    return equal_values(to_value(one, numeric), to_value(other, numeric))


def _greedy(scored: Iterable[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """Pairs from (cost, distance, left, right), the cheapest first, each side used once."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, left, right in sorted(scored):
        if left not in pairs and right not in taken:
            pairs[left] = right
            taken.add(right)
    return sorted(pairs.items())


def _places(excerpt: Excerpt) -> frozenset[Place]:
    return frozenset((r, i) for r in range(len(excerpt.rows)) for i in range(len(excerpt.columns)))
