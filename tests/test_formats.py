"""How single cells read: money, percentages, dates, NULL, and texts that try to be more than texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.database import Cell
from bot.formats import ColumnInfo, Kind, clean, decimals_for, format_brief, format_cell, shorten


def column(kind: Kind, decimals: int = 0, scale: float = 1.0, unit: str = "") -> ColumnInfo:
    return ColumnInfo("Title", kind, "left", unit=unit, scale=scale, decimals=decimals)


CELLS: list[tuple[Cell, ColumnInfo, str]] = [
    (None, column("money"), "–"),
    (1234567, column("integer"), "1,234,567"),
    (-1234, column("integer"), "-1,234"),
    (2**63 - 1, column("integer"), "9,223,372,036,854,775,807"),
    (412300.00000001, column("money", 2), "$412,300.00"),
    (412300, column("money"), "$412,300"),
    (-3.5, column("money", 2), "-$3.50"),
    (-0.001, column("money", 2), "$0.00"),
    (12.5, column("money", 2, unit="€"), "€12.50"),
    (0.15, column("percent", 0, 100.0), "15 %"),
    (31.23, column("percent", 1), "31.2 %"),
    (2 / 3, column("number", 2), "0.67"),
    (1e300, column("number", 2), "1e+300"),
    (float("inf"), column("number"), "∞"),
    ("2026-03-14", column("date"), "2026-03-14"),
    ("2026-03-14 00:00:00", column("date"), "2026-03-14"),
    ("2026-03-14 09:30:00", column("timestamp"), "2026-03-14 09:30"),
    ("2026-03-14T09:30:15.123", column("timestamp"), "2026-03-14 09:30:15"),
    ("2026-03", column("month"), "Mar 2026"),
    ("07", column("month"), "Jul"),
    ("2026-13", column("month"), "2026-13"),
    ("2026-Q1", column("quarter"), "Q1 2026"),
    ("2026-47", column("week"), "Week 47, 2026"),
    ("2026", column("year"), "2026"),
    (2026, column("year"), "2026"),
    ("0", column("weekday"), "Sunday"),
    ("6", column("weekday"), "Saturday"),
    ("9", column("weekday"), "9"),
    ("7", column("hour"), "07:00"),
    (1, column("boolean"), "Yes"),
    (False, column("boolean"), "No"),
    ("maybe", column("boolean"), "maybe"),
    (12345, column("id"), "12345"),
    (2.0, column("id"), "2"),
    ("two\nlines\tand a tab", column("text"), "two lines and a tab"),
    ("\x1b[31mred\x1b[0m", column("text"), "␛[31mred␛[0m"),
    ("evil\u202etxt.exe", column("text"), "evil\ufffdtxt.exe"),
    ("\ud800", column("text"), "\ufffd"),
    ("x" * 500, column("text"), "x" * 199 + "…"),
]


@pytest.mark.parametrize(("value", "info", "text"), CELLS)
def test_a_cell_reads_for_people(value: Cell, info: ColumnInfo, text: str) -> None:
    assert format_cell(value, info) == text


BRIEF: list[tuple[Cell, ColumnInfo, str]] = [
    (412300.37, column("money", 2), "$412,300"),
    (234.45, column("money", 2), "$234.45"),
    (3.887, column("number", 2, unit="days"), "3.89 days"),
    (1234.567, column("number", 2), "1,234.6"),
    ("2026-03", column("month"), "Mar 2026"),
    (None, column("money", 2), "–"),
]


@pytest.mark.parametrize(("value", "info", "text"), BRIEF)
def test_a_cell_in_a_sentence_is_short(value: Cell, info: ColumnInfo, text: str) -> None:
    assert format_brief(value, info) == text


DECIMALS: list[tuple[list[float], Kind, float, int]] = [
    ([], "number", 1.0, 0),
    ([1, 2, 3], "number", 1.0, 0),
    ([1.5, 2], "number", 1.0, 1),
    ([0.1 + 0.2, 1.3], "number", 1.0, 1),
    ([2 / 3, 100.123], "number", 1.0, 2),
    ([0.00042], "number", 1.0, 5),
    ([1.5, 2], "money", 1.0, 2),
    ([349, 189], "money", 1.0, 0),
    ([0.05, 0.1, 0.2], "percent", 100.0, 0),
    ([31.2345], "percent", 1.0, 1),
    ([1.5], "integer", 1.0, 0),
    ([float("nan"), float("inf")], "number", 1.0, 0),
]


@pytest.mark.parametrize(("values", "kind", "scale", "expected"), DECIMALS)
def test_a_column_has_the_decimals_it_needs(
    values: list[float], kind: Kind, scale: float, expected: int
) -> None:
    assert decimals_for(values, kind, scale) == expected


def test_shorten_keeps_what_fits() -> None:
    assert shorten("12345", 5) == "12345"
    assert shorten("123456", 5) == "1234…"


@given(st.text())
def test_clean_text_is_one_harmless_line(text: str) -> None:
    cleaned = clean(text)
    assert not [ch for ch in cleaned if unicodedata.category(ch) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


CELL = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
KINDS: list[Kind] = [
    "text", "integer", "number", "money", "percent", "date", "timestamp", "month", "quarter", "year", "week",
    "weekday", "hour", "boolean", "id",
]


@given(CELL, st.sampled_from(KINDS), st.integers(0, 6), st.sampled_from([1.0, 100.0]))
def test_any_cell_of_any_kind_has_a_short_text(value: Cell, kind: Kind, decimals: int, scale: float) -> None:
    info = column(kind, decimals, scale)
    for text in (format_cell(value, info), format_brief(value, info)):
        assert text == clean(text)
        assert len(text) <= 5000 if isinstance(value, int) else len(text) <= 200


@given(st.integers(-(10**12), 10**12))
def test_an_integer_can_be_read_back(value: int) -> None:
    assert int(format_cell(value, column("integer")).replace(",", "")) == value
