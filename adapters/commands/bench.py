"""`mynah bench`: latency, memory, start-up and speed per token, measured on this machine."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.commands.bench_training import measure_training
from adapters.commands.opening import check_writable, settings_to_ask, write_json
from adapters.faults import BadUsage, warn

if TYPE_CHECKING:
    from bot.answer import Bot
    from bot.config import Settings
    from eval_harness.latency import Latency

Row = tuple[str, str]
STARTS = 5
_MARK = "most kilobytes:"
# A process knows its own peak; its parent is told the larger of that and of what it weighed itself when it forked.
_ASK = f"""
import re, resource, sys
from pathlib import Path
from adapters.terminal import main
code = main()
status = Path("/proc/self/status")
peak = re.search(r"VmHWM:\\s+(\\d+)", status.read_text()) if status.exists() else None
print("{_MARK}", peak.group(1) if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


class Size(StrEnum):
    """Which network to measure: the student that serves, or a random one of a standard size."""

    STUDENT = "student"
    GPT2 = "gpt2"


def command(
    size: Annotated[
        Size, typer.Option(help="`student`: the one that serves. `gpt2`: a random one of 124M parameters.")
    ] = Size.STUDENT,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Questions to ask, one a line. Default: the demo's.")
    ] = None,
    db: Annotated[str | None, typer.Option(metavar="URL", help="The database to ask.")] = None,
    student: Annotated[Path | None, typer.Option(metavar="DIR", help="The student to measure.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the numbers here too.")] = None,
    training: Annotated[
        bool, typer.Option("--training", help="Measure training instead: distil against transformers' Trainer.")
    ] = False,
    pairs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --training: pairs to train on. Default: made up.")
    ] = None,
) -> int:
    """Measure speed and memory on this machine."""
    from tabulate import tabulate

    check_writable(json, replaced=True, others=(questions, pairs))
    if training:
        rows, numbers = measure_training(pairs)
    elif size is Size.GPT2:
        rows, numbers = _against_memory()
    else:
        rows, numbers = _serving(settings_to_ask(db, student), questions)
    print(tabulate(rows, headers=("what", "measured"), disable_numparse=True))
    if json is not None:
        write_json(numbers, json)
    return 0


def _serving(settings: Settings, file: Path | None) -> tuple[list[Row], dict[str, Any]]:
    from bot.opening import open_bot
    from eval_harness.latency import measure_latency

    questions = _questions(file)
    bot = open_bot(settings)
    first, again = measure_latency(bot.ask, questions)
    rows = [
        (f"question → rows, {first.questions} questions, p50", f"{first.p50:.0f} ms"),
        ("the same, p95", f"{first.p95:.0f} ms"),
        ("stages, p50", ", ".join(f"{name} {ms:.1f}" for name, ms in first.stages.items() if name != "total")),
        ("asked again, p50 and p95", f"{again.p50:.0f} and {again.p95:.0f} ms"),
        ("answers", ", ".join(f"{n} {status}" for status, n in sorted(first.statuses.items()))),
    ]
    guard = _guard(bot, questions)
    rows += [(f"guard, one query in {dialect}, p50", f"{ms:.2f} ms") for dialect, ms in guard.items()]
    races = _races(bot, questions, settings)
    for each in races:
        name = "greedy" if each["beam"] == 1 else f"beam {each['beam']}"
        rows.append((f"one token, {name}: this bot", f"{each['student']:.2f} ms"))
        rows.append((f"one token, {name}: transformers, float32", f"{each['transformers']:.2f} ms"))
        rows.append((f"one token, {name}: times faster", f"{each['ratio']:.1f}"))
    starts, memory = _starts(settings, questions[0])
    rows.append((f"start of `mynah ask` to answer, median of {STARTS}", f"{median(starts):.2f} s"))
    rows.append(("memory of that process, at most", f"{memory / 1e6:.0f} MB"))
    return rows, {
        "latency_ms": _plain(first), "latency_again_ms": _plain(again), "guard_ms": guard, "tokens": races,
        "start_s": {"median": median(starts), "best": min(starts), "all": starts}, "rss_bytes": memory,
        "student_version": bot.student.version,
    }  # fmt: skip


