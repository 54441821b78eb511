"""A desk for chat doors over two small databases: the main one, and one more that a channel of its own asks."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from adapters.chat_desk import ChatDesk
from adapters.desk import Desk
from bot.config import Settings, load_settings
from tests.tiny_student import TODAY, Tiny

WAREHOUSE = "C-WAREHOUSE"  # the channel that asks the other database
SHOPS_THERE = 2
RULES = """
[[rule]]
users = ["intern"]
deny = ["sales.amount"]

[[rule]]
channels = ["C-LOBBY"]
tables = ["shops"]
"""


def chat_settings(tiny: Tiny, folder: Path, door: str = "chat", **more: Any) -> Settings:
    """Settings with access rules and a second database, in which there are fewer shops."""
    folder.mkdir(exist_ok=True)
    other, rules = folder / "warehouse.db", folder / "access.toml"
    if not other.exists():
        shutil.copy(tiny.database, other)
        with closing(sqlite3.connect(other)) as connection, connection:
            connection.execute(f"DELETE FROM shops WHERE id > {SHOPS_THERE}")
        rules.write_text(RULES)
    place = {"channels": [f"{door}:{WAREHOUSE}"], "database_url": f"sqlite:///{other}", "student_dir": tiny.student}
    return load_settings(
        database_url=f"sqlite:///{tiny.database}", student_dir=tiny.student, state_dir=folder / "state", today=TODAY,
        threads=1, access=rules, databases={"warehouse": place}, **more,
    )  # fmt: skip


def open_chat_desk(settings: Settings) -> ChatDesk:
    """A desk whose bots are awake."""
    desk = Desk(settings)
    desk.open()
    assert desk.state == "ready", desk.trouble
    return ChatDesk(desk)
