"""Finds the stored values that a question mentions, however they are written."""

from __future__ import annotations

from dataclasses import dataclass

from bot.common_words import COMMON_WORDS, FUNCTION_WORDS, everyday
from bot.surfaces import Word, cut, stem
from bot.time_words import LEXICON
from bot.value_index import EMAIL, Entry, ValueIndex

_RANKS = {"value": 0, "alias": 1, "initials": 2, "part": 3}
_MISSPELT = 16  # unknown words looked up in one question
_READINGS = 12  # ways of reading one run of words


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A value mentioned by the characters `start` to `end`; `slips` counts corrected words."""

    start: int
    end: int
    value: str
    columns: tuple[str, ...]
    rank: int
    slips: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """A run of words as it may have been meant: its key, words corrected, words that stand as written."""

    key: str
    slips: int
    exact: int
    doubtful: bool  # a correction that a match of its own cannot rest on


def find_values(question: str, index: ValueIndex) -> list[ValueMatch]:
    """Every mention, overlapping ones too, in order; `linking` picks among them."""
    return _Finder(question, index).all()


class _Finder:
    def __init__(self, question: str, index: ValueIndex) -> None:
        self.question = question
        self.index = index
        self.words = cut(question)
        self.shouted = question.isupper() and len(self.words) > 3
        self.looked_up = 0
        self.options = [self._options(word) for word in self.words]

    def all(self) -> list[ValueMatch]:
        """Matches at every word."""
        found: dict[tuple[int, int], ValueMatch] = {}
        for i in range(len(self.words)):
            for size, reading in self._readings(i):
                if match := self._match(i, size, reading):
                    span = (match.start, match.end)
                    known = found.get(span)
                    if known is None or (match.rank, match.slips) < (known.rank, known.slips):
                        found[span] = match
        for address in (
            EMAIL.finditer(self.question) if self.index.email_columns and "@" in self.question else ()
        ):
            found[address.span()] = ValueMatch(
                *address.span(), address.group().lower(), self.index.email_columns, 0, 0
            )
        return [found[span] for span in sorted(found)]

    def _options(self, word: Word) -> list[tuple[str, int, bool]]:
        """What a word may be: (stem, slips, doubtful)."""
        options = [(word.stem, 0, False)]
        index = self.index
        if word.folded in index.words or word.stem in index.words or len(word.folded) < 4:
            return options
        if self.looked_up >= _MISSPELT or word.folded in index.schema_words or everyday(word.folded):
            return options
        self.looked_up += 1
        near = index.spelling.near(word.folded)
        for known, slips in near:
            if known in index.words:
                options.append((stem(known), slips, _doubtful(word.folded, known, slips, near)))
        return options

    def _readings(self, i: int) -> list[tuple[int, _Reading]]:
        """Runs of words from word i that may begin a known name, and the same joined up."""
        found: list[tuple[int, _Reading]] = []
        longest = self.index.longest
        open_readings = []
        for known, slips, doubtful in self.options[i]:
            if reach := longest.get(known):
                open_readings.append((reach, _Reading(known, int(slips > 0), int(slips == 0), doubtful)))
        size = 1
        while open_readings:
            found += [(size, reading) for _, reading in open_readings]
            if i + size >= len(self.words):
                break
            open_readings = [
                (reach, _extend(reading, option))
                for reach, reading in open_readings
                if reach > size
                for option in self.options[i + size]
            ][:_READINGS]
            size += 1
        return found + self._joined(i)

    def _joined(self, i: int) -> list[tuple[int, _Reading]]:
        """ "USBC dock", "book shelf", "oslodesk": the same letters with other gaps."""
        found = []
        before = ""
        for size in range(1, min(4, len(self.words) - i) + 1):
            word = self.words[i + size - 1]
            key = self.index.joined.get(before + word.stem)
            before += word.folded
            if word.folded in FUNCTION_WORDS:
                break
            if key is not None and not (size == 1 and word.folded in COMMON_WORDS):
                found.append((size, _Reading(key, 0, size, False)))
        return found

    def _match(self, i: int, size: int, reading: _Reading) -> ValueMatch | None:
        entries = self.index.entries.get(reading.key)
        if entries is None:
            return None
        start, end = self.words[i].start, self.words[i + size - 1].end
        text = self.question[start:end]
        fitting = [entry for entry in entries if self._fits(entry, i, size, reading, text)]
        if not fitting:
            return None
        best = min(_RANKS[entry.kind] for entry in fitting)
        fitting = [entry for entry in fitting if _RANKS[entry.kind] == best]
        values = {entry.value for entry in fitting}
        if len(values) > 1 and best >= 2:
            return None  # parts or initials of several values
        chosen = min(fitting, key=lambda entry: (entry.value != text, -len(entry.columns), entry.value))
        columns = {column for entry in fitting if entry.value == chosen.value for column in entry.columns}
        return ValueMatch(start, end, chosen.value, tuple(sorted(columns)), best, reading.slips)

    def _fits(self, entry: Entry, i: int, size: int, reading: _Reading, text: str) -> bool:
        if entry.upper and (not text.isupper() or self.shouted) and not self._after_article(entry, i):
            return False
        if reading.slips:
            if entry.kind == "initials" or entry.upper:
                return False
            alone = len(entry.folded) == 1
            if reading.doubtful and (alone or reading.exact == 0):
                return False
        words = self.words[i : i + size]
        if entry.kind == "alias" and not reading.slips and size == len(entry.folded):
            pairs = zip(words, entry.folded, strict=True)
            if any(known not in (word.folded, word.stem) for word, known in pairs):
                return False  # "the States" is a country, "the state" is not
        if size > 1:
            return True
        if entry.kind == "part" and (self._strange_name(i - 1) or self._strange_name(i + 1)):
            return False  # "Olivia Smith" is not the Olivia Bennett we know
        return self._alone(entry, i, words[0])

    def _after_article(self, entry: Entry, i: int) -> bool:
        """Whether a name that is also a pronoun stands where no pronoun can: "the us"."""
        return entry.kind == "alias" and i > 0 and self.words[i - 1].folded == "the"

    def _strange_name(self, i: int) -> bool:
        """Whether word i is written as a name beside which a part of another name is no mention."""
        if not 0 < i < len(self.words) or self.shouted:
            return False
        word = self.words[i]
        return (
            self.question[word.start].isupper()
            and not self.question[word.start : word.end].isupper()
            and not everyday(word.folded)
            and word.folded not in self.index.schema_words
            and word.folded not in LEXICON
        )

    def _alone(self, entry: Entry, i: int, word: Word) -> bool:
        """Whether one word, which may be an everyday one, is meant as a name."""
        if entry.upper:
            return True
        if word.folded in FUNCTION_WORDS:
            return entry.person and self._named_beside(entry, i)
        known = entry.folded[0]
        if known in COMMON_WORDS and word.folded in COMMON_WORDS and known not in (word.folded, word.stem):
            return False  # "any sale" is not the department Sales
        if word.folded not in COMMON_WORDS or not entry.person or self.index.keeps(entry.columns):
            return True
        capital = self.question[word.start].isupper() and not self.shouted
        return (capital and (i > 0 or len(self.words) == 1)) or self._named_beside(entry, i)

    def _named_beside(self, entry: Entry, i: int) -> bool:
        """ "will smith": the word before or after is another name of the same table."""
        tables = {column.partition(".")[0] for column in entry.columns}
        beside = [
            other
            for word in self.words[max(0, i - 1) : i + 2]
            if word is not self.words[i]
            for other in self.index.entries.get(word.stem, ())
            if other.kind == "value"
        ]
        return any(
            column.partition(".")[0] in tables and column not in entry.columns
            for other in beside
            for column in other.columns
        )


def _doubtful(word: str, known: str, slips: int, near: tuple[tuple[str, int], ...]) -> bool:
    """Whether a correction is too weak to match by itself: a short word, or an everyday one is as near."""
    if len(known) < 5:
        return True
    if known in COMMON_WORDS and (
        len(known) < 7 or slips > 1 or (len(known) == len(word) and sorted(known) != sorted(word))
    ):
        return True  # a letter replaced makes another real word too easily
    return any(
        other != known and stem(other) != stem(known) and others <= slips and other in COMMON_WORDS
        for other, others in near
    )


def _extend(reading: _Reading, option: tuple[str, int, bool]) -> _Reading:
    known, slips, doubtful = option
    return _Reading(
        f"{reading.key} {known}",
        reading.slips + int(slips > 0),
        reading.exact + int(slips == 0),
        reading.doubtful or doubtful,
    )
