"""Full SQL made short: what is left out, and that expanding puts back what returns the same rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.canonical import CanonicalError
from bot.shorthand import ShorthandError
from kd_training.shorten import shorten
from tests.demo_corpus import Ground, bounds, every

# Full SQL, the holes in it, its short form.
FORMS: list[tuple[str, dict[str, str], str]] = [
    (
        "SELECT c.country, SUM(oi.quantity * oi.unit_price * (1 - oi.discount)) AS revenue FROM order_items "
        "oi JOIN orders o ON o.id = oi.order_id JOIN customers c ON c.id = o.customer_id WHERE o.status <> "
        "'cancelled' AND o.order_date >= :d0 AND o.order_date < :d1 GROUP BY c.country ORDER BY revenue DESC",
        {},
        "SELECT customers.country, revenue FROM order_items WHERE orders.order_date = :d0 ORDER BY revenue DESC",
    ),
    (
        "SELECT COUNT(*) FROM orders o JOIN customers c ON o.customer_id = c.id WHERE c.name = :customer",
        {"customer": "customers.name"},
        "SELECT COUNT(*) FROM orders WHERE customers.name = :customer",
    ),
    (
        "SELECT c.name, COUNT(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name",
        {},
        "SELECT customers.name, COUNT(*) FROM orders",
    ),
    (
        "SELECT c.city, COUNT(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.city "
        "HAVING COUNT(*) > :n",
        {"n": "int:3-20"},
        "SELECT customers.city, COUNT(*) FROM orders HAVING COUNT(*) > :n",
    ),
    (
        "SELECT strftime('%Y-%m', o.order_date) AS m, COUNT(*) FROM orders o GROUP BY m ORDER BY m",
        {},
        "SELECT MONTH(orders.order_date), COUNT(*) FROM orders ORDER BY MONTH(orders.order_date)",
    ),
    (
        "SELECT COUNT(*) FROM orders WHERE shipped_date > required_date",
        {},
        "SELECT COUNT(*) FROM orders WHERE orders.shipped_date > orders.required_date",
    ),
    (
        "SELECT COUNT(*) FROM orders WHERE status <> 'cancelled' AND NOT EXISTS (SELECT 1 FROM payments p "
        "WHERE p.order_id = orders.id)",
        {},
        "SELECT COUNT(*) FROM orders WHERE unpaid_order",
    ),
    (
        "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE order_date >= :d0 "
        "AND order_date < :d1)",
        {},
        "SELECT customers.name FROM customers WHERE NOT customers.id IN (SELECT orders.customer_id FROM "
        "orders WHERE orders.order_date = :d0)",
    ),
    (
        "SELECT e.first_name, m.first_name FROM employees e JOIN employees m ON e.manager_id = m.id",
        {},
        "SELECT employees.first_name, employees_2.first_name FROM employees JOIN employees AS employees_2 ON "
        "employees.manager_id = employees_2.id",
    ),
    (
        "WITH per AS (SELECT o.customer_id AS cid, COUNT(*) AS cnt FROM orders o GROUP BY o.customer_id) "
        "SELECT AVG(cnt) FROM per",
        {},
        "SELECT AVG(t1.x2) FROM (SELECT orders.customer_id AS x1, COUNT(*) AS x2 FROM orders) AS t1",
    ),
    (
        "SELECT AVG(julianday('now') - julianday(hire_date)) FROM employees",
        {},
        "SELECT AVG(DAYS(TODAY, employees.hire_date)) FROM employees",
    ),
    (
        "SELECT AVG(julianday(shipped_date) - julianday(order_date)) FROM orders WHERE shipped_date IS NOT NULL",
        {},
        "SELECT AVG(DAYS(orders.shipped_date, orders.order_date)) FROM orders WHERE NOT orders.shipped_date IS NULL",
    ),
    (
        "SELECT p.name FROM products p WHERE p.unit_price > (SELECT AVG(p2.unit_price) FROM products p2 WHERE"
        " p2.category_id = p.category_id)",
        {},
        "SELECT products.name FROM products WHERE products.unit_price > (SELECT AVG(products_2.unit_price) "
        "FROM products AS products_2 WHERE products_2.category_id = products.category_id)",
    ),
    (
        "SELECT strftime('%Y', order_date) || '-Q' || ((CAST(strftime('%m', order_date) AS INTEGER) + 2) / 3)"
        " AS q, COUNT(*) FROM orders GROUP BY q",
        {},
        "SELECT QUARTER(orders.order_date), COUNT(*) FROM orders",
    ),
    (
        "SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL",
        {},
        "SELECT customers.name FROM customers LEFT JOIN orders ON orders.customer_id = customers.id WHERE "
        "orders.id IS NULL",
    ),
    (
        "SELECT COUNT(*) FROM customers",
        {},
        "SELECT COUNT(*) FROM customers",
    ),
    (
        "SELECT channel, best FROM (SELECT channel, MAX(order_date) AS best FROM orders GROUP BY channel) t "
        "WHERE best > '2020-01-01' ORDER BY channel",
        {},
        "SELECT t1.channel, t1.x2 FROM (SELECT orders.channel, MAX(orders.order_date) AS x2 FROM orders) AS "
        "t1 WHERE t1.x2 > '2020-01-01' ORDER BY t1.channel",
    ),
    (
        "WITH per AS (SELECT channel, COUNT(*) AS n FROM orders GROUP BY channel) SELECT channel FROM per "
        "WHERE n = (SELECT MAX(n) FROM per)",
        {},
        "WITH t2 AS (SELECT orders.channel, COUNT(*) AS x2 FROM orders) SELECT t2.channel FROM t2 WHERE t2.x2"
        " = (SELECT MAX(t2.x2) FROM t2)",
    ),
    (
        "SELECT COUNT(*) FROM support_tickets t WHERE t.opened_at >= :d0 AND t.opened_at < :d1 AND "
        "t.closed_at >= :d2 AND t.closed_at < :d3",
        {},
        "SELECT COUNT(*) FROM support_tickets WHERE support_tickets.opened_at = :d0 AND "
        "support_tickets.closed_at = :d1",
    ),
    (
        "SELECT date(opened_at), strftime('%w', opened_at), strftime('%H', opened_at), strftime('%Y', "
        "opened_at), strftime('%Y-%W', opened_at) FROM support_tickets",
        {},
        "SELECT DAY(support_tickets.opened_at), WEEKDAY(support_tickets.opened_at), "
        "HOUR(support_tickets.opened_at), YEAR(support_tickets.opened_at), WEEK(support_tickets.opened_at) "
        "FROM support_tickets",
    ),
    (
        "SELECT SUM(CASE WHEN status = 'open' THEN 1 END) FROM support_tickets",
        {},
        "SELECT SUM(CASE WHEN support_tickets.status = 'open' THEN 1 ELSE 0 END) FROM support_tickets",
    ),
    (
        "SELECT p.name, SUM(i.quantity) FROM inventory i JOIN products p ON p.id = i.product_id JOIN "
        "warehouses w ON w.id = i.warehouse_id GROUP BY p.id",
        {},
        "SELECT products.name, stock FROM inventory",
    ),
    (
        "SELECT country FROM customers UNION SELECT country FROM suppliers",
        {},
        "SELECT customers.country FROM customers UNION SELECT suppliers.country FROM suppliers",
    ),
    (  # who shares a first name is still counted together
        "SELECT first_name, COUNT(*) FROM employees GROUP BY first_name",
        {},
        "SELECT employees.first_name, COUNT(*) FROM employees GROUP BY employees.first_name",
    ),
    (
        "SELECT first_name, last_name, COUNT(*) FROM employees GROUP BY first_name, last_name",
        {},
        "SELECT employees.first_name, employees.last_name, COUNT(*) FROM employees",
    ),
    (
        "WITH per AS (SELECT channel, COUNT(*) AS n FROM orders GROUP BY channel)"
        " SELECT a.channel, b.channel FROM per AS a JOIN per AS b ON a.n > b.n",
        {},
        "WITH t1 AS (SELECT orders.channel, COUNT(*) AS x2 FROM orders)"
        " SELECT a.channel, b.channel FROM t1 AS a JOIN t1 AS b ON a.x2 > b.x2",
    ),
    (
        "SELECT channel FROM (SELECT channel FROM orders) AS o",
        {},
        "SELECT t1.channel FROM (SELECT orders.channel FROM orders) AS t1",
    ),
]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("shorten") / "demo.db")
    yield made
    made.close()


@pytest.mark.parametrize(("sql", "slots", "short"), FORMS, ids=[short for _, _, short in FORMS])
def test_the_short_form(ground: Ground, sql: str, slots: dict[str, str], short: str) -> None:
    assert shorten(sql, ground.shorthand) == short
    assert ground.run(sql, {**ground.values(slots, sql), **bounds()}).rows or "IS NULL" in sql
    assert ground.difference(sql, slots) is None


@pytest.mark.parametrize("sql", ["", "what?", "SELECT FROM", "DROP TABLE orders", "SELECT 1; SELECT 2"])
def test_what_is_no_query_has_no_short_form(ground: Ground, sql: str) -> None:
    with pytest.raises(CanonicalError):
        shorten(sql, ground.shorthand)


def test_a_wrong_short_form_is_told_from_a_right_one(ground: Ground) -> None:
    sql = "SELECT COUNT(*) FROM orders WHERE channel = 'web'"
    assert ground.difference(sql, {}) is None
    assert ground.difference(sql, {}, "SELECT COUNT(*) FROM orders")


def faults(ground: Ground, step: int) -> list[str]:
    found = []
    for name, intent in every(step):
        try:
            wrong = ground.difference(intent.sql, intent.slots)
        except (CanonicalError, ShorthandError, AssertionError) as error:
            wrong = f"{type(error).__name__}: {error}\n  {intent.sql}"
        if wrong:
            found.append(f"{name}: {wrong}")
    return found


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_the_short_form_of_the_corpus_returns_the_same(ground: Ground, step: int) -> None:
    wrong = faults(ground, step)
    assert not wrong, f"{len(wrong)} intents\n" + "\n".join(wrong)
