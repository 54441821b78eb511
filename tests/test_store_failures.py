"""When Mynah's memory cannot be kept: each failure is a sentence, and what was kept before stays whole."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

from bot.records import AnswerRow
from bot.store import Store, StoreError
from tests.store_shop import answer, shop, state_url

ROOT = Path(__file__).resolve().parent.parent



@pytest.fixture
def url(tmp_path: Path) -> str:
    return state_url(tmp_path)


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _count(store: Store) -> int:
    return store.read(lambda session: session.scalar(select(func.count()).select_from(AnswerRow)) or 0)


def test_a_full_disk(tmp_path: Path) -> None:
    """A real one, of 640 kB: what was kept stays, what does not fit is refused whole, and room helps."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=640k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small disk")
    try:
        ballast = folder / "ballast"
        ballast.write_bytes(b"x" * 100_000)
        with Store.open(f"sqlite:///{folder / 'state.db'}") as store:
            _fill_and_recover(store, ballast.unlink)
        assert _kind_of_failure(folder, ballast) == "full"  # what SQLite could not tidy up is still there
        for file in folder.iterdir():
            file.unlink()
        assert _kind_of_failure(folder, ballast) == "full"  # no room for anything new
        ballast.unlink()
        Store.open(f"sqlite:///{folder / 'state.db'}").close()
        assert _kind_of_failure(folder, ballast) == "full"  # no room for the files SQLite works with
        ballast.unlink()
        with Store.open(f"sqlite:///{folder / 'state.db'}") as store:
            store.save(answer(), door="web")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _kind_of_failure(folder: Path, ballast: Path) -> str:
    """What happens to an answer when the disk is full to the last byte."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(StoreError) as caught, Store.open(f"sqlite:///{folder / 'state.db'}") as store:
        store.save(answer(), door="web")
    return caught.value.kind


def test_a_file_that_may_not_grow(url: str) -> None:
    """The same without a mount: SQLite itself says that the file is full."""
    with Store.open(url) as store:
        pages = {"most": 60}

        @event.listens_for(store._engine, "begin")
        def bound(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages['most']}")

        _fill_and_recover(store, lambda: pages.update(most=6000))


def _fill_and_recover(store: Store, make_room: Callable[[], object]) -> None:
    kept = []
    with pytest.raises(StoreError, match="Free some space") as caught:
        for n in range(2000):
            given = answer(f"{n} " + "why " * 1000)
            store.save(given, door="web")
            kept.append(given)
    assert caught.value.kind == "full"
    assert len(kept) > 3
    assert _count(store) == len(kept)
    assert all((row := store.answer(a.id)) is not None and row.question == a.question for a in kept)
    make_room()
    store.save(answer(), door="web")
    assert _count(store) == len(kept) + 1


UNPRIVILEGED = """
import os, sys
sys.path.insert(0, sys.argv[2])
import alembic.util, bot.migrations, datetime, sqlalchemy.dialects.sqlite, sqlite3
from bot.records import RunRow
from bot.store import Store, StoreError
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    with Store.open(f"sqlite:///{sys.argv[1]}", patience=0.2) as store:
        now = datetime.datetime.now(datetime.UTC)
        store.write(lambda session: session.add(RunRow(job="test", day=now.date(), started_at=now)))
    print("saved")
except StoreError as error:
    print(error.kind, "|", error.message)
