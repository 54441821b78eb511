"""CSV files: the values come back as they were, and no text is a formula."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.csv_file import file_name, to_csv
from bot.database import Cell, Result
from bot.formats import ColumnInfo

TEXT = ColumnInfo("Name", "text", "left")
MONEY = ColumnInfo("Revenue", "money", "right", unit="$", decimals=2)


def read_back(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data[3:].decode("utf-8"), newline="")))


def one_column(*values: Cell) -> Result:
    return Result(("x",), tuple((value,) for value in values))


def test_the_bytes_follow_rfc_4180() -> None:
    result = Result(("n", "r"), (('Maple & "Co", Ltd', 12.5), ("Café\nZoë", None), ("", True)))
    expected = 'Name,Revenue\r\n"Maple & ""Co"", Ltd",12.5\r\n"Café\nZoë",\r\n,true\r\n'
    assert to_csv(result, [TEXT, MONEY]) == b"\xef\xbb\xbf" + expected.encode()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_looks_like_a_formula_is_guarded(text: str) -> None:
    assert read_back(to_csv(one_column(text), [TEXT]))[1] == [f"'{text}"]


def test_numbers_stay_numbers_and_are_not_rounded() -> None:
    rows = read_back(to_csv(one_column(-5, -0.1, 412300.00000001, 2**63), [MONEY]))
    assert rows[1:] == [["-5"], ["-0.1"], ["412300.00000001"], [str(2**63)]]


def test_a_heading_is_guarded_too() -> None:
    assert read_back(to_csv(Result(("x",), ()), [ColumnInfo("=cmd()", "text", "left")])) == [["'=cmd()"]]


def test_a_lone_surrogate_does_not_stop_the_file() -> None:
    assert read_back(to_csv(one_column("a\ud800b"), [TEXT]))[1] == ["a?b"]


@given(st.lists(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
@example([["\r", "\n"], ["", ""], ["\x00", '"']])
def test_every_text_comes_back(rows: list[list[str]]) -> None:
    result = Result(("a", "b"), tuple(tuple(row) for row in rows))
    back = read_back(to_csv(result, [TEXT, TEXT]))[1:]
    assert len(back) == len(rows)
    for row, returned in zip(rows, back, strict=True):
        for text, field in zip(row, returned, strict=True):
            assert field in (text, f"'{text}")
            assert not field.startswith(("=", "+", "-", "@", "\t", "\r"))


NAMES = {
    "How many orders did we get last month?": "how-many-orders-did-we-get-last-month.csv",
    "Umsatz in São Paulo & Zürich": "umsatz-in-sao-paulo-zurich.csv",
    "../../etc/passwd": "etc-passwd.csv",
    "what's new": "whats-new.csv",
    "CON": "answer-con.csv",
    "com1": "answer-com1.csv",
    "売上": "answer.csv",
    "": "answer.csv",
    "a" * 300: "a" * 60 + ".csv",
}


@pytest.mark.parametrize(("question", "name"), NAMES.items())
def test_file_name(question: str, name: str) -> None:
    assert file_name(question) == name


@given(st.text())
def test_a_file_name_is_safe(question: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*\.csv", file_name(question))
    assert len(file_name(question)) <= 64
