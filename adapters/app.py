"""One ASGI app that opens the doors asked for, run by uvicorn until it is told to stop."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import Protocol

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from adapters.desk import Desk
from bot.config import Settings

_LINGER = 5  # seconds that open connections get when the server stops


class ChatDoor(Protocol):
    """A door to a chat platform: it adds its paths to the app, and runs while the context that it gives is open."""

    def __call__(self, app: FastAPI, desk: Desk) -> AbstractAsyncContextManager[None]: ...


def serve(settings: Settings, web: bool, chat: Sequence[ChatDoor] = ()) -> int:
    """Open the doors and serve until SIGTERM or Ctrl+C. Returns the exit code: 1 where it cannot listen."""
    try:
        listening = _listen(settings.web_host, settings.web_port)
    except OSError as error:
        print(f"mynah: {_cannot_listen(error, settings)}", file=sys.stderr)
        return 1
    desk = Desk(settings)
    # The page opens at once and says so while the bot still wakes up, which takes long with a large database.
    threading.Thread(target=desk.open, name="opening", daemon=True).start()
    app = make_app(desk, web, chat)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=_LINGER
    )
    print(f"Mynah is at {_address(listening)} (Ctrl+C stops it).", flush=True)
    with _quiet_signals():
        uvicorn.Server(config).run(sockets=[listening])
    desk.close()
    return 0


def make_app(desk: Desk, web: bool, chat: Sequence[ChatDoor] = ()) -> FastAPI:
    """The app with `/healthz` and the doors asked for."""

    @asynccontextmanager
    async def doors_open(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for door in opened:
                await stack.enter_async_context(door)
            yield

    app = FastAPI(title="Mynah", docs_url=None, redoc_url=None, openapi_url=None, lifespan=doors_open)
    opened = [door(app, desk) for door in chat]

    @app.get("/healthz")
    def health() -> JSONResponse:
        """200 when questions are answered, 503 while opening or when something keeps the bot from opening."""
        version = desk.bot.student.version if desk.bot else ""
        body = {"status": desk.state, "student_version": version, "message": desk.trouble}
        return JSONResponse(body, 200 if desk.state == "ready" else 503)

    if web:
        from adapters.web.door import open_door

        open_door(app, desk)
    return app


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        # A port just given back by a stopped server may be taken again; one in use may not.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def _cannot_listen(error: OSError, settings: Settings) -> str:
    place = f"{settings.web_host}:{settings.web_port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"Something else already listens on {place}, perhaps another Mynah. "
            f"Stop it, or choose another port with MYNAH_WEB_PORT, for example {settings.web_port % 65535 + 1}."
        )
    if error.errno == errno.EACCES:
        return f"This user may not listen on {place}. Choose a port above 1023 with MYNAH_WEB_PORT."
    return f"Mynah cannot listen on {place}: this machine has no such address. Set web_host, for example to 127.0.0.1."


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """uvicorn stops on a signal and then raises it again: the second time it must not kill the process."""
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: None) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
