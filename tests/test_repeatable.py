"""Tests that make their own cases make the same ones in every run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).parent
REPEATABLE = settings.get_profile("repeatable")


def test_a_test_that_says_nothing_is_repeatable(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--hypothesis-profile") in (None, "repeatable"):
        assert settings.default is not None and settings.default.derandomize
        assert settings(max_examples=3).derandomize, "a test's own settings inherit it"
    assert REPEATABLE.derandomize and REPEATABLE.database is None and REPEATABLE.deadline is None


def made() -> list[int]:
    """The cases of one run."""
    cases: list[int] = []

    @settings(REPEATABLE, max_examples=20)
    @given(st.integers())
    def note(number: int) -> None:
        cases.append(number)

    note()
    return cases


def test_two_runs_make_the_same_cases() -> None:
    assert made() == made()


@pytest.mark.parametrize("path", sorted(HERE.rglob("test_*.py")), ids=lambda path: path.name)
def test_no_test_chooses_new_seeds_by_itself(path: Path) -> None:
    if path.name != Path(__file__).name:
        assert not re.search(r"derandomize\s*=|database\s*=\s*(?:Directory|InMemory)|@seed\b", path.read_text("utf-8"))
