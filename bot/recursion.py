"""Recursive CTEs that are known to end: counters, calendars, and walks along a table's key to itself.

Any other is refused, since nothing in a query tells how long it would go on.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from bot.bounded_days import is_step, near, rows_of_days, span
from bot.canonical import conjuncts
from bot.rejection import Rejection
from bot.schema import Table
from bot.series import MAX_ROWS, whole

_MOST_LEVELS = 20  # that a walk is supposed to have: an estimate, as it ends where the stored tree does
_MOST_JOINED = 200  # rounds in which a text may grow
# What the next row may be made of, each text and number but once: nothing here doubles a value.
_NODES = (
    exp.Add, exp.Alias, exp.Anonymous, exp.Array, exp.Cast, exp.Coalesce, exp.Column, exp.Concat, exp.ConcatWs,
    exp.DPipe, exp.DataType, exp.DataTypeParam, exp.Date, exp.DateAdd, exp.Identifier, exp.Interval, exp.Literal,
    exp.Lower, exp.Neg, exp.Null, exp.Paren, exp.Sub, exp.Trim, exp.TsOrDsToDate, exp.Upper, exp.Var,
)
_JOINING = (exp.DPipe, exp.Concat, exp.ConcatWs)
_NAMES = {"date"}


def parts_of_recursion(cte: exp.CTE) -> tuple[exp.Select, exp.Select]:
    """What a CTE that reads itself starts with, and what leads on from there. Raises Rejection if it has no such."""
    union = cte.this
    if isinstance(union, exp.Union) and not union.args.get("with_"):
        base, step = union.this, union.expression
        if isinstance(base, exp.Select) and isinstance(step, exp.Select):
            return base, step
    raise _refused()


def rows_of_recursion(cte: exp.CTE, names: list[str], starts: int, tables: Iterable[Table]) -> int:
    """Rows of a CTE that reads itself, at the most. Raises Rejection if it is not known to end.

    `names` are its columns in lower case, `starts` the rows it starts with, `tables` those of the schema.
    """
    base, step = parts_of_recursion(cte)
    walk = _Walk(cte.alias.lower(), names, base, step)
    rows = walk.counted() if starts == 1 else None
    rows = walk.climbed({table.name.lower(): table for table in tables}) if rows is None else rows
    if rows is None:
        raise _refused()
    return rows


class _Walk:
    def __init__(self, name: str, names: list[str], base: exp.Select, step: exp.Select) -> None:
        self.name, self.names, self.base, self.step = name, names, base, step
        self.firsts = _values(base) or [e.unalias() for e in base.expressions]
        own = [t for t in step.find_all(exp.Table) if t.name.lower() == name]
        self.sources = [step.args["from_"].this] if step.args.get("from_") else []
        self.sources += [join.this for join in step.args.get("joins") or ()]
        extra = any(step.args.get(key) for key in ("group", "having", "distinct", "windows", "order", "limit", "with_"))
        if len(own) != 1 or not any(own[0] is source for source in self.sources) or extra:
            raise _refused()
        self.own = own[0].alias_or_name.lower()
        for projection in step.expressions:
            self._look_at(projection)

    def counted(self) -> int | None:
        """Rows of a counter or a calendar: it starts once, leads on by a step, and WHERE says how far."""
        if len(self.sources) != 1:
            return None
        for condition in _conjuncts(self.step.args.get("where")):
            rows = self._rows_until(condition)
            if rows is not None:
                joined = any(isinstance(node, _JOINING) for e in self.step.expressions for node in e.walk())
                return None if joined and rows > _MOST_JOINED else rows
        return None

    def _rows_until(self, condition: exp.Expr) -> int | None:
        if isinstance(condition, (exp.GT, exp.GTE)):
            bound, value = condition.expression, condition.this
            up = False
        elif isinstance(condition, (exp.LT, exp.LTE)):
            bound, value = condition.expression, condition.this
            up = True
        else:
            return None
        if self._place(value) is None and self._next_place(value) is None:
            bound, value, up = value, bound, not up
        place = self._place(value)
        place = self._next_place(value) if place is None else place
        if place is None or place >= len(self.firsts):
            return None
        first, following = self.firsts[place], self.step.expressions[place].unalias()
        start, end = whole(first), whole(bound)
        if start is not None and end is not None:
            width = self._width(following, place)
            if not width or (width > 0) is not up:
                return None
            rows = max(0, (end - start) // width) + 2
            return rows if rows <= MAX_ROWS + 1 else None
        on = self._days_on(following, place)
        return rows_of_days(first, bound, on) if up and on and near(first) else None

    def climbed(self, tables: dict[str, Table]) -> int | None:
        """Rows of a walk up or down a table's key to itself: a manager's people, a category's parents."""
        others = [s for s in self.sources if s.name.lower() != self.name]
        table = tables.get(others[0].name.lower()) if len(others) == 1 and isinstance(others[0], exp.Table) else None
        joins = self.step.args.get("joins") or []
        inner = all(not j.side and j.kind in ("", "INNER", "CROSS") for j in joins)
        if table is None or len(self.sources) != 2 or not inner or any(s.args.get("joins") for s in self.sources):
            return None
        conditions = _conjuncts(self.step.args.get("where"))
        for join in joins:
            conditions += _conjuncts(join.args.get("on"))
        for key in table.foreign_keys:
            if key.ref_table != table.name or len(key.columns) != 1 or key.ref_columns != table.primary_key:
                continue
            parent, own = key.columns[0], key.ref_columns[0]
            for condition in conditions:
                if self._follows(condition, others[0], parent, own, table):
                    return max(table.rows, 1) * _MOST_LEVELS
        return None

    def _follows(self, condition: exp.Expr, other: exp.Table, parent: str, own: str, table: Table) -> bool:
        if not isinstance(condition, exp.EQ):
            return False
        for mine, theirs in ((condition.this, condition.expression), (condition.expression, condition.this)):
            place = self._place(mine)
            if place is None or place >= len(self.firsts):
                continue
            if not _is(theirs, other.alias_or_name, (parent, own)):
                continue
            given = self.step.expressions[place].unalias()
            if theirs.name.lower() == own.lower() and _is(given, other.alias_or_name, (parent,)):
                return True  # up: every row leads to one row
            if theirs.name.lower() == parent.lower() and _is(given, other.alias_or_name, (own,)):
                return self._starts_once(place, own, table)  # down: to rows that no other row leads to
        return False

    def _starts_once(self, place: int, own: str, table: Table) -> bool:
        """Whether the walk starts with rows of the table that are all different, or with one value."""
        first = self.firsts[place]
        from_ = self.base.args.get("from_")
        if from_ is None:
            return True
        source = from_.this
        single = isinstance(source, exp.Table) and source.name.lower() == table.name.lower()
        return single and not self.base.args.get("joins") and _is(first, source.alias_or_name, (own,))

    def _place(self, node: exp.Expr) -> int | None:
        """Which of the CTE's columns a column is."""
        if not isinstance(node, exp.Column) or node.name.lower() not in self.names:
            return None
        if node.table.lower() != self.own and (node.table or len(self.sources) > 1):
            return None
        return self.names.index(node.name.lower())

    def _next_place(self, node: exp.Expr) -> int | None:
        """Which of its columns an expression is the next value of."""
        for place, expression in enumerate(self.step.expressions):
            if place < len(self.names) and expression.unalias() == node and node.find(exp.Column):
                return place
        return None

    def _width(self, node: exp.Expr, place: int) -> int | None:
        """What is added to the column."""
        node = node.unnest()
        if isinstance(node, exp.Add):
            for mine, other in ((node.this, node.expression), (node.expression, node.this)):
                if self._place(mine) == place:
                    return whole(other)
        if isinstance(node, exp.Sub) and self._place(node.this) == place:
            width = whole(node.expression)
            return None if width is None else -width
        return None

    def _days_on(self, node: exp.Expr, place: int) -> str | None:
        """The span that the next day lies after the column's: “1 day”."""
        while isinstance(node, (exp.Cast, exp.Paren, exp.Date, exp.TsOrDsToDate)) and not span(node):
            node = node.this
        text = ""
        if isinstance(node, exp.DateAdd) and self._place(node.this) == place:
            text = span(node)
        elif isinstance(node, exp.Add) and self._place(node.this) == place:
            days = whole(node.expression)
            text = span(node.expression) or (f"{days} day" if days else "")
        elif isinstance(node, exp.Anonymous) and node.name.lower() == "date" and len(node.expressions) == 2:
            column, modifier = node.expressions
            if self._place(column) == place and isinstance(modifier, exp.Literal):
                text = modifier.name
        return text if is_step(text) else None

    def _look_at(self, projection: exp.Expr) -> None:
        """Refuse a next row that is made in a way that may double a value."""
        nodes = list(projection.walk())
        mine = [n for n in nodes if isinstance(n, exp.Column) and n.name.lower() in self.names
                and n.table.lower() in ("", self.own)]
        if any(isinstance(n, (exp.Query, exp.Star)) for n in nodes) or len(mine) > 1:
            raise _refused()
        named = all(n.name.lower() in _NAMES for n in nodes if isinstance(n, exp.Anonymous))
        if mine and not (named and all(isinstance(n, _NODES) for n in nodes)):
            raise _refused()


def _values(base: exp.Select) -> list[exp.Expr]:
    """The values of VALUES (1, …), which the parser reads as a query."""
    from_ = base.args.get("from_")
    rows = from_.this.expressions if from_ is not None and isinstance(from_.this, exp.Values) else []
    alone = len(rows) == 1 and len(base.expressions) == 1 and isinstance(base.expressions[0], exp.Star)
    return list(rows[0].expressions) if alone else []


def _conjuncts(clause: exp.Expr | None) -> list[exp.Expr]:
    """The conditions of a WHERE or ON that all have to hold."""
    return conjuncts(clause.this if isinstance(clause, exp.Where) else clause, through_parens=True)


def _is(node: exp.Expr, source: str, columns: tuple[str, ...]) -> bool:
    """Whether a node is one of these columns of a source."""
    if not isinstance(node, exp.Column) or node.table.lower() not in ("", source.lower()):
        return False
    return node.name.lower() in (c.lower() for c in columns)


def _refused() -> Rejection:
    return Rejection(
        "recursive",
        "A recursive query has to be known to end: one that counts up to a number or a day, or that follows a "
        "table's own key.",
    )
