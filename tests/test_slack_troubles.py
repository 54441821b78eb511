"""What goes wrong around an answer in Slack costs neither the answer nor a vote; Slack itself is not needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response

from adapters.chat_desk import ChatDesk, Found
from adapters.desk import Asked
from adapters.slack import courier as courier_module
from adapters.slack.blocks.answers import answer_message
from adapters.slack.courier import SlackCourier
from adapters.slack.door import handle
from adapters.slack.listeners.buttons import Pressed, _run_again, _vote
from adapters.slack.posting import Place
from adapters.slack.slack import Slack, heard_press
from adapters.slack.workspaces import LOOKS, Workspaces
from bot.answer import Answer
from bot.feedback import Tally
from tests.local_slack import SECRET, signed

ANSWER = Answer("a1", "how many shops?", "answered", "", "SELECT 1")
FOUND = Found(ANSWER, "", "U0ANN", "C0SALES", "17.1")


class Client:
    """A workspace that writes down what it is told, and cannot do some of it."""

    def __init__(self, **cannot: Exception) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self._cannot = cannot

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> dict[str, Any]:
            self.said.append((method, arguments))
            if method in self._cannot:
                raise self._cannot[method]
            return {"ok": True, "ts": "1.2"}

        return call

    def told(self, method: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.said if name == method]


def slack_of(client: Client, **desk: Any) -> Slack:
    async def found(*_: Any) -> Client:
        return client

    async def beside(call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*arguments)

    places = SimpleNamespace(client=found, level=lambda _: 0, took=lambda *_: None)
    place = SimpleNamespace(desk=SimpleNamespace(at=lambda _: SimpleNamespace(bot=None)), **desk)
    courier = SimpleNamespace(shown=lambda *_: None)
    return Slack(cast(Any, place), cast(Any, SimpleNamespace(note=beside, work=beside)), cast(Any, courier),
                 cast(Workspaces, places))  # fmt: skip


def pressed(action: str, blocks: list[dict[str, Any]] | None = None) -> Pressed:
    body = {
        "user": {"id": "U0ANN"}, "team": {"id": "T1"}, "channel": {"id": "C0SALES"}, "trigger_id": "t",
        "message": {"ts": "17.2", "thread_ts": "17.1", "blocks": blocks or []},
        "actions": [{"action_id": action, "value": "a1"}],
    }  # fmt: skip
    return Pressed(heard_press(body), body, FOUND)


@pytest.mark.parametrize(
    "error", [SlackRequestError("status: 500"), aiohttp.ClientOSError("gone"), TimeoutError(), ValueError("drawing")]
)
async def test_files_that_cannot_be_put_beside_an_answer_leave_it_as_it_is(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files(*_: Any) -> list[dict[str, Any]]:
        if isinstance(error, ValueError):
            raise error
        return [{"content": b"a", "filename": "a.csv", "title": "All rows"}]

    monkeypatch.setattr(courier_module, "files_of", files)
    client = Client(files_upload_v2=error)
    courier = SlackCourier(cast(ChatDesk, None), slack_of(client).workspaces)
    await courier.add_files(Place("T1", "", "C0SALES", "17.1", "17.2"), None, "how many shops?")


async def test_a_thumb_down_counts_though_its_window_cannot_be_opened() -> None:
    votes: list[int] = []

    def vote(found: Found, asker: Any, wanted: int) -> Tally:
        votes.append(wanted)
        return Tally(0, 1, -1)

    late = SlackApiError("late", {"error": "expired_trigger_id"})  # type: ignore[no-untyped-call]
    client = Client(views_open=late)
    await _vote(slack_of(client, vote=vote), pressed("vote_down"))
    assert votes == [-1]
    assert "noted" in json.dumps(client.told("chat_postEphemeral"))


@pytest.mark.parametrize("said", [True, False])
async def test_an_answer_that_is_run_again_still_says_who_asked_what(said: bool) -> None:
    """The question of a command stands nowhere else."""
    before = answer_message(Asked(ANSWER), None, LOOKS[0], *((ANSWER.question, "U0ANN") if said else ()))
    client = Client()
    await _run_again(slack_of(client, run_again=lambda *_: ANSWER), pressed("run_again", before.blocks))
    (posted,) = client.told("chat_update")
    assert posted["blocks"] == before.blocks


async def test_no_more_is_read_of_a_request_than_slack_would_send() -> None:
    read = 0

    async def endless() -> dict[str, Any]:
        nonlocal read
        read += 1
        assert read < 1_000
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    async def never(_: Request) -> Response:
        raise AssertionError

    scope = {"type": "http", "method": "POST", "path": "/slack/events", "headers": [], "query_string": b""}
    got = await handle(Request(scope, endless), never, SignatureVerifier(SECRET))
    assert got.status_code == 401 and read < 20


async def test_what_was_read_is_passed_on_whole() -> None:
    body = b'{"type": "event_callback"}'
    pieces = [body[:10], body[10:]]
    sent = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def answer(request: Request) -> Response:
        return Response(await request.body())

    scope = {"type": "http", "method": "POST", "path": "/slack/events", "headers": sent, "query_string": b""}
    got = await handle(Request(scope, receive), answer, SignatureVerifier(SECRET))
    assert (got.status_code, got.body) == (200, body)
