"""Pairing things off: perfect matchings in bipartite graphs, of columns and of rows of close numbers.

Augmenting paths after Kuhn (1955), with an explicit stack because paths can be as long as the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eval_harness.cells import Value, equal_values

_Row = tuple[Value, ...]


def find_pairing(choices: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """Give every item one of its choices, none twice: the choices taken, item by item, or None."""
    owner: dict[int, int] = {}
    for item in range(len(choices)):
        if not _augment(item, choices, owner):
            return None
    taken = {item: choice for choice, item in owner.items()}
    return tuple(taken[item] for item in range(len(choices)))


def _augment(item: int, choices: Sequence[Sequence[int]], owner: dict[int, int]) -> bool:
    """Find a place for `item`, moving the owners of other choices where they have another."""
    seen: set[int] = set()
    path: list[tuple[int, int]] = []  # (item, choice it would take), from the root down
    stack = [(item, iter(choices[item]))]
    while stack:
        current, rest = stack[-1]
        choice = next((c for c in rest if c not in seen), None)
        if choice is None:
            stack.pop()
            if path:
                path.pop()
            continue
        seen.add(choice)
        path.append((current, choice))
        if choice not in owner:
            owner.update({taken: mover for mover, taken in path})
            return True
        stack.append((owner[choice], iter(choices[owner[choice]])))
    return False


def can_pair(
    gold: Sequence[_Row], predicted: Sequence[_Row], spend: Callable[[int], None]
) -> bool:
    """Whether the rows can be paired off so that each pair is equal in every column.

    Sorting decides at once in the common cases (see `cells`: always for one column of numbers). Only when
    several columns of numbers are so dense that neighbours count as equal does the full search run; `spend`
    is told how many cells it looks at and may raise.
    """
    if len(gold) != len(predicted):
        return False
    gold, predicted = sorted(gold, key=_sort_key), sorted(predicted, key=_sort_key)
    if all(map(_equal_rows, gold, predicted)):
        return True
    if len(gold) == 1 or len(gold[0]) == 1:
        return False
    return find_pairing(_edges(gold, predicted, spend)) is not None


def _edges(gold: Sequence[_Row], predicted: Sequence[_Row], spend: Callable[[int], None]) -> list[list[int]]:
    """For each gold row the equal predicted rows; both sides are sorted.

    What equals a first value is one run of the sorted other side, and runs only move forward (see `cells`).
    """
    edges: list[list[int]] = []
    start = 0
    for row in gold:
        while start < len(predicted) and not equal_values(row[0], predicted[start][0]):
            if _sort_key(predicted[start])[0] > _sort_key(row)[0]:
                break
            start += 1
        end = start
        while end < len(predicted) and equal_values(row[0], predicted[end][0]):
            end += 1
        spend((end - start + 1) * len(row))
        edges.append([j for j in range(start, end) if _equal_rows(row, predicted[j])])
    return edges


def _equal_rows(gold: _Row, predicted: _Row) -> bool:
    return all(map(equal_values, gold, predicted))


def _sort_key(row: _Row) -> tuple[tuple[int, float | str], ...]:
    return tuple((0, 0.0) if v is None else (1, v) if isinstance(v, float) else (2, v) for v in row)
