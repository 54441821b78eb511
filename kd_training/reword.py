"""SQL → questions: an instruct teacher puts queries into words, and a round trip keeps only what survives.

Each query is put into words in several registers. A wording survives when the teacher, asked that question, comes back
to SQL that gives the query's result (as back-translation is filtered in text-to-SQL, for example Zhong et al. 2020,
"Grounded Adaptation for Zero-shot Executable Semantic Parsing"); the SQL of that way back, over the wording's own
slots, is what is learned.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.prompt import prompt, render
from bot.refusals import refuse_early
from bot.shorthand import REFUSAL
from kd_training.label import Question
from kd_training.questions import Ground, groups_of_one_mind, says_something, tried
from kd_training.shards import Shards, write_whole
from kd_training.teacher_client import Ask, RefusedError, TeacherClient
from kd_training.teacher_prompt import Instructions, business_terms, create_tables

FINISHED = "reworded.json"
REGISTERS: Mapping[str, str] = {
    "analyst": "a data analyst, in one precise sentence",
    "manager": "a busy manager, in a few words, without naming tables or columns",
    "chatty": "someone new to the company, chatty and polite",
    "terse": "someone in a hurry: a fragment in lower case, no verb",
    "command": "someone who gives a command (show, list, give me)",
}
_ASKED = """{tables}
{terms}
This query was run on that database:

{sql}

Write the question that it answers, as it would be asked by {register}. Keep every name, number and date of the query
in the question. Answer with the question alone, on one line."""
_WRAPPING = re.compile(r'^(?:question:|q:)?\s*["“]?(.*?)["”]?\s*$', re.IGNORECASE)
_REFUSED: Mapping[str, str] = {"fate": "refused"}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rewording:
    """How to put into words. `teacher` identifies the model."""

    teacher: str
    registers: tuple[str, ...] = tuple(REGISTERS)
    temperature: float = 0.8
    max_tokens: int = 120

    def key(self, register: str, question: Question) -> str:
        """What a wording is kept under."""
        how = [self.teacher, register, self.temperature, self.max_tokens, question.question, question.target]
        return hashlib.sha256(json.dumps(how).encode()).hexdigest()[:24]


def reword(
    queries: Sequence[Question], client: TeacherClient, ground: Ground, how: Rewording, out: Path,
    approved: Sequence[tuple[str, str]] = (),
) -> Mapping[str, Any]:
    """Put the queries (each given with a question that it answers) into words, into `out / "reworded.jsonl"`.

    The figures returned count what became of the wordings. Raises TeacherError, and OSError when the disk is full; what
    was done is kept.
    """
    asked = [q for q in queries if q.target and q.target != REFUSAL]
    work = list({how.key(r, q): (r, q) for q in asked for r in how.registers}.items())
    with Shards(out / "wordings") as kept:
        # What the teacher refused it may take the next time.
        missing = [(key, *what) for key, what in work if kept.records.get(key, _REFUSED)["fate"] == _REFUSED["fate"]]
        if missing:
            client.check()
        speaker = _Speaker(client, ground, how, approved)
        for (key, register, _), record in client.each(lambda given: speaker(given[1], given[2]), missing):
            kept.add({"key": key, "register": register, **record})
        records = [kept.records[key] for key, _ in work]
    survived = [record for record in records if record["fate"] == "kept"]
    fates = {fate: sum(r["fate"] == fate for r in records) for fate in sorted({r["fate"] for r in records})}
    pairs = {(record["prompt"], record["target"]): record for record in survived}
    lines = (
        {
            "prompt": text, "target": target, "question": record["wording"], "register": record["register"],
            "key": hashlib.sha256(f"{text}\n{target}".encode()).hexdigest()[:16],
        }
        for (text, target), record in pairs.items()
    )  # fmt: skip
    write_whole(out / "reworded.jsonl", (json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    figures = {"wordings": len(records), "kept": len(pairs), "fates": fates}
    write_whole(out / FINISHED, [json.dumps(figures, indent=1), "\n"])
    log.info("of %d wordings %d survived", len(records), len(pairs))
    return figures


class _Speaker:
    """Words for one query, and the way back."""

    def __init__(
        self, client: TeacherClient, ground: Ground, how: Rewording, approved: Sequence[tuple[str, str]]
    ) -> None:
        self._client, self._ground, self._how = client, ground, how
        self._instructions = Instructions(ground, approved)
        self._tables = create_tables(ground.schema, ground.database)
        self._terms = business_terms(ground.glossary)
        self._grammar, self._trial = ground.grammar(), ground.trial()

    def __call__(self, register: str, query: Question) -> dict[str, str]:
        """A record that says what was worded, and its fate: "kept", or why not."""
        known = tried(self._trial, query.target, self._ground.link(query.question))
        if known.result is None or known.sql is None or not says_something(known.result):
            return {"fate": "the query says nothing"}
        content = _ASKED.format(
            tables=self._tables, terms=self._terms, sql=known.sql, register=REGISTERS.get(register, register)
        )
        try:
            said = self._client.complete(
                Ask(({"role": "user", "content": content},), None, 1, self._how.temperature, self._how.max_tokens)
            )
            wording = _sentence(said[0].text if said else "")
            if not wording or refuse_early(wording) is not None:
                return {"fate": "no question", "wording": wording}
            linked = self._ground.link(wording)
            messages, grammar = self._instructions.messages(linked), self._grammar.for_slots(linked.slots)
            back = self._client.complete(Ask(messages, grammar, 1, 0.0))
        except RefusedError as error:
            return {**_REFUSED, "why": str(error)}
        short = back[0].text.strip() if back else ""
        found = tried(self._trial, short, linked)
        told = {"wording": wording, "prompt": prompt(render(linked)), "target": short}
        if not found.stands:
            return {"fate": "does not come back to SQL that runs", **told}
        same = groups_of_one_mind([known, found])[0] == [0, 1]
        return {"fate": "kept" if same else "comes back to another result", **told}


def _sentence(text: str) -> str:
    """The first line said, without the wrapping that models like to put around it."""
    line = next((line for line in text.strip().splitlines() if line.strip()), "").strip()
    match = _WRAPPING.match(line)
    return (match.group(1) if match else line).strip()
