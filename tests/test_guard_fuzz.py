"""A hundred thousand queries that nobody wrote: trees put together at random, and attacks changed a little.

Whatever comes, the guard neither raises nor lets anything through but one query that reads, and what it writes out
reads the same way in the dialect it is for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
import sqlglot
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from bot.guard import SafeSQL, check
from bot.rules import RULES
from bot.schema import Dialect
from tests.guarded_shop import SHOP, examples

DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgres", "mysql")
PARTS = re.compile(r"\w+|'[^']*'|\s+|.", re.DOTALL)
# Shop's tables in place of the demo's, so that most names exist.
NAMES = {"employees": "customers", "order_items": "items", "products": "items", "payments": "orders"}
WRITES = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Command, exp.Into, exp.Lock,
    exp.Set, exp.Copy, exp.Transaction, exp.Commit, exp.Rollback, exp.Pragma, exp.Use, exp.Grant, exp.TruncateTable,
    exp.SessionParameter, exp.Parameter, exp.PropertyEQ, exp.LoadData, exp.Kill, exp.Describe, exp.Show,
)
DANGEROUS = re.compile(
    r"\b(?:pg_\w+|lo_\w+|dblink\w*|query_to_xml\w*|nextval|setval|currval|set_config|current_setting|load_file|sleep|"
    r"benchmark|get_lock|load_extension|readfile|writefile|information_schema|mysql\.\w+|sqlite_\w+|pg_catalog)\s*[(.]",
    re.IGNORECASE,
)


def known(dialect: Dialect) -> list[str]:
    found = [e["sql"] for kind in ("attacks", "benign") for e in examples(kind, dialect) if len(e["sql"]) < 400]
    for name, other in NAMES.items():
        found += [sql.replace(name, other) for sql in found if name in sql]
    return found


SIGNS = ("--", "/*", "*/", ";", "\\", "'", '"', "`", "\n", "\0")
KNOWN = {dialect: known(dialect) for dialect in DIALECTS}
WORDS = {
    dialect: sorted({part for sql in KNOWN[dialect] for part in PARTS.findall(sql) if part.isprintable()})
    for dialect in DIALECTS
}


@st.composite
def mutated(draw: st.DrawFn, dialect: Dialect) -> str:
    """A known query with parts replaced, put in, left out, doubled or joined with another's."""
    parts = PARTS.findall(draw(st.sampled_from(KNOWN[dialect])))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(parts)))
        how = draw(st.integers(0, 3))
        if how == 0:
            parts[place : place + draw(st.integers(0, 3))] = draw(
                st.lists(st.sampled_from(WORDS[dialect]), max_size=3)
            )
        elif how == 1:
            parts[place:place] = PARTS.findall(draw(st.sampled_from(KNOWN[dialect])))[: draw(st.integers(1, 12))]
        elif how == 2:
            parts[place:place] = [" ", draw(st.sampled_from(SIGNS)), " "]
        else:
            parts = [part.swapcase() for part in parts]
    return "".join(parts)


COLUMNS = st.sampled_from(
    ["name", "id", "customers.id", "orders.status", "orders.order_date", "quantity", "price", "salary", "rowid", "*"]
)
LITERALS = st.sampled_from(["1", "-3", "0.5", "'x'", "'2025-01-01'", "NULL", "TRUE", ":v0", "CURRENT_DATE", "''"])
OTHERS = (
    "COUNT", "SUM", "MAX", "UPPER", "ROUND", "COALESCE", "SUBSTR", "STRFTIME", "pg_sleep", "SLEEP", "LOAD_FILE",
    "nextval", "lo_import", "load_extension", "pg_read_file", "set_config", "dblink",
)
FUNCTIONS = st.sampled_from([*sorted({name for rules in RULES.values() for name in rules.names}), *OTHERS])
OPERATORS = ("+", "-", "*", "/", "%", "||", "=", "<>", "<", ">=", "AND", "OR", "LIKE", "IS", "IN")


def expressions() -> st.SearchStrategy[str]:
    """Expressions of a few levels."""

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.tuples(inner, st.sampled_from(OPERATORS), inner)
        return st.one_of(
            binary.map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            st.tuples(FUNCTIONS, st.lists(inner, max_size=3)).map(lambda t: f"{t[0]}({', '.join(t[1])})"),
            inner.map(lambda e: f"(SELECT {e} FROM orders)"),
            st.tuples(inner, inner).map(lambda t: f"CASE WHEN {t[0]} THEN {t[1]} END"),
            inner.map(lambda e: f"CAST({e} AS TEXT)"),
            inner.map(lambda e: f"NOT {e}"),
        )

    return st.recursive(st.one_of(COLUMNS, LITERALS), grow, max_leaves=8)


