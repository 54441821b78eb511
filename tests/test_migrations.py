"""The migrations make exactly the tables of bot/records.py, whole or not at all, where they belong."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

import bot.migrations
from bot.records import REVISION, VERSION_TABLE, Record
from bot.store import Store, StoreError
from bot.store_engine import for_writing, make_engine, parse_url

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(bot.migrations.__file__).parent


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine on a new file, without tables."""
    engine = make_engine(parse_url(f"sqlite:///{tmp_path / 'migrated.db'}"), 1.0)
    yield for_writing(engine)
    engine.dispose()


def _tables(connection: Connection) -> dict[str, list[str]]:
    """The statement behind each table and index, as its columns and its constraints in order."""
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    # A column that was added later stands on the same line as the one before it.
    texts = {str(name): re.sub(r"\s+", " ", str(sql)).removesuffix(" )") for name, sql in rows}
    parts = {name: re.split(r", CONSTRAINT ", text) for name, text in texts.items()}
    return {name: [p[0], *sorted(p[1:])] for name, p in parts.items() if name != VERSION_TABLE}


def test_models_and_migrated_tables_do_not_differ(engine: Engine) -> None:
    with engine.begin() as connection:
        bot.migrations.upgrade(connection)
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Record.metadata) == []


def test_checks_keys_and_indexes_are_the_same_too(engine: Engine, tmp_path: Path) -> None:
    """Alembic compares no CHECK constraints, so the statements themselves are compared."""
    with engine.begin() as connection:
        bot.migrations.upgrade(connection)
        migrated = _tables(connection)
    other = make_engine(parse_url(f"sqlite:///{tmp_path / 'created.db'}"), 1.0)
    with for_writing(other).begin() as connection:
        Record.metadata.create_all(connection)
        created = _tables(connection)
    other.dispose()
    assert migrated == created
    tables = {"answers", "feedback", "corrections", "pairs", "questions", "verdicts", "removed_users", "runs"}
    assert tables | {"model_versions"} <= migrated.keys()


def test_the_code_knows_the_newest_revision(engine: Engine) -> None:
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(bot.migrations.config(connection))
    assert scripts.get_heads() == [REVISION]
    assert all(script.revision.isdecimal() for script in scripts.walk_revisions())


def test_every_step_can_be_taken_back(engine: Engine) -> None:
    with engine.begin() as connection:
        bot.migrations.upgrade(connection)
        command.downgrade(bot.migrations.config(connection), "base")
        assert set(inspect(connection).get_table_names()) == {VERSION_TABLE}
        bot.migrations.upgrade(connection)
        assert "pairs" in inspect(connection).get_table_names()


def test_the_next_step_is_written_from_the_models(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "100% migrations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with engine.begin() as connection:
        configured = bot.migrations.config(connection, folder)
        command.upgrade(configured, "head")
        connection.exec_driver_sql("DROP INDEX ix_pairs_status")
        connection.exec_driver_sql("DROP TABLE model_versions")
        command.revision(configured, "next step", autogenerate=True, rev_id="9999")
        command.upgrade(configured, "head")
        written = (folder / "versions" / "9999_next_step.py").read_text()
        assert f"down_revision = '{REVISION}'" in written
        assert "sa.DateTime(timezone=True)" in written and "bot.records" not in written
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Record.metadata) == []
    capsys.readouterr()


def test_answers_of_an_earlier_version_are_kept(engine: Engine) -> None:
    with engine.begin() as connection:
        configured = bot.migrations.config(connection)
        command.upgrade(configured, "0001")
        connection.exec_driver_sql(
            "INSERT INTO answers VALUES ('a1', '2026-01-01', 'web', 'u1', NULL, NULL, 'q', 'answered', 'SELECT 1', "
            "'', 0.5, 0, 's', 1, 0, '', '', '{}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO feedback (answer_id, user_id, vote, at, updated_at) VALUES ('a1', 'u1', 1, '2026', '2026')"
        )
        command.upgrade(configured, "head")
        assert connection.exec_driver_sql("SELECT id, database FROM answers").all() == [("a1", "")]
        assert connection.exec_driver_sql("SELECT answer_id FROM feedback").all() == [("a1",)]


def test_a_failing_migration_leaves_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9998_bad.py").write_text(
        f"from alembic import op\nrevision = '9998'\ndown_revision = '{REVISION}'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (x)')\n    op.execute('NOT SQL')\n"
    )
    with pytest.raises(Exception, match="syntax error"), engine.begin() as connection:
        command.upgrade(bot.migrations.config(connection, folder), "head")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


@pytest.mark.parametrize(
    ("version", "kind"),
    [(f"{int(REVISION) + 1:04}", "newer"), ("9999", "newer"), ("ae1027a6acf", "foreign"), ("0000", "foreign")],
)
def test_a_version_this_code_does_not_know(tmp_path: Path, version: str, kind: str) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    Store.open(url).close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (version,))
    before = (tmp_path / "state.db").read_bytes()
    with pytest.raises(StoreError) as caught:
        Store.open(url)
    assert caught.value.kind == kind
    assert ("newer version of Mynah" in caught.value.message) == (kind == "newer")
    assert (tmp_path / "state.db").read_bytes() == before


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE answers (id INTEGER PRIMARY KEY, text TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        Store.open(f"sqlite:///{path}")
    assert caught.value.kind == "foreign"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["other.db"]


OPENING = """
import sys
import bot.migrations
from bot.store import Store
print("ready", flush=True)
sys.stdin.readline()
Store.open(sys.argv[1]).close()
"""


def test_processes_that_open_a_new_memory_at_the_same_moment(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    line, pipe = [sys.executable, "-c", OPENING, url], subprocess.PIPE
    processes = [
        subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert errors == [""] * 4
    with Store.open(url) as store:
        assert store.answer("none") is None


def test_threads_that_open_new_memories_at_the_same_moment(tmp_path: Path) -> None:
    """Two of them share a file, the others do not: alembic itself is not made for threads."""
    barrier = threading.Barrier(6)

    def open_one(n: int) -> None:
        barrier.wait()
        with Store.open(f"sqlite:///{tmp_path / str(n // 2)}.db") as store:
            assert store.answer("none") is None

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(open_one, range(6)))


MAKING = """
import sys
from bot.store import Store
n = 0
while True:
    print(n, flush=True)
    Store.open(f"sqlite:///{sys.argv[1]}/{n}.db").close()
    n += 1
"""


def test_a_process_killed_while_it_makes_the_tables(tmp_path: Path) -> None:
    """Wherever the kill falls, the file then holds all tables or none, and opens."""
    for wait in (0.0, 0.004, 0.011, 0.023):
        with subprocess.Popen(
            [sys.executable, "-c", MAKING, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            begun = [process.stdout.readline().strip() for _ in range(3)]
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            begun += process.stdout.read().split()
        path = tmp_path / f"{begun[-1]}.db"
        with closing(sqlite3.connect(path)) as connection:
            names = {r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names in (set(), {*Record.metadata.tables, VERSION_TABLE})
        with Store.open(f"sqlite:///{path}") as store:
            assert store.answer("none") is None
