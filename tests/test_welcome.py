"""What a door says first: the database's name and questions to begin with."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from adapters.welcome import database_name, examples
from bot.config import Settings, load_settings
from bot.schema import Column, ForeignKey, Schema, Table
from demo.opening import EXAMPLES, with_demo

SHOP = Schema(
    "sqlite",
    (
        Table("visits", (Column("id", "integer"),), ("id",), rows=5),
        Table(
            "order_items",
            (
                Column("id", "integer"),
                Column("order_id", "integer"),
                Column("kind", "text", values=("a", "b")),
                Column("amount", "number"),
                Column("sold_on", "date"),
            ),
            ("id",),
            (ForeignKey(("order_id",), "orders", ("id",)),),
            rows=900,
        ),
    ),
)


def settings(url: str, examples: Path | None = None) -> Settings:
    return load_settings(database_url=url, examples=examples)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////data/harbor-and-pine.db", "Harbor & Pine"),
        ("/data/shop_data.sqlite3", "Shop Data"),
        ("postgresql://reader:secret@host/CRM", "CRM"),
        ("sqlite:///:memory:", "your database"),
        ("sqlite://", "your database"),
        ("postgresql://reader:secret@host", "your database"),
    ],
)
def test_a_database_has_a_name_in_plain_words(url: str, name: str) -> None:
    assert database_name(settings(url)) == name


def test_a_password_never_becomes_a_name() -> None:
    for url in ("postgresql://reader:secret@host", "postgresql://reader:secret@host:port:x/", "://secret"):
        assert "secret" not in database_name(settings(url)).lower()


def test_questions_are_made_from_the_tables_the_largest_first() -> None:
    assert examples(settings("x.db"), SHOP) == [
        "How many order items are there?",
        "How many order items were there each month this year?",
        "Number of order items by kind",
        "What is the average amount per order item?",
        "How many visits are there?",
    ]
    assert examples(settings("x.db"), Schema("sqlite", ())) == []


def test_written_examples_win_and_a_missing_file_does_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "examples.txt"
    file.write_text("# ours\n\n  How warm is it? \n" + "".join(f"Question {n}?\n" for n in range(20)), encoding="utf-8")
    found = examples(settings("x.db", file), SHOP)
    assert found[:2] == ["How warm is it?", "Question 0?"]
    assert len(found) == 8
    for nothing in (tmp_path / "none.txt", tmp_path):
        assert examples(settings("x.db", nothing), SHOP)[0] == "How many order items are there?"


def test_the_demo_brings_eight_examples(tmp_path: Path) -> None:
    demo = with_demo(load_settings(state_dir=tmp_path, today=date(2026, 11, 22)))
    assert database_name(demo) == "Harbor & Pine"
    assert demo.examples == EXAMPLES
    assert len(examples(demo, SHOP)) == 8
