"""A trained checkpoint → a student directory: weights, int8 graph, schema, words, and the manifest, last of all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel

from bot.manifest import NAME, write_manifest
from bot.schema import Schema
from kd_training.export import export


def package_student(
    model: str | Path | tuple[GPT2LMHeadModel, Tokenizer],
    directory: Path,
    schema: Schema,
    words: Mapping[str, int],
    version: str,
    origin: Mapping[str, Any],
    glossary: Path | None = None,
) -> Path:
    """Write a complete student into `directory`, replacing what is there only when all of it is written.

    `words` are the words of the training questions with their counts, `origin` what the manifest says of data,
    configuration and report, `glossary` the file it was trained with. Raises ExportError, CheckpointError, OSError.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        made = Path(scratch) / "student"
        made.mkdir()
        export(model, made)
        (made / "schema.json").write_text(json.dumps(schema.to_json(), indent=1) + "\n", encoding="utf-8")
        (made / "words.json").write_text(json.dumps(dict(words), sort_keys=True) + "\n", encoding="utf-8")
        if glossary is not None:
            shutil.copyfile(glossary, made / "glossary.toml")
        write_manifest(made, version, schema.fingerprint, origin)
        if (directory / NAME).exists():
            shutil.rmtree(directory)
        elif directory.exists() and any(directory.iterdir()):
            raise FileExistsError(f"{directory} holds something that is not a student: choose another directory")
        elif directory.exists():
            directory.rmdir()
        made.replace(directory)
    return directory
