"""Each attack goes straight at a real server, with the guard off: nothing changes, and everything ends soon."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.database import Limits, connect
from bot.databases.server import Server
from bot.guard import SafeSQL, check
from bot.schema import Dialect
from eval_harness.match import execution_match
from tests.attacks.on_server import LIMITS, Report, attack_all, state_of
from tests.guarded_shop import examples
from tests.servers import MariaServer, PostgresServer, demo_on_maria, demo_on_postgres, running

OUTSIDE = Path("/tmp")
# Classes of which nothing may run on the engine alone, whatever the guard does.
MAY_NEVER_RUN: dict[Dialect, set[str]] = {
    "postgres": {"write", "cte-write", "ddl", "role", "transaction", "several"},
    "mysql": {"write", "cte-write", "ddl", "role", "transaction", "several"},
}
# What else the engine alone does not stop, and why that is all right: docs/safety.md says it in words.
HARMLESS: dict[Dialect, set[str]] = {
    "postgres": {
        "session",  # settings, notifications and the like end with the transaction, or with DISCARD ALL
        "lock",  # advisory locks go with DISCARD ALL; row locks need a right that the role has not
        "sequence",  # only names are looked up
        "large-object",  # PostgreSQL before 16 makes them in a read-only transaction; the rollback takes them back
        "file", "network", "admin",  # what is left there only tells: paths, addresses, plans, process numbers
        "system",  # the catalogues can be read by every role: the guard alone closes them
        "indirect", "other", "quoting", "comment", "placeholder", "nesting",  # they read, and cost little
        "generator", "cross-join", "regex",  # bounded by the clock and by the limits on rows and bytes
    },
    "mysql": {
        "session",  # variables and found rows are reset with the connection
        "lock",  # named locks are released with the reset; shared row locks end with the transaction
        "file",  # load_file() gives NULL without the FILE privilege
        "admin",  # benchmark() and sleep() end with the clock
        "system",  # information_schema shows only what the account may read
        "error", "generator", "cross-join", "regex", "comment", "quoting", "other", "nesting",
    },
}


@dataclass
class Attacked:
    """A server after all attacks, and what it was before."""

    dialect: Dialect
    before: dict[str, str]
    after: dict[str, str]
    reports: dict[str, Report]
    connections: int
    grown: int  # megabytes that this process came to need meanwhile


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("postgres", marks=pytest.mark.needs("postgresql")),
        pytest.param("mysql", marks=pytest.mark.needs("mariadb")),
    ],
)
def attacked(request: pytest.FixtureRequest) -> Iterator[Attacked]:
    dialect: Dialect = request.param
    started = running(PostgresServer) if dialect == "postgres" else running(MariaServer)
    with started as server:
        url = demo_on_postgres(server) if dialect == "postgres" else demo_on_maria(server)  # type: ignore[arg-type]
        database = connect(url)
        assert isinstance(database, Server)
        database.schema()
        before, peak = state_of(server), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reports = attack_all(database, examples("attacks", dialect))
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) // 1024
        database.close()
        yield Attacked(dialect, before, state_of(server), reports, database.connections(), grown)


def test_no_attack_changes_anything(attacked: Attacked) -> None:
    changed = {key for key in attacked.before if attacked.before[key] != attacked.after[key]}
    assert changed == set()
    assert list(OUTSIDE.glob("mynah-attack*")) == []


def test_what_writes_never_runs(attacked: Attacked) -> None:
    classes = {a["id"]: a["class"] for a in examples("attacks", attacked.dialect)}
    ran = {name for name, report in attacked.reports.items() if report.outcome == "ran"}
    assert {name for name in ran if classes[name] in MAY_NEVER_RUN[attacked.dialect]} == set()
    assert {classes[name] for name in ran} <= HARMLESS[attacked.dialect]


def test_every_attack_ends_soon(attacked: Attacked) -> None:
    slow = {r.id: r.seconds for r in attacked.reports.values() if r.seconds > LIMITS.seconds + 1.7}
    assert slow == {}


def test_memory_and_connections_stay_bounded(attacked: Attacked) -> None:
    assert attacked.grown < 600
    assert attacked.connections == 0


def test_benign_queries_run_and_give_what_they_say(attacked: Attacked, request: pytest.FixtureRequest) -> None:
    name = "postgres_demo" if attacked.dialect == "postgres" else "mysql_demo"
    database = connect(request.getfixturevalue(name))
    assert isinstance(database, Server)
    limits, wrong = Limits(rows=100_000, seconds=30.0), []
    for example in examples("benign", attacked.dialect):
        query = check(example["sql"], database.schema(), attacked.dialect, read=attacked.dialect)
        assert isinstance(query, SafeSQL), (query, example["sql"])
        guarded, raw = database.execute(query, {}, limits), database._run(example["sql"], {}, limits)
        moving = any(word in example["sql"].lower() for word in ("rand", "now()", "current_timestamp"))
        if not moving and not execution_match(raw, guarded, same_tables=True):
            wrong.append((example["sql"], query.sql))
    database.close()
    assert wrong == []
