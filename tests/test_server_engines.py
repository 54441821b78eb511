"""PostgreSQL and MariaDB as databases of the bot: real servers, real limits, real losses."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pymysql.cursors import Cursor

from bot.database import Database, DatabaseError, Limits, connect
from bot.databases.mysql_role import too_much
from bot.databases.server import Server
from bot.guard import SafeSQL, check
from bot.wait import Wait, waiting
from tests.servers import (
    MariaServer,
    PostgresServer,
    demo_on_maria,
    demo_on_postgres,
    running,
)

BOTH = [
    pytest.param("postgres", marks=pytest.mark.needs("postgresql")),
    pytest.param("mysql", marks=pytest.mark.needs("mariadb")),
]


@pytest.fixture(params=BOTH)
def opened(request: pytest.FixtureRequest) -> Iterator[Server[object]]:
    database = connect(request.getfixturevalue(f"{request.param}_demo"))
    assert isinstance(database, Server)
    yield database
    database.close()
    assert database.connections() == 0


def failure(work: Callable[[], object]) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        work()
    return caught.value


def safe(database: Database, sql: str) -> SafeSQL:
    verdict = check(sql, database.schema(), database.dialect, read=database.dialect)
    assert isinstance(verdict, SafeSQL), verdict
    return verdict


def test_checked_sql_with_values(opened: Server[object]) -> None:
    query = safe(opened, "SELECT name, ':v0' AS n5, '5 % :n' AS p FROM customers WHERE country = :v0 AND id > :n0")
    result = opened.execute(query, {"v0": "Germany", "n0": 1})
    assert result.rows and {row[1] for row in result.rows} == {":v0"}
    assert opened.execute(query, {"v0": "x' OR '1'='1", "n0": 1}).rows == ()
    assert opened.execute(query, {"v0": "a\\' OR 1=1 -- ", "n0": 1}).rows == ()
    assert ":n0" in failure(lambda: opened.execute(query, {"v0": "x"})).message


def test_cells_are_those_of_sqlite(opened: Server[object]) -> None:
    sql = "SELECT order_date, shipped_date, id FROM orders WHERE id = 1"
    assert opened._run(sql, {}, Limits()).rows == (("2023-11-23", "2023-12-08", 1),)
    (when, amount), *_ = opened._run("SELECT paid_at, amount FROM payments ORDER BY id", {}, Limits()).rows
    assert isinstance(when, str) and len(when) == 19 and isinstance(amount, float)
    assert opened._run("SELECT SUM(quantity) FROM order_items", {}, Limits()).rows[0][0].__class__ is int


def test_rows_bytes_and_cells_are_cut(opened: Server[object]) -> None:
    sql = "SELECT name FROM customers ORDER BY id"
    cut = opened._run(sql, {}, Limits(rows=3))
    assert len(cut.rows) == 3 and cut.truncated
    whole = len(opened._run(sql, {}, Limits()).rows)
    assert not opened._run(sql, {}, Limits(rows=whole)).truncated
    assert opened._run(sql, {}, Limits(bytes=100)).truncated
    short = opened._run(sql, {}, Limits(cell=4))
    assert short.truncated and max(len(str(row[0])) for row in short.rows) == 4
    assert opened.connections() <= 1


def test_a_query_without_end_is_stopped_on_the_server(opened: Server[object]) -> None:
    sql = "SELECT COUNT(*) FROM order_items a, order_items b, order_items c"
    started = time.monotonic()
    error = failure(lambda: opened._run(sql, {}, Limits(seconds=0.5)))
    assert error.kind == "timeout" and time.monotonic() - started < 1.5
    running = {
        "postgres": "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%order_items c'",
        "mysql": "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%order_items c' "
        "AND info NOT LIKE '%processlist%'",
    }[opened.dialect]
    assert opened._run(running, {}, Limits()).rows == ((0,),)


def test_a_query_that_nobody_waits_for_is_gone_from_the_server(opened: Server[object]) -> None:
    sql = "SELECT COUNT(*) FROM order_items a, order_items b, order_items d"
    runs = {
        "postgres": "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%order_items d'",
        "mysql": "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%order_items d' "
        "AND info NOT LIKE '%processlist%'",
    }[opened.dialect]
    wait = Wait()

    def ask() -> DatabaseError:
        with waiting(wait):
            return failure(lambda: opened._run(sql, {}, Limits(seconds=120)))

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask)
        while opened._run(runs, {}, Limits()).rows == ((0,),):
            assert not running.done(), running.result()
        wait.end()
        assert running.result(60).kind == "cancelled"
        deadline = time.monotonic() + 20  # a server that is told to end a query lists it until it has
        while opened._run(runs, {}, Limits()).rows != ((0,),):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert pool.submit(ask).result(60).kind == "cancelled"  # not even begun
    assert opened._run("SELECT 1", {}, Limits()).rows == ((1,),)


@pytest.mark.parametrize(
    "sql",
    ["DELETE FROM orders", "UPDATE employees SET salary = 0", "CREATE TABLE x (a INT)", "SELECT 1; SELECT 2",
     "SELECT 1; DROP TABLE orders", "nonsense"],
)
def test_the_engine_only_reads(opened: Server[object], sql: str) -> None:
    error = failure(lambda: opened._run(sql, {}, Limits()))
    assert error.kind in ("failed", "unreadable")
    assert "order" not in error.message and "salary" not in error.message


def test_a_session_remembers_nothing(opened: Server[object]) -> None:
    leave, look = {
        "postgres": ("SELECT set_config('work_mem', '77MB', false), pg_advisory_lock(7)",
                     "SELECT current_setting('work_mem') <> '77MB' AND NOT EXISTS "
                     "(SELECT 1 FROM pg_locks WHERE locktype = 'advisory')"),
        "mysql": ("SELECT @kept := 77, GET_LOCK('kept', 0)", "SELECT @kept IS NULL AND IS_FREE_LOCK('kept')"),
    }[opened.dialect]
    opened._run(leave, {}, Limits())
    assert opened._run(look, {}, Limits()).rows == ((1,),)


def test_many_at_once_share_few_connections(opened: Server[object]) -> None:
    query = safe(opened, "SELECT COUNT(*) FROM orders WHERE id <= :n0")
    with ThreadPoolExecutor(24) as threads:
        counts = list(threads.map(lambda n: opened.execute(query, {"n0": n}).rows[0][0], range(1, 201)))
    assert counts == list(range(1, 201))
    assert 1 <= opened.connections() <= 8


def test_texts_of_a_column(opened: Server[object]) -> None:
    assert opened.distinct_texts("orders", "channel", 10) == ["partner", "phone", "store", "web"]
    assert opened.distinct_texts("customers", "name", 3) is None
    assert "no column" in failure(lambda: opened.distinct_texts("customers", "nam", 3)).message


def test_an_unchecked_text_is_no_query(opened: Server[object]) -> None:
    with pytest.raises(TypeError):
        opened.execute("SELECT 1", {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="checked for sqlite"):
        other = check("SELECT name FROM customers", opened.schema(), "sqlite")
        assert isinstance(other, SafeSQL)
        opened.execute(other, {})


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://nobody@127.0.0.1:1/demo", "unreachable"),
        ("mysql://nobody@127.0.0.1:1/demo", "unreachable"),
        ("postgresql://nobody@127.0.0.1:1", "missing"),
        ("oracle://x/y", "failed"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, kind: str) -> None:
    error = failure(lambda: connect(url))
    assert error.kind == kind and "nobody" not in error.message


@pytest.mark.needs("postgresql")
def test_no_such_database_or_role(postgres_demo: str) -> None:
    assert failure(lambda: connect(postgres_demo.replace("/demo?", "/nowhere?"))).kind == "missing"
    assert failure(lambda: connect(postgres_demo.replace("reader@", "nobody@"))).kind == "unreachable"


@pytest.mark.needs("postgresql")
def test_what_a_role_may_not_read_is_not_there(postgres: PostgresServer) -> None:
    with postgres.admin("demo") as connection:
        connection.execute("""
            CREATE ROLE partly LOGIN;
            CREATE SCHEMA "Own Corner";
            CREATE TABLE "Own Corner".towns (id int PRIMARY KEY, name text, mayor text);
            CREATE TABLE "Own Corner".people (id int PRIMARY KEY, town int REFERENCES "Own Corner".towns, pay int);
            CREATE TABLE "Own Corner".hidden (id int);
            CREATE MATERIALIZED VIEW "Own Corner".counts AS SELECT COUNT(*) AS n FROM "Own Corner".people;
            GRANT SELECT ON "Own Corner".counts TO partly;
            GRANT USAGE ON SCHEMA "Own Corner" TO partly;
            GRANT SELECT (id, name) ON "Own Corner".towns TO partly;
            GRANT SELECT (town, pay) ON "Own Corner".people TO partly;
            ALTER ROLE partly SET search_path = "Own Corner";
        """)
    database = connect(postgres.url("demo", "partly"))
    shape = {t.name: [c.name for c in t.columns] for t in database.schema().tables}
    assert shape == {"counts": ["n"], "people": ["town", "pay"], "towns": ["id", "name"]}
    towns, people = database.schema().table("towns"), database.schema().table("people")
    assert towns is not None and people is not None
    assert towns.primary_key == ("id",) and people.primary_key == () and len(people.foreign_keys) == 1
    assert database.execute(safe(database, "SELECT name FROM towns"), {}).rows == ()
    database.close()


@pytest.mark.needs("mariadb")
def test_a_bit_is_yes_or_no(maria: MariaServer) -> None:
    with maria.admin("demo") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE switches (name VARCHAR(9), is_on BIT(1))")
        cursor.execute("INSERT INTO switches VALUES ('a', 1), ('b', 0), ('c', NULL)")
        cursor.execute("GRANT SELECT ON demo.switches TO reader@localhost")
    database = connect(maria.url("demo", "reader"))
    column = database.schema().column("switches.is_on")
    assert column is not None and column.type == "boolean"
    rows = database.execute(safe(database, "SELECT is_on FROM switches ORDER BY name"), {}).rows
    assert rows == ((1,), (0,), (None,))
    assert database.execute(safe(database, "SELECT COUNT(*) FROM switches WHERE is_on = 1"), {}).rows == ((1,),)
    database.close()


@pytest.mark.needs("mariadb")
def test_no_such_database_or_account(mysql_demo: str) -> None:
    assert failure(lambda: connect(mysql_demo.replace("/demo?", "/nowhere?"))).kind in ("missing", "unreachable")
    assert failure(lambda: connect(mysql_demo.replace("reader@", "nobody@"))).kind == "unreachable"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A server that tests may change and kill."""
    with running(PostgresServer) as server:
        demo_on_postgres(server)
        yield server


