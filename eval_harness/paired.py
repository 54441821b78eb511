"""Comparing two students on the same questions: what is known of the difference of their accuracies.

Only questions that one gets right and the other wrong say anything about it (McNemar 1947, "Note on the sampling
error of the difference between correlated proportions or percentages"). Given how many there are, how they fall is a
coin's throw if the two are equal: exact binomial arithmetic, no approximation for small numbers. How many there are is
itself chance, which the bound of the difference takes into account (Tango 1998, "Equivalence test and confidence
interval for the difference in proportions for the paired-sample design", Statistics in Medicine 17).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

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
        """What the difference is at least, one-sided, at about this level of confidence: Tango's score bound.

        It is the difference that, were it the true one, would let one as large as was seen come about with a
        probability of 1 - `level`. Where none differ it is that of `n` questions in which nothing was seen, not 0.
        """
        if not self.n:
            return -1.0
        wanted = NormalDist().inv_cdf(level)
        low, high = -1.0, self.difference
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self._score(middle) > wanted:
                low = middle
            else:
                high = middle
        return low

    def _score(self, true: float) -> float:
        """By how many standard errors the difference that was seen lies above a `true` one below it."""
        n, gained, lost = self.n, self.gained, self.lost
        # The likeliest share of losses, if that were the true difference.
        a = 2 * n
        b = -gained - lost + (2 * n - gained + lost) * true
        c = -lost * true * (1 - true)
        losses = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
        variance = n * (2 * losses + true * (1 - true))
        seen = gained - lost - n * true
        return seen / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, seen)


def pair(candidate: Sequence[bool], incumbent: Sequence[bool]) -> Paired:
    """Two lists of right and wrong over the same questions."""
    both = list(zip(candidate, incumbent, strict=True))
    return Paired(len(both), sum(c and not i for c, i in both), sum(i and not c for c, i in both))


def _at_most(k: int, n: int, share: float) -> float:
    """The probability of at most `k` successes of `n`."""
    return sum(math.comb(n, i) * share**i * (1 - share) ** (n - i) for i in range(k + 1))
