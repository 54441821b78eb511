"""Versions of the student: added whole, promoted and rolled back by one pointer, with who, when and why; old ones go.

    versions/NAME/          a student's directory, its manifest written last
    current.json            who serves (bot/versions.py): replaced in one step
    history/00000001.json   every decision, never changed

All that writes holds the shelf's lock. A process that dies in the middle leaves the old pointer or the new one, and at
the most half a version that no pointer names and the next writer replaces.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bot.manifest import NAME, read_manifest
from bot.shelf import Shelf, ShelfError, open_shelf
from bot.versions import CURRENT, HISTORY, VERSIONS, Pointer, decision_file, folder_of, parse_pointer, read_pointer

log = logging.getLogger(__name__)
Action = Literal["promote", "rollback"]
_UNFIT = set('/\\?*:|"<> ')


class RegistryError(Exception):
    """A version cannot be added or promoted. The text says why and what to do, for people."""


@dataclass(frozen=True, slots=True)
class Version:
    """A whole version. `manifest` is its manifest's hash, `told` what it says."""

    name: str
    manifest: str
    told: Mapping[str, Any]


class Registry:
    """The versions at a URL. Every method may raise ShelfError; those that change something RegistryError too."""

    def __init__(self, url: str | Shelf) -> None:
        self.shelf = open_shelf(url) if isinstance(url, str) else url

    def versions(self) -> list[Version]:
        """All whole versions, by name."""
        found = (self.version(name) for name in self.shelf.names(VERSIONS))
        return [version for version in found if version is not None]

    def version(self, name: str) -> Version | None:
        """One whole version, or None; a path to one is not its name."""
        if _unfit(name):
            return None
        content = self.shelf.read(f"{folder_of(name)}/{NAME}")
        if content is None:
            return None
        try:
            return Version(name, hashlib.sha256(content).hexdigest(), json.loads(content))
        except ValueError:
            return None  # half a manifest, as a store without whole puts may have it

    def current(self) -> Pointer | None:
        """Who serves; None where nobody was ever promoted."""
        return read_pointer(self.shelf)

    def history(self) -> list[Pointer]:
        """Every decision that can be read, oldest first: a spoiled one must not keep others from being made."""
        found = []
        for name in self.shelf.names(HISTORY):
            content = self.shelf.read(f"{HISTORY}/{name}")
            if content is None:
                continue
            try:
                found.append(parse_pointer(content, f"{self.shelf.url}/{HISTORY}/{name}"))
            except ShelfError:
                log.warning("%s/%s/%s cannot be read, and is left out", self.shelf.url, HISTORY, name)
        return sorted(found, key=lambda pointer: pointer.number)

    def add(self, directory: Path) -> str:
        """Copy a student's directory in, under its manifest's version, which is returned. The same twice is once.

        Raises StudentError when the directory is not whole.
        """
        name = read_manifest(directory).version
        if _unfit(name):
            raise RegistryError(f"“{name}” cannot be a version's name: train with another student.version")
        hashed = hashlib.sha256((directory / NAME).read_bytes()).hexdigest()
        with self.shelf.locked():
            known = self.version(name)
            if known is not None and known.manifest != hashed:
                raise RegistryError(f"there is another student of the version {name} already: give this one a new name")
            if known is None:
                self.shelf.put(directory, folder_of(name), NAME)
        return name

    def promote(self, name: str, who: str, why: str) -> Pointer:
        """Let a version serve. A pointer that cannot be read is written anew."""
        with self.shelf.locked():
            version = self.version(name)
            if version is None:
                raise RegistryError(f"there is no whole version {name}: `mynah models list` shows those there are")
            try:
                now = self.current()
            except ShelfError:
                return self._decide_anew(version, who, why)
            if now is not None and (now.version, now.manifest) == (name, version.manifest):
                self._note(now)
                return now
            return self._decide(version, now, now.version if now else "", "promote", who, why)

    def rollback(self, who: str, why: str) -> Pointer:
        """Let the version serve that served before the current one was promoted."""
        with self.shelf.locked():
            now = self.current()
            if now is None or not now.previous:
                raise RegistryError("nothing was promoted before what serves now, so there is nothing to roll back to")
            version = self.version(now.previous)
            if version is None:
                raise RegistryError(f"the version {now.previous} is not kept any more: promote one of those that are")
            before = [p.previous for p in self.history() if p.version == version.name and p.number < now.number]
            return self._decide(version, now, before[-1] if before else "", "rollback", who, why)

    def prune(self, keep: int) -> list[str]:
        """Take all but so many versions away, those that served last staying; the names of what went.

        What serves and what a roll-back goes to always stay, and so does what was never promoted.
        """
        with self.shelf.locked():
            now = self.current()
            if now is None:
                return []
            served = [pointer.version for pointer in reversed(self.history())]
            order = list(dict.fromkeys([now.version, *([now.previous] if now.previous else []), *served]))
            kept = set(order[: max(keep, 2)])
            gone = [name for name in self.shelf.names(VERSIONS) if name not in kept and name in order]
            for name in gone:
                self.shelf.remove(folder_of(name))
            return gone

    def _decide_anew(self, version: Version, who: str, why: str) -> Pointer:
        """Let a version serve by what history tells, as the pointer does not."""
        decided = self.history()
        if not decided:
            return self._decide(version, None, "", "promote", who, why)
        now = decided[-1]
        previous = now.previous if now.version == version.name else now.version
        return self._decide(version, now, previous, "promote", who, why)

    def _decide(
        self, version: Version, now: Pointer | None, previous: str, action: Action, who: str, why: str
    ) -> Pointer:
        if now is not None:
            self._note(now)  # where whoever decided last died before noting it
        at = datetime.now(UTC).isoformat(timespec="seconds")
        number = (now.number if now else 0) + 1
        made = Pointer(number, version.name, version.manifest, previous, action, at, who, why)
        self.shelf.write(CURRENT, made.to_json())
        self._note(made)
        return made

    def _note(self, pointer: Pointer) -> None:
        if self.shelf.read(decision_file(pointer.number)) is None:
            self.shelf.write(decision_file(pointer.number), pointer.to_json())


def _unfit(name: str) -> bool:
    return not name or name.startswith(".") or bool(set(name) & _UNFIT)


def difference(one: Version, other: Version) -> list[str]:
    """What two versions' manifests tell apart, a line each; values of the first, then of the second."""
    lines = []
    ours, theirs = _flat(one.told), _flat(other.told)
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            lines.append(f"{key}: {_short(ours.get(key))} → {_short(theirs.get(key))}")
    return lines


def _flat(told: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(told, Mapping) and told:
        return {k: v for key, part in told.items() for k, v in _flat(part, f"{prefix}{key}.").items()}
    if isinstance(told, list) and told:
        return {k: v for number, part in enumerate(told) for k, v in _flat(part, f"{prefix}{number}.").items()}
    return {prefix.rstrip("."): told}


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

