"""Candidate and incumbent on the same held-out questions, and on the regression set, of which nothing may be lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.config import Settings
from bot.database import Database, DatabaseError
from bot.glossary import GlossaryError
from bot.manifest import StudentError, file_hash, read_manifest
from bot.nominations import same_words
from bot.opening import open_bot
from bot.shorthand import REFUSAL, Shorthand, ShorthandError
from bot.slots import bind, literal_sql
from eval_harness.answered import prediction
from eval_harness.campaign import Place, ask_all, judge_all
from eval_harness.example import Example, read_examples
from eval_harness.gate import Rules, Verdict, gate
from eval_harness.report import to_json
from kd_training.calibration import is_among, sample_pairs, shape
from kd_training.night.collect import Collected, Learned
from kd_training.questions import Ground
from kd_training.shards import write_whole

_REGRESSION, _PAIR = "regression:", "pair:"  # before the ids of what is no held-out question


@dataclass(frozen=True)
class Judgement:
    """The gate's verdict, and the reports that it rests on; `before` is None where nobody served."""

    verdict: Verdict
    after: Mapping[str, Any]
    before: Mapping[str, Any] | None


def measured_with(
    settings: Settings, pairs: Path, count: int, found: Collected, ground: Ground
) -> tuple[list[Example], int]:
    """All that both are asked, and how many held-out questions are not, since people taught them.

    Raises ExampleError for a file that cannot be read.
    """
    held, left_out = own_examples(settings), 0
    if held is None:
        held, left_out = held_out(pairs, count, found, ground)
    return [*held, *regression_set(settings), *pair_examples(found.pairs, ground)], left_out


def own_examples(settings: Settings) -> list[Example] | None:
    """The questions of people's that both are measured with, None where there is no such file. Raises ExampleError."""
    return None if settings.nightly_examples is None else read_examples(settings.nightly_examples)


def held_out(pairs: Path, count: int, found: Collected, ground: Ground) -> tuple[list[Example], int]:
    """What both are measured with else: held-out questions of the synthesis that did not calibrate.

    Those that people's pairs ask, or that have their SQL, were learned from: others take their place, and the number
    says how many there were.
    """
    taught = {same_words(question) for question in (*(p.question for p in found.pairs), *(q for q, _ in found.unsaid))}
    taught |= {shape(pair.question, pair.short) for pair in found.pairs}
    drawn = sample_pairs(pairs, count, part="measure")
    left_out = {line for lines in drawn.values() for line in lines if is_among(*line, taught)}
    shorthand = Shorthand(ground.schema, ground.glossary)
    made: dict[str, Example] = {}
    for kind, lines in sample_pairs(pairs, count, part="measure", without=taught).items():
        for question, target in lines:
            example = _example(question, target, kind, ground, shorthand)
            if example is not None:
                made[example.id] = example
    return list(made.values()), len(left_out)


def _example(question: str, target: str, tag: str, ground: Ground, shorthand: Shorthand) -> Example | None:
    identity = hashlib.sha256(question.encode()).hexdigest()[:12]
    if target == REFUSAL:
        return Example(identity, question, (), kind="unanswerable", tags=(tag,))
    try:
        bound = bind(target, ground.link(question), shorthand)
    except ShorthandError:
        return None
    return Example(identity, question, (literal_sql(bound),), ordered=" ORDER BY " in target, tags=(tag,))


def regression_set(settings: Settings) -> list[Example]:
    """Questions that must never be lost again; none where there is no such file. Raises ExampleError."""
    path = settings.regression_file
    if not path.is_file() or not path.read_text("utf-8").strip():
        return []
    return [replace(e, id=_REGRESSION + e.id) for e in read_examples(path)]


def pair_examples(pairs: Sequence[Learned], ground: Ground) -> list[Example]:
    """People's pairs, to see what became of them; they are not for the gate."""
    shorthand = Shorthand(ground.schema, ground.glossary)
    made = ((pair, _example(pair.question, pair.short, "pair", ground, shorthand)) for pair in pairs)
    return [replace(example, id=f"{_PAIR}{pair.digest}") for pair, example in made if example is not None]