TAILS = (" LIMIT 5", " LIMIT 5 OFFSET 2", " FOR UPDATE", " INTO x", " UNION SELECT 1", ";", "; DELETE FROM orders")
FRAMES = ("WITH c AS (…) SELECT * FROM c", "(…)", "EXPLAIN …", "SELECT * FROM (…) AS s")


@st.composite
def built(draw: st.DrawFn) -> str:
    """A query put together from its clauses."""
    items = ", ".join(draw(st.lists(expressions(), min_size=1, max_size=3)))
    source = draw(st.sampled_from([
        "customers", "orders", "items", "orders JOIN customers ON customers.id = orders.customer_id",
        "customers, orders", "(SELECT * FROM orders) AS orders", "pg_class", "mysql.user", "sqlite_master",
        "generate_series(1, 1000000)", "orders LEFT JOIN items ON items.order_id = orders.id", "nowhere",
    ]))
    sql = f"SELECT {items} FROM {source}"
    for word in ("WHERE", "GROUP BY", "HAVING", "ORDER BY"):
        if draw(st.booleans()):
            sql += f" {word} {draw(expressions())}"
    if draw(st.booleans()):
        sql += draw(st.sampled_from(TAILS))
    if draw(st.booleans()):
        sql = draw(st.sampled_from(FRAMES)).replace("…", sql)
    return sql


def held(sql: str, read: Dialect, target: Dialect) -> None:
    """The guard's verdict on any text keeps what it promises."""
    verdict = check(sql, SHOP, target, read)
    if not isinstance(verdict, SafeSQL):
        assert verdict.code and verdict.message
        return
    trees = sqlglot.parse(verdict.sql, read=target)
    assert len(trees) == 1 and isinstance(trees[0], exp.Query), verdict.sql
    assert not any(isinstance(node, WRITES) for node in trees[0].walk()), verdict.sql
    bare = re.sub(r"'(?:[^']|'')*'", "''", verdict.sql)
    assert not DANGEROUS.search(bare), verdict.sql
    assert "/*" not in re.sub(r'"[^"]*"|`[^`]*`', "", bare), verdict.sql


def cases(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_some_mutated_attacks(dialect: Dialect) -> None:
    @cases(150)
    @given(mutated(dialect))
    def run(sql: str) -> None:
        held(sql, dialect, dialect)

    run()


@pytest.mark.parametrize("target", DIALECTS)
def test_some_built_queries(target: Dialect) -> None:
    @cases(100)
    @given(built())
    def run(sql: str) -> None:
        held(sql, "sqlite", target)
        held(sql, target, target)

    run()


def changed_at_random(rng: random.Random, dialect: Dialect) -> str:
    """The same changes as `mutated`, many times as fast."""
    parts = PARTS.findall(rng.choice(KNOWN[dialect]))
    for _ in range(rng.randint(1, 4)):
        place, how = rng.randint(0, len(parts)), rng.randint(0, 3)
        if how == 0:
            parts[place : place + rng.randint(0, 3)] = rng.choices(WORDS[dialect], k=rng.randint(0, 3))
        elif how == 1:
            parts[place:place] = PARTS.findall(rng.choice(KNOWN[dialect]))[: rng.randint(1, 12)]
        elif how == 2:
            parts[place:place] = [" ", rng.choice(SIGNS), " "]
        else:
            parts = [part.swapcase() for part in parts]
    return "".join(parts)


# Twelve parts, so that several processes can share them: 12 × 350 × 25 = 105,000 cases.
@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_hundred_thousand_mutated_attacks(dialect: Dialect, part: int) -> None:
    @cases(350)
    @given(st.randoms(use_true_random=False))
    def run(rng: random.Random) -> None:
        own = random.Random(rng.getrandbits(64))
        for _ in range(25):
            held(changed_at_random(own, dialect), dialect, dialect)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("target", DIALECTS)
def test_thousands_of_built_queries(target: Dialect) -> None:
    @cases(2_000)
    @given(built())
    def run(sql: str) -> None:
        held(sql, "sqlite", target)
        held(sql, target, target)

    run()
