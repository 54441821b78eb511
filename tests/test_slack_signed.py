"""Who may speak to /slack/events: only Slack, and what others send leaves no trace. The local Slack is not needed."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from adapters.app import make_app
from adapters.desk import Desk
from adapters.slack.app import missing
from adapters.slack.door import open_door
from bot.config import ROOT, load_settings
from tests.local_slack import BOT_TOKEN, SECRET, signed

WORD = "zebra-in-the-body"


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = load_settings(
        state_dir=tmp_path, slack_bot_token=BOT_TOKEN, slack_signing_secret=SECRET, web_host="127.0.0.1",
        slack_api_url="http://127.0.0.1:9/api/", database_url=str(tmp_path / "none.db"),
    )  # fmt: skip
    desk = Desk(settings)
    app = make_app(desk, False, [open_door])
    async with run_lifespan(app), httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://mynah.example.com"
    ) as made:
        yield made
    await asyncio.to_thread(desk.close)


def run_lifespan(app: FastAPI) -> object:
    return app.router.lifespan_context(app)


async def post(client: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> int:
    got = await client.post("/slack/events", content=body, headers={"content-type": "application/json"} | headers)
    return got.status_code


async def test_only_slack_is_heard(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = json.dumps({"type": "event_callback", "event": {"type": WORD}, "token": WORD}).encode()
    now = signed(body)
    good = now["X-Slack-Signature"]
    old = signed(body, str(int(time.time()) - 3600))
    wrong = [
        {}, {"X-Slack-Signature": good}, now | {"X-Slack-Signature": "v0=" + "0" * 64},
        now | {"X-Slack-Signature": ""}, old, now | {"X-Slack-Request-Timestamp": "yesterday"},
        now | {"X-Slack-Request-Timestamp": ""}, now | {"X-Slack-Request-Timestamp": "9" * 40},
        now | {"X-Slack-Request-Timestamp": "-1"}, now | {"X-Slack-Request-Timestamp": "1e9"},
    ]  # fmt: skip
    for headers in wrong:
        assert await post(client, body, headers) == 401, headers
    assert await post(client, body + b" ", now) == 401
    assert WORD not in caplog.text and SECRET not in caplog.text and BOT_TOKEN not in caplog.text


async def test_bodies_that_make_no_sense_are_refused(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for body in (b"{" + WORD.encode(), b"\xff\xfe" + WORD.encode(), b"[1", WORD.encode() * 100_000):
        assert await post(client, body, signed(body) if len(body) < 1000 and body[:1] != b"\xff" else {}) == 401
    form = f"payload={WORD}".encode()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert await post(client, form, signed(form) | kind) == 401
    assert WORD not in caplog.text


async def test_slacks_first_question_is_answered(client: httpx.AsyncClient) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    got = await client.post("/slack/events", content=body, headers=signed(body) | {"content-type": "application/json"})
    assert (got.status_code, got.json()["challenge"]) == (200, "abc")


def test_what_is_missing_is_named_and_nothing_starts(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "adapters.terminal", "serve", "--slack"], cwd=tmp_path, capture_output=True, text=True,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert "slack_bot_token" in done.stderr and "slack_signing_secret" in done.stderr
    assert "Traceback" not in done.stderr


def test_which_settings_open_the_door() -> None:
    socket = load_settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1")
    several = load_settings(slack_client_id="1.2", slack_client_secret="x", slack_signing_secret="y")
    assert missing(socket) == missing(several) == []
    assert missing(load_settings(slack_client_id="1.2", slack_signing_secret="y")) == ["slack_client_secret"]
    assert "xoxb-1" not in repr(socket) and "xapp-1" not in repr(socket)
