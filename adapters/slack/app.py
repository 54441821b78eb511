"""The Bolt app: who signed a request, whose token answers it, and which listener gets it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization.async_authorize import AsyncInstallationStoreAuthorize
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine

from adapters.slack.installations import Installations, OAuthStates
from adapters.slack.listeners import buttons, commands, home, messages, reactions, windows
from adapters.slack.manifest import BOT_SCOPES, EVENTS_PATH, INSTALL_PATH, REDIRECT_PATH
from adapters.slack.slack import Slack
from adapters.slack.workspaces import Workspaces, retries
from bot.config import Settings

_ROTATE = 120  # minutes before a token ends at which a new one is fetched

log = logging.getLogger("mynah.slack")


def missing(settings: Settings) -> list[str]:
    """The settings without which the door cannot be opened; none when it can."""
    wanted: list[str] = []
    several = settings.slack_client_id or settings.slack_client_secret
    if several:
        wanted += [name for name in ("slack_client_id", "slack_client_secret") if getattr(settings, name) is None]
    elif settings.slack_bot_token is None:
        wanted.append("slack_bot_token")
    if settings.slack_signing_secret is None and settings.slack_app_token is None:
        wanted.append("slack_app_token (Socket Mode) or slack_signing_secret (HTTP)")
    return wanted


def make_bolt(settings: Settings, engine: Engine | None) -> tuple[AsyncApp, Workspaces]:
    """The app without listeners. `engine` reaches the state database, where several workspaces' tokens are."""
    client = AsyncWebClient(base_url=settings.slack_api_url, retry_handlers=retries())
    secret = settings.slack_signing_secret
    # A listener only takes a question on; Slack hears "yes" after that, not before, so that none is lost in between.
    common: dict[str, Any] = {
        "name": "mynah", "logger": log, "process_before_response": True, "client": client,
        # Requests over Socket Mode carry no signature; HTTP is not opened without a secret.
        "signing_secret": secret.get_secret_value() if secret else "unused",
        "request_verification_enabled": secret is not None,
        # Bolt would log the whole of what no listener is there for.
        "raise_error_for_unhandled_request": True,
    }  # fmt: skip
    if settings.slack_client_id is None or settings.slack_client_secret is None or engine is None:
        token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
        client.token = token
        return AsyncApp(**common), Workspaces(settings.slack_api_url, token)
    return _for_several(settings, engine, client, common)


def _for_several(
    settings: Settings, engine: Engine, client: AsyncWebClient, common: dict[str, Any]
) -> tuple[AsyncApp, Workspaces]:
    assert settings.slack_client_id is not None and settings.slack_client_secret is not None
    client_id, client_secret = settings.slack_client_id, settings.slack_client_secret.get_secret_value()
    installations, states = Installations(engine, client_id), OAuthStates(engine)
    installations.create_tables()
    states.create_tables()
    oauth = AsyncOAuthSettings(
        client_id=client_id, client_secret=client_secret, scopes=list(BOT_SCOPES), install_path=INSTALL_PATH,
        redirect_uri_path=REDIRECT_PATH, installation_store=installations, state_store=states,
        installation_store_bot_only=False, token_rotation_expiration_minutes=_ROTATE,
        state_cookie_name="mynah-slack", logger=log,
    )
    # Bolt's own would renew tokens at slack.com whatever the settings say.
    authorize = oauth.authorize = AsyncInstallationStoreAuthorize(
        logger=log, installation_store=installations, client_id=client_id, client_secret=client_secret,
        token_rotation_expiration_minutes=_ROTATE, client=client,
        cache_enabled=True,  # whose a token is does not change: Slack need not be asked at every event
    )
    app = AsyncApp(oauth_settings=oauth, **common)
    app.enable_token_revocation_listeners()
    return app, Workspaces(settings.slack_api_url, None, authorize)


def listen(app: AsyncApp, slack: Slack) -> None:
    """Register all listeners."""
    for each in (messages, reactions, buttons, windows, commands, home):
        each.register(app, slack)

    @app.error
    async def went_wrong(error: Exception) -> BoltResponse:
        if isinstance(error, BoltUnhandledRequestError):
            return BoltResponse(status=200)
        log.error("a listener of the Slack door failed", exc_info=error)
        return BoltResponse(status=500)


def paths(settings: Settings) -> Sequence[str]:
    """The paths that Slack, and whoever installs the app, come to."""
    own = [EVENTS_PATH] if settings.slack_signing_secret is not None else []
    return [*own, *([INSTALL_PATH, REDIRECT_PATH] if settings.slack_client_id is not None else [])]
