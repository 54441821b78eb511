"""Expressions of a query inside a sentence: "revenue", "average salary", "late orders as % of the orders"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from bot.column_kinds import KindReader, is_julian, quotient
from bot.column_kinds import is_percentage as is_percent
from bot.formats import ColumnInfo, clean, decimals_for, format_number, shorten
from bot.nouns import plural, rows_of, singular, spoken
from bot.query_shape import behind, conjuncts, parsed
from bot.spoken_names import PEOPLE, Names, column_words, listed

_BUCKETS = {"%Y-%m": "month", "%m": "month of the year", "%Y": "year", "%Y-%W": "week", "%w": "weekday",
            "%H": "hour", "%Y-%m-%d": "day", "%d": "day of the month"}
_SIGNS = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "×", exp.Div: "divided by", exp.Mod: "modulo"}
_DATED = ("date", "timestamp", "month", "quarter", "year", "week")
_TIMES = (exp.TimeToStr, exp.Date, exp.TsOrDsToDate)
Tests = Callable[[Sequence[exp.Expr], exp.Select], str]
Query = Callable[[exp.Expr], str]
Inner = Callable[[exp.Select, exp.Expr], str]


@dataclass(frozen=True)
class Values:
    """Words for expressions. `tests` says conditions about the rows of a SELECT, `rows` those rows with them,
    `query` a nested query, `inner` a column that a derived table selects."""

    names: Names
    kinds: KindReader
    tests: Tests
    rows: Tests
    query: Query
    inner: Inner
    terms: dict[str, exp.Expr] = field(init=False)

    def __post_init__(self) -> None:
        glossary = self.names.glossary
        # A metric that only counts rows says less than "number of active employees" does.
        said = {m.name: m.expr for m in glossary.metrics} | {e.name: e.expr for e in glossary.expressions}
        terms = {name: stripped(parsed(text)) for name, text in said.items()}
        object.__setattr__(self, "terms", {n: t for n, t in terms.items() if not isinstance(t, exp.Count)})

    def of(self, node: exp.Expr, select: exp.Select, rows: str = "") -> str:
        """The words of an expression. `rows` names the rows that a COUNT(*) of the SELECT counts."""
        node = stripped(node)
        if term := self.term(node, select):
            return self._named(term, node, select)
        if isinstance(node, exp.Column):
            return self._column(node, select)
        if isinstance(node, exp.Mul) and (whole := self.term(exp.Sum(this=node.copy()), select)):
            return f"{spoken(whole)} of one {self.names.noun(self.names.root(select), select)}"
        if isinstance(node, exp.Literal | exp.Neg | exp.Null | exp.Boolean):
            return number(node)
        for rule in (self._aggregate, self._time, self._window, self._arithmetic, self._rest):
            found = rule(node, select, rows)
            if found is not None:
                return found
        parts = [self.of(c, select) for c in node.find_all(exp.Column)]
        return f"something made of {listed(parts)}" if parts else "something"

    def term(self, node: exp.Expr, select: exp.Select) -> str:
        """The glossary's name for an expression, if it has one."""
        if isinstance(node, exp.Sum) and isinstance(stripped(node.this), exp.Sub):
            both = stripped(node.this)
            node = exp.Sub(this=exp.Sum(this=both.left.copy()), expression=exp.Sum(this=both.right.copy()))
        return next((name for name, term in self.terms.items() if node == term), "")

    def metric_tests(self, name: str) -> list[exp.Expr]:
        """The conditions that belong to a metric."""
        metric = self.names.glossary.metric(name)
        return conjuncts(parsed(metric.where)) if metric and metric.where else []

    def _named(self, term: str, node: exp.Expr, select: exp.Select) -> str:
        where = select.args.get("where")
        given = conjuncts(where.this) if where else []
        # Rows that the metric leaves out are in: that is another number, and must not go by its name alone.
        return spoken(term) + ("" if all(t in given for t in self.metric_tests(term)) else " (nothing left out)")

    def _column(self, node: exp.Column, select: exp.Select) -> str:
        if self.names.found(node, select) is None:
            inner = behind(node, self.names.home(node, select))
            if inner is not None:
                return self.inner(inner[1], inner[0])
        return self.names.column(node, select)

    def counted(self, node: exp.Count, select: exp.Select, rows: str) -> str:
        """What a COUNT counts: "orders", "different countries"."""
        inside = stripped(node.this)
        whole = rows or (self.names.nouns(self.names.root(select), select) if self.names.root(select) else "rows")
        if isinstance(inside, exp.Star | exp.Literal):
            return whole
        distinct = isinstance(inside, exp.Distinct)
        column = stripped(inside.expressions[0]) if isinstance(inside, exp.Distinct) else inside
        found = self.names.found(column, select)
        if found and isinstance(column, exp.Column) and (found[1].name,) == found[0].primary_key:
            at_root = column.table == self.names.root(select)
            nouns = whole if at_root else rows or self.names.nouns(column.table, select)
            return nouns
        referred = self.names.referred(column, select)
        if distinct and isinstance(column, exp.Column) and referred:
            role = spoken(column.name.removesuffix("_id"))
            same = role == singular(spoken(referred.name)) or not column.name.endswith("_id")
            return f"different {rows_of(referred.name) if same else plural(role)}"
        if distinct:
            shared = isinstance(column, exp.Column) and self.names.shared(column, select)
            named = isinstance(column, exp.Column) and self.names.found(column, select)
            words = self.names.column(column, select, full=shared) if named and isinstance(
                column, exp.Column) else self.of(column, select)
            return f"different {plural(words)}"
        return f"{whole} with {self.of(column, select)}" if not isinstance(column, exp.Case) else whole

    def _aggregate(self, node: exp.Expr, select: exp.Select, rows: str) -> str | None:
        if isinstance(node, exp.Filter):
            return f"{self.of(node.this, select)} {self.tests(conjuncts(node.expression.this), select)}"
        branches = case_branches(node)
        if len(branches) == 1 and isinstance(node, exp.Sum | exp.Count | exp.Avg | exp.Max | exp.Min):
            return self._under(node, branches[0], select)
        if isinstance(node, exp.Count):
            return f"number of {self.counted(node, select, rows)}"
        if isinstance(node, exp.Sum | exp.Avg):
            inner = self.of(node.this, select)
            if isinstance(node, exp.Sum):
                return f"total {inner}"
            return f"average {inner}"
        if isinstance(node, exp.Min | exp.Max):
            low = isinstance(node, exp.Min)
            dated = self.kinds.of(node.this, select).kind in _DATED
            return f"{('earliest' if low else 'latest') if dated else ('lowest' if low else 'highest')} " + self.of(
                node.this, select
            )
        return None

    def _under(self, node: exp.Expr, branch: exp.If, select: exp.Select) -> str:
        """An aggregate over the rows that a CASE lets through."""
        tests = conjuncts(stripped(branch.this))
        true = branch.args["true"]
        if isinstance(node, exp.Sum | exp.Count) and (true.name == "1" or isinstance(node, exp.Count)):
            rows = self.rows(tests, select)
            if isinstance(node, exp.Count) and true.find(exp.Column):
                return f"number of different {plural(self.of(true, select))} among {rows}"
            return f"number of {rows}"
        whole = type(node)(this=true.copy())
        return f"{self.of(whole, select)} {self.tests(tests, select)}"

    def _time(self, node: exp.Expr, select: exp.Select, rows: str) -> str | None:
        if not isinstance(node, exp.TimeToStr | exp.Date | exp.TsOrDsToDate | exp.DPipe | exp.CurrentDate):
            return None
        column = node.find(exp.Column)
        if column is None:
            return "today"
        if isinstance(node, exp.DPipe):
            if self.kinds.of(node, select).kind != "quarter":
                names = [c.name for c in node.find_all(exp.Column)]
                people = set(names) == set(PEOPLE)
                return self.names.noun(column.table, select) if people else listed([*map(column_words, names)])
            bucket = "quarter"
        else:
            is_format = isinstance(node, exp.TimeToStr)
            bucket = _BUCKETS.get(node.args["format"].name, "time") if is_format else "day"
        return f"{bucket} {self._occasion(column, select)}".strip()

    def _occasion(self, column: exp.Column, select: exp.Select) -> str:
        """ "shipped" after a date bucket, where another date could be meant; "" for the SELECT's usual date."""
        found = self.names.found(column, select)
        if found is None:
            return ""
        dates = [c.name for c in found[0].columns if c.type in _DATED]
        verb = "" if dates[:1] == [found[1].name] else self.names.verb(*found)
        verb = f"of {column_words(found[1].name)}" if verb == spoken(found[1].name) else verb
        root = self.names.table(self.names.root(select), select)
        if root is None or root.name == found[0].name or not any(c.type in _DATED for c in root.columns):
            return verb
        return f"of the {self.names.noun(column.table, select)} {verb}".strip()

    def _window(self, node: exp.Expr, select: exp.Select, rows: str) -> str | None:
        if not isinstance(node, exp.Window):
            return None
        parts = [self.of(p, select) for p in node.args.get("partition_by") or []]
        within = f" within each {listed(parts)}" if parts else ""
        order = node.args.get("order")
        inside = stripped(node.this)
        by = listed([self.of(o.this, select) + (" downwards" if o.args.get("desc") else "") for o in
                     order.expressions]) if order else ""
        if isinstance(inside, exp.RowNumber | exp.Rank | exp.DenseRank):
            kind = "place" if isinstance(inside, exp.RowNumber) else "rank"
            return f"{kind} by {by}{within}" if by else f"{kind}{within}"
        inner = self.of(inside.this, select) if isinstance(inside, exp.Sum | exp.Avg | exp.Lag | exp.Lead) else (
            self.of(inside, select)
        )
        if isinstance(inside, exp.Lag | exp.Lead):
            return f"{'previous' if isinstance(inside, exp.Lag) else 'next'} {inner}{within}"
        if isinstance(inside, exp.Sum) and by:
            return f"running total of {inner}{within}"
        if isinstance(inside, exp.Avg):
            frame = node.args.get("spec")
            return f"{'moving ' if frame else ''}average of {inner}{within}"
        return f"overall {inner}{within}" if not by else f"running {inner}{within}"

    def _arithmetic(self, node: exp.Expr, select: exp.Select, rows: str) -> str | None:
        if not isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod):
            return None
        if (days := self._days(node, select)) is not None:
            return days
        parts = quotient(node) if isinstance(node, exp.Mul | exp.Div) else None
        if parts is not None:
            return self._quotient(parts[0], parts[1], is_percent(node), select, rows)
        left, right = stripped(node.left), stripped(node.right)
        if isinstance(node, exp.Mul) and isinstance(left, exp.Literal) and left.name in ("1.0", "1"):
            return self.of(right, select, rows)
        if isinstance(node, exp.Mul) and isinstance(right, exp.Literal) and right.name in ("1.0", "1"):
            return self.of(left, select, rows)
        if isinstance(node, exp.Sub) and _lagged(right) == left:
            return self._change(left, right, "change", select)
        words = [self.of(side, select, rows) for side in (left, right)]
        tight = isinstance(node, exp.Mul | exp.Div)
        words = [f"({w})" if tight and isinstance(s, exp.Add | exp.Sub) and not self.term(s, select) else w
                 for w, s in zip(words, (left, right), strict=True)]
        return f"{words[0]} {_SIGNS[type(node)]} {words[1]}"

    def _quotient(self, over: exp.Expr, under: exp.Expr, percent: bool, select: exp.Select, rows: str) -> str:
        over, under = stripped(over), stripped(under)
        if percent and isinstance(over, exp.Sub) and stripped(over.right) == under:
            if _lagged(under) == stripped(over.left):
                return self._change(stripped(over.left), under, "% change", select)
            return f"% change of {self.of(over.left, select)} from {self.of(under, select)}"
        words = [self.of(side, select, rows) for side in (over, under)]
        if percent:
            counts = all(w.startswith("number of ") for w in words)
            words = [w.removeprefix("number of ") for w in words] if counts else words
            return f"{words[0]} as % of {words[1]}"
        if isinstance(under, exp.Count):
            return f"{words[0]} per {singular(self.counted(under, select, '').removeprefix('different '))}"
        return f"{words[0]} / {words[1]}"

    def _change(self, node: exp.Expr, lag: exp.Expr, word: str, select: exp.Select) -> str:
        """A number minus what it was one step before."""
        shown = any(stripped(item) == node for item in select.expressions)
        steps = [self.of(o.this, select) for o in lag.args["order"].expressions] if lag.args.get("order") else []
        step = listed(steps) or "row"
        return f"{word} on the previous {step}" if shown else f"{word} of {self.of(node, select)} on previous {step}"

    def _days(self, node: exp.Expr, select: exp.Select) -> str | None:
        """ "days from order date to shipped date", for a difference of JULIANDAYs, perhaps divided."""
        over = stripped(node.left) if isinstance(node, exp.Div) else node
        if not isinstance(over, exp.Sub):
            return None
        start, end = stripped(over.right), stripped(over.left)
        if not (is_julian(start) and is_julian(end) and start.expressions and end.expressions):
            return None
        unit = self.kinds.of(node, select).unit if isinstance(node, exp.Div) else "days"
        if not unit:
            return None
        first, last = (side.expressions[0] for side in (start, end))
        if isinstance(last, exp.Literal):
            return f"{unit} since {self.of(first, select)}"
        until = "today" if isinstance(first, exp.Literal) else self.of(first, select)
        return f"{unit} from {until} to {self.of(last, select)}"

    def _rest(self, node: exp.Expr, select: exp.Select, rows: str) -> str | None:
        if isinstance(node, exp.Subquery | exp.Query):
            return self.query(node)
        if isinstance(node, exp.Case):
            said = [f"{self.of(b.args['true'], select)} if {self.tests(conjuncts(b.this), select)}"
                    for b in node.args["ifs"]]
            default = node.args.get("default")
            texts = [b.args["true"] for b in node.args["ifs"]] + ([default] if default is not None else [])
            column = node.args["ifs"][0].this.find(exp.Column)
            if column is not None and all(isinstance(t, exp.Literal) and t.is_string for t in texts):
                test = stripped(node.args["ifs"][0].this)
                measure = test.left if isinstance(test, exp.Binary) and test.left.find(exp.Column) else column
                return f"{self.of(measure, select)} ({' / '.join(number(t) for t in texts)})"
            other = f", else {self.of(default, select)}" if default is not None else ""
            return "; ".join(said) + other
        if isinstance(node, exp.Predicate | exp.Not | exp.Connector | exp.Exists):
            return f"whether {self.tests(conjuncts(node), select)}"
        if isinstance(node, exp.Abs):
            return f"size of {self.of(node.this, select)}"
        if isinstance(node, exp.Distinct):
            return "different " + plural(self.of(node.expressions[0], select))
        return None

    def literal(self, node: exp.Expr, against: exp.Expr, select: exp.Select) -> str:
        """A literal as the expression that it is compared with is shown: "$500", "10 %"."""
        node = stripped(node)
        if isinstance(node, exp.Neg):
            return "-" + self.literal(node.this, against, select)
        if not isinstance(node, exp.Literal) or node.is_string:
            return number(node)
        guess = self.kinds.of(against, select)
        if guess.kind in ("id", "year"):
            return node.name
        value = float(node.name)
        scale = 100.0 if guess.kind == "percent" and not guess.scale and value <= 1 else 1.0
        kind = guess.kind if guess.kind in ("money", "percent") else "number"
        info = ColumnInfo("", kind, "right", unit=guess.unit if kind == "money" else "", scale=scale,
                          decimals=decimals_for([value], kind, scale))
        return format_number(value, info)


