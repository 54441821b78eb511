"""Comparing two students on the same questions: what is known of the difference of their accuracies.

Only questions that one gets right and the other wrong say anything about it (McNemar 1947, "Note on the sampling
error of the difference between correlated proportions or percentages"). Given how many there are, how they fall is a
coin's throw if the two are equal: exact binomial arithmetic, no approximation for small numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Paired:
    """`n` questions; `gained` those that only the candidate gets right, `lost` those that only the incumbent does."""

    n: int
    gained: int
    lost: int

    @property
    def difference(self) -> float:
        """Candidate's accuracy minus the incumbent's, from -1 to 1."""
        return (self.gained - self.lost) / self.n if self.n else 0.0

    @property
    def p_value(self) -> float:
        """Of the exact two-sided test that the two are equally good."""
        differing = self.gained + self.lost
        tail = _at_most(min(self.gained, self.lost), differing, 0.5)
        return min(1.0, 2 * tail) if differing else 1.0

    def lower_bound(self, level: float = 0.95) -> float:
        """What the difference is at least, one-sided, at this level of confidence.

        The share of gains among the differing questions has Clopper and Pearson's (1934) lower bound; where none
        differ the bound is 0.
        """
        differing = self.gained + self.lost
        if not differing or not self.n:
            return 0.0
        return (2 * _least_share(self.gained, differing, 1 - level) - 1) * differing / self.n


def pair(candidate: Sequence[bool], incumbent: Sequence[bool]) -> Paired:
    """Two lists of right and wrong over the same questions."""
    both = list(zip(candidate, incumbent, strict=True))
    return Paired(len(both), sum(c and not i for c, i in both), sum(i and not c for c, i in both))


def _least_share(successes: int, n: int, doubt: float) -> float:
    """The share under which seeing `successes` of `n` or more would be as unlikely as `doubt`."""
    if successes == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if 1 - _at_most(successes - 1, n, middle) < doubt:
            low = middle
        else:
            high = middle
    return low


def _at_most(k: int, n: int, share: float) -> float:
    """The probability of at most `k` successes of `n`."""
    return sum(math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k + 1))
