"""The trims put in place of SQLite's own give the same texts, and refuse what would cost too much."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.databases.sqlite_functions import LONGEST_SET, as_text, bound_trims

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(10**6), 10**6).map(lambda eighths: eighths / 8),  # few digits: a fifteenth may round either way
    st.sampled_from([math.inf, -math.inf, -0.0, 1e21, 5e-10]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12),
)


@given(VALUES, VALUES)
def test_bounded_trims_do_as_the_built_in_ones(value: Any, characters: Any) -> None:
    own, built_in = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    bound_trims(own)
    sql = "SELECT trim(?1, ?2), ltrim(?1, ?2), rtrim(?1, ?2)"
    assert own.execute(sql, (value, characters)).fetchone() == (
        built_in.execute(sql, (value, characters)).fetchone()
    )
    own.close()
    built_in.close()


@given(st.floats(allow_nan=False))
def test_floats_are_written_as_sqlite_writes_them(value: float) -> None:
    connection = sqlite3.connect(":memory:")
    (expected,) = connection.execute("SELECT CAST(? AS TEXT)", (value,)).fetchone()
    connection.close()
    assert as_text(value) == expected or math.isclose(float(as_text(value)), float(expected), rel_tol=1e-14)


def test_a_long_set_of_characters_is_refused() -> None:
    connection = sqlite3.connect(":memory:")
    bound_trims(connection)
    assert connection.execute("SELECT trim('xay', ?)", ("y" * LONGEST_SET,)).fetchone() == ("xa",)
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT trim('xay', ?)", ("y" * (LONGEST_SET + 1),)).fetchone()
    connection.close()
