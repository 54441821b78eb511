"""What ends a query from outside: the client's own clock, should the server's not do it, and who no longer waits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from bot.database import DatabaseError
from bot.wait import stopped_by

TOO_LONG = "This took too long and was stopped. Please narrow it."


@contextmanager
def ended_by(timers: Sequence[threading.Timer]) -> Iterator[None]:
    """Run the block under timers that end it from outside. What a fired timer broke is a DatabaseError, a timeout.

    Who no longer waits for the block's query has it ended as the first timer would.
    """
    first = timers[0]
    with stopped_by(lambda: first.function(*first.args, **first.kwargs)), _timed(timers):
        yield


@contextmanager
def _timed(timers: Sequence[threading.Timer]) -> Iterator[None]:
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    except Exception as error:
        if timers[0].finished.is_set():  # and nobody has cancelled it yet: it fired
            raise DatabaseError("timeout", TOO_LONG, str(error)) from error
        raise
    finally:
        for timer in timers:
            timer.cancel()


def shut(descriptor: int) -> None:
    """Cut the line behind a file descriptor: both ends notice at once."""
    with suppress(OSError):  # it is closed already
        line = socket.socket(fileno=descriptor)
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.detach()  # the driver closes it
