"""`mynah eval`: how good a student, or recorded predictions, are on a file of questions with gold SQL."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from adapters.commands.opening import check_writable, settings_to_ask
from adapters.faults import BadUsage, warn

if TYPE_CHECKING:
    from bot.config import Settings
    from eval_harness.campaign import Place
    from eval_harness.evaluate import Prediction
    from eval_harness.example import Example
    from eval_harness.measures import EvalReport

Format = Literal["mynah", "spider", "text2sql-data", "bird", "defog"]


class Baseline(StrEnum):
    """What may stand beside a report."""

    RETRIEVAL = "retrieval"
    REFUSE = "refuse"


def command(
    file: Annotated[Path, typer.Argument(help="Questions with gold SQL; docs/evaluation.md tells of the formats.")],
    db: Annotated[str | None, typer.Option(metavar="URL", help="The database to ask.")] = None,
    databases: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder of SQLite databases: by id, or copies that all must match."),
    ] = None,
    student: Annotated[Path | None, typer.Option(metavar="DIR", help="The student to measure.")] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Judge these instead: JSON Lines of id and sql, or one query a line."),
    ] = None,
    format: Annotated[Format | None, typer.Option(help="How the file is written; else told by its content.")] = None,
    fuzz: Annotated[int, typer.Option(min=0, max=1000, help="Copies with other values, which must match too.")] = 0,
    seed: Annotated[int, typer.Option(help="Which copies --fuzz makes.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes that judge.")] = 1,
    baseline: Annotated[list[Baseline] | None, typer.Option(help="What to set beside the report.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Training pairs, for the retrieval baseline.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write the whole report here.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="OUT", help="Write it as a page for people.")] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="REPORT", help="The incumbent's report: let the gate say which is better.")
    ] = None,
) -> int:
    """Measure answers to questions with known SQL."""
    from eval_harness.formats import read_file
    from eval_harness.report import to_text, write_json

    check_writable(json, replaced=True, others=(file, predictions, pairs))
    check_writable(html, replaced=True, others=(file, predictions, pairs, json))
    wanted = tuple(dict.fromkeys(baseline or ()))
    _check_options(db, databases, student, predictions, wanted, pairs)
    examples = read_file(file, format)
    incumbent = None if against is None else _incumbent(against)
    settings = settings_to_ask(db, student)
    places = _places(examples, settings, db, databases, fuzz, seed, guard=predictions is None)
    if predictions is None or Baseline.RETRIEVAL in wanted:
        _one_database(places)
    url = next(iter(places.values())).urls[0]
    made = _recorded(predictions, examples) if predictions else _asked(settings, examples)
    others = {str(name): _baseline(name, settings, url, examples, pairs) for name in wanted}
    report, *beside = (_judged(examples, answers, places, jobs, file.name) for answers in (made, *others.values()))
    baselines = dict(zip(others, beside, strict=True))
    print(to_text(report, baselines=baselines))
    if json is not None:
        write_json(report, json, baselines)
    if html is not None:
        _write_page(report, baselines, html, file, _facts(file, settings, databases, predictions))
    return 0 if incumbent is None or _passes(report, incumbent) else 1


def _incumbent(path: Path) -> dict[str, Any]:
    """The report to be held against, read before the work begins. Raises BadUsage."""
    from eval_harness.gate import GateError, read_report

    try:
        return read_report(path)
    except GateError as error:
        raise BadUsage(str(error)) from error


def _passes(report: EvalReport, incumbent: Mapping[str, Any]) -> bool:
    """Whether the gate lets the measured student take the incumbent's place; what it says is printed."""
    from eval_harness.gate import GateError, gate
    from eval_harness.report import to_json

    try:
        verdict = gate(to_json(report), incumbent)
    except GateError as error:
        raise BadUsage(str(error)) from error
    print(f"\n{verdict.to_text()}")
    return verdict.passed


def _write_page(
    report: EvalReport, baselines: Mapping[str, EvalReport], path: Path, file: Path, facts: dict[str, str]
) -> None:
    from eval_harness.report_html import write_html

    name, compared = next(iter(baselines.items()), ("", None))
    write_html(report, path, f"Evaluation of {file.stem}", compared, facts, compared_name=name)


