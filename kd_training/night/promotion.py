"""Which students there are before a night, where the next one starts, and how it takes their place."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.config import Settings
from bot.drift import drift
from bot.manifest import Manifest, StudentError, read_manifest, write_manifest
from bot.records import ModelVersionRow
from bot.schema import Schema
from bot.shelf import ShelfError
from bot.store import Store
from bot.versions import Pointer, fetch
from kd_training.registry import Registry

NIGHT = "night"  # where a manifest's origin tells of the night


@dataclass(frozen=True)
class Known:
    """A student that is there: its directory and manifest. `serves` marks the incumbent."""

    directory: Path
    manifest: Manifest
    serves: bool

    @property
    def schema(self) -> Schema:
        """The tables that it learned."""
        return Schema.from_json(json.loads((self.directory / "schema.json").read_text("utf-8")))

    @property
    def pairs(self) -> frozenset[str]:
        """The digests of all people's pairs that it, or one that it started from, was trained with."""
        told = self.manifest.origin.get(NIGHT, {})
        return frozenset(told.get("pairs", ())) if isinstance(told, dict) else frozenset()


def known_students(settings: Settings, registry: Registry) -> list[Known]:
    """The incumbent first, then those that served before, latest first, then the shipped one. Raises ShelfError."""
    found: dict[str, Known] = {}
    for number, directory in enumerate(_directories(settings, registry)):
        try:
            manifest = read_manifest(directory)
        except StudentError:
            continue  # one that is broken or gone is nothing to start from
        found.setdefault(manifest.version, Known(directory, manifest, number == 0))
    return list(found.values())


def _directories(settings: Settings, registry: Registry) -> Iterator[Path]:
    cache = settings.state_dir / "models"
    decided: list[Pointer] = list(reversed(registry.history()))
    current = registry.current()
    for pointer in [*([current] if current else []), *decided]:
        try:
            yield fetch(registry.shelf, pointer, cache)
        except (StudentError, ShelfError):
            yield cache / "nothing"  # keeps its place: what comes next does not serve
    yield settings.student_dir


def start_for(students: Collection[Known], pairs: Collection[str], live: Schema) -> Known | None:
    """Whom to start from: the latest student of this database that knows no pair that was taken out since."""
    for student in students:
        changed = drift(student.schema, live)
        if student.pairs <= set(pairs) and (changed is None or not changed.foreign):
            return student
    return None


def trained_with(start: Known | None, pairs: Collection[str]) -> list[str]:
    """The digests that the manifest of a student shall tell: of what it learned, and what its start had learned."""
    return sorted({*pairs, *(start.pairs if start else ())})


def tell(student: Path, told: dict[str, Any]) -> None:
    """Add to what a student's manifest says of its origin. Telling the same twice changes nothing."""
    manifest = read_manifest(student)
    origin = {**manifest.origin, **told}
    if origin != dict(manifest.origin):
        write_manifest(student, manifest.version, manifest.fingerprint, origin)


def put_in_place(student: Path, registry: Registry, store: Store, why: str, keep: int) -> Pointer:
    """Add, promote, note it, and let old ones go. Done again, it changes nothing."""
    version = registry.add(student)
    pointer = registry.promote(version, "nightly", why)
    fingerprint = read_manifest(student).fingerprint
    at = datetime.now(UTC)

    def note(session: Session) -> None:
        row = session.get(ModelVersionRow, version)
        if row is None:
            row = ModelVersionRow(version=version, created_at=at, schema_fingerprint=fingerprint, location="")
            session.add(row)
        row.location, row.promoted_at = f"{registry.shelf.url}/versions/{version}", row.promoted_at or at

    store.write(note)
    registry.prune(keep)
    return pointer
