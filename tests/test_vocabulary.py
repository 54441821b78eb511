"""Known words: what is corrected, what is left, what is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.vocabulary import MIN_COUNT, Vocabulary, count_words

WORDS = Vocabulary(
    {"customers": 500, "revenue": 300, "orders": 400, "order": 200, "warehouse": 50, "refund": 30, "kept": 9}
)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("custmers", "customers"),
        ("cusotmers", "customers"),
        ("revenu by custommers", "revenue by customers"),
        ("oders", "orders"),
        ("rvenue", "revenue"),
        ("erfund", "refund"),  # the first two letters swapped
        ("warehuose", "warehouse"),
        ("customers", "customers"),
        ("zebra", "zebra"),
        ("dont", "dont"),
        ("whats", "whats"),
        ("ord", "ord"),  # too short to say
        (":v0[customres.country] oders", ":v0[customres.country] orders"),
        ("a|revenu|b :d0", "a|revenu|b :d0"),
        ("", ""),
    ],
)
def test_spelling(typed: str, read: str) -> None:
    assert WORDS.correct(typed) == read


def test_unknown_words_are_named() -> None:
    assert WORDS.unknown("custmers of the zeppelin dont blorf :v0[zonk.zonk]") == ["zeppelin", "blorf"]
    assert WORDS.unknown("revenue by order") == []


@given(st.text())
def test_correcting_twice_changes_nothing(text: str) -> None:
    once = WORDS.correct(text)
    assert WORDS.correct(once) == once
    assert Vocabulary({}).correct(text) == text


def test_rare_words_are_not_counted() -> None:
    texts = ["orders of customers"] * MIN_COUNT + ["returns"] * (MIN_COUNT - 1)
    assert count_words(texts) == {"orders": MIN_COUNT, "customers": MIN_COUNT}
    assert count_words([]) == {}


def test_a_common_slip_is_no_word_but_another_form_is() -> None:
    texts = ["customers"] * 400 + ["custmers"] * 4 + ["customer"] * 4 + ["organise"] * 400 + ["organize"] * 4
    assert count_words(texts) == {"customers": 400, "customer": 4, "organise": 400, "organize": 4}
    assert count_words(["customers"] * 400 + ["custmers"] * 11)["custmers"] == 11  # as often as this, it is meant


def test_names_in_slots_are_not_words() -> None:
    assert count_words([":v0[customers.country|suppliers.country] sales"] * 5) == {"sales": 5}
