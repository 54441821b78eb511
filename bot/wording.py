"""A checked query in one plain sentence fragment, for people to choose by who know no SQL.

    Revenue by country in October 2026, highest first, top 5
    Number of customers in Germany
    Employees with salary over the average salary of employees of the same department
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.canonical import CanonicalError, canonicalize, sources
from bot.column_kinds import KindReader
from bot.expression_parts import stripped
from bot.flat_query import aggregates, flatten, is_aggregate
from bot.formats import shorten
from bot.glossary import Glossary
from bot.nouns import heading, plural, rows_of, spoken
from bot.query_shape import behind, parsed
from bot.schema import Schema
from bot.spoken_comparisons import OVER, SPAN, Phrase, superlative
from bot.spoken_conditions import Conditions, split
from bot.spoken_names import PEOPLE, Names, listed
from bot.spoken_values import Values

LONGEST = 160  # characters
_SEE = "… (see the SQL)"
_JOINED = {exp.Union: "together with", exp.Intersect: "that are also among", exp.Except: "that are not among"}
_ADJUNCT = re.compile(r" (?=(?:in|on|from|since|before|with|without|that|for|placed|opened|hired|paid) )")
_TIMES = ("date", "timestamp", "month", "quarter", "year", "week", "weekday", "hour")


def in_words(sql: str, schema: Schema, glossary: Glossary, today: date | None = None) -> str:
    """The query in words, at most 160 characters. Never raises: what has no words is named by its tables, and what
    is too long is cut, with a hint to see the SQL."""
    try:
        tree = canonicalize(sql, schema)
        assert isinstance(tree, exp.Query)
        words = _Wording(schema, glossary, today).query(flatten(tree))
    except (CanonicalError, SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        # SQL written by hand can have shapes that nobody thought of: words that fail must not fail the answer.
        return _named(sql, schema)
    words = heading(re.sub(r"\s+", " ", words).strip())
    return words if len(words) <= LONGEST else shorten(words, LONGEST - len(_SEE)).rstrip("… ,") + _SEE


def _named(sql: str, schema: Schema) -> str:
    """The tables that a query mentions, where that is all there is to say."""
    found = [rows_of(t.name) for t in schema.tables if re.search(rf"\b{re.escape(t.name)}\b", sql, re.IGNORECASE)]
    return shorten(f"Something about {listed(found)}" if found else "A query", LONGEST - len(_SEE)) + _SEE


class _Wording:
    """Puts queries into words; the readers of values and conditions ask it for nested queries."""

    def __init__(self, schema: Schema, glossary: Glossary, today: date | None) -> None:
        self.names = Names(schema, glossary)
        kinds = KindReader(schema)
        self.values = Values(self.names, kinds, self._among, self._taken, self._nested, self._derived)
        self.conditions = Conditions(self.values, self.query, self.rows_of, today)

    def query(self, node: exp.Expr) -> str:
        """A query of any kind, in small letters."""
        while isinstance(node, exp.Subquery):
            node = node.this
        if isinstance(node, exp.SetOperation):
            word = _JOINED[type(node)]
            if isinstance(node, exp.Union) and not node.args.get("distinct"):
                word = "followed by"
            tail = self.limit(node, "first")
            return ", ".join(filter(None, [f"{self.query(node.this)}, {word} {self.query(node.expression)}", tail]))
        assert isinstance(node, exp.Select)
        if not sources(node):
            return listed([self.values.of(item, node) for item in node.expressions])
        return _Select(self, node).words()

    def limit(self, node: exp.Query, word: str) -> str:
        """ "top 5"."""
        clause = node.args.get("limit")
        return f"{word} {clause.expression.name}" if clause is not None else ""

    def rows_of(self, select: exp.Select) -> str:
        """The rows that a nested query reads: "orders placed in 2026 for customers in Germany"."""
        said = _Select(self, select)
        if aggregates(select) and select.args.get("having"):
            return listed([p.text for p in said.having])
        return " for ".join([said.rows(), *said.others()])

    def _nested(self, node: exp.Expr) -> str:
        """A query that stands for one value."""
        words = self.query(node)
        select = node.find(exp.Select)
        whole = select is not None and not select.args.get("where") and not select.args.get("group")
        return f"the overall {words}" if whole and select and aggregates(select) else f"the {words}"

    def _among(self, tests: Sequence[exp.Expr], select: exp.Select) -> str:
        """Conditions inside an aggregate, alone."""
        return self.conditions.brief(tests, select, _Select(self, select, plain=True).dates, "with")

    def _taken(self, tests: Sequence[exp.Expr], select: exp.Select) -> str:
        """Conditions inside a count: the rows that it counts."""
        said = _Select(self, select, plain=True)
        said.phrases = self.conditions.phrases(tests, select)
        return " for ".join([said.rows(), *said.others()])

    def _derived(self, select: exp.Select, item: exp.Expr) -> str:
        """A column that a derived table selects, with what it was reckoned from."""
        said = _Select(self, select)
        limits = list(filter(None, [*(said.test_text(p) for p in said.having), said.best()]))
        if not is_aggregate(item):
            key = any(stripped(item) == stripped(g) for g in said.group())
            words = self.values.of(item, select)
            told = select.args.get("limit") or any(p.source == said.root for p in said.phrases)
            rows = said.rows() if told and not key else ""
            words = f"{words} of {rows}" if rows else words
            return f"{words} ({', '.join(limits)})" if limits and not key else words
        words = said.measures([item], "per")
        return f"{words} ({', '.join(limits)})" if limits else words


def nth(place: int) -> str:
    """ "2nd", "11th"."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{place}{'th' if place % 100 in (11, 12, 13) else ends.get(place % 10, 'th')}"


