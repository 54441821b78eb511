"""What others wrote reaches a terminal as text: nothing of it can move the cursor, colour a line or hide one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.commands.answer_text import answer_text
from adapters.commands.review_text import entry_text
from bot.answer import Answer, Reading
from bot.database import Result
from bot.formats import ColumnInfo
from bot.glossary import Glossary
from bot.guard import Rejected
from bot.review import Waiting
from bot.schema import Schema
from bot.shown import Shown

EVIL = "a\x1b[2K\x1b[1Ab\x07\u202e"
SQL = f"SELECT\n  COUNT(*)\nFROM shops\nWHERE\n  city = '{EVIL}'"


def harmless(text: str) -> bool:
    return all(ch == "\n" or ch.isprintable() for ch in text)


def test_a_pair_to_review() -> None:
    entry = Waiting(
        1, "nominated", EVIL, SQL, "correction", (EVIL,), 1, 0, (EVIL,), datetime.now(UTC), "slack", None, "a1", SQL,
        "tiny-1", EVIL, SQL, False, (),
    )  # fmt: skip
    text = entry_text(entry, Rejected("unknown", f"There is no {EVIL}."), Schema("sqlite", ()), Glossary(), 80)
    assert harmless(text) and "\n  city = 'a␛[2K" in text


@pytest.mark.parametrize("status", ["answered", "unsure"])
def test_an_answer(status: str) -> None:
    result = Result(("n",), ((EVIL,), (EVIL,)))
    readings = tuple(Reading(f"shops in {EVIL}", SQL, "", 0.3) for _ in range(2))
    answer = Answer("a1", EVIL, status, f"I read {EVIL}.", SQL, result, readings=readings)  # type: ignore[arg-type]
    shown = Shown(SQL, result, (ColumnInfo(EVIL, "text", "left"),), f"{EVIL} leads.", None)
    assert harmless(answer_text(answer, shown, 80))
