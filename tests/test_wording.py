"""Queries in words: a table judged by eye, and what must hold for everything that people ask of the demo."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from bot.expression_parts import stripped
from bot.glossary import Glossary
from bot.query_shape import conjuncts
from bot.slots import Bound, literal_sql
from bot.wording import LONGEST, in_words
from kd_training.shorten import shorten
from tests.demo_corpus import TODAY, Ground, bounds, intents

# Pairs of a line of words and, below it and indented, a query.
TABLE = re.findall(r"^(\S.*)\n    (.+)$", (Path(__file__).parent / "wordings.txt").read_text("utf-8"), re.MULTILINE)
_SQL = re.compile(
    r"\b(SELECT|FROM|WHERE|JOIN|GROUP BY|HAVING|NULL|COUNT|CASE|EXISTS|DISTINCT)\b|(?<!@)\b[a-z]+_[a-z_]+\b|\b[tx]\d\b"
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("wording") / "demo.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def asked(ground: Ground) -> dict[str, str]:
    """The full SQL of every intent of the corpus, with one value for each kind of hole; and its words."""
    found: dict[str, None] = {}
    for _, intent in intents():
        values: dict[str, str | int | float] = {}
        for name, kind in intent.slots.items():
            values |= ground.values({name: kind}, f"{name} {kind}")
        full = ground.expanded(shorten(intent.sql, ground.shorthand))
        found[literal_sql(Bound(sqlglot.parse_one(full, read="sqlite"), {**values, **bounds()}))] = None
    return {sql: in_words(sql, ground.schema, ground.glossary, TODAY) for sql in found}


@pytest.mark.parametrize(("words", "sql"), TABLE, ids=[words for words, _ in TABLE])
def test_reads_as_people_would_say_it(words: str, sql: str, ground: Ground) -> None:
    assert in_words(sql, ground.schema, ground.glossary, TODAY) == words


def test_whatever_is_asked_is_said_in_a_line_without_sql(asked: dict[str, str]) -> None:
    lengths = []
    for words in asked.values():
        assert 0 < len(words) <= LONGEST
        assert not words.startswith(("Something", "A query"))
        assert not _SQL.search(words), words
        lengths.append(len(words))
    assert sum(length > 110 for length in lengths) < 0.1 * len(lengths)


def test_queries_that_differ_read_differently(asked: dict[str, str]) -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for sql, words in asked.items():
        said[words].add(_normal(sql))
    same = [words for words, queries in said.items() if len(queries) > 1]
    assert len(same) < 0.02 * len(asked), same


def test_a_change_of_meaning_changes_the_words(ground: Ground, asked: dict[str, str]) -> None:
    tried, missed = 0, []
    for sql, words in list(asked.items())[::12]:
        if "see the SQL" in words:
            continue
        for changed in _changes(sql):
            tried += 1
            if in_words(changed, ground.schema, ground.glossary, TODAY) == words:
                missed.append((words, changed))
    assert tried > 250
    assert len(missed) <= 0.01 * tried, missed


@pytest.mark.parametrize("sql", ["", "no SQL", "SELECT x FROM nowhere", "VALUES (1)", "DROP TABLE orders", "(" * 50])
def test_what_is_no_query_of_this_database_is_said_to_be_in_the_sql(sql: str, ground: Ground) -> None:
    assert in_words(sql, ground.schema, Glossary()).endswith("… (see the SQL)")


def _normal(sql: str) -> str:
    """The query without the order of its conditions."""
    tree = sqlglot.parse_one(sql, read="sqlite")
    for where in tree.find_all(exp.Where):
        tests = sorted((stripped(t) for t in conjuncts(where.this)), key=lambda t: t.sql())
        where.set("this", exp.and_(*tests))
    return tree.sql("sqlite").replace(" ASC", "")


def _changes(sql: str) -> Iterator[str]:
    """Queries that mean something else, each one step away."""
    count = sum(1 for _ in sqlglot.parse_one(sql, read="sqlite").walk())
    for place in range(count):
        tree = sqlglot.parse_one(sql, read="sqlite")
        node = list(tree.walk())[place]
        if _changed(node):
            yield tree.sql("sqlite")


def _changed(node: exp.Expr) -> bool:
    """Change one node in its tree, if there is something to change."""
    parent = node.parent
    if isinstance(node, exp.Ordered):
        node.set("desc", not node.args.get("desc"))
    elif isinstance(node, exp.Limit):
        node.set("expression", exp.Literal.number(int(node.expression.name) + 2))
    elif isinstance(node, exp.GT):
        node.replace(exp.LT(this=node.this, expression=node.expression))
    elif isinstance(node, exp.EQ) and node.find_ancestor(exp.Join) is None and isinstance(node.right, exp.Literal):
        node.replace(exp.NEQ(this=node.this, expression=node.expression))
    elif isinstance(node, exp.Not) and isinstance(node.this, exp.In | exp.Exists):
        node.replace(node.this)
    elif isinstance(node, exp.Literal) and isinstance(parent, exp.EQ | exp.NEQ | exp.In | exp.GTE) and node.is_string:
        node.replace(exp.Literal.string("2023-02-04"))
    elif isinstance(node, exp.Sum) and not node.find(exp.Case):
        node.replace(exp.Avg(this=node.this))
    elif isinstance(node, exp.Min):
        node.replace(exp.Max(this=node.this))
    elif isinstance(node, exp.Having) and parent is not None:
        parent.set("having", None)
    elif isinstance(node, exp.Select) and len(node.expressions) > 1 and isinstance(node.expressions[-1], exp.Column):
        node.set("expressions", node.expressions[:-1])
    else:
        return False
    return True
