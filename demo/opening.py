"""The demo as settings: its database is built where it is missing or was built for another day."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

from pydantic import SecretStr

from bot.config import DEMO, Settings
from bot.database import DatabaseError
from demo.build import build, built_for

GLOSSARY = Path(__file__).resolve().parent / "glossary.toml"
EXAMPLES = GLOSSARY.with_name("examples.txt")
BENCH_QUESTIONS = Path(__file__).resolve().parent / "bench_questions.txt"


def with_demo(settings: Settings) -> Settings:
    """The settings themselves, or, where they ask for the demo, its database, glossary and examples in them.

    Raises DatabaseError when the demo's database cannot be written.
    """
    if settings.database_url.get_secret_value() != DEMO:
        return settings
    path = demo_database(settings.state_dir, settings.today or date.today())
    return settings.model_copy(
        update={
            "database_url": SecretStr(f"sqlite:///{path}"),
            "glossary": settings.glossary or GLOSSARY,
            "examples": settings.examples or EXAMPLES,
        }
    )


def demo_database(directory: Path, today: date) -> Path:
    """The demo's SQLite file of that day under `directory`, built if need be. Raises DatabaseError."""
    path = directory / "harbor-and-pine.db"
    if built_for(path) != today:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            build(path, today)
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            message = f"The demo's database cannot be written to {directory}: {reason}. Make room, or set state_dir."
            raise DatabaseError("unreadable", message, str(error)) from error
    return path