def _facts(file: Path, settings: Settings, databases: Path | None, predictions: Path | None) -> dict[str, str]:
    """What a reader should know of the run; not the database's URL, which may hold a password."""
    from datetime import date

    from bot.manifest import read_manifest

    engine, _, rest = settings.database_url.get_secret_value().rpartition("://")
    database = f"{Path(rest.partition('?')[0]).name} ({engine.partition('+')[0] or 'sqlite'})"
    student = f"none: {predictions.name}" if predictions else read_manifest(settings.student_dir).version
    return {
        "examples": file.name,
        "student": student,
        "database": databases.name if databases else database,
        "today": str(settings.today or date.today()),
    }


def _check_options(
    db: str | None, databases: Path | None, student: Path | None, predictions: Path | None,
    wanted: Sequence[Baseline], pairs: Path | None,
) -> None:  # fmt: skip
    if db is not None and databases is not None:
        raise BadUsage("--db names one database and --databases a folder of them: give one of the two")
    if student is not None and predictions is not None:
        raise BadUsage("--predictions are judged without a student: leave out --student")
    if Baseline.RETRIEVAL in wanted and pairs is None:
        raise BadUsage("--baseline retrieval needs the training pairs: --pairs RUN/train.jsonl")
    if pairs is not None and Baseline.RETRIEVAL not in wanted:
        raise BadUsage("--pairs is for --baseline retrieval only")


def _places(
    examples: Sequence[Example], settings: Settings, db: str | None, databases: Path | None,
    fuzz: int, seed: int, guard: bool,
) -> dict[str, Place]:  # fmt: skip
    """Where the examples of each database id are judged."""
    from eval_harness.campaign import Place
    from eval_harness.databases import database_files

    names = list(dict.fromkeys(example.database for example in examples))
    if databases is not None:
        files = {name: tuple(map(str, database_files(databases, name))) for name in names}
        return {name: Place(urls, fuzz, seed, guard) for name, urls in files.items()}
    if db is None and any(names):
        raise BadUsage(f"the examples name their database ({next(filter(None, names))}): give --databases or --db")
    url = settings.database_url.get_secret_value()
    return dict.fromkeys(names, Place((url,), fuzz, seed, guard))


def _one_database(places: dict[str, Place]) -> None:
    if len({place.urls for place in places.values()}) > 1:
        raise BadUsage("a student knows one database and these examples are of several: give --predictions")


def _recorded(path: Path, examples: Sequence[Example]) -> list[Prediction]:
    from eval_harness.recorded import NOT_THERE, read_predictions

    found = read_predictions(path, examples)
    if missing := [example.id for example in examples if example.id not in found]:
        warn(f"{path} has no prediction for {len(missing)} examples, which count as failed; the first is {missing[0]}")
    return [found.get(example.id, NOT_THERE) for example in examples]


def _asked(settings: Settings, examples: Sequence[Example]) -> list[Prediction]:
    from bot.opening import open_bot, open_database
    from eval_harness.answered import prediction

    database = open_database(settings)
    try:
        bot = open_bot(settings, database)
        return _ask(lambda example: prediction(bot.ask(example.question)), examples, "asking")
    finally:
        database.close()


def _baseline(
    name: Baseline, settings: Settings, url: str, examples: Sequence[Example], pairs: Path | None
) -> list[Prediction]:
    from bot.database import connect
    from eval_harness.baselines import refuse
    from eval_harness.retrieval import open_retrieval

    if name is Baseline.REFUSE or pairs is None:
        return _ask(lambda example: refuse(example.question), examples, str(name))
    database = connect(url)
    try:
        retrieve = open_retrieval(settings, database, pairs)
        return _ask(lambda example: retrieve(example.question), examples, str(name))
    finally:
        database.close()


def _ask(
    predict: Callable[[Example], Prediction], examples: Sequence[Example], label: str
) -> list[Prediction]:
    from eval_harness.campaign import ask_all

    with typer.progressbar(length=len(examples), label=label, file=sys.stderr) as bar:
        return ask_all(predict, examples, bar.update)


def _judged(
    examples: Sequence[Example], made: Sequence[Prediction], places: dict[str, Place], jobs: int, label: str
) -> EvalReport:
    from eval_harness.campaign import judge_all

    with typer.progressbar(length=len(examples), label=label, file=sys.stderr) as bar:
        return judge_all(examples, made, places, jobs, bar.update)
