"""A database that changed since its student learned it: what is refused, what still works, and what is said."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.answer import Bot
from bot.config import load_settings
from bot.deployed import Deployed
from bot.drift import drift
from bot.manifest import StudentError
from bot.opening import open_bot, open_database
from tests.tiny_student import TODAY, Tiny


@pytest.fixture
def changed(tiny: Tiny, tmp_path: Path) -> Path:
    target = tmp_path / "shops.db"
    shutil.copyfile(tiny.database, target)
    return target


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def opened(tiny: Tiny, database: Path, state: Path) -> Bot:
    return open_bot(
        load_settings(database_url=f"sqlite:///{database}", student_dir=tiny.student, state_dir=state, today=TODAY)
    )


def test_a_column_that_is_gone_is_refused_and_the_rest_answered(tiny: Tiny, changed: Path, tmp_path: Path) -> None:
    alter(changed, "ALTER TABLE sales RENAME COLUMN amount TO price")
    bot = opened(tiny, changed, tmp_path)
    assert bot.ask("how many sales are there?").status == "answered"
    refused = bot.ask("total amount by city")
    assert (refused.status, refused.code, refused.sql) == ("refused", "drift", None)
    assert "sales.amount" in refused.message and "trained again" in refused.message
    assert bot.drift is not None and "changed or gone: sales.amount" in bot.drift.sentence()
    bot.database.close()


def test_a_new_table_is_refused_by_its_name(tiny: Tiny, changed: Path, tmp_path: Path) -> None:
    alter(changed, "CREATE TABLE refunds (id INTEGER PRIMARY KEY, reason TEXT)")
    alter(changed, "ALTER TABLE shops ADD COLUMN owner TEXT")
    bot = opened(tiny, changed, tmp_path)
    for question in ("how many refunds are there?", "which Owner has most shops?"):
        answer = bot.ask(question)
        assert (answer.status, answer.code) == ("refused", "drift"), question
    assert bot.ask("how many shops do we have?").status == "answered"
    bot.database.close()


def test_a_key_or_type_that_changed_is_a_change(tiny: Tiny, changed: Path, tmp_path: Path) -> None:
    before = open_database(load_settings(database_url=f"sqlite:///{tiny.database}")).schema()
    alter(
        changed, "DROP TABLE sales",
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, shop_id INTEGER, sold_on DATE, item TEXT, amount TEXT)",
    )  # fmt: skip
    found = drift(before, open_database(load_settings(database_url=f"sqlite:///{changed}")).schema())
    assert found is not None and not found.foreign
    assert found.changed == {"sales.amount", "sales.shop_id"}
    assert drift(before, before) is None
    bot = opened(tiny, changed, tmp_path)
    joined = bot.ask("how many sales in Nordport?")
    assert joined.code == "drift" and "sales.shop_id" in joined.message


def test_another_database_is_no_drift(tiny: Tiny, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    alter(other, "CREATE TABLE sales (id INTEGER PRIMARY KEY)")
    with pytest.raises(StudentError, match="another database"):
        opened(tiny, other, tmp_path / "state")


def test_tables_that_change_while_it_runs_are_noticed(tiny: Tiny, changed: Path, tmp_path: Path) -> None:
    settings = load_settings(
        database_url=f"sqlite:///{changed}", student_dir=tiny.student, state_dir=tmp_path, today=TODAY
    )
    deployed = Deployed(settings, open_database(settings))
    first = deployed.open()
    assert not deployed.look() and deployed.bot is first
    alter(changed, "ALTER TABLE sales RENAME COLUMN amount TO price")
    assert deployed.look()
    assert deployed.bot is not None and deployed.bot.ask("total amount by city").code == "drift"
    assert "sales.amount" in deployed.facts()["drift"]
    alter(changed, "ALTER TABLE sales RENAME COLUMN price TO amount")
    assert deployed.look() and deployed.facts()["drift"] == ""
    deployed.bot.database.close()
