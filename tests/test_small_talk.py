"""What is no question for the database: small talk, and questions that go on from the one before."""

from __future__ import annotations

import doctest
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from bot import small_talk as module
from bot.answer import Bot
from bot.database import Limits, connect
from bot.glossary import Glossary
from bot.linking import ValueIndex, link
from bot.refusals import refuse_early, refuse_leaning
from bot.small_talk import small_talk, wants_help
from bot.student import Student
from tests.demo_corpus import CORPUS, TODAY

INDEX = ValueIndex(
    "", "", {"customers.country": 2, "orders.status": 1, "products.category": 1},
    {"Canada": ("customers.country",), "Germany": ("customers.country",), "Done": ("orders.status",),
     "Furniture": ("products.category",), "Late Orders": ("orders.status",)},
    schema_words=frozenset(["order", "orders", "customer", "customers", "country", "status", "category"]),
)  # fmt: skip

SAID = {
    "hello": ["hi", "Hello there!", "hey mynah :wave:", "good morning", "yo", "How are you?", "hi hi", "hello world"],
    "help": [
        "help", "Help me, please!", "what can you do", "Hi, what can you do for me?", "who are you?", "what can I ask?",
        "how does this work", "hello - can you help me?", "what’s your name", "are you a bot", "so what do you know",
    ],
    "thanks": ["thanks", "Thank you so much!", "ok thanks", "thx a lot :tada:", "great, thanks, bye"],
    "nothing": [
        "test", "testing, testing 1 2 3", "this is just a test", "ping", "ok", "OK cool", "bye", "yes", "nope",
        ":tada:", "asdf", "qwerty", "2+2", "what is 2 + 2?", "3*4*5 =", "done",
    ],
}  # fmt: skip
ASKED = [
    "hi, how many orders?", "thanks - and by country?", "help tickets by status", "test orders last month",
    "ok customers", "tests", "how are you doing on revenue?", "what do you know about orders", "done tickets",
    "who are you selling to", "what is this month's revenue?", "good customers", "no refunds", "5", "2024", "2-1",
    "hello kitty orders", "how does this work out per month", "who is the best customer, thanks",
    "yes or no: any orders",
    "2+2 orders",
]  # fmt: skip
LEANING = [
    "and in canada?", "what about last year?", "same for germany", "and by month?", "And by country?", "how about q2",
    "the same for 2024 and Germany", "now for germany", "but only germany", "OK, and in Canada?", "also in canada",
    "same thing for last month please", "what about furniture", "and per customer", "same but by month",
]
FULL = [
    "what about open tickets", "and how many in canada", "how about orders in germany", "and orders?", "and refunds?",
    "what about germany, which suppliers are there", "and revenue by country", "and by country the revenue",
    "same country as Acme", "orders in canada", "in canada?", "by month", "last year", "what about late orders",
    "and there?", "now", "and", "what about it", "android orders in Canada", "also-rans in Canada",
]


@pytest.mark.parametrize(("text", "kind"), [(text, kind) for kind, texts in SAID.items() for text in texts])
def test_small_talk_is_known(text: str, kind: str) -> None:
    assert small_talk(text) == kind
    refusal = refuse_early(text)
    assert refusal is not None
    assert refusal.code == "small-talk"
    assert "for example" in refusal.message


@pytest.mark.parametrize("text", ASKED)
def test_a_question_is_no_small_talk(text: str) -> None:
    assert small_talk(text) is None


def test_who_wants_help_is_told_apart_from_who_says_thanks() -> None:
    assert all(wants_help(text) for text in SAID["help"] + SAID["hello"] if text != "so what do you know")
    assert not any(wants_help(text) for text in SAID["thanks"] + SAID["nothing"] + ASKED)


def test_a_word_of_the_database_is_a_question() -> None:
    assert refuse_early("done", INDEX.named) is None
    assert refuse_early("no", INDEX.named) is not None
    assert refuse_early("test", {"test"}.__contains__) is None


def leaning(question: str) -> bool:
    return refuse_leaning(link(question, INDEX, TODAY), INDEX.schema_words.__contains__) is not None


@pytest.mark.parametrize("question", LEANING)
def test_a_question_that_leans_is_told_so(question: str) -> None:
    assert refuse_early(question) is None
    assert leaning(question)


@pytest.mark.parametrize("question", FULL)
def test_a_question_that_says_what_it_asks_for_does_not_lean(question: str) -> None:
    assert not leaning(question)


def phrasings() -> Iterator[str]:
    """Every wording of a question that the demo's corpus answers, its holes filled."""
    for path in sorted(CORPUS.rglob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            intent = json.loads(line)
            slots = intent.get("slots", {})
            for wording in intent.get("phrasings", []) if intent.get("kind", "answerable") == "answerable" else []:
                yield re.sub(r"\{(\w+)\}", partial(_filled, slots), wording)


def _filled(slots: dict[str, str], hole: re.Match[str]) -> str:
    kind = slots.get(hole[1], "")
    if kind == "time":
        return "last month"
    return "5" if kind.startswith(("int:", "percent:")) else "Germany"


def test_no_wording_of_the_corpus_is_caught() -> None:
    wordings = list(phrasings())
    assert len(wordings) > 10_000
    assert [text for text in wordings if small_talk(text)] == []
    opened = re.compile(r"\W*(?:ok|so|and|but|also|now|what about|how about|same|the same)\b", re.IGNORECASE)
    openings = [text for text in wordings if opened.match(text)]
    assert len(openings) > 100
    assert [text for text in openings if leaning(text)] == []


class Silent:
    """A student that is never to be asked."""

    version = "silent"


def test_the_bot_answers_without_the_student(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as made:
        made.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    database = connect(str(tmp_path / "x.db"))
    bot = Bot(database, database.schema(), Glossary(), INDEX, cast(Student, Silent()), Limits(), today=TODAY)
    for question, code in (("hi", "small-talk"), ("2+2", "small-talk"), ("and last month?", "leaning")):
        answer = bot.ask(question)
        assert (answer.status, answer.code, answer.sql) == ("refused", code, None), question
        assert answer.message
    database.close()


def test_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(module).failed == 0
