"""Corpus + composer + database → training and validation examples, through the linker that serves.

Into the run directory go train.jsonl, valid.jsonl, phrasings.jsonl, words.json and a report of what was kept and what
was dropped, and why.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bot.canonical import CanonicalError
from bot.database import Database, DatabaseError
from bot.guard import Rejected, check
from bot.linking import Linked, Slot, ValueIndex, link
from bot.prompt import prompt, render
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind
from bot.times import find_times
from bot.vocabulary import Vocabulary, count_words
from kd_training.shorten import shorten
from kd_training.synthesize.compose import Composer
from kd_training.synthesize.draft import Draft, Intent
from kd_training.synthesize.fill import Filled, Filler

_PAIR = re.compile(r":d(\d+)\b")
_PLACE = re.compile(r":[vnd]\d")
_LITERAL = re.compile(r"(\w+\.\w+) (=|<>) '((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class Pair:
    """One finished example: the question as typed, the text the student reads, the short SQL it should say."""

    question: str
    text: str
    target: str
    family: str
    source: str
    phrasing: str = ""  # the question before its holes were filled
    copies: int = 1  # how often it stands in an epoch


@dataclass(frozen=True, slots=True)
class Split:
    """Pairs to learn from, and two kinds that are not learned from: pairs of SQL templates (and of intents that the
    database does not answer) kept out whole, which say how well a student composes; and single phrasings of intents
    that are learned from, which say how well it understands new words."""

    train: list[Pair]
    valid: list[Pair]
    phrasings: list[Pair]


@dataclass
class Tally:
    """What happened to the drafts."""

    counts: Counter[str] = field(default_factory=Counter)
    reported: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, reason: str, what: str) -> None:
        """Count a dropped draft and keep the first few of its kind."""
        self.counts[reason] += 1
        examples = self.reported.setdefault(reason, [])
        if len(examples) < 20:
            examples.append(what)

    def add(self, other: Tally) -> None:
        """Take another process's counts in."""
        self.counts.update(other.counts)
        for reason, examples in other.reported.items():
            kept = self.reported.setdefault(reason, [])
            kept.extend(examples[: 20 - len(kept)])


class Maker:
    """Turns drafts into pairs: normalises the SQL once a template, fills, links, and checks that it runs."""

    def __init__(
        self, shorthand: Shorthand, database: Database, index: ValueIndex, filler: Filler, today: date
    ) -> None:
        self._shorthand = shorthand
        self._database = database
        self._index = index
        self._filler = filler
        self._today = today
        self._normal: dict[str, str | None] = {}
        self._ran: dict[str, bool] = {}
        self.tally = Tally()

    def drafts(self, intent: Intent) -> list[Draft]:
        """An intent's phrasings over its short SQL; empty, and reported, when the SQL cannot be said."""
        target = self.normalised(intent.sql)
        if target is None:
            return []
        # What is refused has no SQL to tell one intent from another by.
        named = intent.phrasings[0] if target == REFUSAL else target
        family = hashlib.sha256(named.encode()).hexdigest()[:12]
        return [Draft(phrasing, target, intent.slots, family) for phrasing in intent.phrasings]

    def normalised(self, sql: str) -> str | None:
        """The short form of corpus SQL, or None (reported)."""
        if sql == REFUSAL:
            return sql
        if sql not in self._normal:
            try:
                self._normal[sql] = shorten(sql, self._shorthand)
            except (CanonicalError, ShorthandError) as error:
                self.tally.drop("cannot be shortened", f"{error}: {sql}")
                self._normal[sql] = None
        return self._normal[sql]

    def composed(self, draft: Draft) -> Draft | None:
        """A composer's draft with its SQL brought to the same form as the corpus'."""
        if draft.target not in self._normal:
            try:
                full = self._shorthand.expand(draft.target).sql("sqlite")
            except ShorthandError as error:
                self.tally.drop("cannot be expanded", f"{error}: {draft.target}")
                self._normal[draft.target] = None
                return None
            full = re.sub(r":d(\d+)_(first|after)\b", _numbered, full)
            self._normal[draft.target] = self.normalised(full)
        target = self._normal[draft.target]
        return Draft(draft.question, target, draft.slots, draft.family) if target else None

    def pair(self, draft: Draft, source: str, rng: random.Random) -> Pair | None:
        """Fill, link and check one draft; None (counted) when its parts do not meet."""
        lacking = self._filler.lacks(draft)
        if lacking is not None:
            self.tally.drop("no value to say", f"{lacking} in {draft.question!r}")
            return None
        filled = self._filler.fill(draft, rng)
        linked = link(filled.question, self._index, self._today)
        target = self._target(draft, filled, linked)
        if target is None:
            return None
        if target != REFUSAL and not self._says_something(draft, target, linked):
            return None
        return Pair(filled.question, render(linked), target, draft.family, source, draft.question)

    def _target(self, draft: Draft, filled: Filled, linked: Linked) -> str | None:
        if draft.target == REFUSAL:
            return REFUSAL
        names: dict[str, str] = {}
        used: set[str] = set()
        for name, value in filled.values.items():
            slot = _slot_for(value, draft.slots[name], linked, used)
            if slot is None:
                self.tally.drop("value not linked", f"{value!r} in {filled.question!r}")
                return None
            used.add(slot.name)
            names[name] = slot.name
        periods = [s for s in linked.slots if s.kind == "period"]
        if len(periods) != len(filled.times):
            self.tally.drop("times not linked", filled.question)
            return None
        for i, text in enumerate(filled.times):
            own = find_times(text, self._today)
            match = next((s for s in periods if own and s.value == own[0].interval and s.name not in used), None)
            if match is None:
                self.tally.drop("times not linked", filled.question)
                return None
            used.add(match.name)
            names[f"d{i}"] = match.name
        target = re.sub(r":(\w+)", lambda m: ":" + names.get(m.group(1), m.group(1)), draft.target)
        return _LITERAL.sub(lambda m: _literal(m, linked), target)

    def _says_something(self, draft: Draft, target: str, linked: Linked) -> bool:
        """Whether the SQL passes the guard and runs; tried once a template."""
        key = draft.target
        if key not in self._ran:
            self._ran[key] = self._runs(target, linked)
        return self._ran[key]

    def _runs(self, target: str, linked: Linked) -> bool:
        try:
            bound = bind(target, linked, self._shorthand)
        except ShorthandError as error:
            self.tally.drop("cannot be expanded", f"{error}: {target}")
            return False
        safe = check(bound.sql, self._shorthand.schema)
        if isinstance(safe, Rejected):
            self.tally.drop("rejected by the guard", f"{safe.message} {bound.sql}")
            return False
        try:
            self._database.execute(safe, bound.parameters)
        except DatabaseError as error:
            self.tally.drop("does not run", f"{error.detail or error.message} {bound.sql}")
            return False
        return True


