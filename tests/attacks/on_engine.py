"""Runs every attack straight at the SQLite engine, with the guard off, in a process of its own.

    python -m tests.attacks.on_engine DATABASE ATTACKS

Prints a JSON line for each: id, outcome ("ran" or the kind of error), detail, seconds, changed (what the
attack did to the file or its folder), peak (the process's largest memory so far, in MB).
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

from bot.database import DatabaseError, Limits
from bot.databases.sqlite import SQLite

LIMITS = Limits(rows=20, seconds=0.1)


def _peak() -> int:
    """Megabytes. Not ru_maxrss: that begins with the size of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def state(folder: Path) -> list[tuple[str, str]]:
    """Every file under the folder, with a hash of its bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def attack(database: SQLite, sql: str) -> tuple[str, str]:
    """What came of it."""
    try:
        return "ran", repr(database._run(sql, {}, LIMITS).rows[:2])
    except DatabaseError as error:
        return error.kind, error.detail


def main() -> None:
    """Run all attacks of the file on the database."""
    path, attacks = (Path(argument) for argument in sys.argv[1:])
    database = SQLite(str(path))
    before = state(path.parent)
    for line in attacks.read_text("utf-8").splitlines():
        example = json.loads(line)
        started = time.monotonic()
        outcome, detail = attack(database, example["sql"])
        seconds = time.monotonic() - started
        after = state(path.parent)
        peak = _peak()
        report = {"id": example["id"], "outcome": outcome, "detail": detail[:200], "seconds": seconds,
                  "changed": sorted(set(after) ^ set(before)), "peak": peak}
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
