"""Composes questions from measures, dimensions, filters and shapes: composition is what a small corpus lacks.

The four files under a corpus' `compose/` folder are data. A shape is a question form with its SQL form; a draft
is a shape with a measure, perhaps a dimension, up to two filters and a period put into its holes. Only tables that
the measure's root reaches over foreign keys take part, so a sum never counts a row twice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.joins import JoinGraph
from bot.schema import Schema
from kd_training.synthesize.draft import Draft, read_lines
from kd_training.synthesize.holes import Holes, Item, columns_of, weighted
from kd_training.synthesize.listing import lists_of

_NESTED = re.compile(r"\(SELECT.*\)")
_DIMENSION_NEEDS = ("dimension", "bucket", "entity", "value_dimension", "simple_dimension")
_TAG_NEEDS = ("additive", "count", "rows")


@dataclass(frozen=True, slots=True)
class Parts:
    """The four files, read."""

    measures: Sequence[Item]
    dimensions: Sequence[Item]
    filters: Sequence[Item]
    shapes: Sequence[Item]


def read_parts(folder: Path) -> Parts:
    """Read a `compose/` folder. Raises CorpusError."""
    parts = Parts(*(list(read_lines(folder / f"{n}.jsonl")) for n in ("measures", "dimensions", "filters", "shapes")))
    return replace(parts, filters=[f for item in parts.filters for f in lists_of(item)])


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
        shape = weighted(self._parts.shapes, rng)
        measure, second, third = self._measures(shape, rng)
        if measure is None or not self._suits(measure, shape) or (second and not self._allowed(second, shape)):
            return []
        needs = shape.get("needs", [])
        if any(n.startswith("measure2") for n in needs) and second is None:
            return []
        kinds = [n for n in needs if n in _DIMENSION_NEEDS]
        first = self._dimension(measure, shape, kinds[0], None, rng, second) if kinds else None
        others = [n for n in needs if n in ("dimension2", "simple_dimension2")]
        other = self._dimension(measure, shape, others[0].rstrip("2"), first, rng) if others else None
        if (kinds and first is None) or (others and other is None):
            return []
        return Holes(self, (measure, second, third), shape, first, other, rng).drafts()

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

    def _measures(self, shape: Item, rng: random.Random) -> tuple[Item | None, Item | None, Item | None]:
        if shape.get("pairs"):
            found = [self._named.get(n) for n in rng.choice(shape["pairs"])]
            return found[0], found[1], found[2] if len(found) > 2 else None
        measure = weighted(self._parts.measures, rng)
        needs = shape.get("needs", [])
        if "measure2" not in needs and "measure2_any" not in needs:
            return measure, None, None
        same = [
            m
            for m in self._parts.measures
            if m is not measure
            and ("measure2_any" in needs or (m["root"] == measure["root"] and m.get("where") == measure.get("where")))
            and ("same_unit" not in needs or m["unit"] == measure["unit"])
        ]
        return measure, weighted(same, rng) if same else None, None

    def _reaches(self, measure: Item, item: Item) -> bool:
        table, root = str(item.get("table", "")), str(measure["root"])
        if item.get("only_root") and root not in item["only_root"]:
            return False
        if item.get("only_measures") and measure["name"] not in item["only_measures"]:
            return False
        if measure["name"] in item.get("not_measures", []):
            return False
        text = " ".join([*item.get("select", []), _NESTED.sub("", item.get("where", ""))])
        if columns_of(_NESTED.sub("", measure.get("where") or "")) & columns_of(text):
            return False  # the measure already says it
        for wanted in {table, *(c.split(".")[0] for c in columns_of(text))} - {"", root}:
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
        own = shape.get("threshold") != "measure2"
        if thresholds and own and (measure.get("no_threshold") or not measure.get("range")):
            return False
        return bool(measure.get("date")) or not {"periods", "bucket"} & set(needs)

    def _dimension(
        self, measure: Item, shape: Item, kind: str, taken: Item | None, rng: random.Random, second: Item | None = None
    ) -> Item | None:
        choices = [
            d
            for d in self._dimensions[measure["name"]]
            if bool(d.get("bucket")) == (kind == "bucket")
            and not (d.get("compound") and "compound" in shape.get("not_for", []))
            and d.get("bucket") not in shape.get("not_bucket", [])
            and d["name"] not in shape.get("not_dimensions", [])
            and d.get("distinct", 99) >= list(shape.get("slots", {}).values()).count("dimension")
            and not (taken and set(d["select"]) & set(taken["select"]))
        ]
        if second and "dimension_of_both" in shape.get("needs", []):
            choices = [d for d in choices if d in self._dimensions[second["name"]]]
        if kind == "entity":
            choices = [d for d in choices if d.get("entity") and not d.get("via") and d["table"] != measure["root"]]
        elif kind == "value_dimension":
            choices = [d for d in choices if self._is_value(d)]
        elif kind == "simple_dimension":
            choices = [d for d in choices if len(d["select"]) == 1]
        return weighted(choices, rng) if choices else None

    def _is_value(self, dimension: Item) -> bool:
        select = dimension["select"]
        column = self._schema.column(select[0]) if len(select) == 1 else None
        return column is not None and column.type == "text"
