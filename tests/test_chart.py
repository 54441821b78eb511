"""Charts: which results get one, and that the picture is a picture whatever the texts in it."""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.chart import ChartSpec, draw, suggest
from bot.database import Cell, Result
from bot.formats import ColumnInfo, Kind

COUNTRY = ColumnInfo("Country", "text", "left", noun="countries")
CUSTOMER = ColumnInfo("Name", "text", "left", noun="customers")
SEGMENT = ColumnInfo("Segment", "text", "left")
ORDER = ColumnInfo("Order ID", "id", "right")
MONTH = ColumnInfo("Month", "month", "left")
REVENUE = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2)
SORTED = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2, order="desc", limited=True)
PROFIT = ColumnInfo("Profit", "money", "right", measure="sum", unit="$", decimals=2)
ORDERS = ColumnInfo("Orders", "integer", "right", measure="count", noun="orders")
SHARE = ColumnInfo("Share", "percent", "right", measure="ratio", decimals=1)
WEB = ColumnInfo("Revenue: web", "money", "right", measure="sum", unit="$", decimals=2)
STORE = ColumnInfo("Revenue: store", "money", "right", measure="sum", unit="$", decimals=2)


def suggested(columns: list[ColumnInfo], *rows: tuple[Cell, ...]) -> ChartSpec | None:
    return suggest(Result(tuple(c.title for c in columns), rows), columns)


def chart(columns: list[ColumnInfo], *rows: tuple[Cell, ...]) -> ChartSpec:
    spec = suggested(columns, *rows)
    assert spec is not None
    return spec


def size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
        assert image.format == "PNG"
        return image.size


def test_a_number_over_time_is_a_line_in_order_of_time() -> None:
    spec = chart([MONTH, REVENUE], ("2026-03", 5.0), ("2026-01", 3.0), ("2026-07", None), ("2026-08", 8.0))
    assert (spec.kind, spec.title) == ("line", "Revenue by month")
    assert spec.labels == ("Jan 2026", "Mar 2026", "Jul 2026", "Aug 2026")
    assert spec.series[0].values == (3.0, 5.0, None, 8.0)
    gaps = [b - a for a, b in zip(spec.positions, spec.positions[1:], strict=False)]
    assert gaps == [59, 122, 31]  # days: missing months leave their room
    assert spec.alt == (
        "Line chart: Revenue by month, Jan 2026 to Aug 2026. Most $8.00 (Aug 2026), least $3.00 (Jan 2026)."
    )


def test_a_category_and_a_number_are_bars() -> None:
    spec = chart([COUNTRY, REVENUE], ("Spain", 5.0), ("Italy", 9.0), (None, 1.0))
    assert (spec.kind, spec.labels) == ("bar", ("Italy", "Spain", "(no country)"))
    assert spec.alt.startswith("Bar chart: Revenue by country, 3 bars. Most $9.00 (Italy)")
    assert chart([CUSTOMER, SORTED], ("B", 5.0), ("A", 4.0)).labels == ("B", "A")
    assert chart([CUSTOMER, SORTED], ("B", 5.0), ("A", 4.0)).title == "Revenue by customer"
    assert chart([COUNTRY, SHARE], ("B", 5.0), ("A", 4.0)).kind == "bar"


def test_two_measures_of_a_kind_stand_side_by_side() -> None:
    spec = chart([COUNTRY, REVENUE, PROFIT], ("Spain", 5.0, 2.0), ("Italy", 9.0, 3.0))
    assert spec.kind == "grouped"
    assert [s.name for s in spec.series] == ["Revenue", "Profit"]
    assert chart([COUNTRY, REVENUE, ORDERS], ("Spain", 5.0, 2), ("Italy", 9.0, 3)).kind == "bar"
    sides = chart([COUNTRY, WEB, STORE], ("Spain", 5.0, 2.0), ("Italy", 9.0, 3.0))
    assert (sides.title, [s.name for s in sides.series]) == ("Revenue by country", ["web", "store"])
    days = [ColumnInfo(f"Age: {year} (days)", "number", "right", unit="days") for year in (2024, 2025)]
    aged = chart([COUNTRY, *days], ("Spain", 5.0, 2.0), ("Italy", 9.0, 3.0))
    assert (aged.title, [s.name for s in aged.series]) == ("Age by country", ["2024", "2025"])


