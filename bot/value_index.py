"""The texts stored in a database, indexed by how people may write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.common_words import COMMON_WORDS, FUNCTION_WORDS, everyday, word_set
from bot.spelling import Spelling
from bot.surfaces import Word, cut, fold, key_of

FORMAT = 2  # of the cache file; raise it when the content changes
FEW = 12  # a column with at most so many values is one whose words stay in the prompt
_LONGEST_PART_VALUE = 5
_SMALL_COLUMN, _MEDIUM_COLUMN = 50, 500  # up to so many values: initials of two, of three letters
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

Kind = Literal["value", "alias", "initials", "part"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one way of writing stands for. `folded`: the words in full, where a plural makes a difference."""

    value: str
    columns: tuple[str, ...]
    kind: Kind
    folded: tuple[str, ...]
    upper: bool = False  # only when written in capitals
    person: bool = False  # a personal or place name, which an everyday word is only with a capital


@dataclass(frozen=True)
class ValueIndex:
    """Values with the columns that hold them, and the look-ups derived from them."""

    fingerprint: str
    stamp: str
    sizes: dict[str, int]
    values: dict[str, tuple[str, ...]]
    aliases: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    schema_words: frozenset[str] = frozenset()
    email_columns: tuple[str, ...] = ()
    entries: dict[str, list[Entry]] = field(default_factory=dict, init=False, repr=False, compare=False)
    longest: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    joined: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    words: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    spelling: Spelling = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        cuts = {value: cut(value) for value in self.values}
        for value, columns in self.values.items():
            self._add_value(value, columns, cuts[value])
        for name, value, columns in self.aliases:
            upper = _short(name) and fold(name) in FUNCTION_WORDS  # "US" is a country, "us" is us
            self._add(cut(name), Entry(value, columns, "alias", _folded(cut(name)), upper))
        self._add_initials(cuts)
        self._add_parts(cuts)
        known = {word for word in self.words if len(word) > 3}
        object.__setattr__(self, "spelling", Spelling(known | COMMON_WORDS | self.schema_words))

    def keeps(self, columns: Iterable[str]) -> bool:
        """Whether any of the columns has so few values that their words say something to the student."""
        return any(self.sizes.get(column, FEW + 1) <= FEW for column in columns)

    def named(self, word: str) -> bool:
        """Whether a word alone names a table or column, or is a whole value."""
        if word in self.schema_words:
            return True
        return any(entry.kind in ("value", "alias") for entry in self.entries.get(key_of(word), ()))

    # --- ways of writing --------------------------------------------------------------------------------

    def _add(self, words: Sequence[Word], entry: Entry) -> None:
        if not words:
            return
        key = _key(words)
        known = self.entries.setdefault(key, [])
        if entry not in known:
            known.append(entry)
        self.longest[words[0].stem] = max(self.longest.get(words[0].stem, 0), len(words))
        self.words.update(word.folded for word in words)
        self.words.update(word.stem for word in words)
        joined = "".join(word.folded for word in words[:-1]) + words[-1].stem
        if len(joined) >= 6 and entry.kind != "part":
            self.joined.setdefault(joined, key)

    def _add_value(self, value: str, columns: tuple[str, ...], words: list[Word]) -> None:
        person = all(_PERSONAL.search(column) for column in columns)
        self._add(words, Entry(value, columns, "value", _folded(words), _short(value), person))
        if "&" in value:
            spelt = cut(value.replace("&", " and "))
            self._add(spelt, Entry(value, columns, "value", _folded(spelt)))
        if len(words) > 2 and words[0].folded == "the":
            self._add(words[1:], Entry(value, columns, "alias", _folded(words[1:])))

    def _add_initials(self, cuts: dict[str, list[Word]]) -> None:
        """ "UK" for United Kingdom, "cfo" for Chief Financial Officer: where they can mean one value only."""
        found: dict[str, list[str]] = {}
        for value, words in cuts.items():
            size = min(self.sizes.get(column, 0) for column in self.values[value])
            initials = _initials(value, words)
            if initials and size <= (_SMALL_COLUMN if len(initials) == 2 else _MEDIUM_COLUMN):
                found.setdefault(initials, []).append(value)
        for initials, values in found.items():
            if (
                len(values) == 1
                and initials not in self.entries
                and initials not in COMMON_WORDS - {"us", "it"}
            ):
                columns = self.values[values[0]]
                upper = len(initials) == 2 and (initials in _ABBREVIATIONS or not self.keeps(columns))
                entry = Entry(values[0], columns, "initials", (initials,), upper)
                self._add([Word(0, len(initials), initials, initials)], entry)

    def _add_parts(self, cuts: dict[str, list[Word]]) -> None:
        """ "Globex" for Globex Industries, "desk lamp" for Aurora Desk Lamp: parts of one value only."""
        owners: dict[str, str | None] = {}  # None: several values have this part
        for value, words in cuts.items():
            for gram in _parts(words):
                key = _key(gram)
                owners[key] = value if owners.get(key, value) == value else None
        for value, words in cuts.items():
            if _is_name(value, words):
                for gram in _parts(words):
                    if owners[_key(gram)] == value and self._distinctive(gram):
                        self._add(gram, Entry(value, self.values[value], "part", _folded(gram)))

    def _distinctive(self, gram: tuple[Word, ...]) -> bool:
        if _key(gram) in self.entries:
            return False
        if len(gram) > 1:
            ends = (gram[0].folded, gram[-1].folded)
            return not any(end in FUNCTION_WORDS or end.isdigit() for end in ends)
        word = gram[0].folded
        common = everyday(word) or gram[0].stem in COMMON_WORDS or word in self.schema_words
        return len(word) >= 4 and not common and not word.isdigit()

    # --- kept on disk -----------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs to build the same index; the look-ups are derived again."""
        return {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "stamp": self.stamp,
            "sizes": self.sizes,
            "values": {value: list(columns) for value, columns in self.values.items()},
            "aliases": [[name, value, list(columns)] for name, value, columns in self.aliases],
            "schema_words": sorted(self.schema_words),
            "email_columns": list(self.email_columns),
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> ValueIndex:
        """The index that `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']}, not {FORMAT}")
        return ValueIndex(
            fingerprint=data["fingerprint"],
            stamp=data["stamp"],
            sizes={str(column): int(size) for column, size in data["sizes"].items()},
            values={value: tuple(columns) for value, columns in data["values"].items()},
            aliases=tuple((name, value, tuple(columns)) for name, value, columns in data["aliases"]),
            schema_words=frozenset(data["schema_words"]),
            email_columns=tuple(data["email_columns"]),
        )


_PERSONAL = re.compile(
    r"(first|last|sur|given|family|middle|maiden|f|l)_?name$|city$|town$|place$", re.IGNORECASE
)
# What two letters mean in a chat before they are anyone's initials.
_ABBREVIATIONS = FUNCTION_WORDS | word_set(
    "am pm id no nr vs eg ie pc yr mo wk ea pp st nd rd th ok tv ps w o n en de la le et al el di da"
)


def _key(words: Sequence[Word]) -> str:
    return " ".join([word.stem for word in words])


def _folded(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.folded for word in words)


def _short(name: str) -> bool:
    """Values of one or two letters are read only in capitals."""
    return sum(ch.isalnum() for ch in name) <= 2


def _initials(value: str, words: list[Word]) -> str:
    names = [word for word in words if word.folded not in ("of", "and", "the", "for", "de", "la")]
    surfaces = [value[word.start : word.end] for word in names]
    if not 2 <= len(names) <= 5 or not all(s[0].isupper() and s[1:].islower() for s in surfaces):
        return ""
    return "".join(word.folded[0] for word in names)


def _is_name(value: str, words: list[Word]) -> bool:
    """Two to five words, each with a capital or a digit first: a name, not a sentence."""
    return 2 <= len(words) <= _LONGEST_PART_VALUE and all(
        value[word.start].isupper() or value[word.start].isdigit() for word in words
    )


def _parts(words: list[Word]) -> list[tuple[Word, ...]]:
    """Every run of words shorter than the whole, of at most three."""
    size = len(words)
    if size > 2 * _LONGEST_PART_VALUE:
        return []
    return [tuple(words[i : i + n]) for n in range(1, min(size, 4)) for i in range(size - n + 1)]
