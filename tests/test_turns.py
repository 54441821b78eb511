"""Whose turn a run is: once a day, one at a time, taken over from the dead; also when many ask at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.records import LeaseRow, RunRow
from bot.store import Store
from kd_training.turns import GIVEN_UP, Refused, Turn, TurnLostError, orphaned, take
from tests.servers import PostgresServer, running

DAY = date(2026, 11, 22)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", patience=60) as opened:
        yield opened


def let_pass(store: Store) -> None:
    """What time does to the lease of a holder that died."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    store.write(lambda session: session.execute(update(LeaseRow).values(until=past)))


def taken(store: Store, day: date = DAY, again: bool = False) -> Turn:
    turn = take(store, "nightly", day, again)
    assert isinstance(turn, Turn), turn
    return turn


def test_a_run_is_taken_once_a_day(store: Store) -> None:
    first = taken(store)
    assert take(store, "nightly", DAY) == Refused("busy", DAY)
    assert take(store, "nightly", DAY + timedelta(days=1)) == Refused("busy", DAY)
    assert isinstance(take(store, "other", DAY), Turn)
    first.check()
    first.finish("promoted night-1")
    assert take(store, "nightly", DAY) == Refused("done", DAY, "promoted night-1")
    again = taken(store, again=True)
    again.finish("nothing new")
    assert take(store, "nightly", DAY) == Refused("done", DAY, "nothing new")
    taken(store, DAY + timedelta(days=1))


def test_a_run_whose_holder_died_is_taken_over(store: Store) -> None:
    assert orphaned(store, "nightly") is None
    dead = taken(store)
    assert orphaned(store, "nightly") is None
    let_pass(store)
    assert orphaned(store, "nightly") == DAY
    heir = taken(store)
    assert heir.holder != dead.holder
    dead.finish("late")  # who lost the turn writes nothing
    assert take(store, "nightly", DAY) == Refused("busy", DAY)
    heir.finish("promoted")
    assert orphaned(store, "nightly") is None


def test_a_run_that_was_stopped_is_free_at_once(store: Store) -> None:
    stopped = taken(store)
    stopped.let_go()
    assert orphaned(store, "nightly") == DAY
    heir = taken(store)
    stopped.let_go()  # what is another's stays
    assert take(store, "nightly", DAY) == Refused("busy", DAY)
    heir.finish("promoted")


def test_who_lost_the_turn_is_told(store: Store) -> None:
    slow = take(store, "nightly", DAY, lease=0.2)
    assert isinstance(slow, Turn)
    let_pass(store)
    taken(store)
    with slow.held(), pytest.raises(TurnLostError):
        deadline = threading.Event()
        while not deadline.wait(0.02):
            slow.check()


def test_a_turn_is_renewed_while_it_is_held(store: Store) -> None:
    turn = take(store, "nightly", DAY, lease=30.0)
    assert isinstance(turn, Turn)
    before = store.read(lambda session: session.get(LeaseRow, "nightly"))
    assert before is not None
    store.write(turn._extend)
    after = store.read(lambda session: session.get(LeaseRow, "nightly"))
    assert after is not None and after.until > before.until
    turn.check()


def test_a_run_that_nobody_finished_is_given_up_when_a_later_one_begins(store: Store) -> None:
    taken(store)
    let_pass(store)
    taken(store, DAY + timedelta(days=1)).finish("nothing new")
    assert orphaned(store, "nightly") is None
    outcomes = store.read(lambda session: dict(session.execute(select(RunRow.day, RunRow.outcome)).tuples().all()))
    assert outcomes == {DAY: GIVEN_UP, DAY + timedelta(days=1): "nothing new"}


def rush(url: str) -> None:
    """Many replicas want the same run at once, and then the one of a holder that died."""
    stores = [Store.open(url, patience=60) for _ in range(6)]
    try:
        for _ in range(2):
            barrier, turns = threading.Barrier(len(stores)), list[Turn | Refused]()

            def want(store: Store, barrier: threading.Barrier = barrier, turns: list[Turn | Refused] = turns) -> None:
                barrier.wait()
                turns.append(take(store, "nightly", DAY))

            threads = [threading.Thread(target=want, args=(store,)) for store in stores]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sum(isinstance(turn, Turn) for turn in turns) == 1
            assert len(turns) == len(stores)
            let_pass(stores[0])
    finally:
        for store in stores:
            store.close()


def test_of_many_on_one_file_one_gets_the_turn(tmp_path: Path) -> None:
    rush(f"sqlite:///{tmp_path / 'state.db'}")


@pytest.mark.slow
@pytest.mark.needs("postgresql")
def test_of_many_on_postgresql_one_gets_the_turn() -> None:
    with running(PostgresServer) as server:
        with server.admin() as connection:
            connection.execute("CREATE DATABASE state")
        rush(server.url("state"))