@pytest.fixture(scope="module")
def maria() -> Iterator[MariaServer]:
    """A server that tests may change and kill."""
    with running(MariaServer) as server:
        demo_on_maria(server)
        yield server


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("SUPERUSER", "superuser"),
        ("BYPASSRLS", "row security"),
        ("CREATEDB", "databases"),
        ("IN ROLE pg_read_server_files", "pg_read_server_files"),
        ("IN ROLE pg_execute_server_program", "pg_execute_server_program"),
        ("; GRANT INSERT ON orders TO {}", "orders"),
        ("; GRANT UPDATE (salary) ON employees TO {}", "employees"),
        ("; GRANT USAGE ON SEQUENCE s TO {}", "sequence s"),
        ("; GRANT CREATE ON SCHEMA public TO {}", "schema public"),
        ("; ALTER TABLE returns OWNER TO {}", "returns"),
    ],
)
def test_a_role_that_may_do_more_is_refused(postgres: PostgresServer, role: str, words: str) -> None:
    name = f"role_{abs(hash(role)) % 10**8}"
    with postgres.admin("demo") as connection:
        options, _, then = role.partition(";")
        connection.execute(f"CREATE ROLE {name} LOGIN {options}")
        if then:
            connection.execute(then.format(name))
    error = failure(lambda: connect(postgres.url("demo", name)))
    assert error.kind == "unsafe_role" and words in error.message and "allow_unsafe_role" in error.message
    allowed = connect(postgres.url("demo", name), allow_unsafe_role=True)
    assert words in getattr(allowed, "warning", "")
    assert failure(lambda: allowed._run("DELETE FROM inventory", {}, Limits())).kind in ("failed", "unreadable")  # type: ignore[attr-defined]
    allowed.close()


