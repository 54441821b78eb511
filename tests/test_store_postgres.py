"""The same memory on a real PostgreSQL server, started for the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.accepted import Accepted, Held, Incoming, Rates
from bot.answer import Answer
from bot.database import Database
from bot.feedback import Rejected, Tally
from bot.records import VERSION_TABLE, Record
from bot.store import Store, StoreError
from bot.store_engine import make_engine, parse_url
from tests.store_shop import OTHER, SQL, answer, feedback, live, shop, votes

ROOT = Path(__file__).resolve().parent.parent

pytest.importorskip("psycopg")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("initdb"), reason="needs PostgreSQL's programs"),
]


def _as_server(*command: str) -> None:
    """Run one of PostgreSQL's programs; they refuse to run as root."""
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run([*drop, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server without any database of ours, up to the database's name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        data = folder / "data"
        _as_server("initdb", "-D", str(data), "-U", "mynah", "--auth=trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _as_server("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://mynah:s3cret-word@/{{}}?host={folder}"
        finally:
            _as_server("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """The URL of a new, empty database."""
    name = f"state_{abs(hash(request.node.name))}"
    engine = make_engine(parse_url(server.format("postgres")), 5.0)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.format(name)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = shop(tmp_path)
    yield database
    database.close()


def test_models_and_migrated_tables_do_not_differ(url: str) -> None:
    Store.open(url).close()
    engine = make_engine(parse_url(url), 5.0)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Record.metadata) == []
    engine.dispose()


def test_replicas_that_open_a_new_memory_at_the_same_moment(url: str) -> None:
    barrier = threading.Barrier(4)

    def replica(n: int) -> bool:
        barrier.wait()
        with Store.open(url) as store:
            given = answer(f"question {n}\0\ud800")
            store.save(given, door="web")
            kept = store.answer(given.id)
            assert kept is not None and kept.asked_at.tzinfo is not None
            return kept.question == f"question {n}\ufffd?"

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(replica, range(4))) == [True] * 4


OPENING = """
import sys
import bot.migrations
from bot.store import Store
print("ready", flush=True)
sys.stdin.readline()
Store.open(sys.argv[1]).close()
"""


def test_processes_that_open_a_new_memory_at_the_same_moment(url: str) -> None:
    line, pipe = [sys.executable, "-c", OPENING, url], subprocess.PIPE
    processes = [
        subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[1] for process in processes] == [""] * 4


def test_votes_and_corrections_of_the_same_moment(url: str, database: Database) -> None:
    with Store.open(url) as one, Store.open(url) as two, ThreadPoolExecutor(8) as threads:
        both = (feedback(one, database), feedback(two, database))
        for _ in range(5):
            asked = answer()
            one.save(asked, door="web")
            outcomes = list(threads.map(lambda n, a=asked.id: both[n % 2].vote(a, f"u{n % 3}", 1), range(24)))
            assert all(isinstance(o, Tally) and o.mine == 1 for o in outcomes)
            assert len(votes(one, asked.id)) == 3
            assert live(two, asked.id) == {(f"u{n}", "vote", SQL) for n in range(3)}
            list(threads.map(lambda n, a=asked.id: both[n % 2].correct(a, "u9", OTHER), range(8)))
            assert live(two, asked.id) == {("u9", "correction", OTHER)}


def test_the_same_answer_saved_by_many_at_the_same_moment(url: str) -> None:
    with Store.open(url) as store, ThreadPoolExecutor(6) as threads:
        for _ in range(5):
            given, barrier = answer(), threading.Barrier(6)

            def save(n: int, given: Answer = given, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                store.save(given, door="web", user_id=str(n))

            list(threads.map(save, range(6)))
            assert store.answer(given.id) is not None


def test_a_vote_and_a_correction_of_the_same_moment(url: str, database: Database) -> None:
    """Each must see the other: the correction outweighs the vote, whichever comes first."""
    with Store.open(url) as store, ThreadPoolExecutor(2) as threads:
        said, barrier = feedback(store, database), threading.Barrier(2)
        for _ in range(20):
            asked = answer()
            store.save(asked, door="web")

            def change(kind: str, asked: Answer = asked) -> object:
                barrier.wait()
                return said.vote(asked.id, "u1", 1) if kind == "vote" else said.correct(asked.id, "u2", OTHER)

            list(threads.map(change, ["vote", "correct"]))
            assert live(store, asked.id) == {("u2", "correction", OTHER)}


def test_another_programs_tables_are_left_alone(url: str) -> None:
    engine = make_engine(parse_url(url), 5.0)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE invoices (id int)")
    engine.dispose()
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert caught.value.kind == "foreign"


def test_a_database_that_is_not_there(server: str) -> None:
    with pytest.raises(StoreError) as caught:
        Store.open(server.format("nowhere"))
    assert caught.value.kind in ("missing", "unreachable")
    assert "s3cret" not in caught.value.message + caught.value.detail


def test_a_lock_that_another_holds_is_waited_for_within_bounds(url: str, database: Database) -> None:
    with Store.open(url, patience=0.5) as store:
        asked = answer()
        store.save(asked, door="web")
        engine = make_engine(parse_url(url), 5.0)
        with engine.begin() as connection:
            connection.exec_driver_sql("LOCK TABLE answers")
            refused = feedback(store, database).vote(asked.id, "u1", 1)
            assert isinstance(refused, Rejected) and refused.code == "memory-locked"
        engine.dispose()
        assert feedback(store, database).vote(asked.id, "u1", 1) == Tally(1, 0, 1)


def test_a_role_that_may_only_read(url: str) -> None:
    Store.open(url).close()
    engine = make_engine(parse_url(url), 5.0)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE ROLE reader LOGIN")
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    engine.dispose()
    with Store.open(url.replace("mynah:", "reader:")) as store, pytest.raises(StoreError) as caught:
        store.save(answer(), door="web")
    assert caught.value.kind == "read_only"


def test_questions_that_replicas_hear_at_the_same_moment(url: str) -> None:
    """Each event is taken on once, and what one replica left comes to one other."""
    stores = [Store.open(url) for _ in range(4)]
    replicas = [Accepted(store, Rates(1000, 1000), timedelta(0)) for store in stores]
    barrier = threading.Barrier(4)

    def hear(replica: Accepted) -> tuple[int, int]:
        barrier.wait()
        asked = [Incoming("chat", f"E{n}", "how many?", "ann", "C1", f"T{n % 12}") for n in range(24)]
        outcomes = [o for some in (asked[:8], asked[:7:-1]) for o in replica.accept_all(some)]
        barrier.wait()
        return sum(isinstance(o, Held) for o in outcomes), len(replica.orphans("chat"))

    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(hear, replicas))
    assert sum(held for held, _ in counts) == 12  # one for each conversation
    assert sum(left for _, left in counts) >= 12
    held = [h for r in replicas[:1] for h in r.orphans("chat")]
    assert replicas[0].finish(held[0], "answered", "a1") and not replicas[1].finish(held[0], "failed")
    for store in stores:
        store.close()
