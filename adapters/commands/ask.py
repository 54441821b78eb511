"""`mynah ask`: one question, one answer, in the terminal or as JSON."""

from __future__ import annotations

import getpass
import json as json_format
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.commands.opening import check_writable, settings_to_ask
from adapters.faults import BadUsage, expected, warn

if TYPE_CHECKING:
    from bot.access import Asker
    from bot.answer import Answer, Bot
    from bot.config import Settings
    from bot.shown import Shown


def command(
    question: Annotated[list[str], typer.Argument(help="The question, in plain words.")],
    db: Annotated[str | None, typer.Option(metavar="URL", help="The database to ask.")] = None,
    student: Annotated[Path | None, typer.Option(metavar="DIR", help="The student that answers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as one JSON object.")] = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write all rows here, as CSV.")] = None,
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw a chart here, as PNG.")] = None,
    pick: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of the readings of an unsure answer, take the N-th.")
    ] = None,
) -> int:
    """Ask a question in plain words."""
    from bot.access import Asker

    check_writable(csv)
    check_writable(chart)
    text = " ".join(question)
    try:
        settings = settings_to_ask(db, student)
        bot = _open(settings)
    except Exception as error:
        if json and expected(error) is not None:
            print(_failed(text, str(error)), flush=True)
        raise
    # What no encoding knows (half a character, from a terminal in another one) becomes a question mark.
    asker = Asker(door="terminal")
    answer = bot.ask(text.encode("utf-8", "replace").decode("utf-8"), asker=asker)
    if pick is not None:
        answer = _picked(answer, bot, pick, asker)
    try:
        complete = _give(answer, bot, settings, json, csv, chart)
    finally:
        _remember(answer, settings)
    return 0 if answer.status in ("answered", "unsure") and complete else 1


def _open(settings: Settings) -> Bot:
    from bot.opening import open_bot

    return open_bot(settings)


def _picked(answer: Answer, bot: Bot, number: int, asker: Asker) -> Answer:
    """The reading that was picked, run. Raises BadUsage when there is no such reading."""
    if not answer.readings:
        raise BadUsage("--pick is for answers that are unsure, and this one is not: ask without it")
    if number > len(answer.readings):
        raise BadUsage(f"--pick {number}: there are {len(answer.readings)} readings of this question")
    return bot.pick(answer, number - 1, asker)


def _give(
    answer: Answer, bot: Bot, settings: Settings, json: bool, csv: Path | None, chart: Path | None
) -> bool:
    """Print the answer and write its files; whether every file that was asked for could be written."""
    if json:
        print(json_format.dumps(to_json(answer), ensure_ascii=False), flush=True)
    if answer.result is None:
        warn(answer.message)
        return True
    if json and csv is None and chart is None:
        return True
    from adapters.commands.answer_text import answer_text
    from bot.shown import show

    shown = show(answer, bot.schema, bot.glossary, settings.today or date.today())
    if shown is None:
        return True
    if not json:
        width = shutil.get_terminal_size((100, 24)).columns
        print(answer_text(answer, shown, width, filed=csv is not None), flush=True)
    return _write_csv(shown, csv) & _write_chart(shown, chart)


def _write_csv(shown: Shown, path: Path | None) -> bool:
    if path is None:
        return True
    from bot.csv_file import to_csv

    return _write(path, to_csv(shown.result, shown.columns))


def _write_chart(shown: Shown, path: Path | None) -> bool:
    if path is None:
        return True
    if shown.chart is None:
        warn(f"No chart suits these rows, so {path} was not written")
        return True
    from bot.chart import draw

    return _write(path, draw(shown.chart))


def _write(path: Path, content: bytes) -> bool:
    try:
        path.write_bytes(content)
    except OSError as error:
        warn(f"{path} could not be written: {error.strerror}")
        return False
    return True


def _failed(question: str, message: str) -> str:
    """What keeps the bot from opening, for a program that waits for JSON."""
    from bot.answer import Answer

    answer = Answer(id="", question=question, status="failed", message=message, code="cannot-open")
    return json_format.dumps(to_json(answer), ensure_ascii=False)


def to_json(answer: Answer) -> dict[str, Any]:
    """The answer as plain data. `timings_ms` is by stage; `candidate` counts from 0, -1 where nothing ran."""
    result = answer.result
    return {
        "id": answer.id,
        "question": answer.question,
        "status": answer.status,
        "sql": answer.sql,
        "columns": list(result.columns) if result else [],
        "rows": [list(row) for row in result.rows] if result else [],
        "row_count": len(result.rows) if result else 0,
        "truncated": result.truncated if result else False,
        "confidence": round(answer.confidence, 4),
        "message": answer.message,
        "readings": [{"words": r.words, "sql": r.sql, "confidence": round(r.confidence, 4)} for r in answer.readings],
        "code": answer.code,
        "candidate": answer.candidate,
        "student_version": answer.student_version,
        "timings_ms": dict(answer.timings_ms),
    }


def _remember(answer: Answer, settings: Settings) -> None:
    """Keep the answer; a memory that cannot be written costs a warning, never the answer."""
    from bot.store import Store, StoreError

    try:
        with Store.open(settings.store_url) as store:
            store.save(answer, door="terminal", user_id=_user())
    except StoreError as error:
        warn(f"This answer was not kept. {error}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
