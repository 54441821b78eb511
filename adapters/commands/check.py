"""`mynah check`: what the guard says of SQL on the demo's tables, one verdict a line of the file."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.commands.opening import check_writable, settings_for, write_json
from adapters.faults import BadUsage

if TYPE_CHECKING:
    from bot.schema import Schema


class Dialect(StrEnum):
    """The SQL that the lines are written in."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    MYSQL = "mysql"


def command(
    dialect: Annotated[Dialect, typer.Option(help="The dialect of the SQL.")],
    file: Annotated[Path, typer.Option(metavar="F.jsonl", help='JSON Lines: {"id": …, "sql": …}.')],
    json: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the verdicts here, not to the screen.")
    ] = None,
) -> int:
    """Say of every query in a file whether the guard lets it through on the demo's tables."""
    check_writable(json, replaced=True, others=(file,))
    lines = list(_read(file))
    verdicts = _verdicts(lines, dialect)
    if json is not None:
        write_json(verdicts, json)
        accepted = sum(v["accepted"] for v in verdicts)
        print(f"{accepted} accepted, {len(verdicts) - accepted} rejected.")
    else:
        print(json_format.dumps(verdicts, ensure_ascii=False, indent=1))
    return 0


def _verdicts(lines: list[tuple[str, str]], dialect: Dialect) -> list[dict[str, Any]]:
    from bot.guard import Rejected, check

    schema = _demo_schema()
    verdicts: list[dict[str, Any]] = []
    for name, sql in lines:
        found = check(sql, schema, dialect.value, read=dialect.value)
        rejected = found if isinstance(found, Rejected) else None
        verdicts.append(
            {
                "id": name,
                "accepted": rejected is None,
                "code": rejected.code if rejected else "",
                "message": rejected.message if rejected else "",
            }
        )
    return verdicts


def _demo_schema() -> Schema:
    from bot.config import DEMO
    from bot.database import connect

    database = connect(settings_for(DEMO).database_url.get_secret_value())
    try:
        return database.schema()
    finally:
        database.close()


def _read(file: Path) -> Iterator[tuple[str, str]]:
    """Ids and SQL of the file's lines. Raises BadUsage with the line's number."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise BadUsage(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadUsage(f"{file} is not UTF-8 text") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            data = json_format.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadUsage(f"{file}, line {number}: this is not JSON ({error})") from error
        if not isinstance(data, dict) or "id" not in data or not isinstance(data.get("sql"), str):
            raise BadUsage(f'{file}, line {number}: a line must read like {{"id": "a1", "sql": "SELECT 1"}}')
        yield data["id"], data["sql"]
