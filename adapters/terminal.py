"""`mynah`: the terminal door. Each command has its file under commands/; heavy imports happen inside them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from adapters.commands import (
    ask,
    bench,
    check,
    distill,
    evaluate,
    models,
    nightly,
    onboard,
    pairs,
    review,
    schedule,
    serve,
    teacher,
    teams,
)
from adapters.faults import INTERRUPTED, USAGE, report

app = typer.Typer(
    name="mynah",
    help="Ask your database in plain words.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("ask")(ask.command)
app.command("eval")(evaluate.command)
app.command("check")(check.command)
app.command("distill")(distill.command)
app.command("teacher")(teacher.command)
app.command("onboard")(onboard.command)
app.command("models")(models.command)
app.command("nightly")(nightly.command)
app.command("schedule")(schedule.command)
app.command("serve")(serve.command)
app.command("teams")(teams.command)
app.command("bench")(bench.command)
app.command("review")(review.command)
app.command("pairs")(pairs.command)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"mynah {version('mynah-bot')}")
        raise typer.Exit


@app.callback()
def _mynah(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Ask your database in plain words."""
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. 0: done; 1: a negative result (refused, failed); 2: bad usage. Errors go to stderr."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal cannot show must not cost the answer.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = app(args=None if argv is None else list(argv), prog_name="mynah", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # typer makes this of Ctrl+C, without a word
            return report(KeyboardInterrupt())
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last net: a person gets a sentence
        return report(error)
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