def share(report: Mapping[str, Any] | None, of: str = "") -> tuple[int, int]:
    """How many are right, and of how many: of the answerable held-out questions, or of a set by its prefix."""
    chosen = [
        e for e in (report or {"examples": []})["examples"]
        if (str(e["id"]).startswith(of) if of else _is_held_out(e))
    ]  # fmt: skip
    return sum(bool(e["correct"]) for e in chosen), len(chosen)


def _is_held_out(example: Mapping[str, Any]) -> bool:
    return example["kind"] == "answerable" and not str(example["id"]).startswith((_REGRESSION, _PAIR))


def moved(judgement: Judgement) -> tuple[list[str], list[str]]:
    """The questions that got better, and those that got worse."""
    before = {e["id"]: bool(e["correct"]) for e in (judgement.before or {"examples": []})["examples"]}
    known = [e for e in judgement.after["examples"] if e["id"] in before]
    better = [str(e["question"]) for e in known if e["correct"] and not before[e["id"]]]
    worse = [str(e["question"]) for e in known if before[e["id"]] and not e["correct"]]
    return better, worse


def evaluated(
    student: Path, settings: Settings, database: Database, examples: Sequence[Example], folder: Path
) -> dict[str, Any]:
    """A student's report over the examples, made once for the same student, examples and day.

    Raises StudentError, GlossaryError or DatabaseError where the student cannot be opened.
    """
    told = json.dumps([[e.id, e.question, e.sql, e.kind] for e in examples])
    parts = [file_hash(student / name) for name in sorted(read_manifest(student).files)]
    key = hashlib.sha256(f"{told} {parts} {settings.today}".encode()).hexdigest()[:12]
    path = folder / f"evaluated-{key}.json"
    if not path.exists():
        bot = open_bot(settings.model_copy(update={"student_dir": student}), database)
        made = ask_all(lambda example: prediction(bot.ask(example.question)), examples)
        url = settings.database_url.get_secret_value()
        places = {name: Place((url,), guard=True) for name in {e.database for e in examples}}
        write_whole(path, [json.dumps(to_json(judge_all(examples, made, places)), ensure_ascii=False)])
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return report


def forget(folder: Path) -> None:
    """Forget what was measured, so that it is measured again."""
    for path in folder.glob("evaluated-*.json"):
        path.unlink(missing_ok=True)


def judge(
    candidate: Path, incumbent: Path | None, settings: Settings, database: Database, together: Sequence[Example],
    rules: Rules, folder: Path,
) -> Judgement:
    """Let the gate decide. An incumbent that cannot even be opened is none."""
    after = evaluated(candidate, settings, database, together, folder)
    before = None
    if incumbent is not None:
        try:
            before = evaluated(incumbent, settings, database, together, folder)
        except (StudentError, GlossaryError, DatabaseError):
            before = None
    verdict = gate(_without(after), None if before is None else _without(before), rules)
    lost = _lost(after, before)
    if lost:
        verdict = replace(verdict, passed=False, reasons=(*verdict.reasons, *lost))
    return Judgement(verdict, after, before)


def _without(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report without the regression set and people's pairs: feedback is never what is held out."""
    kept = [e for e in report["examples"] if not str(e["id"]).startswith((_REGRESSION, _PAIR))]
    return {**report, "examples": kept}


def _lost(after: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """What of the regression set the candidate gets wrong and the incumbent right; without one, all it gets wrong.

    A question whose gold does not run, as its tables have changed, says nothing of any student.
    """
    known = {str(e["id"]): bool(e["correct"]) for e in before["examples"]} if before is not None else {}
    return [
        f"it loses the regression question “{e['question']}”"
        for e in after["examples"]
        if str(e["id"]).startswith(_REGRESSION) and e["reason"] != "gold error"
        and not e["correct"] and known.get(str(e["id"]), True)
    ]
