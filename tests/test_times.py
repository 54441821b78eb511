"""Time expressions: what each resolves to on a given day, and what is no time expression at all."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.common_words import word_set
from bot.intervals import ONE_DAY
from bot.times import Interval, find_times
from tests.time_tables import NOT_TIMES, OTHER_DAYS, SEVERAL, TABLE

WEDNESDAY = date(2025, 6, 18)



def rows(table: str) -> list[list[str]]:
    """Cells of a table, row by row."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def day(cell: str) -> date | None:
    """A cell's date: 2025 is left out."""
    if cell == "-":
        return None
    return date.fromisoformat(cell if len(cell) > 5 else f"2025-{cell}")


def test_tables_are_as_large_as_they_should_be() -> None:
    assert len(rows(TABLE)) >= 180
    assert len(rows(NOT_TIMES)) >= 40


@pytest.mark.parametrize(("question", "span", "first", "after"), rows(TABLE))
def test_expression(question: str, span: str, first: str, after: str) -> None:
    found = find_times(question, WEDNESDAY)
    assert [(f.text, f.interval) for f in found[-1:]] == [(span, Interval(day(first), day(after)))]
    assert len(found) == 1 or "?" in question


@pytest.mark.parametrize("row", rows(SEVERAL), ids=lambda row: row[0])
def test_several_expressions(row: list[str]) -> None:
    expected = []
    for cell in row[1:]:
        text, first, after = cell.rsplit(" ", 2)
        expected.append((text, Interval(day(first), day(after))))
    assert [(f.text, f.interval) for f in find_times(row[0], WEDNESDAY)] == expected


@pytest.mark.parametrize(("today", "expression", "first", "after"), rows(OTHER_DAYS))
def test_other_days(today: str, expression: str, first: str, after: str) -> None:
    found = find_times(f"orders {expression}", date.fromisoformat(today))
    assert [(f.text, f.interval) for f in found] == [(expression, Interval(day(first), day(after)))]


@pytest.mark.parametrize("question", [row[0] for row in rows(NOT_TIMES)])
def test_no_time(question: str) -> None:
    assert find_times(question, WEDNESDAY) == []


def test_beyond_the_calendar_is_no_time() -> None:
    assert find_times("in the last 5000 years", WEDNESDAY) == []
    assert find_times("in the last 99999999999999999999 days", WEDNESDAY) == []
    assert find_times("on 31/02/2025", WEDNESDAY) == []
    assert [span.text for span in find_times("in week 53 of 2023", WEDNESDAY)] == ["2023"]
    assert [span.text for span in find_times("in week 0 of 2024", WEDNESDAY)] == ["2024"]
    assert find_times("last year", date(1, 3, 1)) == []
    assert len(find_times("last 7 days vs the previous 7 days", date(1, 1, 9))) == 1
    assert find_times("next year", date(9999, 3, 1)) == []


@pytest.mark.parametrize("year", range(2018, 2030))
def test_a_week_asked_is_the_week_shown(year: int) -> None:
    """Results name weeks as SQLite's %Y-%W does: each is the days that bear its number."""
    day = date(year, 1, 1)
    while day.year == year:
        week = int(day.strftime("%W"))
        (found,) = find_times(f"week {week} of {year}", date(2030, 6, 18))
        assert found.interval.first == day
        assert found.interval.after is not None
        day = found.interval.after
        assert int((day - ONE_DAY).strftime("%W")) == week
    assert day == date(year + 1, 1, 1)


def test_deep_nesting_ends() -> None:
    for nested in (
        "end of the " * 900,
        "last day of " * 900,
        "since " * 1500,
        "March 3-" * 1200,
        "from may to " * 800,
    ):
        find_times(nested + "March", WEDNESDAY)


PIECES = st.sampled_from(
    sorted(
        word_set(
            """
            last this next past previous the of in since before after until between and from to up by so
            far year month week ending starting tuesday day quarter days months years q1 h2 march may june monday 2024
            2025 14 5th
            first second 3 a ago back end start same period date ytd christmas summer weekend - / , ' . ?
            2025-03-14 on or later earlier than more fy24 30d night now today yesterday
            """
        )
    )
)
ANY_TEXT = st.one_of(
    st.text(max_size=200),
    st.lists(PIECES, max_size=12).map(" ".join),
    st.lists(PIECES, max_size=12).map("".join),
)
ANY_DAY = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31))


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT, st.one_of(st.just(WEDNESDAY), ANY_DAY))
def test_any_text(text: str, today: date) -> None:
    end = 0
    for span in find_times(text, today):
        assert span.start >= end
        assert text[span.start : span.end] == span.text
        assert span.text.strip() == span.text != ""
        first, after = span.interval.first, span.interval.after
        assert first is not None or after is not None
        assert first is None or after is None or first < after
        end = span.end


def test_it_is_fast() -> None:
    question = (
        "how many orders did we get from customers in Germany in the last 30 days by channel and month?"
    )
    find_times(question, WEDNESDAY)
    best = min(_timed(question) for _ in range(50))
    assert best < 0.0006  # seconds; 0.1 ms on an idle core


def _timed(question: str) -> float:
    begin = time.perf_counter()
    find_times(question, WEDNESDAY)
    return time.perf_counter() - begin
