"""Whether there is room for a night: on the disk, and on the GPU where the teacher is to be started on it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_GB = 1e9
_SHARE = 0.9  # of a GPU's memory, which vLLM takes


class RoomError(Exception):
    """There is no room; the text says how much is needed and how much there is."""


def check_disk(folder: Path, gigabytes: float) -> None:
    """Raise RoomError where a folder's disk has less than that free."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free / _GB
    if free < gigabytes:
        raise RoomError(
            f"{folder} has {free:.1f} GB free and a night needs {gigabytes:g} GB: make room, or set night.disk in the "
            "recipe"
        )


def check_gpu() -> None:
    """Raise RoomError where this machine has a GPU that others use. A machine without one has nothing to check."""
    if shutil.which("nvidia-smi") is None:
        return
    command = ["nvidia-smi", "--query-gpu=memory.free,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise RoomError("the GPU does not answer: nvidia-smi says more") from error
    free, total = (float(part) for part in done.stdout.splitlines()[0].split(","))
    if free < _SHARE * total:
        raise RoomError(
            f"the GPU has {free:,.0f} of {total:,.0f} MB free, and the teacher needs nearly all: stop what uses it, or "
            "set teacher_url to a server that runs already"
        )
