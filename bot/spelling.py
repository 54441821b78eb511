"""Finds the known words that a misspelt word may stand for, among hundreds of thousands."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

_REMEMBERED = 20_000  # corrections kept before the memory is dropped
_BUCKET = 4_000  # known words looked at for one misspelt word and length


class Spelling:
    """Known words in buckets of first letter and length, and of last letter and length."""

    def __init__(self, words: Iterable[str]) -> None:
        self._starts: dict[tuple[str, int], list[str]] = {}
        self._ends: dict[tuple[str, int], list[str]] = {}
        self._memory: dict[str, tuple[tuple[str, int], ...]] = {}
        for word in sorted(set(words)):
            if len(word) >= 4 and not word.isdigit():
                self._starts.setdefault((word[0], len(word)), []).append(word)
                self._ends.setdefault((word[-1], len(word)), []).append(word)

    def near(self, word: str) -> tuple[tuple[str, int], ...]:
        """Known words nearest to an unknown one as (word, slips), fewest slips first, at most four.

        A slip is a letter added, dropped, changed or swapped with its neighbour (optimal string alignment
        distance). One slip is allowed in a known word of 4 to 8 letters, two from 9 letters on.
        """
        found = self._memory.get(word)
        if found is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            found = self._memory[word] = self._search(word)
        return found

    def _search(self, word: str) -> tuple[tuple[str, int], ...]:
        size = len(word)
        if not 4 <= size <= 40 or word.isdigit():
            return ()
        found: dict[str, int] = {}
        for buckets, letter in ((self._starts, word[0]), (self._ends, word[-1])):
            for length in range(size - 2, size + 3):
                limit = 2 if length >= 9 else 1
                if abs(length - size) > limit:
                    continue
                bucket = buckets.get((letter, length), ())[:_BUCKET]
                for near, slips, _ in process.extract(
                    word, bucket, scorer=OSA.distance, score_cutoff=limit, limit=4
                ):
                    found[near] = int(slips)
            if found:
                break
        return tuple(sorted(found.items(), key=lambda item: (item[1], item[0]))[:4])
