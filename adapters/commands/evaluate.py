"""`mynah eval`: how good the student is on a file of questions with gold SQL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.commands.opening import check_writable, settings_for

if TYPE_CHECKING:
    from bot.answer import Answer
    from eval_harness.evaluate import Prediction
    from eval_harness.measures import EvalReport, Verdict


def command(
    file: Annotated[Path, typer.Argument(help="JSON Lines: id, question, sql (see eval_harness/example.py).")],
    db: Annotated[str | None, typer.Option(metavar="URL", help="The database to ask.")] = None,
    student: Annotated[Path | None, typer.Option(metavar="DIR", help="The student to measure.")] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the whole report here.")] = None,
) -> int:
    """Measure the student on questions with known answers."""
    from eval_harness.report import to_text, write_json

    check_writable(json, replaced=True)
    report = _measure(file, db, student)
    print(to_text(report))
    if json is not None:
        write_json(report, json)
    return 0


def _measure(file: Path, db: str | None, student: Path | None) -> EvalReport:
    from bot.opening import open_bot, open_database
    from eval_harness.evaluate import evaluate
    from eval_harness.example import read_examples
    from eval_harness.run_sql import guarded, in_other_words, read_only, remembered

    examples = read_examples(file)
    settings = settings_for(db, student)
    url = settings.database_url.get_secret_value()
    database = open_database(settings)
    try:
        bot = open_bot(settings, database)
        gold = remembered(read_only(url) if database.dialect == "sqlite" else in_other_words(database))
        with typer.progressbar(length=len(examples), label=file.name, file=sys.stderr) as bar:

            def watch(_: Verdict) -> None:
                bar.update(1)

            return evaluate(
                lambda question: prediction(bot.ask(question)), examples, gold, guarded(database),
                dialect=database.dialect, watch=watch,
            )  # fmt: skip
    finally:
        database.close()


def prediction(answer: Answer) -> Prediction:
    """An answer as the harness judges it."""
    from eval_harness.evaluate import Prediction

    return Prediction(
        status=answer.status,
        sql=answer.sql,
        confidence=answer.confidence,
        latency_ms=answer.timings_ms.get("total"),
        guard_rejections=sum(t.startswith("guard:") for t in answer.tried),
        database_errors=sum(t.startswith("database:") for t in answer.tried),
    )