@pytest.mark.needs("postgresql")
def test_a_partition_is_no_table_of_its_own(postgres: PostgresServer) -> None:
    with postgres.admin("demo") as connection:
        connection.execute("CREATE TABLE readings (day date, level integer) PARTITION BY RANGE (day)")
        part = "FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)"
        connection.execute(f"CREATE TABLE readings_2026 PARTITION OF readings {part}")
        connection.execute("INSERT INTO readings VALUES ('2026-03-01', 7)")
        connection.execute("CREATE ROLE gauge LOGIN; GRANT SELECT ON readings, readings_2026 TO gauge")
    database = connect(postgres.url("demo", "gauge"))
    try:
        assert [table.name for table in database.schema().tables if table.name.startswith("readings")] == ["readings"]
        assert database.execute(safe(database, "SELECT SUM(level) FROM readings"), {}).rows == ((7,),)
    finally:
        database.close()
        with postgres.admin("demo") as connection:
            connection.execute("DROP TABLE readings")


@pytest.mark.needs("mariadb")
@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("ALL PRIVILEGES ON *.*", "ALL PRIVILEGES"),
        ("FILE, SELECT ON *.*", "FILE"),
        ("SUPER ON *.*", "SUPER"),
        ("PROCESS ON *.*", "PROCESS"),
        ("SELECT ON *.*", "passwords"),
        ("SELECT ON mysql.*", "own tables"),
        ("INSERT ON demo.orders", "INSERT on demo.orders"),
        ("EXECUTE ON demo.*", "EXECUTE"),
        ("UPDATE (salary) ON demo.employees", "UPDATE"),
    ],
)
def test_an_account_that_may_do_more_is_refused(maria: MariaServer, grant: str, words: str) -> None:
    name = f"a{abs(hash(grant)) % 10**8}"
    with maria.admin() as connection, connection.cursor() as cursor:
        assert isinstance(cursor, Cursor)
        cursor.execute(f"CREATE USER {name}@localhost")
        cursor.execute(f"GRANT SELECT ON demo.orders TO {name}@localhost")
        cursor.execute(f"GRANT {grant} TO {name}@localhost")
    error = failure(lambda: connect(maria.url("demo", name)))
    assert error.kind == "unsafe_role" and words in error.message
    allowed = connect(maria.url("demo", name), allow_unsafe_role=True)
    assert failure(lambda: allowed._run("DELETE FROM inventory", {}, Limits())).kind in ("failed", "unreadable")  # type: ignore[attr-defined]
    allowed.close()


