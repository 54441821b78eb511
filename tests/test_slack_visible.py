"""Every message built for the demo's visible questions, as the shipped student and the gold SQL answer them, is one
that Slack takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.desk import Asked
from adapters.slack.blocks import modals
from adapters.slack.blocks.answers import answer_message, shared_message, waiting
from adapters.slack.limits import faults
from adapters.slack.workspaces import LOOKS
from bot.answer import Answer, Bot
from bot.config import ROOT, load_settings
from bot.database import Limits
from bot.guard import SafeSQL, check
from bot.opening import limits, open_bot
from bot.shown import Shown, show
from demo.opening import GLOSSARY, demo_database
from eval_harness.example import Example, read_examples
from tests.servers import TODAY

VISIBLE = ROOT / "demo" / "questions.jsonl"


def answers(bot: Bot, example: Example, bounds: Limits) -> list[Answer]:
    """What the student says, and what each gold query would be as its answer."""
    said = [bot.ask(example.question)]
    for sql in example.sql:
        verdict = check(sql, bot.schema, "sqlite")
        assert isinstance(verdict, SafeSQL), example.id
        result = bot.database.execute(verdict, {}, bounds)
        gold = replace(said[0], status="answered", code="", message="", sql=verdict.sql, canonical=None)
        said.append(replace(gold, result=result, readings=()))
    return said


def wrong(answer: Answer, shown: Shown | None) -> list[str]:
    """What Slack would refuse of all that is posted of an answer."""
    asked = Asked(answer)
    made = [answer_message(asked, shown, look) for look in LOOKS]
    made += [shared_message(asked, shown, look, "U012") for look in LOOKS]
    made.append(waiting("running", 7, answer.question, "U012"))
    found = [fault for message in made for fault in faults(message.blocks, message.text)]
    views = [modals.correction(answer.id, "C1", "1.2", answer.question, shown.sql if shown else "", True)]
    views += [modals.all_rows(shown)] if shown is not None else []
    return found + [fault for view in views for fault in faults(view["blocks"], view=True)]


@pytest.mark.slow
def test_every_message_of_the_visible_questions_is_within_the_limits(tmp_path: Path) -> None:
    """Names the questions that fail by their ids alone."""
    path = demo_database(tmp_path, TODAY)
    settings = load_settings(state_dir=tmp_path, today=TODAY, glossary=GLOSSARY).model_copy(
        update={"database_url": SecretStr(f"sqlite:///{path}")}
    )
    bot = open_bot(settings)
    faulty: dict[str, list[str]] = {}
    seen = 0
    for example in read_examples(VISIBLE):
        for answer in answers(bot, example, limits(settings)):
            found = wrong(answer, show(answer, bot.schema, bot.glossary, TODAY))
            seen += 1
            if found:
                faulty[example.id] = found
    bot.database.close()
    assert faulty == {} and seen > 200
