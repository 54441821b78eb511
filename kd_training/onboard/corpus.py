"""Writes what may be asked of a new database as a corpus: files that people can read, correct and add to."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.glossary import Glossary
from bot.schema import Schema
from bot.shorthand import REFUSAL
from kd_training.onboard.dimensions import dimensions_of
from kd_training.onboard.facts import TableFacts
from kd_training.onboard.filters import filters_of
from kd_training.onboard.intents import intents_of
from kd_training.onboard.measures import measures_of
from kd_training.onboard.metrics import metrics_of
from kd_training.onboard.refusals import refusals_of
from kd_training.onboard.said import Said
from kd_training.onboard.shapes import list_measures, shapes_of
from kd_training.shards import write_whole
from kd_training.synthesize.draft import Intent

log = logging.getLogger("mynah.onboard")
_WRITTEN = "written.json"


def write_corpus(schema: Schema, glossary: Glossary, facts: Mapping[str, TableFacts], folder: Path) -> dict[str, int]:
    """Write the files of a corpus into `folder`; how much there is of what. Raises OSError.

    A file that somebody has worked on since is left as it is, and named in a warning.
    """
    said = Said(schema, glossary)
    measures = [*metrics_of(glossary, facts), *measures_of(facts, said)]
    intents, refusals = intents_of(facts, said), refusals_of(facts, said)
    parts: dict[str, list[Mapping[str, Any]]] = {
        "measures": [*measures, *list_measures(facts, said)],
        "dimensions": [*dimensions_of(facts, said)],
        "filters": [*filters_of(facts, said)],
        "shapes": [*shapes_of(facts, measures)],
    }
    files = {"rows": map(_line, intents), "refusals": map(_line, refusals)}
    _write(folder, {**files, **{f"compose/{name}": items for name, items in parts.items()}})
    return {"intents": len(intents), "refusals": len(refusals), **{name: len(items) for name, items in parts.items()}}


def _line(intent: Intent) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": "unanswerable"} if intent.sql == REFUSAL else {"sql": intent.sql}
    return {**said, "slots": dict(intent.slots), "phrasings": list(intent.phrasings)}


def _write(folder: Path, files: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Write the files that nobody has touched since they were written, and remember how they were."""
    (folder / "compose").mkdir(parents=True, exist_ok=True)
    known = folder / _WRITTEN
    before: dict[str, str] = json.loads(known.read_text("utf-8")) if known.is_file() else {}
    for name, items in files.items():
        path = folder / f"{name}.jsonl"
        text = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        if path.exists() and _digest(path.read_text("utf-8")) != before.get(name):
            log.warning("%s was worked on, so it is left as it is; delete it to have it written anew", path)
            continue
        write_whole(path, [text])
        before[name] = _digest(text)
    write_whole(known, [json.dumps(before, indent=1), "\n"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
