"""All that knows the Bot Framework's SDK: who sent a request, and how messages go out. Its successor changes this file.

What the SDK gets wrong is worked around here: its adapter's own route answers 500 to button presses (so the door has a
route of its own); its entities lose every field but the type; it fetches keys and tokens with calls that block, and a
token for every message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import jwt
import requests
from botbuilder.schema import Activity, Attachment, ChannelAccount, ConversationAccount, Entity
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    AuthenticationConfiguration,
    BotFrameworkAuthenticationFactory,
    ClaimsIdentity,
    GovernmentConstants,
    MicrosoftAppCredentials,
    PasswordServiceClientCredentialFactory,
)
from botframework.connector.auth.authentication_constants import AuthenticationConstants as Public
from msrest.exceptions import ClientException, HttpOperationError

from adapters.teams.messages import Address, Message

CHANNEL = "msteams"
_TRIES = 4
_LONGEST_WAIT = 20.0  # seconds before the next try, whatever Teams asks for
_AGAIN = frozenset({429, 500, 502, 503, 504})
log = logging.getLogger("mynah.teams")
T = TypeVar("T")


class Unauthorized(Exception):
    """The request was not signed by Teams for this bot."""


class Unreachable(Exception):
    """Teams, or the server of its keys or tokens, cannot be reached now. The text is for the log."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the bot is registered as. Without an `app_id` nothing is signed, either way."""

    app_id: str = ""
    password: str = ""
    tenant: str = ""
    issuer: str = Public.TO_BOT_FROM_CHANNEL_TOKEN_ISSUER
    keys_url: str = Public.TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL


class Wire:
    """Requests in, messages out. Belongs to one event loop."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        government = identity.issuer == GovernmentConstants.TO_BOT_FROM_CHANNEL_TOKEN_ISSUER
        place: Any = GovernmentConstants if government else Public
        self._scope = place.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
        self._authentication = BotFrameworkAuthenticationFactory.create(
            to_channel_from_bot_login_url=place.TO_CHANNEL_FROM_BOT_LOGIN_URL_PREFIX,
            to_channel_from_bot_oauth_scope=self._scope,
            to_bot_from_channel_token_issuer=identity.issuer,
            to_bot_from_channel_open_id_metadata_url=identity.keys_url,
            credential_factory=_Credentials(identity),
            auth_configuration=AuthenticationConfiguration(),
        )
        self._clients: dict[str, ConnectorClient] = {}

    async def authenticate(self, body: Mapping[str, Any], header: str) -> None:
        """Check that Teams signed this request for this bot. Raises Unauthorized or Unreachable."""
        if not self._identity.app_id:
            return
        self._pin(header)
        activity = Activity(channel_id=body.get("channelId"), service_url=body.get("serviceUrl"))
        # In a thread with a loop of its own: the SDK fetches the keys with calls that block.
        await asyncio.to_thread(lambda: asyncio.run(self._check(activity, header)))

    def _pin(self, header: str) -> None:
        """The SDK takes tokens of other issuers for other purposes; here only those of one, for this bot alone."""
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or not token:
            raise Unauthorized("no token")
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise Unauthorized("no token that can be read") from error
        if claims.get("iss") != self._identity.issuer or claims.get("aud") != self._identity.app_id:
            raise Unauthorized("a token of another issuer, or for another bot")

    async def _check(self, activity: Activity, header: str) -> None:
        try:
            await self._authentication.authenticate_request(activity, header)
        except requests.RequestException as error:
            raise Unreachable(f"the keys at {self._identity.keys_url} ({type(error).__name__})") from error
        except Exception as error:  # the SDK raises anything for a bad token, a plain Exception too
            raise Unauthorized(type(error).__name__) from error

    async def send(self, address: Address, message: Message) -> str:
        """Put a message into a conversation; its id. Raises Unreachable."""
        activity = _activity(address, message)
        client = await self._client(address.service_url)
        if address.reply_to:
            sent = await self._patiently(
                lambda: client.conversations.reply_to_activity(address.conversation, address.reply_to, activity)
            )
        else:
            sent = await self._patiently(
                lambda: client.conversations.send_to_conversation(address.conversation, activity)
            )
        return str(getattr(sent, "id", None) or "")

    async def tell(self, address: Address, message: Message) -> None:
        """The same for a word in passing: that it could not be said is for the log alone."""
        try:
            await self.send(address, message)
        except Unreachable as error:
            log.warning("a message could not be sent: %s", error)

    async def update(self, address: Address, message_id: str, message: Message) -> None:
        """Put a message in the place of one sent before. Raises Unreachable."""
        activity = _activity(address, message)
        activity.id = message_id
        client = await self._client(address.service_url)
        await self._patiently(
            lambda: client.conversations.update_activity(address.conversation, message_id, activity)
        )

    async def _client(self, service_url: str) -> ConnectorClient:
        """The client of a service, with a token that holds for a while."""
        claims = ClaimsIdentity({Public.AUDIENCE_CLAIM: self._identity.app_id}, True)
        if service_url not in self._clients:
            factory = self._authentication.create_connector_factory(claims)
            self._clients[service_url] = await factory.create(service_url, self._scope)
            self._clients[service_url].config.retry_policy.retries = 0  # `_patiently` tries again, without blocking
        credentials = self._clients[service_url].config.credentials
        if self._identity.app_id:
            try:
                await asyncio.to_thread(credentials.get_access_token)
            except (PermissionError, requests.RequestException, ValueError) as error:
                raise Unreachable(f"no token to answer with ({type(error).__name__}): check the password") from error
        return self._clients[service_url]

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Try again when Teams is busy, after as long as it asks for."""
        wait = 0.5
        for left in reversed(range(_TRIES)):
            try:
                return await call()
            except HttpOperationError as error:
                status = getattr(error.response, "status_code", 0)
                if status not in _AGAIN or not left:
                    raise Unreachable(f"Teams answered {status}") from error
                wait = _asked_to_wait(error, wait)
            except ClientException as error:
                if not left:
                    raise Unreachable(f"Teams cannot be reached ({type(error).__name__})") from error
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        raise AssertionError("the last try returns or raises")


