"""A whole synthesis: the corpus and the database in, the files of examples out, over several processes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from bot.database import Database, connect
from bot.glossary import load_glossary
from bot.guard import Rejected, check
from bot.schema import Schema
from bot.shorthand import Shorthand
from bot.value_reading import build_index
from kd_training.synthesize.compose import Composer, read_parts
from kd_training.synthesize.draft import Intent, read_intents
from kd_training.synthesize.fill import Filler
from kd_training.synthesize.make import Maker, Pair, Tally, make_pairs, split, write_examples


@dataclass(frozen=True)
class Job:
    """What to synthesize from; a process does part `part` of `parts`."""

    url: str
    glossary: Path | None
    corpus: Path
    today: date
    repeats: int
    composed: int
    seed: int
    parts: int = 1
    corpus_copies: int = 1
    intents: int | None = None  # of the corpus, spread over all of it; None: all
    also: tuple[Path, ...] = ()  # folders of intents beside the corpus
    also_copies: int = 1
    allow_unsafe_role: bool = False


def synthesize(job: Job, out: Path, holdout: float) -> dict[str, int]:
    """Write train.jsonl, valid.jsonl, phrasings.jsonl, words.json and synthesis.json under `out`; their sizes.

    The pairs are the same for the same `parts`, whatever the machine.
    """
    with ProcessPoolExecutor(job.parts, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(_part, [job] * job.parts, range(job.parts)))
    tally = Tally()
    for _, part in done:
        tally.add(part)
    parts = split((pair for pairs, _ in done for pair in pairs), holdout)
    return dict(write_examples(parts, out, tally, job.corpus_copies))


def _part(job: Job, part: int) -> tuple[list[Pair], Tally]:
    database = connect(job.url, job.allow_unsafe_role)
    glossary = load_glossary(job.glossary)
    schema = database.schema()
    filler = Filler(_texts(database, schema), _people(database, schema), glossary, job.today)
    index = build_index(database, schema, glossary.values)
    maker = Maker(Shorthand(schema, glossary), database, index, filler, job.today)
    intents = _intents(job.corpus)
    if job.intents is not None:
        intents = intents[:: max(1, len(intents) // job.intents)][: job.intents]
    parts = job.corpus / "compose"
    composer = Composer(read_parts(parts), schema) if parts.is_dir() else None
    share = job.composed // job.parts
    pairs = list(make_pairs(maker, intents[part :: job.parts], composer, share, job.repeats, job.seed + part))
    more = [i for folder in job.also for i in _intents(folder)][part :: job.parts]
    added = make_pairs(maker, more, None, 0, job.repeats, job.seed + part)
    return [*pairs, *(replace(pair, copies=job.also_copies) for pair in added)], maker.tally


def _intents(folder: Path) -> list[Intent]:
    return [i for path in sorted(folder.glob("*.jsonl")) for i in read_intents(path)]


def _texts(database: Database, schema: Schema) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for table, column in schema.columns():
        if column.type == "text":
            texts[f"{table.name}.{column.name}"] = database.distinct_texts(table.name, column.name, 5_000) or []
    return texts


def _people(database: Database, schema: Schema) -> dict[str, list[tuple[str, str]]]:
    """Rows of first and last names, so that a filled full name belongs to somebody."""
    people: dict[str, list[tuple[str, str]]] = {}
    for table in schema.tables:
        if table.column("first_name") and table.column("last_name"):
            query = check(f'SELECT DISTINCT first_name, last_name FROM "{table.name}"', schema)
            if not isinstance(query, Rejected):
                people[table.name] = [(str(a), str(b)) for a, b in database.execute(query, {}).rows]
    return people
