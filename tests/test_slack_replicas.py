"""Replicas, repeated events, a restart in the middle, Socket Mode, a real process: each question answered once."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bot.accepted import Accepted, Held, Incoming
from bot.config import ROOT
from bot.store import Store
from tests.local_slack import ANN, BOB, BOT, BOT_TOKEN, SALES, SECRET, LocalSlack, finished, local_slack
from tests.served import environment
from tests.slack_door import opened, slack_settings, socket_settings
from tests.tiny_student import Tiny

pytestmark = pytest.mark.needs("local-slack")
SHOPS = "how many shops do we have?"


async def test_two_replicas_and_repeated_events_make_one_answer(tiny: Tiny, tmp_path: Path) -> None:
    async with local_slack() as slack:
        settings = slack_settings(tiny, tmp_path / "s", slack)
        async with opened(settings, slack), opened(settings, slack):
            slack.repeats = 3
            asked = [await slack.mention(SHOPS) for _ in range(5)]
            for each in asked:
                await slack.answer(each)
            await slack.command("/ask", SHOPS)
            await slack.until(lambda messages: [m for m in messages if "asked" in json.dumps(m) and finished(m)])
            messages = await slack.messages()
    replies = [m["thread_ts"] for m in messages if m["user"] == BOT and "thread_ts" in m]
    assert sorted(replies) == sorted(asked)
    assert len([m for m in messages if m["user"] == BOT]) == 6


async def test_a_question_that_a_dead_replica_left_is_answered_in_its_message(tiny: Tiny, tmp_path: Path) -> None:
    async with local_slack() as slack:
        settings = slack_settings(tiny, tmp_path / "s", slack)
        settings.state_dir.mkdir(parents=True)
        asked = await slack.mention(SHOPS)
        begun = await slack.write("Reading the question…", BOT, SALES, asked)
        with Store.open(settings.store_url) as store:
            gone = Accepted(store)
            reply = {"team": "T01TEST", "enterprise": "", "thread": asked, "say": False, "message": begun}
            held = gone.accept(Incoming("slack", "T01TEST:x", SHOPS, ANN, SALES, asked, reply))
            assert isinstance(held, Held)
            gone.let_go()
        async with opened(settings, slack):
            answer = await slack.answer(asked, "4 shops")
            assert answer["ts"] == begun


async def test_over_socket_mode_nothing_has_to_reach_the_door(tiny: Tiny, tmp_path: Path) -> None:
    async with local_slack("socket") as slack, opened(socket_settings(tiny, tmp_path / "s", slack), slack):
        await slack.until(lambda _: slack.called("apps.connections.open"))
        answer = None
        for _ in range(20):  # what is said before the socket is open is not heard
            asked = await slack.mention(SHOPS)
            try:
                async with asyncio.timeout(3):
                    answer = await slack.answer(asked, "4 shops")
                    break
            except TimeoutError:
                continue
        assert answer is not None
        await slack.press(answer, "vote_up", BOB)
        await slack.whispered("Thank you, noted.", BOB)


@asynccontextmanager
async def process(tiny: Tiny, folder: Path, slack: LocalSlack) -> AsyncIterator[tuple[subprocess.Popen[str], str]]:
    """A real `mynah serve --slack --web`."""
    variables = environment(
        tiny, folder / "state", PYTHONPATH=str(ROOT), MYNAH_SLACK_BOT_TOKEN=BOT_TOKEN,
        MYNAH_SLACK_SIGNING_SECRET=SECRET, MYNAH_SLACK_API_URL=slack.api,
        MYNAH_USER_RATE="1000", MYNAH_CHANNEL_RATE="1000",
    )  # fmt: skip
    running = subprocess.Popen(
        [sys.executable, "-m", "adapters.terminal", "serve", "--slack", "--web"], env=variables, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    try:
        line = await asyncio.to_thread(running.stdout.readline)
        found = re.search(r"http://\S+:\d+", line)
        assert found, line
        yield running, found[0]
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


@pytest.mark.slow
async def test_a_real_process_killed_in_the_middle_and_started_again(tiny: Tiny, tmp_path: Path) -> None:
    async with local_slack() as slack:
        async with process(tiny, tmp_path, slack) as (first, address):
            slack.replicas = [address]
            await slack.answer(await slack.mention(SHOPS))
            first.terminate()
            assert await asyncio.to_thread(first.wait, 60) == 0
        async with process(tiny, tmp_path, slack) as (second, address):
            slack.replicas = [address]
            hung = asyncio.Event()
            slack.answer_once("chat.update", lambda _: hung.set())  # it is about to answer
            asked = await slack.mention(SHOPS)
            await hung.wait()
            os.kill(second.pid, 9)
        async with process(tiny, tmp_path, slack) as (_, address):
            slack.replicas = [address]
            await slack.answer(await slack.mention(SHOPS, BOB))
            messages = await slack.messages()
            assert len([m for m in messages if m["user"] == BOT and m.get("thread_ts") == asked]) == 1


@pytest.mark.slow
async def test_two_hundred_questions_from_twenty_channels(tiny: Tiny, tmp_path: Path) -> None:
    """None lost and none doubled, with fifty in flight over two processes. For times see tests/load_slack.py."""
    async with local_slack() as slack, AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(process(tiny, tmp_path, slack)) for _ in range(2)]
        slack.replicas = [address for _, address in replicas]
        await slack.answer(await slack.mention(SHOPS), "4 shops")
        flying = asyncio.Semaphore(50)

        async def ask(number: int) -> tuple[str, str]:
            channel = f"C{number % 20:05}"
            async with flying:
                asked = await slack.write(f"<@{BOT}> {SHOPS}", ANN, channel)
                await slack.answer(asked, "4 shops", channel)
            return channel, asked

        asked = await asyncio.gather(*(ask(number) for number in range(200)))
        for channel in {channel for channel, _ in asked}:
            said = [m["thread_ts"] for m in await slack.messages(channel) if m["user"] == BOT]
            assert sorted(said) == sorted(stamp for where, stamp in asked if where == channel)