class _Credentials(PasswordServiceClientCredentialFactory):  # type: ignore[misc]
    """One object for the whole process, which keeps its token as long as it holds."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(identity.app_id or None, identity.password or None, identity.tenant or None)
        self._kept: MicrosoftAppCredentials | None = None

    async def create_credentials(self, *arguments: Any, **named: Any) -> Any:
        if self._kept is None:
            self._kept = await super().create_credentials(*arguments, **named)
        return self._kept


class _Entity(Entity):  # type: ignore[misc]
    """The SDK's own drops every field but the type."""

    _attribute_map = {  # noqa: RUF012 - so the SDK wants it
        "type": {"key": "type", "type": "str"}, "additional_properties": {"key": "", "type": "{object}"},
    }  # fmt: skip

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(type=fields["type"])
        self.additional_properties = {key: value for key, value in fields.items() if key != "type"}


def _activity(address: Address, message: Message) -> Activity:
    attachments = []
    if message.card is not None:
        kind = "application/vnd.microsoft.card.adaptive"
        attachments.append(Attachment(content_type=kind, content=message.card))
    attachments += [
        Attachment(content_type=file["contentType"], name=file["name"], content=file["content"],
                   content_url=file.get("contentUrl"))
        for file in message.files
    ]  # fmt: skip
    return Activity(
        type=message.kind, channel_id=CHANNEL, service_url=address.service_url, text=message.text or None,
        text_format="plain" if message.text else None, summary=message.summary or None, attachments=attachments or None,
        entities=[_Entity(fields) for fields in message.entities] or None, channel_data=message.channel_data or None,
        from_property=ChannelAccount(id=address.bot, name=address.bot_name),
        conversation=ConversationAccount(id=address.conversation, tenant_id=address.tenant or None),
        reply_to_id=address.reply_to or None,
    )  # fmt: skip


def _asked_to_wait(error: HttpOperationError, default: float) -> float:
    headers = getattr(error.response, "headers", None) or {}
    try:
        return min(float(headers.get("Retry-After", default)), _LONGEST_WAIT)
    except ValueError:
        return default
