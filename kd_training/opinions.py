"""Second opinions on what users vouch for: the teacher's majority by result, and the student asked once more.

Each takes questions with the day they were asked on, because "last month" is another month a month later, and gives
one opinion for each, or None where it has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.answer import Bot
from bot.database import Result
from bot.prompt import prompt, render
from eval_harness.match import answer_match
from kd_training.label import Labelling, Question, label, read_labels
from kd_training.questions import Ground, says_something, tried
from kd_training.teacher_client import TeacherClient


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the day it was asked on."""

    question: str
    day: date


@dataclass(frozen=True, slots=True)
class Opinion:
    """SQL in the database's own dialect, what it gives, and its short form.

    All of them are empty where the opinion is that this database does not hold the answer.
    """

    sql: str
    result: Result | None
    short: str = ""


Second = Callable[[Sequence[Asked]], Sequence[Opinion | None]]


def agrees(opinion: Opinion, sql: str, result: Result) -> bool:
    """Whether the SQL gives what the opinion gives.

    Where the rows tell nothing (none, only NULL, or cut) the same text alone agrees: most wrong queries give nothing.
    """
    if opinion.sql == sql:
        return True
    if opinion.result is None or opinion.result.truncated or result.truncated:
        return False
    if not (says_something(opinion.result) and says_something(result)):
        return False
    return answer_match(opinion.result, result, ordered=False)


def student_again(bot: Bot) -> Second:
    """The student that serves, asked without the access rules of whoever asked first."""

    def ask(asked: Sequence[Asked]) -> list[Opinion | None]:
        return [_of_student(bot, each) for each in asked]

    return ask


def _of_student(bot: Bot, asked: Asked) -> Opinion | None:
    answer = bot.as_of(asked.day).ask(asked.question)
    if answer.status == "refused":
        return Opinion("", None)
    return None if answer.sql is None else Opinion(answer.sql, answer.result, answer.short)


def teacher_majority(client: TeacherClient, ground: Ground, how: Labelling, out: Path) -> Second:
    """The teacher's majority by result, as `label` finds it. Its answers are kept under `out`, one folder a day.

    Calling it raises TeacherError when the teacher cannot be reached.
    """

    def ask(asked: Sequence[Asked]) -> list[Opinion | None]:
        days: defaultdict[date, list[str]] = defaultdict(list)
        for each in asked:
            days[each.day].append(each.question)
        known: dict[Asked, Opinion] = {}
        for day, questions in days.items():
            known |= _of_teacher(client, ground.on(day), how, out / day.isoformat(), questions)
        return [known.get(each) for each in asked]

    return ask


def _of_teacher(
    client: TeacherClient, ground: Ground, how: Labelling, out: Path, questions: Sequence[str]
) -> dict[Asked, Opinion]:
    out.mkdir(parents=True, exist_ok=True)
    lines = [Question(q, prompt(render(ground.link(q))), "", "") for q in dict.fromkeys(questions)]
    label(lines, client, ground, how, out, patience=0)  # a few hard questions say nothing of the teacher
    trial, found = ground.trial(), {}
    for question, short in read_labels(out).items():
        candidate = tried(trial, short, ground.link(question))
        if candidate.stands:  # it may have been answered on an earlier night, over other tables
            opinion = Opinion(candidate.sql or "", candidate.result, short)
            found[Asked(question, ground.today)] = opinion
    return found
