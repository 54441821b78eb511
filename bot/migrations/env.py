"""What alembic runs for every command, over the connection that `bot.migrations.config` was given."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from bot.records import VERSION_TABLE, Record


def plain_type(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A step of the history must not change with our own types, so it is written in SQLAlchemy's."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Record.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite cannot alter most things in place
    compare_type=True,
    render_item=plain_type,
)
with context.begin_transaction():
    context.run_migrations()
