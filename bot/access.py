"""Who may see what: tables and columns that are closed, columns that are masked, rows that are kept back.

The rules come from a TOML file (docs/safety.md explains it). For one asker they become `Rights`: a catalog from which
closed tables and columns are missing, and a query to stand in for every table of which not everything may be seen.
The guard puts that query wherever the table stands: in subqueries, CTEs, unions and self-joins alike.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlglot import exp

from bot.access_file import Rule, read_rules
from bot.catalog import Catalog, catalog_of, needs_quotes, new_catalog
from bot.config import ConfigError
from bot.dialects import translate
from bot.guard import Rejected, SafeSQL, check
from bot.schema import Dialect, Schema, Table

MASK = "***"
_ALL_ROWS = 18_446_744_073_709_551_615  # how MySQL's manual says “no limit”
_KEPT = 64  # catalogs of rights seen last


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where. `groups` come on top of those that the rules' own file gives the user."""

    user: str = ""
    groups: frozenset[str] = frozenset()
    channel: str = ""
    door: str = ""


NOBODY = Asker()


@dataclass(frozen=True)
class Rights:
    """What one asker may see of a schema: one catalog for SQL in SQLite's words, one for the database's own."""

    spoken: Catalog
    native: Catalog

    def check(self, sql: str, schema: Schema, read: Dialect = "sqlite") -> SafeSQL | Rejected:
        """The guard's verdict under these rights."""
        return check(sql, schema, schema.dialect, read, self.spoken if read == "sqlite" else self.native)


@dataclass
class Access:
    """The rules of an organisation. Thread-safe."""

    rules: tuple[Rule, ...] = ()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _known: dict[tuple[frozenset[int], int], Rights] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def load(cls, path: Path | None) -> Access:
        """The rules of a file; none without one. Raises ConfigError."""
        if path is None:
            return cls()
        rules, groups = read_rules(path)
        return cls(rules, groups)

    def validate(self, schema: Schema) -> None:
        """Build every rule over the schema once. Raises ConfigError for a name or a condition that is wrong."""
        for rule in self.rules:
            _rights((rule,), schema)

    def rights(self, asker: Asker, schema: Schema) -> Rights:
        """What the asker may see. Raises ConfigError for a rule that does not fit the schema."""
        groups = asker.groups | {name for name, users in self.groups.items() if asker.user in users}
        bound = [n for n, rule in enumerate(self.rules) if _binds(rule, asker, groups)]
        key = (frozenset(bound), id(schema))
        with self._lock:
            known = self._known.get(key)
            if known is None or (known.spoken.schema is not schema and bound == []):
                known = _rights([self.rules[n] for n in bound], schema)
                while len(self._known) >= _KEPT:
                    self._known.pop(next(iter(self._known)))
                self._known[key] = known
            return known


def _binds(rule: Rule, asker: Asker, groups: frozenset[str] | set[str]) -> bool:
    """Whether the rule is for this asker: every list that it gives has to name them, and no exception."""
    if rule.except_groups & groups or asker.user in rule.except_users:
        return False
    return (
        (not rule.users or asker.user in rule.users)
        and (not rule.groups or bool(rule.groups & groups))
        and (not rule.channels or asker.channel in rule.channels)
        and (not rule.doors or asker.door in rule.doors)
    )


def _rights(rules: Iterable[Rule], schema: Schema) -> Rights:
    together = list(rules)
    if not together:
        catalog = catalog_of(schema)
        return Rights(catalog, catalog)
    for rule in together:
        _check_names(rule, schema)
    open_tables = [t for t in schema.tables if all(_is_open(t.name, rule) for rule in together)]
    closed = {t.name.lower() for t in schema.tables} - {t.name.lower() for t in open_tables}
    visible, spoken, native = [], dict[str, exp.Select](), dict[str, exp.Select]()
    for table in open_tables:
        hidden = {c.name for c in table.columns if any(f"{table.name}.{c.name}" in r.deny for r in together)}
        masked = {c.name for c in table.columns if any(f"{table.name}.{c.name}" in r.mask for r in together)}
        conditions = [r.rows[table.name] for r in together if table.name in r.rows]
        closed |= {f"{table.name}.{name}".lower() for name in hidden}
        kept = replace(table, columns=tuple(c for c in table.columns if c.name not in hidden))
        if not kept.columns:
            closed.add(table.name.lower())
            continue
        visible.append(kept)
        if hidden or masked or conditions:
            view = _view(kept, masked, conditions, schema)
            spoken[table.name] = _fenced(view.copy(), schema.dialect, bool(conditions))
            said = view if schema.dialect == "sqlite" else translate(view.copy(), schema, schema.dialect)
            assert isinstance(said, exp.Select)
            native[table.name] = _fenced(said, schema.dialect, bool(conditions))
    seen = replace(schema, tables=tuple(visible))
    return Rights(new_catalog(seen, spoken, frozenset(closed)), new_catalog(seen, native, frozenset(closed)))


def _is_open(table: str, rule: Rule) -> bool:
    return table not in rule.deny and (rule.tables is None or table in rule.tables)


def _check_names(rule: Rule, schema: Schema) -> None:
    for name in (*(rule.tables or ()), *rule.rows, *rule.deny, *rule.mask):
        known = schema.column(name) if "." in name else schema.table(name)
        if known is None:
            raise ConfigError(f"The access rules name “{name}”, which this database does not have")


def _view(table: Table, masked: set[str], conditions: list[str], schema: Schema) -> exp.Select:
    """SELECT the open columns FROM the table WHERE the conditions hold, in SQLite's words, checked and resolved."""
    columns: list[exp.Expr] = []
    for column in table.columns:
        name = exp.to_identifier(column.name, quoted=needs_quotes(column.name))
        if column.name in masked:
            value = exp.Literal.string(MASK) if column.type == "text" else exp.null()
            columns.append(exp.Alias(this=value, alias=name))
        else:
            columns.append(exp.Column(this=name))
            columns[-1].meta["type"] = column.type
    view = exp.Select(expressions=columns, from_=exp.From(this=exp.to_table(f'"{table.name}"')))
    for condition in conditions:
        verdict = check(f'SELECT 1 FROM "{table.name}" WHERE {condition}', schema, "sqlite")
        if isinstance(verdict, Rejected) or verdict.parameters:
            reason = verdict.message if isinstance(verdict, Rejected) else "It has a placeholder."
            raise ConfigError(f"The access rule for the rows of “{table.name}” is wrong: {reason}")
        where = verdict.tree.args["where"].this
        if not isinstance(verdict.tree, exp.Select) or set(_parts(verdict.tree)) != {"expressions", "from_", "where"}:
            raise ConfigError(f"The access rule for the rows of “{table.name}” has to be one condition")
        view = view.where(where.copy(), copy=False)
    for identifier in view.find_all(exp.Identifier):
        if not needs_quotes(identifier.name):
            identifier.set("quoted", False)
    return view


def _parts(select: exp.Select) -> list[str]:
    return [key for key, value in select.args.items() if value]


def _fenced(view: exp.Select, dialect: Dialect, fence: bool) -> exp.Select:
    """Keep the database from mixing the asker's conditions with the rule's: an error in one of theirs, on a row that is
    kept back, would tell that the row is there."""
    if fence and dialect == "postgres":
        view.set("offset", exp.Offset(expression=exp.Literal.number(0)))
    elif fence:
        most = exp.Literal.number(_ALL_ROWS if dialect == "mysql" else 9_223_372_036_854_775_807)
        view.set("limit", exp.Limit(expression=most))
    return view
