"""What the columns of a result mean: headings, kinds and what may be added up, from SQL and values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.columns import describe
from bot.database import Cell, Result
from bot.filter_words import filters
from bot.glossary import Condition, Glossary, Metric
from bot.schema import Column, ForeignKey, Schema, Table


def table(name: str, *columns: str, keys: dict[str, str] | None = None) -> Table:
    """Columns are written "name type"; every table has an id."""
    made = [Column("id", "integer")] + [Column(*c.split()) for c in columns]  # type: ignore[arg-type]
    foreign = tuple(ForeignKey((c,), t, ("id",)) for c, t in (keys or {}).items())
    return Table(name, tuple(made), ("id",), foreign)


SCHEMA = Schema(
    "sqlite",
    (
        table("customers", "name text", "country text", "signup_date date"),
        table("categories", "name text"),
        table(
            "products", "name text", "unit_price number", "is_discontinued integer", "category_id integer",
            keys={"category_id": "categories"},
        ),
        table(
            "staff", "first_name text", "last_name text", "salary number", "manager_id integer",
            "hire_date date", keys={"manager_id": "staff"},
        ),
        table(
            "orders", "customer_id integer", "order_date date", "shipped_date date", "status text",
            "channel text", keys={"customer_id": "customers"},
        ),
        table(
            "order_items", "order_id integer", "product_id integer", "quantity integer", "unit_price number",
            "discount number", keys={"order_id": "orders", "product_id": "products"},
        ),
        table("inventory", "product_id integer", "quantity integer", keys={"product_id": "products"}),
    ),
)
REVENUE = "SUM(order_items.quantity * order_items.unit_price * (1 - order_items.discount))"
GLOSSARY = Glossary(
    metrics=(
        Metric("revenue", REVENUE, "orders.status <> 'cancelled'", "order_items", "", (), ""),
        Metric("headcount", "COUNT(*)", "", "staff", "", (), ""),
    ),
    conditions=(Condition("late_order", "orders.shipped_date > '2026-01-01'", "orders", (), ""),),
)
SALES = "order_items JOIN orders ON order_items.order_id = orders.id"
BUYERS = f"{SALES} JOIN customers ON orders.customer_id = customers.id"


def described(sql: str, *rows: tuple[Cell, ...], names: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Heading and kind of each column."""
    result = Result(names or tuple(f"c{i}" for i in range(len(rows[0]))), rows)
    return [(c.title, c.kind) for c in describe(sql, SCHEMA, result, GLOSSARY)]


