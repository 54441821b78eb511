"""A network of its own for a test: this machine's loopback and nothing else, so that what listens there is reached
by the test alone, and reaches nobody.

The thread that enters it, the threads and the processes that it starts are in there. Needs root.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP


@contextmanager
def own_network() -> Iterator[None]:
    """Inside, this thread is in a new network; afterwards it is back in the one before."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _check(libc.unshare(_NEW_NETWORK))
        try:
            _bring_loopback_up()
            yield
        finally:
            _check(libc.setns(before, _NEW_NETWORK))
    finally:
        os.close(before)


def may_have_own_network() -> bool:
    """Whether this user may make one."""
    return os.geteuid() == 0 and Path("/proc/thread-self/ns/net").exists()


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(asking, _GET_FLAGS, request))[1]
        fcntl.ioctl(asking, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))
