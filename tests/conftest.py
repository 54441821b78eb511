"""What tests share: the tiny student, and one summary of what this machine lacks.

A test that needs a program marks it: `@pytest.mark.needs("chromium")`. Where that program is not installed the test
is skipped, and the summary says so by name. With MYNAH_REQUIRE_ALL=1 (continuous integration) nothing may be
skipped: the run fails.

Tests that make their own cases make the same ones in every run, so that a failure is a change's and not a day's.
`pytest --hypothesis-profile=explore` looks for new ones; what it finds becomes a plain test.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.database import connect
from bot.glossary import Glossary
from kd_training.questions import Ground
from tests import local_slack
from tests.npm_tools import has_playground
from tests.servers import MariaServer, PostgresServer, demo_on_maria, demo_on_postgres, program, running
from tests.tiny_student import TODAY, Tiny, build_database, make
from tests.tiny_teacher import VLLM_PYTHON, TinyTeacher, teach

# What a test's own @settings(…) leaves unsaid comes from here.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", derandomize=False, database=None, deadline=None, print_blob=True)
settings.load_profile("repeatable")


def _chromium() -> bool:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return bool(browser and shutil.which("chromedriver"))


# Taken out of the environment, because a variable MYNAH_… that is no setting is refused by the commands under test.
ALL_REQUIRED = os.environ.pop("MYNAH_REQUIRE_ALL", "") not in ("", "0")

def _vllm() -> bool:
    return VLLM_PYTHON.is_file()


TOOLS: dict[str, tuple[str, Callable[[], bool]]] = {
    "chromium": ("Chromium and its driver", _chromium),
    "postgresql": ("PostgreSQL's programs", lambda: program("initdb") is not None),
    "mariadb": ("MariaDB's programs", lambda: program("mariadbd") is not None),
    "local-slack": ("the local Slack (make npm-tools) and unshare", local_slack.installed),
    "vllm": ("vLLM's environment (make vllm)", _vllm),
    "teams-playground": ("the Agents Playground (make npm-tools, as root)", has_playground),
}


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A student that answers the questions of tests/tiny_student.py over a small database. Not to be changed."""
    return make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def postgres_demo() -> Iterator[str]:
    """The address of the demo on a PostgreSQL of its own, for a role that may only read."""
    with running(PostgresServer) as server:
        yield demo_on_postgres(server)


@pytest.fixture(scope="session")
def mysql_demo() -> Iterator[str]:
    """The address of the demo on a MariaDB of its own, for an account that may only read."""
    with running(MariaServer) as server:
        yield demo_on_maria(server)


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyTeacher]:
    """A stand-in teacher that knows the questions of tests/tiny_student.py, served by vLLM as either runner."""
    teacher = teach(tmp_path_factory.mktemp("teacher"))
    yield teacher
    teacher.stop()


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "needs(tool): skipped where the tool of tests/conftest.py is not installed")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run."""
    for mark in item.iter_markers("needs"):
        for tool in mark.args:
            name, is_there = TOOLS[tool]
            if not is_there():
                pytest.skip(f"needs {name}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One summary of what was skipped, by reason."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        return
    terminalreporter.section("skipped on this machine")
    for reason, tests in sorted(reasons.items()):
        terminalreporter.line(f"{reason}: {tests} test{'s' if tests > 1 else ''}")
    if ALL_REQUIRED:
        terminalreporter.line("MYNAH_REQUIRE_ALL is set, so this run fails.", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that had to be whole and was not."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if ALL_REQUIRED and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """What questions are asked over: the tiny student's database, built anew. Modules with another have their own."""
    build_database(tmp_path / "shops.db")
    ground = Ground.of(connect(f"sqlite:///{tmp_path}/shops.db"), Glossary(), TODAY)
    yield ground
    ground.database.close()
