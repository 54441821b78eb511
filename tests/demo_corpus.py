"""The demo's corpus over a demo database: its intents, values for their holes, and both forms of their SQL run."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from bot.config import ROOT
from bot.database import Database, Limits, Result, connect
from bot.glossary import Glossary, load_glossary
from bot.guard import Rejected, check
from bot.intervals import Interval
from bot.linking import Slot
from bot.schema import Schema
from bot.shorthand import REFUSAL, Shorthand
from demo.build import build
from eval_harness.match import execution_match
from kd_training.shorten import shorten
from kd_training.synthesize.draft import Intent, read_intents

TODAY = date(2026, 11, 22)
CORPUS = ROOT / "demo" / "phrasings"
GLOSSARY = ROOT / "demo" / "glossary.toml"
PERIODS = (Interval(date(2025, 3, 1), date(2025, 9, 1)), Interval(date(2025, 9, 1), date(2026, 9, 1)))
_LIMIT = re.compile(r"\s+LIMIT\s+[:\w]+(?:\s+OFFSET\s+[:\w]+)?", re.IGNORECASE)
_SLOT = re.compile(r":(\w+)")

Values = Mapping[str, str | int | float]


def intents() -> list[tuple[str, Intent]]:
    """Every intent that has SQL, named by its file and its number there."""
    return [
        (f"{path.stem}-{number}", intent)
        for path in sorted([*CORPUS.glob("*.jsonl"), *(CORPUS / "asked").glob("*.jsonl")])
        for number, intent in enumerate(read_intents(path), start=1)
        if intent.sql != REFUSAL
    ]


@dataclass
class Ground:
    """A demo database with all that reads SQL over it."""

    path: Path

    @classmethod
    def built(cls, path: Path) -> Ground:
        """A new database at `path`."""
        build(path, TODAY)
        return cls(path)

    @cached_property
    def database(self) -> Database:
        """The open database."""
        return connect(str(self.path))

    @cached_property
    def schema(self) -> Schema:
        """Its schema."""
        return self.database.schema()

    @cached_property
    def glossary(self) -> Glossary:
        """The demo's terms."""
        return load_glossary(GLOSSARY)

    @cached_property
    def shorthand(self) -> Shorthand:
        """Expands short SQL."""
        return Shorthand(self.schema, self.glossary)

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """The distinct texts of every column of text."""
        found = ((t.name, c.name) for t, c in self.schema.columns() if c.type == "text")
        return {f"{t}.{c}": self.database.distinct_texts(t, c, 5_000) or [] for t, c in found}

    def run(self, sql: str, values: Values) -> Result:
        """The result of checked SQL. Fails the test when the guard refuses it."""
        safe = check(sql, self.schema)
        assert not isinstance(safe, Rejected), f"{safe}\n{sql}"
        return self.database.execute(safe, {n: values[n] for n in safe.parameters}, Limits(rows=100_000))

    def values(self, slots: Mapping[str, str], seed: str) -> dict[str, str | int]:
        """A drawn value for every hole that is not a time."""
        rng, drawn = random.Random(seed), dict[str, str | int]()
        for name, kind in sorted(slots.items()):
            if kind.startswith(("int:", "percent:")):
                drawn[name] = rng.randint(*(int(n) for n in kind.split(":")[1].split("-")))
            elif kind != "time":
                drawn[name] = rng.choice(self.texts[kind])
        return drawn

    def difference(self, sql: str, slots: Mapping[str, str], short: str | None = None) -> str | None:
        """What is wrong with the short form of `sql`: None when both return the same bag of rows."""
        short = shorten(sql, self.shorthand) if short is None else short
        values = self.values(slots, sql)
        full = self.expanded(short)
        wanted, got = self.run(sql, {**values, **bounds()}), self.run(full, {**values, **bounds()})
        if execution_match(wanted, got, same_tables=True):
            return None
        if wanted.rows and (_LIMIT.search(sql) or "ROW_NUMBER" in sql):  # which of the tied rows stay is not said
            wanted, got = (self.run(_with_ties(s), {**values, **bounds()}) for s in (sql, full))
            if execution_match(wanted, got, same_tables=True):
                return None
        return f"{sql}\n  short  {short}\n  full   {full}\n  {len(wanted.rows)} rows, back {len(got.rows)}"

    def expanded(self, short: str) -> str:
        """The full SQL behind a short form, its times as placeholders."""
        return self.shorthand.expand(short, {f"d{i}": p for i, p in enumerate(PERIODS)}).sql("sqlite")

    def close(self) -> None:
        """Release the file."""
        self.database.close()


def bounds() -> dict[str, str]:
    """The periods as full SQL has them, `:d0` to `:d3`, and as expanding writes them."""
    found: dict[str, str] = {}
    for i, period in enumerate(PERIODS):
        assert period.first and period.after
        found |= {f"d{2 * i}": str(period.first), f"d{2 * i + 1}": str(period.after)}
        found |= {f"d{i}_first": str(period.first), f"d{i}_after": str(period.after)}
    return found


def _with_ties(sql: str) -> str:
    return _LIMIT.sub("", sql).replace("ROW_NUMBER", "RANK")


def numbered(short: str, slots: Mapping[str, str]) -> tuple[str, list[Slot]]:
    """The short form with its holes named as linking would, and those slots."""
    names: dict[str, str] = {}
    made: list[Slot] = []
    for name in dict.fromkeys(_SLOT.findall(short)):
        kind = slots.get(name, "time")
        letter = "d" if kind == "time" else "n" if kind.startswith(("int:", "percent:")) else "v"
        names[name] = f"{letter}{sum(s.name[0] == letter for s in made)}"
        made.append(slot(names[name], (kind,) if letter == "v" else ()))
    return _SLOT.sub(lambda m: f":{names[m.group(1)]}", short), made


def slot(name: str, columns: Iterable[str] = ()) -> Slot:
    """A slot of the kind that its name says."""
    if name[0] == "d":
        return Slot(name, "period", 0, 1, "x", PERIODS[0])
    if name[0] == "n":
        return Slot(name, "number", 0, 1, "5", 5)
    return Slot(name, "value", 0, 1, "x", "x", tuple(sorted(columns)))


def every(step: int) -> Iterator[tuple[str, Intent]]:
    """Every `step`-th intent, the same each time."""
    yield from intents()[::step]
