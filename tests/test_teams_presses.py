"""What the Teams door does beside the answers that are worked on: votes and files wait for no query."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.chat_desk import Found
from adapters.teams.events import Event, read_event
from adapters.teams.files import Files
from adapters.teams.presses import Presses
from bot.answer import Answer
from bot.feedback import Tally

FOUND = Found(Answer("a1", "how many shops?", "answered", "", "SELECT 1"), "", "ann", "", "")


def event(value: dict[str, Any], name: str) -> Event:
    return read_event({
        "type": "invoke", "id": "1", "name": name, "value": value, "from": {"id": "ann"},
        "conversation": {"id": "c", "conversationType": "personal"},
    })  # fmt: skip


class Busy:
    """A reception whose workers all run long queries."""

    def __init__(self) -> None:
        tally = Tally(1, 0, 1)
        self.desk = SimpleNamespace(
            find=lambda *_: FOUND, vote=lambda *_: tally, retract_correction=lambda *_: tally,
        )  # fmt: skip

    async def note(self, call: Any, *arguments: Any) -> Any:
        return call(*arguments)

    async def work(self, *_: Any) -> Any:
        raise AssertionError("this would wait for a query")


async def test_a_vote_waits_for_no_query() -> None:
    presses = Presses(cast(Any, None), cast(Any, None), cast(Any, None), cast(Any, None), cast(Any, Busy()))
    action = {"action": {"verb": "vote", "data": {"answer": "a1", "vote": 1}}}
    body = await presses.pressed(event(action, "adaptiveCard/action"))
    assert body is not None and body["value"] == "Thank you, noted."


async def test_a_file_on_its_way_keeps_no_question_from_being_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    async def tell(_: Any, message: Any) -> None:
        told.append(message)

    monkeypatch.setattr(Files, "_upload", lambda *_: "The file could not be put into your OneDrive.")
    files = Files(cast(Any, SimpleNamespace(tell=tell)), cast(Any, Busy()), False)
    await files.consented(event({"action": "accept", "context": {"answer": "a1"}}, "fileConsent/invoke"))
    assert [message.text for message in told] == ["The file could not be put into your OneDrive."]
