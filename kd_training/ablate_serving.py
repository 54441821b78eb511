"""What serving adds to a student, each part switched off in turn: grammar, beam, execution guidance, slots.

`python -m kd_training.ablate_serving --config R.toml --student DIR` measures a finished student so, on questions that
the recipe holds out by SQL template.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.candidates import Trial
from bot.config import load_settings
from bot.database import Limits
from bot.linking import Linked, link
from bot.shorthand import Shorthand
from bot.student import Student
from demo.opening import with_demo
from kd_training.ablate_table import digits, markdown
from kd_training.held_out import HeldOut
from kd_training.package import package_student
from kd_training.recipe import opened
from kd_training.said_faults import ended


@dataclass(frozen=True)
class Switch:
    """A way to serve. `guided`: the first candidate that passes the guard and runs is the answer, not the first."""

    name: str
    grammar: bool = True
    beam: int = 4
    guided: bool = True
    slots: bool = True


SWITCHES = (
    Switch("as it serves"),
    Switch("without grammar", grammar=False),
    Switch("without beam", beam=1),
    Switch("without execution guidance", guided=False),
    Switch("without slots", slots=False),  # it reads the question as typed, and has no slot to say
)


def measured(held_out: HeldOut, checkpoint: Path, switch: Switch) -> list[bool]:
    """Of each held-out question, whether the student answers it rightly when served so. Raises ExportError."""
    shorthand = Shorthand(held_out.schema, held_out.glossary)
    trial = Trial(held_out.database, held_out.schema, shorthand, Limits())
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "student"
        folder = package_student(checkpoint, made, held_out.schema, held_out.words, "ablation", {})
        student = Student.load(folder, held_out.glossary, masked=switch.grammar)
        verdicts = []
        for question, target in held_out.examples:
            linked = link(question, held_out.index, held_out.today)
            verdicts.append(held_out.same(_answer(student, trial, linked, switch), target, linked, shorthand))
        return verdicts


def _answer(student: Student, trial: Trial, linked: Linked, switch: Switch) -> str:
    """The short SQL that is the answer; "" where there is none."""
    predictions = student.predict(linked if switch.slots else Linked(linked.question, ()), switch.beam)
    if switch.guided:
        tried = trial.run(predictions, linked, all_of_them=False)
        return next((c.prediction.short for c in tried if c.stands), "")
    return predictions[0].short if predictions else ""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kd_training.ablate_serving", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--student", type=Path, required=True)
    options = parser.parse_args(arguments)
    return ended(lambda: _measured(options.config, options.student))


def _measured(recipe: Path, student: Path) -> str:
    settings = with_demo(load_settings())
    url = settings.database_url.get_secret_value()
    with opened(recipe, url, settings.glossary, settings.today) as run:
        pairs = run.pairs(run.recipe.stage[-1])
        words = json.loads((student / "words.json").read_text("utf-8"))
        held_out = run.held_out(pairs, words)
        each = ((switch.name, measured(held_out, student, switch)) for switch in SWITCHES)
        records = [{"variant": name, "verdicts": digits(verdicts)} for name, verdicts in each]
    return f"{len(held_out.examples)} questions.\n\n{markdown(records, SWITCHES[0].name)}"


if __name__ == "__main__":
    sys.exit(main())
