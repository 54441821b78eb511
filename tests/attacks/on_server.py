"""Runs every attack straight at a database server, with the guard off, and looks at what it did.

`attack_all` gives a report for each: id, outcome ("ran" or the kind of error), detail, seconds. `state_of` is all that
an attack could change, as the superuser sees it: rows, tables, roles, settings, sequences, large objects, locks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.database import DatabaseError, Limits
from bot.databases.server import Server
from tests.servers import MariaServer, PostgresServer

LIMITS = Limits(rows=20, seconds=0.3)
TABLES = (
    "departments", "employees", "customers", "suppliers", "categories", "products", "warehouses", "inventory",
    "orders", "order_items", "payments", "returns", "support_tickets",
)
_POSTGRES = (
    "SELECT oid, relname, relowner, relkind, relacl::text FROM pg_class WHERE relname !~ '^pg_toast' ORDER BY oid",
    "SELECT oid, proname FROM pg_proc ORDER BY oid",
    "SELECT oid, rolname, rolsuper, rolpassword FROM pg_authid ORDER BY oid",
    "SELECT roleid, member FROM pg_auth_members ORDER BY 1, 2",
    "SELECT name, setting FROM pg_settings WHERE source <> 'client' ORDER BY name",
    "SELECT setdatabase, setrole, setconfig::text FROM pg_db_role_setting",
    "SELECT last_value, is_called FROM s",
    "SELECT count(*) FROM pg_largeobject_metadata",
    "SELECT datname, datacl::text FROM pg_database ORDER BY 1",
    "SELECT nspname, nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp' ORDER BY 1",
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    "SELECT count(*) FROM pg_replication_slots",
    "SELECT count(*) FROM pg_prepared_xacts",
    "SELECT extname FROM pg_extension ORDER BY 1",
)
_MARIA = (
    "SELECT table_schema, table_name, engine, create_time FROM information_schema.tables "
    "WHERE table_schema <> 'information_schema' ORDER BY 1, 2",
    "SELECT routine_schema, routine_name FROM information_schema.routines ORDER BY 1, 2",
    "SELECT host, user, priv FROM mysql.global_priv ORDER BY 1, 2",
    "SELECT * FROM mysql.db ORDER BY 1, 2, 3",
    "SELECT * FROM mysql.tables_priv ORDER BY 1, 2, 3, 4",
    "SELECT schema_name FROM information_schema.schemata ORDER BY 1",
    "SELECT variable_name, variable_value FROM information_schema.global_variables WHERE variable_name NOT IN "
    "('GTID_BINLOG_STATE', 'TIMESTAMP') ORDER BY 1",
    "SELECT next_not_cached_value FROM demo.s",
    "SELECT event_name FROM information_schema.events",
    "SELECT trigger_name FROM information_schema.triggers ORDER BY 1",
    "SELECT IS_FREE_LOCK('x')",
)


@dataclass(frozen=True)
class Report:
    """What one attack came to."""

    id: str
    outcome: str
    detail: str
    seconds: float


def attack_all(database: Server[object], attacks: list[dict[str, str]]) -> dict[str, Report]:
    """Every attack, one after the other, on the role that the bot would use."""
    reports = {}
    for attack in attacks:
        started = time.monotonic()
        try:
            outcome, detail = "ran", repr(database._run(attack["sql"], {}, LIMITS).rows[:2])
        except DatabaseError as error:
            outcome, detail = error.kind, error.detail
        seconds = time.monotonic() - started
        reports[attack["id"]] = Report(attack["id"], outcome, detail[:200], seconds)
    return reports


def state_of(server: PostgresServer | MariaServer) -> dict[str, str]:
    """What an attack could have changed."""
    found = {}
    if isinstance(server, PostgresServer):
        with server.admin("demo") as connection:
            for sql in _POSTGRES:
                found[sql] = str(connection.execute(sql.encode()).fetchall())
            for table in TABLES:
                sql = f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} AS t"
                found[table] = str(connection.execute(sql.encode()).fetchall())
        return found
    with server.admin("demo") as maria, maria.cursor() as cursor:
        for sql in _MARIA:
            cursor.execute(sql)
            found[sql] = str(cursor.fetchall())
        for table in TABLES:
            cursor.execute(f"CHECKSUM TABLE {table}")
            found[table] = str(cursor.fetchall())
    return found
