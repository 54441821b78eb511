"""One process at a time makes a part of a run; another that wants the same part waits, and then finds it made."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


@contextmanager
def turn(directory: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the kernel's lock on `directory`, made if need be, for as long as the block runs.

    Gives whether it is held: True, unless another process has it and this one is not to `wait`. The kernel lets go of
    it when the process that holds it dies, however it dies. Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    handle = os.open(directory / ".turn", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                yield False
                return
            log.info("waiting for the process that is making %s", directory)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield True
    finally:
        os.close(handle)
