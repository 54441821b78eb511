"""A student's manifest: which files belong to it, their hashes, and where it came from. No manifest, no student."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "manifest.json"
SERVING = ("student.onnx", "tokenizer.json", "config.json", "schema.json", "words.json")


class StudentError(Exception):
    """A student cannot be served. The text says what is wrong and what to do, for people."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` maps names to SHA-256; `origin` holds data, configuration and report of the training."""

    version: str
    fingerprint: str
    files: Mapping[str, str]
    origin: Mapping[str, Any]


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(directory: Path, version: str, fingerprint: str, origin: Mapping[str, Any]) -> Manifest:
    """Hash every file of a student directory and write its manifest, last of all."""
    files = {p.name: file_hash(p) for p in sorted(directory.iterdir()) if p.is_file() and p.name != NAME}
    manifest = Manifest(version, fingerprint, files, origin)
    text = json.dumps(
        {"version": version, "fingerprint": fingerprint, "files": files, "origin": dict(origin)},
        indent=1,
        sort_keys=True,
    )
    partial = directory / f"{NAME}.partial"
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(directory / NAME)
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest and verify the hash of every file it names. Raises StudentError."""
    path = directory / NAME
    if not directory.is_dir():
        raise StudentError(f"there is no student at {directory}: train one with `mynah distill`, or set student_dir")
    if not path.is_file():
        raise StudentError(f"{directory} holds no {NAME}, so it is not a finished student: restore it or train again")
    try:
        data = json.loads(path.read_text("utf-8"))
        manifest = Manifest(data["version"], data["fingerprint"], dict(data["files"]), dict(data["origin"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudentError(f"{path} cannot be read: restore it or train again") from error
    for name in SERVING:
        if name not in manifest.files:
            raise StudentError(f"{path} does not name {name}: the student is incomplete, restore it or train again")
    for name, expected in manifest.files.items():
        target = directory / name
        if not target.is_file():
            raise StudentError(f"{target} is missing: restore the student's directory or train again")
        if file_hash(target) != expected:
            raise StudentError(
                f"{target} is not the file that was deployed: its hash differs. Restore it or train again"
            )
    return manifest
