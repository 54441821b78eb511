"""Rows that show what they were chosen by: what is added, what is left alone, and that the rows stay the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import MOST, with_evidence
from tests.demo_corpus import Ground

# Short SQL, and the columns that its full form gains.
GAINS = [
    ("SELECT suppliers.name FROM suppliers WHERE suppliers.rating < 3.5", ["suppliers.rating"]),
    ("SELECT products.name FROM products ORDER BY products.unit_price DESC LIMIT 1", ["products.unit_price"]),
    ("SELECT products.name FROM products WHERE products.unit_price > 2 * products.unit_cost",
     ["products.unit_price", "products.unit_cost"]),
    ("SELECT customers.name FROM customers WHERE customers.city IN ('Madrid', 'Barcelona')", ["customers.city"]),
    ("SELECT customers.name FROM customers WHERE customers.city = 'Madrid' OR customers.city = 'Paris'",
     ["customers.city"]),
    ("SELECT customers.country FROM customers ORDER BY COUNT(*) DESC LIMIT 1", ["COUNT(*)"]),
    ("SELECT customers.name FROM orders HAVING COUNT(*) > 30", ["COUNT(*)"]),
    ("SELECT departments.name FROM employees HAVING SUM(employees.salary) > departments.annual_budget * 0.4",
     ["SUM(employees.salary)", "departments.annual_budget"]),
    # the key of rows that nothing else names
    ("SELECT support_tickets.subject FROM support_tickets WHERE support_tickets.priority = 'urgent'",
     ["support_tickets.id"]),
    ("SELECT orders.order_date FROM orders WHERE late_order",
     ["orders.shipped_date", "orders.required_date", "orders.id"]),
    # the best of each group, with what they were ranked by, which the inner query may have already
    ("SELECT t1.x1, t1.x2 FROM (SELECT categories.name AS x1, products.name AS x2, ROW_NUMBER() OVER (PARTITION BY"
     " categories.id ORDER BY units_sold DESC, products.id) AS x3 FROM order_items GROUP BY products.id) AS t1"
     " WHERE t1.x3 = 1", ["t1.ranked_by"]),
    ("SELECT t1.x1 FROM (SELECT employees.last_name AS x1, employees.salary AS x2, ROW_NUMBER() OVER (PARTITION BY"
     " departments.id ORDER BY employees.salary DESC, employees.id) AS x3 FROM employees) AS t1 WHERE t1.x3 <= 2",
     ["t1.x2"]),
    # what its own group comes to
    ("SELECT products.name, products.unit_price FROM products WHERE products.unit_price > (SELECT"
     " AVG(products_2.unit_price) FROM products AS products_2 WHERE products_2.category_id = products.category_id)",
     ["(SELECT AVG(products_2.unit_price) FROM products AS products_2"
      " WHERE products_2.category_id = products.category_id)"]),
    ("SELECT employees.last_name FROM employees WHERE employees.salary = (SELECT MAX(employees.salary) FROM employees)",
     ["employees.salary"]),
    # a duration is shown as it was compared
    ("SELECT support_tickets.id FROM support_tickets"
     " WHERE DAYS(support_tickets.closed_at, support_tickets.opened_at) > 30",
     ["JULIANDAY(support_tickets.closed_at) - JULIANDAY(support_tickets.opened_at)"]),
]
# What is shown already, what one value says, and where a column would change the rows.
STAYS = [
    "SELECT suppliers.name, suppliers.rating FROM suppliers WHERE suppliers.rating < 3.5",
    "SELECT customers.name FROM customers WHERE customers.country = 'France'",
    "SELECT customers.name FROM customers WHERE customers.country <> 'France'",
    "SELECT COUNT(*) FROM products WHERE products.unit_price > 100",
    "SELECT DISTINCT customers.country FROM customers WHERE customers.signup_date > '2026-01-01'",
    "SELECT customers.segment, COUNT(*) FROM customers WHERE customers.signup_date > '2026-01-01'",
    "SELECT customers.name FROM customers WHERE customers.id NOT IN (SELECT orders.customer_id FROM orders)",
    "SELECT 1",
    "SELECT * FROM suppliers WHERE suppliers.rating < 3.5",
    "SELECT t1.x1 FROM (SELECT products.name AS x1, products.unit_price AS x2 FROM products) AS t1 WHERE t1.x2 > 100",
    "SELECT t1.x1, t1.x3 FROM (SELECT products.name AS x1, ROW_NUMBER() OVER (ORDER BY products.unit_price) AS x2,"
    " products.unit_price AS x3 FROM products) AS t1 WHERE t1.x2 = 1",
    "SELECT COUNT(*) FROM (SELECT products.name AS x1, ROW_NUMBER() OVER (ORDER BY products.unit_price) AS x2"
    " FROM products) AS t1 WHERE t1.x2 <= 3",
    "SELECT products.name, products.unit_price FROM products"
    " WHERE products.unit_price > (SELECT AVG(products.unit_price) FROM products)",
    "SELECT customers.name FROM customers WHERE customers.city = 'Paris' UNION SELECT suppliers.name FROM suppliers",
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("evidence") / "demo.db")
    yield made
    made.close()


@pytest.mark.parametrize(("short", "gains"), GAINS, ids=[short for short, _ in GAINS])
def test_what_rows_were_chosen_by_is_shown(ground: Ground, short: str, gains: list[str]) -> None:
    tree = ground.shorthand.expand(short)
    before = tree.sql()
    grown = with_evidence(tree, ground.schema)
    assert [item.sql("sqlite") for item in grown.selects[len(tree.selects):]] == gains
    assert tree.sql() == before
    assert rows(ground, grown.sql("sqlite"), len(tree.selects)) == rows(ground, before, len(tree.selects))


@pytest.mark.parametrize("short", STAYS)
def test_nothing_is_added_where_it_says_nothing_or_changes_rows(ground: Ground, short: str) -> None:
    tree = ground.shorthand.expand(short)
    assert with_evidence(tree, ground.schema) is tree


def test_at_most_three_columns_are_added(ground: Ground) -> None:
    compared = "products.unit_price > 1 AND products.unit_cost > 1 AND products.id > 1 AND products.category_id > 1"
    tree = ground.shorthand.expand(f"SELECT products.name FROM products WHERE {compared}")
    assert len(with_evidence(tree, ground.schema).selects) == 1 + MOST


CONDITIONS = st.lists(
    st.sampled_from([
        "products.unit_price > 50", "products.unit_cost <= 40", "suppliers.rating >= 3", "categories.name = 'Garden'",
        "products.name LIKE '%Set%'", "suppliers.country IN ('Spain', 'Italy')", "products.is_discontinued = 0",
        "products.unit_price BETWEEN 20 AND 90", "products.id NOT IN (SELECT order_items.product_id FROM order_items)",
    ]),
    max_size=3, unique=True,
)  # fmt: skip
ORDERS = st.sampled_from(
    ["", " ORDER BY products.unit_price DESC, products.id", " ORDER BY suppliers.name, products.id"]
)
ITEMS = st.lists(
    st.sampled_from(["products.name", "suppliers.name", "products.unit_price"]), min_size=1, unique=True
)


@given(items=ITEMS, conditions=CONDITIONS, order=ORDERS, limit=st.sampled_from(["", " LIMIT 3"]))
def test_the_rows_are_the_same_rows(
    ground: Ground, items: list[str], conditions: list[str], order: str, limit: str
) -> None:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    short = f"SELECT {', '.join(items)} FROM products{where}{order}{limit if order else ''}"
    tree = ground.shorthand.expand(short)
    grown = with_evidence(tree, ground.schema)
    assert sqlglot.parse_one(grown.sql("sqlite"), read="sqlite").selects
    assert rows(ground, grown.sql("sqlite"), len(items)) == rows(ground, tree.sql("sqlite"), len(items))


def rows(ground: Ground, sql: str, columns: int) -> Counter[tuple[object, ...]]:
    return Counter(row[:columns] for row in ground.run(sql, {}).rows)
