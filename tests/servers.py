"""Real database servers for tests: PostgreSQL and MariaDB, each in a folder of its own, on a socket, without a port."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import psycopg
import pymysql

from demo.build_server import build_on_server

TODAY = date(2026, 11, 22)
NOBODY = 65534  # servers refuse to run as root


def program(name: str) -> str | None:
    """The path of a server's program; Debian keeps PostgreSQL's apart, one folder a version."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found:
        return found
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    return str(versions[-1]) if versions else None


def _as_nobody(*command: str) -> list[str]:
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    return [*drop, *command]


def _run(*command: str) -> None:
    subprocess.run(_as_nobody(*command), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@dataclass
class PostgresServer:
    """A server in `folder`, with the superuser `owner`."""

    folder: Path

    def create(self) -> None:
        """Make the server's files and start it."""
        self.folder.chmod(0o777)
        _run(program("initdb") or "", "-D", str(self.folder / "data"), "-U", "owner", "--auth=trust", "--no-sync",
             "--locale=C.UTF-8", "--encoding=UTF8")
        self.start()

    def start(self) -> None:
        """Start the server; returns when it answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=80"
        _run(program("pg_ctl") or "", "-D", str(self.folder / "data"), "-o", options, "-l",
             str(self.folder / "log"), "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: at once, as if it were killed, or as `mode` says."""
        _run(program("pg_ctl") or "", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def url(self, database: str, user: str = "owner") -> str:
        """The address of one of its databases."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection that may do anything."""
        return psycopg.connect(host=str(self.folder), dbname=database, user="owner", autocommit=True)


@dataclass
class MariaServer:
    """A server in `folder`, with the superuser `root`."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        """Where it listens."""
        return str(self.folder / "socket")

    def create(self) -> None:
        """Make the server's files and start it."""
        self.folder.chmod(0o777)
        data = self.folder / "data"
        data.mkdir()
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        _run(program("mariadb-install-db") or "", "--no-defaults", f"--datadir={data}",
             "--auth-root-authentication-method=normal", "--skip-test-db")
        self.start()

    def start(self) -> None:
        """Start the server; returns when it answers."""
        command = [
            program("mariadbd") or "", "--no-defaults", f"--datadir={self.folder / 'data'}", f"--socket={self.socket}",
            "--skip-networking", "--innodb-flush-log-at-trx-commit=0", f"--pid-file={self.folder / 'pid'}",
            "--innodb-buffer-pool-size=64M", "--character-set-server=utf8mb4",
        ]
        log = (self.folder / "log").open("wb")  # of this start alone
        self.process = subprocess.Popen(_as_nobody(*command), stdout=log, stderr=log, cwd="/")
        log.close()
        for _ in range(300):
            if "ready for connections" in (self.folder / "log").read_text("utf-8"):
                return
            time.sleep(0.1)
        raise TimeoutError("the server does not answer")

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def url(self, database: str, user: str = "root") -> str:
        """The address of one of its databases."""
        return f"mysql://{user}@localhost/{database}?unix_socket={self.socket}"

    def admin(self, database: str | None = None) -> pymysql.Connection[pymysql.cursors.Cursor]:
        """A connection that may do anything."""
        return pymysql.connect(unix_socket=self.socket, user="root", database=database, autocommit=True)


Running = TypeVar("Running", "PostgresServer", "MariaServer")


@contextmanager
def running(kind: Callable[[Path], Running]) -> Iterator[Running]:
    """A running server of its own."""
    with TemporaryDirectory() as folder:  # not pytest's: its folders are closed to the account that servers run as
        server = kind(Path(folder))
        server.create()
        try:
            yield server
        finally:
            server.stop()


def demo_on_postgres(server: PostgresServer) -> str:
    """The demo's database with a role `reader` that may only read it; the reader's address."""
    with server.admin() as connection:
        connection.execute("CREATE DATABASE demo")
    build_on_server(server.url("demo"), TODAY)
    with server.admin("demo") as connection:
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        connection.execute("CREATE SEQUENCE s")
    return server.url("demo", "reader")


def demo_on_maria(server: MariaServer) -> str:
    """The demo's database with an account `reader` that may only read it; the reader's address."""
    connection = server.admin()
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE demo CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    build_on_server(server.url("demo"), TODAY)
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER reader@localhost")
        cursor.execute("GRANT SELECT ON demo.* TO reader@localhost")
        cursor.execute("CREATE SEQUENCE demo.s")
        cursor.execute("REVOKE ALL ON demo.* FROM reader@localhost")
        cursor.execute("SHOW TABLES FROM demo")
        for (table,) in cursor.fetchall():
            if table != "s":
                cursor.execute(f"GRANT SELECT ON demo.{table} TO reader@localhost")
    connection.close()
    return server.url("demo", "reader")
