"""A glossary reads as written, complains by name, and the demo's says what its terms mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from bot.glossary import Glossary, GlossaryError, Metric, ValueAlias, load_glossary
from bot.reflect import reflect
from bot.schema import Column, Schema, Table
from demo.build import build

Write = Callable[[str | bytes], Path]
DEMO = Path(__file__).parents[1] / "demo" / "glossary.toml"
TODAY = date(2026, 11, 22)
SALES = Schema("sqlite", (
    Table("sales", (Column("amount", "number"), Column("sold_on", "date"), Column("land", "text"))),
))
GOOD = """
[metrics.income]
expr = "SUM(sales.amount)"
where = "sales.amount > 0"
root = "sales"
date = "sales.sold_on"
synonyms = ["earnings"]
description = "All of it."

[conditions.big]
expr = "sales.amount > 100"
root = "sales"

[expressions.age]
expr = "JULIANDAY('now') - JULIANDAY(sales.sold_on)"
root = "sales"

[values."United Kingdom"]
columns = ["sales.land"]
names = ["UK", "Britain"]

[synonyms]
sales = ["deals"]
"sales.land" = ["country"]
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A function that writes a glossary file and gives its path."""
    path = tmp_path / "terms.toml"

    def write(text: str | bytes) -> Path:
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo database."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    build(path, TODAY)
    return path


def query(path: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, parameters).fetchall()


def test_no_file_is_an_empty_glossary() -> None:
    assert load_glossary(None) == Glossary()
    assert Glossary().check(SALES) == ()


def test_reads_every_part(write: Write) -> None:
    glossary = load_glossary(write(GOOD))
    assert glossary.metric("income") == Metric(
        "income", "SUM(sales.amount)", "sales.amount > 0", "sales", "sales.sold_on", ("earnings",),
        "All of it.",
    )
    big, age = glossary.condition("big"), glossary.expression("age")
    assert big is not None and big.expr == "sales.amount > 100" and big.synonyms == ()
    assert age is not None and age.root == "sales"
    assert glossary.values == (ValueAlias("United Kingdom", ("sales.land",), ("UK", "Britain")),)
    assert dict(glossary.synonyms) == {"sales": ("deals",), "sales.land": ("country",)}
    assert glossary.metric("big") is None and glossary.condition("income") is None
    assert glossary.expression("nothing") is None
    assert glossary.check(SALES) == ()


@pytest.mark.parametrize(
    ("old", "new", "entry", "problem"),
    [
        ('expr = "SUM(sales.amount)"', "", "metrics.income", '"expr" is missing'),
        ('expr = "SUM(sales.amount)"', 'expr = "  "', "metrics.income", '"expr" must be a text'),
        ('expr = "SUM(sales.amount)"', "expr = 7", "metrics.income", '"expr" must be a text'),
        ('expr = "SUM(sales.amount)"', 'expr = "SUM(sales."', "metrics.income", "not an SQL expression"),
        ('expr = "SUM(sales.amount)"', 'expr = "SUM(amount)"', "metrics.income", "column amount without"),
        ('expr = "SUM(sales.amount)"', 'expr = "DROP TABLE sales"', "metrics.income", "not a statement"),
        ('expr = "SUM(sales.amount)"', 'expr = "SELECT 1"', "metrics.income", "not a statement"),
        ('expr = "SUM(sales.amount)"', 'expr = "1; DELETE FROM sales"', "metrics.income", "be one SQL"),
        ('where = "sales.amount > 0"', 'wehre = "x"', "metrics.income", '"wehre" is not one of'),
        ('where = "sales.amount > 0"', 'where = "amount > 0"', "metrics.income", "without its table"),
        ('date = "sales.sold_on"', 'date = "sold_on"', "metrics.income", "table.column"),
        ('synonyms = ["earnings"]', 'synonyms = "earnings"', "metrics.income", "list of texts"),
        ('synonyms = ["earnings"]', "synonyms = [1]", "metrics.income", "list of texts"),
        ('synonyms = ["earnings"]', 'synonyms = ["BIG"]', "conditions.big", "already means metrics.income"),
        ('[conditions.big]\nexpr = "sales.amount > 100"', "[conditions.big]", "conditions.big", "missing"),
        ('[expressions.age]', "[expressions.age]\nwhere = 'x'", "expressions.age", '"where" is not one of'),
        ('columns = ["sales.land"]', "", 'values."United Kingdom"', '"columns" must be a list'),
        ('columns = ["sales.land"]', 'columns = ["land"]', 'values."United Kingdom"', "table.column"),
        ('names = ["UK", "Britain"]', 'names = [""]', 'values."United Kingdom"', "list of texts"),
        ('sales = ["deals"]', "sales = 3", "synonyms", "list of texts"),
        ("[synonyms]", "[metrics.x]\nroot='sales'\nexpr='1'\n[tables]", "the file", '"tables" is not one of'),
        ("[synonyms]", "[synonyms]\n[synonyms]", "TOML", "line 23"),
    ],
)
def test_mistakes_are_named(write: Write, old: str, new: str, entry: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(GlossaryError) as caught:
        load_glossary(write(GOOD.replace(old, new)))
    message = str(caught.value)
    assert "terms.toml" in message and entry in message and problem in message
    assert message.endswith(".") and "\n" not in message


@pytest.mark.parametrize("text", ["metrics = 3", "[metrics]\nincome = 3", "synonyms = []"])
def test_sections_must_be_tables(write: Write, text: str) -> None:
    with pytest.raises(GlossaryError, match="must be a table"):
        load_glossary(write(text))


def test_files_that_cannot_be_read(write: Write, tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(GlossaryError, match="Cannot read the glossary"):
            load_glossary(path)
    with pytest.raises(GlossaryError, match="not UTF-8"):
        load_glossary(write(b"\xff\xfe = 1"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode("utf-8", "ignore"))))
def test_any_file_is_a_glossary_or_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    try:
        assert isinstance(load_glossary(path), Glossary)
    except GlossaryError as error:
        assert "any.toml" in str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.text(max_size=60))
@example("--")
@example(";")
@example("/* */")
def test_any_expression_is_taken_or_refused(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "any.toml"
    quoted = "".join(f"\\U{ord(c):08X}" for c in sql if not 0xD800 <= ord(c) <= 0xDFFF)
    path.write_text(f'[metrics.m]\nroot = "sales"\nexpr = "{quoted}"\n')
    try:
        load_glossary(path).check(SALES)
    except GlossaryError as error:
        assert "metrics.m" in str(error)


def test_check_names_what_is_not_there(write: Write) -> None:
    text = GOOD.replace("SUM(sales.amount)", "SUM(sales.total)").replace("sales.land", "sales.country")
    nested = "EXISTS (SELECT 1 FROM refunds WHERE refunds.id = sales.amount)"
    other = '[expressions.other]\nroot = "visits"\nexpr = "1"\n[expressions.age]'
    text = text.replace("sales.amount > 100", nested).replace("[expressions.age]", other)
    text = text.replace('date = "sales.sold_on"', 'date = "sales.day"')
    assert load_glossary(write(text)).check(SALES) == (
        "metrics.income: there is no column sales.total in the database.",
        "metrics.income: there is no column sales.day in the database.",
        "conditions.big: there is no table refunds in the database.",
        "conditions.big: there is no column refunds.id in the database.",
        "expressions.other: there is no table visits in the database.",
        'values."United Kingdom": there is no column sales.country in the database.',
        "synonyms: there is no column sales.country in the database.",
    )


# The demo's glossary


def test_demo_names_only_what_is_there(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}")
    assert load_glossary(DEMO).check(reflect(engine)) == ()
    engine.dispose()


def test_demo_has_the_terms_of_the_description() -> None:
    glossary = load_glossary(DEMO)
    assert {m.name for m in glossary.metrics} == {
        "revenue", "profit", "units_sold", "average_order_value", "stock", "headcount",
    }
    assert {c.name for c in glossary.conditions} == {"late_order", "unpaid_order", "open_ticket", "low_stock"}
    assert {e.name for e in glossary.expressions} == {"tenure", "resolution_time"}
    words = {word.casefold(): m.name for m in glossary.metrics for word in m.synonyms}
    for word, meaning in (("sales", "revenue"), ("turnover", "revenue"), ("margin", "profit"),
                          ("on hand", "stock"), ("best-selling", "units_sold")):
        assert words[word] == meaning


FROM = {
    "order_items": "order_items JOIN orders ON orders.id = order_items.order_id "
                   "JOIN products ON products.id = order_items.product_id",
    "inventory": "inventory", "employees": "employees", "orders": "orders",
    "support_tickets": "support_tickets",
}


def test_demo_metrics_agree_with_sums_made_by_hand(database: Path) -> None:
    lines = query(database, "SELECT o.id, i.quantity, i.unit_price, i.discount, p.unit_cost "
                            "FROM order_items i, orders o, products p "
                            "WHERE o.id = i.order_id AND p.id = i.product_id "
                            "AND o.status IN ('pending', 'shipped', 'delivered', 'returned')")
    revenue = sum(q * price * (1 - discount) for _, q, price, discount, _ in lines)
    cost = sum(q * unit_cost for _, q, _, _, unit_cost in lines)
    units = sum(q for _, q, *_ in lines)
    expected = {
        "revenue": revenue, "profit": revenue - cost, "units_sold": units,
        "average_order_value": revenue / len({order for order, *_ in lines}),
        "stock": sum(q for q, in query(database, "SELECT quantity FROM inventory")),
        "headcount": 110,
    }
    for metric in load_glossary(DEMO).metrics:
        found = query(database, f"SELECT {metric.expr} FROM {FROM[metric.root]} WHERE {metric.where or '1'}")
        assert found == [(pytest.approx(expected[metric.name]),)], metric.name


def test_demo_conditions_are_true_of_some_rows_only(database: Path) -> None:
    glossary = load_glossary(DEMO)
    for condition in glossary.conditions:
        counts = f"SELECT SUM({condition.expr}), COUNT(*) FROM {FROM[condition.root]}"
        [(some, all_rows)] = query(database, counts)
        assert 0 < some < all_rows / 2, condition.name
    for expression in glossary.expressions:
        [(low, high)] = query(database, f"SELECT MIN({expression.expr}), MAX({expression.expr}) "
                                        f"FROM {FROM[expression.root]} ")
        assert low is not None and low < high, expression.name


def test_demo_values_are_stored_where_they_are_said_to_be(database: Path) -> None:
    for alias in load_glossary(DEMO).values:
        for column in alias.columns:
            table, name = column.split(".")
            assert query(database, f"SELECT 1 FROM {table} WHERE {name} = ? LIMIT 1", alias.value), alias


def test_demo_value_names_mean_one_value_and_hide_none(database: Path) -> None:
    glossary = load_glossary(DEMO)
    names = [name.casefold() for alias in glossary.values for name in alias.names]
    assert len(names) == len(set(names))
    stored = {str(v).casefold() for c in {c for a in glossary.values for c in a.columns}
              for v, in query(database, f"SELECT DISTINCT {c.split('.')[1]} FROM {c.split('.')[0]}")}
    assert stored.isdisjoint(names)


def test_demo_knows_a_nationality_for_every_country(database: Path) -> None:
    names = {alias.value: alias for alias in load_glossary(DEMO).values}
    for table in ("customers", "suppliers", "warehouses"):
        for (country,) in query(database, f"SELECT DISTINCT country FROM {table}"):
            assert f"{table}.country" in names[str(country)].columns