"""


def _unprivileged(path: Path) -> str:
    """Open and save as a user who may not do everything; what came of it."""
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, str(path), str(ROOT)], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


def test_a_read_only_file_and_folder(open_folder: Path) -> None:
    path = open_folder / "state.db"
    Store.open(f"sqlite:///{path}").close()
    path.chmod(0o666)
    assert _unprivileged(path) == "saved\n"
    path.chmod(0o444)
    assert _unprivileged(path).startswith("read_only | ")
    open_folder.chmod(0o555)
    said = _unprivileged(path)
    assert said.startswith("read_only | ") and str(path) in said
    assert _unprivileged(open_folder / "new.db").startswith("read_only | ")
    assert _unprivileged(open_folder / "sub" / "new.db").startswith("read_only | ")
    assert not [p for p in open_folder.iterdir() if not p.name.startswith("state.db")]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for path in (tmp_path / "file" / "state.db", tmp_path / "file" / "deeper" / "state.db"):
        with pytest.raises(StoreError) as caught:
            Store.open(f"sqlite:///{path}")
        assert caught.value.kind == "missing"
    with pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{tmp_path}")
    assert caught.value.kind == "foreign"


@pytest.mark.parametrize("damage", ["text", "truncated", "garbage"])
def test_a_damaged_file(url: str, damage: str) -> None:
    with Store.open(url) as store:
        for n in range(200):
            store.save(answer(f"{n} " * 50), door="web")
    path = _file(url)
    whole = path.read_bytes()
    path.write_bytes({
        "text": b"these are notes, not a database\n" * 500,
        "truncated": whole[: len(whole) // 3],
        "garbage": whole[:4096] + random.Random(1).randbytes(len(whole) - 4096),
    }[damage])
    broken = path.read_bytes()
    with pytest.raises(StoreError, match="damaged") as caught, Store.open(url) as store:
        store.save(answer(), door="web")
        _count(store)
    assert caught.value.kind == "damaged"
    assert "Traceback" not in caught.value.message
    assert path.read_bytes() == broken


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://mynah:s3cret-word@127.0.0.1:1/state",
        "postgresql+psycopg://mynah:s3cret-word@127.0.0.1:1/state?connect_timeout=1",
        "postgresql://mynah@127.0.0.1:1/state?password=s3cret-word",
        "mysql://mynah:s3cret-word@127.0.0.1:1/state",
        "oracle+nothing://mynah:s3cret-word@127.0.0.1/state",
        "postgresql://mynah:p@s3cret-word@127.0.0.1:1/state",
        "postgresql://mynah:s3cret-word@127.0.0.1:port/state",
        "s3cret-word",
        "",
    ],
)
def test_addresses_that_lead_nowhere_keep_their_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(url, patience=1.0)
    printed = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in caught.value.message + caught.value.detail + printed
    assert caught.value.kind in ("unreachable", "failed")


WRITING = """
import sys
from bot.feedback import Feedback
from bot.store import Store
from tests.store_shop import answer, feedback
from bot.database import connect
store = Store.open(sys.argv[1])
said = feedback(store, connect(sys.argv[2]))
while True:
    given = answer("how many? " * 200)
    store.save(given, door="web")
    print("saved", given.id, flush=True)
    said.vote(given.id, "u1", 1, "good " * 200)
    print("voted", given.id, flush=True)
"""


def test_a_process_killed_while_it_writes(url: str, tmp_path: Path) -> None:
    """Four kills on one file: all that was confirmed is there, and no vote without its pair."""
    database = shop(tmp_path)
    lines: list[str] = []
    for wait in (0.05, 0.11, 0.17, 0.29):
        command = [sys.executable, "-c", WRITING, url, database.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            lines.append(process.stdout.readline())
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            lines += [line for line in process.stdout if line.endswith("\n")]
    database.close()
    assert len(lines) > 8
    saved, voted = ({line.split()[1] for line in lines if line.startswith(w)} for w in ("saved", "voted"))
    with Store.open(url) as store:
        assert all((row := store.answer(a)) is not None and len(row.question) == 2000 for a in saved)
    with closing(sqlite3.connect(_file(url))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        votes = set(connection.execute("SELECT answer_id FROM feedback WHERE length(comment) = 1000"))
        pairs = set(connection.execute("SELECT answer_id FROM pairs WHERE status = 'nominated'"))
    assert {(answer_id,) for answer_id in voted} <= votes == pairs
