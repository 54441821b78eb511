"""A whole night with everything real: PostgreSQL for the state, vLLM for the teacher, processes for bot and night."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from bot.manifest import read_manifest
from kd_training.registry import Registry
from tests.mynah_command import Mynah
from tests.night_town import ASKED, REPHRASED, Town
from tests.served import served
from tests.servers import PostgresServer, running
from tests.tiny_student import Tiny

pytestmark = [pytest.mark.slow, pytest.mark.needs("vllm", "postgresql")]
PATIENCE = 120.0
TEACHER = """
[teacher]
source = "stand-in"
questions = 8
targets = "gold"     # a teacher this small is not worth listening to
samples = 2
temperature = 0.3
agreement = 0.5
max_tokens = 60
context = 384
state_sample = 6
concurrency = 2

[teacher.train]
n_layer = 2
n_head = 2
n_embd = 64
vocab_size = 380
batch_tokens = 1024
max_steps = 100
epochs = 1000
lr = 3e-3
ema_decay = 0
weight_decay = 0
threads = 1
precision = "fp32"
eval_every = 1000
checkpoint_every = 1000
"""


def test_a_night_with_a_teacher_teaches_the_running_bot(tiny: Tiny, tmp_path: Path) -> None:
    with running(PostgresServer) as server:
        with server.admin() as connection:
            connection.execute("CREATE DATABASE state")
        town = Town.built(tiny, tmp_path / "town", state_url=server.url("state"), extra=TEACHER)
        town.correct()
        town.regression("how many sales are there?")
        mynah = Mynah(tiny, town.folder)
        given = {f"MYNAH_{name.upper()}": str(value) for name, value in town.given().items()}
        with served(tiny, town.folder, **given, MYNAH_WEB_PORT="0") as bot:
            done = mynah("nightly", "--once", patience=600, **town.given())
            assert done.code == 0, done
            assert "A better student serves." in done.out
            current = Registry(str(town.settings().models_url)).current()
            assert current is not None
            deadline = time.monotonic() + PATIENCE
            while bot.health()["student_version"] != current.version:
                assert time.monotonic() < deadline, bot.health()
                time.sleep(0.1)
        left = [p for p in psutil.process_iter(["cmdline"]) if str(town.folder) in " ".join(p.info["cmdline"] or ())]
        assert not left, left
        teaching = read_manifest(town.folder / "models" / "versions" / current.version).origin["stages"][0]["teaching"]
        assert teaching["labels"]["questions"] == 8
        assert teaching["states"]["pairs"] >= len(ASKED)
        answered = [mynah("ask", question, "--json", **town.given()).out for question in REPHRASED]
        assert sum("AVG(sales.amount)" in answer for answer in answered) >= 2
