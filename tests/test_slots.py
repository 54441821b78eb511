"""Slots bound: a question's values behind the placeholders of full SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date

import pytest
import sqlglot

from bot.intervals import Interval
from bot.linking import Linked, Slot
from bot.shorthand import ShorthandError
from bot.slots import Bound, bind, literal_sql
from tests.demo_corpus import Ground

MARCH = Interval(date(2026, 3, 1), date(2026, 4, 1))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("slots") / "demo.db")
    yield made
    made.close()


def linked(period: Interval = MARCH, text: str = "web") -> Linked:
    slots = (
        Slot("v0", "value", 0, 1, "x", text, ("orders.channel",)),
        Slot("n0", "number", 2, 3, "5", 5),
        Slot("n1", "number", 4, 7, "0.5", 0.5),
        Slot("d0", "period", 8, 9, "m", period),
    )
    return Linked("x 5 0.5 m", slots)


def test_every_kind_is_bound(ground: Ground) -> None:
    short = "SELECT orders.id FROM orders WHERE orders.channel = :v0 AND orders.order_date = :d0 LIMIT :n0"
    bound = bind(short, linked(), ground.shorthand)
    assert bound.parameters == {"v0": "web", "d0_first": "2026-03-01", "d0_after": "2026-04-01", "n0": 5}
    assert "orders.order_date >= :d0_first AND orders.order_date < :d0_after" in bound.sql
    assert len(ground.run(bound.sql, bound.parameters).rows) == 5


@pytest.mark.parametrize(
    ("period", "names"),
    [
        (Interval(date(2026, 3, 1), None), {"d0_first"}),
        (Interval(None, date(2026, 3, 1)), {"d0_after"}),
        (Interval(None, None), set()),
    ],
)
def test_an_open_side_is_not_asked_for(ground: Ground, period: Interval, names: set[str]) -> None:
    bound = bind("SELECT COUNT(*) FROM orders WHERE orders.order_date = :d0", linked(period), ground.shorthand)
    assert set(bound.parameters) == names
    assert ground.run(bound.sql, bound.parameters).rows[0][0]


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("orders.channel = :v1", "v1"),
        ("orders.id = :n2", "n2"),
        ("orders.order_date = :d1", "d1_first"),
        ("orders.id = :secret", "secret"),
    ],
)
def test_a_slot_that_the_question_has_not_is_an_error(ground: Ground, where: str, name: str) -> None:
    with pytest.raises(ShorthandError, match=f":{name},"):
        bind(f"SELECT COUNT(*) FROM orders WHERE {where}", linked(), ground.shorthand)


def test_a_period_where_a_value_belongs_is_an_error(ground: Ground) -> None:
    with pytest.raises(ShorthandError):
        bind("SELECT :d0 FROM orders", linked(), ground.shorthand)


@pytest.mark.parametrize("text", ["web", "O'Brien", "'; DROP TABLE orders; --", 'a"b', "%_\\", "naïve ☃", ":n0", ""])
def test_written_in_values_mean_the_same(ground: Ground, text: str) -> None:
    bound = bind("SELECT :v0, :n0, :n1 FROM orders LIMIT 1", linked(text=text), ground.shorthand)
    with sqlite3.connect(ground.path) as connection:
        asked = connection.execute(bound.sql, dict(bound.parameters)).fetchall()
        written = connection.execute(literal_sql(bound)).fetchall()
    assert asked == written == [(text, 5, 0.5)]


def test_a_negative_number_is_bound_as_such(ground: Ground) -> None:
    asked = Linked("-$100", (Slot("n0", "number", 0, 5, "-$100", -100),))
    bound = bind("SELECT COUNT(*) FROM products WHERE products.unit_cost > :n0", asked, ground.shorthand)
    assert bound.parameters == {"n0": -100}
    assert ground.run(bound.sql, bound.parameters).rows[0][0]
    assert "products.unit_cost > -100" in literal_sql(bound)


def test_negative_numbers_are_written_in() -> None:
    with sqlite3.connect(":memory:") as connection:
        bound = Bound(sqlglot.parse_one("SELECT 3 - :n0", read="sqlite"), {"n0": -2})
        assert connection.execute(literal_sql(bound)).fetchall() == [(5,)]
