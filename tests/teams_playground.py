"""A local Teams for tests: the Agents Playground and `mynah serve --teams`, together in a network of their own."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from bot.config import ROOT
from tests.npm_tools import PLAYGROUND

PATIENCE = 240  # seconds for anything to happen
ALEX, MEGAN = "user-id-0", "user-id-1"


def free_port() -> int:
    """A port that nobody has. In a network of one's own it stays free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_for(url: str) -> None:
    """Wait until an address answers 200."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=PATIENCE).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)


class Bot:
    """`mynah serve --teams` as a process that can be killed and started again in the same place."""

    def __init__(self, folder: Path, variables: dict[str, str], doors: tuple[str, ...] = ("--teams",)) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._doors = doors
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MYNAH_")}
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        own = {
            "MYNAH_WEB_PORT": str(self.port), "MYNAH_STATE_DIR": str(folder / "state"), "PYTHONPATH": paths,
            "MYNAH_PUBLIC_URL": self.url,
        }  # fmt: skip
        self._variables = kept | own | variables
        self.process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What it printed since the last start."""
        return (self.folder / "bot.log").read_text("utf-8")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What its memory holds."""
        with closing(sqlite3.connect(self.folder / "state" / "state.db")) as connection:
            return connection.execute(sql).fetchall()

    def votes(self, answer_id: str) -> dict[str, int]:
        """The votes on an answer that stand, by user."""
        standing = f"answer_id = '{answer_id}' AND retracted_at IS NULL"
        return dict(self.rows(f"SELECT user_id, vote FROM feedback WHERE {standing}"))

    def start(self) -> None:
        """Start it; returns when questions are answered."""
        with (self.folder / "bot.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "adapters.terminal", "serve", *self._doors],
                cwd=self.folder, env=self._variables, stdout=log, stderr=log,
            )  # fmt: skip
        wait_for(f"{self.url}/healthz")

    def kill(self) -> None:
        """As when the machine fails."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