MEANINGS: list[tuple[str, tuple[Cell, ...], list[tuple[str, str]]]] = [
    ("SELECT name, country FROM customers", ("Ann", "Spain"), [("Name", "text"), ("Country", "text")]),
    ("SELECT customers.country, COUNT(*) FROM customers GROUP BY 1", ("Spain", 3),
     [("Country", "text"), ("Customers", "integer")]),
    ("SELECT * FROM categories", (1, "Garden"), [("Category ID", "id"), ("Name", "text")]),
    (f"SELECT {REVENUE} FROM {SALES}", (12.5,), [("Revenue", "money")]),
    (f"SELECT customers.name, {REVENUE} AS total FROM {BUYERS} GROUP BY customers.id", ("Ann", 12.5),
     [("Customer", "text"), ("Total", "money")]),
    ("SELECT COUNT(*) FROM staff", (5,), [("Headcount", "integer")]),
    ("SELECT COUNT(*) FROM inventory", (5,), [("Inventory rows", "integer")]),
    ("SELECT COUNT(*) FROM customers JOIN orders ON orders.customer_id = customers.id", (5,),
     [("Orders", "integer")]),
    ("SELECT COUNT(DISTINCT orders.customer_id) FROM orders", (5,), [("Customers", "integer")]),
    ("SELECT COUNT(DISTINCT country) FROM customers", (5,), [("Countries", "integer")]),
    ("SELECT AVG(staff.salary) FROM staff", (5.5,), [("Average salary", "money")]),
    ("SELECT MIN(salary), MAX(hire_date) FROM staff", (5.5, "2024-01-31"),
     [("Lowest salary", "money"), ("Latest hire date", "date")]),
    ("SELECT STRFTIME('%Y-%m', orders.order_date), COUNT(*) FROM orders GROUP BY 1", ("2026-03", 5),
     [("Month", "month"), ("Orders", "integer")]),
    ("SELECT (STRFTIME('%Y', order_date) || '-Q' || CAST((CAST(STRFTIME('%m', order_date) AS INTEGER) + 2) / 3"
     " AS TEXT)) FROM orders", ("2026-Q1",), [("Quarter", "quarter")]),
    ("SELECT STRFTIME('%w', order_date), STRFTIME('%Y', order_date) FROM orders", ("3", "2026"),
     [("Weekday", "weekday"), ("Year", "year")]),
    ("SELECT 100.0 * SUM(CASE WHEN channel = 'web' THEN 1 ELSE 0 END) / COUNT(*) FROM orders", (61.2,),
     [("Share: web", "percent")]),
    ("SELECT SUM(CASE WHEN order_date >= '2026-01-01' AND order_date < '2026-04-01' THEN 1 ELSE 0 END)"
     " FROM orders", (61,), [("Orders: Q1 2026", "integer")]),
    ("SELECT AVG(discount) FROM order_items", (0.05,), [("Average discount", "percent")]),
    ("SELECT products.name, categories.name FROM products JOIN categories ON products.category_id ="
     " categories.id", ("Desk", "Office"), [("Product", "text"), ("Category", "text")]),
    ("SELECT e.first_name, m.first_name FROM staff e JOIN staff m ON e.manager_id = m.id", ("A", "B"),
     [("First name", "text"), ("Manager first name", "text")]),
    ("SELECT JULIANDAY(shipped_date) - JULIANDAY(order_date) FROM orders", (3.0,),
     [("Days from order date to shipped date", "number")]),
    ("SELECT is_discontinued, unit_price FROM products", (1, 5), [("Discontinued", "boolean"),
                                                                 ("Unit price", "money")]),
    ("SELECT AVG(t.total) FROM (SELECT SUM(unit_price * quantity) AS total FROM order_items"
     " GROUP BY order_id) AS t", (12.5,), [("Average total", "money")]),
    ("WITH t AS (SELECT name AS who FROM customers) SELECT who FROM t", ("Ann",), [("Who", "text")]),
    # too long for one line, and still no SQL
    ("SELECT AVG(CASE WHEN order_date >= '2025-01-01' AND order_date < '2026-01-01' THEN JULIANDAY(shipped_date) -"
     " JULIANDAY(order_date) END) FROM orders", (3.5,),
     [("Average days from order date to shipped date: 2025", "number")]),
    (f"SELECT AVG(CASE WHEN channel IN ({', '.join(repr('channel ' + c) for c in 'abcdefgh')}) THEN JULIANDAY("
     "shipped_date) - JULIANDAY(order_date) END) FROM orders", (3.5,), [("Average (days)", "number")]),
    # a query within the SELECT keeps its own conditions, without those of the metric
    (f"SELECT (SELECT {REVENUE} FROM {SALES} WHERE order_date >= '2026-01-01' AND order_date < '2027-01-01' AND"
     f" orders.status <> 'cancelled'), (SELECT {REVENUE} FROM {SALES} WHERE order_date >= '2025-01-01' AND order_date <"
     " '2026-01-01' AND orders.status <> 'cancelled')", (5.5, 6.5), [("Revenue: 2026", "money"),
                                                                     ("Revenue: 2025", "money")]),
    ("SELECT name, (SELECT AVG(p.unit_price) FROM products AS p WHERE p.category_id = products.category_id)"
     " FROM products", ("Desk", 5.5), [("Name", "text"), ("Average unit price", "money")]),
    ("SELECT 1.0 * (SELECT COUNT(*) FROM orders WHERE channel = 'web') / (SELECT COUNT(*) FROM customers WHERE"
     " country = 'Spain')", (5.5,), [("Orders: web per customer: Spain", "number")]),
    ("SELECT (SELECT COUNT(*) FROM orders WHERE status <> 'cancelled' AND NOT EXISTS (SELECT 1 FROM order_items WHERE"
     " order_items.order_id = orders.id)), (SELECT COUNT(*) FROM products)", (5, 6),
     [("Orders: not cancelled, without order items", "integer"), ("Products", "integer")]),
    ("SELECT (SELECT COUNT(*) FROM orders WHERE status <> 'cancelled' AND id IN (SELECT order_id FROM order_items WHERE"
     " quantity > 3)), (SELECT COUNT(*) FROM products)", (5, 6), [("Orders", "integer"), ("Products", "integer")]),
    ("SELECT 100.0 * SUM(CASE WHEN (JULIANDAY(shipped_date) - JULIANDAY(order_date)) <= 2 THEN 1 ELSE 0 END) / COUNT(*)"
     " FROM orders", (61.2,), [("Share: days from order date to shipped date at most 2", "percent")]),
    # what is left out has to count nothing
    ("SELECT 100.0 * SUM(CASE WHEN channel = 'web' THEN 0 ELSE 1 END) / COUNT(*) FROM orders", (61.2,),
     [("Share", "percent")]),
    ("SELECT COUNT(CASE WHEN channel = 'web' THEN 1 ELSE 0 END) FROM orders", (5,), [("Count", "integer")]),
    ("SELECT name FROM customers UNION SELECT name FROM products", ("Ann",), [("Name", "text")]),
    ("SELECT customers.name AS x, customers.name AS x FROM customers", ("A", "B"), [("X", "text"),
                                                                                   ("X 2", "text")]),
]


