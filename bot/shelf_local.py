"""A shelf in a folder of this machine: flushed to the disk, put in place by a rename, locked by the kernel."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.shelf import ShelfError

_LOCK = ".lock"
_PATIENCE = 60.0  # seconds to wait for another who writes


class LocalShelf:
    """A `Shelf` in one folder. A killed process leaves no lock behind, and half a version only under a hidden name."""

    def __init__(self, folder: Path, patience: float = _PATIENCE) -> None:
        self._root = folder.expanduser().absolute()
        self._patience = patience
        self.url = str(self._root)

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file."""
        try:
            return (self._root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._error("read", error) from error

    def write(self, name: str, content: bytes) -> None:
        """Write beside, flush, rename, flush the folder: after a power cut there is the old file or the new one."""
        target = self._root / name
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
            flush(target.parent)
        except OSError as error:
            raise self._error("written", error) from error
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, without what is hidden."""
        try:
            return sorted(p.name for p in (self._root / folder).iterdir() if not p.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._error("read", error) from error

    def put(self, directory: Path, folder: str, last: str) -> None:
        """Copy into a hidden folder, flush every file, and rename it into its place."""
        target = self._root / folder
        building = target.with_name(f".{target.name}.building")
        try:
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(parents=True)
            for file in sorted(directory.iterdir(), key=lambda p: p.name == last):
                if file.is_file():
                    shutil.copyfile(file, building / file.name)
                    flush(building / file.name)
            flush(building)
            if target.exists():  # half a version, or one that was taken away half-way: it has no last file
                shutil.rmtree(target)
            building.rename(target)
            flush(target.parent)
        except OSError as error:
            raise self._error("written", error) from error

    def fetch(self, folder: str, cache: Path, last: str) -> Path:
        """The folder itself: nothing is copied."""
        return self._root / folder

    def remove(self, folder: str) -> None:
        """Rename it out of sight, then delete it."""
        target = self._root / folder
        gone = target.with_name(f".{target.name}.gone")
        try:
            shutil.rmtree(gone, ignore_errors=True)
            if target.exists():
                target.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
        except OSError as error:
            raise self._error("written", error) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The kernel's lock on one file, which it lets go of when the process that holds it dies."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._error("written", error) from error
        try:
            self._wait(handle)
            yield
        finally:
            os.close(handle)

    def _wait(self, handle: int) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ShelfError(f"another process is writing to {self._root}: try again when it is done") from None
            time.sleep(0.05)

    def _error(self, what: str, error: OSError) -> ShelfError:
        return ShelfError(f"{self._root} cannot be {what}: {error.strerror or error}. Check models_url")


def flush(path: Path) -> None:
    """Have the disk itself hold a file or folder. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
