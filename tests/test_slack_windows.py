"""Slack's message shortcut, a reviewer's edit of a pair, and an answer shared to a chosen channel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from sqlalchemy import select

from adapters.slack.blocks.answers import answer_id_of
from adapters.slack.limits import faults
from adapters.slack.listeners import windows
from adapters.slack.listeners.messages import SHORTCUT
from bot.records import PairRow
from tests.chat_places import WAREHOUSE
from tests.local_slack import ANN, BOB, BOT, DM, SALES, finished, local_slack
from tests.slack_door import opened, slack_settings
from tests.test_slack_feedback import Open, holds, until
from tests.tiny_student import Tiny

pytestmark = [pytest.mark.needs("local-slack"), pytest.mark.asyncio(loop_scope="module")]
SHOPS, CITIES = "how many shops do we have?", "total amount by city"
LOBBY = "C-LOBBY"  # where the access rules show shops alone


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    folder = tmp_path_factory.mktemp("slack")
    async with local_slack() as slack:
        settings = slack_settings(tiny, folder, slack, reviewers=(f"slack:{BOB}",))
        async with opened(settings, slack) as desk:
            yield Open(slack, desk)


async def said(door: Open, text: str, user: str = ANN) -> dict[str, Any]:
    """A message that somebody wrote, without a mention."""
    stamp = await door.slack.write(text, user)
    return {"type": "message", "ts": stamp, "text": text, "user": user, "channel": SALES}


async def test_ask_mynah_asks_what_a_message_says_and_answers_in_its_thread(door: Open) -> None:
    message = await said(door, SHOPS)
    assert await door.slack.shortcut(SHORTCUT, message, BOB) == 200
    answer = await door.slack.answer(message["ts"], "4 shops")
    assert answer["thread_ts"] == message["ts"]
    row = door.desk.memory().answer(answer_id_of(answer["blocks"]))
    assert row is not None and (row.user_id, row.channel_id, row.question) == (BOB, SALES, SHOPS)
    await door.slack.write(CITIES, ANN, SALES, message["ts"])  # the thread goes on without a mention
    assert "Nordport" in json.dumps(await door.slack.answer(message["ts"], count=2))


async def test_ask_mynah_on_a_message_without_words_says_what_to_do(door: Open) -> None:
    message = await said(door, " ")
    assert await door.slack.shortcut(SHORTCUT, message, BOB) == 200
    answer = await door.slack.answer(message["ts"])
    assert answer["text"].strip()


async def test_a_reviewer_edits_a_pair_and_its_errors_stand_in_the_window(door: Open) -> None:
    answer = await door.answered(CITIES)
    await door.slack.press(answer, "vote_up")
    await holds(lambda: door.votes(answer) == {ANN: 1})
    await door.slack.command("/mynah", "review", BOB)
    queue = await door.slack.until(lambda messages: next(
        (m for m in messages if "pair_edit" in json.dumps(m)), None
    ))  # fmt: skip

    def pairs() -> list[tuple[str, str]]:
        wanted = select(PairRow.status, PairRow.sql).where(PairRow.answer_id == answer_id_of(answer["blocks"]))
        return door.desk.memory().read(lambda s: [(status, sql) for status, sql in s.execute(wanted)])

    before = pairs()
    await door.slack.press(queue, "pair_edit", ANN)  # which her page does not show her
    assert "Only reviewers" in json.dumps(await door.window("Only reviewers"))
    await door.slack.press(queue, "pair_edit", BOB)
    view = await door.window("Edit a pair")
    assert faults(view["blocks"], view=True) == [] and CITIES in json.dumps(view)
    for wrong in ("DROP TABLE sales", "SELECT nothing FROM nowhere"):
        await door.slack.submit({"sql": wrong}, BOB)
        await door.window("Edit a pair")
        assert pairs() == before
    written = "SELECT city, SUM(amount) FROM sales JOIN shops ON shops.id = sales.shop_id GROUP BY city ORDER BY city"
    await door.slack.submit({"sql": written}, BOB)
    await holds(lambda: any(status == "admitted" and "GROUP BY" in sql for status, sql in pairs()))
    await until(lambda page: "Edit a pair" not in json.dumps(page["modalStack"][-1:]), door.slack)
    home = await until(lambda page: page["homeViews"].get(BOB), door.slack)
    assert "Nothing waits for a reviewer" in json.dumps(home)


async def test_what_takes_longer_than_slack_waits_is_said_in_the_window(
    door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "PATIENCE", 0.0)
    answer = await door.answered(SHOPS, BOB)
    for sql, said in (("SELECT nothing FROM nowhere", "nowhere"), ("SELECT COUNT(*) + 1 FROM shops", "gives 1 row")):
        await door.slack.press(answer, "correct", BOB)
        await door.window("What should the SQL have been?")
        await door.slack.submit({"why": "", "sql": sql}, BOB)
        await door.window(said)


async def shared_to(door: Open, channel: str, user: str = ANN) -> dict[str, Any]:
    """Share an answer of a conversation with the bot to a channel; the answer."""
    answer = await door.slack.answer(await door.slack.write(CITIES, ANN, DM), channel=DM)
    await door.slack.press(answer, "share", user)
    await door.window("Share an answer")
    await door.slack.submit({}, user, channel)
    return answer


def shared(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [m for m in messages if m["user"] == BOT and "thread_ts" not in m and f"<@{ANN}> asked" in json.dumps(m)
            and finished(m)]  # fmt: skip


async def test_an_answer_is_shared_to_a_channel_as_one_of_its_own(door: Open) -> None:
    answer = await shared_to(door, SALES)
    there = (await door.slack.until(shared))[0]
    assert "Nordport" in json.dumps(there) and answer_id_of(there["blocks"]) != answer_id_of(answer["blocks"])
    row = door.desk.memory().answer(answer_id_of(there["blocks"]))
    assert row is not None and (row.user_id, row.channel_id) == (ANN, SALES)


@pytest.mark.parametrize(("channel", "why"), [(LOBBY, "not open to you"), (WAREHOUSE, "asks another database")])
async def test_what_the_other_channel_may_not_see_is_not_shared(door: Open, channel: str, why: str) -> None:
    await shared_to(door, channel)
    await door.slack.whispered(why, ANN, DM)
    assert [a for a in door.slack.called("chat.postMessage") if a["channel"] == channel] == []


async def test_who_cannot_see_an_answer_cannot_share_it(door: Open) -> None:
    answer = await door.slack.answer(await door.slack.write(CITIES, ANN, DM), channel=DM)
    await door.slack.press(answer, "share")
    view = await door.window("Share an answer")
    before = len(shared(await door.slack.messages()))
    stolen = json.loads(json.dumps(answer).replace(DM, SALES))
    await door.slack.press(stolen, "share", BOB)
    await door.slack.whispered("given somewhere else", BOB)
    assert view["callback_id"] == "share" and len(shared(await door.slack.messages())) == before


async def test_where_the_bot_may_not_write_who_shares_hears_so(door: Open) -> None:
    refusal = {"ok": False, "error": "not_in_channel"}
    door.slack.answers["chat.postMessage"] = [
        lambda arguments: web.json_response(refusal) if arguments["channel"] == "C0LOBBY" else None
    ] * 5  # fmt: skip
    await shared_to(door, "C0LOBBY")
    await door.slack.whispered("Invite me", ANN, DM)
