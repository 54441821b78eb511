"""Parts of a night: people's SQL in the student's words, whom to start from, the report, room."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.config import ROOT, ConfigError, load_settings
from bot.database import connect
from bot.glossary import Glossary
from bot.store import Store
from kd_training.clock import next_night
from kd_training.night.collect import collect, write_added
from kd_training.night.judge import _lost
from kd_training.night.promotion import known_students, start_for, trained_with
from kd_training.night.report import NightReport, read_report, to_html, to_text, write_report
from kd_training.night.room import RoomError, check_disk
from kd_training.nightly import Night
from kd_training.pairs import AdmittedPair, admitted_pairs
from kd_training.questions import Ground
from kd_training.registry import Registry
from kd_training.schedule import Nights
from kd_training.slotted import SlottedError, Speech, slotted
from tests.night_town import SPREAD, Town
from tests.tiny_student import TODAY, Tiny
from tests.versions import version


def admitted(question: str, sql: str, asked_on: date, weight: int = 1) -> AdmittedPair:
    return AdmittedPair(
        question, sql, "", asked_on, weight, (1,), ("web:ann",), ("a1",), ("tiny",), "reviewer", "terminal:carl",
        datetime(2026, 10, 5, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture(scope="module")
def ground(tiny: Tiny) -> Iterator[Ground]:
    database = connect(f"sqlite:///{tiny.database}")
    yield Ground.of(database, Glossary(), TODAY)
    database.close()


@pytest.mark.parametrize(
    ("question", "sql", "short"),
    [
        ("average amount by item", SPREAD, "SELECT sales.item, AVG(sales.amount) FROM sales"),
        (
            "how many sales in Nordport?",
            "SELECT COUNT(*) FROM sales JOIN shops ON sales.shop_id = shops.id WHERE shops.city = 'Nordport'",
            "SELECT COUNT(*) FROM sales WHERE shops.city = :v0",
        ),
        (
            "sales over 400 last month",
            "SELECT COUNT(*) FROM sales WHERE amount > 400 AND sold_on >= '2026-10-01' AND sold_on < '2026-11-01'",
            "SELECT COUNT(*) FROM sales WHERE sales.amount > :n0 AND sales.sold_on = :d0",
        ),
        *(
            (question, f"SELECT COUNT(*) FROM sales WHERE {where}", f"SELECT COUNT(*) FROM sales WHERE {short}")
            for question, where, short in (
                ("sales in May 2026", "sold_on BETWEEN '2026-05-01' AND '2026-05-31'", "sales.sold_on = :d0"),
                ("sales in May 2026", "sold_on >= '2026-05-01' AND sold_on <= '2026-05-31'", "sales.sold_on = :d0"),
                ("sales since May 2026", "sold_on >= '2026-05-01'", "sales.sold_on = :d0"),
                ("sales this year", "sold_on >= '2026-01-01'", "sales.sold_on = :d0"),
                ("sales in May", "sold_on >= '2026-05-01' AND sold_on < '2026-06-01' AND item = 'rug'",
                 "sales.sold_on = :d0 AND sales.item = 'rug'"),
            )
        ),
    ],
)
def test_values_become_the_questions_slots(ground: Ground, question: str, sql: str, short: str) -> None:
    assert slotted(sql, ground.link(question), Speech.over(ground)) == short


def test_what_cannot_be_said_is_named(ground: Ground) -> None:
    speech = Speech.over(ground)
    for sql in ("DROP TABLE sales", "SELECT nothing FROM nowhere", ""):
        with pytest.raises(SlottedError):
            slotted(sql, ground.link("how many sales?"), speech)
    pair = admitted("what?", "SELECT nothing FROM nowhere", TODAY)
    found = collect([pair, replace(pair, question="average amount by item", sql=SPREAD)], ground)
    assert [p.short for p in found.pairs] == ["SELECT sales.item, AVG(sales.amount) FROM sales"]
    assert [q for q, _ in found.unsaid] == ["what?"]


def test_what_the_students_grammar_lacks_is_named(ground: Ground) -> None:
    """A date that nobody asked for runs well, but a student that is trained on it could never say it."""
    for sql in ("SELECT COUNT(*) FROM sales WHERE sold_on > '2026-03-17'", "SELECT COUNT(*) + 17 FROM sales"):
        with pytest.raises(SlottedError, match=r"no words for it, from here on: .*7"):
            slotted(sql, ground.link("how many sales?"), Speech.over(ground))
    with pytest.raises(SlottedError, match=r"no words"):  # one side of a period is not the period
        early = "SELECT COUNT(*) FROM sales WHERE sold_on >= '2025-12-01'"
        slotted(early, ground.link("sales in January 2026"), Speech.over(ground))


def test_a_pair_is_read_on_the_day_it_was_asked(ground: Ground) -> None:
    sql = "SELECT COUNT(*) FROM sales WHERE sold_on >= '2026-09-01' AND sold_on < '2026-10-01'"
    pair = admitted("how many sales last month?", sql, date(2026, 10, 5))
    (learned,) = collect([pair], ground).pairs
    assert learned.short == "SELECT COUNT(*) FROM sales WHERE sales.sold_on = :d0"


def test_a_pair_is_remembered_by_its_sql_and_not_forgotten_where_it_cannot_be_said(ground: Ground) -> None:
    sql = "SELECT COUNT(*) FROM sales WHERE sold_on >= '2026-09-01' AND sold_on < '2026-10-01'"
    pair = admitted("how many sales last month?", sql, date(2026, 10, 5))
    said = collect([pair], ground)
    unsaid = collect([replace(pair, question="How many sales last month", asked_on=TODAY)], ground)
    assert len(said.pairs) == 1 and not unsaid.pairs and unsaid.unsaid[0][0] == "How many sales last month"
    assert said.present == unsaid.present == {said.pairs[0].digest}
    assert (said.digests, unsaid.digests) == ([said.pairs[0].digest], [])
    assert collect([replace(pair, sql=SPREAD)], ground).present != said.present


def test_lines_stand_as_often_as_they_count_and_their_words_are_known(ground: Ground, tmp_path: Path) -> None:
    pair = admitted("whopping amount by item", SPREAD, TODAY, 2)
    found = collect([pair], ground)
    words = write_added(found.pairs, 5, {"shopping": 900}, tmp_path / "added.jsonl")
    assert len((tmp_path / "added.jsonl").read_text("utf-8").splitlines()) == 10
    assert words["whopping"] >= 3 and words["shopping"] == 900
    assert "whopping" in (tmp_path / "added.jsonl").read_text("utf-8")


def test_held_out_questions_never_train(tiny: Tiny, tmp_path: Path) -> None:
    town = Town.built(tiny, tmp_path)
    town.correct(["average amount by item", "number of sales"])
    with Store.open(town.state_url) as store:
        assert {p.question for p in admitted_pairs(store)} == {"average amount by item", "number of sales"}
        assert {p.question for p in admitted_pairs(store, {"Number of sales"})} == {"average amount by item"}
        (pair, _) = admitted_pairs(store, today=TODAY)
        assert (pair.asked_on, pair.weight, pair.users) == (TODAY, 2, ("web:ann",))
    town.decide("withdrawn")
    with Store.open(town.state_url) as store:
        assert admitted_pairs(store) == []


def test_the_next_student_does_not_start_from_one_that_knows_what_was_taken_out(
    tiny: Tiny, ground: Ground, tmp_path: Path
) -> None:
    town = Town.built(tiny, tmp_path / "town")
    settings = town.settings()
    registry = Registry(str(settings.models_url))
    assert [(s.manifest.version, s.serves) for s in known_students(settings, registry)] == [("tiny-1", True)]
    for name, pairs in (("clean", ["a"]), ("poisoned", ["a", "b"])):
        registry.add(version(tiny, tmp_path, name, night={"pairs": pairs}))
        registry.promote(name, "nightly", "")
    students = known_students(settings, registry)
    assert [s.manifest.version for s in students] == ["poisoned", "clean", "tiny-1"]

    def start(*pairs: str) -> str:
        found = start_for(students, pairs, ground.schema)
        return found.manifest.version if found else "nothing"

    assert [start("a", "b", "c"), start("a"), start("c")] == ["poisoned", "clean", "tiny-1"]
    assert trained_with(students[0], ["b", "c"]) == ["a", "b", "c"] and trained_with(None, ["c"]) == ["c"]
    shutil.rmtree(tmp_path / "town" / "models" / "versions" / "clean")
    assert [s.manifest.version for s in known_students(settings, registry)] == ["poisoned", "tiny-1"]


def test_a_report_escapes_and_says_what_matters(tmp_path: Path) -> None:
    report = NightReport(
        "2026-11-22", "kept", "night-2", "night-1", reasons=("it loses <b>“x”</b>",), before=(80, 100), after=(70, 100),
        better=("a & b",), worse=tuple(f"question {n}" for n in range(30)), learned=5, fresh=2,
        admission={"admitted": 2, "rejected": 1}, seconds={"distil": 600.0}, next_run="2026-11-23 02:30 UTC",
        unsaid=(("odd", "no words"),),
    )  # fmt: skip
    assert read_report(json.loads(json.dumps(asdict(report)))) == report
    text = to_text(report)
    for said in ("The gate said no", "80 of 100 right, 80.0% (95 % interval 71% to 87%)", "Worse (30)", "2 admitted",
                 "10 min", "2026-11-23 02:30 UTC", "odd: no words"):  # fmt: skip
        assert said in text, said
    assert text.count("question ") == 10
    page = to_html(report)
    assert "&lt;b&gt;" in page and "<b>" not in page and "a &amp; b" in page and "http" not in page
    assert [p.suffix for p in write_report(report, tmp_path / "r")] == [".json", ".txt", ".html"]
    assert report.outcome() == "the gate said no: it loses <b>“x”</b>" and not report.passed


def test_no_room_is_said_before_anything_begins(tmp_path: Path) -> None:
    check_disk(tmp_path / "not" / "there", 0.000001)
    with pytest.raises(RoomError, match="a night needs 1e"):
        check_disk(tmp_path, 1e9)


def test_a_regression_question_whose_tables_are_gone_is_nobodys_loss() -> None:
    asked = [
        {"id": "regression:1", "question": "how many?", "correct": False, "reason": "wrong values"},
        {"id": "regression:2", "question": "gone?", "correct": False, "reason": "gold error"},
    ]
    assert _lost({"examples": asked}, None) == ["it loses the regression question “how many?”"]
    right_before = {"examples": [{**each, "correct": True} for each in asked]}
    assert _lost({"examples": asked}, right_before) == ["it loses the regression question “how many?”"]


def test_a_night_that_was_stopped_by_hand_can_be_begun_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Night) -> NightReport:
        raise KeyboardInterrupt

    monkeypatch.setattr(Night, "run", stop)
    nights = Nights(load_settings(state_dir=tmp_path))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            nights.run(TODAY)


@pytest.mark.parametrize(
    ("name", "value"), [("nightly_timezone", "Mars/Olympus"), ("nightly_cron", "at midnight"), ("nightly_cron", "")]
)
def test_a_schedule_that_means_nothing_is_refused(name: str, value: str) -> None:
    settings = load_settings().model_copy(update={name: value})
    with pytest.raises(ConfigError, match=name):
        Nights(settings)


def test_the_next_night_is_told_without_what_trains() -> None:
    settings = load_settings(nightly_timezone="Europe/Berlin")
    summer = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)  # three o'clock there: the night has begun
    assert str(next_night(settings, summer)) == "2026-07-02 02:30:00+02:00"
    code = "import sys, kd_training.clock; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "False"


def test_the_next_run_is_told_in_its_time_zone() -> None:
    settings = load_settings(nightly_cron="30 2 * * *", nightly_timezone="Europe/London")
    assert " 02:30 " in Nights(settings).next_run()
