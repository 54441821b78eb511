"""An organisation's words, from one TOML file: metrics, conditions, expressions, values, synonyms."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from bot.schema import Schema


class GlossaryError(Exception):
    """The glossary cannot be used. The message names the file, the entry and what is wrong, for people."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number over many rows of `root` (and what it joins to), counting rows that satisfy `where`.

    `expr` and `where` are SQLite SQL in which every column is written `table.column`. `date` is the column
    that dates the metric, `table.column`, or "" where time has no part in it.
    """

    name: str
    expr: str
    where: str
    root: str
    date: str
    synonyms: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is true or false of one row of `root`."""

    name: str
    expr: str
    root: str
    synonyms: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A number that belongs to one row of `root`."""

    name: str
    expr: str
    root: str
    synonyms: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class ValueAlias:
    """Other `names` for a text that is stored as `value` in `columns` (each `table.column`)."""

    value: str
    columns: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glossary:
    """All of it. `synonyms` maps a table or a `table.column` to other words for it."""

    metrics: tuple[Metric, ...] = ()
    conditions: tuple[Condition, ...] = ()
    expressions: tuple[Expression, ...] = ()
    values: tuple[ValueAlias, ...] = ()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def metric(self, name: str) -> Metric | None:
        """The metric of that name, or None."""
        return next((m for m in self.metrics if m.name == name), None)

    def condition(self, name: str) -> Condition | None:
        """The condition of that name, or None."""
        return next((c for c in self.conditions if c.name == name), None)

    def expression(self, name: str) -> Expression | None:
        """The expression of that name, or None."""
        return next((e for e in self.expressions if e.name == name), None)

    def check(self, schema: Schema) -> tuple[str, ...]:
        """One sentence for each name of a table or column in the glossary that the schema lacks."""
        problems = []
        for entry, name in self._names():
            found = schema.column(name) if "." in name else schema.table(name)
            if found is None:
                kind = "column" if "." in name else "table"
                problems.append(f"{entry}: there is no {kind} {name} in the database.")
        return tuple(dict.fromkeys(problems))

    def _names(self) -> Iterator[tuple[str, str]]:
        """Entry and table or `table.column`, for every mention."""
        for metric in self.metrics:
            entry = f"metrics.{metric.name}"
            yield entry, metric.root
            yield from ((entry, name) for sql in (metric.expr, metric.where) for name in _mentions(sql))
            if metric.date:
                yield entry, metric.date
        for kind, terms in (("conditions", self.conditions), ("expressions", self.expressions)):
            for term in terms:
                yield f"{kind}.{term.name}", term.root
                yield from ((f"{kind}.{term.name}", name) for name in _mentions(term.expr))
        for alias in self.values:
            yield from ((f'values."{alias.value}"', column) for column in alias.columns)
        yield from (("synonyms", name) for name in self.synonyms)


def _mentions(sql: str) -> list[str]:
    """The tables of its subqueries and the columns a piece of SQL names."""
    if not sql:
        return []
    tree = sqlglot.parse_one(sql, read="sqlite")
    tables = [table.name for table in tree.find_all(exp.Table)]
    return tables + [f"{c.table}.{c.name}" for c in tree.find_all(exp.Column)]


def load_glossary(path: Path | str | None) -> Glossary:
    """Read a glossary file; without one, an empty glossary. Raises GlossaryError."""
    if path is None:
        return Glossary()
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GlossaryError(f"Cannot read the glossary {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise GlossaryError(f"The glossary {path} is not UTF-8 text.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise GlossaryError(f"The glossary {path} is not valid TOML: {error}.") from error
    return _Reader(path).read(data)


class _Reader:
    """Turns parsed TOML into a Glossary; every complaint names the file and the entry."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, data: dict[str, object]) -> Glossary:
        self._only(data, "the file", {"metrics", "conditions", "expressions", "values", "synonyms"})
        glossary = Glossary(
            metrics=tuple(self._metric(n, e) for n, e in self._section(data, "metrics")),
            conditions=tuple(
                Condition(n, *self._term("conditions", n, e)) for n, e in self._section(data, "conditions")
            ),
            expressions=tuple(
                Expression(n, *self._term("expressions", n, e)) for n, e in self._section(data, "expressions")
            ),
            values=tuple(self._alias(n, e) for n, e in self._section(data, "values")),
            synonyms=MappingProxyType(self._synonyms(data)),
        )
        self._unique(glossary)
        return glossary

    def _fail(self, entry: str, problem: str) -> GlossaryError:
        return GlossaryError(f"The glossary {self._path} has a mistake in {entry}: {problem}.")

    def _only(self, data: dict[str, object], entry: str, known: set[str]) -> None:
        for key in data:
            if key not in known:
                expected = ", ".join(sorted(known))
                raise self._fail(entry, f'"{key}" is not one of {expected}')

    def _table(self, value: object, entry: str) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self._fail(entry, "it must be a table of settings")
        return value

    def _section(self, data: dict[str, object], name: str) -> list[tuple[str, dict[str, object]]]:
        section = self._table(data.get(name, {}), name)
        return [(key, self._table(entry, f"{name}.{key}")) for key, entry in section.items()]

    def _text(self, data: dict[str, object], key: str, entry: str, default: str | None = None) -> str:
        value = data.get(key, default)
        if value is None:
            raise self._fail(entry, f'"{key}" is missing')
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self._fail(entry, f'"{key}" must be a text')
        return value.strip()

    def _texts(self, value: object, key: str, entry: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self._fail(entry, f'"{key}" must be a list of texts')
        return tuple(value)

    def _sql(self, data: dict[str, object], key: str, entry: str, default: str | None = None) -> str:
        sql = self._text(data, key, entry, default)
        if not sql:
            return sql
        try:
            trees = sqlglot.parse(sql, read="sqlite")
        except (SqlglotError, RecursionError) as error:
            raise self._fail(entry, f'"{key}" is not an SQL expression') from error
        tree = trees[0] if len(trees) == 1 else None
        if tree is None:
            raise self._fail(entry, f'"{key}" must be one SQL expression')
        if not isinstance(tree, exp.Condition | exp.Binary | exp.Func | exp.Filter):
            raise self._fail(entry, f'"{key}" must be an expression, not a statement')
        for column in tree.find_all(exp.Column):
            if not column.table:
                raise self._fail(entry, f'"{key}" names the column {column.name} without its table')
        return sql

    def _metric(self, name: str, data: dict[str, object]) -> Metric:
        entry = f"metrics.{name}"
        self._only(data, entry, {"expr", "where", "root", "date", "synonyms", "description"})
        date = self._text(data, "date", entry, "")
        if date and date.count(".") != 1:
            raise self._fail(entry, '"date" must be written table.column')
        return Metric(
            name=name,
            expr=self._sql(data, "expr", entry),
            where=self._sql(data, "where", entry, ""),
            root=self._text(data, "root", entry),
            date=date,
            synonyms=self._texts(data.get("synonyms", []), "synonyms", entry),
            description=self._text(data, "description", entry, ""),
        )

    def _term(self, kind: str, name: str, data: dict[str, object]) -> tuple[str, str, tuple[str, ...], str]:
        entry = f"{kind}.{name}"
        self._only(data, entry, {"expr", "root", "synonyms", "description"})
        return (
            self._sql(data, "expr", entry),
            self._text(data, "root", entry),
            self._texts(data.get("synonyms", []), "synonyms", entry),
            self._text(data, "description", entry, ""),
        )

    def _alias(self, value: str, data: dict[str, object]) -> ValueAlias:
        entry = f'values."{value}"'
        self._only(data, entry, {"columns", "names"})
        columns = self._texts(data.get("columns"), "columns", entry)
        for column in columns:
            if column.count(".") != 1:
                raise self._fail(entry, f'the column "{column}" must be written table.column')
        return ValueAlias(value, columns, self._texts(data.get("names"), "names", entry))

    def _synonyms(self, data: dict[str, object]) -> dict[str, tuple[str, ...]]:
        section = self._table(data.get("synonyms", {}), "synonyms")
        return {name: self._texts(words, name, "synonyms") for name, words in section.items()}

    def _unique(self, glossary: Glossary) -> None:
        """A term's name or synonym must mean one thing, or the student could not learn which."""
        meaning: dict[str, str] = {}
        terms: tuple[tuple[str, Sequence[Metric | Condition | Expression]], ...] = (
            ("metrics", glossary.metrics),
            ("conditions", glossary.conditions),
            ("expressions", glossary.expressions),
        )
        for kind, entries in terms:
            for term in entries:
                entry = f"{kind}.{term.name}"
                for word in (term.name, *term.synonyms):
                    other = meaning.setdefault(word.casefold(), entry)
                    if other != entry:
                        raise self._fail(entry, f'"{word}" already means {other}')
