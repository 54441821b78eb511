"""What probably comes next in short SQL: tokens that the network may read ahead, and then only has to agree with.

Reading four tokens at once takes a network this small little longer than reading one, so what is guessed right costs
next to nothing, and what is guessed wrong is read again as it should have been: the SQL said is the same (speculative
decoding, Leviathan et al. 2023, arXiv:2211.17192, with a table of token n-grams as the draft model). The table is
counted over the SQL that the student was trained on and lies in its directory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NAME = "drafts.npy"
ORDER = 6  # tokens that a guess looks back at, at most
AHEAD = 6  # tokens that are guessed at once, at most
_SURE = 0.5  # share of its kind that a guess must have been
_LEAST = 8  # times that what it looks back at must have been seen
_NONE = -1

Table = npt.NDArray[np.int32]


class Drafts:
    """Guesses from a table [n, order + 1]: up to `order` tokens, filled up with -1 in front, and what follows them."""

    def __init__(self, table: Table, end: int) -> None:
        self._end, self._order = end, table.shape[1] - 1
        rows: list[list[int]] = table.tolist()
        self._next = {tuple(t for t in row[:-1] if t != _NONE): row[-1] for row in rows}

    @staticmethod
    def load(directory: Path, end: int) -> Drafts:
        """Those of a student's directory; one without a table guesses nothing. Raises ValueError for a damaged one."""
        path = directory / NAME
        table: Any = np.load(path, allow_pickle=False) if path.is_file() else np.zeros((0, ORDER + 1), np.int32)
        if table.ndim != 2 or table.shape[1] < 2:
            raise ValueError(f"{NAME} holds no table of what follows what")
        return Drafts(table, end)

    def after(self, tokens: Sequence[int], count: int = AHEAD) -> list[int]:
        """Up to `count` tokens that probably follow the `tokens` said so far; the end is never guessed."""
        if not self._next:
            return []
        order = self._order
        said = [self._end, *tokens] if len(tokens) < order else list(tokens[-order:])
        guessed: list[int] = []
        while len(guessed) < count:
            token = _longest(self._next, said[-order:])
            if token is None or token == self._end:
                break
            guessed.append(token)
            said.append(token)
        return guessed


def _longest(table: Mapping[tuple[int, ...], int], said: Sequence[int]) -> int | None:
    """What follows the longest end of `said` that the table has."""
    for start in range(len(said)):
        token = table.get(tuple(said[start:]))
        if token is not None:
            return token
    return None


def count_drafts(texts: Iterable[Sequence[int]], end: int) -> Table:
    """The table for SQL as token ids, the end not with them; its rows in order: the same SQL gives the same file."""
    follows: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for tokens in texts:
        said = [end, *tokens, end]
        for at in range(1, len(said)):
            for length in range(1, min(ORDER, at) + 1):
                follows[tuple(said[at - length : at])][said[at]] += 1
    table: dict[tuple[int, ...], int] = {}
    for before in sorted(follows, key=lambda tokens: (len(tokens), tokens)):
        token, times = min(follows[before].items(), key=lambda item: (-item[1], item[0]))
        total = follows[before].total()
        # What a shorter look back says as well need not be kept.
        if total >= _LEAST and times >= _SURE * total and _longest(table, before[1:]) != token:
            table[before] = token
    rows = [[_NONE] * (ORDER - len(before)) + [*before, token] for before, token in table.items()]
    return np.array(rows, dtype=np.int32).reshape(-1, ORDER + 1)
