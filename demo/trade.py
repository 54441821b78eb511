"""Rows of orders and order_items: three growing years, a winter peak, a weekly rhythm, unequal buyers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from demo import values
from demo.records import Customer, Employee, Item, Order, Product, cents

ORDERS = 6000
ITEMS = 15_000
CANCELLED = 300
RETURNED = 200
GROWTH = 1.20  # a year
LATE = 0.08
WEB = 0.6  # of the orders
FEWEST_A_DAY = 3  # in the last fortnight, so that even on 1 January "this year" has orders
_MONTH = (0.84, 0.82, 0.92, 0.95, 1.0, 0.96, 0.88, 0.86, 0.98, 1.06, 1.42, 1.5)
_WEEKDAY = (1.18, 1.12, 1.05, 1.02, 1.08, 0.84, 0.71)
_SEASON = {  # category: factor for each month
    "Garden": (0.4, 0.5, 1.1, 1.8, 2.2, 2.0, 1.5, 1.1, 0.8, 0.5, 0.4, 0.4),
    "Lighting": (1.2, 1.0, 0.9, 0.8, 0.7, 0.7, 0.7, 0.8, 1.0, 1.3, 1.5, 1.6),
    "Textiles": (1.3, 1.1, 0.9, 0.8, 0.8, 0.7, 0.7, 0.8, 1.0, 1.2, 1.4, 1.4),
    "Kitchen": (0.9, 0.9, 0.9, 0.9, 1.0, 1.0, 0.9, 0.9, 0.9, 1.0, 1.4, 1.7),
    "Office Supplies": (1.3, 1.1, 1.0, 1.0, 0.9, 0.9, 0.8, 1.3, 1.5, 1.1, 0.9, 0.7),
}
_DISCOUNTS = tuple(Decimal(d) for d in ("0.00", "0.05", "0.10", "0.15", "0.20"))
_DISCOUNT_WEIGHTS = {
    "Consumer": (70, 12, 10, 4, 4), "Small Business": (58, 18, 13, 7, 4), "Enterprise": (38, 20, 20, 13, 9),
}
_WEB_WEIGHT = {"Consumer": 2.0, "Small Business": 1.0, "Enterprise": 0.75}
_CHANNEL_WEIGHTS = {  # store, phone, partner
    "Consumer": (21, 5, 1), "Small Business": (18, 17, 8), "Enterprise": (6, 27, 20),
}
_BUYER_WEIGHT = {"Consumer": 0.62, "Small Business": 1.2, "Enterprise": 2.1}
_KEY_WEIGHT = {"Consumer": 2.8, "Small Business": 4.0, "Enterprise": 7.0}


def years_before(day: date, years: int) -> date:
    """The same calendar day `years` earlier (28 February for a leap day)."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def order_days(rng: random.Random, today: date) -> list[date]:
    """Ascending dates of all orders, the last one today."""
    first = years_before(today, 3) + timedelta(days=1)
    days = [first + timedelta(days=i) for i in range((today - first).days + 1)]
    weights = [
        GROWTH ** (i / 365.25) * _MONTH[day.month - 1] * _WEEKDAY[day.weekday()] for i, day in enumerate(days)
    ]
    fixed = days[-14:] * FEWEST_A_DAY
    # The fixed ones are part of the fortnight's share, not on top of it.
    expected = ORDERS * sum(weights[-14:]) / sum(weights)
    weights[-14:] = [w * max(0.0, 1 - len(fixed) / expected) for w in weights[-14:]]
    return sorted(fixed + rng.choices(days, weights, k=ORDERS - len(fixed)))


def _buyers(
    rng: random.Random, customers: list[Customer], today: date
) -> list[tuple[Customer, date, float]]:
    """Customer, last day, weight: a few never buy, some have left, some buy far more than others."""
    key = {name for name, _, _ in values.KEY_CUSTOMERS}
    buyers = []
    for customer in customers:
        last = today
        if customer.name in key:
            weight = _KEY_WEIGHT[customer.segment] * rng.uniform(0.8, 1.5)
        else:
            weight = _BUYER_WEIGHT[customer.segment] * min(6.0, rng.paretovariate(1.6))
            fate = rng.random()
            if fate < 0.03:
                continue
            if fate < 0.16:
                last = today - timedelta(days=rng.randrange(120, 700))
        buyers.append((customer, last, weight))
    return buyers


