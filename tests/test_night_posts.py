"""The nightly report in the channels that the settings name: posted as plain text, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from adapters.night_posts import posts
from bot.config import ConfigError, load_settings
from kd_training.night.report import NightReport

EVIL = "<!channel> [pay](https://evil.example) how many orders?"


class Recorder(BaseHTTPRequestHandler):
    """Takes what a client posts and says that it is well."""

    seen: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = json.loads(body) if body.startswith("{") else {k: v[0] for k, v in parse_qs(body).items()}
        self.seen.append({"path": self.path, **sent})
        answer = json.dumps({"ok": True, "ts": "1.2", "id": "m1"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def server() -> Iterator[str]:
    Recorder.seen.clear()
    listening = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}/"
    listening.shutdown()
    thread.join()
    listening.server_close()


def report() -> NightReport:
    return NightReport("2026-11-29", "promoted", better=(EVIL,))


def test_slack_gets_it_as_plain_text(server: str) -> None:
    settings = load_settings(slack_report="C1", slack_bot_token="xoxb-1", slack_api_url=f"{server}api/")
    (post,) = posts(settings)
    post(report())
    (sent,) = Recorder.seen
    assert (sent["path"], sent["channel"]) == ("/api/chat.postMessage", "C1")
    (block,) = json.loads(sent["blocks"]) if isinstance(sent["blocks"], str) else sent["blocks"]
    assert block["text"]["type"] == "plain_text" and "how many orders?" in block["text"]["text"]
    assert "2026-11-29" in sent["text"] and "<!channel>" not in sent["text"]


def test_nothing_is_posted_unless_asked_for() -> None:
    assert posts(load_settings()) == []


@pytest.mark.parametrize(("given", "lacks"), [
    ({"slack_report": "C1"}, "slack_bot_token"), ({"teams_report": "19:x"}, "teams_app_id"),
])
def test_a_door_without_its_keys_is_said_before_the_night(given: dict[str, str], lacks: str) -> None:
    with pytest.raises(ConfigError, match=lacks):
        posts(load_settings(**given))
