"""A small town for nights: the tiny student serves, people correct it, and a recipe learns in seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from adapters.desk import Desk
from bot.config import Settings, load_settings
from bot.feedback import Corrected
from bot.records import PairRow, VerdictRow
from bot.store import Store
from tests.tiny_student import QUESTIONS, TODAY, Tiny

SPREAD = "SELECT item, AVG(amount) FROM sales GROUP BY item"
ASKED = (
    "average amount by item", "mean amount for each item", "what is the average amount per item?",
    "average sale amount of each item", "show the mean amount by item", "how large is the average sale of each item?",
)  # fmt: skip
REPHRASED = ("average amount per item", "show average amount for each item", "what is the mean amount by item?")
_BY_CITY = "SELECT shops.city, SUM(sales.amount) FROM sales JOIN shops ON sales.shop_id = shops.id GROUP BY shops.city"
_IN_CITY = "SELECT COUNT(*) FROM sales JOIN shops ON sales.shop_id = shops.id WHERE shops.city = :v0"
INTENTS: Sequence[Mapping[str, Any]] = (
    {"sql": "SELECT COUNT(*) FROM sales", "phrasings": ["how many sales are there?", "number of sales", "count sales"]},
    {"sql": "SELECT COUNT(*) FROM shops", "phrasings": ["how many shops do we have?", "number of shops"]},
    {"sql": _IN_CITY, "slots": {"v0": "shops.city"}, "phrasings": ["how many sales in {v0}?", "sales in {v0}"]},
    {"sql": f"{_BY_CITY} ORDER BY SUM(sales.amount) DESC", "phrasings": ["total amount by city", "amount per city"]},
    {"kind": "unanswerable", "phrasings": ["what is the weather like?", "who won the match?"]},
)
RECIPE = """
[student]
version = "night"
output = "student"
held_out = 0
calibrated_on = 0

[synthesize]
corpus = "corpus"
repeats = 6
composed = 0
holdout = 0.0001
parts = 1

[night]
copies = 3
disk = 0.1
gate = { least = 4, p95_ms = 60_000, tag_least = 50, tag_margin = 1, margin = 0.5 }

[distill]
vocab_size = 400
n_layer = 2
n_head = 2
n_embd = 64
n_positions = 96
batch_tokens = 1024
max_steps = STEPS
epochs = 1000
lr = 2e-3
warmup = 0.05
ema_decay = 0
weight_decay = 0
threads = 1
precision = "fp32"
eval_every = 1000
checkpoint_every = 20

[[stage]]
name = "night"
"""
GOLD = {
    "how many sales are there?": "SELECT COUNT(*) FROM sales",
    "how many shops do we have?": "SELECT COUNT(*) FROM shops",
    "how many sales in Nordport?": _IN_CITY.replace(":v0", "'Nordport'"),
    "how many sales in Valdmere?": _IN_CITY.replace(":v0", "'Valdmere'"),
    "total amount by city": _BY_CITY,
}


@dataclass(frozen=True)
class Town:
    """Where everything lies."""

    tiny: Tiny
    folder: Path
    state_url: str

    @staticmethod
    def built(tiny: Tiny, folder: Path, steps: int = 120, state_url: str | None = None, extra: str = "") -> Town:
        """A recipe, its corpus and the held-out questions in `folder`."""
        (folder / "corpus").mkdir(parents=True)
        _write_lines(folder / "corpus" / "shops.jsonl", INTENTS)
        (folder / "recipe.toml").write_text(RECIPE.replace("STEPS", str(steps)) + extra, encoding="utf-8")
        examples = [{"id": f"q{n}", "question": q, "sql": [sql]} for n, (q, sql) in enumerate(GOLD.items())]
        examples.append({"id": "none", "question": "what is the weather like?", "sql": [], "kind": "unanswerable"})
        _write_lines(folder / "held-out.jsonl", examples)
        return Town(tiny, folder, state_url or f"sqlite:///{folder / 'state' / 'state.db'}")

    def given(self) -> dict[str, Any]:
        """The settings, by name."""
        return {
            "database_url": f"sqlite:///{self.tiny.database}", "student_dir": self.tiny.student, "today": TODAY,
            "state_dir": self.folder / "state", "state_url": self.state_url, "models_url": str(self.folder / "models"),
            "nightly_recipe": self.folder / "recipe.toml", "nightly_examples": self.folder / "held-out.jsonl",
            "threads": 1, "models_poll": 0.05,
        }  # fmt: skip

    def settings(self, **changes: Any) -> Settings:
        """The settings themselves."""
        return load_settings(**{**self.given(), **changes})

    def correct(self, questions: Sequence[str] = ASKED, sql: str = SPREAD, user: str = "ann") -> None:
        """Somebody asks, corrects the answer, and the correction is let in."""
        desk = Desk(self.settings())
        desk.open()
        try:
            for question in questions:
                answer = desk.ask(question, door="web", user_id=user).answer
                assert isinstance(desk.correct(answer.id, user, sql, door="web"), Corrected)
        finally:
            desk.close()
        self.decide("admitted", user)

    def decide(self, status: str, user: str = "ann") -> None:
        """What decides over pairs does: give a person's pairs a status, and a reviewer's verdict where they are in."""

        def write(session: Session) -> None:
            session.execute(update(PairRow).where(PairRow.user_id == user).values(status=status))
            for pair in session.scalars(select(PairRow).where(PairRow.user_id == user)).all():
                if status == "admitted" and session.get(VerdictRow, pair.id) is None:
                    session.add(VerdictRow(
                        pair_id=pair.id, at=pair.nominated_at, basis="reviewer", reviewer="terminal:carl",
                        leaned_on=[], opinions={}, learned=pair.sql, short="",
                    ))  # fmt: skip

        with Store.open(self.state_url) as store:
            store.write(write)

    def regression(self, *questions: str) -> None:
        """Put questions that the tiny student knows on the list of what must not be lost."""
        lines = [{"id": f"r{n}", "question": q, "sql": [GOLD[q]]} for n, q in enumerate(questions)]
        self.settings().regression_file.parent.mkdir(parents=True, exist_ok=True)
        _write_lines(self.settings().regression_file, lines)


def _write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


__all__ = ["ASKED", "GOLD", "QUESTIONS", "REPHRASED", "SPREAD", "Town"]
