"""A trained checkpoint → a student directory: weights, int8 graph, schema, words, and the manifest, last of all.

    python -m kd_training.package DIR [--pairs train.jsonl]

writes the graph of a student again from its weights, for a bot that wants another graph, and with `--pairs` counts
again what it may read ahead. What the student says stays the same, and so does its version.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

from bot.drafts import NAME as DRAFTS
from bot.drafts import Table, count_drafts
from bot.manifest import NAME, StudentError, read_manifest, write_manifest
from bot.schema import Schema
from kd_training.batches import DataError, read_examples
from kd_training.checkpoint import CheckpointError
from kd_training.export import ExportError, export
from kd_training.tokenizer import end_id

_COUNTED = 100_000  # SQL texts are enough to count what follows what


def drafts_of(said: Sequence[str], tokenizer: Tokenizer) -> Table:
    """The table of drafts of SQL texts, spread over all of them when there are many."""
    chosen = said[:: -(-len(said) // _COUNTED)]
    encoded = tokenizer.encode_batch(list(chosen), add_special_tokens=False)
    return count_drafts((each.ids for each in encoded), end_id(tokenizer))


def package_student(
    model: str | Path | tuple[GPT2LMHeadModel, Tokenizer],
    directory: Path,
    schema: Schema,
    words: Mapping[str, int],
    version: str,
    origin: Mapping[str, Any],
    glossary: Path | None = None,
    said: Sequence[str] = (),
) -> Path:
    """Write a complete student into `directory`, replacing what is there only when all of it is written.

    `words` are the words of the training questions with their counts, `origin` what the manifest says of data,
    configuration and report, `glossary` the file it was trained with, `said` the SQL it was trained on, from which it
    learns what to read ahead: see bot/drafts.py. Raises ExportError, CheckpointError, OSError.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        made = Path(scratch) / "student"
        made.mkdir()
        export(model, made)
        (made / "schema.json").write_text(json.dumps(schema.to_json(), indent=1) + "\n", encoding="utf-8")
        (made / "words.json").write_text(json.dumps(dict(words), sort_keys=True) + "\n", encoding="utf-8")
        if said:
            _write_drafts(made, said)
        if glossary is not None:
            shutil.copyfile(glossary, made / "glossary.toml")
        write_manifest(made, version, schema.fingerprint, origin)
        if directory.exists() and not (directory / NAME).exists() and any(directory.iterdir()):
            raise FileExistsError(f"{directory} holds something that is not a student: choose another directory")
        _put_in_place(made, directory, Path(scratch) / "before")
    return directory


def renew(directory: Path, said: Sequence[str] = ()) -> None:
    """Write a student's graph again from its weights, and its drafts where SQL is given.

    Raises StudentError for a directory that is no whole student, ExportError, CheckpointError, OSError.
    """
    manifest = read_manifest(directory)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        made = Path(shutil.copytree(directory, Path(scratch) / "student"))
        export(directory, made)
        if said:
            _write_drafts(made, said)
        write_manifest(made, manifest.version, manifest.fingerprint, manifest.origin)
        _put_in_place(made, directory, Path(scratch) / "before")


def _put_in_place(made: Path, directory: Path, before: Path) -> None:
    """Give `made` the name of `directory`. What stood there goes to `before` as a whole, so that whoever is killed on
    the way leaves no half of a student behind."""
    if directory.exists():
        directory.replace(before)
    try:
        made.replace(directory)
    except OSError:
        if before.exists():
            before.replace(directory)
        raise


def _write_drafts(directory: Path, said: Sequence[str]) -> None:
    np.save(directory / DRAFTS, drafts_of(said, Tokenizer.from_file(str(directory / "tokenizer.json"))))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kd_training.package", description="Write a student's graph again.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pairs", type=Path, action="append", default=[], help="JSON lines that it was trained on")
    options = parser.parse_args(arguments)
    try:
        renew(options.directory, [example.target for example in read_examples(options.pairs)])
    except (StudentError, ExportError, CheckpointError, DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
