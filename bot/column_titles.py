"""A heading for a selected expression: "Country", "Revenue", "Average salary", "Month", "Orders: web"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from bot.canonical import conjuncts, sources
from bot.column_kinds import KindReader, is_julian, is_percentage, quotient
from bot.condition_words import LABELS, MADE_UP, ConditionWords
from bot.glossary import Glossary
from bot.nouns import heading, lowered, plural, rows_of, singular, spoken, words_of
from bot.query_shape import bare, behind, finest_table, origin, parsed, role, table_names
from bot.schema import Schema

SUFFIXED = re.compile(r"(\w+)_value(?:_\d+)?")  # a word that SQL keeps for itself, made a name: "month_value"
LONGEST = 64  # characters of a heading
_DEEP = 20
_BUCKETS = {"%Y-%m": "Month", "%m": "Month", "%Y": "Year", "%Y-%W": "Week", "%w": "Weekday", "%H": "Hour",
            "%Y-%m-%d": "Day", "%d": "Day of month"}


_DATED = ("date", "timestamp", "month", "quarter", "year", "week")


@dataclass(frozen=True)
class TitleReader:
    """Headings over one schema and glossary. Where there is nothing to say, it says nothing: ""."""

    schema: Schema
    glossary: Glossary
    kinds: KindReader
    conditions: ConditionWords = field(init=False)
    terms: dict[str, exp.Expr] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "conditions", ConditionWords(self.schema, self.glossary, self.quantity))
        glossary = self.glossary
        terms = {m.name: m.expr for m in glossary.metrics} | {e.name: e.expr for e in glossary.expressions}
        terms |= {c.name: c.expr for c in glossary.conditions}
        object.__setattr__(self, "terms", {name: bare(parsed(text)) for name, text in terms.items()})

    def title(self, item: exp.Expr, select: exp.Select) -> str:
        """The heading of one item of the SELECT list."""
        if isinstance(item, exp.Alias):
            return heading(spoken(item.alias))
        return heading(self.of(item, select))

    def noun(self, item: exp.Expr, select: exp.Select) -> str:
        """The plural of what the item's values are ("countries") or of what it counts ("orders")."""
        node = bare(item)
        if isinstance(node, exp.Filter):
            node = bare(node.this)
        if isinstance(node, exp.Column):
            return self._values_noun(node, select)
        if self._is_tally(node):
            return self._root(select)
        if isinstance(node, exp.Count):
            return self._counted(node, select)
        if isinstance(node, exp.DPipe | exp.Concat) and (column := node.find(exp.Column)):
            return self._values_noun(column, select) if column.name in ("first_name", "last_name") else ""
        return ""

    def of(self, item: exp.Expr, select: exp.Select, deep: int = 0) -> str:
        """The heading of an expression, in small letters where it is made of words."""
        node = bare(item)
        if deep > _DEEP:
            return ""
        if term := self._term(node, select):
            return spoken(term)
        if isinstance(node, exp.Column):
            return self._column(node, select)
        for rule in (self._aggregate, self._bucket, self._arithmetic, self._rest):
            found = rule(node, select, deep)
            if found is not None:
                return found if len(found) <= LONGEST else ""
        return ""

    def quantity(self, item: exp.Expr, select: exp.Select, deep: int = 0) -> str:
        """The words of a number that a condition compares; "" where they would not say all of it."""
        node = bare(item)
        if deep > _DEEP:
            return ""
        if term := self._term(node, select):
            where, metric = select.args.get("where"), self.glossary.metric(term)
            given = conjuncts(where.this if where else None)
            wanted = conjuncts(parsed(metric.where)) if metric and metric.where else []
            return spoken(term) if all(test in given for test in wanted) else ""
        if isinstance(node, exp.Column):
            inner = behind(node, select)
            return self._column(node, select) if inner is None or isinstance(inner[0], exp.Column) else ""
        if isinstance(node, exp.Count):
            return "" if _branches(node) else self._counted(node, select)
        if isinstance(node, exp.Sum | exp.Avg | exp.Min | exp.Max):
            whole = not isinstance(bare(node.this), exp.Count) and self.quantity(node.this, select, deep + 1)
            return lowered(self.of(node, select)) if whole else ""
        return self._duration(node, select) or ""

    def _term(self, node: exp.Expr, select: exp.Select) -> str:
        """The glossary's word for the expression, if it has one."""
        node = _split(node)
        for name, term in self.terms.items():
            if node != term:
                continue
            metric = self.glossary.metric(name)
            if metric is None or len(set(node.find_all(exp.Column))) > 1:
                return name
            # COUNT(*) alone says nothing: it takes the metric's table and condition to mean the metric.
            where = select.args.get("where")
            given = conjuncts(where.this) if where else []
            wanted = conjuncts(parsed(metric.where)) if metric.where else []
            if metric.root in table_names(select)[:1] and all(w in given for w in wanted):
                return name
        return ""

    def _column(self, node: exp.Column, select: exp.Select) -> str:
        if better := self._looked_through(node, select):
            return better
        found = origin(node, select, self.schema)
        if found is None:
            return spoken(node.name)
        tables = table_names(select)
        several = len(tables) > 1
        prefix = spoken(role(found.source, select, self.schema)) if several else ""
        if prefix == singular(spoken(found.table.name)):
            prefix = ""
        name = _column_words(node.name)
        if not found.direct and node.name != found.column.name:
            return name  # the subquery named it anew
        if name == "ID":
            return f"{prefix or singular(spoken(found.table.name))} ID"
        if found.column.name.lower() in LABELS and (several or not found.direct):
            return prefix or singular(spoken(found.table.name))
        return f"{prefix} {name}".strip()

    def _looked_through(self, node: exp.Column, select: exp.Select) -> str:
        """What a column is in the subquery that gave it a made-up name; "" where its own name says enough."""
        suffixed = SUFFIXED.fullmatch(node.name)
        made_up = suffixed or node.name.startswith("_") or MADE_UP.fullmatch(node.name)
        inner = behind(node, select) if made_up else None
        better = self.of(inner[0], inner[1], _DEEP - 2) if inner else ""
        return better if not suffixed or spoken(suffixed[1]) == better else ""

    def _values_noun(self, node: exp.Column, select: exp.Select) -> str:
        found = origin(node, select, self.schema)
        if found is None:
            return ""
        name = found.column.name.lower()
        if name in LABELS or name in ("first_name", "last_name") or (name,) == found.table.primary_key:
            return plural(spoken(found.table.name))
        return plural(_column_words(name)) if found.column.type == "text" else ""

    def _root(self, select: exp.Select) -> str:
        table = finest_table(select, self.schema)
        return rows_of(table.name) if table else ""

    def _grouped(self, select: exp.Select) -> str:
        """What the groups of a lone subquery are, as a plural: "customers" for those of GROUP BY customer_id."""
        listed = list(sources(select))
        inner = listed[0].this if len(listed) == 1 and isinstance(listed[0], exp.Subquery) else None
        group = inner.args.get("group") if isinstance(inner, exp.Select) else None
        key = bare(group.expressions[0]) if group is not None and len(group.expressions) == 1 else None
        found = origin(key, inner, self.schema) if isinstance(key, exp.Column) and inner is not None else None
        if found is None:
            return ""
        if (found.column.name,) == found.table.primary_key:
            return rows_of(found.table.name)
        referred = next((k.ref_table for k in found.table.foreign_keys if k.columns == (found.column.name,)), "")
        return rows_of(referred) if referred else plural(_column_words(found.column.name))

    def _counted(self, node: exp.Count, select: exp.Select) -> str:
        """What a COUNT counts, as a plural; "" when that has no name."""
        inside = bare(node.this)
        if isinstance(inside, exp.Star | exp.Literal):
            return self._root(select) or self._grouped(select)
        distinct = isinstance(inside, exp.Distinct)
        column = bare(inside.expressions[0]) if isinstance(inside, exp.Distinct) else inside
        found = origin(column, select, self.schema) if isinstance(column, exp.Column) else None
        if found is None:
            bucket = self.of(column, select, _DEEP) if distinct and isinstance(column, exp.TimeToStr) else ""
            return plural(bucket) if bucket else ""
        if (found.column.name,) == found.table.primary_key:
            return rows_of(found.table.name)
        for key in found.table.foreign_keys:
            if key.columns == (found.column.name,):
                return rows_of(key.ref_table) if distinct else self._root(select)
        return plural(_column_words(found.column.name)) if distinct else ""

    def _aggregate(self, node: exp.Expr, select: exp.Select, deep: int) -> str | None:
        if isinstance(node, exp.Filter):
            inner = self.of(node.this, select, deep + 1)
            return self._under(inner, node.expression.this, select)
        branches = _branches(node)
        if len(branches) == 1:
            whole = type(node)(this=branches[0].args["true"].copy())
            title = self._root(select) if self._is_tally(node) else self.of(whole, select, deep + 1)
            return self._under(title, branches[0].this, select)
        if isinstance(node, exp.Count):
            return self._counted(node, select) or "count"
        if isinstance(node, exp.Sum):
            return self._sum(node, select, deep)
        if isinstance(node, exp.Avg):
            return f"average {lowered(self.of(node.this, select, deep + 1))}".strip()
        if isinstance(node, exp.Min | exp.Max):
            low = isinstance(node, exp.Min)
            dated = self.kinds.of(node, select).kind in _DATED
            word = ("earliest" if low else "latest") if dated else ("lowest" if low else "highest")
            return f"{word} {lowered(self.of(node.this, select, deep + 1))}".strip()
        return None

    def _is_tally(self, node: exp.Expr) -> bool:
        """SUM(CASE WHEN … THEN 1 ELSE 0 END): a count in disguise."""
        branches = _branches(node)
        one = len(branches) == 1 and branches[0].args["true"].name == "1"
        return one and isinstance(node, exp.Sum | exp.Count)

    def _sum(self, node: exp.Sum, select: exp.Select, deep: int) -> str:
        inner, summed = self.of(node.this, select, deep + 1), bare(node.this)
        if isinstance(summed, exp.Column) and origin(summed, select, self.schema) is None and inner:
            return inner  # a sum of sums already has a telling name
        return f"total {lowered(inner)}".strip()

    def _under(self, title: str, condition: exp.Expr, select: exp.Select) -> str:
        phrases = self.conditions.phrases(conjuncts(bare(condition)), select, brief=True)
        words = ", ".join(phrases)
        if not words:
            return title
        return f"{title}: {words}" if title else words

    def _bucket(self, node: exp.Expr, select: exp.Select, deep: int) -> str | None:
        if isinstance(node, exp.TimeToStr):
            return _BUCKETS.get(node.args["format"].name, "time").lower()
        if isinstance(node, exp.Date | exp.TsOrDsToDate):
            return "day" if select.args.get("group") else self.of(node.this, select, deep + 1)
        if isinstance(node, exp.Substring):
            kind = self.kinds.of(node, select).kind
            return kind if kind in ("year", "month", "date") else self.of(node.this, select, deep + 1)
        if isinstance(node, exp.DPipe | exp.Concat):
            names = [c.name for c in node.find_all(exp.Column)]
            if self.kinds.of(node, select).kind == "quarter":
                return "quarter"
            return "name" if {"first_name", "last_name"} <= set(names) else " ".join(map(spoken, names))
        return None

    def _arithmetic(self, node: exp.Expr, select: exp.Select, deep: int) -> str | None:
        if isinstance(node, exp.Mul | exp.Div) and is_percentage(node):
            return self._percentage(node, select)
        if (days := self._duration(node, select)) is not None:
            return days
        if isinstance(node, exp.Div) and (parts := quotient(node)) is not None:
            over, under = (self.of(part, select, deep + 1) for part in parts)
            return _per(lowered(over), lowered(under)) if over and under else "ratio"
        if isinstance(node, exp.Add | exp.Sub):
            left, right = (self.of(part, select, deep + 1) for part in (node.left, node.right))
            word = "plus" if isinstance(node, exp.Add) else "minus"
            both = f"{lowered(left)} {word} {lowered(right)}"
            simple = left and right and left != right and len(both) <= LONGEST
            return both if simple else ("sum" if word == "plus" else "difference")
        if isinstance(node, exp.Mul | exp.Div):
            first, second = bare(node.left), bare(node.right)
            if isinstance(second, exp.Literal) and (inner := self.of(first, select, deep + 1)):
                divisor = second.name.removesuffix(".0")
                return inner if isinstance(node, exp.Mul) else f"{lowered(inner)} / {divisor}"
            return self.of(second, select, deep + 1) if isinstance(first, exp.Literal) else "value"
        return None

    def _percentage(self, node: exp.Expr, select: exp.Select) -> str:
        parts = quotient(node)
        over = bare(parts[0]) if parts else None
        if parts is None or over is None:
            return "percent"
        if isinstance(over, exp.Sub) and not self._term(over, select):
            return "change" if bare(over.right) == bare(parts[1]) else "percent"
        if isinstance(over, exp.Sum) and len(_branches(over)) == 1:
            return self._under("share", _branches(over)[0].this, select)
        counted = isinstance(over, exp.Sum) and isinstance(bare(over.this), exp.Case)
        if counted or type(over) is type(bare(parts[1])) or bare(parts[1]).find(exp.Select):
            return "share"
        said = [self.of(part, select, _DEEP - 2) for part in parts]
        return f"{said[0]} as % of {lowered(said[1])}" if all(said) and said[0] != said[1] else "percent"

    def _duration(self, node: exp.Expr, select: exp.Select) -> str | None:
        """ "days from order date to shipped date", for a difference of JULIANDAYs, perhaps divided."""
        guess = self.kinds.of(node, select)
        difference = bare(node.left) if isinstance(node, exp.Div) else node
        if guess.kind != "number" or not guess.unit or not isinstance(difference, exp.Sub):
            return None
        sides = [bare(side) for side in (difference.right, difference.left)]
        if not all(is_julian(side) and side.expressions for side in sides):
            return None
        start, end = (self.of(s.expressions[0], select) for s in sides)
        if isinstance(sides[1].expressions[0], exp.Literal):
            return f"{guess.unit} since {lowered(start)}"
        return f"{guess.unit} from {lowered(start)} to {lowered(end)}"

    def _rest(self, node: exp.Expr, select: exp.Select, deep: int) -> str | None:
        if isinstance(node, exp.Window):
            ordered = node.args.get("order") is not None
            inner = self.of(node.this, select, deep + 1)
            running = isinstance(bare(node.this), exp.Sum) and ordered
            return f"running {lowered(inner)}" if running else inner
        if isinstance(node, exp.Rank | exp.DenseRank | exp.RowNumber):
            return "rank"
        if isinstance(node, exp.Lag | exp.Lead):
            word = "previous" if isinstance(node, exp.Lag) else "next"
            return f"{word} {lowered(self.of(node.this, select, deep + 1))}"
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and node.this.expressions:
            return self._query(node.this, deep)
        if isinstance(node, exp.Case | exp.If):
            branches = [b.args.get("true") for b in node.args.get("ifs") or [node]]
            texts = all(isinstance(b, exp.Literal) and b.is_string for b in branches)
            return "group" if texts else next((self.of(b, select, deep + 1) for b in branches if b), "")
        if isinstance(node, exp.Exists | exp.Predicate | exp.Not | exp.Connector):
            return ", ".join(self.conditions.phrases(conjuncts(node), select)) or "match"
        return None


    def _query(self, query: exp.Select, deep: int) -> str:
        """A query within the SELECT: what it selects under its own conditions, so that two of them tell apart."""
        item, where = query.expressions[0], query.args.get("where")
        title = self.of(item, query, deep + 1)
        kept = [test for test in conjuncts(where.this if where else None)
                if test not in self._meant(item) and not _follows(test, query)]
        return self._under(title, exp.and_(*kept), query) if kept and not query.args.get("having") else title

    def _meant(self, item: exp.Expr) -> list[exp.Expr]:
        """Conditions of the metrics that an item is made of: their names stand for them."""
        found: list[exp.Expr] = []
        for metric in self.glossary.metrics:
            if metric.where and any(node == self.terms[metric.name] for node in item.walk()):
                found.extend(conjuncts(parsed(metric.where)))
        return found


