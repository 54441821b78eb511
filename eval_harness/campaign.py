"""A whole evaluation: every question asked once, every prediction judged on its database, over several processes.

Asking comes first and judging after it, database by database, so that what is known of a database (gold results, its
copies) is kept only while its examples are judged.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.database import Database, connect
from eval_harness.evaluate import Prediction
from eval_harness.example import Example
from eval_harness.fuzz import revalue
from eval_harness.fuzz.backwards import turn_round
from eval_harness.measures import EvalReport, GoldError, Verdict, summarise
from eval_harness.run_sql import Run, guarded, in_other_words, read_only, remembered, sqlite_path
from eval_harness.suite import Copies, Copy, judge_on_copies

_SHARE = 100  # examples judged by one process at a time, when there are several


@dataclass(frozen=True, slots=True)
class Place:
    """Where the examples of one database are judged.

    `urls`: the original, then given copies with other values. `fuzz`: how many more copies to make, with `seed`, of a
    SQLite original. `guard`: whether predicted SQL passes the guard, as a bot's does, or is only held by the engine.
    """

    urls: tuple[str, ...]
    fuzz: int = 0
    seed: int = 0
    guard: bool = False


Judged = tuple[Verdict, tuple[GoldError, ...]]


def ask_all(
    predict: Callable[[Example], Prediction], examples: Sequence[Example], watch: Callable[[int], None] | None = None
) -> list[Prediction]:
    """Ask every question once, in order; what took how long is measured where the bot does not say."""
    predictions = []
    for example in examples:
        start = time.perf_counter()
        made = predict(example)
        elapsed = (time.perf_counter() - start) * 1000
        predictions.append(made if made.latency_ms is not None else replace(made, latency_ms=elapsed))
        if watch is not None:
            watch(1)
    return predictions


def judge_all(
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    places: Mapping[str, Place],
    jobs: int = 1,
    watch: Callable[[int], None] | None = None,
) -> EvalReport:
    """Judge each prediction on the place of its example's database, and report.

    `places` has a place for every `Example.database`. The report is the same for any number of `jobs`. Raises
    DatabaseError for a database that cannot be opened.
    """
    shares = _shares(examples, jobs)
    judged: dict[int, Judged] = {}
    for numbers, verdicts in _work(shares, examples, predictions, places, jobs):
        judged.update(zip(numbers, verdicts, strict=True))
        if watch is not None:
            watch(len(numbers))
    ordered = [judged[number] for number in range(len(examples))]
    return summarise([verdict for verdict, _ in ordered], [error for _, errors in ordered for error in errors])


def _shares(examples: Sequence[Example], jobs: int) -> list[list[int]]:
    """Places of examples, by database; large databases in several shares where several processes work."""
    groups: dict[str, list[int]] = {}
    for number, example in enumerate(examples):
        groups.setdefault(example.database, []).append(number)
    size = _SHARE if jobs > 1 else len(examples) or 1
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]


def _work(
    shares: Sequence[list[int]],
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    places: Mapping[str, Place],
    jobs: int,
) -> Iterator[tuple[list[int], list[Judged]]]:
    golds: dict[str, list[str]] = {}
    for example in examples:
        golds.setdefault(example.database, []).extend(example.sql)
    tasks = [
        (places[examples[share[0]].database], golds[examples[share[0]].database],
         [examples[number] for number in share], [predictions[number] for number in share])
        for share in shares
    ]  # fmt: skip
    if jobs == 1 or len(tasks) == 1:
        for share, task in zip(shares, tasks, strict=True):
            yield share, judge_share(*task)
        return
    with (
        TemporaryDirectory(prefix="mynah-judging-") as folder,
        ProcessPoolExecutor(min(jobs, len(tasks)), get_context("spawn"), _begin_work, (folder,)) as pool,
    ):
        waiting = {pool.submit(judge_share, *task): share for share, task in zip(shares, tasks, strict=True)}
        try:
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool:
            time.sleep(1)  # the Ctrl+C that ended a process may reach this one a moment later, and is what to say then
            if any(process.exitcode == -signal.SIGINT for process in (pool._processes or {}).values()):
                raise KeyboardInterrupt from None
            raise
        finally:  # who stops early does not wait for what was not begun
            pool.shutdown(wait=False, cancel_futures=True)


def _begin_work(folder: str) -> None:
    """Ctrl+C ends a process that judges at once and without a word; what it leaves is in its parent's folder."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    tempfile.tempdir = folder


def judge_share(
    place: Place, gold_queries: Sequence[str], examples: Sequence[Example], predictions: Sequence[Prediction]
) -> list[Judged]:
    """Judge some examples of one database. `gold_queries` are those of all its examples: copies are made for them."""
    with open_place(place, gold_queries) as database:
        return [
            judge_on_copies(prediction, example, database)
            for example, prediction in zip(examples, predictions, strict=True)
        ]


@contextmanager
def open_place(place: Place, gold_queries: Sequence[str]) -> Iterator[Copies]:
    """The database with its copies, open until the block ends. Raises DatabaseError."""
    with ExitStack() as stack:
        urls = list(place.urls)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="mynah-copies-")))
        if place.fuzz:
            urls += map(str, revalue(urls[0], folder, place.fuzz, gold_queries, place.seed))

        @cache
        def original() -> Database:
            database = connect(urls[0])
            stack.callback(database.close)
            return database

        copies = [_copy(url, place.guard, stack) for url in urls[:1]]
        for number, url in enumerate(urls[1:]):
            copy = _copy(url, place.guard, stack)
            copies.append(replace(copy, backwards=remembered(_backwards(url, folder / f"backwards-{number}.sqlite"))))
        dialect = original().dialect if place.guard else "sqlite"
        yield Copies(copies, cache(lambda: original().schema()), dialect)


def _copy(url: str, guard: bool, stack: ExitStack) -> Copy:
    if not guard:
        gold = remembered(read_only(url))
        return Copy(gold, gold)
    database = connect(url)
    stack.callback(database.close)
    # Gold is written in SQLite's words.
    gold = remembered(read_only(url) if database.dialect == "sqlite" else in_other_words(database))
    return Copy(gold, remembered(guarded(database)))


def _backwards(url: str, target: Path) -> Run:
    """A way to run gold SQL on the copy's rows in reverse, which are written when it is first asked for."""

    @cache
    def reverse() -> Run:
        return read_only(str(turn_round(sqlite_path(url), target)))

    return lambda sql: reverse()(sql)
