"""Expressions of a query inside a sentence: "revenue", "average salary", "late orders as % of the orders"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from bot.canonical import conjuncts
from bot.column_kinds import KindReader
from bot.expression_parts import case_branches, number, stripped
from bot.formats import ColumnInfo, decimals_for, format_number
from bot.nouns import plural, rows_of, singular, spoken
from bot.query_shape import behind, parsed
from bot.spoken_arithmetic import NO_ROWS, Arithmetic, Rows
from bot.spoken_names import PEOPLE, Names, column_words, listed

_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Abs: "size of", exp.Length: "length of", exp.Upper: "capitals of", exp.Lower: "small letters of",
    exp.GroupConcat: "list of",
}
_BUCKETS = {"%Y-%m": "month", "%m": "month of the year", "%Y": "year", "%Y-%W": "week", "%w": "weekday",
            "%H": "hour", "%Y-%m-%d": "day", "%d": "day of the month"}
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

    def of(self, node: exp.Expr, select: exp.Select, rows: Rows = NO_ROWS) -> str:
        """The words of an expression. `rows` names the rows of a source for a count of them."""
        node = stripped(node)
        if term := self.term(node, select):
            return self._named(term, node, select)
        if isinstance(node, exp.Column):
            return self._column(node, select)
        if isinstance(node, exp.Mul) and (whole := self.term(exp.Sum(this=node.copy()), select)):
            return f"{spoken(whole)} of one {self.names.noun(self.names.root(select), select)}"
        if isinstance(node, exp.Literal | exp.Neg | exp.Null | exp.Boolean):
            return number(node)
        for rule in (self._aggregate, self._time, self._window, Arithmetic(self).of, self._rest):
            found = rule(node, select, rows)
            if found is not None:
                return found
        parts = [self.of(c, select) for c in node.find_all(exp.Column)]
        return f"something made of {listed(parts)}" if parts else "something"

    def taken(self, tests: Sequence[exp.Expr], select: exp.Select) -> str:
        """The rows that a count takes."""
        return self.rows(tests, select)

    def term(self, node: exp.Expr, select: exp.Select) -> str:
        """The glossary's name for an expression, if it has one."""
        both = stripped(node.this) if isinstance(node, exp.Sum) else None
        if isinstance(both, exp.Sub):
            node = exp.Sub(this=exp.Sum(this=both.left.copy()), expression=exp.Sum(this=both.right.copy()))
        return next((name for name, term in self.terms.items() if node == term), "")

    def metric_tests(self, name: str) -> list[exp.Expr]:
        """The conditions that belong to a metric."""
        metric = self.names.glossary.metric(name)
        return conjuncts(parsed(metric.where)) if metric and metric.where else []

    def key(self, node: exp.Expr, select: exp.Select) -> str:
        """What tells groups apart: "customer" for its ID, else the words of the expression."""
        bare = stripped(node)
        found = self.names.found(bare, select)
        if isinstance(bare, exp.Column) and found and (found[1].name,) == found[0].primary_key:
            return self.names.noun(bare.table, select)
        words = self.of(bare, select)
        return words.removesuffix(" ID") if self.names.referred(bare, select) else words

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

    def counted(self, node: exp.Count, select: exp.Select, rows: Rows) -> str:
        """What a COUNT counts: "orders", "different countries"."""
        inside = stripped(node.this)
        root = self.names.root(select)
        whole = rows.get(root) or (self.names.nouns(root, select) if root else "rows")
        if isinstance(inside, exp.Star | exp.Literal):
            return whole
        distinct = isinstance(inside, exp.Distinct)
        column = stripped(inside.expressions[0]) if isinstance(inside, exp.Distinct) else inside
        found = self.names.found(column, select)
        if found and isinstance(column, exp.Column) and (found[1].name,) == found[0].primary_key:
            return rows.get(column.table) or self.names.nouns(column.table, select)
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

    def _aggregate(self, node: exp.Expr, select: exp.Select, rows: Rows) -> str | None:
        if isinstance(node, exp.Filter):
            return f"{self.of(node.this, select)} {self.tests(conjuncts(node.expression.this), select)}"
        branches = case_branches(node)
        if len(branches) == 1 and isinstance(node, exp.Sum | exp.Count | exp.Avg | exp.Max | exp.Min):
            return self._under(node, branches[0], select)
        if isinstance(node, exp.Count):
            return f"number of {self.counted(node, select, rows)}"
        if isinstance(node, exp.Sum | exp.Avg):
            inner = self.of(node.this, select)
            if self.kinds.of(node.this, select).kind == "boolean":
                rows_ = self.names.nouns(self.names.root(select), select)
                return f"{'number' if isinstance(node, exp.Sum) else 'share'} of {inner} {rows_}"
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

    def _time(self, node: exp.Expr, select: exp.Select, rows: Rows) -> str | None:
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

    def _window(self, node: exp.Expr, select: exp.Select, rows: Rows) -> str | None:
        if not isinstance(node, exp.Window):
            return None
        parts = [self.key(p, select) for p in node.args.get("partition_by") or []]
        within = f" within each {listed(parts)}" if parts else ""
        order = node.args.get("order")
        inside = stripped(node.this)
        by = listed([self.of(o.this, select) for o in order.expressions]) if order else ""
        falling = order is not None and bool(order.expressions[0].args.get("desc"))
        if isinstance(inside, exp.RowNumber | exp.Rank | exp.DenseRank):
            kind = "place" if isinstance(inside, exp.RowNumber) else "rank"
            by = f"{'highest' if falling else 'lowest'} {by}" if by else ""
            return f"{kind} by {by}{within}" if by else f"{kind}{within}"
        inner = self.of(inside.this, select) if isinstance(inside, exp.Sum | exp.Avg | exp.Lag | exp.Lead) else (
            self.of(inside, select)
        )
        if isinstance(inside, exp.Lag | exp.Lead):
            return f"{'previous' if isinstance(inside, exp.Lag) else 'next'} {inner}{within}"
        if isinstance(inside, exp.Sum) and by:
            return f"running total of {inner}{within}" + (f" from the highest {by} down" if falling else "")
        if isinstance(inside, exp.Avg):
            frame = node.args.get("spec")
            return f"{'moving ' if frame else ''}average of {inner}{within}"
        return f"overall {inner}{within}" if not by else f"running {inner}{within}"

    def _rest(self, node: exp.Expr, select: exp.Select, rows: Rows) -> str | None:
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
        if isinstance(node, exp.Tuple):
            return listed([self.of(e, select) for e in node.expressions])
        for kind, words in _FUNCTIONS.items():
            if isinstance(node, kind):
                return f"{words} {self.of(node.this, select)}"
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