@pytest.mark.parametrize(("sql", "row", "expected"), MEANINGS)
def test_headings_and_kinds_come_from_the_sql(
    sql: str, row: tuple[Cell, ...], expected: list[tuple[str, str]]
) -> None:
    assert described(sql, row) == expected


@pytest.mark.parametrize(
    ("name", "title"),
    [("SUM(a)", "Total"), ("max(x.a)", "Highest"), ("a || b", "Value"), ("CASE WHEN a THEN 1 END", "Value"),
     ("?column?", "Value"), ("AVG(a) / 2", "Value"), ("Number of orders", "Number of orders"),
     ("Price ($)", "Price ($)")],
)  # fmt: skip
def test_an_expression_is_no_heading(name: str, title: str) -> None:
    assert described("not SQL", (5,), names=(name,)) == [(title, "integer")]


def test_a_bucket_that_was_renamed_is_still_called_what_it_is() -> None:
    inner = "SELECT STRFTIME('%Y-%m', order_date) AS month_value, SUM(id) AS order_value FROM orders GROUP BY 1"
    sql = f"SELECT t1.month_value, SUM(t1.order_value) OVER (ORDER BY t1.month_value) FROM ({inner}) AS t1"
    assert described(sql, ("2026-03", 5)) == [("Month", "month"), ("Running order value", "number")]


def test_values_overrule_what_the_sql_promised() -> None:
    assert described("SELECT salary FROM staff", ("a lot",)) == [("Salary", "text")]
    assert described("SELECT order_date FROM orders", ("soon",)) == [("Order date", "text")]
    assert described("SELECT COUNT(*) FROM orders", (1.5,)) == [("Orders", "number")]


def test_a_fraction_and_a_percentage_are_told_apart() -> None:
    result = Result(("d",), ((0.05,), (0.2,)))
    assert describe("SELECT discount FROM order_items", SCHEMA, result)[0].scale == 100.0
    share = "SELECT 100.0 * SUM(quantity) / COUNT(*) FROM order_items"
    assert describe(share, SCHEMA, Result(("d",), ((0.5,),)))[0].scale == 1.0


@pytest.mark.parametrize("sql", ["", "SELEC", "(" * 3000, "SELECT 1, 2", "DROP TABLE customers", "\x00", "VALUES (1)"])
def test_odd_sql_leaves_names_and_values(sql: str) -> None:
    rows = (("2026-03", 12.5, 3, "Ann"),)
    names = ("order_month", "total_price", "COUNT(*)", "customerName")
    assert described(sql, *rows, names=names) == [
        ("Order month", "month"), ("Total price", "money"), ("Count", "integer"), ("Customer name", "text"),
    ]