def test_two_categories_become_groups_and_a_time_with_a_category_lines() -> None:
    rows = [(c, s, 5) for c in ("Spain", "Italy", "Peru") for s in ("Consumer", "Enterprise")]
    spec = chart([COUNTRY, SEGMENT, ORDERS], *rows)
    assert (spec.kind, spec.title) == ("grouped", "Orders by country and segment")
    assert [s.name for s in spec.series] == ["Consumer", "Enterprise"]
    lines = chart([MONTH, SEGMENT, ORDERS], *[(m, s, 5) for m in ("2026-01", "2026-02") for s in ("A", "B")])
    assert (lines.kind, [s.name for s in lines.series]) == ("line", ["A", "B"])


NONE: list[tuple[list[ColumnInfo], list[tuple[Cell, ...]]]] = [
    ([REVENUE], [(5.0,)]),
    ([COUNTRY], [("Spain",), ("Italy",)]),
    ([COUNTRY, CUSTOMER], [("Spain", "A"), ("Italy", "B")]),
    ([COUNTRY, REVENUE], [("Spain", 5.0)]),
    ([COUNTRY, REVENUE], []),
    ([COUNTRY, REVENUE], [("Spain", 5.0), ("Spain", 6.0)]),
    ([COUNTRY, REVENUE], [("Spain", 5.0), ("Italy", None)]),
    ([COUNTRY, REVENUE], [("Spain", float("inf")), ("Italy", 1.0)]),
    ([COUNTRY, SEGMENT, REVENUE], [(c, s, None) for c in ("Spain", "Italy") for s in ("A", "B")]),
    ([COUNTRY, SEGMENT, REVENUE], [(c, s, 5.0 if c == s else None) for c in ("A", "B") for s in ("A", "C")]),
    ([COUNTRY, REVENUE], [(str(i), float(i)) for i in range(31)]),
    ([ORDER, REVENUE], [(1, 5.0), (2, 6.0)]),
    ([ORDERS, REVENUE], [(1, 5.0), (2, 6.0)]),
]


@pytest.mark.parametrize(("columns", "rows"), NONE)
def test_some_results_are_better_without(columns: list[ColumnInfo], rows: list[tuple[Cell, ...]]) -> None:
    assert suggested(columns, *rows) is None


def test_bars_take_the_height_they_need() -> None:
    names = [f"A category with a rather long name, number {i}" for i in range(30)]
    few = size(draw(chart([COUNTRY, REVENUE], ("Spain", 5.0), ("Italy", 9.0))))
    many = size(draw(chart([COUNTRY, REVENUE], *((name, float(i)) for i, name in enumerate(names)))))
    assert few[0] == many[0] == 1200
    assert many[1] > 3 * few[1]


def test_pictures_are_drawn_in_threads() -> None:
    specs = [chart([COUNTRY, REVENUE], ("Spain", float(i)), ("Italy", 2.0)) for i in range(1, 5)]
    alone = [draw(spec) for spec in specs]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, specs)) == alone
    assert len(set(alone)) == 4


def test_matplotlib_waits_until_something_is_drawn() -> None:
    code = "import sys, bot.chart, bot.table, bot.reading; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


CELL = st.one_of(st.none(), st.integers(-(10**9), 10**9), st.floats(), st.sampled_from(["2026-01", "2026-02", "x"]),
                 st.text(max_size=8))
KINDS: list[Kind] = ["text", "integer", "money", "percent", "date", "month", "year", "quarter", "weekday", "id"]
TEXT = st.text(max_size=60) | st.sampled_from(["$x$", r"\$", "$a_{b$ and $\\frac$", "漢字", "שלום", "🙂", "\x1b[31m"])


@given(st.lists(st.sampled_from(KINDS), min_size=2, max_size=4).flatmap(lambda kinds: st.tuples(
    st.just(kinds), st.lists(st.lists(CELL, min_size=len(kinds), max_size=len(kinds)).map(tuple), max_size=8))))
def test_any_result_can_be_looked_at(table: tuple[list[Kind], list[tuple[Cell, ...]]]) -> None:
    columns = [ColumnInfo(f"C{i}", kind, "left") for i, kind in enumerate(table[0])]
    spec = suggested(columns, *table[1])
    if spec is not None:
        assert all(len(s.values) == len(spec.labels) for s in spec.series)
        assert spec.kind != "line" or len(spec.positions) == len(spec.labels)
        assert spec.alt


@settings(max_examples=12, deadline=None)
@given(st.lists(TEXT, min_size=2, max_size=5, unique=True), TEXT, st.floats(-1e12, 1e12))
def test_any_text_can_be_drawn(names: list[str], title: str, value: float) -> None:
    columns = [ColumnInfo(title, "text", "left"), ColumnInfo(title + "2", "money", "right", unit="$", decimals=2)]
    spec = suggested(columns, *((name, value + i) for i, name in enumerate(names)))
    if spec is not None:
        assert size(draw(spec))[0] == 1200
