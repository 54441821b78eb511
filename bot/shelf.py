"""Where versions of the student lie: a folder of this machine, or any URL that fsspec reaches. Small files by name."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class ShelfError(Exception):
    """The place where students lie cannot be read or written. The text says why and what to do, for people."""


class Shelf(Protocol):
    """Files and folders by names such as `versions/night-1/manifest.json`. Every method may raise ShelfError."""

    url: str

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file."""

    def write(self, name: str, content: bytes) -> None:
        """Put a file in place of what has its name; nobody reads half of it."""

    def names(self, folder: str) -> list[str]:
        """The names of what lies in a folder, sorted; none where there is no such folder."""

    def put(self, directory: Path, folder: str, last: str) -> None:
        """Copy a directory's files into a folder, the file named `last` after all others have arrived."""

    def fetch(self, folder: str, cache: Path, last: str) -> Path:
        """A directory of this machine with the folder's files: the folder itself, or a whole copy under `cache`."""

    def remove(self, folder: str) -> None:
        """Take a folder away, its file named in `put` as the last one first."""

    def locked(self) -> AbstractContextManager[None]:
        """Keep others who write out for as long as the block runs; raises ShelfError when they do not finish."""


def open_shelf(url: str) -> Shelf:
    """The shelf at a path, a `file://` URL, or any URL that fsspec reads. Raises ShelfError."""
    if "://" not in url or url.startswith("file://"):
        from bot.shelf_local import LocalShelf

        return LocalShelf(Path(url.removeprefix("file://")))
    from bot.shelf_remote import RemoteShelf

    return RemoteShelf(url)
