"""A real teacher in a few seconds: a two-layer Qwen2 that learns the tiny student's questions, behind a real vLLM."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.config import ROOT
from bot.database import connect
from bot.glossary import Glossary
from bot.prompt import prompt, render
from kd_training.questions import Ground
from kd_training.stand_in import train_stand_in
from kd_training.teacher_client import Access, TeacherClient, tokenizer_of
from kd_training.teacher_server import NAME, RUNNERS, Launch, Runner, start, stop
from tests.tiny_student import QUESTIONS, TODAY, build_database

VLLM_PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
SMALL: dict[str, Any] = {
    "n_layer": 2, "n_head": 2, "n_embd": 64, "vocab_size": 380, "n_positions": 1536, "max_steps": 120, "epochs": 1000,
    "lr": 3e-3, "threads": 1, "precision": "fp32", "ema_decay": 0, "weight_decay": 0, "eval_every": 1000,
    "checkpoint_every": 1000,
}  # fmt: skip


@dataclass(frozen=True)
class TinyTeacher:
    """The model's directory, its pairs, a database, and where its servers keep what they write down."""

    model: Path
    pairs: Path
    database: Path
    servers: Path
    opened: list[TeacherClient] = field(default_factory=list)

    def url(self, runner: Runner) -> str:
        """A server of it, started at the first call."""
        return start(self.launch(runner), self.servers).url

    def launch(self, runner: Runner) -> Launch:
        """How it is started."""
        return Launch(VLLM_PYTHON, str(self.model), runner, max_tokens=1536, sequences=4)

    def client(self, runner: Runner, **changes: Any) -> TeacherClient:
        """A client of such a server."""
        given = {"url": self.url(runner), "model": NAME, "concurrency": 4, "tokenizer": tokenizer_of(str(self.model))}
        client = TeacherClient(Access(**{**given, **changes}))
        self.opened.append(client)
        return client

    def ground(self) -> Ground:
        """What its questions are asked over."""
        return Ground.of(connect(f"sqlite:///{self.database}"), Glossary(), TODAY)

    def stop(self) -> None:
        """Stop its servers, and let go of them."""
        for client in self.opened:
            client.close()
        for runner in RUNNERS:
            with suppress(OSError):
                stop(self.servers, runner)


def write_pairs(path: Path, ground: Ground) -> None:
    """The tiny student's questions as a file of pairs."""
    lines = [
        {"prompt": prompt(render(ground.link(asked))), "target": sql, "question": asked, "key": f"pair-{number}"}
        for number, (asked, sql) in enumerate(QUESTIONS.items())
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def many_questions(count: int) -> list[str]:
    """That many questions, each different, about the tiny database."""
    draw = random.Random(3)
    words = [*QUESTIONS, "sales by item", "how many lamps were sold?", "average amount of a sale in Eastbury"]
    days = [TODAY - timedelta(days=number) for number in range(count)]
    return [f"{draw.choice(words)} (asked on day {number}, {day:%A})" for number, day in enumerate(days)]


def teach(folder: Path) -> TinyTeacher:
    """Build the database and train the teacher in `folder`."""
    teacher = TinyTeacher(folder / "model" / "hf", folder / "pairs.jsonl", folder / "shops.db", folder / "servers")
    build_database(teacher.database)
    ground = teacher.ground()
    write_pairs(teacher.pairs, ground)
    ground.database.close()
    train_stand_in(teacher.pairs, None, folder / "model", SMALL)
    return teacher
