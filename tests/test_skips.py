"""What a machine lacks is skipped by name in one summary; where nothing may be missing, the run fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.config import ROOT

SUITE = """
import pytest

@pytest.mark.needs("chromium")
def test_one(): raise AssertionError("runs without a browser")

@pytest.mark.needs("chromium")
def test_two(): raise AssertionError("runs without a browser")

def test_three(): pytest.skip("needs the moon")

def test_four(): pass
"""


def run(folder: Path, required: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_suite.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(folder), "-p", "tests.conftest"]
    # No PATH: nothing is installed as far as these tests can see.
    environment = {"PATH": str(folder), "PYTHONPATH": str(ROOT), "MYNAH_REQUIRE_ALL": required}
    return subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_one_summary_names_what_is_missing(tmp_path: Path) -> None:
    done = run(tmp_path, "")
    assert done.returncode == 0, done.stdout
    summary = done.stdout.partition("skipped on this machine")[2]
    assert "needs Chromium and its driver: 2 tests\nneeds the moon: 1 test\n" in summary
    assert "1 passed, 3 skipped" in summary


def test_where_nothing_may_be_missing_the_run_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "1")
    assert done.returncode == 1, done.stdout
    assert "so this run fails" in done.stdout
