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
    slack: Annotated[bool, typer.Option("--slack", help="Answer in Slack.")] = False,
    teams: Annotated[bool, typer.Option("--teams", help="Answer in Microsoft Teams.")] = False,
    allow_unsafe_role: Annotated[
        bool, typer.Option("--allow-unsafe-role", help="Use a database role that may do more than read.")
    ] = False,
) -> int:
    """Open the doors asked for, by default at http://127.0.0.1:8765, until it is stopped."""
    if not (web or slack or teams):
        raise BadUsage("say which doors to open: mynah serve --web, --slack, --teams, or several of them")
    settings = settings_for(allow_unsafe_role=allow_unsafe_role)
    chat: list[ChatDoor] = []
    if slack:
        chat.append(_slack(settings))
    if teams:
        chat.append(_teams(settings))
    from adapters.app import serve

    return serve(settings, web=web, chat=chat)


def _slack(settings: Settings) -> ChatDoor:
    """The Slack door. Raises BadUsage naming the settings that it lacks."""
    from adapters.slack.app import missing
    from adapters.slack.door import open_door

    if wanted := missing(settings):
        raise BadUsage(f"Slack needs these settings: {', '.join(wanted)}. docs/slack.md says where to find them")
    return open_door


def _teams(settings: Settings) -> ChatDoor:
    """The Teams door. Raises BadUsage or ConfigError naming the settings that it lacks."""
    from adapters.teams.door import open_teams
    from adapters.teams.gate import check_settings

    check_settings(settings)
    return open_teams
