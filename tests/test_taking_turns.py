"""Two processes that want the same part of a run."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.database import connect
from bot.glossary import Glossary
from kd_training.questions import Ground
from kd_training.recipe import opened
from kd_training.taking_turns import turn
from kd_training.teaching import Lessons, Teacher, Teaching
from tests.scripted_teacher import scripted
from tests.tiny_recipe import synthesized, written
from tests.tiny_student import TODAY
from tests.tiny_teacher import write_pairs

_HOLDER = "import sys, time; from pathlib import Path; from kd_training.taking_turns import turn\n" + (
    "with turn(Path(sys.argv[1])):\n    print('mine', flush=True)\n    time.sleep(60)\n"
)
_WAITER = "import sys; from pathlib import Path; from kd_training.taking_turns import turn\n" + (
    "print('here', flush=True)\nwith turn(Path(sys.argv[1])):\n    print((Path(sys.argv[1]) / 'made').read_text())\n"
)


def _started(script: str, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, str(directory)], stdout=subprocess.PIPE, text=True)


def test_the_second_waits_and_finds_it_made(tmp_path: Path) -> None:
    directory = tmp_path / "part"
    with turn(directory):
        waiter = _started(_WAITER, directory)
        assert waiter.stdout is not None and waiter.stdout.readline() == "here\n"
        time.sleep(0.2)
        assert waiter.poll() is None
        (directory / "made").write_text("whole")
    said, _ = waiter.communicate(timeout=30)
    assert (said, waiter.returncode) == ("whole\n", 0)


def test_who_is_not_to_wait_is_told_that_it_is_taken(tmp_path: Path) -> None:
    with turn(tmp_path) as mine:
        assert mine
        with turn(tmp_path, wait=False) as second:
            assert not second
    with turn(tmp_path, wait=False) as third:
        assert third


def test_who_is_killed_lets_go(tmp_path: Path) -> None:
    holder = _started(_HOLDER, tmp_path)
    assert holder.stdout is not None and holder.stdout.readline() == "mine\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with turn(tmp_path):
        pass


def test_training_waits_for_the_process_that_trains(tmp_path: Path) -> None:
    url = written(tmp_path)
    with opened(tmp_path / "recipe.toml", url, None, TODAY) as run:
        synthesized(run, url)
        with ThreadPoolExecutor(1) as other:
            with turn(run.directory / "only" / "model"):
                made = other.submit(run.trained)
                with pytest.raises(TimeoutError):
                    made.result(5)
                assert not list((run.directory / "only" / "model").glob("step-*"))
            assert made.result(60).best.parent == run.directory / "only" / "model"


def test_who_wants_the_teacher_waits_for_the_process_that_has_it(tmp_path: Path) -> None:
    url = written(tmp_path)
    ground = Ground.of(connect(url), Glossary(), TODAY)
    (tmp_path / "pairs").mkdir()
    write_pairs(tmp_path / "pairs" / "train.jsonl", ground)
    for name in ("valid", "phrasings"):
        (tmp_path / "pairs" / f"{name}.jsonl").write_text("")
    with scripted(lambda body: "SELECT COUNT(*) FROM sales") as server:
        teacher = Teacher(Path("python"), "teacher", "student", server.url)
        teaching = Teaching(source="server", samples=1, temperature=0, states=False)
        lessons = Lessons(teaching, teacher, {"only": tmp_path / "pairs"}, tmp_path / "run", ground, 0.0001)
        with ThreadPoolExecutor(1) as other:
            with turn(tmp_path / "run" / "servers"):
                made = other.submit(lessons.taught, lambda: Path(), 8)
                with pytest.raises(TimeoutError):
                    made.result(1)
                assert not server.asked
            assert made.result(60)["only"].told["labels"]["questions"] == 8
    ground.database.close()
