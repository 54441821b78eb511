"""A vLLM server as a child process in its own environment: started, waited for, found again, stopped.

What runs is written down beside its log (`teacher-generate.json`, `teacher-pooling.json`), so that another process,
or this one after it was killed, finds a server that is still there and uses it. vLLM is never imported: it is a
program, with pins of its own.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import httpx
import psutil  # type: ignore[import-untyped]

from kd_training.teacher_client import TeacherError

Runner = Literal["generate", "pooling"]
RUNNERS: tuple[Runner, ...] = ("generate", "pooling")
NAME = "teacher"  # under which a server that is started here serves its model
# Children of this process by their numbers: kept, so that those that have ended can be reaped.
_children: dict[int, subprocess.Popen[bytes]] = {}
_GRACE = 30.0  # seconds between asking a server to stop and making it


@dataclass(frozen=True)
class Launch:
    """How to start a server: `python` is the interpreter of vLLM's environment, `model` a directory or hub name.

    `generate` writes SQL, `pooling` gives hidden states. `arguments` are added to vLLM's command line as they are.
    """

    python: Path
    model: str
    runner: Runner = "generate"
    max_tokens: int = 1024  # of prompt and answer together
    sequences: int = 8  # worked on at once
    arguments: tuple[str, ...] = ()
    wait: float = 900.0  # seconds until it must be ready: a large model takes long to load

    def command(self, port: int) -> list[str]:
        """The command line, the variables for a machine without a GPU in front."""
        cpu = shutil.which("nvidia-smi") is None
        variables = ["-u", "PYTHONPATH"]  # ours says where our packages are, which are none of vLLM's
        if cpu:
            # Threads stay on the cores that this process may use; vLLM would else choose cores by itself.
            variables += ["VLLM_CPU_KVCACHE_SPACE=1", "VLLM_CPU_OMP_THREADS_BIND=nobind"]
        if Path(self.model).is_dir():
            variables.append("HF_HUB_OFFLINE=1")
        command = [
            "env", *variables, str(self.python), "-m", "vllm.entrypoints.openai.api_server",
            "--model", self.model, "--served-model-name", NAME, "--host", "127.0.0.1", "--port", str(port),
            "--max-model-len", str(self.max_tokens), "--max-num-seqs", str(self.sequences),
        ]  # fmt: skip
        if cpu:
            command += ["--dtype", "float32", "--enforce-eager"]
        if self.runner == "pooling":
            command += ["--runner", "pooling", "--convert", "embed", "--pooler-config.task", "token_embed"]
        else:
            # The one backend that reads the dialect that the student's grammar is written in.
            command += ["--structured-outputs-config", '{"backend": "guidance"}']
        return [*command, *self.arguments]


@dataclass(frozen=True)
class Running:
    """A server that was started: its process (by number and time of birth, as numbers are used again), and where."""

    runner: Runner
    pid: int
    born: float
    url: str
    model: str
    log: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            return bool(abs(process.create_time() - self.born) < 1 and process.status() != psutil.STATUS_ZOMBIE)
        return False

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        with suppress(httpx.HTTPError):
            return bool(httpx.get(f"{self.url}/health", timeout=5).is_success)
        return False


def start(launch: Launch, directory: Path) -> Running:
    """A ready server of that model and runner; one that `directory` tells of is used as it is.

    Raises TeacherError when vLLM is not installed there, the model cannot be loaded, it takes too long, or a server
    of another model is running.
    """
    running = find(directory, launch.runner)
    if running is not None and running.model != launch.model:
        raise TeacherError(
            f"A {launch.runner} server of {running.model} is running already: stop it with `mynah teacher stop`."
        )
    if running is None:
        running = _spawn(launch, directory)
    try:
        return _awaited(running, launch.wait)
    except (TeacherError, KeyboardInterrupt):
        stop(directory, launch.runner)
        raise


def find(directory: Path, runner: Runner) -> Running | None:
    """The server that was started from `directory` and still runs, ready or not."""
    try:
        running = Running(**json.loads(_file(directory, runner).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return running if running.alive else None


def stop(directory: Path, runner: Runner) -> bool:
    """Stop the server of `directory` and its children; whether there was one."""
    running = find(directory, runner)
    if running is not None:
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(running.pid)
            family = [parent, *parent.children(recursive=True)]
            with suppress(psutil.NoSuchProcess):
                parent.terminate()
            _, left = psutil.wait_procs(family, timeout=_GRACE)
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=_GRACE)
        if running.pid in _children:
            _children.pop(running.pid).wait(_GRACE)
    _file(directory, runner).unlink(missing_ok=True)
    return running is not None


@contextmanager
def serving(launch: Launch, directory: Path) -> Iterator[str]:
    """The URL of a server that runs for as long as the block does."""
    running = start(launch, directory)
    try:
        yield running.url
    finally:
        stop(directory, launch.runner)


def _spawn(launch: Launch, directory: Path) -> Running:
    if not launch.python.is_file():
        raise TeacherError(
            f"There is no vLLM at {launch.python}: `make vllm` installs the one for CPUs, "
            "and teacher_python names another environment's Python."
        )
    directory.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = directory / f"teacher-{launch.runner}.log"
    with log.open("wb") as out:
        # A session of its own: what stops this process from the keyboard must not take the server along half-way.
        process = subprocess.Popen(
            launch.command(port), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    _children[process.pid] = process
    born = psutil.Process(process.pid).create_time()
    running = Running(launch.runner, process.pid, born, f"http://127.0.0.1:{port}", launch.model, str(log))
    partial = _file(directory, launch.runner).with_suffix(".partial")
    partial.write_text(json.dumps(asdict(running)), encoding="utf-8")
    partial.replace(_file(directory, launch.runner))
    return running


def _awaited(running: Running, seconds: float) -> Running:
    begun = time.monotonic()
    while not running.ready:
        if not running.alive:
            raise TeacherError(f"vLLM did not start: {_last_error(Path(running.log))} Its log: {running.log}")
        if time.monotonic() - begun > seconds:
            raise TeacherError(f"vLLM was not ready after {seconds:.0f} s; its log: {running.log}")
        time.sleep(0.5)
    return running


def _last_error(log: Path) -> str:
    """The last line of the log that names an error."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    named = [line for line in lines if "Error" in line and "See root cause" not in line]
    said = named[-1].split("] ", 1)[-1].strip() if named else "it ended without a word."
    return said[:300] if said.endswith(".") else f"{said[:300]}."


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _file(directory: Path, runner: Runner) -> Path:
    return directory / f"teacher-{runner}.json"


