"""Which version of the student serves: one small file, `current.json`, that names it and its manifest's hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from bot.manifest import NAME, StudentError
from bot.shelf import Shelf, ShelfError

CURRENT = "current.json"
HISTORY = "history"
VERSIONS = "versions"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A decision about who serves: `number` counts them. `previous` is what a roll-back goes to, "" for nothing.

    `manifest` is the hash of the version's manifest, which holds the hashes of all its other files.
    """

    number: int
    version: str
    manifest: str
    previous: str
    action: Literal["promote", "rollback"]
    at: str
    who: str
    why: str

    def to_json(self) -> bytes:
        """As it is written."""
        return (json.dumps(asdict(self), indent=1) + "\n").encode()


def folder_of(version: str) -> str:
    """Where a version lies on a shelf."""
    return f"{VERSIONS}/{version}"


def parse_pointer(content: bytes, name: str) -> Pointer:
    """A pointer as it was written. Raises ShelfError."""
    try:
        pointer = Pointer(**json.loads(content))
        int(pointer.number), str(pointer.version)
        return pointer
    except (ValueError, TypeError) as error:
        raise ShelfError(f"{name} cannot be read: write it anew with `mynah models promote`") from error


def read_pointer(shelf: Shelf) -> Pointer | None:
    """Who serves; None where nobody was ever promoted. Raises ShelfError."""
    content = shelf.read(CURRENT)
    return None if content is None else parse_pointer(content, f"{shelf.url}/{CURRENT}")


def decision_file(number: int) -> str:
    """Where a decision is kept for good."""
    return f"{HISTORY}/{number:08d}.json"


def read_decision(shelf: Shelf, number: int) -> Pointer | None:
    """A decision by its number; None where there was none. Raises ShelfError."""
    content = shelf.read(decision_file(number))
    return None if content is None else parse_pointer(content, f"{shelf.url}/{decision_file(number)}")


def fetch(shelf: Shelf, pointer: Pointer, cache: Path) -> Path:
    """The directory of the version that a pointer names, its manifest the very one that was promoted.

    Raises ShelfError or StudentError. The other files are verified when the student is loaded.
    """
    directory = shelf.fetch(folder_of(pointer.version), cache, NAME)
    try:
        found = hashlib.sha256((directory / NAME).read_bytes()).hexdigest()
    except OSError as error:
        raise StudentError(f"the version {pointer.version} is not whole at {shelf.url}: promote another one") from error
    if found != pointer.manifest:
        raise StudentError(
            f"the version {pointer.version} is not the one that was promoted: its manifest differs. Promote it again"
        )
    return directory
