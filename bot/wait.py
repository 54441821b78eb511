"""Somebody's wait for an answer: when it ends, the query that runs for it is stopped in the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

from bot.database import DatabaseError

CANCELLED = "This was cancelled."
_TRIES, _PAUSE = 10, 0.2  # a query that only just begins may not hear the first time; the pause is in seconds


class Wait:
    """One wait. `end` may be called from any thread, and `over` read."""

    def __init__(self) -> None:
        self.over = False
        self._stop: Callable[[], None] | None = None
        self._stopping = threading.Lock()
        self._idle = threading.Event()

    def end(self) -> None:
        """Nobody waits any more. Returns when the query has ended that ran, or after some two seconds."""
        self.over = True
        for _ in range(_TRIES):
            with self._stopping:
                if self._stop is None:
                    return
                self._stop()
            self._idle.wait(_PAUSE)

    @contextmanager
    def running(self, stop: Callable[[], None]) -> Iterator[None]:
        """Run a query in the block; `stop` ends it from another thread.

        Raises DatabaseError, "cancelled", when the wait is over before or after, whatever became of the query: one
        that is told to stop may hear so later, so nothing else may follow it on its connection.
        """
        with self._stopping:
            self._stop = stop
            self._idle.clear()
        try:
            if not self.over:
                yield
        finally:
            with self._stopping:  # not while it is being told
                self._stop = None
            self._idle.set()
            if self.over:
                raise DatabaseError("cancelled", CANCELLED)


_CURRENT: ContextVar[Wait | None] = ContextVar("wait", default=None)


@contextmanager
def waiting(wait: Wait) -> Iterator[None]:
    """Queries that this thread runs in the block run for that wait."""
    before = _CURRENT.set(wait)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def current() -> Wait | None:
    """The wait that this thread works for; None where nobody can end it."""
    return _CURRENT.get()


def stopped_by(stop: Callable[[], None]) -> AbstractContextManager[None]:
    """A block with one query, which `stop` ends from another thread when the wait for it is over."""
    wait = _CURRENT.get()
    return nullcontext() if wait is None else wait.running(stop)
