"""The desk as chat doors use it: databases by channel, and the rights of whoever presses a button."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.chat_desk import ELSEWHERE, NO_READING, OTHER_DATABASE, ChatDesk, Found, readings_kept
from adapters.desk import Asked, Desk
from bot.accepted import Held, Incoming
from bot.access import Asker
from bot.answer import Answer, Reading
from bot.config import ConfigError, load_settings
from bot.feedback import UNKNOWN, Corrected, Rejected, Tally
from tests.chat_places import SHOPS_THERE, WAREHOUSE, chat_settings, open_chat_desk
from tests.tiny_student import CITIES, Tiny

ANN = Asker("ann", channel="C1", door="chat")
BOB = replace(ANN, user="bob")
SHOPS, AMOUNTS = "how many shops do we have?", "total amount by city"


@pytest.fixture(scope="module")
def desk(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatDesk]:
    opened = open_chat_desk(chat_settings(tiny, tmp_path_factory.mktemp("chat")))
    yield opened
    opened.desk.close()


def found(desk: ChatDesk, answer: Answer, asker: Asker = ANN) -> Found:
    outcome = desk.find(answer.id, asker)
    assert isinstance(outcome, Found)
    return outcome


def test_each_channel_asks_its_own_database(desk: ChatDesk) -> None:
    here = desk.ask(SHOPS, ANN, "T1").answer
    there = desk.ask(SHOPS, replace(ANN, channel=WAREHOUSE)).answer
    assert here.result and here.result.rows == ((len(CITIES),),)
    assert there.result and there.result.rows == ((SHOPS_THERE,),)
    assert (found(desk, here).database, found(desk, here).thread) == ("", "T1")
    known = found(desk, there)
    assert (known.database, known.channel) == ("warehouse", WAREHOUSE)
    again = desk.run_again(known, ANN)
    assert isinstance(again, Answer) and again.result and again.result.rows == there.result.rows
    assert isinstance(desk.correct(known, ANN, "SELECT COUNT(*) FROM shops"), Corrected)


def test_an_answer_is_found_by_who_asked_and_in_its_channel(desk: ChatDesk) -> None:
    answer = desk.ask(SHOPS, ANN).answer
    assert found(desk, answer, BOB).answer.question == SHOPS
    assert found(desk, answer, replace(ANN, channel="elsewhere")).user == "ann"
    assert desk.find(answer.id, replace(BOB, channel="C2")) == ELSEWHERE
    assert desk.find(answer.id, replace(BOB, channel="")) == ELSEWHERE
    assert desk.find(answer.id, replace(ANN, door="other")) == UNKNOWN
    assert desk.find("nothing", ANN) == UNKNOWN


def test_rows_are_run_again_under_the_rights_of_who_asks_for_them(desk: ChatDesk) -> None:
    known = found(desk, desk.ask(AMOUNTS, ANN).answer)
    assert isinstance(desk.run_again(known, BOB), Answer)
    closed = desk.run_again(known, replace(ANN, user="intern"))
    assert isinstance(closed, Rejected) and "amount" in closed.message
    assert isinstance(desk.share(known, replace(ANN, user="intern"), "C2"), Rejected)
    assert isinstance(desk.correct(known, replace(ANN, user="intern"), known.answer.sql or ""), Rejected)
    assert desk.ask(AMOUNTS, replace(ANN, user="intern")).answer.status == "refused"


def test_what_is_shared_is_what_may_be_seen_there(desk: ChatDesk) -> None:
    known = found(desk, desk.ask(AMOUNTS, ANN).answer)
    shared = desk.share(known, ANN, "C2", "T9")
    assert isinstance(shared, Asked) and shared.answer.id != known.answer.id
    assert found(desk, shared.answer, replace(BOB, channel="C2")).thread == "T9"
    assert isinstance(desk.share(known, ANN, "C-LOBBY"), Rejected)
    assert desk.share(known, ANN, WAREHOUSE) == OTHER_DATABASE


def test_a_vote_is_changed_and_taken_back(desk: ChatDesk) -> None:
    known = found(desk, desk.ask(SHOPS, ANN).answer)
    assert desk.vote(known, ANN, 1) == Tally(1, 0, 1)
    assert desk.vote(known, BOB, -1, "why?") == Tally(1, 1, -1)
    assert desk.vote(known, BOB, 0) == Tally(1, 0, 0)


def test_a_pick_is_noted_and_kept_as_an_answer(desk: ChatDesk) -> None:
    first = Reading("the number of shops", "SELECT COUNT(*) FROM shops", "", 0.4)
    second = Reading("the number of sales", "SELECT COUNT(*) FROM sales", "", 0.3)
    unsure = Answer("unsure-1", "how many?", "unsure", "", first.sql, readings=(first, second))
    desk.desk.memory().save(unsure, door="chat", user_id="ann", channel_id="C1", thread_id="T1")
    held = desk.accepted().accept(Incoming("chat", "E-pick", "how many?", "ann", "C1", "T1"))
    assert isinstance(held, Held)
    desk.accepted().finish(held, "answered", unsure.id, readings_kept(unsure))
    known = found(desk, unsure, BOB)
    assert known.answer.readings == (first, second)
    picked = desk.pick(known, 1, BOB)
    assert isinstance(picked, Asked) and picked.answer.result and picked.answer.result.rows == ((1500,),)
    assert found(desk, picked.answer, ANN).thread == "T1"
    assert desk.pick(known, 2, BOB) == NO_READING
    assert isinstance(desk.pick(known, 0, BOB), Asked)
    assert isinstance(desk.pick(known, 1, replace(BOB, channel="C-LOBBY")), Rejected)
    tally = desk.vote(known, ANN, 0)
    assert isinstance(tally, Tally) and tally.up == 1


def test_a_channel_whose_database_cannot_be_opened_says_so_and_the_others_go_on(tiny: Tiny, tmp_path: Path) -> None:
    settings = chat_settings(tiny, tmp_path / "chat")
    (tmp_path / "chat" / "warehouse.db").unlink()
    desk = open_chat_desk(settings)
    there = desk.ask(SHOPS, replace(ANN, channel=WAREHOUSE)).answer
    assert there.status == "failed" and "warehouse.db" in there.message
    assert desk.ask(SHOPS, ANN).answer.status == "answered"
    desk.desk.close()


def test_an_answer_of_a_database_that_was_taken_out(tiny: Tiny, tmp_path: Path) -> None:
    settings = chat_settings(tiny, tmp_path / "chat")
    desk = open_chat_desk(settings)
    answer = desk.ask(SHOPS, replace(ANN, channel=WAREHOUSE)).answer
    desk.desk.close()
    without = ChatDesk(Desk(settings.model_copy(update={"databases": {}})))
    outcome = without.find(answer.id, ANN)
    assert isinstance(outcome, Rejected) and outcome.code == "no-database"
    without.desk.close()


@pytest.mark.parametrize("channels", [["slack"], ["slack:"], [":C1"], ["slack:C1", "slack:C1"]])
def test_channels_that_make_no_sense_are_wrong_settings(channels: list[str], tmp_path: Path) -> None:
    place = {"channels": channels, "database_url": "x.db", "student_dir": tmp_path}
    with pytest.raises(ConfigError, match="databases"):
        load_settings(databases={"x": place})