def number(node: exp.Expr) -> str:
    """A literal as it is read."""
    if isinstance(node, exp.Neg):
        return "-" + number(node.this)
    if isinstance(node, exp.Null):
        return "nothing"
    return shorten(clean(node.name), 40) if isinstance(node, exp.Literal) else str(node.this).lower()


def stripped(node: exp.Expr) -> exp.Expr:
    """Without what changes how a value is written but not what it is: alias, parentheses, CAST, ROUND, NULLIF 0."""
    while True:
        others = node.expressions if isinstance(node, exp.Coalesce) else [None]
        plain = isinstance(node, exp.Alias | exp.Paren | exp.Cast | exp.Round | exp.Nullif | exp.Ordered)
        if plain or all(isinstance(other, exp.Literal) for other in others):
            node = node.this
        else:
            return node


def _lagged(node: exp.Expr) -> exp.Expr | None:
    """What a LAG window looks back at."""
    lag = stripped(node.this) if isinstance(node, exp.Window) else None
    return stripped(lag.this) if isinstance(lag, exp.Lag) else None


def case_branches(node: exp.Expr) -> list[exp.If]:
    """The WHENs of an aggregate over a CASE."""
    inside = stripped(node.this) if isinstance(node.this, exp.Expr) else None
    if isinstance(inside, exp.Case) and inside.this is None:
        return list(inside.args.get("ifs") or [])
    return [inside] if isinstance(inside, exp.If) else []
