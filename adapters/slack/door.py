"""The Slack door: signed HTTP and Socket Mode on the one app, and everything it opens closed again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI, Request, Response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.types import Message

from adapters.bodies import read_body
from adapters.chat_desk import ChatDesk
from adapters.desk import Desk
from adapters.reception import Reception
from adapters.slack.app import listen, make_bolt, paths
from adapters.slack.courier import DOOR, SlackCourier
from adapters.slack.installations import open_engine
from adapters.slack.manifest import EVENTS_PATH
from adapters.slack.slack import Slack
from adapters.slack.workspaces import Workspaces
from bot.config import Settings

_REFUSED = 401
_LARGEST = 1_000_000  # bytes of a request; Slack's own are far smaller


def open_door(app: FastAPI, desk: Desk) -> AbstractAsyncContextManager[None]:
    """Add Slack's paths to the app; the context runs what works beside them."""
    settings = desk.settings
    served: list[AsyncSlackRequestHandler] = []
    secret = settings.slack_signing_secret
    verifier = SignatureVerifier(secret.get_secret_value()) if secret is not None else None

    async def slack(request: Request) -> Response:
        if not served:
            return Response(status_code=503)
        return await handle(request, served[0].handle, verifier)

    for path in paths(settings):
        app.add_route(path, slack, methods=["POST"] if path == EVENTS_PATH else ["GET"])

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        engine = open_engine(settings.store_url) if settings.slack_client_id is not None else None
        if engine is not None:
            await asyncio.to_thread(desk.memory)  # its tables come first
        bolt, workspaces = await asyncio.to_thread(make_bolt, settings, engine)
        reception = _reception(bolt, desk, workspaces)
        served.append(AsyncSlackRequestHandler(bolt))
        reception.start()
        socket = asyncio.create_task(_socket(bolt, settings)) if settings.slack_app_token is not None else None
        try:
            yield
        finally:
            served.clear()
            if socket is not None:
                socket.cancel()
                with suppress(asyncio.CancelledError):
                    await socket
            await reception.stop()
            await workspaces.close()
            if engine is not None:
                engine.dispose()

    return running()


def _reception(bolt: AsyncApp, desk: Desk, workspaces: Workspaces) -> Reception:
    chat = ChatDesk(desk)
    courier = SlackCourier(chat, workspaces)
    reception = Reception(chat, DOOR, courier)
    listen(bolt, Slack(chat, reception, courier, workspaces))
    return reception


async def handle(
    request: Request, answer: Callable[[Request], Awaitable[Response]], verifier: SignatureVerifier | None
) -> Response:
    """Answer one request of Slack's. What is no request of Slack's is refused, and nothing of it is logged.

    The SDK's own check comes later, stumbles over a time that is no number, and logs the body of what it refuses.
    """
    if request.method == "POST":
        body = await read_body(request, _LARGEST)
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        timely = stamp.isascii() and stamp.isdecimal() and len(stamp) < 20
        if body is None or not timely or verifier is None or not _is_text(body):
            return Response(status_code=_REFUSED)
        if not verifier.is_valid(body, stamp, signature):
            return Response(status_code=_REFUSED)
        request = _with_body(request, body)
    try:
        return await answer(request)
    except ValueError:  # a body that says it is JSON and is not
        return Response(status_code=_REFUSED)


def _with_body(request: Request, body: bytes) -> Request:
    """The same request, to be read again."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(request.scope, receive)


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


async def _socket(bolt: AsyncApp, settings: Settings) -> None:
    """Hold a connection to Slack, so that nothing has to reach this machine. It is opened again when it drops.

    The SDK tries for as long as it takes to connect, so nothing may wait for that, a server's start least of all.
    """
    assert settings.slack_app_token is not None
    handler = AsyncSocketModeHandler(bolt, settings.slack_app_token.get_secret_value())
    try:
        await handler.client.connect()  # type: ignore[no-untyped-call]
        await asyncio.Event().wait()
    finally:
        await handler.client.close()  # type: ignore[no-untyped-call]
