"""What people tell the bot through Slack, and what the buttons, commands and the home page do."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.orm import Session

from adapters.desk import Desk
from adapters.slack.blocks.answers import answer_id_of
from adapters.slack.limits import faults
from bot.answer import Answer, Bot, Reading
from bot.confidence import Calibration
from bot.records import CorrectionRow, FeedbackRow, PairRow
from tests.local_slack import ANN, BOB, BOT, DM, PATIENCE, SALES, LocalSlack, finished, local_slack
from tests.slack_door import opened, slack_settings
from tests.tiny_student import Tiny

pytestmark = [pytest.mark.needs("local-slack"), pytest.mark.asyncio(loop_scope="module")]
SHOPS, CITIES, ALL = "how many shops do we have?", "total amount by city", "list all sales"


@dataclass
class Open:
    """The local Slack with one open door."""

    slack: LocalSlack
    desk: Desk

    async def answered(self, question: str = SHOPS, user: str = ANN) -> dict[str, Any]:
        """A finished answer to a mention."""
        return await self.slack.answer(await self.slack.mention(question, user))

    def votes(self, answer: dict[str, Any]) -> dict[str, int]:
        """The votes on an answer that count, by user."""
        wanted = select(FeedbackRow).where(
            FeedbackRow.answer_id == answer_id_of(answer["blocks"]), FeedbackRow.retracted_at.is_(None)
        )
        return self.desk.memory().read(lambda s: {row.user_id: row.vote for row in s.scalars(wanted)})

    def corrections(self, answer: dict[str, Any]) -> list[str]:
        """The corrections of an answer."""
        wanted = select(CorrectionRow.sql).where(CorrectionRow.answer_id == answer_id_of(answer["blocks"]))
        return self.desk.memory().read(lambda session: list(session.scalars(wanted)))

    async def window(self, text: str) -> dict[str, Any]:
        """The window that is open, once it holds a text."""
        found: dict[str, Any] = await until(lambda page: next(
            (v for v in page["modalStack"][-1:] if text in json.dumps(v, ensure_ascii=False)), None
        ), self.slack)  # fmt: skip
        return found


async def until(find: Callable[[dict[str, Any]], Any], slack: LocalSlack) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := find(page := await slack.page())):
        assert time.monotonic() < deadline, (page["modalStack"], page["homeViews"])
        await asyncio.sleep(0.05)
    return found


async def holds(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Open]:
    folder = tmp_path_factory.mktemp("slack")
    async with local_slack() as slack:
        settings = slack_settings(tiny, folder, slack, reviewers=(f"slack:{BOB}",), nightly_timezone="Europe/Berlin")
        async with opened(settings, slack) as desk:
            yield Open(slack, desk)


async def test_a_reaction_is_one_vote_whatever_its_skin_and_is_taken_back_with_it(door: Open) -> None:
    answer = await door.answered()
    await door.slack.react(answer, "+1::skin-tone-4")
    await holds(lambda: door.votes(answer) == {ANN: 1})
    await door.slack.react(answer, "thumbsdown", BOB)
    await door.slack.react(answer, "tada", BOB)
    await holds(lambda: door.votes(answer) == {ANN: 1, BOB: -1})
    await door.slack.whispered("Say what is wrong", BOB)
    await door.slack.react(answer, "-1")
    await holds(lambda: door.votes(answer) == {ANN: -1, BOB: -1})
    await door.slack.react(answer, "+1::skin-tone-4", present=False)  # not the vote that stands
    await door.slack.react(answer, "thumbsdown", BOB, present=False)
    await holds(lambda: door.votes(answer) == {ANN: -1})
    await door.slack.react(answer, "-1", present=False)
    await holds(lambda: door.votes(answer) == {})


async def test_buttons_are_the_same_one_vote(door: Open) -> None:
    answer = await door.answered()
    await door.slack.press(answer, "vote_up")
    await door.slack.press(answer, "vote_up", BOB)
    await holds(lambda: door.votes(answer) == {ANN: 1, BOB: 1})
    thanks = await door.slack.whispered("Take it back", BOB)
    await door.slack.press(thanks, "vote_none", BOB)
    await holds(lambda: door.votes(answer) == {ANN: 1})
    await door.slack.press(answer, "vote_down", ANN)
    await holds(lambda: door.votes(answer) == {ANN: -1})


async def test_a_correction_is_checked_and_run_before_it_is_kept(door: Open) -> None:
    answer = await door.answered()
    await door.slack.press(answer, "vote_down")
    view = await door.window("What is wrong?")
    assert faults(view["blocks"], view=True) == [] and "COUNT(*)" in json.dumps(view)
    for wrong, reason in (("DROP TABLE shops", "sql"), ("SELECT nothing FROM nowhere", "sql")):
        await door.slack.submit({"sql": wrong, "why": ""})
        assert reason in json.dumps(await door.window("What is wrong?"))
        assert door.corrections(answer) == []
    await door.slack.submit({"sql": "SELECT COUNT(*) FROM shops WHERE city <> 'Nordport'", "why": "not Nordport"})
    await door.slack.whispered("Your SQL gives 1 row")
    assert "Nordport" in door.corrections(answer)[0]
    await until(lambda page: page["modalStack"] == [], door.slack)
    row = door.desk.memory().read(lambda s: s.scalars(
        select(FeedbackRow).where(FeedbackRow.answer_id == answer_id_of(answer["blocks"]))
    ).all())  # fmt: skip
    assert [(r.user_id, r.vote, r.comment) for r in row] == [(ANN, -1, "not Nordport")]


async def test_what_is_wrong_may_be_said_without_sql(door: Open) -> None:
    answer = await door.answered()
    await door.slack.press(answer, "correct", BOB)
    await door.window("What should the SQL have been?")
    await door.slack.submit({"why": "it is too many", "sql": ""}, BOB)
    await holds(lambda: door.votes(answer) == {BOB: -1})
    assert door.corrections(answer) == []


async def test_the_reading_that_was_meant_is_picked_and_noted(door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    bot, ask = door.desk.bot, Bot.ask
    assert bot is not None

    def unsure(self: Bot, *arguments: Any, **named: Any) -> Answer:
        answer = ask(self, *arguments, **named)
        readings = (Reading("The number of shops", answer.sql or "", answer.short, 0.3),
                    Reading("The number of sales", "SELECT COUNT(*) FROM sales", "", 0.2))  # fmt: skip
        return replace(answer, status="unsure", message="I am not sure.", readings=readings)

    monkeypatch.setattr(Bot, "ask", unsure)
    answer = await door.answered()
    assert "What did you mean?" in json.dumps(answer["blocks"])
    before = answer_id_of(answer["blocks"])
    await door.slack.press(answer, "pick_1")
    picked = await door.slack.answer(answer["thread_ts"], "1,500")
    assert picked["ts"] == answer["ts"] and answer_id_of(picked["blocks"]) != before
    await door.slack.whispered("this is what you meant")

    def pairs(session: Session) -> list[tuple[str, str]]:
        return [(p.source, p.sql) for p in session.scalars(select(PairRow).where(PairRow.answer_id == before))]

    assert [source for source, _ in door.desk.memory().read(pairs)] == ["correction"]


async def test_show_all_run_again_and_share(door: Open) -> None:
    answer = await door.answered(ALL)
    await door.slack.press(answer, "show_all", BOB)
    view = await door.window("cut to fit")
    assert faults(view["blocks"], view=True) == [] and len(view["blocks"]) > 10
    await door.slack.press(answer, "run_again", ANN)
    await door.slack.press(answer, "run_again", BOB)
    again = await door.slack.answer(answer["thread_ts"], f"<@{BOB}> asked")
    assert again["ts"] != answer["ts"]
    await door.slack.press(answer, "share", BOB)
    shared = await door.slack.until(lambda messages: next(
        (m for m in messages if m["user"] == BOT and "thread_ts" not in m and f"<@{BOB}> asked" in json.dumps(m)
         and finished(m)), None
    ))  # fmt: skip
    assert answer_id_of(shared["blocks"]) not in ("", answer_id_of(answer["blocks"]))


async def test_an_answer_of_a_direct_message_is_shared_to_a_chosen_channel(door: Open) -> None:
    answer = await door.slack.answer(await door.slack.write(CITIES, ANN, DM), channel=DM)
    await door.slack.press(answer, "share")
    view = await door.window("Share an answer")
    assert faults(view["blocks"][1:], view=True) == []


async def test_commands_help_examples_status_why_and_review(door: Open) -> None:
    for text, expected in (("", "Ask me in plain words"), ("help", "Mention me"), ("examples", "example_0"),
                           ("status", "tiny-1"), ("status", "at 02:30 CE"), ("nonsense", "Mention me"),
                           ("why", "Copy link"), ("review", "Only reviewers")):  # fmt: skip
        await door.slack.command("/mynah", text)
        await door.slack.until(lambda messages, expected=expected: [
            m for m in messages if expected in json.dumps(m) and m.get("subtype") == "ephemeral"
        ])  # fmt: skip
    answer = await door.answered()
    link = f"https://x.slack.com/archives/{SALES}/p{answer['ts'].replace('.', '')}?thread_ts=1"
    await door.slack.command("/mynah", f"why {link}")
    await door.slack.until(lambda messages: [m for m in messages if "before the rules wrote it out" in json.dumps(m)])
    await door.slack.command("/ask", "")
    await door.slack.until(lambda messages: [m for m in messages if "Write a question after" in json.dumps(m)])


async def test_the_status_says_how_good_the_student_is(door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"weights": {}, "bias": 0.0, "fitted": {"accuracy": 0.8413, "questions": 1932}}
    monkeypatch.setattr(door.desk.bot, "calibration", Calibration.from_json(measured))
    await door.slack.command("/mynah", "status")
    await door.slack.until(lambda messages: [
        m for m in messages if "84% right of 1,932 questions that were kept from its training" in json.dumps(m)
    ])  # fmt: skip


async def test_an_example_is_asked_by_its_button(door: Open) -> None:
    await door.slack.command("/mynah", "examples", BOB)
    shown = await door.slack.until(lambda messages: next(
        (m for m in reversed(messages) if m.get("subtype") == "ephemeral" and "example_0" in json.dumps(m)), None
    ))  # fmt: skip
    await door.slack.press(shown, "example_0", BOB)
    question = shown["blocks"][0]["text"]["text"]
    await door.slack.until(lambda messages: [
        m for m in messages if f"<@{BOB}> asked" in json.dumps(m) and question in json.dumps(m) and finished(m)
    ])  # fmt: skip


async def test_the_home_page_and_the_reviewers_queue(door: Open) -> None:
    answer = await door.answered(CITIES)
    await door.slack.press(answer, "vote_up")
    await holds(lambda: door.votes(answer) == {ANN: 1})
    for user in (ANN, BOB):
        await door.slack.control("open-home", user=user)
    homes = await until(lambda page: page["homeViews"] if len(json.dumps(page["homeViews"]).split('"home"')) > 2 else 0,
                        door.slack)  # fmt: skip
    texts = {user: json.dumps(homes, ensure_ascii=False) for user in (ANN, BOB)}
    for user, views in ((u, v) for u, v in homes.items() if u in (ANN, BOB)):
        view = next(iter(views.values()))
        assert faults(view["blocks"], view=True) == []
        texts[user] = json.dumps(view, ensure_ascii=False)
    assert "There was no nightly run so far. By its schedule the next one begins on" in texts[ANN]
    assert "What I know about" in texts[ANN] and CITIES in texts[ANN] and "pair_approve" not in texts[ANN]
    assert "pair_approve" in texts[BOB]
    await door.slack.command("/mynah", "review", BOB)
    queue = await door.slack.until(lambda messages: next(
        (m for m in messages if "pair_approve" in json.dumps(m)), None
    ))  # fmt: skip
    await door.slack.press(queue, "pair_approve", ANN)
    await door.slack.whispered("Only reviewers", ANN)
    await door.slack.press(queue, "pair_approve", BOB)
    await door.slack.whispered("Approved", BOB)


async def test_who_may_not_see_it_gets_nothing_by_pressing(door: Open) -> None:
    answer = await door.slack.answer(await door.slack.write(SHOPS, ANN, DM), channel=DM)
    stolen = re.sub(DM, SALES, json.dumps(answer))
    await door.slack.press(json.loads(stolen), "run_again", BOB)
    await door.slack.whispered("given somewhere else", BOB)
