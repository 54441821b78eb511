"""Candidates of every fate, run over a real database, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.access import NOBODY, Access
from bot.answer import Answer, Bot
from bot.candidates import Candidate, Trial
from bot.confidence import Calibration, features, judge
from bot.config import Settings
from bot.database import Database, Limits, connect
from bot.glossary import Glossary
from bot.linking import Linked, Slot
from bot.opening import open_bot
from bot.shorthand import REFUSAL, Shorthand
from bot.student import Prediction
from tests.tiny_student import TODAY, Tiny

COUNT = "SELECT COUNT(*) FROM sales"
SHOPS = "SELECT COUNT(*) FROM shops"
NONE = "SELECT shops.name FROM shops WHERE shops.id < 0"
NULL = "SELECT MAX(sales.amount) FROM sales WHERE sales.id < 0"
LINKED = Linked("?", (Slot("v0", "value", 0, 1, "x", "Nordport", ("shops.city",)),))


@pytest.fixture(scope="module")
def database(tiny: Tiny) -> Iterator[Database]:
    opened = connect(str(tiny.database))
    yield opened
    opened.close()


def said(*shorts: str, gap: float = 1.0) -> list[Prediction]:
    return [Prediction(short, -0.5 - gap * i, 10) for i, short in enumerate(shorts)]


def run(database: Database, predictions: list[Prediction], all_of_them: bool = True) -> list[Candidate]:
    schema = database.schema()
    return Trial(database, schema, Shorthand(schema, Glossary()), Limits()).run(
        predictions, LINKED, Access().rights(NOBODY, schema), all_of_them
    )


def test_every_fate_is_known(database: Database) -> None:
    predictions = said("SELECT x FROM", "SELECT 1 FROM nowhere", REFUSAL, COUNT, "SELECT MAX(:n3) FROM sales")
    bad, unknown, refusal, counted, unbound = run(database, predictions)
    assert bad.fault.startswith("expand: ") and unknown.fault and not unknown.stands
    assert refusal.refuses and refusal.stands and refusal.sql is None
    assert counted.stands and counted.result and len(counted.result.rows) == 1 and not counted.fault
    assert unbound.fault.startswith("expand: ")
    assert [c.rank for c in (bad, unknown, refusal, counted, unbound)] == [0, 1, 2, 3, 4]
    assert sum(c.share for c in (bad, unknown, refusal, counted, unbound)) == pytest.approx(1)


def test_what_need_not_run_is_skipped(database: Database) -> None:
    assert [c.skipped for c in run(database, said(COUNT, SHOPS), all_of_them=False)] == [False, True]
    assert [c.skipped for c in run(database, said(COUNT, SHOPS))] == [False, False]
    assert [c.skipped for c in run(database, said(COUNT, SHOPS, gap=8))] == [False, True]
    assert run(database, []) == []


def test_a_database_that_is_gone_ends_the_trial(tmp_path: Path, tiny: Tiny) -> None:
    copy = tmp_path / "shops.db"
    copy.write_bytes(tiny.database.read_bytes())
    opened = connect(str(copy))
    schema = opened.schema()
    opened.close()
    copy.unlink()
    trial = Trial(opened, schema, Shorthand(schema, Glossary()), Limits())
    gone = trial.run(said(COUNT, SHOPS), LINKED, Access().rights(NOBODY, schema), True)
    assert gone[0].fault.startswith("database: ") and gone[0].fault != "database: failed"
    assert gone[1].skipped


def test_features_say_what_they_are_called(database: Database) -> None:
    candidates = run(database, said(COUNT, "SELECT COUNT(sales.id) FROM sales", SHOPS, NONE, NULL, REFUSAL))
    found = [features(c, candidates, LINKED, 7) for c in candidates]
    assert found[0]["agreement"] == pytest.approx(math.log(candidates[0].share + candidates[1].share))
    assert found[1]["agreement"] == found[0]["agreement"] > found[2]["agreement"]
    assert [f["empty"] for f in found] == [0, 0, 0, 1, 1, 0]
    assert [f["behind"] for f in found] == [0, 1, 1, 1, 1, 1]
    assert [f["unused"] for f in found] == [1, 1, 1, 1, 1, 0]
    assert [f["refuses"] for f in found] == [0, 0, 0, 0, 0, 1]
    assert found[0]["unknown"] == 5
    assert all(math.isfinite(value) for f in found for value in f.values())


def test_without_a_fit_the_beam_decides(database: Database) -> None:
    judged = judge(run(database, said("SELECT x FROM", COUNT, SHOPS)), LINKED, 1, None)
    assert [j.candidate.prediction.short for j in judged] == [COUNT, SHOPS]
    assert judged[0].probability == pytest.approx(math.exp(-1.5) * 0.8 * 0.5)


def test_a_fit_may_turn_the_order_round(database: Database) -> None:
    empty_is_wrong = Calibration({"empty": -5.0, "log_probability": 0.1}, 1.0)
    judged = judge(run(database, said(NONE, COUNT)), LINKED, 0, empty_is_wrong)
    assert [j.candidate.prediction.short for j in judged] == [COUNT, NONE]
    assert judged[0].probability > 0.6 > 0.05 > judged[1].probability


def test_what_comes_after_is_never_likelier(database: Database) -> None:
    kind_to_others = Calibration({"behind": 5.0, "log_probability": 0.1}, 0.0, choice={"log_probability": 1.0})
    judged = judge(run(database, said(COUNT, SHOPS)), LINKED, 0, kind_to_others)
    assert [j.candidate.prediction.short for j in judged] == [COUNT, SHOPS]
    assert judged[1].probability == judged[0].probability < 0.6


@pytest.fixture
def bot(tiny: Tiny, tmp_path: Path) -> Iterator[Bot]:
    """A bot that is never sure."""
    url = f"sqlite:///{tiny.database}"
    made = open_bot(
        Settings(database_url=url, student_dir=tiny.student, state_dir=tmp_path, today=TODAY, threshold=1.0)
    )
    made.calibration = Calibration({"log_probability": 0.3}, 0.0)
    yield made
    made.database.close()


def test_an_unsure_answer_offers_readings_that_differ(bot: Bot) -> None:
    answer = bot.ask("how many sales are there?")
    assert answer.status == "unsure" and answer.result is not None
    assert 1 <= len(answer.readings) <= 3
    assert answer.readings[0].sql == answer.sql
    results = [repr(sorted(map(repr, bot.pick(answer, i).result.rows)))  # type: ignore[union-attr]
               for i in range(len(answer.readings))]  # fmt: skip
    assert len(set(results)) == len(results)


def test_a_reading_that_is_picked_is_the_answer(bot: Bot) -> None:
    answer = bot.ask("how many sales are there?")
    picked = bot.pick(answer, 0)
    assert (picked.status, picked.code, picked.question) == ("answered", "picked", answer.question)
    assert picked.result and answer.result and picked.result.rows == answer.result.rows
    assert picked.id != answer.id and picked.sql == answer.sql
    with pytest.raises(IndexError):
        bot.pick(answer, 9)


def test_sure_answers_offer_nothing_to_pick(tiny: Tiny, tmp_path: Path) -> None:
    url = f"sqlite:///{tiny.database}"
    settings = Settings(database_url=url, student_dir=tiny.student, state_dir=tmp_path, today=TODAY)
    bot = open_bot(settings)
    answer: Answer = bot.ask("how many sales are there?")
    assert (answer.status, answer.readings) == ("answered", ())
    bot.database.close()
