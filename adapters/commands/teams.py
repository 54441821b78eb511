"""`mynah teams package`: the app for Teams as a zip file, with this bot's id in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from adapters.commands.opening import check_writable, settings_for


def command(
    action: Annotated[Literal["package"], typer.Argument(help="package: write the app that Teams is given.")],
    output: Annotated[Path, typer.Option("--output", help="Where to write it.")] = Path("mynah-teams.zip"),
) -> int:
    """Write the app for Microsoft Teams: manifest and icons in a zip file to upload."""
    from adapters.teams.manifest import package

    check_writable(output)
    content = package(settings_for())
    output.write_bytes(content)
    print(f"{output}: upload it in Teams (Apps > Manage your apps > Upload an app), or in the admin center.")
    return 0
