"""The demo database holds the names and values that questions about it mention."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.demo_database import DAYS, TODAY, Demo

# As the description of the database lists them: name, category, price; name, segment, city.
PRODUCTS = """
Oslo Desk F 349; Bergen Bookshelf F 189; Fjord Armchair F 279; Walnut Dining Table F 599; Ergo Office
Chair F 259; Folding Stool F 39; Standing Desk Pro F 649; Bamboo Nightstand F 99; Aurora Desk Lamp L 59;
Pendant Light Nova L 129; Solar String Lights L 34; Floor Lamp Arc L 149; LED Panel Slim L 79; Candle
Lantern L 25; Smart Bulb Kit L 69; A4 Paper Box OS 29; Gel Pen Set OS 12; Whiteboard Large OS 119; Desk
Organizer OS 24; Label Maker OS 45; Sticky Notes Pack OS 8; Heavy Duty Stapler OS 22; Wireless Keyboard E
49; Ergonomic Mouse E 39; USB-C Dock E 129; Noise Cancelling Headset E 179; 27 Inch Monitor E 299;
Portable Speaker E 89; Webcam HD E 65; Power Strip Six E 28; Chef Knife K 54; Cast Iron Pan K 69;
Espresso Machine K 399; Ceramic Mug Set K 32; Glass Carafe K 27; Cutting Board Oak K 36; Electric Kettle
K 49; Spice Rack K 29; Patio Umbrella G 119; Garden Hose 20m G 44; Teak Bench G 329; Herb Planter G 26;
Pruning Shears G 19; Fire Pit G 239; Bird Feeder G 23; Stackable Crate S 17; Wardrobe Organizer S 49;
Shoe Rack S 42; Rolling Cart S 89; Storage Ottoman S 79; Wall Hooks Set S 15; Filing Cabinet S 159; Linen
Curtains T 64; Wool Throw T 84; Cotton Towel Set T 38; Velvet Cushion T 29; Jute Rug T 139; Duvet Cover
Queen T 74; Table Runner T 21; Blackout Blind T 58
"""
KEY_CUSTOMERS = """
Globex Industries, Enterprise, New York; Initech, Enterprise, Austin; Stellar Foods, Enterprise, Chicago;
Bluewater Hotels, Enterprise, Miami; Northwind Clinics, Enterprise, Toronto; Kestrel Logistics,
Enterprise, London; Brandt Maschinenbau, Enterprise, Munich; Atelier Moreau, Small Business, Paris; Casa
Verde, Small Business, Madrid; Sakura Design, Small Business, Tokyo; Maple & Co, Small Business,
Vancouver; Harbour Books, Small Business, Sydney; Redwood Dental, Small Business, San Francisco; Lakeside
School, Enterprise, Seattle; The Daily Grind, Small Business, Denver; Fenwick Studio, Small Business,
Edinburgh; Nordlicht Cafe, Small Business, Hamburg; Tulip Works, Small Business, Amsterdam; Olivia
Bennett, Consumer, Boston; Marcus Chen, Consumer, San Francisco; Priya Nair, Consumer, London; Jonas
Weber, Consumer, Berlin; Sofia Garcia, Consumer, Barcelona; Emily Tremblay, Consumer, Montreal
"""


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


def test_departments_and_heads(plain: Demo) -> None:
    found = plain.rows(
        "SELECT d.name, d.location, e.job_title FROM departments d "
        "JOIN employees e ON e.department_id = d.id WHERE e.manager_id IS NULL ORDER BY d.id"
    )
    assert found == [
        ("Sales", "Boston", "VP of Sales"), ("Marketing", "Austin", "VP of Marketing"),
        ("Engineering", "Seattle", "VP of Engineering"), ("Finance", "Boston", "Chief Financial Officer"),
        ("Human Resources", "Denver", "HR Director"), ("Customer Support", "Austin", "Head of Support"),
        ("Operations", "Denver", "Operations Director"), ("Legal", "London", "General Counsel"),
    ]


def test_job_titles(plain: Demo) -> None:
    found: dict[str, set[str]] = {}
    for department, title in plain.rows(
        "SELECT d.name, job_title FROM employees e JOIN departments d ON d.id = department_id "
        "WHERE manager_id IS NOT NULL"
    ):
        found.setdefault(department, set()).add(title)
    assert found == {
        "Sales": {"Account Executive", "Sales Representative", "Sales Manager"},
        "Marketing": {"Marketing Specialist", "Content Designer", "SEO Analyst"},
        "Engineering": {"Software Engineer", "Senior Software Engineer", "Data Engineer", "QA Engineer"},
        "Finance": {"Accountant", "Financial Analyst"},
        "Human Resources": {"Recruiter", "HR Specialist"},
        "Customer Support": {"Support Agent", "Support Lead"},
        "Operations": {"Logistics Coordinator", "Warehouse Manager"},
        "Legal": {"Paralegal", "Corporate Counsel"},
    }


def test_segments(demo: Demo) -> None:
    found = demo.rows("SELECT segment, COUNT(*) FROM customers GROUP BY 1 ORDER BY 1")
    assert found == [("Consumer", 220), ("Enterprise", 60), ("Small Business", 120)]


def test_cities_and_countries(plain: Demo) -> None:
    countries: dict[str, set[str]] = {}
    for city, country in plain.rows("SELECT DISTINCT city, country FROM customers"):
        countries.setdefault(country, set()).add(city)
    assert countries == {
        "United States": {"New York", "Chicago", "San Francisco", "Boston", "Austin", "Seattle",
                          "Denver", "Miami"},
        "Canada": {"Toronto", "Vancouver", "Montreal"},
        "United Kingdom": {"London", "Manchester", "Edinburgh"},
        "Germany": {"Berlin", "Munich", "Hamburg"},
        "France": {"Paris", "Lyon"},
        "Spain": {"Madrid", "Barcelona"},
        "Netherlands": {"Amsterdam"},
        "Australia": {"Sydney", "Melbourne"},
        "Japan": {"Tokyo"},
    }


@pytest.mark.parametrize("customer", " ".join(KEY_CUSTOMERS.split()).split("; "))
def test_key_customers_buy_in_several_years(demo: Demo, customer: str) -> None:
    name, segment, city = customer.split(", ")
    assert demo.rows("SELECT segment, city FROM customers WHERE name = ?", name) == [(segment, city)]
    years = demo.one(
        "SELECT COUNT(DISTINCT SUBSTR(order_date, 1, 4)) FROM orders JOIN customers c ON c.id = customer_id "
        "WHERE c.name = ?", name,
    )
    assert years >= 3


def test_suppliers(plain: Demo) -> None:
    assert dict(plain.rows("SELECT name, country FROM suppliers")) == {
        "Acme Fabrication": "United States", "Nordic Timber": "Sweden", "Lumen Works": "Germany",
        "Pacific Textiles": "Vietnam", "Shenzhen Bright": "China", "Casa Ceramica": "Italy",
        "Greenleaf Nurseries": "Netherlands", "Ironside Tools": "United Kingdom", "Paperline": "Canada",
        "Volta Electronics": "South Korea", "Alpine Glass": "Austria", "Delta Plastics": "Mexico",
        "Sunrise Home": "India", "Bosque Muebles": "Spain",
    }
    assert plain.one("SELECT COUNT(*) FROM suppliers WHERE rating BETWEEN 1.0 AND 5.0") == 14
    assert plain.one("SELECT COUNT(DISTINCT supplier_id) FROM products") == 14


def test_products(plain: Demo) -> None:
    letters = {"F": "Furniture", "L": "Lighting", "OS": "Office Supplies", "E": "Electronics", "K": "Kitchen",
               "G": "Garden", "S": "Storage", "T": "Textiles"}
    entries = [entry.rsplit(" ", 2) for entry in " ".join(PRODUCTS.split()).split("; ")]
    expected = {(name, letters[letter], int(price)) for name, letter, price in entries}
    found = plain.rows("SELECT p.name, c.name, unit_price FROM products p "
                       "JOIN categories c ON c.id = category_id")
    assert set(found) == expected and len(found) == 60
    assert plain.one("SELECT COUNT(*) FROM products WHERE unit_cost BETWEEN 0.45 * unit_price "
                     "AND 0.75 * unit_price") == 60
    assert {name for name, in plain.rows("SELECT name FROM products WHERE is_discontinued = 1")} == {
        "Folding Stool", "Candle Lantern", "Label Maker", "Webcam HD", "Glass Carafe", "Table Runner",
    }


def test_warehouses(plain: Demo) -> None:
    assert plain.rows("SELECT name, city, country FROM warehouses ORDER BY id") == [
        ("East Hub", "Boston", "United States"), ("West Hub", "Seattle", "United States"),
        ("Central Depot", "Chicago", "United States"), ("Europe North", "Hamburg", "Germany"),
        ("UK Depot", "Manchester", "United Kingdom"),
    ]


@pytest.mark.parametrize(
    ("column", "allowed"),
    [
        ("orders.status", {"pending", "shipped", "delivered", "cancelled", "returned"}),
        ("orders.channel", {"web", "store", "phone", "partner"}),
        ("payments.method", {"credit card", "paypal", "bank transfer", "invoice"}),
        ("returns.reason", {"damaged", "wrong item", "late delivery", "changed mind", "defective"}),
        ("support_tickets.priority", {"low", "medium", "high", "urgent"}),
        ("support_tickets.status", {"open", "pending", "closed"}),
        ("order_items.discount", {0, 0.05, 0.1, 0.15, 0.2}),
    ],
)
def test_choices(demo: Demo, column: str, allowed: set[object]) -> None:
    table, name = column.split(".")
    assert {value for value, in demo.rows(f"SELECT DISTINCT {name} FROM {table}")} == allowed


def test_subjects(plain: Demo) -> None:
    subjects = {s for s, in plain.rows("SELECT DISTINCT subject FROM support_tickets")}
    assert 22 <= len(subjects) <= 28
    assert {"Missing parts", "Refund not received", "Where is my order"} <= subjects
