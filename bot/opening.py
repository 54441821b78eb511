"""Puts a bot together from the settings: database, glossary, index of values, student."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from bot.access import Access
from bot.answer import Bot
from bot.confidence import Calibration
from bot.config import Settings
from bot.database import Database, Limits, connect
from bot.drift import drift
from bot.glossary import load_glossary
from bot.manifest import StudentError
from bot.student import Student
from bot.value_reading import cached_index

log = logging.getLogger(__name__)


def open_bot(settings: Settings, database: Database | None = None) -> Bot:
    """A bot ready to answer. Raises DatabaseError, GlossaryError, StudentError or ConfigError, each with a sentence
    for people."""
    database = database or open_database(settings)
    schema = database.schema()
    access = Access.load(settings.access)
    access.validate(schema)
    glossary = load_glossary(settings.glossary or _own_glossary(settings.student_dir))
    student = Student.load(settings.student_dir, glossary, settings.threads)
    changed = drift(student.schema, schema)
    if changed is not None and changed.foreign:
        raise StudentError(
            "this student was trained for another database, or the tables have changed since: "
            "train it again with `mynah distill`, or set student_dir"
        )
    if changed is not None:
        log.warning("%s Questions that touch it are refused until a student is trained again.", changed.sentence())
    index = cached_index(database, schema, glossary.values, settings.state_dir / "index")
    return Bot(
        database,
        schema,
        glossary,
        index,
        student,
        limits(settings),
        settings.beam,
        settings.threshold,
        settings.today,
        _calibration(settings),
        access,
        changed,
    )


def open_database(settings: Settings) -> Database:
    """The database to ask. A role that may do more than read is refused, or warned of loudly. Raises DatabaseError."""
    database = connect(settings.database_url.get_secret_value(), settings.allow_unsafe_role)
    if warning := getattr(database, "warning", ""):
        log.warning("%s. allow_unsafe_role is set, so it is used all the same.", warning)
    return database


def limits(settings: Settings) -> Limits:
    """The bounds on one execution."""
    return Limits(settings.rows, settings.seconds, settings.bytes, settings.cell)


def _own_glossary(student: Path) -> Path | None:
    """The glossary that the student was trained with, kept with it: its SQL makes no sense without."""
    path = student / "glossary.toml"
    return path if path.is_file() else None


def _calibration(settings: Settings) -> Calibration | None:
    path = settings.student_dir / "calibration.json"
    if not path.is_file():
        return None
    try:
        return Calibration.from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudentError(f"{path} is damaged: restore the student's directory or train again") from error
