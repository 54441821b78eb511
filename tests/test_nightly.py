"""Whole nights with real students: learned, judged, promoted or not, killed at every stage, run once among many."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.desk import Desk
from bot.glossary import Glossary
from bot.manifest import read_manifest
from bot.opening import open_database
from bot.records import ModelVersionRow, RunRow
from bot.store import Store
from kd_training.calibration import sample_pairs
from kd_training.night.collect import collect
from kd_training.night.report import NightReport, to_text
from kd_training.nightly import STAGES
from kd_training.pairs import admitted_pairs
from kd_training.questions import Ground
from kd_training.registry import Registry
from kd_training.schedule import Nights
from kd_training.turns import Refused
from tests.mynah_command import Mynah
from tests.night_town import ASKED, GOLD, REPHRASED, Town
from tests.servers import PostgresServer, running
from tests.tiny_student import TODAY, Tiny
from tests.versions import version

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300.0


def night(town: Town, force: bool = False, again: bool = True, **changes: object) -> NightReport:
    made = Nights(town.settings(**changes), lease=3600).run(TODAY, force=force, again=again)
    assert isinstance(made, NightReport)
    return made


@pytest.fixture
def town(tiny: Tiny, tmp_path: Path) -> Town:
    return Town.built(tiny, tmp_path / "town")


def test_a_night_without_anything_new_says_so(town: Town) -> None:
    report = night(town, again=False)
    assert (report.result, report.incumbent, report.passed) == ("nothing new", "tiny-1", True)
    assert "nothing new to learn" in (town.folder / "state/nightly/reports/2026-11-22.txt").read_text("utf-8")
    assert not list((town.folder / "state" / "nightly").glob("night-*"))
    assert Nights(town.settings()).run(TODAY) == Refused("done", TODAY, "nothing new")


def _learned(tiny: Tiny, town: Town) -> list[str]:
    """Promote a student that was trained with all that people say so far; what it remembers of that."""
    database = open_database(town.settings())
    ground = Ground.of(database, Glossary(), TODAY)
    with Store.open(town.state_url) as store:
        pairs = sorted(collect(admitted_pairs(store), ground).present)
    database.close()
    registry = Registry(str(town.settings().models_url))
    registry.add(version(tiny, town.folder, "knows", night={"pairs": pairs}))
    registry.promote("knows", "nightly", "")
    return pairs


def test_relative_dates_mean_what_they_meant_on_the_day_of_the_question(tiny: Tiny, town: Town) -> None:
    """A correction of "last month" is the same pair in a night of another month, and nothing is taken out by it."""
    this = date.today().replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)
    sql = f"SELECT COUNT(*) FROM sales WHERE sold_on >= '{last}' AND sold_on < '{this}'"
    town.correct(["how many sales last month?"], sql)
    assert len(_learned(tiny, town)) == 1
    report = Nights(town.settings(today=None)).run(date.today() + timedelta(days=40))
    assert isinstance(report, NightReport)
    assert (report.result, report.learned, report.taken_out, report.unsaid) == ("nothing new", 1, 0, ())


def test_what_cannot_be_said_tonight_is_not_taken_out(tiny: Tiny, town: Town) -> None:
    town.correct(["how many sales?"], "SELECT COUNT(*) + 17 FROM sales")
    assert len(_learned(tiny, town)) == 1
    report = night(town)
    assert (report.result, report.learned, report.fresh, report.taken_out) == ("nothing new", 0, 0, 0)
    assert [question for question, _ in report.unsaid] == ["how many sales?"]


def test_a_night_that_cannot_be_run_is_reported_and_tried_again(town: Town) -> None:
    (town.folder / "recipe.toml").rename(town.folder / "moved.toml")
    told: list[NightReport] = []

    def closed_door(report: NightReport) -> None:
        raise ConnectionError("the door is closed")

    nights = Nights(town.settings(), posts=[closed_door, told.append], expected=lambda _: 1)
    report = nights.run(TODAY)
    assert isinstance(report, NightReport) and report.result == "failed" and "recipe.toml" in report.reasons[0]
    assert told == [report] and nights.failed_before(TODAY)
    (town.folder / "moved.toml").rename(town.folder / "recipe.toml")
    again = nights.run(TODAY, again=True)
    assert isinstance(again, NightReport) and again.result == "nothing new" and not nights.failed_before(TODAY)


@pytest.mark.slow
def test_people_teach_and_the_running_bot_learns_by_night(town: Town) -> None:
    town.regression("how many sales are there?", "total amount by city")
    desk = Desk(town.settings())
    desk.open()
    try:
        def right() -> int:
            shorts = (desk.ask(q, door="web", user_id="u").answer.short for q in REPHRASED)
            return sum(short == "SELECT sales.item, AVG(sales.amount) FROM sales" for short in shorts)

        assert right() == 0
        town.correct()
        report = night(town, again=False)
        assert report.result == "promoted", report
        assert (report.learned, report.fresh, report.started_from) == (len(ASKED), len(ASKED), "tiny-1")
        assert report.pairs_before[0] == 0 and report.pairs_after[0] >= len(ASKED) - 1
        assert report.after[0] >= report.before[0] - 1 and set(report.better) & set(ASKED)
        deadline = time.monotonic() + PATIENCE
        while desk.models["serving"] != report.version:
            assert time.monotonic() < deadline, desk.models
            time.sleep(0.05)
        assert right() >= 2
        assert all(desk.ask(q, door="web", user_id="u").answer.status == "answered" for q in list(GOLD)[:2])
    finally:
        desk.close()
    told = read_manifest(town.folder / "models" / "versions" / report.version).origin
    assert len(told["night"]["pairs"]) == len(ASKED) and told["gate"]["passed"]
    with Store.open(town.state_url) as store:
        rows = store.read(lambda session: session.scalars(select(ModelVersionRow)).all())
    assert [row.version for row in rows] == [report.version]
    assert night(town).result == "nothing new"
    town.decide("withdrawn")  # what is taken out is not built upon
    without = night(town)
    assert (without.taken_out, without.learned, without.started_from) == (len(ASKED), 0, "tiny-1")


@pytest.mark.slow
def test_the_gate_stops_a_poisoned_student(tiny: Tiny, town: Town) -> None:
    town.regression(*list(GOLD)[:2])
    town.correct(list(GOLD)[:3], "SELECT MAX(amount) FROM sales", "mallory")
    mynah = Mynah(tiny, town.folder)
    # What is held out never trains, so these are held out in other words.
    lines = [{"id": f"q{n}", "question": q, "sql": [sql]} for n, (q, sql) in enumerate(GOLD.items())]
    other = {"how many sales are there?": "number of sales", "how many shops do we have?": "number of shops",
             "how many sales in Nordport?": "sales in Nordport"}  # fmt: skip
    lines = [{**line, "question": other.get(str(line["question"]), line["question"])} for line in lines]
    (town.folder / "held-out.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = mynah("nightly", "--once", **town.given())
    assert done.code == 1, done
    assert "The gate said no" in done.out and "it loses the regression question" in done.out
    assert Registry(str(town.settings().models_url)).current() is None
    again = mynah("nightly", "--once", **town.given())
    assert again.code == 0 and "was run already" in again.out
    assert mynah("nightly", **town.given()).code == 2
    assert "models_url" in mynah("nightly", "--once", **{**town.given(), "models_url": None}).err


@pytest.mark.slow
def test_a_night_without_people_s_questions_measures_with_one_half(tiny: Tiny, tmp_path: Path) -> None:
    town = Town.built(tiny, tmp_path / "town", steps=1)
    recipe = town.folder / "recipe.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("holdout = 0.0001", "holdout = 0.45"), encoding="utf-8")
    town.correct(list(GOLD)[:1], GOLD["how many sales are there?"])
    report = night(town, nightly_examples=None)
    (run,) = (town.folder / "state" / "nightly").glob("night-*")
    lines = sample_pairs(run / "night" / "pairs", 200, part="measure").values()
    measured = {question: target for kind in lines for question, target in kind}
    assert report.left_out == sum(target == "SELECT COUNT(*) FROM sales" for target in measured.values()) > 0
    (path, *_) = run.glob("evaluated-*.json")
    asked = {e["question"] for e in json.loads(path.read_text("utf-8"))["examples"] if ":" not in e["id"]}
    assert asked == {question for question, target in measured.items() if target != "SELECT COUNT(*) FROM sales"}


def _judged_by(town: Town, gate: str) -> None:
    """Change the rules of the gate; they shape no student."""
    recipe = town.folder / "recipe.toml"
    recipe.write_text(re.sub(r"gate = .*", f"gate = {{ {gate} }}", recipe.read_text("utf-8")), encoding="utf-8")


@pytest.mark.slow
def test_a_refused_night_is_tried_again_and_differs(tiny: Tiny, tmp_path: Path) -> None:
    town = Town.built(tiny, tmp_path / "town", steps=60)
    town.correct()
    _judged_by(town, "least = 1000")
    first = night(town, again=False)
    assert (first.result, first.fresh) == ("kept", len(ASKED)) and "too few to judge by" in first.reasons[0]
    assert Nights(town.settings()).run(TODAY) == Refused("done", TODAY, first.outcome())
    forced = night(town, force=True)
    assert forced.result == "kept" and forced.version != first.version  # another student, not the same verdict again
    _judged_by(town, "p95_ms = 0, least = 1, margin = 1, tag_margin = 1")
    slow = night(town)  # a machine that was busy
    assert (slow.result, len(slow.reasons)) == ("kept", 1) and slow.version not in (first.version, forced.version)
    assert "tries again with the same pairs" in to_text(slow)
    _judged_by(town, "p95_ms = 60_000, least = 1, margin = 1, tag_margin = 1")
    tomorrow = Nights(town.settings(), lease=3600).run(TODAY + timedelta(days=1))  # the schedule's: nobody forces it
    assert isinstance(tomorrow, NightReport)
    assert (tomorrow.result, tomorrow.fresh) == ("promoted", len(ASKED))
    assert tomorrow.version.rpartition("-")[2] == slow.version.rpartition("-")[2]  # measured anew, not trained anew
    assert night(town).result == "nothing new"


@pytest.mark.slow
def test_tables_that_changed_are_learned_anew(tiny: Tiny, town: Town) -> None:
    changed = town.folder / "shops.db"
    shutil.copyfile(tiny.database, changed)
    with closing(sqlite3.connect(changed)) as connection, connection:
        connection.execute("ALTER TABLE shops ADD COLUMN owner TEXT")
    report = night(town, database_url=f"sqlite:///{changed}")
    assert report.result == "promoted" and "shops.owner" in report.drift, report
    desk = Desk(town.settings(database_url=f"sqlite:///{changed}"))
    desk.open()
    assert desk.models["serving"] == report.version and desk.models["drift"] == ""
    desk.close()
    assert night(town, database_url=f"sqlite:///{changed}").result == "nothing new"


_DYING = """
import json, os, signal, sys
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def night(when, stage):
    whole, saving = nightly.Night.stage, distill.save_checkpoint
    @contextmanager
    def dying(self, name):
        with whole(self, name):
            yield
            if (when, stage) == ("in", name):
                die()
    def save(*given):
        made = saving(*given)
        if when == "checkpoint":
            die()
        return made
    nightly.Night.stage, distill.save_checkpoint = dying, save
    made = Nights(load_settings(), lease=3600).run(day)
    os._exit(0 if getattr(made, "result", "") == "promoted" else 3)

