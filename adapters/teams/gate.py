"""Who gets in: requests that Teams signed, of the organisation's own tenants, fresh, each once."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from adapters.teams.events import Event
from bot.config import ConfigError, Settings

FRESH = timedelta(minutes=15)  # Teams gives up on a request long before
_KEPT = 20_000  # events that are remembered, to know them again
# A message that comes twice is Teams trying again, which the questions that were taken on tell. What else comes twice
# was recorded and is played back.
_AGAIN = frozenset({"message"})


class Refused(Exception):
    """The request is signed, and still not answered. The text says why, for the log."""


class Gate:
    """Judges events whose signature was checked. Belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._tenants = frozenset(settings.teams_tenants)
        self._services = settings.teams_service_urls
        self._local = settings.teams_local
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()

    def check(self, event: Event) -> None:
        """Raises Refused."""
        if not self._local and event.tenant not in self._tenants:
            raise Refused("a tenant that is not among teams_tenants")
        if not self._known(event.service_url):
            raise Refused("a service that is not among teams_service_urls")
        if not event.user or not event.conversation or not event.id:
            raise Refused("an event without a sender, a conversation or an id")
        if event.sent is None or abs(datetime.now(UTC) - event.sent) > FRESH:
            raise Refused("an event of another time")
        if event.kind not in _AGAIN:
            self._once((event.conversation, event.id))

    def _known(self, url: str) -> bool:
        """Answers, and with them rows, go to that address."""
        if self._local:
            return is_here(url)
        return any(url == known or url.startswith(known.rstrip("/") + "/") for known in self._services)

    def _once(self, key: tuple[str, str]) -> None:
        now = time.monotonic()
        while self._seen and (
            len(self._seen) >= _KEPT or next(iter(self._seen.values())) < now - 2 * FRESH.total_seconds()
        ):
            self._seen.popitem(last=False)
        if key in self._seen:
            raise Refused("an event that was here before")
        self._seen[key] = now


def is_here(url: str) -> bool:
    """Whether an address leads to this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_settings(settings: Settings) -> None:
    """What the door cannot open without. Raises ConfigError."""
    if settings.teams_local:
        if settings.teams_app_id:
            raise ConfigError("teams_local is for trying things out without a registration: set it or teams_app_id")
        if not is_here(f"http://{settings.web_host}"):
            raise ConfigError("With teams_local requests are not signed, so web_host has to be 127.0.0.1")
        return
    missing = [
        name for name, value in (
            ("teams_app_id", settings.teams_app_id), ("teams_app_password", settings.teams_app_password),
            ("teams_tenants", settings.teams_tenants),
        ) if not value
    ]  # fmt: skip
    if missing:
        raise ConfigError(f"The Teams door needs {', '.join(missing)}: docs/teams.md says where they come from")
