"""Parts of the web page that need no browser: sorting, coloured SQL, the cookies' secret."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.web.browser import cookie_secret
from adapters.web.result_table import sort_rows
from adapters.web.safety import is_loopback
from adapters.web.sql_view import coloured
from bot.database import Cell

CELLS = st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.booleans()


def test_numbers_sort_as_numbers_texts_without_case_and_null_comes_last() -> None:
    cells: list[Cell] = [10, None, 9.5, "b", "A", "10", -2]
    rows: list[list[Cell]] = [[cell] for cell in cells]
    assert [row[0] for row in sort_rows(rows, 0, False)] == [-2, 9.5, 10, "10", "A", "b", None]
    assert [row[0] for row in sort_rows(rows, 0, True)] == ["b", "A", "10", 10, 9.5, -2, None]


def test_rows_that_are_equal_stay_in_their_order() -> None:
    rows: list[list[Cell]] = [["a", 1], ["A", 2], ["a", 3]]
    assert [row[1] for row in sort_rows(rows, 0, False)] == [1, 2, 3]


@given(st.lists(CELLS), st.booleans())
def test_sorting_keeps_every_row(cells: list[Cell], descending: bool) -> None:
    rows: list[list[Cell]] = [[cell, number] for number, cell in enumerate(cells)]
    assert sorted(int(str(row[1])) for row in sort_rows(rows, 0, descending)) == list(range(len(cells)))


@given(st.text() | st.text(alphabet="'\"`<>&sSelct frombyOR 019.;-/*"))
def test_coloured_sql_says_the_same_and_holds_no_html_of_its_own(sql: str) -> None:
    shown = coloured(sql)
    assert html.unescape(re.sub(r'<span class="[skn]">|</span>', "", shown)) == sql or "&" in sql
    assert not re.search(r"<(?!span class=\"[skn]\">|/span>)", shown)


def test_words_texts_and_numbers_are_told_apart() -> None:
    assert coloured("SELECT \"from\", '<b>1' FROM t LIMIT 5") == (
        '<span class="k">SELECT</span> &quot;from&quot;, <span class="s">&#x27;&lt;b&gt;1&#x27;</span> '
        '<span class="k">FROM</span> t <span class="k">LIMIT</span> <span class="n">5</span>'
    )


def test_the_cookies_secret_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = cookie_secret(folder)
    assert len(first) >= 32
    assert cookie_secret(folder) == first
    assert [p.name for p in folder.iterdir()] == ["web.secret"]
    assert (folder / "web.secret").stat().st_mode & 0o777 == 0o600
    (folder / "web.secret").write_text("short")
    assert len(cookie_secret(folder)) >= 32


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.1.2.3", False), ("box", False)],
)
def test_which_addresses_are_reached_from_this_machine_only(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here
