"""`mynah serve`: opens the doors through which people ask."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.commands.opening import settings_for
from adapters.faults import BadUsage


def command(
    web: Annotated[bool, typer.Option("--web", help="Open the web page.")] = False,
    allow_unsafe_role: Annotated[
        bool, typer.Option("--allow-unsafe-role", help="Use a database role that may do more than read.")
    ] = False,
) -> int:
    """Serve the web page, by default at http://127.0.0.1:8765, until it is stopped."""
    if not web:
        raise BadUsage("say which door to open: mynah serve --web")
    from adapters.app import serve

    return serve(settings_for(allow_unsafe_role=allow_unsafe_role), web=web)
