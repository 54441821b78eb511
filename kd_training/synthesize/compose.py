"""Composes questions from measures, dimensions, filters and shapes: composition is what a small corpus lacks.

The four files under a corpus' `compose/` folder are data. A shape is a question form with its SQL form; a draft
is a shape with a measure, perhaps a dimension, up to two filters and a period put into its holes. Only tables that
the measure's root reaches over foreign keys take part, so a sum never counts a row twice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.joins import JoinGraph
from bot.schema import Schema
from kd_training.synthesize.draft import Draft, read_lines

Item = Mapping[str, Any]
_SPACES = re.compile(r"\s+")
_COLUMN = re.compile(r"[a-z_]+\.[a-z_]+")
_NESTED = re.compile(r"\(SELECT.*\)")
_DIMENSION_NEEDS = ("dimension", "bucket", "entity", "value_dimension", "simple_dimension")
_TAG_NEEDS = ("additive", "count", "rows")
_TIME_PAIR = re.compile(r"([a-z_.]+) >= :d0 AND \1 < :d1")


@dataclass(frozen=True, slots=True)
class Parts:
    """The four files, read."""

    measures: Sequence[Item]
    dimensions: Sequence[Item]
    filters: Sequence[Item]
    shapes: Sequence[Item]


def read_parts(folder: Path) -> Parts:
    """Read a `compose/` folder. Raises CorpusError."""
    return Parts(*(list(read_lines(folder / f"{n}.jsonl")) for n in ("measures", "dimensions", "filters", "shapes")))


class Composer:
    """Draws drafts over one schema."""

    def __init__(self, parts: Parts, schema: Schema) -> None:
        self._parts = parts
        self._schema = schema
        self._graph = JoinGraph(schema)
        self._named = {m["name"]: m for m in parts.measures}
        self._dimensions = {m["name"]: [d for d in parts.dimensions if self._fits(m, d)] for m in parts.measures}
        self._filters = {m["name"]: [f for f in parts.filters if self._reaches(m, f)] for m in parts.measures}

    def draw(self, rng: random.Random) -> list[Draft]:
        """One query in up to three wordings; nothing when the draw does not fit together."""
        shape = _weighted(self._parts.shapes, rng)
        measure, second = self._measures(shape, rng)
        if measure is None or not self._suits(measure, shape) or (second and not self._allowed(second, shape)):
            return []
        needs = shape.get("needs", [])
        if any(n.startswith("measure2") for n in needs) and second is None:
            return []
        kinds = [n for n in needs if n in _DIMENSION_NEEDS]
        first = self._dimension(measure, shape, kinds[0], None, rng) if kinds else None
        others = [n for n in needs if n in ("dimension2", "simple_dimension2")]
        other = self._dimension(measure, shape, others[0].rstrip("2"), first, rng) if others else None
        if (kinds and first is None) or (others and other is None):
            return []
        return _Fill(self, measure, shape, first, second, other, rng).drafts()

    def filters(self, measure: Item) -> list[Item]:
        """The filters that suit a measure."""
        return self._filters[measure["name"]]

    def foreign_key(self, root: str, table: str) -> tuple[str, bool] | None:
        """The column by which `root`, or what it joins to, points at `table`, and whether it may be NULL."""
        path = self._graph.path(root, table)
        if not path or len(path[-1].columns) != 1:
            return None
        hop = path[-1]
        column = self._schema.column(f"{hop.child}.{hop.columns[0]}")
        return f"{hop.child}.{hop.columns[0]}", bool(column and column.nullable)

    def _measures(self, shape: Item, rng: random.Random) -> tuple[Item | None, Item | None]:
        if shape.get("pairs"):
            names = rng.choice(shape["pairs"])
            return self._named.get(names[0]), self._named.get(names[1])
        measure = _weighted(self._parts.measures, rng)
        needs = shape.get("needs", [])
        if "measure2" not in needs and "measure2_any" not in needs:
            return measure, None
        same = [
            m
            for m in self._parts.measures
            if m is not measure
            and ("measure2_any" in needs or (m["root"] == measure["root"] and m.get("where") == measure.get("where")))
            and ("same_unit" not in needs or m["unit"] == measure["unit"])
        ]
        return measure, _weighted(same, rng) if same else None

    def _reaches(self, measure: Item, item: Item) -> bool:
        table, root = str(item.get("table", "")), str(measure["root"])
        if item.get("only_root") and root not in item["only_root"]:
            return False
        if item.get("only_measures") and measure["name"] not in item["only_measures"]:
            return False
        if measure["name"] in item.get("not_measures", []):
            return False
        text = " ".join([*item.get("select", []), _NESTED.sub("", item.get("where", ""))])
        if _columns(_NESTED.sub("", measure.get("where") or "")) & _columns(text):
            return False  # the measure already says it
        for wanted in {table, *(c.split(".")[0] for c in _columns(text))} - {"", root}:
            path = self._graph.path(root, wanted)
            if path is None or (wanted == table and item.get("via") and path[-1].child != item["via"]):
                return False
        if item.get("entity") and table == root and not item.get("only_measures"):
            return False  # one row each: nothing to add up
        return not (table == root and item.get("via", root) != root)

    def _fits(self, measure: Item, dimension: Item) -> bool:
        if dimension.get("bucket"):
            return bool(measure.get("date")) and "date" not in measure.get("tags", [])
        return self._reaches(measure, dimension)

    def _allowed(self, measure: Item, shape: Item) -> bool:
        return not set(measure.get("tags", [])) & set(shape.get("not_for", []))

    def _suits(self, measure: Item, shape: Item) -> bool:
        tags, needs = set(measure.get("tags", [])), shape.get("needs", [])
        if not self._allowed(measure, shape) or any(n not in tags for n in needs if n in _TAG_NEEDS):
            return False
        thresholds = [
            n for n, k in shape.get("slots", {}).items() if k.startswith("int:") and "LIMIT :" + n not in shape["sql"]
        ]
        if thresholds and (measure.get("no_threshold") or not measure.get("range")):
            return False
        return bool(measure.get("date")) or not {"periods", "bucket"} & set(needs)

    def _dimension(self, measure: Item, shape: Item, kind: str, taken: Item | None, rng: random.Random) -> Item | None:
        choices = [
            d
            for d in self._dimensions[measure["name"]]
            if bool(d.get("bucket")) == (kind == "bucket")
            and not (d.get("compound") and "compound" in shape.get("not_for", []))
            and d.get("bucket") not in shape.get("not_bucket", [])
            and not (taken and set(d["select"]) & set(taken["select"]))
        ]
        if kind == "entity":
            choices = [d for d in choices if d.get("entity") and not d.get("via") and d["table"] != measure["root"]]
        elif kind == "value_dimension":
            choices = [d for d in choices if self._is_value(d)]
        elif kind == "simple_dimension":
            choices = [d for d in choices if len(d["select"]) == 1]
        return _weighted(choices, rng) if choices else None

    def _is_value(self, dimension: Item) -> bool:
        select = dimension["select"]
        column = self._schema.column(select[0]) if len(select) == 1 else None
        return column is not None and column.type == "text"


class _Fill:
    """The holes of one shape, filled once."""

    def __init__(
        self,
        composer: Composer,
        measure: Item,
        shape: Item,
        dimension: Item | None,
        second: Item | None,
        dimension2: Item | None,
        rng: random.Random,
    ) -> None:
        self.composer, self.measure, self.shape, self.rng = composer, measure, shape, rng
        self.dimension, self.second, self.dimension2 = dimension, second, dimension2
        self.slots: dict[str, str] = {}
        self.base: list[str] = [measure["where"]] if measure.get("where") else []
        self.where = list(self.base)
        self.words: dict[str, str] = {"after": ""}

    def drafts(self) -> list[Draft]:
        """The finished drafts; none when the shape's words ask for what is not there."""
        phrasing = self._phrasing()
        if not self._thresholds():
            return []
        self._filters(phrasing)
        if "filter" in self.shape.get("needs", []) and not self.words["after"]:
            return []
        self._period(phrasing)
        if not self._complete():
            return []
        target = self._sql()
        if target is None:
            return []
        family = f"{self.shape['name']}/{self.measure['name']}"
        wordings = [phrasing, *(p for p in (self._phrasing(), self._phrasing()) if self._same_holes(p))]
        questions = dict.fromkeys(self._question(p) for p in wordings)
        return [Draft(q, target, dict(self.slots), family) for q in questions if q is not None]

    def _complete(self) -> bool:
        """Whether the measure has the period, bucket or table that it makes no sense without."""
        bucket = self.dimension is not None and self.dimension.get("bucket")
        if self.measure.get("requires_period_or_bucket") and "time" not in self.slots.values() and not bucket:
            return False
        tables = self.measure.get("requires_table")
        own = self.dimension.get("table") if self.dimension else None
        where = " ".join(self.where)
        return not tables or own in tables or any(f"{t}." in where for t in tables)

    def _same_holes(self, phrasing: str) -> bool:
        """Whether another phrasing can say all that is already decided."""
        if ("before" in self.words and "{b}" not in phrasing) or (self.words["after"] and "{f}" not in phrasing):
            return False
        return "time" not in self.words or self.words["time"] in phrasing

    def _phrasing(self) -> str:
        tags = [*self.measure.get("tags", []), *(self.dimension or {}).get("tags", [])]
        special = [p for t in tags for p in self.shape.get("phrasings_if", {}).get(t, [])]
        pool = special if special and self.rng.random() < 0.45 else self.shape["phrasings"]
        choice: str = self.rng.choice(pool)
        return choice

    def _thresholds(self) -> bool:
        low, high = (int(n) for n in self.measure.get("range", (1, 100)))
        for name, kind in self.shape.get("slots", {}).items():
            if kind == "dimension":
                if not self.dimension:
                    return False
                self.slots[name] = self.dimension["select"][0]
            elif kind.startswith("int:") and "LIMIT :" + name not in self.shape["sql"]:
                middle = (low + high) // 2
                span = {"n1": (low, middle), "n2": (middle + 1, high + 1)}.get(name, (low, high))
                self.slots[name] = f"int:{max(1, span[0])}-{max(2, span[1])}"
            else:
                self.slots[name] = kind
        return True

    def _filters(self, phrasing: str) -> None:
        wanted = self.rng.choices((0, 1, 2), weights=(45, 43, 12))[0]
        if "filter" in self.shape.get("needs", []):
            wanted = 1
        if "measure2_any" in self.shape.get("needs", []):
            wanted = 0  # a filter on one of two roots would say something else of the other
        taken = {c for d in (self.dimension, self.dimension2) if d for c in _columns(" ".join(d["select"]))}
        after: list[str] = []
        for _ in range(wanted):
            choices = self.composer.filters(self.measure)
            if not choices:
                break
            item = _weighted(choices, self.rng)
            times = "time" in item.get("slots", {}).values()
            columns = _columns(item["where"])
            if (
                (times and "time" in self.slots.values())
                or columns & taken
                or set(item.get("slots", {})) & set(self.slots)
            ):
                continue
            if not self._place(item, phrasing, after):
                continue
            taken |= columns
            if times or item.get("no_period"):
                self.words["own_period"] = "yes"
            self.where.append(_TIME_PAIR.sub(r"\1 = :d0", item["where"]))
            self.slots.update(item.get("slots", {}))
        self.words["after"] = " ".join(after)

    def _place(self, item: Item, phrasing: str, after: list[str]) -> bool:
        rows = "rows" in self.measure.get("tags", []) and self.measure["root"] in item.get("rows_roots", [])
        behind = (item.get("after_rows") if rows else None) or item["after"]
        before = (item.get("before_rows") if rows else None) or item.get("before") or []
        free = "{b}" in phrasing and "b" not in self.shape.get("slots", {}) and "before" not in self.words
        if before and free and "filter" not in self.shape.get("needs", []) and self.rng.random() < 0.6:
            self.words["before"] = self.rng.choice(before)
        elif "{f}" in phrasing and behind:
            after.append(self.rng.choice(behind))
        else:
            return False
        return True

    def _period(self, phrasing: str) -> None:
        places = [h for h in ("{t}", "{T}") if h in phrasing]
        if "time" in self.slots.values() or "own_period" in self.words or not places or not self.measure.get("date"):
            return
        if self.second and self.second.get("date") != self.measure["date"]:
            return
        must = self.measure.get("requires_period_or_bucket") and not (self.dimension and self.dimension.get("bucket"))
        if must or self.rng.random() < 0.5:
            self.slots["period"] = "time"
            self.words["time"] = self.rng.choice(places)
            self.where.append(f"{self.measure['date']} = :d0")
            self.base.append(f"{self.measure['date']} = :d0")

    def _sql(self) -> str | None:
        date, second = self.measure.get("date"), self.second or {}
        where2 = [second["where"]] if second.get("where") else []
        if "time" in self.words and second.get("date"):
            where2.append(f"{second['date']} = :d0")
        holes = {
            "M": self.measure["expr"],
            "R": self.measure["root"],
            "W": _all(self.where),
            "W0": _all(self.base),
            "P1": f"{date} = :d0",
            "P2": f"{date} = :d1",
            "M2": second.get("expr", ""),
            "R2": second.get("root", ""),
            "W2": _all(where2),
        }
        for name, dimension in (("D", self.dimension), ("D2", self.dimension2)):
            if dimension:
                holes[name] = ", ".join(dimension["select"]).replace("{date}", str(date))
        sql: str | None = self.shape["sql"]
        if self.dimension and "{K}" in self.shape["sql"]:
            holes |= {"K": self.dimension.get("key") or holes["D"], "DT": self.dimension.get("table", "")}
            sql = self._keys(self.shape["sql"])
        for name, text in holes.items():
            sql = sql.replace("{" + name + "}", text) if sql else None
        return None if sql is None or "{" in sql else _without_truisms(sql)

    def _keys(self, sql: str) -> str | None:
        """Inside IN (SELECT …) the root's own foreign key says the same as the dimension's key, with one join less."""
        for hole, measure in (("R", self.measure), ("R2", self.second)):
            inner = "(SELECT {K} FROM {" + hole + "} WHERE "
            if inner in sql:
                if not measure or not self.dimension or not self.dimension.get("key"):
                    return None
                key = self.composer.foreign_key(measure["root"], self.dimension["table"])
                if key is None:
                    return None
                known = f"NOT {key[0]} IS NULL AND " if key[1] and "NOT IN " + inner in sql else ""
                sql = sql.replace(inner, f"(SELECT {key[0]} FROM {{{hole}}} WHERE {known}")
        return sql

    def _question(self, phrasing: str) -> str | None:
        pick, time = self.rng.choice, self.words.get("time")
        holes = {
            "m": pick(self.measure["phrases"]),
            "mn": pick(self.measure.get("nouns") or self.measure["phrases"]),
            "c": pick(self.measure["clauses"]),
            "f": f" {self.words['after']}" if self.words["after"] else "",
            "t": " {period}" if time == "{t}" else "",
            "T": "{period}, " if time == "{T}" else "",
            "p1": "{period1}",
            "p2": "{period2}",
        }
        if "b" not in self.slots:
            holes["b"] = f"{self.words['before']} " if "before" in self.words else ""
        for suffix, dimension in (("", self.dimension), ("2", self.dimension2)):
            if dimension:
                holes |= {f"d{suffix}": pick(dimension["phrases"]), f"ds{suffix}": pick(dimension["plurals"])}
                holes[f"adv{suffix}"] = pick(dimension.get("adverb") or [f"per {holes[f'd{suffix}']}"])
        if self.second:
            holes |= {"m2": pick(self.second["phrases"]), "c2": pick(self.second["clauses"])}
            holes["mn2"] = pick(self.second.get("nouns") or self.second["phrases"])
        text = re.sub(r"\{(\w+)\}", lambda m: str(holes.get(m.group(1), m.group(0))), phrasing)
        left = set(re.findall(r"\{(\w+)\}", text)) - set(self.slots)
        return None if left else _SPACES.sub(" ", text).strip()


def _weighted(items: Sequence[Item], rng: random.Random) -> Item:
    return rng.choices(items, weights=[float(i.get("weight", 1)) for i in items])[0]


def _columns(text: str) -> set[str]:
    return set(_COLUMN.findall(text))


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(f"({c})" if " OR " in c else c for c in conditions) or "1 = 1"


def _without_truisms(sql: str) -> str:
    sql = sql.replace(" WHERE 1 = 1 AND ", " WHERE ").replace(" AND 1 = 1", "")
    return sql.replace(" WHERE 1 = 1", "")
