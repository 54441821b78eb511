"""Rows of what follows an order: payments and returns."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from demo import values
from demo.records import Customer, Item, Order, Payment, Row, cents

PAYMENTS = 5600
RETURNS = 420
UNPAID = 0.03  # of the delivered orders
_METHOD_WEIGHTS = {
    "Consumer": (58, 36, 6, 0), "Small Business": (34, 16, 22, 28), "Enterprise": (8, 2, 34, 56),
}


def later(rng: random.Random, day: date, wait: int, today: date) -> date:
    """`wait` days after `day`; where that is still to come, any day from `day` to today."""
    if day + timedelta(days=wait) <= today:
        return day + timedelta(days=wait)
    return day + timedelta(days=rng.randrange((today - day).days + 1))


def moment(rng: random.Random, day: date, today: date) -> datetime:
    """A second within the shop's hours; before six in the morning today, which is not over yet."""
    hours = (0, 6) if day == today else (7, 22)
    return datetime.combine(day, time(rng.randrange(*hours), rng.randrange(60), rng.randrange(60)))


def _paid(rng: random.Random, orders: list[Order], today: date) -> list[Order]:
    """The orders that have been paid: all returned, 97 % of the delivered, most of those on their way."""
    delivered = [o for o in orders if o.status == "delivered"]
    border = today - timedelta(days=75)
    count = round(UNPAID * len(delivered))
    # Bills are mostly paid late rather than never, so half of the unpaid ones are recent.
    recent = [o.id for o in delivered if o.order_date > border]
    few = min(count // 2, len(recent))
    unpaid = set(rng.sample(recent, few))
    unpaid |= set(rng.sample([o.id for o in delivered if o.order_date <= border], count - few))
    chance = {"pending": 0.5, "shipped": 0.8, "delivered": 1.0, "returned": 1.0, "cancelled": 0.0}
    paid = [o for o in orders if rng.random() < chance[o.status] and o.id not in unpaid]
    # At least one order of today is paid at once, so that "this year" has a payment on 1 January.
    if not paid or paid[-1].order_date < today:
        paid.append(orders[-1])
    return paid


def payments(rng: random.Random, today: date, orders: list[Order], items: list[Item],
             customers: list[Customer]) -> list[Payment]:
    """5,600 payments in the order of paid_at; the orders paid in two parts make up the number."""
    totals: dict[int, Decimal] = defaultdict(Decimal)
    for item in items:
        totals[item.order_id] += item.total
    segment = {c.id: c.segment for c in customers}
    paid = _paid(rng, orders, today)
    companies = [o for o in paid if segment[o.customer_id] != "Consumer"]
    old = [o.id for o in companies if o.order_date < today - timedelta(days=110)]
    in_parts = set(rng.sample(old, PAYMENTS - len(paid)))
    drafts: list[tuple[datetime, int, Decimal, str]] = []
    for order in paid:
        method = rng.choices(values.METHODS, _METHOD_WEIGHTS[segment[order.customer_id]])[0]
        day = later(rng, order.order_date, _wait(rng, method), today)
        amount = cents(totals[order.id])
        if order.id in in_parts:
            deposit = cents(amount * rng.choice((Decimal("0.3"), Decimal("0.4"), Decimal("0.5"))))
            rest_day = later(rng, day, rng.randrange(10, 40), today)
            drafts.append((moment(rng, rest_day, today), order.id, amount - deposit, method))
            amount = deposit
        drafts.append((moment(rng, day, today), order.id, amount, method))
    drafts.sort()
    return [Payment(i, order, at, amount, method) for i, (at, order, amount, method) in enumerate(drafts, 1)]


def _wait(rng: random.Random, method: str) -> int:
    """Days from the order to its payment."""
    if method == "invoice":
        return 6 + int(rng.triangular(0, 45, 20))
    return rng.randrange(9) if method == "bank transfer" else 0


def returns(rng: random.Random, today: date, orders: list[Order], items: list[Item],
            payments: list[Payment]) -> list[Row]:
    """id, order_item_id, return_date, reason, refund_amount; at least one for every returned order."""
    paid = {p.order_id for p in payments}
    possible = {o.id: o for o in orders if o.status in ("delivered", "returned") and o.id in paid
                and o.order_date <= today - timedelta(days=30)}
    chosen = _sent_back(rng, possible, items)
    drafts = sorted((_return(rng, today, possible[item.order_id], item), item.id) for item in chosen)
    # The newest two came in today, so that "this year" has a return on 1 January.
    drafts[-2:] = [((today, *draft[1:]), item) for draft, item in drafts[-2:]]
    return [(i, item, day, reason, refund) for i, ((day, reason, refund), item) in enumerate(drafts, 1)]


def _sent_back(rng: random.Random, possible: dict[int, Order], items: list[Item]) -> list[Item]:
    """One line of every returned order, then lines of others, some products far more often than others."""
    sold = sorted({item.product_id for item in items})
    trouble = {product: min(6.0, rng.paretovariate(1.2)) for product in sold}
    returned: dict[int, list[Item]] = defaultdict(list)
    others: list[tuple[float, Item]] = []
    for item in items:
        order = possible.get(item.order_id)
        if order and order.status == "returned":
            returned[order.id].append(item)
        elif order:
            # The smallest exponential keys are a weighted sample (Efraimidis and Spirakis, 2006).
            others.append((rng.expovariate(trouble[item.product_id]), item))
    chosen = [rng.choice(lines) for lines in returned.values()]
    return chosen + [item for _, item in sorted(others)[: RETURNS - len(chosen)]]


def _return(rng: random.Random, today: date, order: Order, item: Item) -> tuple[date, str, Decimal]:
    """return_date, reason, refund_amount of one line."""
    assert order.shipped_date is not None
    day = later(rng, order.shipped_date, rng.randrange(4, 32), today)
    reason = rng.choices(values.REASONS, (24, 13, 55 if order.late else 4, 33, 27))[0]
    share = Decimal("1") if reason != "changed mind" else rng.choice((Decimal("1"), Decimal("0.85")))
    return day, reason, cents(item.total * share)
