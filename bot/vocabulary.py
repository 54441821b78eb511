"""The words a student has met: an unknown word of a question is corrected to the likeliest known one near it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA

from bot.common_words import everyday

_WORD = re.compile(r"(?<![:\w.\[|])[a-z]{4,}(?![\w.\]|])")
MIN_COUNT = 3
CONTRACTIONS = frozenset(
    [
        "dont",
        "doesnt",
        "didnt",
        "wont",
        "wouldnt",
        "cant",
        "couldnt",
        "isnt",
        "arent",
        "wasnt",
        "werent",
        "hasnt",
        "havent",
        "hadnt",
        "shouldnt",
        "aint",
        "whats",
        "whos",
        "wheres",
        "hows",
        "whens",
        "thats",
        "theres",
        "youre",
        "weve",
        "theyre",
        "lets",
    ]
)


class Vocabulary:
    """Known words with how often each was met."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)
        self._by_shape: dict[tuple[str, int], list[str]] = {}
        for word in self.counts:
            if len(word) >= 4:
                self._by_shape.setdefault((word[0], len(word)), []).append(word)
        self._nearest = lru_cache(maxsize=65536)(self._search)

    def correct(self, text: str) -> str:
        """A rendered question with every unknown word replaced by its nearest known one, where one is near."""
        return _WORD.sub(lambda m: self._nearest(m.group(0)), text)

    def unknown(self, text: str) -> list[str]:
        """The words of `text` that are neither known nor near to a known one."""
        return [w for w in _WORD.findall(text) if self._nearest(w) not in self.counts and w not in CONTRACTIONS]

    def _search(self, word: str) -> str:
        if word in self.counts or word in CONTRACTIONS or everyday(word):
            return word
        allowed = 1 if len(word) < 8 else 2
        best: tuple[int, int, str] | None = None
        for first in dict.fromkeys((word[0], word[1])):
            for length in range(len(word) - allowed, len(word) + allowed + 1):
                for known in self._by_shape.get((first, length), ()):
                    distance = OSA.distance(word, known, score_cutoff=allowed)
                    if distance > allowed:
                        continue
                    rank = (distance, -self.counts[known], known)
                    if best is None or rank < best:
                        best = rank
        return best[2] if best else word


def count_words(texts: Iterable[str]) -> dict[str, int]:
    """Words of rendered questions met at least `MIN_COUNT` times, with their counts.

    A rare word near to a much commoner one is taken for a slip of the writer and left out, so that training and
    serving correct it alike.
    """
    counts: dict[str, int] = {}
    for text in texts:
        for word in _WORD.findall(text):
            counts[word] = counts.get(word, 0) + 1
    kept = {w: n for w, n in counts.items() if n >= MIN_COUNT}
    common = Vocabulary({w: n for w, n in kept.items() if n >= 20 * MIN_COUNT})
    return {w: n for w, n in kept.items() if not _slip(w, n, common)}


def _slip(word: str, count: int, common: Vocabulary) -> bool:
    if len(word) < 6 or word in common.counts:
        return False
    near = common.correct(word)
    return near != word and common.counts[near] >= 40 * count and not _inflected(word, near)


def _inflected(word: str, other: str) -> bool:
    """Whether two words differ by an English ending, or by how British and American English spell it."""
    for a, b in ((word, other), (other, word)):
        if a in {b + ending for ending in ("s", "d", "r", "n", "y", "es", "ed", "er", "al", "ly")}:
            return True
    same_start = word[:-1] == other[:-1]
    return (
        same_start
        or word.replace("z", "s") == other.replace("z", "s")
        or word.replace("u", "") == other.replace("u", "")
    )
