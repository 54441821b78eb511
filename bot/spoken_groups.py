"""A SELECT that gives one row a group: "revenue by country", "customers with more than 5 orders"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from bot.expression_parts import stripped
from bot.flat_query import is_aggregate
from bot.nouns import nth, plural, spoken
from bot.spoken_comparisons import OVER, superlative
from bot.spoken_conditions import split
from bot.spoken_names import PEOPLE, listed
from bot.spoken_select import Said

_ADJUNCT = re.compile(r" (?=(?:in|on|from|since|before|with|without|that|for|placed|opened|hired|paid) )")


class Groups(Said):
    """Words for groups and their measures, or for one row of totals."""

    def words(self) -> str:
        measures = [i for i in self.items if is_aggregate(i)]
        return self.keys_alone() if not measures else self._measured(measures)

    def measures(self, measures: Sequence[exp.Expr], by: str) -> str:
        """Measures, what they are grouped by and the rows they are reckoned from."""
        counts = {id(m): source for m in measures if (source := self._counted(m)) is not None}
        first = next(iter(counts), None)
        counted = counts[first] if first is not None else ""
        texts, rows = [], self.rows(source=counted)
        for measure in measures:
            texts.append(self.values.of(measure, self.select, {counted: rows} if id(measure) == first else {}))
        keys = self._keys()
        parts = [listed(_shortened(texts))]
        if keys:
            parts.append(f"{by} {listed(keys)}")
        if span := self.span():
            parts.append(span)
        others = self.others(counted)
        source = counted or self.root
        plain = self.names.nouns(source, self.select) if source else ""
        used = any(rows in text for text in texts)
        if not used and rows != plain and self.root:
            others = [rows, *others] if keys or len(texts) > 1 else others
            if not keys and len(texts) == 1:
                parts.append(f"of {rows}")
        return ", ".join([" ".join(parts), *others])

    def _measured(self, measures: Sequence[exp.Expr]) -> str:
        parts = [self.measures(measures, "by")]
        extra = [i for i in self.items if not is_aggregate(i) and not self._is_key(i)]
        parts += [f"with {listed(self._texts(extra))}"] if extra else []
        named = {n.table for i in self.items if isinstance(n := stripped(i), exp.Column) and self._is_label(n)}
        hidden = [k for k in self.group() if not any(stripped(i) == k for i in self.items)
                  and not (isinstance(k, exp.Column) and k.table in named)]
        if self._keys() and hidden and len(hidden) == len(self.group()):
            parts.append("figures alone")
        limits = self._limits(measures)
        parts += [limits] if limits else [
            f"only {self.test_text(p)}" if p.place != "only" else p.text for p in self.having
        ]
        parts += [*self._tail(), self._order(), self._limit()]
        return ", ".join(filter(None, parts))

    def keys_alone(self, once: bool = True) -> str:
        """Groups without a measure: "customers with more than 5 orders". `once`: say so where rows are many."""
        nouns = [self._key_plural(i) for i in self.items] or ["rows"]
        singles = [self._key_one(i) for i in self.items]
        nouns = nouns if len(set(nouns)) == 1 else singles
        head, rest = listed(nouns), [*self.others()]
        order = self.select.args.get("order")
        plain = self.names.nouns(self.root, self.select) if self.root else ""
        used, rows = False, self.rows()
        withs = [p.text for p in self.having if p.place == "with"]
        used = any(rows in w for w in withs)
        if withs:
            head += f" with {listed(withs)}"
        limit = self._number("limit")
        if order and limit and is_aggregate(order):
            best = " and ".join(
                superlative(o, self.values, self.select, {} if used else {self.root: rows})
                for o in order.expressions
            )
            used = used or rows in best
            one = listed(singles)
            skipped = self._number("offset")
            best = f"{nth(skipped + 1)} {best}" if limit == 1 and skipped else best
            head = (f"{one} with the {best}" if limit == 1 and not withs else
                    f"{limit} {head} with the {best}" if not withs else f"{head}, the {limit} with the {best}")
            tail = [self._offset() if limit != 1 else ""]
        else:
            tail = [self._order(), self._limit()]
        if not self.having and not (order and is_aggregate(order)) and once:
            head, used = f"{head} of {rows}, each once", True
        used = used or rows in head
        if span := self.span():
            head += f" {span}"
        rest = [rows, *rest] if rows != plain and not used else rest
        rest += [] if self.group() else ["all in one row"]
        others = [self.test_text(p) for p in self.having if p.place != "with"]
        return ", ".join(filter(None, [head, *rest, *others, *self._tail(), *tail]))

    def _keys(self) -> list[str]:
        """What it is grouped by; a key that only tells two of one name apart is not said."""
        group = self.group()
        named = {g.table for g in group if isinstance(g, exp.Column) and self._is_label(g)}
        shown = [g for g in group if any(stripped(i) == g for i in self.items)]
        inside = [n for i in self.items if is_aggregate(i) for n in i.find_all(exp.Column)]
        group = [g for g in group if g in shown or g not in inside]
        found = []
        for key in group:
            apart = isinstance(key, exp.Column) and key.table in named and not self._is_label(key)
            if apart and (key not in shown or self._is_id(key)):
                continue
            found.append(self._key_one(key))
        return list(dict.fromkeys(found))

    def _is_key(self, item: exp.Expr) -> bool:
        node, group = stripped(item), self.group()
        if node in group or not (isinstance(node, exp.Column) and self._is_label(node)):
            return node in group
        return any(isinstance(g, exp.Column) and self._is_id(g) and g.table == node.table for g in group)

    def _key_one(self, item: exp.Expr) -> str:
        node = stripped(item)
        if isinstance(node, exp.Column):
            if self._is_id(node) or (self._is_label(node) and not self._half(node)):
                return self.names.noun(node.table, self.select)
            if self.names.referred(node, self.select):
                return spoken(node.name).removesuffix(" ID")
        return self.values.of(node, self.select)

    def _half(self, node: exp.Column) -> bool:
        """Whether it is a first or last name without the other."""
        shown = {c.name for c in map(stripped, self.items) if isinstance(c, exp.Column) and c.table == node.table}
        return node.name in PEOPLE and len(shown & set(PEOPLE)) == 1

    def _key_plural(self, item: exp.Expr) -> str:
        node = stripped(item)
        if isinstance(node, exp.Column) and (self._is_id(node) or self._is_label(node)) and not self._half(node):
            return self.names.nouns(node.table, self.select)
        return plural(self._key_one(node))

    def _counted(self, node: exp.Expr) -> str | None:
        """The source whose rows a measure counts."""
        if self.values.term(stripped(node), self.select):
            return None
        for inside in node.find_all(exp.Count):
            if inside.find_ancestor(exp.Select) not in (self.select, None):
                continue
            column = stripped(inside.this)
            distinct = isinstance(column, exp.Distinct)
            if isinstance(column, exp.Distinct):
                column = stripped(column.expressions[0])
            if isinstance(column, exp.Star | exp.Literal):
                return self.root
            if isinstance(column, exp.Column) and self._is_id(column) and (distinct or column.table == self.root):
                return column.table
        return None

    def _limits(self, measures: Sequence[exp.Expr]) -> str:
        """ "only over 7", where the one measure that is shown is what HAVING compares with a number."""
        having = self.select.args.get("having")
        tests = split([having.this]) if having else []
        test = tests[0] if len(tests) == 1 and len(measures) == 1 else None
        if not isinstance(test, exp.GT | exp.GTE | exp.LT | exp.LTE):
            return ""
        measure = stripped(measures[0])
        if stripped(test.left) != measure:
            return ""
        if isinstance(test.right.this if isinstance(test.right, exp.Neg) else test.right, exp.Literal):
            return f"only {OVER[type(test)]} {self.values.literal(test.right, measure, self.select)}"
        return f"only {OVER[type(test)]} {self.values.of(test.right, self.select)}"


def _shortened(texts: list[str]) -> list[str]:
    """Measures of one kind side by side: "revenue in 2025" and "in 2026"."""
    first = texts[0] if texts else ""
    found = [first]
    for text in texts[1:]:
        cut = next((m.start() for m in _ADJUNCT.finditer(text) if first.startswith(text[: m.start()] + " ")), 0)
        found.append(text[cut:].strip() if cut and _ADJUNCT.match(first[cut:]) else text)
    return found
