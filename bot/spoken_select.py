"""One SELECT, read for being said: its rows with their conditions, its order and limit, the metrics that it reckons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlglot import exp

from bot.canonical import sources
from bot.expression_parts import stripped
from bot.flat_query import aggregates, is_aggregate
from bot.nouns import nth
from bot.query_shape import behind, parsed
from bot.spoken_comparisons import SPAN, Phrase, superlative
from bot.spoken_conditions import Conditions, split
from bot.spoken_names import PEOPLE, Names
from bot.spoken_values import Values

_TIMES = ("date", "timestamp", "month", "quarter", "year", "week", "weekday", "hour")


class Voice(Protocol):
    """What says the parts of queries, and whole ones."""

    names: Names
    values: Values
    conditions: Conditions

    def query(self, node: exp.Expr) -> str: ...

    def keys_alone(self, keys: exp.Select, like: exp.Select) -> str: ...


class Said:
    """What lists and groups have in common."""

    def __init__(
        self, voice: Voice, select: exp.Select, plain: bool = False, like: exp.Select | None = None
    ) -> None:
        self.voice, self.select = voice, select
        self.names, self.values, self.conditions = voice.names, voice.values, voice.conditions
        self.root = self.names.root(select)
        self.grouped = aggregates(select)
        self.items = list(select.expressions)
        metrics, others = self._metrics(like or select)
        glossary = self.names.glossary
        known = [m for m in glossary.metrics if m.name in metrics]
        same = {m.date for m in known}
        self.dates = frozenset(same - {""}) if len(same) == 1 else frozenset[str]()
        self.phrases: list[Phrase] = []
        self.having: list[Phrase] = []
        if plain:
            return
        where = select.args.get("where")
        tests = split([where.this]) if where else []
        for join in select.args.get("joins") or []:
            tests += split([join.args["on"]] if join.args.get("on") else [])
        tests = [t for t in tests if not self._joins(t)]
        if not others:
            meant = [t for m in known if m.where for t in split([parsed(m.where)])]
            tests = [t for t in tests if t not in meant] if all(t in tests for t in meant) else tests
        else:
            self.dates = frozenset()
        self.phrases = self.conditions.phrases(tests, select, self.dates)
        having = select.args.get("having")
        self.having = self.conditions.phrases(
            split([having.this]) if having else [], select, self.dates, {self.root: self.rows()}
        )

    def _joins(self, test: exp.Expr) -> bool:
        """Whether a condition only follows a foreign key from one source to another."""
        sides = (test.left, test.right) if isinstance(test, exp.EQ) else ()
        if not sides or not all(isinstance(s, exp.Column) for s in sides):
            return False
        here = all(self.names.home(s, self.select) is self.select for s in sides if isinstance(s, exp.Column))
        left, right = sides
        assert isinstance(left, exp.Column) and isinstance(right, exp.Column)
        derived = any(self.names.table(s.table, self.select) is None for s in (left, right))
        return here and (derived or self.names.linked(left, right, self.select, self.select))

    def rows(self, one: bool = False, source: str = "") -> str:
        """The rows that are read, or those of another source, with the conditions about them."""
        source = source or self.root
        if not source:
            return self._derived_rows()
        own = [p for p in self.phrases if p.source == source]
        noun = self.names.noun(source, self.select)
        return self.conditions.noun_phrase(noun if one else self.names.nouns(source, self.select), noun, own)

    def _derived_rows(self) -> str:
        listed_ = sources(self.select)
        inner = listed_[0].this if listed_ and isinstance(listed_[0], exp.Subquery) else None
        words = "rows"
        if isinstance(inner, exp.Select) and inner.args.get("group"):
            keys = inner.copy()
            keys.set("expressions", [k.copy() for k in inner.args["group"].expressions])
            words = self.voice.keys_alone(keys, inner)
        elif inner is not None:
            words = self.voice.query(inner)
        return self.conditions.noun_phrase(words, words, [p for p in self.phrases if p.source == ""])

    def others(self, said: str = "") -> list[str]:
        """The conditions about other sources than the one that is `said`, one phrase a source."""
        said = said or self.root
        order = sorted(dict.fromkeys(p.source for p in self.phrases), key=lambda s: s != self.root)
        return [self.rows(source=source) for source in order if source not in ("", SPAN, said)]

    def _tail(self) -> list[str]:
        """What follows the head in any query."""
        outer = [j for j in self.select.args.get("joins") or [] if str(j.side).upper() == "LEFT"]
        left = [self.names.nouns(j.this.alias_or_name, self.select) for j in outer
                if isinstance(j.this, exp.Table)]
        return [f"even without {' or '.join(left)}"] if left else []

    def span(self) -> str:
        """The period of the metrics, which needs no rows beside it."""
        return " ".join(p.text for p in self.phrases if p.source == SPAN)

    def group(self) -> list[exp.Expr]:
        """The expressions of GROUP BY."""
        group = self.select.args.get("group")
        return [stripped(g) for g in group.expressions] if group else []

    def _is_label(self, node: exp.Expr) -> bool:
        found = self.names.found(node, self.select)
        return found is not None and (found[1].name in PEOPLE or found[1].name == "name")

    def _is_id(self, node: exp.Expr) -> bool:
        found = self.names.found(node, self.select)
        return found is not None and (found[1].name,) == found[0].primary_key

    def _texts(self, items: Sequence[exp.Expr]) -> list[str]:
        """The words of columns, first and last name as one."""
        nodes = [stripped(i) for i in items if not i.is_star]
        stars = [i for i in items if i.is_star]
        people = [self._person(n) for n in nodes]
        whole = [f"all {self.names.noun(s.table, self.select)} columns" if isinstance(s, exp.Column) else "all columns"
                 for s in stars]
        return whole + [source if source and people.count(source) > 1 else self.values.of(node, self.select)
                        for node, source in zip(nodes, people, strict=True)]

    def _person(self, node: exp.Expr) -> str:
        """Whose first or last name it is, be it through a derived table."""
        while isinstance(node, exp.Column) and self.names.found(node, self.select) is None:
            inner = behind(node, self.select)
            if inner is None or not isinstance(inner[0], exp.Column):
                return ""
            return self.names.noun(inner[0].table, inner[1]) if inner[0].name in PEOPLE else ""
        named = isinstance(node, exp.Column) and node.name in PEOPLE
        return self.names.noun(node.table, self.select) if named and isinstance(node, exp.Column) else ""

    def _order(self) -> str:
        order = self.select.args.get("order")
        return " then ".join(self._ordering(o) for o in order.expressions) if order else ""

    def _ordering(self, ordered: exp.Expr) -> str:
        node, down = stripped(ordered), bool(ordered.args.get("desc"))
        kind = self.values.kinds.of(node, self.select).kind
        if kind in _TIMES:
            words = "latest" if down else "earliest"
        elif kind == "text":
            words = "Z to A" if down else "A to Z"
        else:
            words = "highest" if down else "lowest"
        only = self._only(node)
        keys = [g for g in self.group() if g == node]
        if only or (kind in _TIMES and keys and len(self.group()) == 1):
            return words if kind == "text" else f"{words} first"
        name = self.values.of(node, self.select)
        return f"{name} {words}" if kind == "text" else f"{words} {name} first"

    def _only(self, node: exp.Expr) -> bool:
        """Whether "highest first" alone can mean this one of what is shown."""
        alike = [i for i in self.items if is_aggregate(i)]
        if not alike:
            alike = [i for i in self.items if self._sort(i) == self._sort(node)]
        return len(alike) == 1 and stripped(alike[0]) == node

    def _sort(self, node: exp.Expr) -> str:
        kind = self.values.kinds.of(node, self.select).kind
        return "time" if kind in _TIMES else "text" if kind == "text" else "number"

    def _number(self, key: str) -> int | None:
        clause = self.select.args.get(key)
        text = clause.expression.name if clause is not None else ""
        return int(text) if text.isdigit() else None

    def _limit(self) -> str:
        order = self.select.args.get("order")
        skipped = self._number("offset")
        if skipped and self._number("limit") == 1:
            return f"only the {nth(skipped + 1)}"
        down = bool(order and order.expressions[0].args.get("desc"))
        return ", ".join(filter(None, [limit_words(self.select, "top" if down else "first"), self._offset()]))

    def _offset(self) -> str:
        skipped = self._number("offset")
        return f"after the first {skipped}" if skipped else ""

    def best(self) -> str:
        """ "the 12 with the highest revenue", for the order and limit of a derived table."""
        order, limit = self.select.args.get("order"), self.select.args.get("limit")
        once = "each once" if self.select.args.get("distinct") else ""
        if limit is None:
            return once
        first = superlative(order.expressions[0], self.values, self.select) if order else ""
        most = f"the {limit.expression.name} with the {first}" if first else f"the first {limit.expression.name}"
        return ", ".join(filter(None, [once, most, self._offset()]))

    def test_text(self, phrase: Phrase) -> str:
        """A condition on groups."""
        word = {"with": "with ", "without": "without ", "that": "that "}.get(phrase.place, "")
        return word + phrase.text

    def _metrics(self, select: exp.Select) -> tuple[set[str], bool]:
        """The metrics among what is selected, filtered and ordered by; and whether anything else is reckoned."""
        metrics: set[str] = set()
        others = False
        queue: list[exp.Expr] = [stripped(i) for i in select.expressions]
        queue += [n for n in (select.args.get("having"), select.args.get("order")) if n is not None]
        while queue:
            node = stripped(queue.pop())
            name = self.values.term(node, self.select)
            if name and self.names.glossary.metric(name):
                metrics.add(name)
            elif isinstance(node, exp.Query):
                continue
            elif isinstance(node, exp.Div) and isinstance(stripped(node.right), exp.Count):
                queue.append(node.left)  # "revenue per customer" is said of the revenue's rows
            elif isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window):
                branches = node.find(exp.Case)
                true = branches.args["ifs"][0].args["true"] if branches else None
                name = self.values.term(type(node)(this=true.copy()), self.select) if true is not None else ""
                metrics |= {name} - {""}
                others = others or not name
            else:
                queue.extend(node.iter_expressions())
        return metrics, others


def limit_words(node: exp.Query, word: str) -> str:
    """ "top 5"."""
    clause = node.args.get("limit")
    return f"{word} {clause.expression.name}" if clause is not None else ""
