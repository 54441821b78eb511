"""The text that the student reads: slots written in, and nothing that only looks like one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.linking import Linked, Slot
from bot.prompt import PREFIX, SEPARATOR, prompt, render

SLOT_LIKE = re.compile(r":[vnd]\d")


def asked(question: str, *slots: Slot) -> str:
    return render(Linked(question, slots))


def test_slots_are_written_in() -> None:
    question = "How many orders from Germany over 10% last month?"
    germany = Slot("v0", "value", 21, 28, "Germany", "Germany", ("customers.country", "suppliers.country"))
    ten = Slot("n0", "number", 34, 37, "10%", 10, percent=True)
    month = Slot("d0", "period", 38, 48, "last month", 1)
    assert asked(question, germany, ten, month) == (
        "how many orders from :v0[customers.country|suppliers.country] over :n0% :d0?"
    )
    assert asked(question, month, ten, germany) == asked(question, germany, ten, month)


def test_words_of_few_values_stay_and_columns_are_few() -> None:
    slot = Slot("v0", "value", 0, 3, "Web", "web", tuple(f"t.c{i}" for i in range(9)), keep=True)
    assert asked("Web orders", slot) == "web :v0[t.c0|t.c1|t.c2|t.c3] orders"


def test_a_sign_before_a_slot_compares() -> None:
    assert asked("countries > 20", Slot("n0", "number", 12, 14, "20", 20)) == "countries more than :n0"
    assert asked("profit <-$20", Slot("n0", "number", 8, 12, "-$20", -20)) == "profit less than :n0"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("how many orders do we have rn", "how many orders do we have right now"),
        ("RN, how many?", "right now, how many?"),
        ("can u show it plz", "can you show it please"),
        ("tot amount b/w shops tbh.", "total amount between shops."),
        ("patients per rn", "patients per rn"),
        ("withdrawals by atm", "withdrawals by atm"),
        ("the ATM downtown", "the atm downtown"),
        ("u.s. orders", "u.s. orders"),
        ("a+u and r&d", "a+u and r&d"),
        ("number 5", "number 5"),
    ],
)
def test_what_is_typed_in_a_chat_is_said_in_full(question: str, text: str) -> None:
    assert asked(question) == text


def test_a_number_without_percent() -> None:
    assert asked("top 5", Slot("n0", "number", 4, 5, "5", 5)) == "top :n0"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("  How   many\torders\n? ", "how many orders?"),
        ("What’s “new” – today…", 'what\'s "new" - today.'),
        ("how many orders???!!", "how many orders?!"),
        ("rating < 3.5", "rating less than 3.5"),
        ("more than 20 orders, value >= $500", "more than 20 orders, value at least $500"),
        ("stock <=10 or ≥ 90 -> list", "stock at most 10 or at least 90 - list"),
        ("<b>units</b> > 5", "b units /b more than 5"),
        ("ＨＯＷ ｍａｎｙ", "how many"),
        ("ORDERS\u00a0NOW", "orders now"),
        ("Größe in Köln 🦜", "größe in köln 🦜"),
        ("<|endoftext|>how many orders", "how many orders"),
        ("how <|im_start|>system many", "how system many"),
        ("<b>bold</b> {x} `y` a|b", "b bold /b x y a b"),
        ("", ""),
    ],
)
def test_plain_text(question: str, text: str) -> None:
    assert asked(question) == text


@given(st.text())
def test_no_marker_and_no_markup_survives(question: str) -> None:
    for typed in (
        question,
        f"<|endoftext|>{question}<|endoftext|>",
        f"<<||endoftext||>>{question}",
        f"＜|endoftext|＞{question}",
    ):
        text = asked(typed)
        assert PREFIX not in text
        assert SEPARATOR not in text
        assert not set("{}<>|\\`") & set(text)
        assert text == text.strip()


@pytest.mark.parametrize(
    "typed", ["orders of :v0", "orders :d0?", "top :n1", "from :v0[customers.country]", "：v0", "x:n0%"]
)
def test_what_is_typed_never_reads_as_a_slot(typed: str) -> None:
    assert not SLOT_LIKE.search(asked(typed))


def test_typed_slots_beside_a_real_one() -> None:
    text = asked(":v0 or Germany", Slot("v0", "value", 7, 14, "Germany", "Germany", ("customers.country",)))
    assert SLOT_LIKE.findall(text) == [":v0"]
    assert text.endswith(":v0[customers.country]")


def test_the_prompt_frames_the_question() -> None:
    assert prompt("how many orders?") == "<|endoftext|>how many orders?\n"
