"""The bot of one database: opened beside the doors, which can say what keeps it from answering."""

from __future__ import annotations

import logging
import threading
from typing import Literal

from bot.answer import Bot
from bot.config import ConfigError, Settings
from bot.database import Database, DatabaseError
from bot.glossary import GlossaryError
from bot.manifest import StudentError
from bot.opening import open_bot, open_database

State = Literal["opening", "ready", "closed"]
UNFORESEEN = "Something unforeseen went wrong while Mynah was starting. The log of the server says more."

log = logging.getLogger("mynah.desk")


class OpenBot:
    """Thread-safe. `open` may be called again after it failed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state: State = "opening"
        self.trouble = ""
        self.bot: Bot | None = None
        self._opening = threading.Lock()

    def open(self) -> None:
        """Open the bot if it is not open. What keeps it from opening ends up in `trouble`, for people."""
        with self._opening:
            if self.bot is not None:
                return
            self.state, self.trouble = "opening", ""
            database: Database | None = None
            try:
                database = open_database(self.settings)
                self.bot = open_bot(self.settings, database)
                self.state = "ready"
                import bot.chart_picture  # noqa: F401 - the first chart should not wait for matplotlib
            except (DatabaseError, GlossaryError, StudentError, ConfigError) as error:
                self.state, self.trouble = "closed", _sentence(str(error))
            except Exception:  # a page that says so helps more than a server that is gone
                log.exception("the bot cannot be opened")
                self.state, self.trouble = "closed", UNFORESEEN
            finally:
                if self.bot is None and database is not None:
                    database.close()

    def close(self) -> None:
        """Release the connections."""
        self.state = "closed"
        if self.bot is not None:
            self.bot.database.close()


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:] if text[:1].isalpha() else text
    return text if text.endswith((".", "!", "?")) else f"{text}."
