"""Where tokens of several workspaces are kept: slack_sdk's SQLAlchemy store, in Mynah's own state database.

Its asynchronous twin needs drivers of its own, so the plain one is called beside the event loop. Tokens lie in the
state database as they are: who can read that database can speak for the bot.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from sqlalchemy import Engine

from bot.store_engine import for_writing, make_engine, parse_url

STATE_SECONDS = 600  # how long somebody may take to say yes
_PATIENCE = 5.0
# Slack waits while a token is looked up: behind the threads that everything else shares it would wait for pictures.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="slack-tokens")

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("mynah.slack")


class Installations(AsyncInstallationStore):
    """Thread-safe. Every method raises SQLAlchemyError where the state database does not answer."""

    def __init__(self, engine: Engine, client_id: str) -> None:
        self._reading = SQLAlchemyInstallationStore(client_id=client_id, engine=engine, logger=log)
        self._writing = SQLAlchemyInstallationStore(client_id=client_id, engine=for_writing(engine), logger=log)

    def create_tables(self) -> None:
        """Make the tables if there are none."""
        self._writing.metadata.create_all(self._writing.engine)

    @property
    def logger(self) -> logging.Logger:
        """For slack_bolt."""
        return log

    async def async_save(self, installation: Installation) -> None:
        """Keep an installation."""
        await _beside(self._writing.save, installation)

    async def async_save_bot(self, bot: Bot) -> None:
        """Keep a bot's token."""
        await _beside(self._writing.save_bot, bot)

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The bot of a workspace."""
        return await _beside(
            self._reading.find_bot, enterprise_id=enterprise_id, team_id=team_id,
            is_enterprise_install=is_enterprise_install,
        )

    async def async_find_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """The newest installation of a workspace, or of one user there."""
        return await _beside(
            self._reading.find_installation, enterprise_id=enterprise_id, team_id=team_id, user_id=user_id,
            is_enterprise_install=is_enterprise_install,
        )

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forget a workspace's bot."""
        await _beside(self._writing.delete_bot, enterprise_id=enterprise_id, team_id=team_id)

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Forget a workspace's installations, or those of one user."""
        await _beside(
            self._writing.delete_installation, enterprise_id=enterprise_id, team_id=team_id, user_id=user_id
        )


class OAuthStates(AsyncOAuthStateStore):
    """The one-time words that tie the end of an installation to its beginning, at whichever replica it ends."""

    def __init__(self, engine: Engine) -> None:
        self._store = SQLAlchemyOAuthStateStore(
            expiration_seconds=STATE_SECONDS, engine=for_writing(engine), logger=log
        )

    def create_tables(self) -> None:
        """Make the table if there is none."""
        self._store.metadata.create_all(self._store.engine)

    @property
    def logger(self) -> logging.Logger:
        """For slack_bolt."""
        return log

    async def async_issue(self, *args: object, **named: object) -> str:
        """A new word."""
        return str(await _beside(self._store.issue))

    async def async_consume(self, state: str) -> bool:
        """Whether the word was issued and not used before. It is used up by this."""
        return bool(await _beside(self._store.consume, state))


async def _beside(call: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: call(*args, **named))


def open_engine(url: str) -> Engine:
    """The connections to the state database."""
    return make_engine(parse_url(url), _PATIENCE)