def _choose_customers(
    rng: random.Random, days: list[date], customers: list[Customer], today: date
) -> Iterator[Customer]:
    """One customer an order, among those who had signed up and not yet left on that day."""
    buyers = _buyers(rng, customers, today)
    current: date | None = None
    present: list[Customer] = []
    weights: list[float] = []
    for day in days:
        if day != current:
            current = day
            there = [(c, weight) for c, last, weight in buyers if c.signup_date <= day <= last]
            present, weights = [c for c, _ in there], list(accumulate(w for _, w in there))
        yield rng.choices(present, cum_weights=weights)[0]


class _Sellers:
    """Who takes an order that did not come over the web: usually the account's manager."""

    def __init__(self, rng: random.Random, staff: list[Employee]) -> None:
        self._rng = rng
        self._hired = {e.id: e.hire_date for e in staff}
        self._reps = [
            (e, rng.choice((1.0, 1.6, 2.4, 4.0)) * (1.0 if e.is_active else 0.35))
            for e in staff
            if e.job_title in ("Account Executive", "Sales Representative")
        ]

    def pick(self, customer: Customer, day: date) -> int:
        """An employee id; hired on or before the day."""
        manager = customer.account_manager_id
        if manager is not None and self._hired[manager] <= day and self._rng.random() < 0.6:
            return manager
        present = [(rep.id, weight) for rep, weight in self._reps if rep.hire_date <= day]
        return self._rng.choices([id for id, _ in present], [weight for _, weight in present])[0]


def _journey(rng: random.Random, day: date, today: date) -> tuple[date, date | None, str]:
    """required_date, shipped_date and status of an order that goes its normal way."""
    promise = rng.choice((4, 5, 6, 7, 7, 8, 10, 10, 12, 14))
    if rng.random() < LATE:
        wait = promise + 1 + min(int(rng.expovariate(0.35)), 20)
    else:
        wait = min(promise, 1 + int(rng.expovariate(0.4)))
    required, shipped = day + timedelta(days=promise), day + timedelta(days=wait)
    if shipped > today:
        return required, None, "pending"
    arrives = shipped + timedelta(days=rng.choice((2, 3, 4, 5, 6, 8, 10, 12)))
    return required, shipped, "delivered" if arrives <= today else "shipped"


def orders(rng: random.Random, today: date, staff: list[Employee], customers: list[Customer]) -> list[Order]:
    """6,000 orders, ids in the order of their dates."""
    sellers = _Sellers(rng, staff)
    days = order_days(rng, today)
    buyers = list(_choose_customers(rng, days, customers, today))
    rows: list[Order] = []
    for day, customer, channel in zip(days, buyers, _channels(rng, buyers), strict=True):
        seller = None if channel == "web" else sellers.pick(customer, day)
        required, shipped, status = _journey(rng, day, today)
        rows.append(Order(len(rows) + 1, customer.id, seller, day, required, shipped, status, channel))
    return _exceptions(rng, rows, today)


def _channels(rng: random.Random, buyers: list[Customer]) -> list[str]:
    """The channel of each order: exactly WEB of them over the web, more often where people buy."""
    # The smallest exponential keys are a weighted sample (Efraimidis and Spirakis, 2006).
    keys = [(rng.expovariate(_WEB_WEIGHT[buyer.segment]), at) for at, buyer in enumerate(buyers)]
    web = {at for _, at in sorted(keys)[: round(WEB * len(buyers))]}
    return [
        "web" if at in web else rng.choices(values.CHANNELS[1:], _CHANNEL_WEIGHTS[buyer.segment])[0]
        for at, buyer in enumerate(buyers)
    ]


