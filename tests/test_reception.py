"""How a chat door answers: once each, in the same place after a restart, and not at all when nobody waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.chat_desk import ChatDesk
from adapters.desk import Asked
from adapters.reception import INTERRUPTED, UNFORESEEN, Reception
from bot.accepted import Accepted, Held, Incoming, TurnedAway
from bot.access import Asker
from bot.answer import Stage
from bot.database import Limits, Result
from bot.databases.sqlite import SQLite
from bot.store_errors import StoreError
from tests.chat_places import chat_settings, open_chat_desk
from tests.tiny_student import Tiny

SHOPS = "how many shops do we have?"


class Board:
    """A chat door whose messages hang on a board: a place begun is edited, never pinned twice."""

    def __init__(self) -> None:
        self.messages: dict[str, str] = {}
        self.broken = False

    async def begin(self, held: Held) -> Mapping[str, Any]:
        place = held.reply.get("place") or f"place {len(self.messages)}"
        self.messages[place] = "…"
        return {**held.reply, "place": place}

    async def stage(self, held: Held, stage: Stage) -> None:
        self.messages[held.reply["place"]] = stage

    async def answered(self, held: Held, asked: Asked) -> None:
        if self.broken:
            raise OSError("the board fell down")
        rows = asked.answer.result.rows if asked.answer.result else asked.answer.message
        self.messages[held.reply["place"]] = str(rows)

    async def failed(self, held: Held, message: str) -> None:
        self.messages[held.reply.get("place", "nowhere")] = message

    async def asker(self, held: Held) -> Asker:
        return Asker(held.incoming.user, channel=held.incoming.channel, door="chat")


@pytest.fixture
def desk(tiny: Tiny, tmp_path: Path) -> Iterator[ChatDesk]:
    opened = open_chat_desk(chat_settings(tiny, tmp_path / "chat", user_rate=1000, channel_rate=1000))
    yield opened
    opened.desk.close()


@asynccontextmanager
async def receiving(desk: ChatDesk, board: Board, linger: float = 10.0) -> AsyncIterator[Reception]:
    reception = Reception(desk, "chat", board, beat=0.25, linger=linger)
    reception.start()
    yield reception
    await reception.stop()


def asked(number: int = 1, question: str = SHOPS) -> Incoming:
    return Incoming("chat", f"E{number}", question, "ann", "C1", f"T{number}")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_question_is_answered_in_its_place_once(desk: ChatDesk) -> None:
    board = Board()
    async with receiving(desk, board) as reception:
        outcomes = [await reception.accept(asked()) for _ in range(3)]
        assert [type(o) for o in outcomes] == [Held, TurnedAway, TurnedAway]
        await until(lambda: board.messages == {"place 0": "((4,),)"})
    assert desk.accepted().engaged("chat", "C1", "T1")


async def test_many_questions_at_once_over_two_replicas(desk: ChatDesk) -> None:
    other, boards = ChatDesk(desk.desk), (Board(), Board())
    async with receiving(desk, boards[0]) as one, receiving(other, boards[1]) as two:
        for number in range(20):
            await asyncio.gather(one.accept(asked(number)), two.accept(asked(number)))
        await until(lambda: sum(m == "((4,),)" for b in boards for m in b.messages.values()) >= 20)
    assert sum(len(board.messages) for board in boards) == 20


async def test_a_crowd_is_taken_on_in_few_pieces_and_what_the_memory_cannot_do_is_said_to_all(
    desk: ChatDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    taking = Accepted.accept_all

    def counted(self: Accepted, incoming: Sequence[Incoming]) -> list[Held | TurnedAway]:
        pieces.append(len(incoming))
        if incoming[0].event_id == "E100":
            raise StoreError("locked", "The memory is busy.")
        return taking(self, incoming)

    monkeypatch.setattr(Accepted, "accept_all", counted)
    board = Board()
    async with receiving(desk, board) as reception:
        outcomes = await asyncio.gather(*(reception.accept(asked(number)) for number in range(40)))
        assert all(isinstance(o, Held) for o in outcomes) and len(pieces) <= 2 and sum(pieces) == 40
        failed = await asyncio.gather(*(reception.accept(asked(n)) for n in range(100, 104)), return_exceptions=True)
        assert [type(f) for f in failed] == [StoreError] * 4
        hung_up = asyncio.ensure_future(reception.accept(asked(200)))
        await asyncio.sleep(0)
        hung_up.cancel()
        await until(lambda: sum(m == "((4,),)" for m in board.messages.values()) == 41)
        assert await reception.engaged("C1", "T200") and not await reception.engaged("C1", "T100")


async def test_what_a_dead_replica_left_is_answered_in_the_same_place(desk: ChatDesk) -> None:
    gone, board = ChatDesk(desk.desk).accepted(), Board()
    held = gone.accept(asked())
    assert isinstance(held, Held)
    gone.note(held, {"place": "where it was begun"})
    gone.let_go()  # as when its lease ends
    async with receiving(desk, board):
        await until(lambda: board.messages == {"where it was begun": "((4,),)"})
    assert desk.accepted().orphans("chat") == []


async def test_a_question_that_took_two_replicas_down_is_reported_failed(desk: ChatDesk) -> None:
    board = Board()
    one, two = (Accepted(desk.desk.memory(), lease=timedelta(0)) for _ in range(2))
    assert isinstance(one.accept(asked()), Held)
    assert [held.attempts for held in two.orphans("chat")] == [2]
    async with receiving(desk, board):
        await until(lambda: INTERRUPTED in board.messages.values())


async def test_a_cancelled_question_is_dropped_and_its_conversation_free(desk: ChatDesk) -> None:
    board = Board()
    async with receiving(desk, board) as reception:
        held = await reception.accept(asked())
        assert isinstance(held, Held)
        ended = await reception.cancel(held.id, "ann")
        again = await reception.accept(Incoming("chat", "E-again", SHOPS, "ann", "C1", "T1"))
        assert isinstance(again, Held)
        await until(lambda: "((4,),)" in board.messages.values())
    answers = [m for m in board.messages.values() if m == "((4,),)"]
    assert ended is None or len(answers) == 1


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_cancelled_question_stops_its_query(
    desk: ChatDesk, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    begun, ended, board = threading.Event(), threading.Event(), Board()

    def endless(self: SQLite, *_: Any) -> Result:
        begun.set()
        try:
            return self._run("SELECT COUNT(*) FROM sales a, sales b, sales c", {}, Limits(seconds=600))
        finally:
            ended.set()

    async with receiving(desk, board) as reception:
        with monkeypatch.context() as patched:
            patched.setattr(SQLite, "execute", endless)
            held = await reception.accept(asked())
            assert isinstance(held, Held)
            await until(begun.is_set)
            ends = ChatDesk(desk.desk).accepted() if elsewhere else None
            assert (ends.cancel(held.id, "ann") if ends else await reception.cancel(held.id, "ann")) is not None
            await until(ended.is_set)
        await reception.accept(Incoming("chat", "E-again", SHOPS, "ann", "C1", "T1"))
        await until(lambda: "((4,),)" in board.messages.values())
    assert list(board.messages.values()).count("((4,),)") == 1 and len(board.messages) == 2
    assert [each.answer.status for each in desk.desk.history("ann", "chat")] == ["answered"]


async def test_a_door_that_cannot_post_says_failed(desk: ChatDesk, caplog: pytest.LogCaptureFixture) -> None:
    board = Board()
    board.broken = True
    async with receiving(desk, board) as reception:
        await reception.accept(asked())
        await until(lambda: board.messages.get("place 0") == UNFORESEEN)
    assert desk.accepted().orphans("chat") == []
    assert "could not be answered" in caplog.text


async def test_a_stop_leaves_the_rest_to_the_next_start(desk: ChatDesk) -> None:
    class Slow(Board):
        async def answered(self, held: Held, asked: Asked) -> None:
            await asyncio.Event().wait()

    slow, board = Slow(), Board()
    async with receiving(desk, slow, linger=0.1) as reception:
        await reception.accept(asked())
        await until(lambda: bool(slow.messages))
    assert "((4,),)" not in slow.messages.values()
    async with receiving(ChatDesk(desk.desk), board):
        await until(lambda: board.messages == {"place 0": "((4,),)"})
