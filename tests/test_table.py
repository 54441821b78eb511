"""The terminal's table: aligned, within its width, honest about what it leaves out, deaf to control characters."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bot.database import Cell, Result
from bot.formats import ColumnInfo
from bot.table import as_text, cut_to_width, display_width, make_table

NAME = ColumnInfo("Customer", "text", "left")
CITY = ColumnInfo("City", "text", "left")
REVENUE = ColumnInfo("Revenue", "money", "right", unit="$", decimals=2)
SHARE = ColumnInfo("Share of the revenue of all of the year", "percent", "right", decimals=1)


def text_of(columns: list[ColumnInfo], *rows: tuple[Cell, ...], width: int = 100, shown: int | None = None) -> str:
    result = Result(tuple(c.title for c in columns), rows)
    return as_text(make_table(result, columns, shown), width)


def test_numbers_stand_to_the_right_and_texts_to_the_left() -> None:
    assert text_of([NAME, REVENUE], ("Globex Industries", 12300), ("Initech", 8.5), ("Nobody", None)) == (
        "Customer              Revenue\n"
        "-----------------  ----------\n"
        "Globex Industries  $12,300.00\n"
        "Initech                 $8.50\n"
        "Nobody                      –"
    )


def test_no_rows_are_said_to_be_none() -> None:
    assert text_of([NAME, REVENUE]).splitlines()[-1] == "No rows."


def test_a_part_is_called_a_part() -> None:
    rows = tuple((f"Customer {i}", i) for i in range(412))
    table = make_table(Result(("a", "b"), rows, truncated=True), [NAME, REVENUE], 20)
    assert (table.row_count, table.shown, len(table.rows), table.truncated) == (412, 20, 20, True)
    assert table.note == "The first 20 of 412 rows and the result itself was cut to fit."
    assert as_text(table).splitlines()[-1] == table.note
    assert make_table(Result(("a", "b"), rows), [NAME, REVENUE]).note == ""
    assert make_table(Result(("a", "b"), rows, truncated=True), [NAME, REVENUE]).note.startswith("412 rows;")


def test_texts_are_cut_before_columns_are_left_out() -> None:
    text = text_of([NAME, CITY, REVENUE], ("Globex Industries of North America", "New York", 12300), width=40)
    assert "Globex Indus" in text and "…" in text and "$12,300.00" in text and "New York" in text
    assert max(map(len, text.splitlines())) <= 40


def test_long_headings_wrap() -> None:
    text = text_of([NAME, SHARE], ("Globex Industries", 31.2), width=40)
    assert "31.2 %" in text and "revenue of" in text
    assert max(map(len, text.splitlines())) <= 40


def test_numbers_are_left_out_whole_and_named() -> None:
    columns = [NAME, *(ColumnInfo(f"Number {i}", "integer", "right") for i in range(8))]
    text = text_of(columns, ("Globex Industries", *range(1_000_000, 1_000_008)), width=40)
    assert "1,000,000" in text and "…" not in text.splitlines()[2].replace("Globex I", "")
    assert "No room for" in text and "Number 7" in text
    assert max(map(len, text.splitlines())) <= 40


def test_wide_characters_keep_the_columns_straight() -> None:
    lines = text_of([NAME, REVENUE], ("株式会社グローベックス", 12300), ("Cafe\u0301", 5)).splitlines()
    assert len({display_width(line) for line in lines}) == 1
    assert cut_to_width("株式会社", 5) == "株式…"


def test_no_escape_sequence_reaches_the_terminal() -> None:
    text = text_of([ColumnInfo("\x1b]0;owned\x07Title", "text", "left")], ("\x1b[2Jgone\r\nnext",), ("a\u202eb",))
    assert "\x1b" not in text and "\x07" not in text and "\r" not in text and "\u202e" not in text
    assert "␛[2Jgone  next" in text


CELL = st.one_of(st.none(), st.booleans(), st.integers(-(10**15), 10**15), st.floats(), st.text(max_size=60))


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=6), st.integers(20, 120))
def test_any_cells_make_a_table_that_fits(rows: list[tuple[Cell, Cell, Cell]], width: int) -> None:
    columns = [NAME, ColumnInfo("Notes", "text", "left"), ColumnInfo("Anything", "text", "left")]
    text = text_of(columns, *rows, width=width)
    lines = text.split("\n")
    assert max(map(display_width, lines)) <= width
    assert not [ch for line in lines for ch in line if unicodedata.category(ch) in ("Cc", "Cs")]
    assert len(lines) >= 2 + len(rows)


@given(st.text(max_size=40), st.integers(1, 30))
def test_cut_to_width_fits(text: str, width: int) -> None:
    cut = cut_to_width(text, width)
    assert display_width(cut) <= width or len(text) <= width
    assert cut == text or cut.endswith("…")
