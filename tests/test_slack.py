"""The Slack door against a real local Slack: every way to ask, and what the answers look like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from adapters.desk import Desk
from adapters.slack.blocks.answers import answer_id_of
from adapters.slack.limits import faults
from bot.accepted import Accepted, Held, Incoming, Rates
from bot.database import Limits, Result
from bot.databases.sqlite import SQLite
from tests.chat_places import WAREHOUSE
from tests.local_slack import ANN, BOB, BOT, DM, SALES, LocalSlack, finished, local_slack, refuse_blocks
from tests.slack_door import opened, slack_settings
from tests.tiny_student import Tiny

pytestmark = [pytest.mark.needs("local-slack"), pytest.mark.asyncio(loop_scope="module")]
SHOPS, CITIES = "how many shops do we have?", "total amount by city"
ALL, MONTHS = "list all sales", "total amount by month"


@dataclass
class Open:
    """The local Slack with one open door."""

    slack: LocalSlack
    desk: Desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    folder = tmp_path_factory.mktemp("slack")
    async with local_slack() as slack, opened(slack_settings(tiny, folder, slack), slack) as desk:
        yield Open(slack, desk)


def kinds(message: dict[str, Any]) -> list[str]:
    return [block["type"] for block in message["blocks"]]


async def test_a_mention_is_answered_in_its_thread_by_one_message(door: Open) -> None:
    asked = await door.slack.mention(SHOPS)
    answer = await door.slack.answer(asked, "4 shops")
    assert answer["thread_ts"] == asked and answer["text"] == "4 shops."
    assert kinds(answer) == ["header", "section", "rich_text", "actions", "context"]
    replies = [m for m in await door.slack.messages() if m.get("thread_ts") == asked]
    assert len(replies) == 1
    row = door.desk.memory().answer(answer_id_of(answer["blocks"]))
    assert row is not None and (row.door, row.user_id, row.channel_id, row.thread_id) == ("slack", ANN, SALES, asked)


async def test_a_thread_goes_on_without_a_mention_and_other_threads_are_left_alone(door: Open) -> None:
    elsewhere = await door.slack.write("good morning")
    await door.slack.write(SHOPS, BOB, SALES, elsewhere)
    asked = await door.slack.mention(SHOPS)
    await door.slack.answer(asked)
    await door.slack.write(CITIES, BOB, SALES, asked)
    answer = await door.slack.answer(asked, count=2)
    assert "data_table" in kinds(answer)
    await door.slack.mention("how many sales are there?", BOB, asked)
    await door.slack.answer(asked, count=3)
    assert [m for m in await door.slack.messages() if m.get("thread_ts") == elsewhere and m["user"] == BOT] == []


async def test_what_people_say_to_one_another_in_a_thread_is_not_asked(door: Open) -> None:
    asked = await door.slack.mention(SHOPS)
    await door.slack.answer(asked)
    for idle in ("Great, thank you! :tada:", f"<@{ANN}> {CITIES}", "<!here> look at this", ":+1:"):
        await door.slack.write(idle, BOB, SALES, asked)
    last = await door.slack.write(CITIES, BOB, SALES, asked)
    await door.slack.answer(asked, "Nordport")
    there = [m for m in await door.slack.messages() if m.get("thread_ts") == asked and m["user"] == BOT]
    assert len(there) == 2, last


async def test_who_only_says_hello_is_told_what_can_be_asked(door: Open) -> None:
    for hello in ("hello!", "Help"):
        before = len(door.slack.called("chat.postEphemeral"))
        await door.slack.mention(hello, BOB)
        await door.slack.until(lambda _, before=before: len(door.slack.called("chat.postEphemeral")) > before)
        note = door.slack.called("chat.postEphemeral")[-1]
        assert "Mention me in a channel" in json.dumps(note) and faults(note["blocks"], note["text"]) == []


async def test_a_direct_message_needs_no_mention(door: Open) -> None:
    asked = await door.slack.write(SHOPS, ANN, DM)
    assert "4 shops" in (await door.slack.answer(asked, channel=DM))["text"]


async def test_a_command_asks_and_its_answer_begins_a_thread(door: Open) -> None:
    await door.slack.command("/ask", SHOPS, BOB)

    def find(messages: list[dict[str, Any]]) -> Any:
        return next((m for m in messages if m["user"] == BOT and f"<@{BOB}> asked" in json.dumps(m["blocks"])
                     and finished(m)), None)  # fmt: skip

    answer = await door.slack.until(find)
    assert SHOPS in json.dumps(answer["blocks"]) and "thread_ts" not in answer
    await door.slack.write(CITIES, ANN, SALES, answer["ts"])
    assert "data_table" in kinds(await door.slack.answer(answer["ts"], count=2))


async def test_what_bots_write_and_people_edit_is_not_answered(door: Open) -> None:
    asked = await door.slack.mention(SHOPS)
    await door.slack.answer(asked)
    await door.slack.control("edit-message", channel=SALES, ts=asked, user=ANN, text=f"<@{BOT}> {CITIES}")
    await door.slack.write(SHOPS, BOT, SALES, asked)
    last = await door.slack.mention("how many sales are there?", BOB, asked)
    await door.slack.answer(asked, "1,500")
    replies = [m for m in await door.slack.messages() if m.get("thread_ts") == asked and m.get("blocks")]
    assert len(replies) == 2, last


async def test_many_rows_come_as_a_file_and_a_chart_where_slack_draws_none(door: Open) -> None:
    asked = await door.slack.mention(ALL)
    answer = await door.slack.answer(asked)
    assert "show_all" in json.dumps(answer["blocks"])
    files = await door.slack.until(lambda messages: [
        m for m in messages if m.get("thread_ts") == asked and m.get("files")
    ])  # fmt: skip
    assert [f["name"] for f in files[0]["files"]] == ["list-all-sales.csv"]
    asked = await door.slack.mention(MONTHS)
    assert "data_visualization" in kinds(await door.slack.answer(asked))


async def test_blocks_that_a_workspace_does_not_know_give_way(door: Open, tiny: Tiny, tmp_path: Any) -> None:
    async with local_slack() as old, opened(slack_settings(tiny, tmp_path / "old", old), old):
        refuse = refuse_blocks({"data_table", "data_visualization"})
        old.answers["chat.update"] = [refuse] * 50
        asked = await old.mention(MONTHS)
        answer = await old.answer(asked)
        assert "table" in kinds(answer) and "data_visualization" not in kinds(answer)
        picture = await old.until(lambda messages: [m for m in messages if m.get("files")])
        assert picture[0]["files"][0]["name"].endswith(".png") and "Most" in picture[0]["files"][0]["alt_txt"]
        before = len(old.called("chat.update"))
        await old.answer(await old.mention(MONTHS))
        assert len(old.called("chat.update")) == before + 1  # what was refused is not tried again at once
        old.answers["chat.update"] = [refuse_blocks({"data_table", "data_visualization", "table"})] * 50
        answer = await old.answer(await old.mention(CITIES))
        assert kinds(answer).count("rich_text") == 2 and "table" not in kinds(answer)
        old.answers["chat.update"] = [refuse_blocks({"rich_text", "table"})] * 50
        asked = await old.mention(CITIES)
        plain = await old.until(lambda messages: [
            m for m in messages if m.get("thread_ts") == asked and m.get("edited") and not m.get("blocks")
        ])  # fmt: skip
        assert plain


async def test_slack_that_asks_to_slow_down_is_heard(door: Open) -> None:
    for method in ("chat.postMessage", "chat.update"):
        door.slack.answer_once(method, lambda _: web.json_response(
            {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"}
        ))  # fmt: skip
    asked = await door.slack.mention(SHOPS)
    await door.slack.answer(asked)
    assert door.slack.answers["chat.update"] == []


async def test_a_question_that_cannot_be_answered_says_why(door: Open) -> None:
    asked = await door.slack.mention("what is the weather like?")
    answer = await door.slack.answer(asked)
    assert "I can't answer that" in json.dumps(answer["blocks"])
    asked = await door.slack.write(f"<@{BOT}>")
    assert (await door.slack.answer(asked))["text"]


async def test_a_conversation_waits_for_one_answer_which_can_be_cancelled(door: Open) -> None:
    other = Accepted(door.desk.memory(), Rates(1000, 1000))
    asked = await door.slack.write("a question that another replica is working on")
    reply = {"team": "T01TEST", "enterprise": "", "thread": asked, "say": False}
    held = other.accept(Incoming("slack", "T01TEST:other", "slow", ANN, SALES, asked, reply))
    assert isinstance(held, Held)
    await door.slack.mention(SHOPS, BOB, asked)
    busy = await door.slack.whispered("still working", BOB)
    await door.slack.press(busy, "cancel", BOB)
    await door.slack.whispered("Only the one who asked", BOB)
    await door.slack.press(busy, "cancel", ANN)
    cancelled = await door.slack.until(lambda messages: next(
        (m for m in messages if m.get("thread_ts") == asked and m["text"] == "Cancelled."), None
    ))  # fmt: skip
    assert "is stopped" in json.dumps(cancelled["blocks"])
    await door.slack.mention(SHOPS, BOB, asked)
    await door.slack.answer(asked, "4 shops")


async def test_cancel_stops_the_query_in_the_database(door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def endless(self: SQLite, *_: Any) -> Result:
        try:
            return self._run("SELECT COUNT(*) FROM sales a, sales b, sales c", {}, Limits(seconds=600))
        finally:
            loop.call_soon_threadsafe(ended.set)

    with monkeypatch.context() as patched:
        patched.setattr(SQLite, "execute", endless)
        asked = await door.slack.mention(SHOPS)
        runs = await door.slack.until(lambda messages: next(
            (m for m in messages if m.get("thread_ts") == asked and "Running it" in json.dumps(m)), None
        ))  # fmt: skip
        await door.slack.press(runs, "cancel")
        async with asyncio.timeout(60):
            await ended.wait()
    await door.slack.mention(SHOPS, BOB, asked)
    await door.slack.answer(asked, "4 shops")


async def test_everything_posted_so_far_keeps_to_slacks_limits(door: Open) -> None:
    """Last in this file: looks at all that the door sent."""
    posted = [*door.slack.called("chat.postMessage"), *door.slack.called("chat.update")]
    assert len(posted) > 20
    for arguments in posted:
        assert faults(arguments["blocks"], arguments["text"]) == [], arguments
        assert arguments.get("parse") == "none"
    assert WAREHOUSE not in json.dumps(posted)
    await asyncio.sleep(0)
