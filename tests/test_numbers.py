"""Numbers of a question: which are found, where, and with what value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.common_words import word_set
from bot.numbers import find_numbers

# question | the numbers in it as text=value, with a percent sign where it was written as a percentage
TABLE = """
top 5 customers | 5=5
top 10 products in 3 countries | 10=10 ; 3=3
orders over 1,500 | 1,500=1500
orders over 12,345,678 | 12,345,678=12345678
orders over 1.5k | 1.5k=1500
orders over 20K | 20K=20000
orders over 1,5k | 1,5k=1500
orders over 12,50 € | 12,50 €=12.5
orders over 1.000,50 | 1.000,50=1000.5
orders over 1 000 dollars | 1 000=1000
orders over $1 250 000 | $1 250 000=1250000
top5 customers | 5=5
the bottom3 products | 3=3
last10 orders | 10=10
orders over $300 | $300=300
orders over $ 300 | $ 300=300
orders over $1,299.99 | $1,299.99=1299.99
orders over €20 | €20=20
orders over 20€ | 20€=20
$300 or €20? | $300=300 ; €20=20
orders over £5k | £5k=5000
orders over $2m | $2m=2000000
orders over 2M | 2M=2000000
orders over 1.5 million | 1.5 million=1500000
3 mn in sales | 3 mn=3000000
budgets above 2 thousand | 2 thousand=2000
300 dollars | 300=300
20% off | 20%=20%
20 % off | 20 %=20%
20 percent off | 20 percent=20%
20 per cent off | 20 per cent=20%
20 pct off | 20 pct=20%
12.5% discount | 12.5%=12.5%
a 0.15 discount | 0.15=0.15
twenty percent off | twenty percent=20%
five products | five=5
Twenty Five products | Twenty Five=25
twenty-five products | twenty-five=25
ninety nine | ninety nine=99
a dozen orders | a dozen=12
two dozen orders | two dozen=24
a hundred units | a hundred=100
two hundred and fifty dollars | two hundred and fifty=250
ten thousand dollars | ten thousand=10000
three million | three million=3000000
one hundred | one hundred=100
half a million | half a million=500000
more than one order | one=1
at least one order | one=1
exactly one order | one=1
rating 1 to 3 | 1=1 ; 3=3
between 10-20 units | 10=10 ; 20=20
between $10-$20 | $10=10 ; $20=20
5, 10, 15 and 20 % off | 5=5 ; 10=10 ; 15=15 ; 20 %=20%
1,2,3 | 1=1 ; 2=2 ; 3=3
order #1234 | #1234=1234
order no. 1234 | 1234=1234
order 2024 | 2024=2024
top-5 products | 5=5
4.5 stars | 4.5=4.5
5-star tickets | 5=5
27-inch | 27=27
30days | 30=30
more than 30 days. | 30=30
is it 7? | 7=7
(7) | 7=7
7: | 7=7
earning more than 100 k | 100 k=100000
$ 50 k | $ 50 k=50000
over 5 k. | 5 k=5000
over 100 K a year | 100 K=100000
$1.5 m in sales | $1.5 m=1500000
over 1.5 M | 1.5 M=1500000
20 m of hose | 20=20
100 kg | 100=100
5 K-pop records | 5=5
earning 50k-60k | 50k=50000 ; 60k=60000
between 50k–60k | 50k=50000 ; 60k=60000
between $5m-$10m | $5m=5000000 ; $10m=10000000
50 k-60 k | 50 k=50000 ; 60 k=60000
5days-7days | 5=5 ; 7=7
-5 | -5=-5
profit below -$100 | -$100=-100
profit below $-100 | $-100=-100
profit below −€1.5k | −€1.5k=-1500
profit below -5 | -5=-5
profit <-5 | -5=-5
profit (-5 or less) | -5=-5
growth under -2.5 % | -2.5 %=-2.5%
between -10 and -5 | -10=-10 ; -5=-5
between 5 -10 | 5=5 ; 10=10
top -5 products | 5=5
between 5 - 10 | 5=5 ; 10=10
units 5-10 | 5=5 ; 10=10
$100 -$200 | $100=100 ; $200=200
grade A-5 | 5=5
-0 | -0=0
0 units | 0=0
007 | 007=7
six seven | six=6 ; seven=7
two three hundred | two=2 ; three hundred=300
ten-year anniversary | ten=10
Ten | Ten=10
5000000000 | 5000000000=5000000000
"""

NONE = """
which one sells best
quick one: total orders?
one row per month
the one with the most orders
number one customer
the #1 customer
no one ordered
one-time buyers
the 5th order
the 1st and 2nd
second best
the third quarter
a third of the orders
A4 Paper Box
Garden Hose 20m
USB-C Dock
USB-3 cable
COVID-19
B2B-3
Q3 and H1
v2 of the list
3x more
24/7 support
at 10:30
version 1.2.3
10.0.0.1
dozens of orders
hundreds of orders
thousands
half of the customers
a couple of orders
zero orders
order_5
5_items
file2024
C:\\5
alone, anyone, someone, money, often, tent, weight
eightyish
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split(" | ")] for line in table.strip().splitlines()]


def written(question: str) -> str:
    """What was found, in the table's notation."""
    return " ; ".join(f"{n.text}={n.value}{'%' if n.percent else ''}" for n in find_numbers(question))


@pytest.mark.parametrize(("question", "expected"), rows(TABLE))
def test_number(question: str, expected: str) -> None:
    assert written(question) == expected


@pytest.mark.parametrize("question", NONE.strip().splitlines())
def test_no_number(question: str) -> None:
    assert written(question) == ""


def test_whole_values_are_integers() -> None:
    assert [type(n.value) for n in find_numbers("1.5k and 2.0 and 2.5 and five")] == [int, int, float, int]


PIECES = st.sampled_from(
    sorted(
        word_set(
            "one two twenty hundred thousand and a half dozen million 5 1,500 1.5 k m % $ € # - − . , / percent x"
        )
    )
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300), st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES).map("".join)
    )
)
def test_any_text(text: str) -> None:
    end = 0
    for number in find_numbers(text):
        assert number.start >= end
        assert text[number.start : number.end] == number.text
        assert number.text.strip() == number.text != ""
        assert number.value >= 0 or set("-−") & set(number.text)
        end = number.end


def test_long_text() -> None:
    assert len(find_numbers("5 orders " * 1100)) == 1100
    assert find_numbers("9" * 10_000) == []
    assert len(find_numbers("hundred thousand " * 600)) <= 600
