"""Load on the whole answer flow against PostgreSQL: `python -m tests.load_postgres [--seconds 120] [--askers 32]`.

Starts a PostgreSQL of its own with the demo in it, lets many askers ask the demo's everyday questions at once, each
answer remembered in a state database, and kills and restarts the server midway. Prints what it measured as JSON:
answers a second, the 95th percentile, what failed and how, how soon it recovered, connections that were left open, and
whether the state database holds every answer that was given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr
from sqlalchemy import func, select

from adapters.desk import Desk
from bot.config import load_settings
from bot.databases.server import Server
from bot.records import AnswerRow
from bot.store import Store
from demo.opening import BENCH_QUESTIONS, GLOSSARY
from tests.servers import TODAY, PostgresServer, demo_on_postgres, running


@dataclass
class Seen:
    """What all askers saw."""

    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[float, str]] = field(default_factory=list)
    successes: list[float] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def _ask_until(desk: Desk, questions: list[str], until: float, number: int, seen: Seen) -> None:
    turn = number
    while time.monotonic() < until:
        question = questions[turn % len(questions)]
        turn += 1
        started = time.monotonic()
        try:
            asked = desk.ask(question, door="load", user_id=f"u{number}")
        except Exception as error:  # noqa: BLE001 - the measure is that nothing is raised
            with seen.lock:
                seen.raised.append(repr(error)[:200])
            continue
        ended = time.monotonic()
        with seen.lock:
            seen.latencies.append(ended - started)
            seen.outcomes[f"{asked.answer.status} {asked.answer.code}".strip()] += 1
            if asked.not_kept:
                seen.outcomes["not kept"] += 1
            else:
                seen.given.append(asked.answer.id)
            if asked.answer.status == "failed":
                seen.failures.append((ended, asked.answer.message))
            else:
                seen.successes.append(ended)


def measure(seconds: float, askers: int, restart: bool = True) -> dict[str, object]:
    """Run the load once."""
    questions = [line for line in BENCH_QUESTIONS.read_text("utf-8").splitlines() if line.strip()]
    with running(PostgresServer) as server, TemporaryDirectory() as folder:
        url = demo_on_postgres(server)
        settings = load_settings(state_dir=Path(folder), today=TODAY, glossary=GLOSSARY).model_copy(
            update={"database_url": SecretStr(url)}
        )
        desk = Desk(settings)
        desk.open()
        if desk.bot is None:
            raise SystemExit(desk.trouble)
        desk.ask(questions[0], door="load", user_id="first")
        seen, started = Seen(), time.monotonic()
        back: list[float] = []
        killer = threading.Timer(seconds / 2, _restart, (server, back))
        if restart:
            killer.start()
        with ThreadPoolExecutor(askers) as threads:
            for number in range(askers):
                threads.submit(_ask_until, desk, questions, started + seconds, number, seen)
        took = time.monotonic() - started
        killer.cancel()
        database = desk.bot.database
        assert isinstance(database, Server)
        kept = _kept(settings.store_url)
        desk.close()
        recovered = [t - back[0] for t in seen.successes if back and t > back[0]]
        latencies = sorted(seen.latencies)
        return {
            "seconds": round(took, 1), "askers": askers, "answers": len(latencies),
            "answers_per_second": round(len(latencies) / took, 1),
            "median_s": round(statistics.median(latencies), 3),
            "p95_s": round(latencies[int(len(latencies) * 0.95)], 3), "max_s": round(latencies[-1], 3),
            "outcomes": dict(seen.outcomes), "raised": seen.raised[:5],
            "failures": dict(Counter(message for _, message in seen.failures)),
            "recovered_after_s": round(min(recovered), 2) if recovered else None,
            "connections_left": database.connections(),
            "lost_from_state": len(set(seen.given) - kept),
        }


def _restart(server: PostgresServer, back: list[float]) -> None:
    server.stop("immediate")
    time.sleep(1.0)
    server.start()
    back.append(time.monotonic())


def _kept(url: str) -> set[str]:
    with Store.open(url) as store:
        count = store.read(lambda session: session.scalar(select(func.count()).select_from(AnswerRow)))
        ids = store.read(lambda session: set(session.scalars(select(AnswerRow.id))))
    assert count == len(ids)
    return ids


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.load_postgres", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--askers", type=int, default=32)
    parser.add_argument("--no-restart", action="store_true", help="leave the server alone")
    options = parser.parse_args()
    print(json.dumps(measure(options.seconds, options.askers, not options.no_restart), indent=1))


if __name__ == "__main__":
    main()
