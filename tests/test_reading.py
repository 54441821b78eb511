"""The one-line reading: what it says of each shape of result, and what it must not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.columns import describe
from bot.database import Cell, Database, Result, connect
from bot.filter_words import filters, names_texts
from bot.formats import ColumnInfo, Kind
from bot.glossary import Glossary, load_glossary
from bot.guard import SafeSQL, check
from bot.reading import read
from demo.build import build

TODAY = date(2026, 11, 22)
COUNTRY = ColumnInfo("Country", "text", "left", noun="countries")
CUSTOMER = ColumnInfo("Customer", "text", "left", noun="customers")
MONTH = ColumnInfo("Month", "month", "left")
WHOLE = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2, additive=True)
REVENUE = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2)
TOP = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2, order="desc", limited=True)
LEAST = ColumnInfo("Orders", "integer", "right", noun="orders", measure="count", order="asc", limited=True)
SOME = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2, limited=True)
ORDERS = ColumnInfo("Orders", "integer", "right", noun="orders", measure="count")
SALARY = ColumnInfo("Average salary", "money", "right", measure="average", unit="$", decimals=2)
PRICE = ColumnInfo("Price", "money", "right", unit="$", decimals=2)
SECOND = ColumnInfo("Salary", "money", "right", unit="$", order="desc", limited=True, picked=True)
LOWEST = ColumnInfo("Lowest salary", "money", "right", measure="lowest", unit="$")
HIGHEST = ColumnInfo("Highest salary", "money", "right", measure="highest", unit="$")
MAXIMUM = ColumnInfo("Top salary", "money", "right", measure="highest", unit="$", order="desc", limited=True)
LEAST_TOP = ColumnInfo("Top salary", "money", "right", measure="highest", unit="$", order="asc", limited=True)
CHEAPEST = ColumnInfo("Unit price", "money", "right", measure="lowest", unit="$", picked=True)
OF_BEST = ColumnInfo("Units sold", "integer", "right", picked=True)
DAYS = [ColumnInfo(f"Average age: {year} (days)", "number", "right", measure="average", unit="days", decimals=1)
        for year in (2024, 2025)]
SIDES = [ColumnInfo(f"Orders: {when}", "integer", "right", noun="orders", measure="count")
         for when in ("Nov 2026", "Oct 2026", "Sep to Nov 2026")]
CUT = ColumnInfo("Month", "month", "left", since=date(2026, 1, 14))
CUT_YEAR = ColumnInfo("Year", "year", "left", since=date(2024, 2, 1))
WAITS = [ColumnInfo(f"Average days to ship: {year}", "number", "right", measure="average", unit="days", decimals=1)
         for year in (2024, 2025)]
FIRST = ColumnInfo("First name", "text", "left", noun="employees")
LAST = ColumnInfo("Last name", "text", "left", noun="employees")

THIRD = ColumnInfo("Unit price", "money", "right", unit="$", order="asc", limited=True, picked=True, place=3)
SECOND_MOST = ColumnInfo("Orders", "integer", "right", noun="orders", measure="count", order="desc", limited=True,
                         picked=True, place=2)
TICKET = ColumnInfo("Support ticket ID", "id", "right")
RATED = ColumnInfo("Satisfaction", "integer", "right")

Rows = list[tuple[Cell, ...]]
READINGS: list[tuple[list[ColumnInfo], Rows, str]] = [
    ([ORDERS], [(412,)], "412 orders."),
    ([ORDERS], [(1,)], "1 order."),
    ([ORDERS], [(0,)], "No orders match."),
    ([REVENUE], [(412300.37,)], "Revenue: $412,300.37."),
    ([REVENUE], [(None,)], "Nothing to add up: no matching rows with a value."),
    ([SALARY], [(None,)], "Nothing to average: no matching rows with a value."),
    ([COUNTRY], [(None,)], "Country: no value is stored."),
    ([COUNTRY], [("Spain",)], "Country: Spain."),
    ([FIRST, LAST], [("Ann", "Lee")], "Employee: Ann Lee."),
    ([CUSTOMER, COUNTRY], [("Initech", "Spain")], "Customer: Initech, Country: Spain."),
    ([CUSTOMER, ORDERS, REVENUE], [("Initech", 3, 12.5)], "Initech: 3 orders, revenue $12.50."),
    ([CUSTOMER, TOP], [("Initech", 12300.5)], "Initech leads with $12,300."),
    ([COUNTRY, WHOLE], [("Germany", 31.0), ("Spain", 49.0), ("Italy", 20.0)],
     "Spain leads with $49.00, 49 % of the total."),
    ([COUNTRY, WHOLE], [("Germany", 31.0), ("Spain", 49.0), ("Italy", -20.0)],
     "Spain leads with $49.00, ahead of Germany with $31.00."),
    ([COUNTRY, WHOLE], [("Germany", 0.1), ("Spain", 999.0), ("Italy", 0.2)],
     "Spain leads with $999.00, more than 99 % of the total."),
    ([COUNTRY, REVENUE], [("Germany", 31.0), ("Spain", 49.0), ("Italy", 49.0)],
     "Spain and Italy lead with $49.00 each."),
    ([COUNTRY, REVENUE], [("Germany", 5.0), ("Spain", 5.0), ("Italy", 5.0)], "All 3 are equal: $5.00 each."),
    ([COUNTRY, ORDERS], [(None, 31), ("Spain", 9), ("Italy", 2)],
     "(no country) leads with 31 orders, ahead of Spain with 9."),
    ([CUSTOMER, TOP], [("A", 9.0), ("B", 5.0), ("C", 4.0)], "A leads with $9.00, ahead of B with $5.00."),
    ([CUSTOMER, LEAST], [("A", 2), ("B", 5), ("C", 7)], "A has the fewest orders, 2."),
    ([CUSTOMER, SOME], [("A", 2.0), ("B", 5.0), ("C", 4.0)], "3 customers: A, B and C."),
    ([COUNTRY, SALARY], [("A", 2.0), ("B", 5.0), ("C", 4.0)],
     "B has the highest average salary, $5.00; A the lowest, $2.00."),
    ([CUSTOMER, REVENUE], [("Initech", 8100.0), ("Globex Industries", 12300.0)],
     "Globex Industries: $12,300, Initech: $8,100: 52 % more."),
    ([CUSTOMER, REVENUE], [("A", 0.0), ("B", 5.0)], "B: $5.00, A: $0.00: $5.00 more."),
    ([CUSTOMER, ORDERS], [("A", 3), ("B", 3)], "A: 3, B: 3: the same."),
    ([MONTH, REVENUE], [("2026-03", 50000.0), ("2026-01", 31200.0), ("2026-10", 44900.0)],
     "Revenue rose from $31,200 in Jan 2026 to $44,900 in Oct 2026, with its peak of $50,000 in Mar 2026."),
    ([MONTH, REVENUE], [("2026-01", 500.0), ("2026-02", 400.0), ("2026-03", 450.0)],
     "Revenue fell from $500.00 in Jan 2026 to $450.00 in Mar 2026, with its low of $400.00 in Feb 2026."),
    ([MONTH, REVENUE], [("2026-01", 5.0), ("2026-11", 9.0)],
     "Revenue rose from $5.00 in Jan 2026 to $9.00 in Nov 2026 so far."),
    ([MONTH, TOP], [("2026-03", 9.0), ("2026-01", 5.0), ("2026-02", 4.0)],
     "Mar 2026 leads with $9.00, ahead of Jan 2026 with $5.00."),
    ([MONTH, ORDERS], [("03", 9), ("01", 5), ("02", 4)], "Mar leads with 9 orders, ahead of Jan with 5."),
    ([CUSTOMER], [("A",), ("B",)], "2 customers: A and B."),
    ([CUSTOMER], [(f"C{i}",) for i in range(14)], "14 customers: C0, C1, C2 and 11 more."),
    ([COUNTRY], [("Spain",), ("Italy",), ("Spain",)], "3 rows, 2 different: Spain and Italy."),
    ([FIRST, LAST], [("A", "B"), ("C", "D")], "2 employees: A B and C D."),
    ([PRICE], [(5.0,), (9.0,), (None,)], "3 rows: price from $5.00 to $9.00."),
    (WAITS, [(3.5, 3.0)], "2024: 3.5 days, 2025: 3.0 days: 17 % higher."),
    (DAYS, [(3.5, 3.0)], "2024: 3.5 days, 2025: 3.0 days: 17 % higher."),
    # what is not over, and what begins in its middle
    (SIDES[:2], [(108, 217)], "Oct 2026: 217, Nov 2026 so far: 108: 101 % more."),
    (SIDES, [(1, 2, 3)],
     "Orders (Nov 2026 so far): 1, Orders (Oct 2026): 2, Orders (Sep to Nov 2026 so far): 3."),
    ([MONTH, LEAST], [("2026-11", 108)], "Nov 2026 so far has the fewest orders, 108."),
    ([MONTH, ORDERS], [("2026-11", 108)], "Nov 2026 so far: 108 orders."),
    ([MONTH, LEAST], [("2026-02", 108)], "Feb 2026 has the fewest orders, 108."),
    ([CUT, LEAST], [("2026-01", 108)], "Jan 2026 (from 14 Jan) has the fewest orders, 108."),
    ([CUT, REVENUE], [("2026-01", 1.0), ("2026-02", 9.0), ("2026-03", 5.0)],
     "Revenue fell from $9.00 in Feb 2026 to $5.00 in Mar 2026."),
    ([CUT_YEAR, REVENUE], [("2024", 1.0), ("2025", 9.0)],
     "Revenue rose from $1.00 in 2024 (from 1 Feb) to $9.00 in 2025."),
    # after an OFFSET the first row is not the first of all
    ([FIRST, LAST, SECOND], [("Kofi", "Marsh", 236000)], "Kofi Marsh: salary $236,000."),
    ([CUSTOMER, SECOND], [("A", 9), ("B", 5), ("C", 4)], "3 customers: A, B and C."),
    # nor is a row of one place the first
    ([CUSTOMER, THIRD], [("Gel Pen", 12)], "Gel Pen has the 3rd lowest unit price, $12."),
    ([CUSTOMER, SECOND_MOST], [("Initech", 8)], "Initech has the 2nd most orders, 8."),
    ([THIRD], [(12,)], "3rd lowest unit price: $12."),
    # numbers of rows are no names to compare by what is stored of them
    ([TICKET, RATED], [(1244, 2), (1266, 2)], "Support tickets 1244 and 1266: satisfaction 2 each."),
    ([TICKET, RATED], [(1244, 2), (1266, 1)],
     "Support ticket 1244 has the highest satisfaction, 2; Support ticket 1266 the lowest, 1."),
    ([TICKET, ORDERS], [(1244, 2), (1266, 2)], "Support tickets 1244 and 1266: 2 orders each."),
    # of the lowest ones, the highest is not the highest
    ([COUNTRY, LOWEST, HIGHEST], [("Spain", 422, 900), ("Italy", 889, 2410), ("Peru", 500, 800)],
     "The lowest salary ranges from $422 (Spain) to $889 (Italy)."),
    ([COUNTRY, HIGHEST], [("Spain", 5), ("Italy", 9), ("Peru", 5)],
     "The highest salary ranges from $5 (Spain and Peru) to $9 (Italy)."),
    ([COUNTRY, HIGHEST], [(name, 5 + (name == "E")) for name in "ABCDE"],
     "The highest salary ranges from $5 (A, B and 2 more) to $6 (E)."),
    ([COUNTRY, HIGHEST], [("Spain", 5), ("Italy", 5), ("Peru", 5)], "All 3 are equal: $5 each."),
    ([COUNTRY, MAXIMUM], [("Italy", 9)], "Italy has the highest salary, $9."),
    ([COUNTRY, MAXIMUM], [("Italy", 9), ("Spain", 5), ("Peru", 4)], "Italy has the highest salary, $9."),
    ([COUNTRY, LEAST_TOP], [("Spain", 5)], "Spain: top salary $5."),
    ([COUNTRY, LEAST_TOP], [("Spain", 5), ("Peru", 6), ("Italy", 9)], "3 countries: Spain, Peru and Italy."),
    ([COUNTRY, CHEAPEST], [("Spain", 39), ("Italy", 8), ("Peru", 9)],
     "The lowest unit price ranges from $8 (Italy) to $39 (Spain)."),
    ([COUNTRY, OF_BEST], [("Spain", 39), ("Italy", 8), ("Peru", 9)],
     "The units sold range from 8 (Italy) to 39 (Spain)."),
    ([MONTH, CHEAPEST], [("2026-01", 39), ("2026-02", 8), ("2026-03", 9)],
     "Lowest unit price fell from $39 in Jan 2026 to $9 in Mar 2026, with its low of $8 in Feb 2026."),
]


@pytest.mark.parametrize(("columns", "rows", "text"), READINGS)
def test_each_shape_of_result_has_its_reading(columns: list[ColumnInfo], rows: Rows, text: str) -> None:
    assert read("what?", Result(tuple(c.title for c in columns), tuple(rows)), columns, today=TODAY) == text


def test_no_rows_come_with_a_hint_that_suits_the_question() -> None:
    empty = Result(("c",), ())
    assert read("orders in March", empty, [CUSTOMER]) == (
        "No rows match. Try a longer period, or ask with fewer conditions."
    )
    assert read("orders of Initek", empty, [CUSTOMER], "customer Initek") == (
        "No rows match (customer Initek). Check how names are spelt, or ask with fewer conditions."
    )


def test_a_number_repeats_what_was_counted() -> None:
    assert read("orders?", Result(("n",), ((5,),)), [ORDERS], "channel web") == "5 orders (channel web)."


def test_a_cut_result_says_so() -> None:
    rows = tuple((f"C{i}",) for i in range(1000))
    assert read("who?", Result(("n",), rows, truncated=True), [CUSTOMER]).endswith(
        " These are only the first 1,000 rows."
    )
    long = Result(("n",), (("x" * 2000,), ("y",)), truncated=True)
    assert read("who?", long, [CUSTOMER]).endswith(" The result was too large and was cut to fit.")


def test_the_largest_of_a_cut_result_does_not_lead() -> None:
    rows = tuple((f"C{i}", float(i)) for i in range(5))
    text = read("who?", Result(("n", "r"), rows, truncated=True), [CUSTOMER, REVENUE])
    assert text.startswith("5 customers: C0, C1, C2")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("reading") / "demo.db"
    build(path, TODAY)
    database = connect(str(path))
    yield database
    database.close()


@pytest.fixture(scope="module")
def glossary() -> Glossary:
    return load_glossary(Path(__file__).parent.parent / "demo" / "glossary.toml")


REVENUE_SQL = "SUM(order_items.quantity * order_items.unit_price * (1 - order_items.discount))"
SOLD = (
    "FROM order_items JOIN orders ON order_items.order_id = orders.id JOIN customers ON orders.customer_id ="
    " customers.id WHERE orders.status <> 'cancelled'"
)
PROFIT_OF_ONE = (
    "order_items.quantity * order_items.unit_price * (1 - order_items.discount)"
    " - order_items.quantity * products.unit_cost"
)
SOLD_PRODUCTS = (
    "FROM order_items JOIN products ON order_items.product_id = products.id JOIN orders ON order_items.order_id ="
    " orders.id WHERE orders.status <> 'cancelled'"
)
QUERIES = {
    f"SELECT customers.country, {REVENUE_SQL} {SOLD} GROUP BY customers.country ORDER BY {REVENUE_SQL} DESC":
        r"United States leads with \$[\d,]+, \d\d % of the total\.",
    f"SELECT STRFTIME('%Y-%m', orders.order_date), {REVENUE_SQL} {SOLD} GROUP BY STRFTIME('%Y-%m', orders.order_date)":
        r"Revenue (rose|fell) from \$[\d,.]+ in Nov 2023 to \$[\d,.]+ in Nov 2026 so far, with its peak of .*",
    "SELECT COUNT(*) FROM orders WHERE orders.order_date >= '2026-10-01' AND orders.order_date < '2026-11-01'":
        r"[\d,]+ orders \(order date in Oct 2026\)\.",
    "SELECT employees.first_name, employees.last_name FROM employees WHERE employees.is_active = 1":
        r"\d+ employees: \w+ \w+, \w+ \w+, \w+ \w+ and \d+ more\.",
    "SELECT employees.last_name, employees.salary FROM employees ORDER BY employees.salary DESC LIMIT 1 OFFSET 1":
        r"\w+ has the 2nd highest salary, \$[\d,]+\.",
    "SELECT AVG(support_tickets.satisfaction) FROM support_tickets": r"Average satisfaction: \d\.\d+\.",
    f"SELECT {REVENUE_SQL} {SOLD} AND orders.order_date < '2019-01-01'":
        r"Nothing to add up: no matching rows with a value \(order date before 2019-01-01\)\.",
    "SELECT COUNT(*) FROM (SELECT orders.customer_id FROM orders GROUP BY orders.customer_id HAVING COUNT(*) > 3) AS t":
        r"\d+ customers \(over 3 orders\)\.",
    f"SELECT COUNT(*) FROM (SELECT customers.id {SOLD} GROUP BY customers.id HAVING {REVENUE_SQL} > 9999) AS t1":
        r"\d+ customers \(revenue over \$9,999\)\.",
    "SELECT 100.0 * SUM(CASE WHEN (JULIANDAY(support_tickets.closed_at) - JULIANDAY(support_tickets.opened_at)) <= 2"
    " THEN 1 ELSE 0 END) / COUNT(*) FROM support_tickets WHERE support_tickets.status = 'closed'":
        r"Share \(resolution time at most 2 days\): [\d.]+ % \(status closed\)\.",
    "SELECT 100.0 * SUM(CASE WHEN support_tickets.subject LIKE '%a%' THEN 1 ELSE 0 END) / COUNT(*) FROM support_tickets"
    " WHERE support_tickets.status = 'closed'": r"Share: [\d.]+ % of all \(status closed\)\.",
    "SELECT products.name, SUM(inventory.quantity) FROM inventory JOIN products ON inventory.product_id = products.id"
    " GROUP BY products.id, products.name HAVING SUM(inventory.quantity) < 0":
        r"No rows match \(stock under 0\)\. Ask with other bounds or with fewer conditions\.",
    "SELECT (SELECT COUNT(*) FROM orders WHERE orders.status <> 'cancelled' AND orders.id NOT IN (SELECT"
    " payments.order_id FROM payments)), (SELECT COUNT(*) FROM returns)":
        r"Orders \(not cancelled, without payments\): \d+, Returns: \d+\.",
    f"SELECT SUM(CASE WHEN orders.order_date < '2025-01-01' THEN {PROFIT_OF_ONE} ELSE 0 END) {SOLD_PRODUCTS}":
        r"Profit \(before 2025-01-01\): \$[\d,.]+ .*",
    "SELECT COUNT(*) FROM payments WHERE payments.paid_at >= '2026-10-01' AND payments.paid_at < '2026-11-01'":
        r"\d+ payments \(paid in Oct 2026\)\.",
    f"SELECT orders.channel, 100.0 * ({REVENUE_SQL} - SUM(order_items.quantity * products.unit_cost)) / {REVENUE_SQL} "
    f"{SOLD_PRODUCTS} GROUP BY orders.channel":
        r"\w+ has the highest profit as % of revenue, [\d.]+ %; \w+ the lowest, [\d.]+ %\.",
    "SELECT customers.name FROM customers WHERE customers.name = 'Nobody'": r"No rows match \(customer Nobody\)\. .*",
}


@pytest.mark.parametrize(("sql", "pattern"), QUERIES.items())
def test_readings_of_the_demo(sql: str, pattern: str, demo: Database, glossary: Glossary) -> None:
    schema = demo.schema()
    safe = check(sql, schema)
    assert isinstance(safe, SafeSQL)
    result = demo.execute(safe, {})
    columns = describe(sql, schema, result, glossary)
    assert re.fullmatch(pattern, read(
        "?", result, columns, filters(sql, schema, glossary), TODAY, names_texts(sql, schema)
    ))


def test_the_share_of_the_leader_is_right(demo: Database, glossary: Glossary) -> None:
    sql = "SELECT orders.channel, COUNT(*) FROM orders GROUP BY orders.channel"
    safe = check(sql, demo.schema())
    assert isinstance(safe, SafeSQL)
    result = demo.execute(safe, {})
    counts = {str(channel): int(n or 0) for channel, n in result.rows}
    percent = round(100 * counts["web"] / sum(counts.values()))
    text = read("?", result, describe(sql, demo.schema(), result, glossary))
    assert text == f"web leads with {counts['web']:,} orders, {percent} % of the total."


CELL = st.one_of(st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(), st.text(max_size=20))
KINDS: list[Kind] = ["text", "integer", "number", "money", "percent", "date", "month", "year", "boolean", "id"]
COLUMN = st.builds(
    ColumnInfo, st.sampled_from(["Revenue", "First name", "Last name", "Share: web", "A", ""]), st.sampled_from(KINDS),
    st.just("left"), st.sampled_from(["", "orders"]), st.sampled_from(["", "count", "sum", "average", "ratio"]),
    st.sampled_from(["", "$", "days"]), st.sampled_from([1.0, 100.0]), st.integers(0, 3), st.booleans(),
    st.sampled_from(["", "asc", "desc"]), st.booleans(), st.booleans(),
)


@given(st.text(max_size=30), st.integers(1, 4).flatmap(lambda n: st.tuples(
    st.lists(COLUMN, min_size=n, max_size=n),
    st.lists(st.lists(CELL, min_size=n, max_size=n).map(tuple), max_size=6))), st.booleans())
def test_any_result_has_a_reading(
    question: str, table: tuple[list[ColumnInfo], list[tuple[Cell, ...]]], truncated: bool
) -> None:
    columns, rows = table
    text = read(question, Result(tuple(c.title for c in columns), tuple(rows), truncated), columns, today=TODAY)
    assert text.strip() and "\n" not in text and "\x1b" not in text
    if not any(c.additive for c in columns):
        assert "of the total" not in text
