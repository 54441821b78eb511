"""What went wrong, as one sentence on stderr and an exit code; never a traceback."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback

import typer

FAILED, USAGE = 1, 2
INTERRUPTED = 130

# By name, so that a start pays only for the modules that its command needs.
EXPECTED = {
    "bot.config.ConfigError": USAGE,
    "bot.glossary.GlossaryError": USAGE,
    "eval_harness.example.ExampleError": USAGE,
    "kd_training.distill_config.ConfigError": USAGE,
    "kd_training.synthesize.draft.CorpusError": USAGE,
    "kd_training.batches.DataError": USAGE,
    "bot.database.DatabaseError": FAILED,
    "bot.manifest.StudentError": FAILED,
    "bot.shelf.ShelfError": FAILED,
    "bot.store_errors.StoreError": FAILED,
    "kd_training.registry.RegistryError": FAILED,
    "kd_training.night.room.RoomError": FAILED,
    "kd_training.turns.TurnLostError": FAILED,
    "eval_harness.gate.GateError": FAILED,
    "kd_training.tokenizer.TokenizerError": FAILED,
    "kd_training.checkpoint.CheckpointError": FAILED,
    "kd_training.distill.DistillError": FAILED,
    "kd_training.states.StatesError": FAILED,
    "kd_training.teacher_client.TeacherError": FAILED,
    "kd_training.export.ExportError": FAILED,
}
_EXTRAS = {
    "torch": "train", "transformers": "train", "onnx": "train", "onnxscript": "train", "safetensors": "train",
    "tensorboard": "train", "httpx": "train", "tenacity": "train", "psutil": "train",
    "psycopg": "postgres", "pymysql": "mysql",
}  # fmt: skip


class BadUsage(Exception):
    """What was typed, or a file that was named, cannot be used. The text says what to change."""


def report(error: BaseException) -> int:
    """Say what went wrong on stderr; returns the exit code."""
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return _say("Stopped.", INTERRUPTED)
    if isinstance(error, BrokenPipeError):
        # Python would try to flush at exit and complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if isinstance(error, typer.TyperException):
        hint = " `mynah --help` lists what there is." if error.exit_code == USAGE else ""
        return _say(_sentence(error.format_message().replace("Value error, ", "")) + hint, error.exit_code)
    if isinstance(error, BadUsage):
        return _say(str(error), USAGE)
    if isinstance(error, ModuleNotFoundError) and (extra := _EXTRAS.get((error.name or "").split(".")[0])):
        return _say(f"This command needs {error.name}: pip install 'mynah-bot[{extra}]'.", FAILED)
    code = expected(error)
    if code is not None:
        return _say(str(error), code)
    if isinstance(error, OSError):
        return _say(_of_system(error), FAILED)
    return _unknown(error)


def expected(error: BaseException) -> int | None:
    """The exit code of an error whose text is meant for people; None for any other."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((EXPECTED[name] for name in names if name in EXPECTED), None)


def warn(text: str) -> None:
    """A sentence on stderr about something that does not stop the command."""
    print(f"mynah: {_sentence(text)}", file=sys.stderr)


def _say(text: str, code: int) -> int:
    warn(text)
    return code


def _sentence(text: str) -> str:
    text = text.strip()
    if text.split(" ", 1)[0].isalpha():  # a file's name stays as it is
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _of_system(error: OSError) -> str:
    reason = "there is no room left on the disk" if error.errno == errno.ENOSPC else error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _unknown(error: BaseException) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="mynah-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.writelines(traceback.format_exception(error))
    return _say(f"Something unforeseen went wrong ({type(error).__name__}). The details are in {log.name}", FAILED)
