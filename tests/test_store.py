"""Mynah's memory on real files: what is kept is whole, and what goes wrong is said in a sentence."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.records import AnswerRow, FeedbackRow, RunRow
from bot.store import Store, StoreError
from tests.store_shop import answer, state_url

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def url(tmp_path: Path) -> str:
    return state_url(tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _count(store: Store) -> int:
    return store.read(lambda session: session.scalar(select(func.count()).select_from(AnswerRow)) or 0)


def test_an_answer_is_kept_as_it_was_given(store: Store) -> None:
    given = answer()
    store.save(given, door="slack", user_id="U1", channel_id="C1", thread_id="17.5")
    kept = store.answer(given.id)
    assert kept is not None
    assert (kept.question, kept.sql) == (given.question, given.sql)
    assert (kept.status, kept.short, kept.message, kept.code) == ("answered", "count", "", "")
    assert (kept.door, kept.user_id, kept.channel_id, kept.thread_id) == ("slack", "U1", "C1", "17.5")
    assert (kept.confidence, kept.candidate, kept.student_version) == (0.9, 0, "v1")
    assert (kept.row_count, kept.truncated, kept.timings) == (1, False, {"link": 0.5, "total": 12.25})
    assert kept.asked_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - kept.asked_at) < timedelta(minutes=1)


def test_a_refused_answer_has_no_sql_and_no_rows(store: Store) -> None:
    given = answer(status="refused", sql=None)
    store.save(given, door="web")
    kept = store.answer(given.id)
    assert kept is not None
    assert (kept.sql, kept.row_count, kept.truncated, kept.user_id) == (None, None, False, "")


def test_saving_twice_keeps_the_first(store: Store) -> None:
    given = answer()
    store.save(given, door="web", user_id="one")
    store.save(given, door="slack", user_id="two")
    kept = store.answer(given.id)
    assert kept is not None and kept.user_id == "one"
    assert _count(store) == 1


def test_the_memory_survives_closing(url: str) -> None:
    given = answer()
    with Store.open(url) as store:
        store.save(given, door="web")
    with Store.open(url) as store:
        assert store.answer(given.id) is not None
        assert store.answer("unknown") is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(st.characters(), max_size=60), user=st.text(st.characters(), max_size=20))
def test_any_text_can_be_kept(store: Store, question: str, user: str) -> None:
    given = answer(question)
    store.save(given, door="terminal", user_id=user)
    kept = store.answer(given.id)
    assert kept is not None
    expected = "".join("?" if "\ud800" <= c <= "\udfff" else "\ufffd" if c == "\0" else c for c in question)
    assert kept.question == expected


def test_folder_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "state.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.save(answer(), door="web")
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_is_set_up_to_be_shared(store: Store, url: str) -> None:
    with closing(sqlite3.connect(_file(url))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    def orphan(session: Session) -> None:
        now = datetime.now(UTC)
        session.add(FeedbackRow(answer_id="none", user_id="u", vote=1, at=now, updated_at=now))

    with pytest.raises(StoreError) as caught:
        store.write(orphan)
    assert isinstance(caught.value.__cause__, IntegrityError)  # foreign keys are on


def test_a_run_is_claimed_once(store: Store) -> None:
    def claim(session: Session) -> None:
        session.add(RunRow(job="nightly", day=datetime.now(UTC).date(), started_at=datetime.now(UTC)))

    store.write(claim)
    with pytest.raises(StoreError):
        store.write(claim)


def test_work_that_raises_leaves_nothing(store: Store) -> None:
    given = answer()

    def work(session: Session) -> None:
        session.add(FeedbackRow(answer_id="none", user_id="u", vote=1))
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        store.write(work)
    store.save(given, door="web")
    assert _count(store) == 1


def test_many_threads_and_two_stores_on_one_file(store: Store, url: str) -> None:
    with Store.open(url) as second, ThreadPoolExecutor(8) as threads:
        answers = [answer(f"question {n}") for n in range(120)]
        list(threads.map(lambda n: (store, second)[n % 2].save(answers[n], door="web"), range(120)))
        found = list(threads.map(lambda a: store.answer(a.id), answers))
    assert [row.question for row in found if row] == [a.question for a in answers]


def test_the_same_answer_saved_by_many_at_the_same_moment(store: Store) -> None:
    given, barrier = answer(), threading.Barrier(6)

    def save(n: int) -> None:
        barrier.wait()
        store.save(given, door="web", user_id=str(n))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(save, range(6)))
    assert _count(store) == 1


def test_a_store_in_memory_is_one_for_all_threads() -> None:
    with Store.open("sqlite://") as store, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: store.save(answer(), door="web"), range(12)))
        assert _count(store) == 12


def test_a_locked_file_is_tried_for_as_long_as_patience_lasts(url: str) -> None:
    with Store.open(url, patience=0.6) as store, closing(sqlite3.connect(_file(url))) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreError, match="try again") as caught:
            store.save(answer(), door="web")
        assert caught.value.kind == "locked"
        assert 0.5 < time.monotonic() - started < 4
        assert _count(store) == 0  # reading does not wait for who writes
        other.execute("ROLLBACK")
        store.save(answer(), door="web")
        assert _count(store) == 1


def test_a_lock_that_is_let_go_in_time_is_not_noticed(store: Store, url: str) -> None:
    with closing(sqlite3.connect(_file(url), check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(1.0, other.execute, ["ROLLBACK"])
        timer.start()
        store.save(answer(), door="web")
        timer.join()
    assert _count(store) == 1


def test_a_deleted_or_replaced_file_is_noticed(store: Store, url: str) -> None:
    path, given, later = _file(url), answer(), answer()
    store.save(given, door="web")
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    for file in path.parent.glob("state.db*"):
        file.unlink()
    store.save(later, door="web")
    assert store.answer(given.id) is None
    with Store.open(url) as second:
        assert second.answer(later.id) is not None
    for file in path.parent.glob("state.db-*"):
        file.unlink()
    copy.replace(path)
    assert store.answer(given.id) is not None


LIGHT = """
import sys
from bot.store import Store
with Store.open(sys.argv[1]) as store:
    store.answer("none")
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_opening_an_up_to_date_memory_imports_little(store: Store, url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, url], capture_output=True, text=True, check=True, cwd=ROOT
    )
    imported = set(done.stdout.split())
    assert "sqlalchemy" in imported
    assert not imported & {"alembic", "sqlglot", "onnxruntime", "numpy", "pydantic", "llguidance"}
