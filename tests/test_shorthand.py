"""Short SQL expanded: joins, terms, grouping, periods and buckets put back by rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from bot.glossary import Glossary
from bot.intervals import Interval
from bot.schema import Column, ForeignKey, Schema, Table
from bot.shorthand import Shorthand, ShorthandError
from tests.demo_corpus import Ground, bounds

REVENUE = "SUM(order_items.quantity * order_items.unit_price * (1 - order_items.discount))"
ITEMS = "FROM order_items JOIN orders ON order_items.order_id = orders.id"
BOUGHT = f"{ITEMS} JOIN customers ON orders.customer_id = customers.id"
KEPT = "WHERE orders.status <> 'cancelled'"

# Short, full.
FORMS = [
    ("SELECT COUNT(*) FROM orders", "SELECT COUNT(*) FROM orders"),
    # joins
    ("SELECT COUNT(*) FROM orders WHERE customers.name = :v0",
     "SELECT COUNT(*) FROM orders JOIN customers ON orders.customer_id = customers.id WHERE customers.name = :v0"),
    ("SELECT orders.id FROM orders ORDER BY customers.name",
     "SELECT orders.id FROM orders JOIN customers ON orders.customer_id = customers.id ORDER BY customers.name"),
    ("SELECT categories.name FROM returns",
     "SELECT categories.name FROM returns JOIN order_items ON returns.order_item_id = order_items.id"
     " JOIN products ON order_items.product_id = products.id JOIN categories ON products.category_id = categories.id"),
    ("SELECT orders.id FROM orders JOIN customers ON orders.customer_id = customers.id WHERE customers.city = :v0",
     "SELECT orders.id FROM orders JOIN customers ON orders.customer_id = customers.id WHERE customers.city = :v0"),
    ("SELECT customers.name, orders.id FROM customers",  # from the finer table
     "SELECT customers.name, orders.id FROM orders JOIN customers ON orders.customer_id = customers.id"),
    # metrics with their conditions, conditions, expressions
    ("SELECT revenue FROM order_items", f"SELECT {REVENUE} {ITEMS} {KEPT}"),
    ("SELECT revenue / 12 FROM order_items WHERE orders.channel = 'web'",
     f"SELECT {REVENUE} / 12 {ITEMS} WHERE orders.channel = 'web' AND orders.status <> 'cancelled'"),
    ("SELECT profit / revenue FROM order_items",
     f"SELECT ({REVENUE} - SUM(order_items.quantity * products.unit_cost)) / {REVENUE} {ITEMS}"
     f" JOIN products ON order_items.product_id = products.id {KEPT}"),
    ("SELECT COUNT(*) FROM orders WHERE late_order",
     "SELECT COUNT(*) FROM orders WHERE (orders.shipped_date > orders.required_date)"),
    ("SELECT AVG(tenure) FROM employees",
     "SELECT AVG((JULIANDAY('now') - JULIANDAY(employees.hire_date)) / 365.25) FROM employees"),
    # grouping
    ("SELECT customers.country, revenue FROM order_items ORDER BY revenue DESC",
     f"SELECT customers.country, {REVENUE} {BOUGHT} {KEPT} GROUP BY customers.country ORDER BY {REVENUE} DESC"),
    ("SELECT customers.name, COUNT(*) FROM orders",
     "SELECT customers.name, COUNT(*) FROM orders JOIN customers ON orders.customer_id = customers.id"
     " GROUP BY customers.id, customers.name"),
    ("SELECT employees.first_name, employees.last_name, COUNT(*) FROM orders",
     "SELECT employees.first_name, employees.last_name, COUNT(*) FROM orders"
     " JOIN employees ON orders.employee_id = employees.id"
     " GROUP BY employees.id, employees.first_name, employees.last_name"),
    ("SELECT employees.first_name, COUNT(*) FROM employees GROUP BY employees.first_name",
     "SELECT employees.first_name, COUNT(*) FROM employees GROUP BY employees.first_name"),
    ("SELECT customers.city FROM orders HAVING COUNT(*) > 5",
     "SELECT customers.city FROM orders JOIN customers ON orders.customer_id = customers.id"
     " GROUP BY customers.city HAVING COUNT(*) > 5"),
    ("SELECT orders.channel FROM orders ORDER BY COUNT(*) DESC LIMIT 1",
     "SELECT orders.channel FROM orders GROUP BY orders.channel ORDER BY COUNT(*) DESC LIMIT 1"),
    ("SELECT orders.id, RANK() OVER (ORDER BY orders.order_date) FROM orders",
     "SELECT orders.id, RANK() OVER (ORDER BY orders.order_date) FROM orders"),
    # buckets
    ("SELECT MONTH(orders.order_date), COUNT(*) FROM orders",
     "SELECT STRFTIME('%Y-%m', orders.order_date), COUNT(*) FROM orders GROUP BY STRFTIME('%Y-%m', orders.order_date)"),
    ("SELECT YEAR(orders.order_date) FROM orders", "SELECT STRFTIME('%Y', orders.order_date) FROM orders"),
    ("SELECT WEEK(orders.order_date) FROM orders", "SELECT STRFTIME('%Y-%W', orders.order_date) FROM orders"),
    ("SELECT WEEKDAY(orders.order_date) FROM orders", "SELECT STRFTIME('%w', orders.order_date) FROM orders"),
    ("SELECT HOUR(support_tickets.opened_at) FROM support_tickets",
     "SELECT STRFTIME('%H', support_tickets.opened_at) FROM support_tickets"),
    ("SELECT DAY(support_tickets.opened_at) FROM support_tickets",
     "SELECT DATE(support_tickets.opened_at) FROM support_tickets"),
    ("SELECT AVG(DAYS(TODAY, orders.order_date)) FROM orders",
     "SELECT AVG((JULIANDAY('now') - JULIANDAY(orders.order_date))) FROM orders"),
    ("SELECT AVG(DAYS(orders.shipped_date, orders.order_date)) FROM orders",
     "SELECT AVG((JULIANDAY(orders.shipped_date) - JULIANDAY(orders.order_date))) FROM orders"),
    # nested and correlated
    ("SELECT customers.name FROM customers WHERE customers.id IN (SELECT orders.customer_id FROM orders"
     " WHERE employees.last_name = :v0)",
     "SELECT customers.name FROM customers WHERE customers.id IN (SELECT orders.customer_id FROM orders"
     " JOIN employees ON orders.employee_id = employees.id WHERE employees.last_name = :v0)"),
    ("SELECT customers.name FROM customers WHERE NOT EXISTS(SELECT 1 FROM orders"
     " WHERE orders.customer_id = customers.id)",
     "SELECT customers.name FROM customers WHERE NOT EXISTS(SELECT 1 FROM orders"
     " WHERE orders.customer_id = customers.id)"),
    ("SELECT AVG(t1.x2) FROM (SELECT customers.country AS x1, COUNT(*) AS x2 FROM orders) AS t1",
     "SELECT AVG(t1.x2) FROM (SELECT customers.country AS x1, COUNT(*) AS x2 FROM orders"
     " JOIN customers ON orders.customer_id = customers.id GROUP BY customers.country) AS t1"),
    ("SELECT customers.country FROM customers UNION SELECT customers.country FROM orders",
     "SELECT customers.country FROM customers UNION SELECT customers.country FROM orders"
     " JOIN customers ON orders.customer_id = customers.id"),
]  # fmt: skip

BOTH = Interval(date(2026, 3, 1), date(2026, 4, 1))
SINCE, UNTIL, EVER = Interval(BOTH.first, None), Interval(None, BOTH.after), Interval(None, None)
D = "orders.order_date"
IN_IT = f"{D} >= :d0_first AND {D} < :d0_after"
PERIODS = [
    ("=", BOTH, IN_IT),
    ("=", SINCE, f"{D} >= :d0_first"),
    ("=", UNTIL, f"{D} < :d0_after"),
    ("=", EVER, "TRUE"),
    ("<>", BOTH, f"({D} < :d0_first OR {D} >= :d0_after)"),
    ("<>", SINCE, f"({D} < :d0_first)"),
    ("<>", UNTIL, f"({D} >= :d0_after)"),
    ("<>", EVER, "FALSE"),
    ("<", BOTH, f"{D} < :d0_first"),
    ("<", UNTIL, "FALSE"),
    (">=", BOTH, f"{D} >= :d0_first"),
    (">=", UNTIL, "TRUE"),
    (">", BOTH, f"{D} >= :d0_after"),
    (">", SINCE, f"{D} >= :d0_first"),
    (">", EVER, "TRUE"),
    ("<=", BOTH, f"{D} < :d0_after"),
    ("<=", SINCE, "TRUE"),
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("shorthand") / "demo.db")
    yield made
    made.close()


def plain(sql: str) -> str:
    return sqlglot.parse_one(sql, read="sqlite").sql("sqlite")


@pytest.mark.parametrize(("short", "full"), FORMS, ids=[short for short, _ in FORMS])
def test_the_full_form(ground: Ground, short: str, full: str) -> None:
    assert ground.expanded(short) == plain(full)
    ground.run(ground.expanded(short), {"v0": "x", **bounds()})


def test_a_quarter_is_a_year_and_a_number(ground: Ground) -> None:
    found = ground.run(ground.expanded("SELECT DISTINCT orders.order_date, QUARTER(orders.order_date) FROM orders"), {})
    wanted = {day: f"{str(day)[:4]}-Q{(int(str(day)[5:7]) + 2) // 3}" for day, _ in found.rows}
    assert len(wanted) > 300
    assert {day: quarter for day, quarter in found.rows} == wanted  # noqa: C416


@pytest.mark.parametrize(("operator", "period", "full"), PERIODS)
def test_a_period_is_half_open(ground: Ground, operator: str, period: Interval, full: str) -> None:
    short = f"SELECT COUNT(*) FROM orders WHERE {D} {operator} :d0"
    assert ground.shorthand.expand(short, {"d0": period}).sql("sqlite") == plain(
        f"SELECT COUNT(*) FROM orders WHERE {full}"
    )


def test_a_period_and_its_opposite_are_all_days(ground: Ground) -> None:
    counts = [
        ground.run(ground.expanded(f"SELECT COUNT(*) FROM orders{where}"), bounds()).rows[0][0]
        for where in ("", *(f" WHERE {D} {o} :d0" for o in ("=", "<>", "<", ">=", ">", "<=")))
    ]
    every, inside, outside, before, since, later, until = (int(str(c)) for c in counts)
    assert 0 < inside < every
    assert (inside + outside, before + since, later + until) == (every, every, every)
    assert since - later == inside


@pytest.mark.parametrize(
    "short",
    [
        "SELECT employees.last_name FROM support_tickets WHERE customers.name = :v0 AND warehouses.name = :v1",
        "SELECT warehouses.name FROM orders",
        "SELECT warehouses.name, COUNT(*) FROM customers",
        "SELECT nothing.name FROM orders",
    ],
)
def test_no_way_is_an_error(ground: Ground, short: str) -> None:
    with pytest.raises(ShorthandError, match="no single way from"):
        ground.shorthand.expand(short)


def test_two_ways_are_an_error() -> None:
    towns = Table("towns", (Column("id", "integer"), Column("name", "text")), ("id",))
    keys = tuple(ForeignKey((c,), "towns", ("id",)) for c in ("from_id", "to_id"))
    trips = Table(
        "trips", (Column("id", "integer"), Column("from_id", "integer"), Column("to_id", "integer")), ("id",), keys
    )
    for kept in (keys, keys[:1]):
        schema = Schema("sqlite", (towns, Table("trips", trips.columns, ("id",), kept)))
        shorthand, short = Shorthand(schema, Glossary()), "SELECT towns.name FROM trips"
        if len(kept) > 1:
            with pytest.raises(ShorthandError, match="from trips to towns"):
                shorthand.expand(short)
        else:
            assert " JOIN towns ON trips.from_id = towns.id" in shorthand.expand(short).sql("sqlite")


@pytest.mark.parametrize(
    "short", ["", "CANNOT ANSWER", "hello", "SELECT FROM", "DELETE FROM orders", "SELECT (", "DROP TABLE orders"]
)
def test_what_is_no_query_is_an_error(ground: Ground, short: str) -> None:
    with pytest.raises(ShorthandError):
        ground.shorthand.expand(short)


@pytest.mark.parametrize(
    "short",
    ["SELECT " + "(" * 3000, "SELECT COUNT(*) FROM orders WHERE " + " AND ".join(["orders.id = 1"] * 2000)],
    ids=["brackets", "conditions"],
)
def test_what_is_nested_too_deeply_is_an_error(ground: Ground, short: str) -> None:
    with pytest.raises(ShorthandError):
        ground.shorthand.expand(short)


_PIECES = [
    "SELECT ", "revenue", "COUNT(*)", " FROM ", "orders", "customers.name", " WHERE ", "late_order", " = ", ":d0",
    ":v0", "(", ")", ", ", " AS ", "t1", "MONTH(", "DAYS(TODAY, ", " GROUP BY ", " UNION ", "WITH ", "'x'", " JOIN ",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES)).map("".join)))
def test_odd_input_is_expanded_or_refused(ground: Ground, text: str) -> None:
    for short in (text, f"SELECT {text} FROM orders", f"SELECT COUNT(*) FROM orders WHERE {text}"):
        try:
            assert ground.shorthand.expand(short, {"d0": BOTH}).sql("sqlite")
        except ShorthandError as error:
            assert str(error)
