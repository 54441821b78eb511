"""Connections to a database server, lent to one query at a time: few, checked before use, dropped when in doubt."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from bot.database import DatabaseError

SIZE = 8
_TRUSTED_SECONDS = 5.0  # a connection that rested longer is asked whether it still lives

Connection = TypeVar("Connection")


class Pool(Generic[Connection]):
    """At most `size` connections of one kind. Thread-safe."""

    def __init__(
        self,
        open_one: Callable[[], Connection],
        close_one: Callable[[Connection], None],
        is_open: Callable[[Connection], bool],
        lives: Callable[[Connection], bool],
        size: int = SIZE,
    ) -> None:
        self._open, self._close, self._is_open, self._lives = open_one, close_one, is_open, lives
        self._idle: deque[tuple[float, int, Connection]] = deque()
        self._free = threading.BoundedSemaphore(size)
        self._generation = 0
        self._lock = threading.Lock()
        self.opened = self.closed = 0

    @contextmanager
    def borrow(self, patience: float) -> Iterator[Connection]:
        """Lend a connection. It comes back for others unless the block raised; then it is closed.

        Raises DatabaseError when none gets free in `patience` seconds, and whatever opening one raises.
        """
        if not self._free.acquire(timeout=patience):
            raise DatabaseError("timeout", "The database is busy with other questions. Please try again.")
        try:
            generation, connection = self._take()
            try:
                yield connection
            except BaseException:
                self._drop(connection)
                raise
            with self._lock:
                keep = generation == self._generation and self._is_open(connection)
                if keep:
                    self._idle.append((time.monotonic(), generation, connection))
            if not keep:
                self._drop(connection)
        finally:
            self._free.release()

    def renew(self) -> None:
        """Close what rests, and let nothing lent so far come back: the server went away, or the pool is closed."""
        with self._lock:
            self._generation += 1
            idle = list(self._idle)
            self._idle.clear()
        for _, _, connection in idle:
            self._drop(connection)

    def _take(self) -> tuple[int, Connection]:
        while True:
            with self._lock:
                generation = self._generation
                rested = self._idle.pop() if self._idle else None
            if rested is None:
                connection = self._open()
                with self._lock:
                    self.opened += 1
                return generation, connection
            since, generation, connection = rested
            if time.monotonic() - since < _TRUSTED_SECONDS or self._lives(connection):
                return generation, connection
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        with self._lock:
            self.closed += 1
        self._close(connection)