class Playground:
    """Speaks to the Playground as its page does."""

    def __init__(self, port: int, bot: Bot) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.bot = bot
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE)
        self.config = self._client.get("/_internal/v1/config").json()["config"]
        self.personal = self.config["personalChat"]["id"]
        self.group = self.config["groupChats"][0]["id"]
        self.channel = self.config["teams"][0]["channels"][0]["id"]
        self._bot_id = self.config["bot"]["id"]
        stream = f"ws://127.0.0.1:{port}/_ws_conversation/v1/conversations/stream"
        self._stream: ClientConnection = connect(stream, legacy=True)
        self.seen: list[dict[str, Any]] = []

    def say(self, conversation: str, text: str, user: str = ALEX, mention: bool = False) -> str:
        """Write into a conversation; the one in which the answer will stand."""
        if user != ALEX:  # the Playground itself lets only its own user write
            assert self.custom(self.event("message", conversation, user, text=text)).status_code == 200
            return conversation
        body: dict[str, Any] = {"from": {"id": user}, "text": text, "textFormat": "plain"}
        if mention:
            at = f"<at>{self.config['bot']['name']}</at>"
            body |= {"text": f"{at} {text}", "mentions": [{"mentioned": {"id": self._bot_id}, "text": at}]}
        answered = self._client.post(f"/_conversation/v1/conversations/{conversation}/messages", json=body)
        assert answered.status_code == 200, answered.text
        posted: str = answered.json().get("postConversationId") or conversation
        return posted

    def press(self, message: dict[str, Any], verb: str, user: str = ALEX, **data: Any) -> dict[str, Any]:
        """Press a button of a card; what the bot answers with."""
        answered = self._client.post("/_conversation/v1/invoke", json={
            "name": "adaptiveCard/action", "from": {"id": user}, "conversation": {"id": message["conversation"]},
            "replyToId": message["messageId"],
            "value": {"action": {"type": "Action.Execute", "verb": verb, "data": data}},
        })  # fmt: skip
        assert answered.status_code == 200, answered.text
        body: dict[str, Any] = answered.json()
        return body

    def thumb(self, conversation: str, reaction: str, feedback: str, user: str = ALEX) -> None:
        """Teams' own thumbs below the latest answer."""
        value = {"actionName": "feedback", "actionValue": {"reaction": reaction, "feedback": feedback}}
        answered = self._client.post("/_conversation/v1/invoke", json={
            "name": "message/submitAction", "from": {"id": user}, "conversation": {"id": conversation}, "value": value,
        })  # fmt: skip
        assert answered.status_code == 200, answered.text

    def custom(self, activity: dict[str, Any]) -> httpx.Response:
        """Any event, sent as it stands."""
        return self._client.post("/_internal/v1/customActivities", json=activity)

    def event(self, kind: str, conversation: str, user: str = ALEX, **more: Any) -> dict[str, Any]:
        """An event as the Playground itself would make it."""
        scope = {self.personal: "personal", self.group: "groupChat"}.get(conversation, "channel")
        person = next(u for u in (self.config["currentUser"], *self.config["users"]) if u["id"] == user)
        return {
            "type": kind, "id": str(uuid.uuid4()), "timestamp": datetime.now(UTC).isoformat(), "channelId": "msteams",
            "serviceUrl": f"http://localhost:{self.url.rpartition(':')[2]}/_connector",
            "from": {"id": user, "name": person["name"], "aadObjectId": person["aadObjectId"]},
            "recipient": {"id": self._bot_id, "name": self.config["bot"]["name"]},
            "conversation": {"id": conversation, "conversationType": scope, "tenantId": self.config["tenantId"]},
            "channelData": {"tenant": {"id": self.config["tenantId"]}},
        } | more  # fmt: skip

    def answer(self, conversation: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """Wait for a message of the bot's there, new or changed, that is as wanted; the first not taken yet."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for message in self.seen:
                if message["conversation"] == conversation and wanted(message):
                    self.seen.remove(message)
                    return message
            told = json.loads(self._stream.recv(timeout=max(0.1, deadline - time.monotonic())))
            if told.get("message", {}).get("from", {}).get("id") == self._bot_id:
                message = told["message"] | {"conversation": told["actionConversationId"], "told": told["action"]}
                self.seen.append(message)

    def forget(self) -> None:
        """Pass over what came so far, as soon as nothing more comes."""
        self.seen.clear()
        with suppress(TimeoutError):
            while True:
                self._stream.recv(timeout=0.5)

    def quiet(self, conversation: str, seconds: float = 2.0) -> bool:
        """Whether the bot says nothing there for a while."""
        try:
            told = json.loads(self._stream.recv(timeout=seconds))
        except TimeoutError:
            return True
        return bool(told.get("actionConversationId") != conversation)

    def person(self, user: str) -> str:
        """What the bot knows a user by."""
        people = (self.config["currentUser"], *self.config["users"])
        return str(next(person["aadObjectId"] for person in people if person["id"] == user))

    def close(self) -> None:
        """Let go of the connections."""
        self._stream.close()
        self._client.close()


def card_of(message: dict[str, Any]) -> dict[str, Any]:
    """The card in a message."""
    card: dict[str, Any] = message["attachments"][0]["content"]
    return card


def answer_id(message: dict[str, Any]) -> str:
    """The id of the answer in a message."""
    buttons = card_of(message)["actions"]
    return str(next(b["data"]["answer"] for b in buttons if "answer" in b.get("data", {})))


def is_answer(message: dict[str, Any]) -> bool:
    """Whether a message holds an answer, and not what stands in its place before."""
    shown = message.get("attachments") or []
    buttons = [action["title"] for action in card_of(message).get("actions", [])] if shown else []
    return bool({"SQL", "Write SQL", "Ask again"} & set(buttons))


@contextmanager
def playground(folder: Path, variables: dict[str, str], doors: tuple[str, ...] = ("--teams",)) -> Iterator[Playground]:
    """The two of them, in the network that the calling thread is in."""
    bot, port = Bot(folder, {"MYNAH_TEAMS_LOCAL": "true"} | variables, doors), free_port()
    log = (folder / "playground.log").open("wb")
    quiet = os.environ | {"TEAMSAPPTESTER_BROWSER": "none", "TEAMSAPPTESTER_TELEMETRY": "false", "HOME": str(folder)}
    process = subprocess.Popen(
        ["node", str(PLAYGROUND), "start", "-e", f"{bot.url}/api/messages", "-c", "msteams", "-p", str(port), "--dt"],
        cwd=folder, env=quiet, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        bot.start()
        wait_for(f"http://127.0.0.1:{port}/_internal/v1/config")
        opened = Playground(port, bot)
        try:
            yield opened
        finally:
            opened.close()
    finally:
        process.kill()
        process.wait()
        log.close()
        if bot.process.poll() is None:
            bot.kill()
