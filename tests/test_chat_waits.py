"""What a chat door says while somebody waits, and what is known of an answer when its buttons appear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from adapters import reception as module
from adapters.chat_desk import ChatDesk, readings_kept
from adapters.desk import Asked
from adapters.reception import Reception
from bot.accepted import Accepted, Held, Incoming
from bot.access import Asker
from bot.answer import Answer, Reading, Stage
from bot.store import Store
from bot.store_errors import StoreError

READINGS = (Reading("the number of shops", "SELECT 1", "", 0.4), Reading("the number of sales", "SELECT 2", "", 0.3))
UNSURE = Answer("unsure-1", "how many?", "unsure", "", "SELECT 1", readings=READINGS)


class Place:
    """A desk whose one answer is `work`'s, and a door that writes down what it is told."""

    def __init__(self, folder: Path, work: Callable[[Callable[[Stage], None]], Asked]) -> None:
        self.store = Store.open(f"sqlite:///{folder / 'state.db'}")
        self._accepted = Accepted(self.store)
        self._work = work
        self.stages: list[Stage] = []
        self.known: list[Any] = []
        self.failures: list[str] = []
        self.done = asyncio.Event()

    def accepted(self) -> Accepted:
        return self._accepted

    def ask(self, question: str, asker: Asker, thread: str, watch: Callable[[Stage], None]) -> Asked:
        return self._work(watch)

    async def begin(self, held: Held) -> Mapping[str, Any]:
        return held.reply

    async def stage(self, held: Held, stage: Stage) -> None:
        self.stages.append(stage)

    async def answered(self, held: Held, asked: Asked) -> None:
        self.known.append(self._accepted.of_answer(asked.answer.id))
        self.done.set()

    async def failed(self, held: Held, message: str) -> None:
        self.failures.append(message)

    async def asker(self, held: Held) -> Asker:
        return Asker(held.incoming.user, channel=held.incoming.channel, door="chat")


async def test_nothing_more_is_said_of_a_question_that_was_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(watch: Callable[[Stage], None]) -> Asked:
        assert Accepted(place.store).cancel(1, "ann") is not None  # at another replica, which says "Cancelled."
        watch("writing")
        try:
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                watch("writing")
                time.sleep(0.02)
            return Asked(UNSURE)
        finally:
            loop.call_soon_threadsafe(ended.set)

    place = Place(tmp_path, work)
    reception = Reception(cast(ChatDesk, place), "chat", place)
    held = await reception.accept(Incoming("chat", "E1", "how many?", "ann", "C1", "T1"))
    assert isinstance(held, Held) and held.id == 1
    async with asyncio.timeout(60):
        await ended.wait()
    await reception.stop()
    assert "writing" not in place.stages and place.known == place.failures == []
    place.store.close()


async def test_readings_can_be_picked_from_the_moment_they_are_shown(tmp_path: Path) -> None:
    place = Place(tmp_path, lambda _: Asked(UNSURE))
    reception = Reception(cast(ChatDesk, place), "chat", place)
    assert isinstance(await reception.accept(Incoming("chat", "E1", "how many?", "ann", "C1", "T1")), Held)
    async with asyncio.timeout(60):
        await place.done.wait()
    await reception.stop()
    assert [known and known[1] for known in place.known] == [readings_kept(UNSURE)]
    place.store.close()


async def test_an_answer_that_stands_stays_when_its_books_cannot_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> bool:
        raise StoreError("full", "There is no room left.")

    place = Place(tmp_path, lambda _: Asked(UNSURE))
    reception = Reception(cast(ChatDesk, place), "chat", place)
    monkeypatch.setattr(Accepted, "finish", full)
    held = await reception.accept(Incoming("chat", "E1", "how many?", "ann", "C1", "T1"))
    assert isinstance(held, Held)
    async with asyncio.timeout(60):
        await place.done.wait()
    await reception.stop()
    assert place.failures == [] and place.known and place.accepted().wanted(held)
    place.store.close()
