"""Rows of support_tickets: who had trouble, with what, who helped, how fast and how well."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta

from demo import values
from demo.aftersales import later, moment
from demo.records import Employee, Item, Order, Ticket

TICKETS = 1300
TODAY = 3  # of them opened today
UNRATED = 0.2  # of the closed ones
_HOURS = {"low": 110.0, "medium": 60.0, "high": 26.0, "urgent": 9.0}  # median time to close


class _Agents:
    """The people of Customer Support: some take many tickets, some are liked more."""

    def __init__(self, rng: random.Random, staff: list[Employee]) -> None:
        self._rng = rng
        self._team = [e for e in staff if e.job_title in ("Support Agent", "Support Lead")]
        self._pace = {
            e.id: rng.choice((0.7, 1.0, 1.5, 2.2)) * (1.0 if e.is_active else 0.3) for e in self._team
        }
        self.charm = {e.id: rng.uniform(-0.7, 0.6) for e in self._team}

    def pick(self, day: date) -> int:
        """An employee id; hired on or before the day."""
        present = [e.id for e in self._team if e.hire_date <= day]
        return self._rng.choices(present, [self._pace[id] for id in present])[0]


def tickets(rng: random.Random, today: date, staff: list[Employee], orders: list[Order],
            items: list[Item]) -> list[Ticket]:
    """1,300 tickets, ids in the order of opened_at; each follows an order of its customer."""
    agents = _Agents(rng, staff)
    bought: dict[int, list[int]] = defaultdict(list)
    for item in items:
        bought[item.order_id].append(item.product_id)
    rows: list[Ticket] = []
    for opened, order in sorted(_occasions(rng, today, orders)):
        subject, priority, product = _matter(rng, bought[order.id])
        agent = agents.pick(opened.date())
        closed, status = _closing(rng, opened, priority, today)
        mood = _mood(rng, opened, closed, agents.charm[agent]) if closed else None
        rows.append(Ticket(len(rows) + 1, order.customer_id, product, agent, opened, closed, priority, status,
                           subject, mood))
    closed_ids = [t.id for t in rows if t.status == "closed"]
    silent = set(rng.sample(closed_ids, round(UNRATED * len(closed_ids))))
    return [t._replace(satisfaction=None) if t.id in silent else t for t in rows]


def _occasions(rng: random.Random, today: date, orders: list[Order]) -> list[tuple[datetime, Order]]:
    """When a ticket is opened and the order it follows: late and returned ones more often."""
    by_status = {"returned": 3.0, "cancelled": 1.6}
    weights = [3.0 if o.late else by_status.get(o.status, 0.8) for o in orders]
    occasions = [(moment(rng, today, today), order) for order in orders[-TODAY:]]
    for order in rng.choices(orders, weights, k=TICKETS - TODAY):
        day = later(rng, order.order_date, int(rng.expovariate(0.12)), today)
        occasions.append((moment(rng, day, today), order))
    return occasions


def _matter(rng: random.Random, bought: list[int]) -> tuple[str, str, int | None]:
    """Subject, priority, and the product it is about (if any)."""
    subject = rng.choices(list(values.SUBJECTS), [weight for weight, _, _ in values.SUBJECTS.values()])[0]
    _, weights, about_product = values.SUBJECTS[subject]
    priority = rng.choices(values.PRIORITIES, weights)[0]
    named = rng.random() < (0.95 if about_product else 0.35)
    return subject, priority, rng.choice(bought) if named else None


def _closing(rng: random.Random, opened: datetime, priority: str, today: date) -> tuple[datetime | None, str]:
    """closed_at and status: what would close after this morning is still open, and a few drag on."""
    hours = _HOURS[priority] * rng.lognormvariate(0, 0.8)
    if opened.date() > today - timedelta(days=90) and rng.random() < 0.12:
        hours += 24 * 90
    closed = (opened + timedelta(hours=hours)).replace(microsecond=0)
    if closed >= datetime.combine(today, time(6)):
        return None, rng.choices(("open", "pending"), (62, 38))[0]
    return closed, "closed"


def _mood(rng: random.Random, opened: datetime, closed: datetime, charm: float) -> int:
    """Satisfaction from 1 to 5: slow answers cost, some agents are better than others."""
    days = (closed - opened).total_seconds() / 86_400
    return max(1, min(5, round(rng.gauss(4.2 + charm - 0.12 * days, 0.9))))
