"""The Slack door for tests: the real app on a port of its own, in front of the local Slack."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from adapters.app import make_app
from adapters.desk import Desk
from adapters.slack.door import open_door
from bot.config import Settings
from tests.chat_places import chat_settings
from tests.local_slack import APP_TOKEN, BOT_TOKEN, SECRET, LocalSlack
from tests.tiny_student import Tiny


def slack_settings(tiny: Tiny, folder: Path, slack: LocalSlack, **more: Any) -> Settings:
    """Settings for HTTP with one workspace."""
    plain = {"slack_bot_token": BOT_TOKEN, "slack_signing_secret": SECRET, "slack_api_url": slack.api,
             "user_rate": 1000, "channel_rate": 1000}  # fmt: skip
    return chat_settings(tiny, folder, "slack", **(plain | more))


def socket_settings(tiny: Tiny, folder: Path, slack: LocalSlack) -> Settings:
    """Settings for Socket Mode."""
    return slack_settings(tiny, folder, slack, slack_signing_secret=None, slack_app_token=APP_TOKEN)


@asynccontextmanager
async def opened(settings: Settings, slack: LocalSlack) -> AsyncIterator[Desk]:
    """One replica that hears the local Slack's events."""
    desk = Desk(settings)
    await asyncio.to_thread(desk.open)
    assert desk.state == "ready", desk.trouble
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(make_app(desk, False, [open_door]), log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve(sockets=[listening]))
    while not server.started:
        assert not serving.done(), serving
        await asyncio.sleep(0.01)
    slack.replicas.append(address)
    try:
        yield desk
    finally:
        slack.replicas.remove(address)
        server.should_exit = True
        await serving
        await asyncio.to_thread(desk.close)
