"""A real student in a few seconds: a two-layer GPT-2 that learns a handful of questions on a small database.

Everything on the way is what the product uses: linking, prompt, distillation, export, manifest.
"""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.database import connect
from bot.linking import build_index, link
from bot.prompt import prompt, render
from bot.vocabulary import count_words

TODAY = date(2026, 11, 22)
SALES = 1500  # more than the bot shows
CITIES = {"Nordport": "Lindholm", "Eastbury": "Cobb & Daughters", "Valdmere": "Marigold", "Sunhaven": "Old Quay"}
_ITEMS = ("lamp", "chair", "rug")
_TABLES = """
CREATE TABLE shops (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE sales (
    id INTEGER PRIMARY KEY, shop_id INTEGER NOT NULL REFERENCES shops (id), sold_on DATE NOT NULL,
    item TEXT NOT NULL, amount DECIMAL(10, 2) NOT NULL
);
"""
QUESTIONS = {
    "how many sales are there?": "SELECT COUNT(*) FROM sales",
    "how many shops do we have?": "SELECT COUNT(*) FROM shops",
    "how many sales in Nordport?": "SELECT COUNT(*) FROM sales WHERE shops.city = :v0",
    "how many sales last month?": "SELECT COUNT(*) FROM sales WHERE sales.sold_on = :d0",
    "total amount by city": "SELECT shops.city, SUM(sales.amount) FROM sales ORDER BY SUM(sales.amount) DESC",
    "total amount by month": "SELECT MONTH(sales.sold_on), SUM(sales.amount) FROM sales ORDER BY MONTH(sales.sold_on)",
    "list all sales": "SELECT sales.id, sales.sold_on, sales.item, sales.amount FROM sales ORDER BY sales.id",
    "what is the weather like?": "CANNOT ANSWER",
}


@dataclass(frozen=True)
class Tiny:
    """The student's directory and its database."""

    student: Path
    database: Path


def make(folder: Path) -> Tiny:
    """Build the database `shops.db` and train `student/` in `folder`."""
    tiny = Tiny(folder / "student", folder / "shops.db")
    build_database(tiny.database)
    _train(tiny, folder)
    return tiny


def build_database(path: Path) -> None:
    """Four shops and 1,500 sales, ending yesterday."""
    draw = random.Random(7)
    sales = [
        (number, draw.randint(1, len(CITIES)), str(TODAY - timedelta(days=1 + number % 400)), draw.choice(_ITEMS),
         round(draw.uniform(5, 500), 2))
        for number in range(1, SALES + 1)
    ]  # fmt: skip
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_TABLES)
        shops = [(number, name, city) for number, (city, name) in enumerate(CITIES.items(), start=1)]
        connection.executemany("INSERT INTO shops VALUES (?, ?, ?)", shops)
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", sales)


def _train(tiny: Tiny, folder: Path) -> None:
    from kd_training.distill import distill
    from kd_training.distill_config import DistillConfig
    from kd_training.package import package_student

    database = connect(f"sqlite:///{tiny.database}")
    try:
        schema = database.schema()
        index = build_index(database, schema)
    finally:
        database.close()
    texts = {question: render(link(question, index, TODAY)) for question in QUESTIONS}
    lines = [{"prompt": prompt(texts[question]), "target": sql} for question, sql in QUESTIONS.items()]
    pairs = folder / "pairs.jsonl"
    pairs.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    config = DistillConfig(
        data=(pairs,), output=folder / "run", vocab_size=400, n_layer=2, n_head=2, n_embd=64, n_positions=96,
        max_steps=150, epochs=1000, batch_tokens=1024, lr=3e-3, ema_decay=0, weight_decay=0, threads=1,
        precision="fp32", eval_every=1000, checkpoint_every=1000,
    )  # fmt: skip
    words = count_words([text for text in texts.values() for _ in range(3)])
    origin, said = {"questions": len(QUESTIONS)}, [*QUESTIONS.values()] * 5
    package_student(distill(config).best, tiny.student, schema, words, "tiny-1", origin, said=said)
