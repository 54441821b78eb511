"""The Teams door: one path that Teams sends its events to, and what runs while it is open."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from adapters.bodies import read_body
from adapters.chat_desk import ChatDesk
from adapters.desk import Desk
from adapters.reception import Reception
from adapters.teams.courier import TeamsCourier
from adapters.teams.downloads import Downloads
from adapters.teams.events import DOOR, BadEvent, Event, read_event
from adapters.teams.files import Files
from adapters.teams.gate import Gate, Refused, is_here
from adapters.teams.look import Look
from adapters.teams.messages import Message
from adapters.teams.presses import Presses
from adapters.teams.sdk import Identity, Unauthorized, Unreachable, Wire
from adapters.teams.talk import Talk
from bot.config import Settings
from bot.store import StoreError

PATH = "/api/messages"
_LARGEST = 256_000  # bytes of an event
_MEMORY = "I cannot remember anything right now, so I do not take questions. {message}"
log = logging.getLogger("mynah.teams")


@asynccontextmanager
async def _running(door: TeamsDoor) -> AsyncIterator[None]:
    door.open()
    try:
        yield
    finally:
        await door.close()


def open_teams(app: FastAPI, desk: Desk) -> AbstractAsyncContextManager[None]:
    """Put the door into the app; it runs while the context that comes back is open."""
    door = TeamsDoor(desk)
    app.add_api_route(PATH, door.receive, methods=["POST"])
    door.downloads.open(app)
    return _running(door)


def identity(settings: Settings) -> Identity:
    """What the settings say the bot is registered as; nothing on a machine of one's own."""
    if settings.teams_local:
        return Identity()
    password = settings.teams_app_password
    return Identity(
        settings.teams_app_id, password.get_secret_value() if password else "",
        settings.teams_tenants[0] if settings.teams_tenants else "", settings.teams_issuer, settings.teams_keys_url,
    )  # fmt: skip


class TeamsDoor:
    """One door of one process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = ChatDesk(desk)
        self._settings = desk.settings
        self._wire = Wire(identity(desk.settings))
        self._gate = Gate(desk.settings)
        self.downloads = Downloads(self._desk)
        self._look = Look(self._desk, self.downloads)
        self._courier = TeamsCourier(self._wire, self._look)

    def open(self) -> None:
        """Begin to answer; called on the event loop."""
        self._reception = Reception(self._desk, DOOR, self._courier)
        self._courier.reception = self._reception
        self._talk = Talk(self._wire, self._look, self._courier, self._reception)
        files = Files(self._wire, self._reception, self._settings.teams_local)
        self._presses = Presses(self._wire, self._look, self._talk, files, self._reception)
        self._reception.start()

    async def close(self) -> None:
        """Let what is at hand be finished."""
        await self._reception.stop()

    async def receive(self, request: Request) -> Response:
        """One event from Teams: 200 once it is taken on, with what a button press is answered with."""
        if self._settings.teams_local and not is_here(f"http://{request.headers.get('host', '')}"):
            return Response(status_code=403)
        content = await read_body(request, _LARGEST)
        if content is None:
            return Response(status_code=413)
        try:
            body = json.loads(content)
            event = read_event(body)
        except (ValueError, RecursionError, BadEvent):
            return Response(status_code=400)
        try:
            await self._wire.authenticate(body, request.headers.get("authorization", ""))
            self._gate.check(event)
        except Unauthorized as error:
            log.warning("a request was turned away: %s", error)
            return Response(status_code=401)
        except Refused as error:
            log.warning("a request was turned away: %s", error)
            return Response(status_code=403)
        except Unreachable as error:
            log.warning("a request could not be checked: %s", error)
            return Response(status_code=503)
        return await self._answer(event)

    async def _answer(self, event: Event) -> Response:
        if event.kind == "invoke":
            body = await self._presses.pressed(event)
            return JSONResponse(body) if body is not None else Response(status_code=501)
        if event.kind == "message":
            try:
                await self._talk.said(event)
            except StoreError as error:
                text = _MEMORY.format(message=error.message)
                self._reception.spawn(self._wire.tell(event.address, Message(text=text)))
        elif event.kind == "messageReaction":
            await self._presses.reacted(event)
        elif event.kind == "installationUpdate" and event.action.startswith("add"):
            self._reception.spawn(self._talk.welcome(event))
        return Response(status_code=200)
