"""`python -m kd_training.synthesize --db URL --corpus DIR --out DIR`: write the training and validation examples."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from kd_training.synthesize.job import Job, synthesize


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kd_training.synthesize", description=__doc__)
    parser.add_argument("--db", required=True)
    parser.add_argument("--glossary", type=Path)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--today", type=date.fromisoformat, default=date.today())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--composed", type=int, default=100_000)
    parser.add_argument("--holdout", type=float, default=0.03)
    parser.add_argument("--corpus-copies", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", type=int, default=2, help="processes")
    options = parser.parse_args(arguments)
    job = Job(
        options.db,
        options.glossary,
        options.corpus,
        options.today,
        options.repeats,
        options.composed,
        options.seed,
        options.parts,
        options.corpus_copies,
    )
    sizes = synthesize(job, options.out, options.holdout)
    print(", ".join(f"{n} {name}" for name, n in sizes.items()), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
