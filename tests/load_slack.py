"""Load on the Slack door: `python -m tests.load_slack [--questions 200] [--flying 50] [--replicas 2] [--postgres]`.

Real processes (`mynah serve --slack`, signed HTTP) with the demo and its shipped student stand behind the local Slack.
Questions come from 20 channels, so many at once that the number in flight stays the same until the last. Prints what
it measured as JSON: how long Slack waited for its yes (p50, p99), how long people waited for answers, which were lost,
which came twice, and how busy the machine was. `meter_s` is how late the measuring process itself was woken: what it
shows is at the most that much longer than the truth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from bot.config import ROOT
from demo.opening import BENCH_QUESTIONS, demo_database
from tests.local_slack import ANN, BOT, BOT_TOKEN, SECRET, LocalSlack, finished, installed, local_slack
from tests.servers import TODAY, PostgresServer, running

CHANNELS = 20
_TICK = 0.01  # seconds between two looks at how late this process is woken


class Answers:
    """The threads whose answer was posted, told from what the door sends to Slack."""

    def __init__(self) -> None:
        self._threads: dict[tuple[str, str], str] = {}
        self._waiting: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._done: set[tuple[str, str]] = set()

    def sent(self, method: str, arguments: dict[str, Any], answer: bytes) -> None:
        """One call of the door's, and what Slack said."""
        if method == "chat.postMessage":
            stamp = str(json.loads(answer).get("ts"))
            self._threads[arguments["channel"], stamp] = str(arguments.get("thread_ts"))
        elif method == "chat.update" and finished(arguments):
            thread = arguments["channel"], self._threads.get((arguments["channel"], arguments["ts"]), "")
            self._done.add(thread)
            if thread in self._waiting and not self._waiting[thread].done():
                self._waiting[thread].set_result(None)

    async def wait(self, channel: str, thread: str, seconds: float) -> bool:
        """Whether the answer in a thread is posted in time."""
        key = channel, thread
        if key in self._done:
            return True
        self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(self._waiting[key], seconds)
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def replica(slack: LocalSlack, folder: Path, store: str) -> AsyncIterator[psutil.Process]:
    """A real `mynah serve --slack` over the demo, awake."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MYNAH_")}
    own = {
        "PYTHONPATH": str(ROOT), "MYNAH_STATE_DIR": str(folder), "MYNAH_TODAY": str(TODAY), "MYNAH_WEB_PORT": "0",
        "MYNAH_SLACK_BOT_TOKEN": BOT_TOKEN, "MYNAH_SLACK_SIGNING_SECRET": SECRET, "MYNAH_SLACK_API_URL": slack.api,
        "MYNAH_USER_RATE": "1000", "MYNAH_CHANNEL_RATE": "1000", **({"MYNAH_STATE_URL": store} if store else {}),
    }  # fmt: skip
    started = subprocess.Popen(
        [sys.executable, "-m", "adapters.terminal", "serve", "--slack"], env=kept | own, cwd=folder,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    try:
        line = await asyncio.to_thread(started.stdout.readline)
        found = re.search(r"http://\S+:\d+", line)
        assert found, line
        await _awake(slack, found[0])
        slack.replicas.append(found[0])
        yield psutil.Process(started.pid)
    finally:
        started.terminate()
        await asyncio.to_thread(started.wait)
        started.stdout.close()


async def _awake(slack: LocalSlack, address: str) -> None:
    for _ in range(600):
        if await slack.health(address) == 200:
            return
        await asyncio.sleep(0.2)
    raise SystemExit("Mynah does not wake up")


async def measure(questions: int, flying: int, replicas: int, store: str) -> dict[str, object]:
    """Run the load once."""
    asked = [line for line in BENCH_QUESTIONS.read_text("utf-8").splitlines() if line.strip()]
    async with local_slack() as slack, AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        await asyncio.to_thread(demo_database, folder, TODAY)
        serving = [await stack.enter_async_context(replica(slack, folder, store)) for _ in range(replicas)]
        answers, room = Answers(), asyncio.Semaphore(flying)
        slack.watch, slack.balanced = answers.sent, True

        async def ask(number: int) -> tuple[str, str, float]:
            async with room:
                started = time.monotonic()
                channel = f"C{number % CHANNELS:05}"
                thread = await slack.write(f"<@{BOT}> {asked[number % len(asked)]}", ANN, channel)
                posted = await answers.wait(channel, thread, 120.0)
                return channel, thread, time.monotonic() - started if posted else 0.0

        for number in range(2 * replicas):  # two events each: the mention, and the message that it is in
            await ask(number)  # what only the first question pays for
        slack.acks.clear()
        late: list[float] = []
        before, meter = _spent(serving), asyncio.create_task(_meter(late))
        started = time.monotonic()
        outcomes = await asyncio.gather(*(ask(number) for number in range(questions)))
        took = time.monotonic() - started
        spent = _spent(serving) - before
        meter.cancel()
        said = await _answered(slack)
        waits = [seconds for *_, seconds in outcomes if seconds]
        return {
            "questions": questions, "in_flight": flying, "replicas": replicas, "seconds": round(took, 1),
            "acks": len(slack.acks), "ack_s": _spread(slack.acks), "answer_s": _spread(waits),
            "lost": sum(not said[channel, thread] for channel, thread, _ in outcomes),
            "doubled": sum(said[channel, thread] > 1 for channel, thread, _ in outcomes),
            "meter_s": _spread(late), "bot_processor_s": round(spent, 1),
            "load_average": round(os.getloadavg()[0], 1),
        }


async def _meter(late: list[float]) -> None:
    while True:
        due = time.monotonic() + _TICK
        await asyncio.sleep(_TICK)
        late.append(time.monotonic() - due)


async def _answered(slack: LocalSlack) -> Counter[tuple[str, str]]:
    """How many messages of the bot's stand in each thread, files apart."""
    said: Counter[tuple[str, str]] = Counter()
    for channel in (f"C{number:05}" for number in range(CHANNELS)):
        for message in await slack.messages(channel):
            if message.get("user") == BOT and not message.get("files"):
                said[channel, str(message.get("thread_ts"))] += 1
    return said


def _spent(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": round(cuts[49], 3), "p99": round(cuts[98], 3), "max": round(max(seconds), 3)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.load_slack", description=__doc__)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--flying", type=int, default=50, help="questions in flight at once")
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--postgres", action="store_true", help="keep the state in a PostgreSQL of its own")
    options = parser.parse_args()
    if not installed():
        raise SystemExit("The local Slack is not there: run `make npm-tools` first.")
    with ExitStack() as stack:
        store = stack.enter_context(running(PostgresServer)).url("postgres") if options.postgres else ""
        measured = asyncio.run(measure(options.questions, options.flying, options.replicas, store))
    print(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
