"""How a `python -m kd_training.…` command ends: with what it found on stdout, or with a sentence on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable

from bot.config import ConfigError as SettingsError
from bot.database import DatabaseError
from bot.glossary import GlossaryError
from bot.manifest import StudentError
from kd_training.batches import DataError
from kd_training.checkpoint import CheckpointError
from kd_training.distill import DistillError
from kd_training.distill_config import ConfigError
from kd_training.export import ExportError
from kd_training.states import StatesError
from kd_training.synthesize.draft import CorpusError
from kd_training.teacher_client import TeacherError
from kd_training.tokenizer import TokenizerError

_USAGE = (ConfigError, SettingsError, GlossaryError)
_FAULTS = (
    TeacherError, StatesError, DistillError, DataError, CorpusError, DatabaseError, CheckpointError, ExportError,
    StudentError, TokenizerError, OSError,
)  # fmt: skip


def ended(work: Callable[[], str]) -> int:
    """The exit code: 0 when what `work` gives was printed, 2 where settings make no sense, 1 for any other fault."""
    try:
        found = work()
    except _USAGE as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except _FAULTS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(found)
    return 0
