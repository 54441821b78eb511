"""Versions on a shelf, here and behind a URL: added whole, promoted, rolled back, taken away; and killed half-way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from itertools import pairwise
from pathlib import Path

import pytest

from bot.manifest import NAME, SERVING, StudentError, write_manifest
from bot.shelf import ShelfError, open_shelf
from bot.shelf_local import LocalShelf
from bot.shelf_remote import RemoteShelf
from bot.versions import CURRENT, decision_file, fetch, read_pointer
from kd_training.registry import Registry, RegistryError, difference
from tests.mynah_command import Mynah
from tests.tiny_student import Tiny
from tests.versions import version

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(params=["folder", "file", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return f"memory://models-{uuid.uuid4().hex}"
    return ("file://" if request.param == "file" else "") + str(tmp_path / "models")


@pytest.fixture
def students(tiny: Tiny, tmp_path: Path) -> list[Path]:
    return [version(tiny, tmp_path, f"night-{number}", night=number) for number in (1, 2, 3)]


def test_versions_are_added_promoted_and_rolled_back(url: str, students: list[Path], tmp_path: Path) -> None:
    registry = Registry(url)
    assert registry.current() is None and registry.versions() == [] and registry.history() == []
    with pytest.raises(RegistryError, match="nothing to roll back"):
        registry.rollback("ann", "")
    assert [registry.add(student) for student in students] == ["night-1", "night-2", "night-3"]
    assert registry.add(students[0]) == "night-1"
    with pytest.raises(RegistryError, match="no whole version night-9"):
        registry.promote("night-9", "ann", "")
    assert registry.current() is None
    for name in ("night-1", "night-2", "night-3"):
        registry.promote(name, "ann", f"{name} is better")
    assert registry.promote("night-3", "bob", "again").who == "ann"
    assert registry.rollback("bob", "it is worse").version == "night-2"
    assert registry.rollback("bob", "still").version == "night-1"
    with pytest.raises(RegistryError, match="nothing to roll back"):
        registry.rollback("bob", "")
    decided = [(p.number, p.action, p.version, p.who, p.why) for p in registry.history()]
    assert decided == [
        (1, "promote", "night-1", "ann", "night-1 is better"), (2, "promote", "night-2", "ann", "night-2 is better"),
        (3, "promote", "night-3", "ann", "night-3 is better"), (4, "rollback", "night-2", "bob", "it is worse"),
        (5, "rollback", "night-1", "bob", "still"),
    ]  # fmt: skip
    now = registry.current()
    assert now is not None
    got = fetch(open_shelf(url), now, tmp_path / "cache")
    assert {p.name: p.read_bytes() for p in got.iterdir()} == {p.name: p.read_bytes() for p in students[0].iterdir()}
    assert fetch(open_shelf(url), now, tmp_path / "cache") == got


def test_a_half_written_version_is_none_and_is_replaced(url: str, students: list[Path], tmp_path: Path) -> None:
    registry = Registry(url)
    registry.shelf.write("versions/night-1/student.onnx", b"half")
    assert registry.versions() == []
    with pytest.raises(RegistryError):
        registry.promote("night-1", "ann", "")
    registry.add(students[0])
    pointer = registry.promote("night-1", "ann", "")
    assert (fetch(registry.shelf, pointer, tmp_path / "c") / "student.onnx").stat().st_size > 1000


def test_another_student_of_the_same_name_is_refused(
    tiny: Tiny, url: str, students: list[Path], tmp_path: Path
) -> None:
    registry = Registry(url)
    registry.add(students[0])
    with pytest.raises(RegistryError, match="another student of the version night-1"):
        registry.add(version(tiny, tmp_path / "other", "night-1", night=99))
    (students[1] / "student.onnx").write_bytes(b"spoiled")
    with pytest.raises(StudentError, match="hash differs"):
        registry.add(students[1])
    assert [v.name for v in registry.versions()] == ["night-1"]


def test_a_version_that_was_exchanged_is_not_fetched(url: str, students: list[Path], tmp_path: Path) -> None:
    registry = Registry(url)
    registry.add(students[0])
    pointer = registry.promote("night-1", "ann", "")
    registry.shelf.write(f"versions/night-1/{NAME}", (students[1] / NAME).read_bytes())
    with pytest.raises(StudentError, match="its manifest differs"):
        fetch(registry.shelf, pointer, tmp_path / "cache")


def test_only_the_last_ones_that_served_are_kept(tiny: Tiny, url: str, tmp_path: Path) -> None:
    registry = Registry(url)
    for number in range(1, 7):
        registry.add(version(tiny, tmp_path / "s", f"v{number}"))
        registry.promote(f"v{number}", "ann", "")
    registry.add(version(tiny, tmp_path / "s", "never"))
    assert registry.prune(3) == ["v1", "v2", "v3"]
    assert [v.name for v in registry.versions()] == ["never", "v4", "v5", "v6"]
    registry.rollback("ann", "")
    registry.rollback("ann", "")
    with pytest.raises(RegistryError, match="v3 is not kept any more"):
        registry.rollback("ann", "")


def test_manifests_are_compared(url: str, students: list[Path]) -> None:
    registry = Registry(url)
    for student in students[:2]:
        registry.add(student)
    one, other = registry.versions()
    assert difference(one, other) == ["origin.night: 1 → 2", "version: night-1 → night-2"]


def test_writers_wait_for_each_other(url: str, students: list[Path]) -> None:
    registry = Registry(url)
    registry.add(students[0])
    registry.add(students[1])
    begun = threading.Event()

    def promote() -> None:
        begun.set()
        Registry(url).promote("night-2", "bob", "")

    with registry.shelf.locked():
        other = threading.Thread(target=promote)
        other.start()
        begun.wait()
        other.join(timeout=0.5)
        assert other.is_alive() and registry.current() is None
    other.join(timeout=60)
    now = registry.current()
    assert now is not None and now.version == "night-2"


def test_many_who_promote_at_once_make_one_history(url: str, students: list[Path]) -> None:
    for student in students:
        Registry(url).add(student)

    def promote(number: int) -> None:
        for turn in range(4):
            Registry(url).promote(f"night-{(number + turn) % 3 + 1}", f"user {number}", "")

    threads = [threading.Thread(target=promote, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    history = Registry(url).history()
    assert [p.number for p in history] == list(range(1, len(history) + 1))
    assert history[-1] == Registry(url).current()
    assert all(p.previous == before.version for before, p in pairwise(history))


def test_a_lock_whose_holder_is_slow_or_dead(tmp_path: Path) -> None:
    local = LocalShelf(tmp_path, patience=0.2)
    with local.locked(), pytest.raises(ShelfError, match="another process"), LocalShelf(tmp_path, 0.2).locked():
        pass
    name = f"memory://locks-{uuid.uuid4().hex}"
    held, late = RemoteShelf(name, lease=600), RemoteShelf(name, patience=0.1)
    with held.locked(), pytest.raises(ShelfError, match="another process"), late.locked():
        pass
    with RemoteShelf(name, lease=-1).locked(), RemoteShelf(name, patience=0.1).locked():
        pass  # the first one's lease was over when the second came
    with RemoteShelf(name, patience=0.1).locked():
        pass


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfError, match="cannot be written"):
        LocalShelf(tmp_path / "file").write("x", b"")
    with pytest.raises(ShelfError, match="cannot be opened"):
        open_shelf("nosuchstore://bucket/models")
    (tmp_path / CURRENT).write_text("{}")
    with pytest.raises(ShelfError, match="cannot be read"):
        read_pointer(LocalShelf(tmp_path))


def bare(folder: Path, name: str) -> Path:
    """A directory with everything that a student has, and nothing in it."""
    directory = folder / name
    directory.mkdir()
    for file in SERVING:
        (directory / file).touch()
    write_manifest(directory, name, "", {})
    return directory


def test_a_pointer_that_cannot_be_read_is_written_anew(url: str, tmp_path: Path) -> None:
    registry = Registry(url)
    for name in ("one", "two"):
        registry.add(bare(tmp_path, name))
        registry.promote(name, "ann", "")
    for again, number in (("two", 3), ("one", 4)):
        registry.shelf.write(CURRENT, b'{"number": ')
        with pytest.raises(ShelfError, match="write it anew with `mynah models promote`"):
            registry.rollback("ann", "")
        made = registry.promote(again, "bob", "the pointer was spoiled")
        assert registry.current() == made == registry.history()[-1]
        assert (made.number, made.version, made.previous) == (number, again, "one" if again == "two" else "two")
    assert registry.rollback("ann", "").version == "two"


def test_a_decision_that_cannot_be_read_keeps_none_from_being_made(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry(url)
    for name in ("one", "two", "three", "four"):
        registry.add(bare(tmp_path, name))
        registry.promote(name, "ann", "")
        registry.shelf.write(decision_file(1), b"")
    assert [decision.number for decision in registry.history()] == [2, 3, 4]
    assert f"{decision_file(1)} cannot be read" in caplog.text
    assert registry.prune(2) == ["two"]
    assert registry.rollback("ann", "").version == "three"


def test_a_path_is_no_name_of_a_version(tmp_path: Path) -> None:
    registry = Registry(str(tmp_path / "models"))
    registry.add(bare(tmp_path, "one"))
    for name in ("one/", "../versions/one", "./one", ".", ""):
        with pytest.raises(RegistryError, match="no whole version"):
            registry.promote(name, "ann", "")
    assert registry.current() is None


_DYING = """
import os, signal, sys
from pathlib import Path
from kd_training.registry import Registry
left = int(sys.argv[1])
def before(work):
    def counted(*given, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return work(*given, **named)
    return counted
os.fsync, Path.rename, Path.replace = before(os.fsync), before(Path.rename), before(Path.replace)
registry = Registry(sys.argv[2])
registry.add(Path(sys.argv[3]))
registry.promote(sys.argv[4], "night", "better")
registry.prune(2)
print("done")
"""


@pytest.mark.slow
def test_killed_at_every_step_nothing_half_is_ever_seen(tiny: Tiny, tmp_path: Path) -> None:
    """Before each flush and each rename of adding, promoting and pruning, in turn, the process is killed."""
    old = [version(tiny, tmp_path, name) for name in ("old-1", "old-2")]
    new = version(tiny, tmp_path, "new")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    died, step = 0, 0
    while True:
        step += 1
        url = tmp_path / f"models-{step}"
        registry = Registry(str(url))
        for student in old:
            registry.add(student)
            registry.promote(student.name, "ann", "")
        command = [sys.executable, "-c", _DYING, str(step), str(url), str(new), "new"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        now = registry.current()
        assert now is not None and now.version in ("old-2", "new")
        fetch(registry.shelf, now, tmp_path)
        for whole in registry.versions():
            assert all((url / "versions" / whole.name / name).is_file() for name in whole.told["files"])
        registry.add(new)
        assert registry.promote("new", "rerun", "").version == "new"
        registry.prune(2)
        assert [p.number for p in registry.history()] == [1, 2, 3]
        assert [v.name for v in registry.versions()] == ["new", "old-2"]
        assert registry.rollback("ann", "").version == "old-2"
        if done.returncode == 0:
            break
        died += 1
    assert died > 10


@pytest.mark.slow
def test_the_command_lists_promotes_rolls_back_and_compares(tiny: Tiny, students: list[Path], tmp_path: Path) -> None:
    mynah = Mynah(tiny, tmp_path)
    url = tmp_path / "models"

    def run(*arguments: str) -> str:
        done = mynah("models", *arguments, models_url=url)
        assert done.code == 0, done.err
        return done.out

    assert "no versions yet" in run("list")
    for student in students[:2]:
        run("add", str(student))
    assert "night-1 serves now" in run("promote", "night-1", "--why", "first")
    run("promote", "night-2")
    begun = time.monotonic()
    assert "Rolled back: night-1" in run("rollback", "--why", "worse")
    assert time.monotonic() - begun < 60
    listed = run()
    assert "serves" in listed and "worse" in listed
    assert '"version": "night-1"' in run("show", "night-1")
    assert "origin.night: 1 → 2" in run("diff", "night-1", "night-2")
    asked = mynah("ask", "how many sales are there?", "--json", models_url=url)
    assert '"student_version": "night-1"' in asked.out
    assert mynah("models", "promote", models_url=url).code == 2
    assert mynah("models", "promote", "night-9", models_url=url).code == 1
    assert "models_url is not set" in mynah("models").err
