"""Rows of the tables that change slowly: people, customers, suppliers, products, warehouses, stock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from demo import names, values
from demo.records import Customer, Employee, Product, Row, cents

INACTIVE = 10  # of 120 employees
EMPTY_SHELVES = 6  # inventory lines with nothing left
INVENTORY_LINES = 220


def departments() -> list[Row]:
    """id, name, location, annual_budget."""
    return [
        (i, name, location, cents(budget))
        for i, (name, (location, budget, *_)) in enumerate(values.DEPARTMENTS.items(), 1)
    ]


def _positions(rng: random.Random) -> list[tuple[str, int]]:
    """Title and department of everyone but the heads, in a random order."""
    positions = []
    for department, (*_, titles) in enumerate(values.DEPARTMENTS.values(), 1):
        positions += [(title, department) for title in titles for _ in range(values.TITLES[title][2])]
    rng.shuffle(positions)
    # The first two to be hired take the first orders and the first tickets.
    for title in ("Account Executive", "Support Agent"):
        first = next(p for p in positions if p[0] == title)
        positions.remove(first)
        positions.insert(0, first)
    return positions


def _salary(rng: random.Random, title: str, years: float, taken: set[int]) -> int:
    """A salary nobody else has, rising with the years in the company."""
    low, high, _ = values.TITLES[title]
    share = min(0.75 * rng.random() + 0.04 * min(years, 6.0), 0.99)
    salary = int(round(low + (high - low) * share, -2))
    while salary in taken:
        salary += 50
    taken.add(salary)
    return salary


def _hire_dates(rng: random.Random, today: date, count: int) -> list[date]:
    """Ascending dates over nine years, some of them in this month and in the one before."""
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    dates = [this_month, last_month + timedelta(days=6), last_month + timedelta(days=20)]
    # Two in five were there before the first order.
    early = count * 2 // 5
    dates += [today - timedelta(days=rng.randrange(1150, 3400)) for _ in range(early)]
    dates += [today - timedelta(days=rng.randrange(50, 1150)) for _ in range(count - early - 3)]
    return sorted(dates)


def employees(rng: random.Random, today: date) -> list[Employee]:
    """The eight heads first, then everyone in the order they were hired."""
    taken = {name for name, segment, _ in values.KEY_CUSTOMERS if segment == "Consumer"}
    salaries = {head[3] for head in values.DEPARTMENTS.values()}
    staff: list[Employee] = []

    def hire(
        title: str, department: int, manager: int | None, hired: date, salary: int, active: bool
    ) -> None:
        first, last = names.person(rng, "United States", taken)
        email = f"{first}.{last}@harborpine.example".lower()
        staff.append(Employee(len(staff) + 1, first, last, email, title, department, manager, hired,
                              cents(salary), int(active)))

    for department, (_, _, title, salary, _) in enumerate(values.DEPARTMENTS.values(), 1):
        hire(title, department, None, today - timedelta(days=3650 + rng.randrange(1800)), salary, True)
    positions = _positions(rng)
    hire_dates = _hire_dates(rng, today, len(positions))
    gone = set(rng.sample(range(8, len(positions) - 8), INACTIVE))
    for at, ((title, department), hired) in enumerate(zip(positions, hire_dates, strict=True)):
        salary = _salary(rng, title, (today - hired).days / 365.25, salaries)
        hire(title, department, department, hired, salary, at not in gone)
    return staff


@dataclass
class _Signup:
    name: str
    segment: str
    city: str
    day: date


def _signup_day(rng: random.Random, today: date) -> date:
    """Half of the customers are older than the oldest order; the rest come faster every year."""
    if rng.random() < 0.5:
        return today - timedelta(days=rng.randrange(1100, 2200))
    return today - timedelta(days=int(1100 * (1 - rng.random() ** 0.75)))


def _signups(rng: random.Random, today: date, staff: list[Employee]) -> list[_Signup]:
    """The key customers, who were there before the first order, then invented ones."""
    signups = [
        _Signup(*key, today - timedelta(days=rng.randrange(1110, 2200))) for key in values.KEY_CUSTOMERS
    ]
    taken = {f"{e.first_name} {e.last_name}" for e in staff} | {s.name for s in signups}
    cities, weights = list(values.CITIES), [weight for _, weight in values.CITIES.values()]
    for segment, count in values.SEGMENTS.items():
        missing = count - sum(key[1] == segment for key in values.KEY_CUSTOMERS)
        for city in rng.choices(cities, weights, k=missing):
            country = values.CITIES[city][0]
            name = (" ".join(names.person(rng, country, taken)) if segment == "Consumer"
                    else names.company(rng, country, segment, taken))
            signups.append(_Signup(name, segment, city, _signup_day(rng, today)))
    _some_new(rng, signups[len(values.KEY_CUSTOMERS):], today)
    return signups


def _some_new(rng: random.Random, signups: list[_Signup], today: date) -> None:
    """However the dice fall, today and each of the two months before had someone new."""
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    before = (last_month - timedelta(days=1)).replace(day=1)
    days = [today, this_month, last_month + timedelta(days=2), last_month + timedelta(days=11),
            last_month + timedelta(days=23), before + timedelta(days=8)]
    for signup, day in zip(rng.sample(signups, len(days)), days, strict=True):
        signup.day = day


def customers(rng: random.Random, today: date, staff: list[Employee]) -> list[Customer]:
    """400 customers, ids in the order of signing up. Consumers have no account manager."""
    signups = sorted(_signups(rng, today, staff), key=lambda s: (s.day, s.name))
    managers = [e.id for e in staff
                if e.is_active and e.job_title in ("Account Executive", "Sales Manager")]
    weights = [rng.choice((1, 2, 3, 5)) for _ in managers]
    return [
        Customer(i, s.name, s.segment, s.city, values.CITIES[s.city][0], s.day,
                 None if s.segment == "Consumer" else rng.choices(managers, weights)[0])
        for i, s in enumerate(signups, 1)
    ]


def suppliers() -> list[Row]:
    """id, name, country, rating, lead_time_days."""
    return [(i, name, country, Decimal(tenths) / 10, days)
            for i, (name, (country, tenths, days)) in enumerate(values.SUPPLIERS.items(), 1)]


def categories() -> list[Row]:
    """id, name."""
    return list(enumerate(values.CATEGORIES, 1))


def products(rng: random.Random) -> list[Product]:
    """60 products by category."""
    supplier_ids = {name: i for i, name in enumerate(values.SUPPLIERS, 1)}
    rows: list[Product] = []
    for category_id, category in enumerate(values.CATEGORIES, 1):
        for name, price, supplier in values.PRODUCTS[category]:
            cost = cents(price * rng.uniform(0.46, 0.74))
            rows.append(Product(len(rows) + 1, name, category_id, supplier_ids[supplier], cents(price), cost,
                                int(name in values.DISCONTINUED)))
    return rows


def warehouses() -> list[Row]:
    """id, name, city, country, capacity."""
    return [(i, *warehouse) for i, warehouse in enumerate(values.WAREHOUSES, 1)]


def inventory(rng: random.Random, catalogue: list[Product]) -> list[Row]:
    """product_id, warehouse_id, quantity, reorder_level: 220 lines, each product in two to five places."""
    places = {p.id: 2 if p.is_discontinued else 3 for p in catalogue}
    while sum(places.values()) < INVENTORY_LINES:
        product = rng.choice(catalogue)
        if not product.is_discontinued and places[product.id] < 5:
            places[product.id] += 1
    size = (1.0, 0.79, 0.68, 0.57, 0.46)  # of the warehouses
    lines = []
    for product in catalogue:
        for warehouse in sorted(rng.sample(range(5), places[product.id])):
            # Dear things are kept in small numbers. One line in seven has sunk below its reorder level.
            usual = 420 / float(product.unit_price) ** 0.5 * size[warehouse]
            level = max(5, round(usual * rng.uniform(0.6, 1.2)))
            share = rng.uniform(0.1, 0.95) if rng.random() < 0.14 else rng.uniform(1.2, 4.2)
            lines.append((product.id, warehouse + 1, round(level * share), level))
    for at in rng.sample(range(len(lines)), EMPTY_SHELVES):
        id, warehouse, _, level = lines[at]
        lines[at] = (id, warehouse, 0, level)
    return list(lines)
