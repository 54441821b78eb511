"""`mynah onboard`: a student for another database, from its address alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.faults import FAILED, BadUsage, warn

if TYPE_CHECKING:
    from kd_training.onboard.onboard import Report

_SHOWN = 5  # brought examples that cannot be learned, named one by one


def command(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The database to learn: a SQLAlchemy URL or a SQLite file.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the student shall lie.")],
    examples: Annotated[
        Path | None, typer.Option(metavar="F", help="Questions with SQL that people know already: JSON Lines.")
    ] = None,
    glossary: Annotated[Path | None, typer.Option(metavar="F", help="The organisation's words, as TOML.")] = None,
    teacher: Annotated[
        str | None, typer.Option(metavar="URL", help="A running vLLM server whose model words questions and labels.")
    ] = None,
    minutes: Annotated[float, typer.Option(metavar="N", min=1, max=1440, help="How long it may take.")] = 60,
) -> int:
    """Learn a database that Mynah has never seen. Exit code 1 where the student would not be worth asking."""
    from bot.config import DEMO, load_settings
    from eval_harness.formats import read_file
    from kd_training.onboard.onboard import Plan, onboard, work_folder
    from kd_training.teaching import teacher_of

    if not minutes >= 1:  # nor is NaN
        raise BadUsage("--minutes is at least 1")
    if out.exists() and not out.is_dir():
        raise BadUsage(f"{out} is a file; name a folder for the student")
    brought = read_file(examples, None) if examples is not None else []
    settings = load_settings(database_url=url, glossary=glossary)
    if glossary is None and load_settings().database_url.get_secret_value() != url:
        settings = settings.model_copy(update={"glossary": None})  # the one that is set is another database's
    if url == DEMO:
        raise BadUsage("the demo has its student already; name a database of your own")
    own = settings.student_dir
    plan = Plan(
        settings, out.resolve(), minutes, brought, teacher_of(settings, teacher) if teacher else None,
        own if (own / "model.safetensors").is_file() else None,
    )  # fmt: skip
    report = onboard(plan)
    print(_told(report, work_folder(plan.out)))
    _name_unsaid(report.unsaid)
    if report.unspeakable:
        warn(f"Left out, as their names are more than letters, digits and _: {', '.join(report.unspeakable)}")
    right, asked = report.wordings
    if asked and 2 * right < asked:
        warn("It is right less than half of the time: give it more minutes, a glossary or examples")
        return FAILED
    return 0


def _told(report: Report, work: Path) -> str:
    lines = [
        f"The student is at {report.student}: {report.tables} tables, {report.columns} columns, "
        f"learned from {report.pairs.get('train', 0)} pairs.",
        f"  new wordings of what it learned:  {_share(report.wordings)}",
        f"  queries of forms it never saw:    {_share(report.templates)}",
    ]
    if report.examples[1]:
        lines.append(f"  your examples, kept to measure:   {_share(report.examples)}")
    if report.learned:
        lines.append(f"  your examples, learned:           {report.learned}")
    lines += [
        "These questions are made up, but for your examples: people's own are harder. See for yourself:",
        f"  mynah ask \"…\" --db URL --student {report.student}",
        f"What may be asked stands in {work / 'corpus'}: correct it, and run the same command again.",
    ]
    return "\n".join(lines)


def _share(numbers: tuple[int, int]) -> str:
    right, asked = numbers
    return f"{100 * right / asked:.0f} % right of {asked}" if asked else "none to measure with"


def _name_unsaid(unsaid: Sequence[tuple[str, str]]) -> None:
    for question, why in unsaid[:_SHOWN]:
        warn(f"This example cannot be learned: {question!r}: {why}")
    if len(unsaid) > _SHOWN:
        warn(f"Nor can {len(unsaid) - _SHOWN} more examples; all stand in report.json")
