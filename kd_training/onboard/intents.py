"""Questions about the rows of a new database, from frames: lists, columns, the highest, what belongs to what.

`frames.jsonl` holds them, one a line: `sql` and `phrasings` with holes, and what a table must have (`needs`) to fill
them. In the SQL `{T}` is the table, `{L}` the columns that name its rows, `{C}` and `{C2}` two others, `{P}` a table
that its rows refer to, `{PL}` what names those, `{PC}` another column of theirs. In the words `{ts}`, `{t}`, `{cs}`,
`{c}`, `{c2}`, `{ps}`, `{p}`, `{pc}` are what these are called; `{v}`, `{w}`, `{x}`, `{n}` stay, for values and numbers.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.schema import ForeignKey
from kd_training.onboard.facts import Fact, Role, TableFacts
from kd_training.onboard.said import Name, Said
from kd_training.synthesize.draft import Intent, read_lines

FRAMES = Path(__file__).with_name("frames.jsonl")
_MOST = 8  # bindings of a frame over one table
_WORDED = 9  # phrasings of one intent
_HOLE = re.compile(r"\{(\w+)\}")
_SHOWN: tuple[Role, ...] = ("choice", "text", "amount", "level", "year", "date", "flag")


@dataclass(frozen=True, slots=True)
class _Parent:
    """A table that the rows of another refer to."""

    facts: TableFacts
    key: ForeignKey


@dataclass(frozen=True, slots=True)
class _Binding:
    """What fills the holes of one frame."""

    table: TableFacts
    column: Fact | None = None
    column2: Fact | None = None
    parent: _Parent | None = None
    parent_column: Fact | None = None


def intents_of(facts: Mapping[str, TableFacts], said: Said, seed: int = 0) -> list[Intent]:
    """Every frame over every table that has what it needs."""
    rng = random.Random(seed)
    writer = _Writer(facts, said, rng)
    frames = list(read_lines(FRAMES))
    return [intent for table in facts.values() for frame in frames for intent in writer.intents(frame, table)]


class _Writer:
    def __init__(self, facts: Mapping[str, TableFacts], said: Said, rng: random.Random) -> None:
        self._facts, self._said, self._rng = facts, said, rng

    def intents(self, frame: Mapping[str, Any], table: TableFacts) -> Iterator[Intent]:
        bindings = [b for b in self._bindings(frame["needs"], table) if self._suits(frame, b)]
        self._rng.shuffle(bindings)
        for binding in bindings[:_MOST]:
            intent = self._intent(frame, binding)
            if intent is not None:
                yield intent

    def _suits(self, frame: Mapping[str, Any], binding: _Binding) -> bool:
        """Whether a frame's order means what its words say: engines sort what is missing first, and rank 1 is best."""
        column = binding.column
        if column is None or "ORDER BY {C}" not in frame["sql"]:
            return True
        falling = "{C} DESC" in frame["sql"]
        return not column.ranks and (falling or not column.holes)

    def _bindings(self, needs: list[str], table: TableFacts) -> Iterator[_Binding]:
        if ("label" in needs and not table.label) or ("key" in needs and not self._numbered(table)):
            return
        empty = _Binding(table)
        parents = self._parents(table) if "parent" in needs else [None]
        for parent in parents:
            bound = replace(empty, parent=parent)
            if parent is not None and "parent key" in needs and len(parent.key.columns) != 1:
                continue
            others = parent.facts.of(*_SHOWN) if parent and "parent column" in needs else [None]
            for other in others:
                yield from self._with_columns(needs, replace(bound, parent_column=other))

    def _with_columns(self, needs: list[str], bound: _Binding) -> Iterator[_Binding]:
        table = bound.table
        if "amount" in needs:
            first = table.of("amount")
        elif "number" in needs:
            first = table.of("amount", "level", "year")
        elif "given" in needs or "given two" in needs:
            first = [fact for fact in table.of("choice") if fact.distinct > 1]
        elif "choice" in needs:
            first = table.of("choice", "flag", "year")
        elif "date" in needs:
            first = table.of("date")
        elif "column" in needs:
            first = table.of(*_SHOWN)
        else:
            yield bound
            return
        second: list[Fact | None] = [None]
        if "column2" in needs or ("column" in needs and ("number" in needs or "given" in needs)):
            second = [*table.of(*_SHOWN)]
        elif "choice" in needs and "number" in needs:
            second = [*table.of("choice")]
        for column in first:
            for other in second:
                if other is None or other.name != column.name:
                    yield replace(bound, column=column, column2=other)

    def _parents(self, table: TableFacts) -> list[_Parent]:
        keys = [k for k in table.table.foreign_keys if k.ref_table != table.table.name and k.ref_table in self._facts]
        single = [k for k in keys if sum(other.ref_table == k.ref_table for other in keys) == 1]
        return [_Parent(self._facts[k.ref_table], k) for k in single if self._facts[k.ref_table].label]

    def _numbered(self, table: TableFacts) -> bool:
        return table.identity is not None and table.identity.column.type in ("integer", "number")

    def _intent(self, frame: Mapping[str, Any], binding: _Binding) -> Intent | None:
        sql, slots = str(frame["sql"]), dict(frame.get("slots", {}))
        holes = self._holes(binding)
        named = binding.parent.facts.label if "one parent" in frame["needs"] and binding.parent else binding.table.label
        value = "{v}"
        if ":v" in sql:
            if len(named) == 2:
                hole = "PL" if "{PL} = :v" in sql else "L"
                first, last = named[0].name, named[1].name
                sql = sql.replace(f"{{{hole}}} = :v", f"{first} = :first AND {last} = :last")
                value = "{first} {last}"
                slots |= {"first": first, "last": last}
            else:
                slots["v"] = named[0].name
        identity = binding.table.identity
        if ":n" in sql and "n" not in slots and identity is not None:
            slots["n"] = f"int:{max(0, int(identity.low))}-{max(1, int(identity.high))}"
        given = binding.column2 if "number" in frame["needs"] else binding.column
        for slot in ("w", "x"):
            if f":{slot}" in sql and given is not None:
                slots[slot] = given.name
        for hole, text in holes.items():
            sql = sql.replace("{" + hole + "}", text)
        phrasings = self._worded(frame["phrasings"], binding, value)
        return None if _HOLE.search(sql) or not phrasings else Intent(sql, slots, phrasings)

    def _holes(self, binding: _Binding) -> dict[str, str]:
        table, parent = binding.table, binding.parent
        holes = {"T": table.table.name, "KNOWN": ""}
        if table.label:
            holes |= {"L": _list(table.label), "L1": table.label[0].name}
        if table.key:
            holes["K"] = table.key
        if binding.column:
            holes["C"] = binding.column.name
        if binding.column2:
            holes["C2"] = binding.column2.name
        if parent is not None:
            key, other = parent.key, parent.facts
            child, target = table.table.name, other.table.name
            on = [f"{child}.{a} = {target}.{b}" for a, b in zip(key.columns, key.ref_columns, strict=True)]
            holes |= {
                "P": target, "PL": _list(other.label), "ON": " AND ".join(on),
                "PK": f"{target}.{key.ref_columns[0]}", "GK": _list(other.label), "FK": f"{child}.{key.columns[0]}",
            }  # fmt: skip
            own = table.table.column(key.columns[0])
            if own is not None and own.nullable:
                holes["KNOWN"] = f" WHERE NOT {holes['FK']} IS NULL"
        if binding.parent_column:
            holes["PC"] = binding.parent_column.name
        return holes

    def _worded(self, frames: list[str], binding: _Binding, value: str) -> tuple[str, ...]:
        columns = [f for f in (binding.column, binding.column2) if f is not None]
        if not all(self._said.alone(fact.name) for fact in columns):
            frames = [f for f in frames if re.search(r"\{(t|ts|v|w)\}", f)]
        chosen = frames if len(frames) <= _WORDED else self._rng.sample(frames, _WORDED)
        return tuple(dict.fromkeys(self._fill(text, binding, value) for text in chosen))

    def _fill(self, text: str, binding: _Binding, value: str) -> str:
        said, table = self._said, binding.table.table.name
        holes = {"v": value, "n": "{n}", "w": "{w}", "x": "{x}", **self._name("t", "ts", said.table(table))}
        if binding.column:
            holes |= self._name("c", "cs", said.column(binding.column.name))
        if binding.column2:
            holes |= self._name("c2", "cs2", said.column(binding.column2.name))
        if binding.parent:
            holes |= self._name("p", "ps", said.table(binding.parent.facts.table.name))
        if binding.parent_column:
            holes |= self._name("pc", "pcs", said.column(binding.parent_column.name))
        return _HOLE.sub(lambda hole: holes.get(hole[1], hole[0]), text)

    def _name(self, one: str, many: str, name: Name) -> dict[str, str]:
        """The plainest name half of the time."""
        number = 0 if self._rng.random() < 0.5 else self._rng.randrange(len(name.ones))
        return {one: name.ones[number], many: name.many[min(number, len(name.many) - 1)]}


def _list(label: tuple[Fact, ...]) -> str:
    return ", ".join(fact.name for fact in label)
