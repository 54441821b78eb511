"""What browsers may do with the page: who may open it, from where, and what it may load."""

from __future__ import annotations

import ipaddress
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>\d{1,5}))?", re.ASCII)
# Vue compiles templates in the browser, hence 'unsafe-eval'; no source but this server is allowed for anything.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws://{host} wss://{host}; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SIGNED = ("/slack/", "/teams/", "/api/messages")  # where chat platforms send to
_WRONG_NAME = "This page is reached under its own address only, for example http://127.0.0.1:{port}."
_WRONG_PLACE = "This came from another website, so it was not answered."


class Safety:
    """Middleware. A page that other websites could reach through their visitors' browsers would leak the data.

    Where only this machine is listened on, only its own names are answered, which keeps out names that a
    stranger points at 127.0.0.1. What a page of another origin sends, WebSockets too, is refused. Chat platforms come
    under the name that the world knows this server by; their doors check a signature instead.
    """

    def __init__(self, app: ASGIApp, listens_on: str) -> None:
        self._app = app
        self._only_here = is_loopback(listens_on)
        self._names = _LOOPBACK | {listens_on.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(_SIGNED):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        refusal = self._refusal(host, headers.get("origin"))
        if refusal:
            await _refuse(refusal, scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out["Content-Security-Policy"] = _POLICY.format(host=host)
                out.update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, host: str, origin: str | None) -> str:
        found = _HOST.fullmatch(host)
        if found is None or (self._only_here and found["name"].lower() not in self._names):
            return _WRONG_NAME.format(port=(found and found["port"]) or "8765")
        if origin is not None and origin.lower().partition("://")[2] != host.lower():
            return _WRONG_PLACE
        return ""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _refuse(text: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": text[:100]})
    else:
        await PlainTextResponse(f"{text}\n", 403)(scope, receive, send)