@pytest.mark.parametrize(
    ("grant", "found"),
    [
        ("GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*x'", 0),
        ("GRANT SELECT, SHOW VIEW ON `demo`.* TO `a`@`%`", 0),
        ("GRANT SELECT (`id`, `name`) ON `demo`.`customers` TO `a`@`%`", 0),
        ("GRANT SELECT ON `demo`.* TO `a`@`%` WITH GRANT OPTION", 1),
        ("GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION", 2),
        ("something else", 1),
    ],
)
def test_grants_are_read(grant: str, found: int) -> None:
    assert len(too_much(grant)) == found


# PyMySQL leaves the socket of a failed attempt to connect to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("kind", BOTH)
def test_a_server_that_restarts_is_found_again(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue({"postgres": "postgres", "mysql": "maria"}[kind])
    database = connect(server.url("demo", "reader"))
    query = safe(database, "SELECT COUNT(*) FROM orders")
    count = database.execute(query, {}).rows
    server.stop()
    error = failure(lambda: database.execute(query, {}))
    assert error.kind == "unreachable" and "try again" in error.message
    del error  # with its traceback, which holds the socket
    gc.collect()
    server.start()
    assert database.execute(query, {}).rows == count
    server.stop()
    server.start()
    assert database.execute(query, {}).rows == count  # nobody noticed: what was dropped was tried again
    database.close()
    gc.collect()


@pytest.mark.parametrize("kind", BOTH)
def test_a_session_that_is_ended_meanwhile_is_tried_again(kind: str, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue({"postgres": "postgres", "mysql": "maria"}[kind])
    database = connect(server.url("demo", "reader"))
    query = "SELECT COUNT(*) FROM orders a JOIN order_items b ON a.id <> b.order_id WHERE a.id < 900"
    assert isinstance(database, Server)

    def end_it() -> None:
        time.sleep(0.15)
        with server.admin("demo" if kind == "postgres" else None) as connection, connection.cursor() as cursor:
            if kind == "postgres":
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
            else:
                cursor.execute("KILL USER reader@localhost")

    ender = threading.Thread(target=end_it)
    ender.start()
    assert database._run(query, {}, Limits()).rows[0][0]
    ender.join()
    database.close()