def _shortened(texts: list[str]) -> list[str]:
    """Measures of one kind side by side: "revenue in 2025" and "in 2026"."""
    first = texts[0] if texts else ""
    found = [first]
    for text in texts[1:]:
        cut = next((m.start() for m in _ADJUNCT.finditer(text) if first.startswith(text[: m.start()] + " ")), 0)
        found.append(text[cut:].strip() if cut and _ADJUNCT.match(first[cut:]) else text)
    return found


class _Select:
    """One SELECT, read once."""

    def __init__(
        self, wording: _Wording, select: exp.Select, plain: bool = False, like: exp.Select | None = None
    ) -> None:
        self.wording, self.select = wording, select
        self.names, self.values, self.conditions = wording.names, wording.values, wording.conditions
        self.root = self.names.root(select)
        self.grouped = aggregates(select)
        self.items = [self._star(i) for i in select.expressions]
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

    def words(self) -> str:
        """All of it."""
        return self._groups() if self.grouped else self._list()

    # Rows and conditions

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
            words = _Select(self.wording, keys, like=inner).keys_alone(once=False)
        elif inner is not None:
            words = self.wording.query(inner)
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

    def _span(self) -> str:
        """The period of the metrics, which needs no rows beside it."""
        return " ".join(p.text for p in self.phrases if p.source == SPAN)

    # A row a group

    def _groups(self) -> str:
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
        if span := self._span():
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
        hidden = [k for k in self.group() if not any(stripped(i) == k for i in self.items)]
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
        if span := self._span():
            head += f" {span}"
        rest = [rows, *rest] if rows != plain and not used else rest
        rest += [] if self.group() else ["all in one row"]
        others = [self.test_text(p) for p in self.having if p.place != "with"]
        return ", ".join(filter(None, [head, *rest, *others, *self._tail(), *tail]))

    def group(self) -> list[exp.Expr]:
        group = self.select.args.get("group")
        return [stripped(g) for g in group.expressions] if group else []

    def _keys(self) -> list[str]:
        """What it is grouped by; a key that only tells two of one name apart is not said."""
        group = self.group()
        named = {g.table for g in group if isinstance(g, exp.Column) and self._is_label(g)}
        shown = [g for g in group if any(stripped(i) == g for i in self.items)]
        inside = [n for i in self.items if is_aggregate(i) for n in i.find_all(exp.Column)]
        group = [g for g in group if g in shown or g not in inside]
        found = []
        for key in group:
            if isinstance(key, exp.Column) and key.table in named and not self._is_label(key):
                if key not in shown or self._is_id(key):
                    continue
            found.append(self._key_one(key))
        return list(dict.fromkeys(found))

    def _is_key(self, item: exp.Expr) -> bool:
        return stripped(item) in self.group()

    def _is_label(self, node: exp.Expr) -> bool:
        found = self.names.found(node, self.select)
        return found is not None and (found[1].name in PEOPLE or found[1].name == "name")

    def _is_id(self, node: exp.Expr) -> bool:
        found = self.names.found(node, self.select)
        return found is not None and (found[1].name,) == found[0].primary_key

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
        if isinstance(test.right, exp.Literal):
            return f"only {OVER[type(test)]} {self.values.literal(test.right, measure, self.select)}"
        return f"only {OVER[type(test)]} {self.values.of(test.right, self.select)}"

    # A row a row

    def _list(self) -> str:
        limit, order = self._number("limit"), self.select.args.get("order")
        head, alone = self._columns()
        simple = not any(p.place not in ("before", "in") for p in self.phrases if p.source == self.root)
        best = superlative(order.expressions[0], self.values, self.select) if order else ""
        first = stripped(order.expressions[0]) if order else None
        shown = first is not None and not alone and self._only(first)
        neat = bool(limit and order and len(order.expressions) == 1 and simple)
        neat = neat and not (shown and (limit != 1 or not isinstance(first, exp.Column)))
        if neat:
            rows = self.rows(one=limit == 1)
            skipped = self._number("offset")
            best = f"{nth(skipped + 1)} {best}" if limit == 1 and skipped else best
            rows = f"{rows} with the {best}" if limit == 1 else f"{limit} {rows} with the {best}"
            rows = rows if alone else f"the {rows}"
        else:
            rows = self.rows()
        if not alone and len(self.items) == 1 and limit != 1 and not any(
            p.place == "name" and p.source == self.root for p in self.phrases
        ):
            head = self._plural_item(self.items[0], head)
        words = rows if alone else f"{head} of {rows}"
        parts = [words, *self.others()]
        parts += ["each once"] if self.select.args.get("distinct") else []
        parts += [self.test_text(p) for p in self.having]
        parts += [*self._tail(), self._offset() if limit != 1 else ""] if neat else [*self._tail(), self._order(), self._limit()]
        if span := self._span():
            parts[0] += f" {span}"
        return ", ".join(filter(None, parts))

    def _columns(self) -> tuple[str, bool]:
        """The columns of a list; and whether they only name its rows."""
        names = [stripped(i) for i in self.items]
        people = [n for n in names if isinstance(n, exp.Column) and n.name in PEOPLE]
        both = {n.table for n in people if sum(p.table == n.table for p in people) == 2}
        texts = self._texts(self.items)
        own = all(isinstance(n, exp.Column) and n.table == self.root and self._is_label(n) for n in names)
        alone = own and ((len(names) == 1 and not people) or (len(names) == 2 and bool(both)))
        root = self.names.noun(self.root, self.select) if self.root else ""
        return listed(["name" if t == root else t for t in texts]), alone

    def _texts(self, items: Sequence[exp.Expr]) -> list[str]:
        """The words of columns, first and last name as one."""
        nodes = [stripped(i) for i in items]
        people = [self._person(n) for n in nodes]
        return [source if source and people.count(source) > 1 else self.values.of(node, self.select)
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

    def _plural_item(self, item: exp.Expr, words: str) -> str:
        node = stripped(item)
        if isinstance(node, exp.Column):
            return self.names.nouns(node.table, self.select) if self._is_label(node) else plural(words)
        return words

    def _star(self, item: exp.Expr) -> exp.Expr:
        return item

    # Order and limit

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
        down = bool(order and order.expressions[0].args.get("desc"))
        return ", ".join(filter(None, [self.wording.limit(self.select, "top" if down else "first"), self._offset()]))

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
