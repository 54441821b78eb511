"""Runs the local Slack inside a network namespace of its own, which it would otherwise open to everybody.

Started by tests/local_slack.py under `unshare --net`. Two sockets in a folder lead in and out: what connects to
`slack.sock` reaches the local Slack, and what the local Slack posts to its app reaches `events.sock` outside.
"""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
from pathlib import Path

PORT, EVENTS = 3100, 3200
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 0x1


def bring_loopback_up() -> None:
    """What `ip link set lo up` does, without the program."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(program: str, folder: Path) -> None:
    """Start the local Slack and pass everything on until it ends."""
    bring_loopback_up()
    process = await asyncio.create_subprocess_exec(
        program, "--config", str(folder / "config.json"), "--port", str(PORT), "--base-host", "127.0.0.1",
        "--files-dir", str(folder / "files"), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )

    async def inwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", PORT)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))

    async def outwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_unix_connection(str(folder / "events.sock"))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))

    try:
        await asyncio.start_unix_server(inwards, str(folder / "slack.sock"))
        await asyncio.start_server(outwards, "127.0.0.1", EVENTS)
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
