"""Questions with SQL that somebody brings along: most are learned, some templates are kept to measure with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.nominations import digest
from bot.prompt import render
from bot.shorthand import REFUSAL
from eval_harness.example import Example
from kd_training.calibration import shape
from kd_training.night.collect import Learned
from kd_training.questions import Ground
from kd_training.slotted import SlottedError, Speech, slotted

_FEW = 20  # with fewer, all are learned and nothing is measured with them
_KEPT = 5  # one in so many templates is kept


@dataclass(frozen=True)
class Brought:
    """What came of the examples: pairs to learn, pairs to measure with, and what the student cannot say, and why."""

    learned: tuple[Learned, ...]
    measured: tuple[Learned, ...]
    unsaid: tuple[tuple[str, str], ...]


def bring(examples: Sequence[Example], ground: Ground) -> Brought:
    """Sort the examples. None is lost silently: each is learned, measured with, or named with a reason."""
    speech = Speech.over(ground)
    learned: list[Learned] = []
    measured: list[Learned] = []
    unsaid: list[tuple[str, str]] = []
    for example in examples:
        linked = ground.link(example.question)
        try:
            short = _short(example, speech, ground)
        except SlottedError as error:
            unsaid.append((example.question, str(error)))
            continue
        kept = len(examples) >= _FEW and _keeps(shape(example.question, short))
        sql = example.sql[0] if example.sql else REFUSAL
        pair = Learned(digest(example.question, sql)[:16], example.question, render(linked), short, 1, ())
        (measured if kept else learned).append(pair)
    return Brought(tuple(learned), tuple(measured), tuple(unsaid))


def _short(example: Example, speech: Speech, ground: Ground) -> str:
    if example.kind in ("unanswerable", "unsafe"):
        return REFUSAL
    if example.kind == "ambiguous":
        raise SlottedError("it has no one meaning to learn")
    faults: list[SlottedError] = []
    for sql in example.sql:
        try:
            return slotted(sql, ground.link(example.question), speech)
        except SlottedError as error:
            faults.append(error)
    raise faults[0] if faults else SlottedError("it has no SQL")


def _keeps(template: str) -> bool:
    """Whether a template is measured with: the same answer in every run."""
    return hashlib.sha256(template.encode()).digest()[0] % _KEPT == 0