def _guard(bot: Bot, questions: list[str]) -> dict[str, float]:
    """Milliseconds that the guard takes at the median for the questions' SQL, by the dialect that it writes."""
    from bot.guard import check
    from bot.rules import RULES

    answered = [answer.canonical for answer in map(bot.ask, questions) if answer.canonical]
    found: dict[str, float] = {}
    for dialect in RULES:
        times = []
        for sql in answered:
            for spaces in range(5):  # the guard remembers what it has seen: another text each time
                started = time.perf_counter()
                check(sql + " " * (spaces + 1), bot.schema, dialect)
                times.append((time.perf_counter() - started) * 1000)
        found[dialect] = median(times) if times else 0.0
    return found


def _against_memory() -> tuple[list[Row], dict[str, Any]]:
    from kd_training.speed import floor

    with tempfile.TemporaryDirectory() as folder:
        found = floor(Path(folder))
    rows = [
        ("weights read for each token", f"{found.megabytes:.0f} MB"),
        (f"memory, read by {found.threads} threads", f"{found.bandwidth:.1f} GB/s"),
        ("one token at least", f"{found.floor:.2f} ms"),
        ("one token measured", f"{found.milliseconds:.2f} ms"),
        ("measured / least", f"{found.ratio:.2f}"),
    ]
    return rows, {**asdict(found), "floor": found.floor, "ratio": found.ratio}


def _questions(file: Path | None) -> list[str]:
    from demo import opening as demo
    from eval_harness.latency import read_questions

    path = file or demo.BENCH_QUESTIONS
    try:
        questions = read_questions(path)
    except (OSError, UnicodeDecodeError) as error:
        raise BadUsage(f"{path} cannot be read as text: {error}") from error
    if len(questions) < 2:
        raise BadUsage(f"{path} must hold at least two questions, one a line")
    return questions


def _races(bot: Bot, questions: list[str], settings: Settings) -> list[dict[str, Any]]:
    """The served student against transformers, greedy and as it serves; nothing without the extra [train]."""
    if find_spec("torch") is None or find_spec("transformers") is None:
        warn("transformers is not installed, so nothing was compared with it: pip install 'mynah-bot[train]'")
        return []
    from kd_training.speed import race

    linked = [bot.link(question) for question in questions]
    beams = sorted({1, settings.beam})
    races = [race(bot.student, settings.student_dir, linked, beam) for beam in beams]
    return [{**asdict(r), "ratio": r.ratio} for r in races]


def _starts(settings: Settings, question: str) -> tuple[list[float], int]:
    """Seconds from starting `mynah ask` to its end, after one start unmeasured, and its most memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        # A memory of its own, so that the bench leaves no answers in anybody's.
        environment = _environment(settings, Path(folder))
        runs = [_start(environment, question) for _ in range(STARTS + 1)]
    return [seconds for seconds, _ in runs[1:]], max(memory for _, memory in runs)


def _start(environment: dict[str, str], question: str) -> tuple[float, int]:
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _ASK, "ask", question], env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - begun
    if done.returncode not in (0, 1):
        raise BadUsage(f"`mynah ask` does not start: {done.stderr.strip()}")
    return seconds, int(done.stdout.rsplit(_MARK, 1)[1]) * 1024


def _environment(settings: Settings, state: Path) -> dict[str, str]:
    values = {
        "database_url": settings.database_url.get_secret_value(), "glossary": settings.glossary or "",
        "student_dir": settings.student_dir, "state_dir": state, "today": settings.today or "",
        "beam": settings.beam, "threads": settings.threads,
    }  # fmt: skip
    return {f"MYNAH_{name.upper()}": str(value) for name, value in values.items()}


def _plain(latency: Latency) -> dict[str, Any]:
    return {**asdict(latency), "statuses": dict(latency.statuses)}
