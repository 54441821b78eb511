"""The holes of one composed question: what fills them in the words and in the SQL."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kd_training.synthesize.draft import Draft
from kd_training.synthesize.listing import every, listed
from kd_training.synthesize.qualifiers import Qualifier, attach

if TYPE_CHECKING:
    from kd_training.synthesize.compose import Composer

Item = Mapping[str, Any]
_SPACES = re.compile(r"\s+")
_COLUMN = re.compile(r"\b[A-Za-z_]\w*\.[A-Za-z_]\w*")
_TIME_PAIR = re.compile(r"([\w.]+) >= :d0 AND \1 < :d1")


class Holes:
    """The holes of one shape, filled once."""

    def __init__(
        self,
        composer: Composer,
        measures: tuple[Item, Item | None, Item | None],
        shape: Item,
        dimension: Item | None,
        dimension2: Item | None,
        rng: random.Random,
    ) -> None:
        self.composer, self.shape, self.rng = composer, shape, rng
        self.measure, self.second, self.third = measures
        self.dimension, self.dimension2 = dimension, dimension2
        self.slots: dict[str, str] = {}
        self.base: list[str] = _own(self.measure)
        self.where = list(self.base)
        self.where2: list[str] = _own(self.second)
        self.after: list[str] = []
        self.words: dict[str, str] = {}

    def drafts(self) -> list[Draft]:
        """The finished drafts; none when the shape's words ask for what is not there."""
        phrasing = self._phrasing()
        if not self._thresholds():
            return []
        self._filters(phrasing)
        if "filter" in self.shape.get("needs", []) and not self.after:
            return []
        if self.shape.get("list") and not (self.after or "before" in self.words):
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
        if ("before" in self.words and "{b}" not in phrasing) or (self.after and "{f}" not in phrasing):
            return False
        return "time" not in self.words or self.words["time"] in phrasing

    def _phrasing(self) -> str:
        tags = [*self.measure.get("tags", []), *(self.dimension or {}).get("tags", [])]
        special = [p for t in tags for p in self.shape.get("phrasings_if", {}).get(t, [])]
        pool = special if special and self.rng.random() < 0.45 else self.shape["phrasings"]
        if self._must_be_named():
            pool = [p for p in self.shape["phrasings"] if "{d}" in p or "{ds}" in p] or pool
        choice: str = self.rng.choice(pool)
        return choice

    def _must_be_named(self) -> bool:
        """Whether a value alone would be taken for another column's: Germany, the supplier's or the customer's?"""
        return (
            self.dimension is not None
            and self.measure["root"] not in self.dimension.get("plain_roots", [self.measure["root"]])
            and "dimension" in self.shape.get("slots", {}).values()
        )

    def _thresholds(self) -> bool:
        counted = self.second if self.second and self.shape.get("threshold") == "measure2" else self.measure
        low, high = (int(n) for n in counted.get("range", (1, 100)))
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
        needs = self.shape.get("needs", [])
        wanted = self.rng.choices((0, 1, 2, 3), weights=self.shape.get("filters", (45, 43, 12, 0)))[0]
        if "filter" in needs:
            wanted = 1
        if "measure2_any" in needs and "both_filtered" not in needs:
            wanted = 0  # a filter on one of two roots would say something else of the other
        taken = {c for d in (self.dimension, self.dimension2) if d for c in columns_of(" ".join(d["select"]))}
        choices = self.composer.filters(self.measure)
        if "both_filtered" in needs and self.second:
            there = {f["name"] for f in self.composer.filters(self.second)}
            choices = [f for f in choices if f["name"] in there and "time" not in f.get("slots", {}).values()]
        shown = columns_of(f"{self.measure['expr']} {self._expr(self.second)} {self._expr(self.third)}")
        if "list" in self.measure.get("tags", []):
            choices = [f for f in choices if not any(f"{c} = " in f["where"] or f"{c} IN" in f["where"] for c in shown)]
        if "filter" in needs:
            choices = [f for f in choices if not f.get("says_nothing")]
        first = [f for f in choices if f["name"] in self.shape.get("first_filter", [])]
        for i in range(wanted):
            if not choices:
                break
            item = weighted(first if first and i == 0 else choices, self.rng)
            times = "time" in item.get("slots", {}).values()
            columns = columns_of(item["where"])
            if (
                (times and "time" in self.slots.values())
                or columns & taken
                or set(item.get("slots", {})) & set(self.slots)
            ):
                continue
            if not self._place(item, phrasing):
                continue
            taken |= columns
            if times or item.get("no_period"):
                self.words["own_period"] = "yes"
            self.where.append(_TIME_PAIR.sub(r"\1 = :d0", item["where"]))
            if "both_filtered" in needs:
                self.where2.append(item["where"])
            self.slots.update(item.get("slots", {}))

    @staticmethod
    def _expr(measure: Item | None) -> str:
        return str(measure["expr"]) if measure else ""

    def _place(self, item: Item, phrasing: str) -> bool:
        grouped = self.dimension is not None
        rows = "rows" in self.measure.get("tags", []) and self.measure["root"] in item.get("rows_roots", [])
        behind = (item.get("after_rows") if rows else None) or item["after"]
        if "not_after" in self.measure:
            behind = [w for w in behind if not re.match(self.measure["not_after"], w)]
        before = (item.get("before_rows") if rows else None) or item.get("before") or []
        free = "{b}" in phrasing and "b" not in self.shape.get("slots", {}) and "before" not in self.words
        if before and free and "filter" not in self.shape.get("needs", []) and self.rng.random() < 0.6:
            self.words["before"] = listed(item, self.rng.choice(before), grouped, self.rng)
        elif "{f}" in phrasing and behind:
            self.after.append(listed(item, self.rng.choice(behind), grouped, self.rng))
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
        where2 = list(self.where2)
        if "time" in self.words and second.get("date"):
            where2.append(f"{second['date']} = :d0")
        holes = {
            "M": self.measure["expr"],
            "R": self.measure["root"],
            "W": _all(self.where),
            "W0": _all(self.base),
            "P1": f"{date} = :d0",
            "P2": f"{date} = :d1",
            "M2": self._expr(self.second),
            "R2": second.get("root", ""),
            "W2": _all(where2),
            "M3": self._expr(self.third),
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
            "f": "".join(f" {w}" for w in self.after),
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
        if self.third:
            holes |= {"m3": pick(self.third["phrases"]), "mn3": pick(self.third.get("nouns") or self.third["phrases"])}
        values = ["{" + v + "}" for v in ("a", "b", "e") if v in self.shape.get("slots", {})]
        if len(values) > 1:
            holes["abe"] = every(values, self.rng)
        if self.second:
            holes |= {"m2": pick(self.second["phrases"]), "c2": pick(self.second["clauses"])}
            holes["mn2"] = pick(self.second.get("nouns") or self.second["phrases"])
        tacked = self._tacked_on(holes)
        text = re.sub(r"\{(\w+)\}", lambda m: str(holes.get(m.group(1), m.group(0))), phrasing)
        if tacked:
            text = attach(_SPACES.sub(" ", text).strip(), tacked, self.rng)
        left = set(re.findall(r"\{(\w+)\}", text)) - set(self.slots)
        return None if left else _SPACES.sub(" ", text).strip()

    def _tacked_on(self, holes: dict[str, str]) -> Qualifier | None:
        """What of the filters and the period is said elsewhere; their holes are then empty."""
        needs = self.shape.get("needs", [])
        fixed = "filter" in needs or self.shape.get("fixed")
        apart = "{W2}" in self.shape["sql"] and "both_filtered" not in needs
        if fixed or apart or self.rng.random() > 0.3 or not (self.after or holes.get("b") or holes["t"]):
            return None
        kept: list[str] = []
        words = before = period = ""
        if self.after:
            keep = self.rng.randrange(len(self.after))
            kept, words = self.after[:keep], ", ".join(self.after[keep:])
        elif holes.get("b"):
            before, holes["b"] = holes["b"].strip(), ""
        if holes["t"] and (self.rng.random() < 0.5 or not (words or before)):
            period, holes["t"] = "{period}", ""
        holes["f"] = "".join(f" {w}" for w in kept)
        count = "rows" in self.measure.get("tags", []) and self.rng.random() < 0.7
        return Qualifier(words, period, before, holes["mn"] if count else "")


def weighted(items: Sequence[Item], rng: random.Random) -> Item:
    return rng.choices(items, weights=[float(i.get("weight", 1)) for i in items])[0]


def columns_of(text: str) -> set[str]:
    return set(_COLUMN.findall(text))


def _own(measure: Item | None) -> list[str]:
    return [measure["where"]] if measure and measure.get("where") else []


def _all(conditions: Sequence[str]) -> str:
    return " AND ".join(f"({c})" if " OR " in c else c for c in conditions) or "1 = 1"


def _without_truisms(sql: str) -> str:
    sql = sql.replace(" WHERE 1 = 1 AND ", " WHERE ").replace(" AND 1 = 1", "")
    return sql.replace(" WHERE 1 = 1", "")
