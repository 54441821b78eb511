"""Questions that chat doors took on: once each, one at a time in a conversation, taken over from who is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.accepted import BUSY, KEPT, Accepted, Held, Incoming, Rates, TurnedAway
from bot.records import QuestionRow
from bot.store import Store

ASKED = Incoming("chat", "E1", "how many?", "ann", "C1", "T1", {"ts": "1.2"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}") as opened:
        yield opened


def taken(outcome: Held | TurnedAway) -> Held:
    assert isinstance(outcome, Held)
    return outcome


def test_what_is_sent_twice_is_taken_on_once(store: Store) -> None:
    one, two = Accepted(store), Accepted(store)
    held = taken(one.accept(ASKED))
    for again in (one.accept(ASKED), two.accept(ASKED), two.accept(replace(ASKED, thread="T2"))):
        assert isinstance(again, TurnedAway) and again.code == "repeated"
    assert one.finish(held, "answered", "a1")
    assert isinstance(two.accept(ASKED), TurnedAway)
    assert isinstance(two.accept(replace(ASKED, door="other")), Held)


def test_many_replicas_that_hear_the_same_events_at_the_same_moment(store: Store) -> None:
    replicas = [Accepted(store, Rates(1000, 1000)) for _ in range(4)]
    barrier = threading.Barrier(4)

    def hear(replica: Accepted) -> int:
        barrier.wait()
        outcomes = [replica.accept(replace(ASKED, event_id=f"E{n}", thread=f"T{n}")) for n in range(20)]
        return sum(isinstance(outcome, Held) for outcome in outcomes)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(hear, replicas)) == 20
    assert store.read(lambda session: session.scalar(select(func.count()).select_from(QuestionRow))) == 20


def test_a_crowd_is_taken_on_as_if_one_came_after_another(store: Store) -> None:
    accepted = Accepted(store, Rates(user=4, channel=100))
    crowd = [
        ASKED, ASKED, replace(ASKED, event_id="E2"),  # sent twice, and asked while the first is worked on
        *(replace(ASKED, event_id=f"E{n}", thread=f"T{n}") for n in range(3, 7)),
    ]  # fmt: skip
    outcomes = accepted.accept_all(crowd)
    assert [o.code if isinstance(o, TurnedAway) else o.incoming.event_id for o in outcomes[:3]] == [
        "E1", "repeated", "busy"
    ]  # fmt: skip
    assert [o.incoming.event_id if isinstance(o, Held) else o.code for o in outcomes[3:]].count("user-rate") == 1
    assert sum(isinstance(o, Held) for o in outcomes) == 4 and accepted.accept_all([]) == []


def test_a_conversation_waits_for_one_answer_at_a_time(store: Store) -> None:
    one, two = Accepted(store), Accepted(store)
    held = taken(one.accept(ASKED))
    busy = two.accept(replace(ASKED, event_id="E2", user="bob"))
    assert busy == TurnedAway("busy", BUSY, held.id)
    assert isinstance(two.accept(replace(ASKED, event_id="E3", thread="T2")), Held)
    assert one.finish(held, "failed")
    assert not one.finish(held, "answered", "late")
    assert isinstance(two.accept(replace(ASKED, event_id="E4")), Held)


def test_who_asked_can_end_the_wait_and_nobody_else(store: Store) -> None:
    one, two = Accepted(store), Accepted(store)
    held = taken(one.accept(ASKED))
    assert two.cancel(held.id, "bob") is None
    ended = two.cancel(held.id, "ann")
    assert ended is not None and ended.reply == {"ts": "1.2"}
    assert two.cancel(held.id, "ann") is None and two.cancel(999, "ann") is None
    assert not one.keep(held) and not one.finish(held, "answered", "a1") and not one.note(held, {})
    assert isinstance(one.accept(replace(ASKED, event_id="E2")), Held)


def test_people_and_channels_have_a_rate_over_all_replicas(store: Store) -> None:
    one, two = Accepted(store, Rates(user=2, channel=3)), Accepted(store, Rates(user=2, channel=3))
    asked = [replace(ASKED, event_id=f"E{n}", thread=f"T{n}") for n in range(9)]
    assert isinstance(one.accept(asked[0]), Held) and isinstance(two.accept(asked[1]), Held)
    often = one.accept(asked[2])
    assert isinstance(often, TurnedAway) and often.code == "user-rate" and "2 questions" in often.message
    assert isinstance(two.accept(replace(asked[3], user="bob")), Held)
    crowded = two.accept(replace(asked[4], user="cid"))
    assert isinstance(crowded, TurnedAway) and crowded.code == "channel-rate"
    assert isinstance(one.accept(replace(asked[5], user="cid", channel="")), Held)
    assert isinstance(one.accept(replace(asked[6], user="cid", channel="")), Held)
    minute = update(QuestionRow).values(accepted_at=datetime.now(UTC) - timedelta(minutes=2))
    store.write(lambda session: session.execute(minute).closed)
    assert isinstance(one.accept(asked[7]), Held)


def test_a_question_whose_replica_fell_silent_comes_to_one_other(store: Store) -> None:
    gone, other, third = Accepted(store, lease=timedelta(0)), Accepted(store), Accepted(store)
    held = taken(gone.accept(ASKED))
    assert gone.note(held, {"ts": "1.2", "message": "3.4"})
    assert other.orphans("another") == []
    found = [*other.orphans("chat"), *third.orphans("chat")]
    assert [(f.id, f.attempts, f.reply["message"]) for f in found] == [(held.id, 2, "3.4")]
    assert not gone.keep(held) and not gone.finish(held, "answered", "a1")
    assert other.finish(found[0], "answered", "a2", [{"words": "w"}])
    known = third.of_answer("a2")
    assert known is not None and known[1] == [{"words": "w"}] and known[0].incoming.question == "how many?"
    assert third.of_answer("a1") is None and third.orphans("chat") == []


def test_a_replica_that_stops_leaves_its_questions_at_once(store: Store) -> None:
    one, other = Accepted(store), Accepted(store)
    taken(one.accept(ASKED))
    assert other.orphans("chat") == []
    one.let_go()
    assert [held.attempts for held in other.orphans("chat")] == [1]


def test_a_conversation_is_known_and_old_questions_are_forgotten(store: Store) -> None:
    accepted = Accepted(store)
    held = taken(accepted.accept(ASKED))
    assert accepted.engaged("chat", "C1", "T1")
    assert not accepted.engaged("chat", "C1", "T2") and not accepted.engaged("chat", "C2", "T1")
    assert accepted.finish(held, "answered", "a1") and accepted.forget_old() == 0
    old = update(QuestionRow).values(finished_at=datetime.now(UTC) - KEPT - timedelta(days=1))
    store.write(lambda session: session.execute(old).closed)
    assert accepted.forget_old() == 1 and not accepted.engaged("chat", "C1", "T1")


def test_texts_that_no_database_keeps_and_ids_of_any_length(store: Store) -> None:
    odd = Incoming("chat", "E" * 900, "how\x00 many \ud83d?", "ann", reply={"text": "\x00\ud83d"})
    accepted = Accepted(store)
    held = taken(accepted.accept(odd))
    assert "\x00" not in held.incoming.question
    assert isinstance(accepted.accept(odd), TurnedAway)
