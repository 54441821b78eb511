"""kill -9 in the middle of votes, admissions, reviews and removals: nothing acknowledged is lost, nothing is half."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.records import FeedbackRow, PairRow, RemovedUserRow, VerdictRow
from bot.store import Store
from kd_training.pairs import admitted_pairs
from tests.servers import PostgresServer, running
from tests.store_shop import shop, state_url
from tests.vouching import COUNT, People, ground

ROOT = Path(__file__).resolve().parent.parent
# Says what it has done after it has done it. Questions of its own, so that no two runs meet.
WORKING = """
import sys
from bot.database import connect
from bot.store import Store
from kd_training.pairs import remove_user
from tests.vouching import COUNT, REVIEWER, People, ground
database, run = connect(sys.argv[2]), sys.argv[3]
people = People(Store.open(sys.argv[1]), ground(database))
print("ready", flush=True)
for n in range(10_000):
    question = f"how many items, {run} {n}"
    answer = people.ask(question, COUNT)
    for user in ("u1", "u2", f"x{run}-{n}"):
        people.up(answer, user)
        print("vote", answer, user, flush=True)
    if n % 2:
        people.admit(student={question: COUNT})
        print("night", answer, flush=True)
    else:
        waiting = people.review.queue(REVIEWER)
        people.review.approve(waiting[-1].id, REVIEWER)
        print("approved", waiting[-1].id, flush=True)
    remove_user(people.store, f"x{run}-{n}")
    print("removed", f"x{run}-{n}", flush=True)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.needs("postgresql")])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new memory."""
    if request.param == "sqlite":
        yield state_url(tmp_path)
        return
    with running(PostgresServer) as server:
        with server.admin() as connection:
            connection.execute("CREATE DATABASE memory")
        yield server.url("memory")


def test_a_kill_loses_nothing_that_was_acknowledged_and_leaves_nothing_half(url: str, tmp_path: Path) -> None:
    database = shop(tmp_path)
    said: list[list[str]] = []
    for run, wait in enumerate((0.0, 0.003, 0.011, 0.023, 0.041)):
        line = [sys.executable, "-c", WORKING, url, database.url, str(run)]
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            begun = [process.stdout.readline() for _ in range(8 + 3 * run)]
            time.sleep(wait)  # wherever this falls
            process.send_signal(signal.SIGKILL)
            said += [text.split() for text in (*begun, *process.stdout.readlines())]
    assert sum(words[0] == "vote" for words in said) > 20
    with Store.open(url) as store:
        check(store, said)
        people = People(store, ground(database))
        people.admit(student={pair.question: COUNT for pair in people.pairs()})
        check(store, said)
    database.close()


def check(store: Store, said: list[list[str]]) -> None:
    """Everything acknowledged is there, and every pair is wholly what it is."""

    def rows(kind: type[PairRow | VerdictRow | FeedbackRow | RemovedUserRow]) -> list[object]:
        return store.read(lambda session: list(session.scalars(select(kind))))

    votes = {(row.answer_id, row.user_id) for row in rows(FeedbackRow) if isinstance(row, FeedbackRow)}
    pairs = {row.id: row for row in rows(PairRow) if isinstance(row, PairRow)}
    verdicts = {row.pair_id: row for row in rows(VerdictRow) if isinstance(row, VerdictRow)}
    gone = {row.user_id for row in rows(RemovedUserRow) if isinstance(row, RemovedUserRow)}
    for kind, *what in said:
        if kind == "vote":
            assert tuple(what) in votes
        elif kind == "removed":
            assert what[0] in gone
        elif kind == "approved":
            assert pairs[int(what[0])].status == "admitted"
    assert {(pair.answer_id, pair.user_id) for pair in pairs.values()} == votes, "a vote and its pair are one"
    for pair in pairs.values():
        if pair.status == "admitted":
            assert verdicts[pair.id].basis, "why it is in is kept with it"
        if pair.user_id in gone:
            assert pair.status == "withdrawn"
    admitted = {pair.id for pair in pairs.values() if pair.status == "admitted"}
    assert {id for pair in admitted_pairs(store) for id in pair.pairs} == admitted