def _follows(test: exp.Expr, query: exp.Select) -> bool:
    """Whether a condition only ties a query within another to the row of that one."""
    here = {source.alias_or_name for source in sources(query)}
    sides = [test.left, test.right] if isinstance(test, exp.EQ) else []
    return len([s for s in sides if isinstance(s, exp.Column) and s.table in here]) == 1 and all(
        isinstance(s, exp.Column) for s in sides
    )


def _per(over: str, under: str) -> str:
    """ "revenue per order", under the conditions of each, said once where they are the same."""
    (first, _, one), (second, colon, other) = over.partition(": "), under.partition(": ")
    return f"{first if one == other else over} per {singular(second)}{colon}{other}"


def _split(node: exp.Expr) -> exp.Expr:
    """The sum of a difference as the difference of sums, as the glossary writes it."""
    both = bare(node.this) if isinstance(node, exp.Sum) else None
    if not isinstance(both, exp.Sub):
        return node
    return exp.Sub(this=exp.Sum(this=both.left.copy()), expression=exp.Sum(this=both.right.copy()))


def _branches(node: exp.Expr) -> list[exp.If]:
    """The WHENs of an aggregate over a CASE, which leaves out whatever they do not let through."""
    if not isinstance(node, exp.Sum | exp.Count | exp.Avg | exp.Min | exp.Max):
        return []
    case = bare(node.this)
    rest = case.args.get("default") or case.args.get("false")
    if not (rest is None or isinstance(rest, exp.Null) or (isinstance(node, exp.Sum) and rest.name in ("0", "0.0"))):
        return []
    found = case.args.get("ifs") or [] if isinstance(case, exp.Case) and case.this is None else [case]
    return [branch for branch in found if isinstance(branch, exp.If)]


def _column_words(name: str) -> str:
    """ "is_active" → "active", "id" → "ID", "hire_date" → "hire date"."""
    words = words_of(name)
    return spoken("_".join(words[1:]) if words[:1] in (["is"], ["has"]) and len(words) > 1 else name)
