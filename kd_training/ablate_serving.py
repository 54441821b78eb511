"""What serving adds to a student, each part switched off in turn: grammar, beam, execution guidance, slots."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.candidates import Trial
from bot.database import Limits
from bot.linking import Linked, link
from bot.shorthand import Shorthand
from bot.student import Student
from kd_training.held_out import HeldOut
from kd_training.package import package_student


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
