"""What a PostgreSQL role may do beyond reading: checked when a database is opened."""

from __future__ import annotations

from typing import Any

import psycopg

# Each query gives the names of what the role could use for harm, or nothing.
_ME = "rolname IN (current_user, session_user)"
_CHECKS: tuple[tuple[str, str], ...] = (
    ("is a superuser", f"SELECT 'x' FROM pg_roles WHERE {_ME} AND rolsuper"),
    ("passes over row security", f"SELECT 'x' FROM pg_roles WHERE {_ME} AND rolbypassrls"),
    (
        "can make roles or databases, or replicate",
        f"SELECT 'x' FROM pg_roles WHERE {_ME} AND (rolcreaterole OR rolcreatedb OR rolreplication)",
    ),
    (
        "is a member of {}",
        f"""SELECT rolname FROM pg_roles WHERE NOT {_ME} AND pg_has_role(session_user, oid, 'MEMBER') AND (
        rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolname IN (
        'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program', 'pg_signal_backend',
        'pg_write_all_data', 'pg_checkpoint', 'pg_maintain', 'pg_create_subscription', 'pg_monitor',
        'pg_read_all_stats', 'pg_read_all_settings', 'pg_database_owner'))""",
    ),
    (
        "can change {}",
        """SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'v', 'p', 'f', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND n.nspname !~ '^pg_(toast|temp)' AND (pg_has_role(c.relowner, 'USAGE')
        OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')) LIMIT 3""",
    ),
    (
        "can move on the sequence {}",
        """SELECT c.oid::regclass::text FROM pg_class c
        WHERE CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'USAGE, UPDATE') ELSE FALSE END LIMIT 3""",
    ),
    (
        "can create things in the schema {}",
        """SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_temp'
        AND has_schema_privilege(oid, 'CREATE') LIMIT 3""",
    ),
    (
        "can create schemas in this database",
        """SELECT 'x' FROM pg_database WHERE datname = current_database() AND has_database_privilege(oid, 'CREATE')""",
    ),
    (
        "can call {}, which reaches files, other servers or a language without bounds",
        """SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
        WHERE has_function_privilege(p.oid, 'EXECUTE') AND p.proname <> 'dblink_fdw_validator' AND (
        p.proname ~ '^(dblink|pg_read_file$|pg_read_binary|pg_ls_|pg_file_|pg_stat_file|lo_import|lo_export)'
        OR (NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c'))) LIMIT 3""",
    ),
)


def powers(connection: psycopg.Connection[Any]) -> list[str]:
    """What the role of the connection may do beyond reading, in words that follow “it”. Raises psycopg.Error."""
    found = []
    for words, sql in _CHECKS:
        names = [str(row[0]) for row in connection.execute(sql.encode()).fetchall()]
        if names:
            found.append(words.format(", ".join(names)))
        if found == [_CHECKS[0][0]]:
            break  # a superuser may do everything that follows
    return found
