"""A shelf behind a URL: S3, Google Cloud Storage, Azure, SFTP and whatever else fsspec has a driver for.

What such places promise differs. One object is put whole or not at all on object stores; where a file can be seen half
written, a reader finds no JSON in it and looks again. There is no rename of folders, so a version's manifest goes last
and comes first when it is taken away. The lock is a file that must not exist yet: stores with conditional writes keep
that promise, on others two who write at the same instant may both believe that they hold it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bot.shelf import ShelfError

T = TypeVar("T")
_LOCK = "lock.json"
_PATIENCE = 60.0  # seconds to wait for another who writes
_LEASE = 600.0  # seconds after which a lock belongs to somebody who died


class RemoteShelf:
    """A `Shelf` at a URL."""

    def __init__(self, url: str, patience: float = _PATIENCE, lease: float = _LEASE) -> None:
        self.url, self._patience, self._lease = url.rstrip("/"), patience, lease
        self._files, self._root = self._try("opened", lambda: _open(url))

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file."""
        return self._try("read", lambda: self._read(name))

    def write(self, name: str, content: bytes) -> None:
        """One put."""
        self._try("written", lambda: self._write(name, content))

    def names(self, folder: str) -> list[str]:
        """The last part of every name that the store lists."""
        return self._try("read", lambda: self._names(folder))

    def put(self, directory: Path, folder: str, last: str) -> None:
        """One put a file."""
        for file in sorted(directory.iterdir(), key=lambda p: (p.name == last, p.name)):
            if file.is_file():
                self.write(f"{folder}/{file.name}", file.read_bytes())

    def fetch(self, folder: str, cache: Path, last: str) -> Path:
        """A copy under `cache`, named by its last file's content: what was fetched once is there."""
        told = self.read(f"{folder}/{last}")
        if told is None:
            raise ShelfError(f"{self.url}/{folder} has no {last}, so it is not whole")
        target = cache / f"{Path(folder).name}-{hashlib.sha256(told).hexdigest()[:16]}"
        if (target / last).is_file():
            return target
        building = cache / f".{target.name}.{os.getpid()}"
        try:
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir(parents=True)
            for name in self.names(folder):
                content = told if name == last else self.read(f"{folder}/{name}")
                (building / name).write_bytes(content or b"")
            shutil.rmtree(target, ignore_errors=True)
            building.rename(target)
        except OSError as error:
            raise ShelfError(f"{self.url}/{folder} cannot be kept in {cache}: {error.strerror or error}") from error
        return target

    def remove(self, folder: str) -> None:
        """The manifest first, so that nobody takes what is left for a version."""
        for name in sorted(self.names(folder), key=lambda n: n != "manifest.json"):
            self._try("written", lambda name=name: self._files.rm_file(f"{self._root}/{folder}/{name}"))  # type: ignore[misc]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A file of ours; one that is older than its lease is taken over."""
        mine = json.dumps({"who": uuid.uuid4().hex, "until": time.time() + self._lease}).encode()
        deadline = time.monotonic() + self._patience
        while not self._try("written", lambda: self._claim(mine)):
            if time.monotonic() > deadline:
                raise ShelfError(f"another process is writing to {self.url}: try again when it is done")
            time.sleep(0.2)
        try:
            yield
        finally:
            if self.read(_LOCK) == mine:
                self._try("written", lambda: self._files.rm_file(f"{self._root}/{_LOCK}"))

    def _claim(self, mine: bytes) -> bool:
        held = self._read(_LOCK)
        if held is not None and _until(held) < time.time():
            self._write(_LOCK, mine)
        elif held is None:
            try:
                self._files.pipe_file(f"{self._root}/{_LOCK}", mine, mode="create")
            except FileExistsError:
                return False
            except NotImplementedError:  # a store that knows no conditional writes
                self._write(_LOCK, mine)
        return self._read(_LOCK) == mine

    def _read(self, name: str) -> bytes | None:
        try:
            found: bytes = self._files.cat_file(f"{self._root}/{name}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found

    def _write(self, name: str, content: bytes) -> None:
        path = f"{self._root}/{name}"
        self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        self._files.pipe_file(path, content)

    def _names(self, folder: str) -> list[str]:
        try:
            self._files.invalidate_cache()
            found = self._files.ls(f"{self._root}/{folder}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)
        return sorted(n for n in names if n and not n.startswith("."))

    def _try(self, what: str, work: Callable[[], T]) -> T:
        try:
            return work()
        except ImportError as error:
            raise ShelfError(f"{self.url} needs a package that is not installed: {error}") from error
        except (OSError, ValueError) as error:
            raise ShelfError(f"{self.url} cannot be {what}: {error}. Check models_url") from error


def _open(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    files, root = url_to_fs(url)
    return files, str(root).rstrip("/")


def _until(lock: bytes) -> float:
    """When a lock ends; 0 for what is no lock."""
    try:
        return float(json.loads(lock)["until"])
    except (ValueError, KeyError, TypeError):
        return 0.0
