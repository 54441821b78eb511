"""Two processes that want the same part of a run."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from kd_training.taking_turns import turn

_HOLDER = "import sys, time; from pathlib import Path; from kd_training.taking_turns import turn\n" + (
    "with turn(Path(sys.argv[1])):\n    print('mine', flush=True)\n    time.sleep(60)\n"
)
_WAITER = "import sys; from pathlib import Path; from kd_training.taking_turns import turn\n" + (
    "print('here', flush=True)\nwith turn(Path(sys.argv[1])):\n    print((Path(sys.argv[1]) / 'made').read_text())\n"
)


def _started(script: str, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, str(directory)], stdout=subprocess.PIPE, text=True)


def test_the_second_waits_and_finds_it_made(tmp_path: Path) -> None:
    directory = tmp_path / "part"
    with turn(directory):
        waiter = _started(_WAITER, directory)
        assert waiter.stdout is not None and waiter.stdout.readline() == "here\n"
        time.sleep(0.2)
        assert waiter.poll() is None
        (directory / "made").write_text("whole")
    said, _ = waiter.communicate(timeout=30)
    assert (said, waiter.returncode) == ("whole\n", 0)


def test_who_is_killed_lets_go(tmp_path: Path) -> None:
    holder = _started(_HOLDER, tmp_path)
    assert holder.stdout is not None and holder.stdout.readline() == "mine\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with turn(tmp_path):
        pass
