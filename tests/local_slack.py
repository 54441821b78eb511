"""A real local Slack for tests, with a small proxy of ours in front that can refuse, repeat and slow things down.

The door under test talks to the proxy's address as if it were Slack's; events come from there, to one replica or to
several, once or twice. Tests act as people do: they write, react, press buttons, send windows.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, WSMsgType, web
from slack_sdk.signature import SignatureVerifier

from tests.local_slack_inside import EVENTS, PORT

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / ".npm-tools" / "node_modules" / "local-slack-linux-x64" / "bin" / "local-slack"
BOT, ANN, BOB, CARL, SALES, DM = "U0BOT", "U0ANN", "U0BOB", "U0CARL", "C0SALES", "D0ANN"
TEAM, BOT_TOKEN, APP_TOKEN, SECRET = "T01TEST", "xoxb-test-token", "xapp-test-token", "test-signing-secret"
PATIENCE = 60.0  # seconds for anything to show up


def installed() -> bool:
    """Whether the local Slack is there, and can be kept in a network of its own."""
    if not PROGRAM.is_file() or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True)
    return tried.returncode == 0


class LocalSlack:
    """The running local Slack behind its proxy. `replicas` are the addresses that events are sent to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.replicas: list[str] = []
        self.repeats = 1  # how often each event is sent to each replica
        self.balanced = False  # whether each event goes to one replica, in turn, instead
        self.watch: Callable[[str, dict[str, Any], bytes], None] = lambda *_: None  # sees calls, and Slack's answers
        self.answers: dict[str, list[Callable[[dict[str, Any]], web.Response | None]]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.acks: list[float] = []  # seconds that each event waited for its answer
        self.base = ""
        self._session = ClientSession(
            connector=UnixConnector(str(folder / "slack.sock"), limit=0), timeout=ClientTimeout(total=None)
        )
        self._outside = ClientSession(timeout=ClientTimeout(total=120))

    @property
    def api(self) -> str:
        """What the door takes for Slack's API."""
        return f"{self.base}/api/"

    def answer_once(self, method: str, answer: Callable[[dict[str, Any]], web.Response | None]) -> None:
        """Let the next call of a method be answered by the proxy; None lets it through."""
        self.answers.setdefault(method, []).append(answer)

    def called(self, method: str) -> list[dict[str, Any]]:
        """The arguments of all calls of a method."""
        return [arguments for name, arguments in self.calls if name == method]

    async def control(self, what: str, **data: Any) -> Any:
        """Do what a person does."""
        async with self._session.post(f"http://slack/_control/{what}", json=data) as got:
            return await got.json(content_type=None)

    async def write(self, text: str, user: str = ANN, channel: str = SALES, thread: str = "") -> str:
        """Write a message; its timestamp."""
        more = {"thread_ts": thread} if thread else {}
        got = await self.control("message", channel=channel, user=user, text=text, **more)
        return str(got["message"]["ts"])

    async def mention(self, question: str, user: str = ANN, thread: str = "") -> str:
        """Ask in the channel; the question's timestamp."""
        return await self.write(f"<@{BOT}> {question}", user, SALES, thread)

    async def react(self, message: dict[str, Any], name: str, user: str = ANN, present: bool = True) -> None:
        """Put a reaction under a message, or take it off."""
        await self.control("reaction", channel=message["channel"], ts=message["ts"], user=user, name=name,
                           present=present)  # fmt: skip

    async def press(self, message: dict[str, Any], action: str, user: str = ANN) -> None:
        """Press the button with that action id."""
        found = next(e for b in message["blocks"] for e in (*b.get("elements", ()), b.get("accessory", {}))
                     if e.get("action_id") == action)  # fmt: skip
        await self.control("interact", channel=message["channel"], messageTs=message["ts"], user=user,
                           action={"type": "button", "action_id": action, "value": found["value"]})  # fmt: skip

    async def command(self, command: str, text: str, user: str = ANN, channel: str = SALES) -> None:
        """Type a command."""
        await self.control("command", channel=channel, user=user, command=command, text=text)

    async def shortcut(self, name: str, message: dict[str, Any], user: str = ANN) -> int:
        """Choose an entry of a message's menu, which the local Slack does not have: Slack's own request, signed."""
        payload = {
            "type": "message_action", "callback_id": name, "trigger_id": f"menu-{time.monotonic_ns()}",
            "team": {"id": TEAM}, "user": {"id": user}, "channel": {"id": message["channel"]}, "message": message,
            "response_url": f"{self.base}/nowhere",
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = signed(body) | {"content-type": "application/x-www-form-urlencoded"}
        async with self._outside.post(f"{self.replicas[0]}/slack/events", data=body, headers=headers) as got:
            return got.status

    async def submit(self, values: dict[str, str], user: str = ANN, chosen: str = "") -> None:
        """Send the window that is open. `chosen` is the channel picked in it."""
        typed: dict[str, Any] = {
            name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()
        }
        if chosen:
            typed["channel"] = {"channel": {"type": "conversations_select", "selected_conversation": chosen}}
        async with self._session.ws_connect("http://slack/ui") as socket:
            await socket.receive()
            await socket.send_json({"t": "view_submit", "user": user, "values": typed})
            await socket.receive()

    async def page(self) -> dict[str, Any]:
        """Everything that the page shows: windows, homes, messages."""
        async with self._session.ws_connect("http://slack/ui", max_msg_size=0) as socket:
            found: dict[str, Any] = await socket.receive_json()
            return dict(found.get("state") or found)

    async def messages(self, channel: str = SALES) -> list[dict[str, Any]]:
        """All messages of a channel, in order."""
        async with self._session.get(f"http://slack/_control/messages/{channel}") as got:
            found: list[dict[str, Any]] = (await got.json())["messages"]
            return found

    async def until(self, find: Callable[[list[dict[str, Any]]], Any], channel: str = SALES) -> Any:
        """Wait until something is found in a channel's messages."""
        deadline = time.monotonic() + PATIENCE
        while not (found := find(await self.messages(channel))):
            if time.monotonic() > deadline:
                said = [(m.get("user"), m.get("text"), m.get("thread_ts")) for m in await self.messages(channel)]
                raise AssertionError(f"not found among {said}")
            await asyncio.sleep(0.02)
        return found

    async def answer(self, thread: str, text: str = "", channel: str = SALES, count: int = 1) -> dict[str, Any]:
        """The bot's finished answer in a thread: the one with buttons."""
        def find(messages: list[dict[str, Any]]) -> Any:
            there = [m for m in messages if m.get("user") == BOT and thread in (m.get("thread_ts"), m["ts"])]
            done = [m for m in there if finished(m) and text in json.dumps(m, ensure_ascii=False)]
            return done[count - 1] if len(done) >= count else None

        found: dict[str, Any] = await self.until(find, channel)
        return found

    async def whispered(self, text: str, user: str = ANN, channel: str = SALES) -> dict[str, Any]:
        """A note that only one person sees."""
        found: dict[str, Any] = await self.until(lambda messages: next(
            (m for m in messages if m.get("ephemeral_to") == user and text in json.dumps(m, ensure_ascii=False)), None
        ), channel)  # fmt: skip
        return found

    async def api_call(self, request: web.Request) -> web.StreamResponse:
        """One call of the door's, passed on unless a test answers it."""
        method, body = request.match_info["method"], await request.read()
        arguments = _arguments(request, body)
        self.calls.append((method, arguments))
        waiting = self.answers.get(method) or []
        if waiting and (answered := waiting.pop(0)(arguments)) is not None:
            return answered
        passed = await self._forward(request, body)
        self.watch(method, arguments, bytes(passed.body or b""))  # type: ignore[arg-type]
        return passed

    async def health(self, replica: str) -> int:
        """The status of a replica's /healthz."""
        async with self._outside.get(f"{replica}/healthz") as got:
            return got.status

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length")}
        async with self._session.request(
            request.method, f"http://slack{request.rel_url}", data=body, headers=headers
        ) as got:
            text = self._seen_from_here(await got.read())
            return web.Response(body=text, status=got.status, content_type=got.content_type)

    async def anything(self, request: web.Request) -> web.StreamResponse:
        """Uploads, answers to commands, and the socket of Socket Mode."""
        if request.headers.get("upgrade", "").lower() == "websocket":
            return await self._socket(request)
        return await self._forward(request, await request.read())

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        near = web.WebSocketResponse()
        await near.prepare(request)
        async with self._session.ws_connect(f"http://slack{request.rel_url}") as far:
            async def pass_on(source: Any, target: Any) -> None:
                async for message in source:
                    if message.type == WSMsgType.TEXT:
                        await target.send_str(self._seen_from_here(message.data.encode()).decode())
                await target.close()

            await asyncio.gather(pass_on(near, far), pass_on(far, near))
        return near

    async def event(self, request: web.Request) -> web.StreamResponse:
        """One event, to all replicas, as often as is asked for; Slack hears the first replica's answer."""
        body = self._seen_from_here(await request.read())
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length")}
        headers |= signed(body)

        async def send(replica: str) -> web.Response:
            started = time.monotonic()
            async with self._outside.post(f"{replica}/slack/events", data=body, headers=headers) as got:
                answered = web.Response(body=await got.read(), status=got.status)
            self.acks.append(time.monotonic() - started)
            return answered

        there = self.replicas[:1] if self.balanced else self.replicas
        self.replicas = [*self.replicas[1:], *there] if self.balanced else self.replicas
        outcomes = await asyncio.gather(*(send(r) for r in there for _ in range(self.repeats)),
                                        return_exceptions=True)  # fmt: skip
        good = [o for o in outcomes if isinstance(o, web.Response)]
        return good[0] if good else web.Response(status=503)

    def _seen_from_here(self, body: bytes) -> bytes:
        """The same with the proxy's address in the place of the local Slack's own, which only reaches itself."""
        here = self.base.removeprefix("http://")
        for there, found in ((f"127.0.0.1:{PORT}", here), (f"127.0.0.1%3A{PORT}", here.replace(":", "%3A"))):
            body = body.replace(there.encode(), found.encode())
        return body

    async def close(self) -> None:
        """Release the connections."""
        await self._session.close()
        await self._outside.close()


def signed(body: bytes, stamp: str = "") -> dict[str, str]:
    """The headers of a request that Slack signed."""
    stamp = stamp or str(int(time.time()))
    made = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": made or ""}


def finished(message: dict[str, Any]) -> bool:
    """Whether a message of the bot's is an answer and no longer says what is being done."""
    actions = [e.get("action_id") for b in message.get("blocks", ()) for e in b.get("elements", ())]
    return bool(message.get("blocks")) and "cancel" not in actions and "ephemeral_to" not in message


def refuse_blocks(kinds: set[str]) -> Callable[[dict[str, Any]], web.Response | None]:
    """Answers as a workspace that does not know these kinds of blocks."""
    def answer(arguments: dict[str, Any]) -> web.Response | None:
        found = {block["type"] for block in arguments.get("blocks") or ()}
        return web.json_response({"ok": False, "error": "invalid_blocks"}) if found & kinds else None

    return answer


def _arguments(request: web.Request, body: bytes) -> dict[str, Any]:
    if request.content_type == "application/json":
        found: dict[str, Any] = json.loads(body)
        return found
    from urllib.parse import parse_qsl

    given = dict(parse_qsl(body.decode("utf-8", "replace"))) | dict(request.query)
    return {k: json.loads(v) if k in ("blocks", "view") else v for k, v in given.items()}


def _config(mode: str) -> dict[str, Any]:
    people = [{"id": i, "name": n.lower(), "real_name": n} for i, n in ((ANN, "Ann"), (BOB, "Bob"), (CARL, "Carl"))]
    rooms: list[dict[str, Any]] = [
        {"id": f"C{n:05}", "name": f"room-{n}", "members": [BOT, ANN, BOB]} for n in range(20)
    ]
    rooms += [
        {"id": SALES, "name": "sales", "members": [BOT, ANN, BOB, CARL]},
        {"id": "C0LOBBY", "name": "lobby", "members": [BOT, ANN, BOB]},
        {"id": DM, "name": "ann", "is_im": True, "is_channel": False, "members": [BOT, ANN]},
    ]
    app = {"appId": "A01APP", "botUserId": BOT, "botName": "mynah", "botToken": BOT_TOKEN, "appToken": APP_TOKEN,
           "signingSecret": SECRET, "mode": mode, "requestUrl": f"http://127.0.0.1:{EVENTS}/slack/events"}  # fmt: skip
    return {"apps": [app], "users": people, "channels": rooms, "workspace": {"teamId": TEAM}}


@asynccontextmanager
async def local_slack(mode: str = "events") -> AsyncIterator[LocalSlack]:
    """A local Slack of its own, whose app listens to HTTP ("events") or over Socket Mode ("socket")."""
    with TemporaryDirectory(prefix="slack-") as name:
        folder = Path(name)
        (folder / "config.json").write_text(json.dumps(_config(mode)))
        inside = subprocess.Popen(
            ["unshare", "--net", sys.executable, str(ROOT / "tests" / "local_slack_inside.py"), str(PROGRAM), name],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        slack = LocalSlack(folder)
        app = web.Application(client_max_size=50_000_000)
        app.router.add_route("*", "/api/{method}", slack.api_call)
        app.router.add_route("*", "/{rest:.*}", slack.anything)
        events = web.Application(client_max_size=50_000_000)
        events.router.add_post("/slack/events", slack.event)
        near, far = web.AppRunner(app), web.AppRunner(events)
        try:
            await near.setup()
            await far.setup()
            site = web.TCPSite(near, "127.0.0.1", 0)
            await site.start()
            await web.UnixSite(far, str(folder / "events.sock")).start()
            slack.base = f"http://127.0.0.1:{near.addresses[0][1]}"
            await _awake(slack, inside)
            yield slack
        finally:
            await slack.close()
            await near.cleanup()
            await far.cleanup()
            _stop(inside)


async def _awake(slack: LocalSlack, inside: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert inside.poll() is None, "the local Slack ended at once"
        try:
            await slack.messages()
            return
        except (ClientError, OSError):
            await asyncio.sleep(0.05)
    raise AssertionError("the local Slack does not answer")


def _stop(inside: subprocess.Popen[bytes]) -> None:
    import os
    import signal

    os.killpg(inside.pid, signal.SIGKILL)
    inside.wait()


def count(values: list[str]) -> dict[str, int]:
    """How often each value is there."""
    return dict(Counter(values))
