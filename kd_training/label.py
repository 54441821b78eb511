"""The teacher's SQL for each question: n samples, each expanded, checked and run, and the majority by result.

Every answered question is on the disk before the next is taken up (`labels/`), under a key made of all that shapes the
answer, so that a run that was stopped goes on, and one with other settings begins anew. Out come `labelled.jsonl`, the
pairs to learn from, `review.jsonl`, what the teacher is not of one mind about, and, last, `labels.json`, the figures.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]

from eval_harness.json_lines import read_objects
from kd_training.batches import DataError
from kd_training.questions import Ground, groups_of_one_mind, tried
from kd_training.shards import Shards, write_whole
from kd_training.teacher_client import Ask, RefusedError, Said, TeacherClient, TeacherError
from kd_training.teacher_prompt import Instructions, Style

FINISHED = "labels.json"
LABELLED = "labelled.jsonl"
_PATIENCE = 100  # questions without one usable answer after which the teacher is taken to talk nonsense


@dataclass(frozen=True)
class Labelling:
    """How to label. `teacher` identifies the model (a name or a hash): its answers are kept under it.

    `agreement` is the share of the samples that must give the same result for a question to be learned from.
    `temperature` 0 with one sample asks for the likeliest answer alone.
    """

    teacher: str
    style: Style = "student"
    samples: int = 5
    temperature: float = 0.7
    agreement: float = 0.6
    max_tokens: int = 200

    def key(self, prompt: str, question: str) -> str:
        """What an answer is kept under."""
        how = [self.teacher, self.style, self.samples, self.temperature, self.max_tokens, prompt, question]
        return hashlib.sha256(json.dumps(how).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Question:
    """A line of a file of pairs: `prompt` as the student reads it, `target` the gold SQL ("" where there is none)."""

    question: str
    prompt: str
    target: str
    key: str


def label(
    questions: Sequence[Question], client: TeacherClient, ground: Ground, how: Labelling, out: Path,
    approved: Sequence[tuple[str, str]] = (), patience: int = _PATIENCE,
) -> Mapping[str, Any]:
    """Label every question into `out`; the figures that `labels.json` holds.

    After `patience` questions without one usable answer, or all of fewer, it gives up; 0 never does.

    Raises TeacherError when the teacher cannot be reached, refuses, or talks nonsense, and OSError when the disk is
    full; what was done is kept. A request that was refused is made again the next time.
    """
    begun = time.monotonic()
    unique = list({how.key(q.prompt, q.question): q for q in questions}.items())
    with Shards(out / "labels") as kept:
        missing = [(key, q) for key, q in unique if _unanswered(kept.records.get(key))]
        if missing:
            client.check()
            client.warm_up()
        answers = client.each(_Asker(client, ground, how, approved), missing)
        useful = sum(bool(record["short"]) for record in kept.records.values())
        for (key, _), record in _watched(answers, len(missing), useful, patience):
            kept.add({"key": key, **record})
        seconds = time.monotonic() - begun
        return _written([(q, kept.records[key]) for key, q in unique], how, out, len(missing), seconds)


def read_questions(path: Path) -> list[Question]:
    """The distinct questions of a file of pairs, in its order. Raises DataError."""
    found: dict[tuple[str, str], Question] = {}
    try:
        for record in read_objects(path):
            question = Question(record["question"], record["prompt"], record.get("target", ""), record["key"])
            found.setdefault((question.question, question.prompt), question)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be labelled: {error!r}") from error
    return list(found.values())


def read_labels(out: Path) -> dict[str, str]:
    """Of a folder that `label` has filled: the short SQL of each question that the teacher is of one mind about."""
    return {record["question"]: record["target"] for record in read_objects(out / LABELLED)}


class _Asker:
    """Asks for one question, and makes of the samples a record: what was said, and what came of it."""

    def __init__(
        self, client: TeacherClient, ground: Ground, how: Labelling, approved: Sequence[tuple[str, str]]
    ) -> None:
        self._client, self._ground, self._how = client, ground, how
        self._grammar, self._trial = ground.grammar(), ground.trial()
        self._instructions = Instructions(ground, approved) if how.style == "instruct" else None

    def __call__(self, given: tuple[str, Question]) -> dict[str, Any]:
        question, how = given[1], self._how
        linked = self._ground.link(question.question)
        prompt = self._instructions.messages(linked) if self._instructions else question.prompt
        grammar = self._grammar.for_slots(linked.slots)
        refused = ""
        try:
            said = self._client.complete(Ask(prompt, grammar, how.samples, how.temperature, how.max_tokens))
        except RefusedError as error:  # one question too long must not stop thousands of others
            said, refused = [], str(error)
        texts = {one.text.strip() for one in said}
        results = {text: tried(self._trial, text, linked) for text in texts}
        candidates = [results[one.text.strip()] for one in said]
        groups = groups_of_one_mind(candidates)
        chosen = max(groups, key=lambda g: (len(g), max(said[i].log_probability for i in g)), default=[])
        short = _commonest([said[i] for i in chosen])
        gold = tried(self._trial, question.target, linked) if question.target and short else None
        right = None if gold is None else bool(groups_of_one_mind([gold, results[short]])[0] == [0, 1])
        return {
            "question": question.question,
            "said": [[one.text, round(one.log_probability, 4)] for one in said],
            "short": short,
            "agreement": len(chosen) / max(1, len(said)),
            "confidence": max((math.exp(s.log_probability) for s in said if s.text.strip() == short), default=0.0),
            "faults": sorted({c.fault for c in results.values() if c.fault} | ({refused} - {""})),
            "as_gold": right,
            **({"refused": True} if refused else {}),
        }


def _unanswered(record: Mapping[str, Any] | None) -> bool:
    """Whether there is no answer yet; a refused request once left a record without a word, and no mark."""
    return record is None or record.get("refused", not record["said"])


def _commonest(said: Sequence[Said]) -> str:
    """The text said most often; of equals the likeliest, then the shortest."""
    counts = Counter(one.text.strip() for one in said)
    likely = {one.text.strip(): one.log_probability for one in said}
    return max(counts, key=lambda text: (counts[text], likely[text], -len(text)), default="")


def _watched(
    answers: Iterator[tuple[tuple[str, Question], dict[str, Any]]], count: int, useful: int,
    patience: int,
) -> Iterator[tuple[tuple[str, Question], dict[str, Any]]]:
    """The answers, with a bar for who watches, and an end where none is of any use."""
    bar = tqdm(answers, total=count, unit="question", desc="labelling", disable=not sys.stderr.isatty())
    for number, (given, record) in enumerate(bar, start=1):
        useful += bool(record["short"])
        yield given, record
        if not useful and number == min(patience, count):
            raise TeacherError(
                f"None of the teacher's answers to the first {number} questions can be run "
                f"({', '.join(record['faults']) or 'they are empty'}): is it the right model, and the right style?"
            )


def _written(
    labelled: Sequence[tuple[Question, Mapping[str, Any]]], how: Labelling, out: Path, asked: int, seconds: float
) -> dict[str, Any]:
    pairs, review = [], []
    for question, record in labelled:
        agreed = record["short"] and record["agreement"] >= how.agreement
        shown = {"question": question.question, "prompt": question.prompt}
        if agreed:
            key = hashlib.sha256(f"{question.prompt}\n{record['short']}".encode()).hexdigest()[:16]
            told = {name: round(record[name], 4) for name in ("agreement", "confidence")}
            pairs.append({**shown, "target": record["short"], "key": key, **told})
        if not agreed or record["as_gold"] is False:
            why = "differs from the gold answer" if agreed else "no agreement"
            review.append({**shown, "why": why, "gold": question.target, **record})
    _lines(out / LABELLED, pairs)
    _lines(out / "review.jsonl", review)
    compared = [record["as_gold"] for _, record in labelled if record["as_gold"] is not None]
    figures = {
        "questions": len(labelled),
        "agreed": len(pairs),
        "review": len(review),
        "refused": sum(_unanswered(record) for _, record in labelled),
        "as_gold": round(sum(compared) / len(compared), 4) if compared else None,
        "asked_now": asked,
        "seconds": round(seconds, 1),
        "questions_per_second": round(asked / seconds, 2) if asked else None,
    }
    write_whole(out / FINISHED, [json.dumps(figures, indent=1), "\n"])
    return figures


def _lines(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    write_whole(path, (json.dumps(record, ensure_ascii=False) + "\n" for record in records))
