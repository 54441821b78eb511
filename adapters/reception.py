"""How a chat door answers: it takes a question on at once, works on it beside the event loop, and posts the answer.

The same for all chat doors, which only say how things look (`Courier`). A question that was taken on is answered or
reported failed, once: this replica says that it is alive while it works, and takes over what others left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any, ParamSpec, Protocol, TypeVar

from adapters.chat_desk import ChatDesk, readings_kept
from adapters.desk import Asked
from bot.accepted import ATTEMPTS, LEASE, Accepted, Held, Incoming, Outcome, TurnedAway
from bot.access import Asker
from bot.answer import Stage
from bot.store import StoreError
from bot.wait import Wait, waiting

WORKERS = 2  # questions answered at the same time: more threads of Python only make all of them, and the loop, wait
_BEAT = LEASE.total_seconds() / 4  # seconds between two looks at what is held and what was left
_SWEEP = 3600.0  # seconds between two sweeps of what is old
_CROWD = 50  # questions taken on in one piece
_PATIENCE = 1.0  # seconds between two words on how a question goes
_LINGER = 10.0  # seconds that questions get to be answered when the door closes; others take over what is left
INTERRUPTED = "I was interrupted while I worked on this. Please ask again."
UNFORESEEN = "Something unforeseen went wrong on the way to the answer. The log of the server says more."

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger("mynah.chat")


class Courier(Protocol):
    """What a door does for one question. `held.reply` is what it put there; all of this may be done a second time.

    `begin` shows that work goes on and returns the reply's address with what was made, such as a message's id, so
    that whoever goes on with this question puts the answer there; a `thread` among it is the conversation's from then
    on. Only `answered`, `failed` and `begin` may raise.
    """

    async def begin(self, held: Held) -> Mapping[str, Any]: ...

    async def stage(self, held: Held, stage: Stage) -> None: ...

    async def answered(self, held: Held, asked: Asked) -> None: ...

    async def failed(self, held: Held, message: str) -> None: ...

    async def asker(self, held: Held) -> Asker: ...


class _Stages:
    """What is being done for a question now, and whether it is over."""

    def __init__(self) -> None:
        self.now: Stage = "reading"
        self.over = asyncio.Event()


class _NotWanted(Exception):
    """Nobody waits for this answer any more."""


class Reception:
    """Belongs to one event loop: made, started and stopped there."""

    def __init__(
        self, desk: ChatDesk, door: str, courier: Courier, beat: float = _BEAT, linger: float = _LINGER
    ) -> None:
        self.desk = desk
        self._door = door
        self._courier = courier
        self._beat, self._linger = beat, linger
        self._working = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"{door}-answer")
        self._noting = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"{door}-memory")
        self._accepting = ThreadPoolExecutor(WORKERS, thread_name_prefix=f"{door}-accept")  # the platform waits for it
        self._arrived: list[tuple[Incoming, asyncio.Future[Held | TurnedAway]]] = []
        self._taking = False
        self._held: dict[int, Held] = {}
        self._waits: dict[int, Wait] = {}  # of the questions that are held, by their numbers
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look after what is held, and what other replicas left."""
        self._rounds = asyncio.create_task(self._make_rounds())

    async def stop(self) -> None:
        """Give the questions at hand a moment, then leave them to another replica, or to the next start."""
        if self._rounds is not None:
            self._rounds.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._linger)
        left = list(self._held.values())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if left:
            with suppress(StoreError):  # then they are taken over a little later
                await self.note(self._accepted.let_go)
        self._working.shutdown(wait=False, cancel_futures=True)
        self._noting.shutdown(wait=False)
        self._accepting.shutdown(wait=False)

    async def accept(self, incoming: Incoming) -> Held | TurnedAway:
        """Take a question on, and begin to work on it. Short: a platform waits. Raises StoreError."""
        outcome: asyncio.Future[Held | TurnedAway] = asyncio.get_running_loop().create_future()
        self._arrived.append((incoming, outcome))
        if not self._taking:
            self._taking = True
            self.spawn(self._take_all())
        return await outcome

    async def _take_all(self) -> None:
        """Take on what arrived, and then in one piece what arrived meanwhile: a crowd waits for two writes to the
        memory, not for one each."""
        try:
            while self._arrived:
                arrived, self._arrived = self._arrived[:_CROWD], self._arrived[_CROWD:]
                await self._take(arrived)
        finally:
            self._taking = False
            for _, outcome in self._arrived:
                outcome.cancel()

    async def _take(self, arrived: list[tuple[Incoming, asyncio.Future[Held | TurnedAway]]]) -> None:
        questions = [incoming for incoming, _ in arrived]
        taking = asyncio.get_running_loop().run_in_executor(
            self._accepting, lambda: self.desk.accepted().accept_all(questions)
        )
        await asyncio.wait([taking])
        error = taking.exception()
        for number, (_, outcome) in enumerate(arrived):
            taken = taking.result()[number] if error is None else None
            if isinstance(taken, Held):
                self._begin(taken)
            if outcome.done():
                continue  # the platform hung up
            if taken is not None:
                outcome.set_result(taken)
            else:
                outcome.set_exception(error or asyncio.CancelledError())

    async def engaged(self, channel: str, thread: str) -> bool:
        """Whether this door was asked in that conversation before. Short: a platform waits. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(
            self._accepting, lambda: self._accepted.engaged(self._door, channel, thread)
        )

    async def cancel(self, number: int, user: str) -> Held | None:
        """End the wait for a question, and the query that runs for it, here or at another replica.

        None where there is nothing to end. Raises StoreError.
        """
        ended = await self.note(lambda: self.desk.accepted().cancel(number, user))
        if ended is not None:
            self._drop(number)
        return ended

    def _drop(self, number: int) -> None:
        if (wait := self._waits.get(number)) is not None:
            self.spawn(asyncio.to_thread(wait.end))

    async def note(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do something short with the memory, beside the event loop and not behind questions."""
        return await asyncio.get_running_loop().run_in_executor(self._noting, lambda: call(*args, **named))

    async def work(self, call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Do something that runs a query, beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._working, lambda: call(*args, **named))

    def spawn(self, work: Any) -> None:
        """Go on with a coroutine after the platform was answered. What it raises ends up in the log."""
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin(self, held: Held) -> None:
        self._held[held.id], self._waits[held.id] = held, Wait()
        self.spawn(self._serve(held))

    async def _serve(self, held: Held) -> None:
        posted = False
        try:
            if held.attempts > ATTEMPTS:
                await self._fail(held, INTERRUPTED)
                return
            held = await self._show(held)
            asked = await self._ask(held)
            # Buttons may be pressed as soon as they are seen, so what they need is kept before.
            known = asked.answer.id or None, readings_kept(asked.answer)
            if await self.note(self._accepted.keep, held, *known):  # else it was cancelled, or another replica has it
                await self._courier.answered(held, asked)
                posted = True
                outcome: Outcome = "failed" if asked.answer.status == "failed" else "answered"
                await self.note(self._accepted.finish, held, outcome, *known)
        except _NotWanted:
            pass
        except Exception:
            log.exception("a question could not be answered")
            if not posted:  # else the answer stands there, and whoever finds its books open closes them
                await self._fail(held, UNFORESEEN)
        finally:
            self._held.pop(held.id, None)
            self._waits.pop(held.id, None)

    @property
    def _accepted(self) -> Accepted:
        return self.desk.accepted()

    async def _show(self, held: Held) -> Held:
        reply = await self._courier.begin(held)
        thread = str(reply.get("thread") or held.incoming.thread)
        if reply != held.reply:
            await self.note(self._accepted.note, held, reply, thread)
        return replace(held, incoming=replace(held.incoming, reply=reply, thread=thread))

    async def _ask(self, held: Held) -> Asked:
        asker = await self._courier.asker(held)
        told, wait = _Stages(), self._waits[held.id]

        def watch(stage: Stage) -> None:
            if wait.over:
                raise _NotWanted
            told.now = stage

        def ask() -> Asked:
            watch("reading")
            with waiting(wait):
                return self.desk.ask(held.incoming.question, asker, held.incoming.thread, watch)

        telling = asyncio.create_task(_logged(self._tell(held, told)))
        try:
            return await self.work(ask)
        finally:
            told.over.set()
            await telling  # else a late word on how it goes could take the place of the answer

    async def _tell(self, held: Held, told: _Stages) -> None:
        """Say how a question goes, once a second at the most: most are answered before there is anything to say.

        Another replica may have heard meanwhile that nobody waits for it, and said so in its place.
        """
        said: Stage | None = None
        while not await _happens(told.over, _PATIENCE):
            if said == told.now != "running":
                continue
            if not await self.note(self._accepted.wanted, held):
                self._drop(held.id)
                return
            if told.now != said:
                said = told.now
                await self._courier.stage(held, said)

    async def _fail(self, held: Held, message: str) -> None:
        if await self.note(self._accepted.keep, held):
            await self._courier.failed(held, message)
            await self.note(self._accepted.finish, held, "failed")

    async def _make_rounds(self) -> None:
        """Say that this replica lives, find out what was cancelled elsewhere, and take over what others left."""
        swept = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                for held in list(self._held.values()):
                    if not await self.note(self._accepted.keep, held):
                        self._drop(held.id)
                for held in await self.note(lambda: self._accepted.orphans(self._door)):
                    log.warning("a question that another process left is taken over")
                    self._begin(held)
                if loop.time() - swept > _SWEEP or not swept:
                    await self.note(lambda: self._accepted.forget_old())
                    swept = loop.time()
            except StoreError as error:
                log.warning("the questions at hand cannot be looked after: %s", error.message)
            await asyncio.sleep(self._beat)


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _logged(work: Any) -> None:
    try:
        await work
    except Exception:
        log.exception("something went wrong in a chat door")
