"""The bot follows the pointer: swaps without losing a question, never serves what fails, and says why."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from adapters.desk import Desk
from bot.config import Settings, load_settings
from kd_training.registry import Registry
from tests.served import Server, served
from tests.tiny_student import TODAY, Tiny
from tests.versions import version

PATIENCE = 120.0


def settings(tiny: Tiny, folder: Path, models: str | None = None) -> Settings:
    return load_settings(
        database_url=f"sqlite:///{tiny.database}", student_dir=tiny.student, state_dir=folder / "state", today=TODAY,
        threads=1, models_url=models or str(folder / "models"), models_poll=0.05,
    )  # fmt: skip


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(str(tmp_path / "models"))


@pytest.fixture
def desk(tiny: Tiny, tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(settings(tiny, tmp_path))
    yield opened
    opened.close()


def serving(desk: Desk) -> str:
    return str(desk.models.get("serving", ""))


def until(condition: object, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_without_a_promotion_the_shipped_student_serves(
    desk: Desk, registry: Registry, tiny: Tiny, tmp_path: Path
) -> None:
    desk.open()
    assert serving(desk) == "tiny-1" and desk.models["trouble"] == ""
    registry.add(version(tiny, tmp_path, "night-1"))
    assert serving(desk) == "tiny-1"
    registry.promote("night-1", "ann", "")
    until(lambda: serving(desk) == "night-1", "the promoted student does not serve")
    assert desk.ask("how many sales are there?", door="web", user_id="u").answer.student_version == "night-1"
    registry.add(version(tiny, tmp_path, "night-2"))
    registry.promote("night-2", "ann", "")
    until(lambda: serving(desk) == "night-2", "the second one does not serve")
    registry.rollback("ann", "")
    until(lambda: serving(desk) == "night-1", "the roll-back is not seen")


def test_no_question_is_lost_while_students_are_swapped(
    desk: Desk, registry: Registry, tiny: Tiny, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        registry.add(version(tiny, tmp_path, name))
    desk.open()
    stop, answers = threading.Event(), list[tuple[str, str]]()

    def ask() -> None:
        while not stop.is_set():
            made = desk.ask("how many sales in Nordport?", door="web", user_id="u").answer
            answers.append((made.status, made.student_version))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for name in ("a", "b", "a", "b"):
        registry.promote(name, "ann", "")
        until(lambda name=name: serving(desk) == name, f"{name} does not serve")
    registry.rollback("ann", "")
    until(lambda: serving(desk) == "a", "the roll-back is not seen")
    count = len(answers)
    until(lambda: len(answers) > count + 3, "nobody is answered any more")
    stop.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} == {"answered"}
    assert {"a", "b"} <= {student for _, student in answers}


def test_a_student_that_fails_its_check_never_serves(
    desk: Desk, registry: Registry, tiny: Tiny, tmp_path: Path
) -> None:
    question = "how many sales are there?"
    good = {"question": question, "short": "SELECT COUNT(*) FROM sales"}
    registry.add(version(tiny, tmp_path, "good", canned=good))
    registry.add(version(tiny, tmp_path, "spoiled"))
    registry.add(version(tiny, tmp_path, "strange", canned={"question": question, "short": "SELECT 1 FROM shops"}))
    registry.promote("good", "ann", "")
    desk.open()
    assert serving(desk) == "good"
    (tmp_path / "models" / "versions" / "spoiled" / "student.onnx").write_bytes(b"other bytes")
    for name, said in (("spoiled", "its hash differs"), ("strange", "canned question")):
        registry.promote(name, "ann", "")
        until(lambda name=name: name in desk.models["trouble"], f"{name} is not refused")
        assert said in desk.models["trouble"]
        assert desk.ask(question, door="web", user_id="u").answer.student_version == "good"
        assert desk.models["promoted"] == name and serving(desk) == "good"
    registry.rollback("ann", "")
    registry.rollback("ann", "")
    until(lambda: desk.models["trouble"] == "", "the trouble stays")
    assert serving(desk) == "good"


def test_a_start_with_a_broken_promotion_serves_the_one_before(
    desk: Desk, registry: Registry, tiny: Tiny, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        registry.add(version(tiny, tmp_path, name))
    registry.promote("first", "ann", "")
    desk.open()
    desk.close()
    registry.promote("second", "ann", "")
    (tmp_path / "models" / "versions" / "second" / "words.json").unlink()
    again = Desk(settings(tiny, tmp_path))
    again.open()
    assert (again.state, serving(again)) == ("ready", "first")
    assert "second" in again.models["trouble"] and "words.json is missing" in again.models["trouble"]
    again.close()
    shutil.rmtree(tmp_path / "state")  # a replica that never served
    fresh = Desk(settings(tiny, tmp_path))
    fresh.open()
    assert serving(fresh) == "first" and "second" in fresh.models["trouble"]
    fresh.close()
    shutil.rmtree(tmp_path / "models" / "versions" / "first")
    shutil.rmtree(tmp_path / "state")
    none = Desk(settings(tiny, tmp_path))
    none.open()
    assert serving(none) == "tiny-1" and "second" in none.models["trouble"]
    none.close()


def test_a_shelf_that_cannot_be_reached_costs_no_answer(tiny: Tiny, tmp_path: Path) -> None:
    desk = Desk(settings(tiny, tmp_path, "nosuchstore://models"))
    desk.open()
    assert desk.ask("how many sales are there?", door="web", user_id="u").answer.status == "answered"
    assert "cannot be looked for" in desk.models["trouble"]
    desk.close()


def test_a_url_is_followed_too(tiny: Tiny, tmp_path: Path) -> None:
    url = f"memory://{tmp_path.name}-{id(tmp_path)}"
    registry = Registry(url)
    desk = Desk(settings(tiny, tmp_path, url))
    desk.open()
    registry.add(version(tiny, tmp_path, "far"))
    registry.promote("far", "ann", "")
    until(lambda: serving(desk) == "far", "the student of the URL does not serve")
    assert (tmp_path / "state" / "models").is_dir()
    desk.close()


@pytest.mark.slow
def test_three_replicas_swap_and_roll_back(tiny: Tiny, registry: Registry, tmp_path: Path) -> None:
    for name in ("night-1", "night-2"):
        registry.add(version(tiny, tmp_path, name))
    registry.promote("night-1", "ann", "")
    (tmp_path / "models").chmod(0o755)
    with ExitStack() as stack:
        replicas: list[Server] = []
        for number in range(3):
            folder = tmp_path / f"replica-{number}"
            folder.mkdir()
            more = {"MYNAH_MODELS_URL": str(tmp_path / "models"), "MYNAH_MODELS_POLL": "0.5"}
            replicas.append(stack.enter_context(served(tiny, folder, **more)))

        def all_serve(name: str) -> bool:
            return all(replica.health()["student_version"] == name for replica in replicas)

        until(lambda: all_serve("night-1"), "not all serve the first one")
        for decide, name in ((lambda: registry.promote("night-2", "ann", ""), "night-2"),
                             (lambda: registry.rollback("ann", ""), "night-1")):  # fmt: skip
            decide()
            begun = time.monotonic()
            until(lambda name=name: all_serve(name), f"not all serve {name}")
            print(f"all three serve {name} after {time.monotonic() - begun:.1f} s")
        (tmp_path / "models" / "versions" / "night-2" / "words.json").write_text("{}")
        registry.promote("night-2", "ann", "")
        until(lambda: all("words.json" in r.health()["models"]["trouble"] for r in replicas), "no trouble is said")
        assert all_serve("night-1")
