"""`mynah serve`: opens the doors through which people ask."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.commands.opening import settings_for
from adapters.faults import BadUsage


def command(
    web: Annotated[bool, typer.Option("--web", help="Open the web page.")] = False,
    teams: Annotated[bool, typer.Option("--teams", help="Answer in Microsoft Teams.")] = False,
    allow_unsafe_role: Annotated[
        bool, typer.Option("--allow-unsafe-role", help="Use a database role that may do more than read.")
    ] = False,
) -> int:
    """Open the doors asked for, by default at http://127.0.0.1:8765, until it is stopped."""
    if not (web or teams):
        raise BadUsage("say which door to open: mynah serve --web, or --teams, or both")
    from adapters.app import ChatDoor, serve

    settings = settings_for(allow_unsafe_role=allow_unsafe_role)
    chat: list[ChatDoor] = []
    if teams:
        from adapters.teams.door import open_teams
        from adapters.teams.gate import check_settings

        check_settings(settings)
        chat.append(open_teams)
    return serve(settings, web, chat)
