"""`mynah serve`: opens the doors through which people ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adapters.commands.opening import settings_for
from adapters.faults import BadUsage

if TYPE_CHECKING:
    from adapters.app import ChatDoor
    from bot.config import Settings


def command(
    web: Annotated[bool, typer.Option("--web", help="Open the web page.")] = False,
    slack: Annotated[bool, typer.Option("--slack", help="Open the Slack door.")] = False,
    allow_unsafe_role: Annotated[
        bool, typer.Option("--allow-unsafe-role", help="Use a database role that may do more than read.")
    ] = False,
) -> int:
    """Serve the web page, by default at http://127.0.0.1:8765, and the chat doors, until it is stopped."""
    if not (web or slack):
        raise BadUsage("say which doors to open: mynah serve --web, or --slack, or both")
    settings = settings_for(allow_unsafe_role=allow_unsafe_role)
    chat = [_slack(settings)] if slack else []
    from adapters.app import serve

    return serve(settings, web=web, chat=chat)


def _slack(settings: Settings) -> ChatDoor:
    """The Slack door. Raises BadUsage naming the settings that it lacks."""
    from adapters.slack.app import missing
    from adapters.slack.door import open_door

    if wanted := missing(settings):
        raise BadUsage(f"Slack needs these settings: {', '.join(wanted)}. docs/slack.md says where to find them")
    return open_door