def _exceptions(rng: random.Random, rows: list[Order], today: date) -> list[Order]:
    """Cancels some orders of any age before today; makes some that arrived a while ago returned ones."""
    cancelled = set(rng.sample([o.id for o in rows if o.order_date < today], CANCELLED))
    arrived = [o.id for o in rows if o.status == "delivered" and o.id not in cancelled
               and o.order_date <= today - timedelta(days=45)]
    returned = set(rng.sample(arrived, RETURNED))
    return [
        o._replace(shipped_date=None, status="cancelled") if o.id in cancelled
        else o._replace(status="returned") if o.id in returned
        else o
        for o in rows
    ]


class _Shelf:
    """What is bought: popular and unpopular products, by season, country and year."""

    def __init__(self, rng: random.Random, today: date, catalogue: list[Product]) -> None:
        self._rng, self._today, self._catalogue = rng, today, catalogue
        self._appeal = [min(5.0, rng.paretovariate(1.3)) / float(p.unit_price) ** 0.25 for p in catalogue]
        self._trend = [rng.choice((0.75, 0.9, 1.0, 1.0, 1.1, 1.4)) for _ in catalogue]
        self._ends = {
            p.id: today - timedelta(days=rng.randrange(220, 480)) if p.is_discontinued else today
            for p in catalogue
        }
        countries = sorted({country for country, _ in values.CITIES.values()})
        self._taste = {c: [rng.uniform(0.5, 1.7) for _ in values.CATEGORIES] for c in countries}
        self._cache: dict[tuple[int, int, str], list[float]] = {}

    def pick(self, day: date, country: str, count: int) -> list[Product]:
        """`count` different products that were on sale."""
        key = (day.year, day.month, country)
        if key not in self._cache:
            self._cache[key] = list(accumulate(self._weights(day, country)))
        chosen: dict[int, Product] = {}
        while len(chosen) < count:
            product = self._rng.choices(self._catalogue, cum_weights=self._cache[key])[0]
            if day <= self._ends[product.id]:
                chosen[product.id] = product
        return list(chosen.values())

    def _weights(self, day: date, country: str) -> Iterator[float]:
        age = (self._today - day).days / 365.25
        for product, appeal, trend in zip(self._catalogue, self._appeal, self._trend, strict=True):
            category = values.CATEGORIES[product.category_id - 1]
            season = _SEASON[category][day.month - 1] if category in _SEASON else 1.0
            yield appeal * trend ** -age * season * self._taste[country][product.category_id - 1]

    def price(self, product: Product, day: date) -> Decimal:
        """The list price on a day: three per cent less for every full year ago."""
        years = (self._today - day).days // 365
        return cents(product.unit_price * Decimal("0.97") ** years)


def _sizes(rng: random.Random) -> list[int]:
    """How many lines each order has: one to six, 15,000 together."""
    sizes = rng.choices((1, 2, 3, 4, 5, 6), (28, 28, 22, 12, 6, 4), k=ORDERS)
    step = 1 if sum(sizes) < ITEMS else -1
    while sum(sizes) != ITEMS:
        at = rng.randrange(ORDERS)
        if 1 <= sizes[at] + step <= 6:
            sizes[at] += step
    return sizes


def _quantity(rng: random.Random, segment: str, price: Decimal) -> int:
    """Companies buy more of a thing than people do, and nobody buys many dear things at once."""
    mean = {"Consumer": 0.6, "Small Business": 2.2, "Enterprise": 6.0}[segment]
    return 1 + min(60, int(rng.expovariate(1 / mean) * (60 / float(price)) ** 0.35))


def order_items(rng: random.Random, today: date, orders: list[Order], customers: list[Customer],
                catalogue: list[Product]) -> list[Item]:
    """15,000 lines; no product twice in one order."""
    shelf = _Shelf(rng, today, catalogue)
    by_id = {c.id: c for c in customers}
    rows: list[Item] = []
    for order, size in zip(orders, _sizes(rng), strict=True):
        buyer = by_id[order.customer_id]
        offered = rng.choices(_DISCOUNTS, _DISCOUNT_WEIGHTS[buyer.segment])[0]
        for product in shelf.pick(order.order_date, buyer.country, size):
            price = shelf.price(product, order.order_date)
            quantity = _quantity(rng, buyer.segment, price)
            discount = offered if rng.random() < 0.8 else _DISCOUNTS[0]
            rows.append(Item(len(rows) + 1, order.id, product.id, quantity, price, discount))
    return rows
