"""The workspaces that Mynah is installed in: a client for each, with its token, and what it can show."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.blocks.answers import Look

LOOKS = (Look("data_table", True), Look("table", False), Look("text", False))  # newest first
_TRIED_AGAIN = 3600.0  # seconds after which a workspace may have learned a newer kind of block
_TIMEOUT = 20  # seconds


class NotInstalled(Exception):
    """Mynah is not, or not any more, in that workspace."""


def retries() -> list[AsyncRetryHandler]:
    """What is sent again: after Slack asked to slow down, a lost line, and an error of Slack's own."""
    return [
        AsyncRateLimitErrorRetryHandler(max_retry_count=5),
        AsyncConnectionErrorRetryHandler(max_retry_count=2),
        AsyncServerErrorRetryHandler(max_retry_count=2),
    ]


@dataclass
class Workspaces:
    """Belongs to one event loop. `authorize` gives a workspace's token, fresh; None where one token serves all."""

    base_url: str
    token: str | None
    authorize: AsyncAuthorize | None = None
    _session: aiohttp.ClientSession | None = None
    _levels: dict[str, tuple[int, float]] = field(default_factory=dict)

    async def client(self, team: str, enterprise: str = "") -> AsyncWebClient:
        """A client for one workspace. Raises NotInstalled."""
        token = self.token
        if self.authorize is not None:
            asking = AsyncWebClient(base_url=self.base_url, retry_handlers=retries())
            context = AsyncBoltContext({"is_enterprise_install": bool(enterprise) and not team, "client": asking})
            found = await self.authorize(
                context=context, enterprise_id=enterprise or None, team_id=team or None, user_id=None
            )
            token = found.bot_token if found else None
        if token is None:
            raise NotInstalled(team)
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession()
        return AsyncWebClient(
            token, base_url=self.base_url, timeout=_TIMEOUT, retry_handlers=retries(), session=self._session
        )

    def level(self, team: str, now: Callable[[], float] = time.monotonic) -> int:
        """Which of LOOKS a workspace is known to take."""
        level, until = self._levels.get(team, (0, 0.0))
        return level if now() < until else 0

    def took(self, team: str, level: int) -> None:
        """Remember for a while that a workspace refused what is newer than this."""
        if level and level != self.level(team):
            self._levels[team] = (level, time.monotonic() + _TRIED_AGAIN)

    async def close(self) -> None:
        """Release the connections."""
        if self._session is not None:
            await self._session.close()