COUNT = "SELECT customers.country, COUNT(*) AS n FROM customers"
ADDITIVE = {
    f"{COUNT} GROUP BY 1": True,
    f"{COUNT} WHERE signup_date > '2026-01-01' GROUP BY 1": True,
    f"{COUNT} GROUP BY 1 ORDER BY n DESC LIMIT 5": True,  # two rows came: nothing was left out
    f"{COUNT} GROUP BY 1 ORDER BY n DESC LIMIT 2": False,
    f"{COUNT} GROUP BY 1 LIMIT 5 OFFSET 1": False,
    f"{COUNT} GROUP BY 1 HAVING n > 3": False,
    f"{COUNT} WHERE country IN ('Spain', 'Italy') GROUP BY 1": False,
    "SELECT country, COUNT(DISTINCT name) FROM customers GROUP BY country": False,
    "SELECT channel, AVG(id) FROM orders GROUP BY channel": False,
    "SELECT channel, 1.0 * SUM(id) / COUNT(*) FROM orders GROUP BY channel": False,
    f"SELECT customers.country, {REVENUE} - SUM(order_items.quantity) FROM {BUYERS} GROUP BY 1": True,
}


@pytest.mark.parametrize(("sql", "additive"), ADDITIVE.items())
def test_only_a_whole_may_be_added_up(sql: str, additive: bool) -> None:
    result = Result(("a", "b"), (("Spain", 3), ("Italy", 4)))
    assert describe(sql, SCHEMA, result)[1].additive is additive
    cut = Result(result.columns, result.rows, truncated=True)
    assert not describe(sql, SCHEMA, cut)[1].additive


def test_the_order_is_that_of_the_first_key() -> None:
    result = Result(("a", "b"), (("Spain", 3),))
    for key, orders in {"n DESC": ["", "desc"], "2": ["", "asc"], "COUNT(*) DESC": ["", "desc"],
                        "country": ["asc", ""], "name": ["", ""]}.items():
        columns = describe(f"{COUNT} GROUP BY 1 ORDER BY {key}, n", SCHEMA, result)
        assert [c.order for c in columns] == orders


def test_the_day_that_cuts_the_first_period_is_known() -> None:
    month, result = "STRFTIME('%Y-%m', order_date)", Result(("a", "b"), (("2026-03", 3),))
    inner = f"SELECT {month} AS month_value, COUNT(*) AS orders FROM orders WHERE order_date >= '2026-03-14' GROUP BY 1"
    for sql, day in {
        f"SELECT {month}, COUNT(*) FROM orders WHERE order_date >= '2026-03-14' AND channel = 'web' GROUP BY 1": 14,
        f"SELECT {month}, COUNT(*) FROM orders WHERE shipped_date >= '2026-03-14' GROUP BY 1": None,
        f"SELECT t1.month_value, t1.orders FROM ({inner}) AS t1": 14,
    }.items():
        since = describe(sql, SCHEMA, result)[0].since
        assert (since and since.day) == day


def test_what_an_offset_leaves_is_known_as_picked() -> None:
    result = Result(("a", "b"), (("Spain", 3),))
    for end, picked in {"LIMIT 1": False, "LIMIT 1 OFFSET 0": False, "LIMIT 1 OFFSET 1": True}.items():
        columns = describe(f"{COUNT} GROUP BY 1 ORDER BY n DESC {end}", SCHEMA, result)
        assert [c.picked for c in columns] == [picked, picked]


GOODS = "FROM products JOIN categories ON products.category_id = categories.id"
RANK = "ROW_NUMBER() OVER (PARTITION BY categories.id ORDER BY products.unit_price{})"
PICKS = {
    "EQ": (" = 1", "", "lowest"), "last": (" = 1", " DESC", "highest"), "second": (" = 2", " DESC", ""),
    "some": (" <= 3", "", ""), "one": (" <= 1", "", "lowest"),
}


@pytest.mark.parametrize(("test", "way", "measure"), PICKS.values(), ids=list(PICKS))
def test_what_a_rank_picked_is_an_end_of_its_group(test: str, way: str, measure: str) -> None:
    inner = f"SELECT products.name AS product, products.unit_price AS unit_price, {RANK.format(way)} AS place {GOODS}"
    sql = f"SELECT t1.product, t1.unit_price FROM ({inner}) AS t1 WHERE t1.place{test}"
    name, price = describe(sql, SCHEMA, Result(("a", "b"), (("Rake", 3.0), ("Desk", 4.0))))
    assert (name.picked, price.picked, price.measure) == (True, True, measure)