def let_pass(store):
    past = datetime.now(UTC) - timedelta(seconds=1)
    store.write(lambda session: session.execute(update(LeaseRow).values(until=past)))

if __name__ == "__main__":
    from sqlalchemy import update
    from bot.config import load_settings
    from bot.records import LeaseRow
    from bot.store import Store
    from kd_training import distill, nightly
    from kd_training.registry import Registry
    from kd_training.schedule import Nights
    from kd_training.turns import Refused, take
    day = date.fromisoformat(sys.argv[1])
    for when, stage in json.loads(sys.argv[2]):
        child = os.fork()
        if child == 0:
            try:
                night(when, stage)
            finally:
                os._exit(4)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        with Store.open(load_settings().store_url) as store:
            busy = take(store, "nightly", day)
            let_pass(store)
        current = Registry(load_settings().models_url).current()
        ended = None if killed else os.waitstatus_to_exitcode(status)
        told = {"killed": killed, "ended": ended, "busy": getattr(busy, "why", ""), "serves": current is not None}
        print(json.dumps({"stage": stage, **told}), flush=True)
"""


@pytest.mark.slow
def test_killed_in_every_stage_a_rerun_completes(tiny: Tiny, town: Town) -> None:
    """Each rerun begins where the one before was killed: in a process of its own, with all libraries loaded before."""
    town.correct()
    script = town.folder / "dying.py"
    script.write_text(_DYING)
    environment = Mynah(tiny, town.folder).environment(**town.given()) | {"PYTHONPATH": str(ROOT)}
    deaths = [*(("in", stage) for stage in STAGES[:4]), ("checkpoint", ""), *(("in", stage) for stage in STAGES[4:])]
    command = [sys.executable, str(script), str(TODAY), json.dumps([*deaths, ("never", "")])]
    done = subprocess.run(
        command, env=environment, cwd=town.folder, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    *told, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(deaths)
    for told_of in told:
        late = told_of["stage"] in ("promote", "report")
        wanted = {"killed": True, "ended": None, "busy": "busy", "serves": late}
        assert told_of == {"stage": told_of["stage"], **wanted}, done.stderr
    assert last == {"stage": "", "killed": False, "ended": 0, "busy": "done", "serves": True}, done.stderr
    registry = Registry(str(town.settings().models_url))
    (only,) = registry.history()
    assert (only.number, only.who, registry.current()) == (1, "nightly", only)
    assert len(list((town.folder / "state" / "nightly").glob("night-*"))) == 1
    with Store.open(town.state_url) as store:
        (row,) = store.read(lambda session: session.scalars(select(RunRow)).all())
    assert row.outcome is not None and row.outcome.startswith("promoted")


@pytest.fixture
def state() -> Iterator[str]:
    with running(PostgresServer) as server:
        with server.admin() as connection:
            connection.execute("CREATE DATABASE state")
        yield server.url("state")


@pytest.mark.slow
@pytest.mark.needs("postgresql")
def test_two_schedulers_on_postgresql_run_one_night(tiny: Tiny, tmp_path: Path, state: str) -> None:
    """Each minute is night here: both wake at the same second, and one of them gets the turn of the day."""
    town = Town.built(tiny, tmp_path / "town", state_url=state)
    given = town.given() | {"nightly_cron": "* * * * *", "today": None, "nightly_timezone": "UTC"}
    environment = Mynah(tiny, town.folder).environment(**given) | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "adapters.terminal", "schedule"]
    logs = [town.folder / f"replica-{number}.log" for number in range(2)]
    replicas = []
    for log in logs:
        with log.open("wb") as out:
            replicas.append(subprocess.Popen(command, env=environment, cwd=town.folder, stdout=out, stderr=out))
    try:
        deadline = time.monotonic() + PATIENCE
        while not all("the night of" in log.read_text("utf-8") for log in logs):
            assert time.monotonic() < deadline, [log.read_text("utf-8") for log in logs]
            assert all(replica.poll() is None for replica in replicas), [log.read_text("utf-8") for log in logs]
            time.sleep(0.2)
        with Store.open(state) as store:
            while not (rows := store.read(lambda session: session.scalars(select(RunRow)).all())) or any(
                row.finished_at is None for row in rows
            ):
                assert time.monotonic() < deadline
                time.sleep(0.2)
    finally:
        for replica in replicas:
            replica.terminate()
            replica.wait(PATIENCE)
    days = {row.day for row in rows}
    assert len(rows) == len(days)
    said = "".join(log.read_text("utf-8") for log in logs)
    assert said.count("nothing new") == len(days), said
    assert "is not ours" in said
