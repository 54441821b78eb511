"""How many wrong queries the harness calls right: `python -m eval_harness.mutations FILE --databases DIR --fuzz 5`.

Every gold query gets one small mistake of each kind (`mutate`) and is judged as a prediction against itself. A mistake
counts where it changes a result: on the database itself, or on at least one of `--independent` copies with other
values, made with another seed than those that judge. Reported, for each kind, is the share of those that are caught:
on the database alone, and with `--fuzz` copies. Rewrites of the same meaning are judged too: those that are called
wrong are false alarms.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote as escape

from tabulate import tabulate

from bot.database import DatabaseError, Result
from eval_harness.campaign import Place, open_place
from eval_harness.databases import database_files
from eval_harness.example import Example, ExampleError
from eval_harness.formats import read_file
from eval_harness.fuzz.conditions import read_conditions
from eval_harness.fuzz.shape import read_shapes
from eval_harness.match import answer_match
from eval_harness.mutate import KINDS, Kind, Known, mutate
from eval_harness.parts import tables_read
from eval_harness.suite import Copies, agrees_on_copy

_INDEPENDENT_SEED = 1_000_003


@dataclass(frozen=True, slots=True)
class Study:
    """What to do for every database."""

    fuzz: int = 5
    independent: int = 20
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed query: whether it differs on the database, on a copy that judges, and on an independent copy."""

    kind: Kind
    gold: str
    sql: str
    differs: bool
    differs_fuzzed: bool
    differs_independently: bool

    @property
    def changes(self) -> bool:
        """Whether the change shows in some result."""
        return self.differs or self.differs_independently

    @property
    def caught(self) -> bool:
        """Whether the database with its copies finds it out."""
        return self.differs or self.differs_fuzzed


def study_database(path: Path, examples: Sequence[Example], study: Study) -> list[Mutant]:
    """Mutate the gold queries of one database. Queries and mutants that do not run are left out."""
    gold = list(dict.fromkeys(sql for example in examples for sql in example.sql))
    ordered = {sql: example.ordered for example in examples for sql in example.sql}
    known = _known(path)
    chance = random.Random(f"{study.seed}:{path.name}")
    place = Place((str(path),), study.fuzz, study.seed)
    other = Place((str(path),), study.independent, study.seed + _INDEPENDENT_SEED)
    found: list[Mutant] = []
    with open_place(place, gold) as judging, open_place(other, gold) as independent:
        for sql in gold:
            for kind in KINDS:
                changed = mutate(sql, kind, known, chance)
                if changed is not None:
                    found.extend(_judge(kind, sql, changed, ordered[sql], judging, independent))
    return found


def _judge(
    kind: Kind, gold: str, sql: str, ordered: bool, judging: Copies, independent: Copies
) -> list[Mutant]:
    right, changed = (_run(judging, text) for text in (gold, sql))
    if right is None or changed is None:
        return []
    same_tables = tables_read(gold) == tables_read(sql)
    differs = not answer_match(right, changed, ordered, same_tables)
    fuzzed, elsewhere = (
        any(not agrees_on_copy(gold, sql, ordered, copy) for copy in copies.copies[1:])
        for copies in (judging, independent)
    )
    return [Mutant(kind, gold, sql, differs, fuzzed, elsewhere)]


def _run(database: Copies, sql: str) -> Result | None:
    try:
        return database.copies[0].gold(sql)
    except DatabaseError:
        return None


def _known(path: Path) -> Known:
    with closing(sqlite3.connect(f"file:{escape(str(path.resolve()))}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        shapes = read_shapes(connection, read_conditions([], {}).links, random.Random(0))
    texts = {
        (table, name.lower()): sorted({text for row in shape.rows if isinstance(text := row[place], str)})[:50]
        for table, shape in shapes.items()
        for place, name in enumerate(shape.columns)
    }
    return Known({table: frozenset(map(str.lower, shape.columns)) for table, shape in shapes.items()}, texts)


def summary(mutants: Sequence[Mutant]) -> dict[str, dict[str, int]]:
    """For every kind, and `mistakes` for the first four together: how many there are, change a result, are caught."""
    counts: dict[str, Counter[str]] = {}
    for mutant in mutants:
        for name in (mutant.kind, *(("mistakes",) if mutant.kind != "same meaning" else ())):
            counts.setdefault(name, Counter()).update(
                n=1,
                changes=mutant.changes,
                caught_without_fuzz=mutant.changes and mutant.differs,
                caught_with_fuzz=mutant.changes and mutant.caught,
                called_wrong_without_fuzz=mutant.differs,
                called_wrong_with_fuzz=mutant.caught,
            )
    return {name: dict(counts[name]) for name in ("mistakes", *KINDS) if name in counts}


def _text(counts: dict[str, dict[str, int]]) -> str:
    rows = [
        (name, f"{c['n']:,}", f"{c['changes']:,}", _share(c["caught_without_fuzz"], c["changes"]),
         _share(c["caught_with_fuzz"], c["changes"]))
        for name, c in counts.items() if name != "same meaning"
    ]  # fmt: skip
    text = str(
        tabulate(rows, headers=("change", "queries", "change a result", "caught without fuzz", "caught with fuzz"))
    )
    same = counts.get("same meaning")
    if same:
        text += f"\n\nRewrites of the same meaning: {same['n']:,}; called wrong without fuzz "
        text += f"{_share(same['called_wrong_without_fuzz'], same['n'])}, "
        text += f"with fuzz {_share(same['called_wrong_with_fuzz'], same['n'])}."
    return text


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study over a file of examples and print its table."""
    parser = argparse.ArgumentParser(prog="python -m eval_harness.mutations", description="A study of mutated gold.")
    parser.add_argument("file", type=Path, help="examples in any format of mynah eval")
    parser.add_argument("--databases", type=Path, required=True, metavar="DIR")
    parser.add_argument("--fuzz", type=int, default=5, metavar="N", help="copies that judge")
    parser.add_argument("--independent", type=int, default=20, metavar="N", help="copies that say what a change is")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="take every K-th example only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write counts and every mutant that was missed")
    options = parser.parse_args(arguments)
    study = Study(options.fuzz, options.independent, options.seed)
    try:
        examples = read_file(options.file)[:: options.every]
        groups: dict[str, list[Example]] = {}
        for example in examples:
            groups.setdefault(example.database, []).append(example)
        files = [database_files(options.databases, name)[0] for name in groups]
        mutants = _all(files, list(groups.values()), study, options.jobs)
    except (ExampleError, DatabaseError) as error:
        print(f"mutations: {error}", file=sys.stderr)
        return 2
    counts = summary(mutants)
    print(_text(counts))
    if options.json:
        mistakes = [m for m in mutants if m.kind != "same meaning" and m.changes and not m.caught]
        alarms = [m for m in mutants if m.kind == "same meaning" and m.caught]
        lists = {"missed": mistakes, "false_alarms": alarms}
        data = {"counts": counts, **{name: [[m.kind, m.gold, m.sql] for m in some] for name, some in lists.items()}}
        options.json.write_text(json.dumps(data, indent=1))
    return 0


def _all(files: Sequence[Path], groups: Sequence[list[Example]], study: Study, jobs: int) -> list[Mutant]:
    if jobs == 1:
        return [m for path, group in zip(files, groups, strict=True) for m in study_database(path, group, study)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = pool.map(study_database, files, groups, [study] * len(files))
        return [mutant for mutants in found for mutant in mutants]


if __name__ == "__main__":
    sys.exit(main())