def test_what_equals_the_lowest_of_its_group_is_picked() -> None:
    lowest = "SELECT MIN(p.unit_price) FROM products AS p WHERE p.category_id = products.category_id"
    sql = f"SELECT products.name, products.unit_price FROM products WHERE products.unit_price = ({lowest})"
    column = describe(sql, SCHEMA, Result(("a", "b"), (("Rake", 3.0), ("Desk", 4.0))))[1]
    assert (column.picked, column.measure) == (True, "lowest")


FILTERS = {
    "SELECT COUNT(*) FROM orders": "",
    "SELECT COUNT(*) FROM orders WHERE order_date >= '2026-10-01' AND order_date < '2026-11-01'":
        "order date in Oct 2026",
    "SELECT COUNT(*) FROM orders WHERE order_date >= '2026-02-03' AND channel = 'web'":
        "order date since 2026-02-03, channel web",
    "SELECT COUNT(*) FROM orders WHERE order_date >= '2025-11-01' AND order_date < '2026-02-01'":
        "order date from Nov 2025 to Jan 2026",
    "SELECT COUNT(*) FROM orders WHERE order_date >= '2026-02-03' AND order_date < '2026-02-10'":
        "order date from 2026-02-03 to 2026-02-09",
    "SELECT COUNT(*) FROM orders WHERE orders.shipped_date > '2026-01-01'": "late order",
    "SELECT COUNT(*) FROM orders WHERE shipped_date IS NULL AND NOT order_date IS NULL":
        "no shipped date, with an order date",
    "SELECT COUNT(*) FROM products WHERE unit_price > 1000 AND is_discontinued = 0":
        "unit price over $1,000, not discontinued",
    "SELECT COUNT(*) FROM order_items WHERE discount >= 0.15": "discount at least 15 %",
    "SELECT COUNT(*) FROM order_items WHERE discount > 10 / 100.0": "discount over 10 %",
    "SELECT COUNT(*) FROM products WHERE unit_price >= -(2 * 50) / 4.0": "unit price at least -$25",
    "SELECT COUNT(*) FROM products WHERE unit_price < 7 / 2": "",
    "SELECT COUNT(*) FROM customers WHERE name IN ('Ann', 'Bob')": "customer Ann or Bob",
    f"SELECT {REVENUE} FROM {SALES} WHERE orders.status <> 'cancelled' AND orders.channel = 'web'": "channel web",
    "SELECT COUNT(*) FROM orders WHERE channel = 'web' AND id IN (SELECT order_id FROM order_items WHERE quantity > 3)":
        "",
    # what only asks for rows that point at it
    "SELECT COUNT(*) FROM orders WHERE channel = 'web' AND id IN (SELECT order_id FROM order_items)":
        "channel web, with order items",
    "SELECT COUNT(*) FROM orders WHERE NOT id IN (SELECT order_id FROM order_items WHERE NOT order_id IS NULL)":
        "without order items",
    "SELECT COUNT(*) FROM orders WHERE NOT id IN (SELECT order_id FROM order_items)": "",  # a NULL there lets none in
    "SELECT COUNT(*) FROM products WHERE NOT EXISTS (SELECT 1 FROM order_items WHERE order_items.product_id ="
    " products.id)": "without order items",
    f"SELECT SUM(quantity) FROM {SALES} WHERE orders.customer_id > 3 AND NOT EXISTS (SELECT 1 FROM inventory WHERE"
    " inventory.product_id = order_items.order_id)": "",
    "SELECT c.name FROM customers AS c LEFT JOIN orders ON orders.customer_id = c.id WHERE orders.id IS NULL":
        "customers without orders",
    # the conditions of groups
    "SELECT channel FROM orders WHERE status = 'x' GROUP BY channel HAVING COUNT(*) > 3": "status x, over 3 orders",
    "SELECT channel FROM orders GROUP BY channel HAVING COUNT(DISTINCT customer_id) = 1": "exactly 1 customer",
    "SELECT product_id FROM inventory GROUP BY product_id HAVING 20 > SUM(quantity)": "total quantity under 20",
    "SELECT manager_id FROM staff GROUP BY manager_id HAVING AVG(salary) >= 50000 AND MAX(hire_date) < '2024-03-01'":
        "average salary at least $50,000, latest hire date before 2024-03-01",
    f"SELECT customers.name FROM {BUYERS} WHERE orders.status <> 'cancelled' GROUP BY customers.id"
    f" HAVING {REVENUE} > 5000": "revenue over $5,000",
    # that revenue has the cancelled orders in, and two thirds of a number are not the number
    f"SELECT customers.name FROM {BUYERS} GROUP BY customers.id HAVING {REVENUE} > 5000": "",
    "SELECT product_id FROM inventory GROUP BY product_id HAVING SUM(quantity) * 2 / 3.0 < 20": "",
    "SELECT channel FROM orders GROUP BY channel HAVING SUM(CASE WHEN status = 'x' THEN 1 ELSE 0 END) > 3": "",
    # groups that are counted themselves
    "SELECT COUNT(*) FROM (SELECT customer_id FROM orders WHERE channel = 'web' GROUP BY customer_id"
    " HAVING COUNT(*) > 30) AS t1": "channel web, over 30 orders",
    "WITH t AS (SELECT customer_id, COUNT(*) AS x1 FROM orders GROUP BY customer_id) SELECT COUNT(*) FROM t"
    " WHERE t.x1 >= 5": "at least 5 orders",
    "SELECT COUNT(*) FROM (SELECT id FROM orders WHERE channel = 'web' ORDER BY order_date LIMIT 5) AS t1": "",
    "SELECT COUNT(*) FROM orders WHERE JULIANDAY(shipped_date) - JULIANDAY(order_date) <= 2":
        "days from order date to shipped date at most 2",
    "SELECT COUNT(*) FROM orders WHERE order_date > '2026-03-01'": "order date after 2026-03-01",
    "SELEC": "",
}


