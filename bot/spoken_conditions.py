"""Conditions of a query as parts of a noun phrase: "active employees in Berlin hired in 2026 with salary over $50"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from bot.canonical import conjuncts, sources
from bot.expression_parts import day_of, number, stripped
from bot.flat_query import aggregates, is_aggregate
from bot.intervals import ONE_DAY
from bot.nouns import plural, singular, spoken
from bot.period_phrases import span_words
from bot.query_shape import parsed
from bot.spoken_arithmetic import NO_ROWS, Rows
from bot.spoken_comparisons import OVER, SPAN, Comparisons, Phrase, Place
from bot.spoken_names import LABELS, PEOPLE, PLACES, column_words, listed
from bot.spoken_values import Values


@dataclass(frozen=True)
class Conditions:
    """Words for conditions. `query` says a nested query, `rows_of` the rows that a nested SELECT reads."""

    values: Values
    query: Callable[[exp.Expr], str]
    rows_of: Callable[[exp.Select], str]
    today: date | None = None

    def phrases(
        self, tests: Sequence[exp.Expr], select: exp.Select, dates: frozenset[str] = frozenset(), rows: Rows = NO_ROWS
    ) -> list[Phrase]:
        """A phrase a condition. `dates` are columns, `table.column`, whose period needs no verb beside it;
        `rows` is what a COUNT(*) of the SELECT counts."""
        found, left = self._terms(split(tests), select)
        spans: dict[str, tuple[exp.Expr, date | None, date | None]] = {}
        for test in left:
            bound = _bound(test, self.values.kinds.of(test.this, select).kind == "date")
            if bound is None:
                continue
            column, first, after = bound
            _, old_first, old_after = spans.get(column.sql(), (column, None, None))
            if (first and old_first) or (after and old_after):
                continue
            spans[column.sql()] = (column, first or old_first, after or old_after)
            left = [t for t in left if t is not test]
        for column, first, after in spans.values():
            found.append(self._dated(column, span_words(first, after, self.today), select, dates))
        people = self._people(left, select)
        found += people
        left = [t for t in left if not (people and _person(t))]
        return found + [p for t in left for p in [self._phrase(t, select, dates, rows)]]

    def noun_phrase(self, nouns: str, one: str, phrases: Sequence[Phrase]) -> str:
        """Rows of one source: `nouns` and `one` are its plural and its singular."""
        texts = {place: list(dict.fromkeys(p.text for p in phrases if p.place == place)) for place in _places()}
        if texts["name"]:
            nouns = f"{one} {' or '.join(texts['name'])}" if len(texts["name"]) == 1 else (
                f"{one} {' and '.join(texts['name'])}"
            )
        parts = [*(["their"] if texts["their"] else []), *texts["before"], nouns, *texts["in"]]
        parts += [" and ".join(texts["did"])] if texts["did"] else []
        parts += [f"with {listed(texts['with'])}"] if texts["with"] else []
        parts += [f"without {' or '.join(texts['without'])}"] if texts["without"] else []
        parts += [f"that {' and '.join(texts['that'])}"] if texts["that"] else []
        parts += [f"({t})" for t in texts["only"]]
        return " ".join(parts)

    def _terms(self, tests: list[exp.Expr], select: exp.Select) -> tuple[list[Phrase], list[exp.Expr]]:
        """The glossary's conditions among the tests, and what is left."""
        found: list[Phrase] = []
        for term in self.values.names.glossary.conditions:
            wanted = split([parsed(term.expr)])
            source = next((s.alias_or_name for s in sources(select) if s.name == term.root), term.root)
            last = singular(spoken(term.root)).split()[-1]
            words = spoken(term.name)
            place: Place = "before" if words.split()[-1] == last else "with"
            words = words.removesuffix(f" {last}")
            if all(w in tests for w in wanted):
                found.append(Phrase(source, place, words))
                tests = [t for t in tests if t not in wanted]
                continue
            for test in tests:
                if isinstance(test, exp.Not) and split([test.this]) == wanted:
                    found.append(Phrase(source, "that", f"are not {words}"))
                    tests = [t for t in tests if t is not test]
        return found, tests

    def _people(self, tests: Sequence[exp.Expr], select: exp.Select) -> list[Phrase]:
        """First and last name of one person, said as one name."""
        named = [t for t in tests if _person(t)]
        by: dict[str, dict[str, str]] = {}
        for test in named:
            if isinstance(test, exp.EQ) and isinstance(test.left, exp.Column):
                by.setdefault(test.left.table, {})[test.left.name] = number(test.right)
        if len(named) != sum(map(len, by.values())) or not all(len(parts) == 2 for parts in by.values()):
            return []
        return [Phrase(source, "name", " ".join(parts[p] for p in PEOPLE)) for source, parts in by.items()]

    def _dated(self, node: exp.Expr, span: str, select: exp.Select, dates: frozenset[str]) -> Phrase:
        found = self.values.names.found(node, select)
        if found is None or not isinstance(node, exp.Column):
            return Phrase(self._source(node, select), "with", f"{self.values.of(node, select)} {span}")
        if f"{node.table}.{node.name}" in dates:
            return Phrase(SPAN, "in", span)
        verb = self.values.names.verb(*found)
        if verb == spoken(node.name):
            return Phrase(node.table, "with", f"{verb} {span}")
        return Phrase(node.table, "did", f"{verb} {span}".strip())

    def _source(self, node: exp.Expr, select: exp.Select) -> str:
        """The one source that a condition speaks of; else the SELECT's root."""
        own = {s.alias_or_name for s in sources(select) if isinstance(s, exp.Table)}
        spoken_of = {c.table for c in node.find_all(exp.Column) if c.table in own}
        alone = len(spoken_of) == 1 and not is_aggregate(node)
        return spoken_of.pop() if alone else self.values.names.root(select)

    def _phrase(self, test: exp.Expr, select: exp.Select, dates: frozenset[str], rows: Rows) -> Phrase:
        test = stripped(test)
        negated = isinstance(test, exp.Not)
        inner = stripped(test.this) if negated else test
        source = self._source(inner, select)
        if isinstance(inner, exp.Is):
            return self._null(inner, source, negated, select)
        if isinstance(inner, exp.Exists):
            nested = inner.find(exp.Select)
            if nested is not None:
                words = self.rows_of(nested)
                words = words.removeprefix("their ") if "their " in words else f"any {words} at all"
                return Phrase(source, "without" if negated else "with", words)
        if isinstance(inner, exp.In):
            return self._in(inner, source, negated, select)
        if isinstance(inner, exp.Or):
            outside = self._outside(inner, select, dates)
            if outside is not None and not negated:
                return outside
            texts = [self.brief([part], select, dates) for part in _either(inner)]
            joined = (" nor " if negated else " or ").join(texts)
            return Phrase(source, "only", f"neither {joined}" if negated else joined)
        if isinstance(inner, exp.Between):
            low, high = (self.values.literal(inner.args[k], inner.this, select) for k in ("low", "high"))
            text = f"{self.values.of(inner.this, select)} {'not ' if negated else ''}from {low} to {high}"
            return Phrase(source, "with", text)
        if isinstance(inner, exp.Like):
            name, pattern = self.values.of(inner.this, select), number(inner.expression)
            column = self.values.names.found(inner.this, select)
            name = "name" if column and column[1].name in LABELS else name
            return Phrase(source, "with", f"{name} {'not ' if negated else ''}{_pattern(pattern)}")
        if negated and isinstance(inner, exp.And):
            return Phrase(source, "only", f"not both {self.brief([inner], select, dates)}")
        if negated:
            return Phrase(source, "that", f"are not {self.brief([inner], select, dates)}")
        if type(inner) in OVER and isinstance(inner, exp.Binary):
            return Comparisons(self.values, self.rows_of, self.today).of(inner, source, select, rows)
        if isinstance(inner, exp.Column):
            return Phrase(source, "that", f"are {column_words(inner.name)}")
        return Phrase(source, "with", self.values.of(inner, select) if not isinstance(inner, exp.And) else
                      self.brief([inner], select, dates))

    def _outside(self, test: exp.Or, select: exp.Select, dates: frozenset[str]) -> Phrase | None:
        """Before a period or after it."""
        low, high = stripped(test.left), stripped(test.right)
        if not (isinstance(low, exp.LT) and isinstance(high, exp.GTE) and low.this == high.this):
            return None
        first, after = day_of(low.expression), day_of(high.expression)
        return self._dated(low.this, "not " + span_words(first, after), select, dates) if first and after else None

    def brief(
        self, tests: Sequence[exp.Expr], select: exp.Select, dates: frozenset[str] = frozenset(), joint: str = ""
    ) -> str:
        """Conditions alone, without the rows that they are about: "in October 2026", "channel web". `joint` stands
        before those that need a word: "with"."""
        parts = []
        root = self.values.names.root(select)
        for phrase in self.phrases(tests, select, dates):
            names = self.values.names
            if phrase.source not in (SPAN, root):
                one = names.noun(phrase.source, select)
                whole = self.noun_phrase(names.nouns(phrase.source, select), one, [phrase])
                parts.append(f"for {whole}" if joint else whole)
            elif phrase.place == "name":
                parts.append(f"{'for ' if joint else ''}{names.noun(root, select)} {phrase.text}")
            elif phrase.place == "before":
                parts.append(f"if {phrase.text}" if joint else phrase.text)
            else:
                word = {"without": "without ", "with": f"{joint} " if joint else ""}.get(phrase.place, "")
                parts.append(word + phrase.text.removeprefix("are "))
        return " and ".join(parts)

    def _null(self, test: exp.Is, source: str, negated: bool, select: exp.Select) -> Phrase:
        found = self.values.names.found(test.this, select)
        missing = isinstance(test.expression, exp.Null) != negated
        if found and found[1].type in ("date", "timestamp") and " " not in (verb := self.values.names.verb(*found)):
            return Phrase(source, "that", f"are not {verb}") if missing else Phrase(source, "before", verb)
        words = self.values.of(test.this, select)
        referred = self.values.names.referred(test.this, select)
        if referred is not None:
            words = words.removesuffix(" ID")
        return Phrase(source, "without" if missing else "with", ("any " if missing else _an(words)) + words)

    def _in(self, test: exp.In, source: str, negated: bool, select: exp.Select) -> Phrase:
        query = test.args.get("query")
        if query is None:
            return self._in_list(test, source, negated, select)
        inner = stripped(query)
        while isinstance(inner, exp.Subquery):
            inner = inner.this
        column, other = stripped(test.this), None
        if isinstance(inner, exp.Select) and not inner.args.get("limit") and len(inner.expressions) == 1:
            other = stripped(inner.expressions[0])
        names, word = self.values.names, "not " if negated else ""
        if isinstance(column, exp.Column) and isinstance(other, exp.Column) and isinstance(inner, exp.Select):
            found, goal = names.found(column, select), names.found(other, inner)
            if found and goal and (found[1].name,) == found[0].primary_key:
                role = other.name.removesuffix("_id")
                itself = goal[0].name == found[0].name and names.root(inner) == other.table
                named = role != other.name and role != singular(found[0].name)
                if named and not aggregates(inner):
                    return Phrase(source, "that", f"are {word}{plural(spoken(role))} of {self.rows_of(inner)}")
                if not itself:
                    return Phrase(source, "without" if negated else "with", self.rows_of(inner))
            elif found and goal and names.linked(column, other, select, inner) and not aggregates(inner):
                return Phrase(source, "in", f"{word}of {self.rows_of(inner)}")
        words = self.values.of(column, select)
        return Phrase(source, "with", f"{words} {word}among the {self.query(inner)}")

    def _in_list(self, test: exp.In, source: str, negated: bool, select: exp.Select) -> Phrase:
        column, word = stripped(test.this), "not " if negated else ""
        values = [self.values.literal(v, column, select) for v in test.expressions]
        said = listed(values).replace(" and ", " or ") if not negated else " or ".join(values)
        found = self.values.names.found(column, select)
        name = found[1].name.lower() if found else ""
        if name in LABELS:
            return Phrase(source, "name", f"other than {said}" if negated else said)
        if name in PLACES:
            return Phrase(source, "in", f"{word}in {said}")
        return Phrase(source, "with", f"{self.values.of(column, select)} {word}{said}")


