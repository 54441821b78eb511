"""`mynah` as people run it: a process of its own, with nothing but the settings that a test gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.tiny_student import TODAY, Tiny


@dataclass(frozen=True)
class Done:
    """How the process ended and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Mynah:
    """The command over the tiny student, with a memory of its own under `folder`."""

    tiny: Tiny
    folder: Path

    def environment(self, **settings: object) -> dict[str, str]:
        """Settings by their names in lower case; None leaves one at its default."""
        given: dict[str, object] = {
            "database_url": self.tiny.database, "student_dir": self.tiny.student, "today": TODAY,
            "state_dir": self.folder / "state", **settings,
        }  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MYNAH_")}
        return kept | {f"MYNAH_{name.upper()}": str(value) for name, value in given.items() if value is not None}

    def __call__(
        self, *arguments: str | bytes, before: Callable[[], None] | None = None, patience: float = 120,
        **settings: object,
    ) -> Done:
        """Run it in `folder` to its end, which must come within `patience` seconds."""
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from adapters.terminal import main; sys.exit(main())", *arguments],
            cwd=self.folder, env=self.environment(**settings), capture_output=True, timeout=patience, preexec_fn=before,
            check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
