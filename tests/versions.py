"""Versions of the tiny student for tests: the same student under other names, whole or spoiled."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.manifest import read_manifest, write_manifest
from tests.tiny_student import Tiny


def version(tiny: Tiny, folder: Path, name: str, **origin: Any) -> Path:
    """A whole student called `name`, in a folder of that name."""
    target = folder / name
    shutil.copytree(tiny.student, target)
    manifest = read_manifest(target)
    told: Mapping[str, Any] = {**manifest.origin, **origin}
    write_manifest(target, name, manifest.fingerprint, told)
    return target
