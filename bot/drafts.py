"""What probably comes next in short SQL: tokens that the network may read ahead, and then only has to agree with.

Reading four tokens at once takes a network this small little longer than reading one, so what is guessed right costs
next to nothing, and what is guessed wrong is read again as it should have been: the SQL said is the same (speculative
decoding, Leviathan et al. 2023, arXiv:2211.17192, with a table of token n-grams as the draft model). The table is
counted over the SQL that the student was trained on and lies in its directory.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NAME = "drafts.npy"
ORDER = 3  # tokens that a guess looks back at, at most
AHEAD = 4  # tokens that are guessed at once, at most
_SURE = 0.4  # share of its kind that a guess must have been
_LEAST = 5  # times that what it looks back at must have been seen
_NONE = -1

Table = npt.NDArray[np.int32]


class Drafts:
    """Guesses from a table [n, ORDER + 1]: up to ORDER tokens, filled up with -1 in front, and what follows them."""

    def __init__(self, table: Table, end: int) -> None:
        self._end = end
        rows: list[list[int]] = table.tolist()
        self._next = {tuple(t for t in row[:-1] if t != _NONE): row[-1] for row in rows}

    @staticmethod
    def load(directory: Path, end: int) -> Drafts:
        """Those of a student's directory; one without a table guesses nothing. Raises ValueError for a damaged one."""
        path = directory / NAME
        table: Any = np.load(path, allow_pickle=False) if path.is_file() else np.zeros((0, ORDER + 1), np.int32)
        if table.ndim != 2 or table.shape[1] != ORDER + 1:
            raise ValueError(f"{NAME} holds no table of {ORDER + 1} columns")
        return Drafts(table, end)

    def after(self, tokens: Sequence[int], count: int = AHEAD) -> list[int]:
        """Up to `count` tokens that probably follow the `tokens` said so far; the end is never guessed."""
        if not self._next:
            return []
        said = [self._end, *tokens[-ORDER:]] if len(tokens) < ORDER else list(tokens[-ORDER:])
        guessed: list[int] = []
        while len(guessed) < count:
            token = self._guess(said)
            if token is None or token == self._end:
                break
            guessed.append(token)
            said.append(token)
        return guessed

    def _guess(self, said: Sequence[int]) -> int | None:
        for length in range(min(ORDER, len(said)), 0, -1):
            token = self._next.get(tuple(said[-length:]))
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
    rows: list[list[int]] = []
    for before in sorted(follows):
        token, times = min(follows[before].items(), key=lambda item: (-item[1], item[0]))
        total = follows[before].total()
        if total >= _LEAST and times >= _SURE * total:
            rows.append([_NONE] * (ORDER - len(before)) + [*before, token])
    return np.array(rows, dtype=np.int32).reshape(-1, ORDER + 1)