def _numbered(match: re.Match[str]) -> str:
    number = int(match.group(1)) * 2 + (match.group(2) == "after")
    return f":d{number}"


def _slot_for(value: str | int, kind: str, linked: Linked, used: set[str]) -> Slot | None:
    for slot in linked.slots:
        if slot.name in used:
            continue
        if isinstance(value, int):
            if slot.kind == "number" and slot.value == value:
                return slot
        elif slot.kind == "value" and slot.value == value and kind in slot.columns:
            return slot
    return None


def _literal(match: re.Match[str], linked: Linked) -> str:
    column, operator, value = match.group(1), match.group(2), match.group(3).replace("''", "'")
    base = re.sub(r"_\d\.", ".", column)
    for slot in linked.slots:
        if slot.kind == "value" and slot.value == value and base in slot.columns:
            return f"{column} {operator} :{slot.name}"
    return match.group(0)


def make_pairs(
    maker: Maker, intents: Sequence[Intent], composer: Composer | None, composed: int, repeats: int, seed: int
) -> Iterator[Pair]:
    """Every phrasing of every intent `repeats` times (once if it has no holes), then `composed` compositions."""
    rng = random.Random(seed)
    for intent in intents:
        times = repeats if intent.slots else max(1, repeats // 3)
        for draft in maker.drafts(intent):
            for _ in range(times):
                pair = maker.pair(draft, "corpus", rng)
                if pair:
                    yield pair
    made = 0
    for _ in range(composed * 4 if composer else 0):
        if made >= composed:
            break
        assert composer is not None
        for drawn in composer.draw(rng):
            normal = maker.composed(drawn)
            pair = maker.pair(normal, "composed", rng) if normal else None
            if pair:
                made += 1
                yield pair


def split(pairs: Iterable[Pair], holdout: float) -> Split:
    """Training and validation, kept apart by SQL template: all pairs of a target's shape go one way.

    No seed takes part: what is held out of one run is held out of all, also of those that start from its weights.
    """
    parts = Split([], [], [])
    for pair in pairs:
        refused = pair.target == REFUSAL and _share(f"1:{pair.family}") < holdout
        if refused or holds_out(pair.target, holdout):
            parts.valid.append(pair)
        elif pair.source == "corpus" and _share(f"2:{pair.phrasing}") < holdout / 2:
            parts.phrasings.append(pair)
        else:
            parts.train.append(pair)
    return parts


def holds_out(target: str, holdout: float) -> bool:
    """Whether a target has a shape that `split` keeps out of training; a refusal has none, it goes by its intent."""
    return target != REFUSAL and _share(f"1:{_PLACE.sub(':s', target)}") < holdout


def in_normal_form(target: str, shorthand: Shorthand) -> str:
    """Short SQL as a corpus would have it, however it is written. Raises CanonicalError or ShorthandError."""
    return target if target == REFUSAL else shorten(shorthand.expand(target).sql("sqlite"), shorthand)


def _share(text: str) -> float:
    """A number from 0 to 1 that a text has for good."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def write_examples(parts: Split, directory: Path, tally: Tally, corpus_copies: int = 1) -> Mapping[str, int]:
    """Correct spelling by the words of the training questions, drop repeats, write the files.

    A training pair that a person worded stands `corpus_copies` times: an epoch over many composed questions would
    else show each of the natural ones too rarely.
    """
    words = count_words([p.text for p in parts.train])
    vocabulary = Vocabulary(words)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "words.json").write_text(json.dumps(words, sort_keys=True))
    sizes: dict[str, int] = {}
    asked_in_training: set[str] = set()
    for name, pairs in (("train", parts.train), ("valid", parts.valid), ("phrasings", parts.phrasings)):
        seen: set[tuple[str, str]] = set()
        with (directory / f"{name}.jsonl").open("w", encoding="utf-8") as out:
            for pair in pairs:
                text = vocabulary.correct(pair.text)
                if (text, pair.target) in seen or text in asked_in_training:
                    continue
                seen.add((text, pair.target))
                line = {
                    "prompt": prompt(text),
                    "target": pair.target,
                    "question": pair.question,
                    "key": hashlib.sha256(f"{text}\n{pair.target}".encode()).hexdigest()[:16],
                }
                worded = corpus_copies if pair.source == "corpus" else 1
                copies = worded * pair.copies if name == "train" else 1
                out.write((json.dumps(line, ensure_ascii=False) + "\n") * copies)
        sizes[name] = len(seen)
        if name == "train":
            asked_in_training = {text for text, _ in seen}
    report = {"sizes": sizes, "dropped": dict(tally.counts), "examples": tally.reported}
    (directory / "synthesis.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))
    return sizes
