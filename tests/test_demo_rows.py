"""The demo's people, orders, payments, returns and tickets behave as described, on any day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from demo import aftersales, records, trade
from tests.demo_database import DAYS, TODAY, Demo


@pytest.fixture(scope="module", params=DAYS, ids=str)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The database on each of the days."""
    demo = Demo.built(tmp_path_factory.mktemp("demo") / "demo.db", request.param)
    yield demo
    demo.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The database on one day, for what does not depend on it."""
    demo = Demo.built(tmp_path_factory.mktemp("plain") / "demo.db", TODAY)
    yield demo
    demo.close()


# People


def test_names_are_unique(demo: Demo) -> None:
    assert demo.one("SELECT COUNT(DISTINCT name) FROM customers") == 400
    assert demo.one("SELECT COUNT(DISTINCT first_name || ' ' || last_name) FROM employees") == 120
    assert demo.one("SELECT COUNT(DISTINCT email) FROM employees") == 120
    both = "SELECT name FROM customers JOIN employees ON first_name || ' ' || last_name = name"
    assert demo.rows(both) == []


def test_consumers_have_two_names(plain: Demo) -> None:
    assert plain.one("SELECT COUNT(*) FROM customers WHERE segment = 'Consumer' "
                     "AND LENGTH(name) - LENGTH(REPLACE(name, ' ', '')) <> 1") == 0


def test_managers_head_the_department(plain: Demo) -> None:
    assert plain.one("SELECT COUNT(*) FROM employees WHERE manager_id IS NULL") == 8
    assert plain.one("SELECT COUNT(*) FROM employees e JOIN employees m ON m.id = e.manager_id "
                     "WHERE m.manager_id IS NOT NULL OR m.department_id <> e.department_id") == 0


def test_some_employees_left(plain: Demo) -> None:
    assert plain.one("SELECT COUNT(*) FROM employees WHERE is_active = 0") == 10
    assert plain.one("SELECT COUNT(*) FROM employees WHERE is_active = 0 AND manager_id IS NULL") == 0


def test_account_managers(plain: Demo) -> None:
    assert plain.one("SELECT COUNT(*) FROM customers "
                     "WHERE (segment = 'Consumer') <> (account_manager_id IS NULL)") == 0
    departments = plain.column(
        "SELECT DISTINCT d.name FROM customers c JOIN employees e ON e.id = account_manager_id "
        "JOIN departments d ON d.id = department_id"
    )
    assert departments == ["Sales"]


# Trade


def test_web_share_and_sellers(demo: Demo) -> None:
    assert demo.one("SELECT AVG(channel = 'web') FROM orders") == pytest.approx(0.6, abs=0.02)
    assert demo.one("SELECT COUNT(*) FROM orders WHERE (channel = 'web') <> (employee_id IS NULL)") == 0
    sellers = "orders o JOIN employees e ON e.id = o.employee_id"
    assert demo.column(f"SELECT DISTINCT department_id FROM {sellers}") == [1]
    assert demo.one(f"SELECT COUNT(*) FROM {sellers} WHERE hire_date > order_date") == 0


def test_three_years_growing_a_fifth(demo: Demo) -> None:
    first = demo.one("SELECT MIN(order_date) FROM orders")
    assert str(trade.years_before(demo.today, 3)) < first <= str(demo.today - timedelta(days=1080))
    years = [
        demo.one("SELECT COUNT(*) FROM orders WHERE order_date > ? AND order_date <= ?",
                 str(demo.today - timedelta(days=365 * (n + 1))), str(demo.today - timedelta(days=365 * n)))
        for n in (2, 1, 0)
    ]
    assert 1.08 < years[1] / years[0] < 1.32
    assert 1.08 < years[2] / years[1] < 1.32


def test_winter_peak_and_weekly_rhythm(demo: Demo) -> None:
    months = dict(demo.rows("SELECT SUBSTR(order_date, 6, 2), COUNT(*) FROM orders GROUP BY 1"))
    assert sorted(months, key=lambda m: -months[m])[:2] in (["11", "12"], ["12", "11"])
    week = dict(demo.rows("SELECT STRFTIME('%w', order_date), COUNT(*) FROM orders GROUP BY 1"))
    assert week["0"] < 0.8 * week["1"]


@pytest.mark.parametrize(
    ("table", "column"),
    [("orders", "order_date"), ("payments", "paid_at"), ("returns", "return_date"),
     ("support_tickets", "opened_at"), ("customers", "signup_date"), ("employees", "hire_date")],
)
def test_last_month_and_this_year_have_rows(demo: Demo, table: str, column: str) -> None:
    this_month = demo.today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    last = f"SELECT COUNT(*) FROM {table} WHERE {column} >= ? AND {column} < ?"
    assert demo.one(last, str(last_month), str(this_month)) >= 2
    assert demo.one(f"SELECT COUNT(*) FROM {table} WHERE {column} >= ?", f"{demo.today.year}-01-01") >= 1
    if table != "employees":
        assert demo.one(f"SELECT COUNT(*) FROM {table} WHERE SUBSTR({column}, 1, 10) = :today") >= 1


def test_every_day_of_the_last_fortnight_has_orders(demo: Demo) -> None:
    since = str(demo.today - timedelta(days=14))
    days = demo.column("SELECT COUNT(*) FROM orders WHERE order_date > ? GROUP BY order_date", since)
    assert len(days) == 14 and min(days) >= 3


def test_a_payment_comes_in_today_whatever_the_dice_say() -> None:
    order = records.Order(1, 1, None, TODAY, TODAY + timedelta(days=5), None, "pending", "web")
    for seed in range(12):
        paid = aftersales._paid(random.Random(seed), [order], TODAY)
        assert paid == [order]


@pytest.mark.parametrize(
    "column", ["payments.paid_at", "support_tickets.opened_at", "support_tickets.closed_at"]
)
def test_today_is_not_over(demo: Demo, column: str) -> None:
    table = column.split(".")[0]
    assert demo.one(f"SELECT MAX({column}) FROM {table}") < f"{demo.today} 06:00:00"


def test_dates_follow_each_other(demo: Demo) -> None:
    for wrong in (
        "orders o JOIN customers c ON c.id = customer_id WHERE signup_date > order_date",
        "orders WHERE shipped_date <= order_date OR required_date <= order_date",
        "payments p JOIN orders o ON o.id = order_id WHERE paid_at < order_date",
        "returns r JOIN order_items i ON i.id = order_item_id JOIN orders o ON o.id = i.order_id "
        "WHERE return_date < shipped_date",
        "support_tickets WHERE closed_at < opened_at",
        "support_tickets t JOIN customers c ON c.id = customer_id WHERE signup_date > opened_at",
        "support_tickets t JOIN employees e ON e.id = assigned_to WHERE hire_date > opened_at",
    ):
        assert demo.one(f"SELECT COUNT(*) FROM {wrong}") == 0, wrong


def test_shipping(demo: Demo) -> None:
    assert demo.one("SELECT COUNT(*) FROM orders "
                    "WHERE (status IN ('pending', 'cancelled')) <> (shipped_date IS NULL)") == 0
    late = demo.one("SELECT AVG(shipped_date > required_date) FROM orders WHERE shipped_date IS NOT NULL")
    assert late == pytest.approx(0.08, abs=0.02)


def test_orders_on_their_way_are_new(demo: Demo) -> None:
    for status, days in (("pending", 40), ("shipped", 55)):
        assert demo.one(f"SELECT COUNT(*) FROM orders WHERE status = '{status}'") >= 10
        assert demo.one(f"SELECT MIN(order_date) FROM orders WHERE status = '{status}'") >= str(
            demo.today - timedelta(days=days))
    fresh = {s for s, in demo.rows("SELECT DISTINCT status FROM orders WHERE order_date = :today")}
    assert fresh == {"pending"}


def test_items(demo: Demo) -> None:
    assert demo.one("SELECT COUNT(DISTINCT order_id) FROM order_items") == 6000
    assert demo.one("SELECT COUNT(*) FROM (SELECT 1 FROM order_items GROUP BY order_id, product_id "
                    "HAVING COUNT(*) > 1)") == 0
    assert demo.one("SELECT MIN(quantity) FROM order_items") == 1
    # The price at the time: never above today's, often below.
    assert demo.one("SELECT COUNT(*) FROM order_items i JOIN products p ON p.id = product_id "
                    "WHERE i.unit_price > p.unit_price") == 0
    assert demo.one("SELECT AVG(i.unit_price < p.unit_price) FROM order_items i "
                    "JOIN products p ON p.id = product_id") > 0.3


def test_discontinued_products_are_no_longer_sold(demo: Demo) -> None:
    last = demo.one("SELECT MAX(order_date) FROM orders o JOIN order_items i ON i.order_id = o.id "
                    "JOIN products p ON p.id = product_id WHERE is_discontinued = 1")
    assert last < str(demo.today - timedelta(days=200))


@pytest.mark.parametrize("group", ["p.name", "c.name", "c.country", "o.employee_id"])
def test_sales_are_unequal(plain: Demo, group: str) -> None:
    sales = [amount for amount, in plain.rows(
        f"SELECT SUM(quantity * i.unit_price) FROM order_items i JOIN orders o ON o.id = order_id "
        f"JOIN customers c ON c.id = customer_id JOIN products p ON p.id = product_id GROUP BY {group}"
    )]
    assert max(sales) > 5 * min(sales)


def test_payments(demo: Demo) -> None:
    assert demo.one("SELECT COUNT(*) FROM payments p JOIN orders o ON o.id = order_id "
                    "WHERE status = 'cancelled'") == 0
    unpaid = demo.one("SELECT AVG(id NOT IN (SELECT order_id FROM payments)) FROM orders "
                      "WHERE status = 'delivered'")
    assert unpaid == pytest.approx(0.03, abs=0.002)
    parts = dict(demo.rows("SELECT n, COUNT(*) FROM (SELECT COUNT(*) AS n FROM payments GROUP BY order_id) "
                           "GROUP BY 1"))
    assert set(parts) == {1, 2}
    assert 20 <= parts[2] <= 200


def test_payments_add_up(demo: Demo) -> None:
    wrong = demo.rows(
        "SELECT p.order_id, p.paid, i.total "
        "FROM (SELECT order_id, SUM(amount) AS paid FROM payments GROUP BY 1) p "
        "JOIN (SELECT order_id, SUM(quantity * unit_price * (1 - discount)) AS total "
        "      FROM order_items GROUP BY 1) i "
        "ON i.order_id = p.order_id WHERE ABS(p.paid - i.total) > 0.0051"
    )
    assert wrong == []


def test_returns(demo: Demo) -> None:
    statuses = {s for s, in demo.rows(
        "SELECT DISTINCT status FROM returns JOIN order_items i ON i.id = order_item_id "
        "JOIN orders o ON o.id = i.order_id")}
    assert statuses == {"delivered", "returned"}
    assert demo.one("SELECT COUNT(*) FROM orders o WHERE status = 'returned' AND NOT EXISTS (SELECT 1 FROM "
                    "order_items i JOIN returns r ON r.order_item_id = i.id WHERE i.order_id = o.id)") == 0
    assert demo.one("SELECT COUNT(DISTINCT order_item_id) FROM returns") == 420
    assert demo.one("SELECT COUNT(*) FROM returns JOIN order_items i ON i.id = order_item_id "
                    "WHERE refund_amount > quantity * unit_price * (1 - discount) + 0.0051") == 0


def test_tickets(demo: Demo) -> None:
    teams = demo.rows("SELECT DISTINCT d.name FROM support_tickets JOIN employees e ON e.id = assigned_to "
                      "JOIN departments d ON d.id = department_id")
    assert teams == [("Customer Support",)]
    assert demo.one("SELECT COUNT(*) FROM support_tickets "
                    "WHERE (status = 'closed') <> (closed_at IS NOT NULL)") == 0
    assert demo.one("SELECT COUNT(*) FROM support_tickets WHERE status <> 'closed' "
                    "AND satisfaction IS NOT NULL") == 0
    silent = demo.one("SELECT AVG(satisfaction IS NULL) FROM support_tickets WHERE status = 'closed'")
    assert silent == pytest.approx(0.2, abs=0.001)
    assert {s for s, in demo.rows("SELECT DISTINCT satisfaction FROM support_tickets "
                                  "WHERE satisfaction IS NOT NULL")} == {1, 2, 3, 4, 5}
    assert 0.1 < demo.one("SELECT AVG(product_id IS NULL) FROM support_tickets") < 0.6
    assert demo.one("SELECT COUNT(*) FROM support_tickets WHERE status <> 'closed'") >= 10


def test_inventory(plain: Demo) -> None:
    assert plain.one("SELECT COUNT(*) FROM inventory WHERE quantity = 0") >= 3
    assert 10 <= plain.one("SELECT COUNT(*) FROM inventory WHERE quantity < reorder_level") <= 60
    assert plain.one("SELECT COUNT(DISTINCT product_id) FROM inventory") == 60
    for stock, capacity in plain.rows("SELECT SUM(quantity), capacity FROM inventory "
                                      "JOIN warehouses ON id = warehouse_id GROUP BY id"):
        assert 0.5 * capacity < stock <= capacity
