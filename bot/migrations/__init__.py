"""The tables' history, one file a step in versions/; `upgrade` takes a database to the newest."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def config(connection: Connection, folder: Path = Path(__file__).parent) -> Config:
    """Alembic's configuration over one connection, without any file."""
    made = Config()
    made.set_main_option("script_location", str(folder).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """Apply what is missing, inside the connection's transaction: all of it, or nothing."""
    command.upgrade(config(connection), "head")
