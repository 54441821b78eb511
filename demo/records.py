"""Rows that other rows are made from: named tuples whose fields are the columns, in table order."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

Row = tuple[object, ...]


class Employee(NamedTuple):
    """A row of employees; `is_active` is 0 or 1."""

    id: int
    first_name: str
    last_name: str
    email: str
    job_title: str
    department_id: int
    manager_id: int | None
    hire_date: date
    salary: Decimal
    is_active: int


class Customer(NamedTuple):
    """A row of customers."""

    id: int
    name: str
    segment: str
    city: str
    country: str
    signup_date: date
    account_manager_id: int | None


class Product(NamedTuple):
    """A row of products; `is_discontinued` is 0 or 1."""

    id: int
    name: str
    category_id: int
    supplier_id: int
    unit_price: Decimal
    unit_cost: Decimal
    is_discontinued: int


class Order(NamedTuple):
    """A row of orders."""

    id: int
    customer_id: int
    employee_id: int | None
    order_date: date
    required_date: date
    shipped_date: date | None
    status: str
    channel: str

    @property
    def late(self) -> bool:
        """Whether it was shipped after the day it was required."""
        return self.shipped_date is not None and self.shipped_date > self.required_date


class Item(NamedTuple):
    """A row of order_items."""

    id: int
    order_id: int
    product_id: int
    quantity: int
    unit_price: Decimal
    discount: Decimal

    @property
    def total(self) -> Decimal:
        """What the line costs, not yet rounded."""
        return self.quantity * self.unit_price * (1 - self.discount)


class Payment(NamedTuple):
    """A row of payments."""

    id: int
    order_id: int
    paid_at: datetime
    amount: Decimal
    method: str


class Ticket(NamedTuple):
    """A row of support_tickets."""

    id: int
    customer_id: int
    product_id: int | None
    assigned_to: int
    opened_at: datetime
    closed_at: datetime | None
    priority: str
    status: str
    subject: str
    satisfaction: int | None


def cents(amount: int | float | Decimal) -> Decimal:
    """Money with exactly two decimals."""
    return Decimal(str(amount)).quantize(Decimal("0.01"))
