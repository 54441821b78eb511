"""A recipe that trains in a second over the tiny student's database: its pairs are written, not synthesized."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from bot.database import connect
from bot.glossary import Glossary
from kd_training.questions import Ground
from kd_training.recipe import Run
from tests.tiny_student import TODAY, build_database
from tests.tiny_teacher import write_pairs

RECIPE = """
[student]
version = "tiny"
output = "student"
held_out = 0
calibrated_on = 0

[synthesize]
corpus = "corpus"
holdout = 0.0001

[distill]
vocab_size = 500
n_layer = 1
n_head = 1
n_embd = 16
n_positions = 256
max_steps = 2
threads = 1
precision = "fp32"
ema_decay = 0
"""


def written(folder: Path, recipe: str = RECIPE) -> str:
    """The recipe and its database in `folder`; the database's URL."""
    (folder / "recipe.toml").write_text(recipe)
    (folder / "corpus").mkdir()
    build_database(folder / "shops.db")
    return f"sqlite:///{folder / 'shops.db'}"


def synthesized(run: Run, url: str, today: date = TODAY) -> None:
    """Write the pairs of every stage of a run, as if they had been synthesized."""
    ground = Ground.of(connect(url), Glossary(), today)
    for stage in run.recipe.stage:
        pairs = run.directory / stage.name / "pairs"
        pairs.mkdir(parents=True)
        write_pairs(pairs / "train.jsonl", ground)
        for name, content in (("valid.jsonl", ""), ("phrasings.jsonl", ""), ("words.json", json.dumps({"sales": 9}))):
            (pairs / name).write_text(content)
        (pairs / "synthesis.json").write_text(json.dumps({"sizes": {}, "dropped": {}}))
    ground.database.close()