def split(tests: Sequence[exp.Expr]) -> list[exp.Expr]:
    """The parts that are joined by AND, parentheses opened."""
    found: list[exp.Expr] = []
    for test in tests:
        bare = stripped(test)
        found += split(conjuncts(bare)) if isinstance(bare, exp.And) else [bare]
    return found


def _places() -> tuple[Place, ...]:
    return ("name", "their", "before", "in", "did", "with", "without", "that", "only")


def _an(words: str) -> str:
    return "an " if words[:1] in "aeiou" else "a "


def _either(test: exp.Expr) -> list[exp.Expr]:
    bare = stripped(test)
    return [*_either(bare.left), *_either(bare.right)] if isinstance(bare, exp.Or) else [bare]


def _person(test: exp.Expr) -> bool:
    if not (isinstance(test, exp.EQ) and isinstance(test.left, exp.Column) and isinstance(test.right, exp.Literal)):
        return False
    return test.left.name in PEOPLE


def _pattern(text: str) -> str:
    """A LIKE pattern: "containing desk"."""
    inner = text.strip("%")
    if "%" in inner or "_" in inner or "%" not in text:
        return f"like {text.replace('%', '…')}"
    return f"{'containing' if text[0] == text[-1] else 'ending with' if text[0] == '%' else 'starting with'} {inner}"


def _bound(test: exp.Expr, whole: bool) -> tuple[exp.Expr, date | None, date | None] | None:
    """A side of a half-open interval of days, or both. `whole`: what is compared is a day and no time of day."""
    if whole and isinstance(test, exp.EQ | exp.GT | exp.LTE) and (day := day_of(test.right)) is not None:
        first = None if isinstance(test, exp.LTE) else day if isinstance(test, exp.EQ) else day + ONE_DAY
        return stripped(test.left), first, None if isinstance(test, exp.GT) else day + ONE_DAY
    if whole and isinstance(test, exp.Between):
        low, high = day_of(test.args["low"]), day_of(test.args["high"])
        return (stripped(test.this), low, high + ONE_DAY) if low and high else None
    if not isinstance(test, exp.GTE | exp.LT):
        return None
    day = day_of(test.right)
    if day is None:
        return None
    return (stripped(test.left), day, None) if isinstance(test, exp.GTE) else (stripped(test.left), None, day)
