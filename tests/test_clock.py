"""Cron's days of the week, against the rule written out: 0 and 7 are Sunday, 1 is Monday."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, load_settings
from kd_training.clock import next_night

SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS = st.integers(0, 7)
STEPS = st.none() | st.integers(1, 7)


def _runs(field: str) -> set[int]:
    """The days, Sunday as 0, on which a schedule runs in a week that begins with a Sunday."""
    settings = load_settings(nightly_cron=f"30 2 * * {field}", nightly_timezone="UTC")
    found, now = set(), SUNDAY
    while (following := next_night(settings, now)) is not None and following < SUNDAY + timedelta(days=7):
        assert (following.hour, following.minute) == (2, 30)
        found.add((following.date() - SUNDAY.date()).days)
        now = following + timedelta(minutes=1)
    return found


@st.composite
def _items(draw: st.DrawFn) -> tuple[str, set[int]]:
    """One item of the field, and by counting on from day to day the days that it means."""
    kind = draw(st.sampled_from(["all", "day", "range"]))
    if kind == "day":
        day = draw(DAYS)
        return _written(draw, day), {day % 7}
    step = draw(STEPS)
    first, last = (0, 7) if kind == "all" else (draw(DAYS), draw(DAYS))
    days, day, left = set(), first, 0
    while True:
        if left == 0:
            days.add(day % 7)
            left = step or 1
        if day == last or (day > last and day % 7 == last % 7):
            break
        day, left = day + 1, left - 1
    text = "*" if kind == "all" else f"{_written(draw, first)}-{_written(draw, last)}"
    return text + (f"/{step}" if step else ""), days


def _written(draw: st.DrawFn, day: int) -> str:
    """A day as its number or, where that is the same, its name."""
    name = NAMES[day]
    return draw(st.sampled_from([str(day), name, name.upper()])) if day < 7 else "7"


@given(st.lists(_items(), min_size=1, max_size=3))
def test_days_are_those_of_cron(items: list[tuple[str, set[int]]]) -> None:
    assert _runs(",".join(text for text, _ in items)) == set().union(*(days for _, days in items))


@pytest.mark.parametrize(
    ("field", "days"),
    [("0", {0}), ("7", {0}), ("1-5", {1, 2, 3, 4, 5}), ("*/2", {0, 2, 4, 6}), ("5-7", {5, 6, 0}), ("6-0", {6, 0}),
     ("sat-sun", {6, 0}), ("0-7", set(range(7))), ("5-1/2", {5, 0}), ("1,3", {1, 3}), ("*", set(range(7)))],
)  # fmt: skip
def test_days_as_people_write_them(field: str, days: set[int]) -> None:
    assert _runs(field) == days


@pytest.mark.parametrize(
    "field", ["8", "1-8", "-1", "1-", "*/0", "1/2", "mon#2", "monday", "mon-fri-sat", "1,", "\u0663", "\u017fun"]
)
def test_what_is_no_day_of_cron_is_refused(field: str) -> None:
    with pytest.raises(ConfigError, match="nightly_cron"):
        _runs(field)