@pytest.mark.parametrize(("sql", "words"), FILTERS.items())
def test_filters_are_said_in_full_or_not_at_all(sql: str, words: str) -> None:
    assert filters(sql, SCHEMA, GLOSSARY) == words


WORDS = [
    "SELECT", "FROM", "WHERE", "customers", "orders", "order_items", "name", "country", "*", "(", ")", ",", "1",
    "COUNT(", "SUM(", "AVG(", "CASE", "WHEN", "THEN", "ELSE", "END", "100.0", "/", "-", "'x'", "AS", "a", "=", "||",
    "GROUP BY", "ORDER BY", "LIMIT", "UNION", "WITH", "JOIN", "ON", "DISTINCT", "STRFTIME('%Y',", "OVER", "NULL", "IN",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join) | st.text(max_size=50), st.integers(0, 3))
def test_no_sql_is_too_odd(sql: str, width: int) -> None:
    names = tuple(f"c{i}" for i in range(width))
    for rows in ((), (tuple(["x", 1.5, None][i] for i in range(width)),)):
        columns = describe(sql, SCHEMA, Result(names, rows), GLOSSARY)
        assert len(columns) == width
        assert len({c.title for c in columns}) == width
        assert all(c.title.strip() for c in columns)
    filters(sql, SCHEMA, GLOSSARY)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_no_selected_expression_is_too_odd(expression: str) -> None:
    for source in ("customers", "orders JOIN customers ON orders.customer_id = customers.id"):
        columns = describe(f"SELECT {expression} FROM {source}", SCHEMA, Result(("c",), ((1,),)), GLOSSARY)
        assert len(columns) == 1


def test_names_that_a_query_made_up_are_looked_through() -> None:
    goods = f"{SALES} JOIN products ON products.id = order_items.product_id"
    rank = f"ROW_NUMBER() OVER (PARTITION BY categories.id ORDER BY {REVENUE} DESC)"
    inner = f"SELECT categories.name AS x1, products.name AS x2, {rank} AS x3, {REVENUE} AS ranked_by FROM {goods}"
    inner += " JOIN categories ON categories.id = products.category_id GROUP BY products.id"
    sql = f"SELECT t1.x1, t1.x2, t1.ranked_by FROM ({inner}) AS t1 WHERE t1.x3 = 1"
    assert [heading for heading, _ in described(sql, ("Garden", "Rake", 10.0))] == ["Category", "Product", "Revenue"]
