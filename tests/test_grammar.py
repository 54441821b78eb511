"""The grammar of short SQL: what the corpus needs can be said, token by token, and nothing that must not be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import pytest
from llguidance import LLMatcher, LLTokenizer
from tokenizers import Tokenizer

from bot.glossary import Glossary
from bot.grammar import Grammar
from bot.linking import Slot
from bot.schema import Column, Schema, Table
from kd_training.shorten import shorten
from kd_training.tokenizer import train_tokenizer
from tests.demo_corpus import Ground, every, intents, numbered, slot

Accepts = Callable[[str, Sequence[Slot]], str | None]

# What the grammar leaves out on purpose: patterns, texts of one's own, numbers that are neither asked for nor common,
# window frames and rows as values.
LEFT_OUT = re.compile(r" LIKE | THEN '| ROWS BETWEEN |\(\w+\.\w+, [^)]*\) IN |'\+\d| (?:0\.\d+|2\.0|\d{3,})\b")
COUNTRY = slot("v0", ["customers.country", "suppliers.country"])
CITY = slot("v1", ["customers.city"])
NUMBER, PERIOD = slot("n0"), slot("d0")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("grammar") / "demo.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def tokenizer(ground: Ground) -> Tokenizer:
    names = [f"{t.name}.{c.name}" for t, c in ground.schema.columns()]
    return train_tokenizer([intent.sql for _, intent in intents()], 1200, [*names, "ORDER BY", "COUNT(*)"])


@pytest.fixture(scope="module")
def stops(ground: Ground, tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Accepts:
    """Where a text leaves the grammar: None when it is accepted to its end."""
    path = tmp_path_factory.mktemp("tokens") / "tokenizer.json"
    tokenizer.save(str(path))
    guide, grammar = LLTokenizer(str(path), eos_token=0), Grammar(ground.schema, ground.glossary)

    def rest(text: str, slots: Sequence[Slot]) -> str | None:
        matcher = LLMatcher(guide, grammar.for_slots(slots), log_level=0)
        assert not matcher.is_error(), matcher.get_error()
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        said = matcher.validate_tokens(ids)
        if said < len(ids):
            return text[len(tokenizer.decode(ids[:said])) :] or "?"
        assert matcher.consume_tokens(ids)
        return None if matcher.is_accepting() else "(unfinished)"

    return rest


@pytest.mark.parametrize("step", [12, pytest.param(3, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.slow)])
def test_the_corpus_can_be_said(ground: Ground, stops: Accepts, step: int) -> None:
    wrong, left_out, asked = [], 0, list(every(step))
    for name, intent in asked:
        short, slots = numbered(shorten(intent.sql, ground.shorthand), intent.slots)
        rest = stops(short, slots)
        if rest and LEFT_OUT.search(short):
            left_out += 1
        elif rest:
            wrong.append(f"{name}: {short}\n  stops before {rest!r}")
    assert len(asked) > 100
    assert not wrong, "\n".join(wrong)
    assert left_out <= len(asked) / 100


SAID = [
    "SELECT HOUR(support_tickets.opened_at), COUNT(*) FROM support_tickets GROUP BY HOUR(support_tickets.opened_at)",
    "CANNOT ANSWER",
    "SELECT COUNT(*) FROM orders",
    "SELECT COUNT(DISTINCT orders.customer_id) FROM orders",
    "SELECT revenue FROM order_items WHERE customers.country = :v0",
    "SELECT revenue FROM order_items WHERE suppliers.country <> :v0",
    "SELECT COUNT(*) FROM customers WHERE customers.city = :v1 AND customers.country = :v0",
    "SELECT COUNT(*) FROM orders WHERE orders.order_date = :d0",
    "SELECT COUNT(*) FROM orders WHERE orders.order_date >= :d0 OR orders.channel = 'web'",
    "SELECT COUNT(*) FROM orders WHERE orders.channel IN ('web', 'store')",
    "SELECT products.name FROM products WHERE products.unit_price > :n0 ORDER BY products.unit_price DESC LIMIT :n0",
    "SELECT customers.name FROM customers LEFT JOIN orders ON orders.customer_id = customers.id",
    "SELECT employees.last_name FROM employees JOIN employees AS employees_2 ON employees.manager_id = employees_2.id",
    "SELECT COUNT(*) FROM orders WHERE late_order",
    "SELECT t1.channel FROM (SELECT orders.channel, COUNT(*) AS x2 FROM orders) AS t1 WHERE t1.x2 > :n0",
    "SELECT (SELECT COUNT(*) FROM orders) - (SELECT COUNT(*) FROM customers)",
    "SELECT DAYS(TODAY, MAX(orders.order_date)) FROM orders",
]


@pytest.mark.parametrize("short", SAID)
def test_is_said(stops: Accepts, short: str) -> None:
    assert stops(short, [COUNTRY, CITY, NUMBER, PERIOD]) is None


def test_two_slots_of_one_column_may_stand_in_a_list(stops: Accepts) -> None:
    short = "SELECT COUNT(*) FROM customers WHERE customers.country IN (:v0, :v1)"
    assert stops(short, [COUNTRY, slot("v1", ["customers.country"])]) is None
    assert stops(short, [COUNTRY, CITY]) is not None


NEVER_SAID = [
    # what does not exist
    "SELECT orders.colour FROM orders",
    "SELECT secret.id FROM orders",
    "SELECT COUNT(*) FROM secrets",
    "SELECT COUNT(*) FROM sqlite_master",
    "SELECT COUNT(*) FROM orders JOIN secrets ON orders.id = orders.id",
    "SELECT happiness FROM orders",
    "SELECT COUNT(*) FROM orders WHERE angry_order",
    "SELECT LOAD_EXTENSION(orders.id) FROM orders",
    # slots
    "SELECT COUNT(*) FROM customers WHERE customers.country = :v2",
    "SELECT COUNT(*) FROM customers WHERE customers.city = :v0",
    "SELECT COUNT(*) FROM customers WHERE customers.country = :v1",
    "SELECT COUNT(*) FROM customers WHERE customers.name = :v0",
    "SELECT COUNT(*) FROM customers WHERE customers.city IN (:v1, :v0)",
    "SELECT COUNT(*) FROM orders WHERE orders.order_date = :d1",
    "SELECT COUNT(*) FROM orders WHERE orders.channel = :d0",
    "SELECT COUNT(*) FROM orders LIMIT :n1",
    "SELECT :v0 FROM orders",
    # literals
    "SELECT COUNT(*) FROM customers WHERE customers.city = 'Berlin'",
    "SELECT COUNT(*) FROM orders WHERE orders.channel = 'pigeon'",
    "SELECT COUNT(*) FROM orders WHERE orders.status = 'web'",
    "SELECT COUNT(*) FROM orders WHERE orders.order_date > '2026-01-01'",
    "SELECT 'x' FROM orders",
    "SELECT COUNT(*) FROM orders LIMIT 4711",
    "SELECT COUNT(*) FROM customers WHERE customers.name LIKE '%x%'",
    "SELECT HOUR(orders.order_date), COUNT(*) FROM orders GROUP BY HOUR(orders.order_date)",
    # more than a query
    "DELETE FROM orders",
    "DROP TABLE orders",
    "UPDATE orders SET status = 'x'",
    "INSERT INTO orders VALUES (1)",
    "SELECT COUNT(*) FROM orders; DROP TABLE orders",
    "SELECT COUNT(*) FROM orders -- all",
    "PRAGMA table_info(orders)",
    "SELECT COUNT(*)",
    "SELECT COUNT(*) FROM",
    "SELECT * FROM orders",
    "CANNOT",
    "",
]


@pytest.mark.parametrize("short", NEVER_SAID)
def test_is_never_said(stops: Accepts, short: str) -> None:
    assert stops(short, [COUNTRY, CITY, NUMBER, PERIOD]) is not None


@pytest.mark.parametrize("short", [s for s in SAID if ":" in s])
def test_without_slots_none_is_said(stops: Accepts, short: str) -> None:
    assert stops(short, []) is not None


def test_stored_texts_with_quotes_and_backslashes_stay_texts(tokenizer: Tokenizer, stops: Accepts) -> None:
    odd = ("it's", 'say "hi"', "a\\b", "x' OR '1' = '1")
    table = Table("t", (Column("id", "integer"), Column("c", "text", values=odd)), ("id",))
    text = Grammar(Schema("sqlite", (table,)), Glossary()).for_slots([])
    assert LLMatcher.validate_grammar(text, None) == ""
    guide = LLTokenizer("byte")
    for value, accepted in [*((v, True) for v in odd), ("x", False)]:
        sql = "SELECT t.id FROM t WHERE t.c = '" + value.replace("'", "''") + "'"
        matcher = LLMatcher(guide, text, log_level=0)
        ids = list(sql.encode())
        said = matcher.validate_tokens(ids) == len(ids) and matcher.consume_tokens(ids) and matcher.is_accepting()
        assert said is accepted
