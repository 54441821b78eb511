"""The shape of the house: imports point down and never in a circle, and no file grows without end."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("bot", "demo", "eval_harness", "kd_training", "adapters")  # each may import those before it
LONGEST = 400
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
TRAINING = {"torch", "transformers", "onnx", "onnxscript", "safetensors", "tensorboard"}
UNPICKLING = {"pickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
# torchrun tells its processes about each other in this way and no other.
READS_ENVIRONMENT = {"bot/config.py", "kd_training/parallel.py", "kd_training/distill.py"}

FILES = sorted(p for floor in FLOORS for p in (ROOT / floor).rglob("*.py") if "migrations/versions" not in str(p))
NAMES = [str(p.relative_to(ROOT)) for p in FILES]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Full names: of a module, and of each thing taken from it, which may be a module too."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def at_start(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The statements that run when the module is imported; those for type checkers do not."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from at_start(getattr(node, part, []))


def packages(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_point_down(path: Path) -> None:
    above = set(FLOORS[FLOORS.index(path.relative_to(ROOT).parts[0]) + 1 :]) | {"tests"}
    assert not packages(imported(ast.walk(tree(path)))) & above


def test_no_imports_in_a_circle() -> None:
    known = {module(path) for path in FILES}
    graph = {module(path): (imported(at_start(tree(path).body)) & known) - {module(path)} for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_has_one_subject(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST
    assert not set(module(path).split(".")) & VAGUE


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nothing_is_unpickled_and_one_file_reads_the_environment(path: Path) -> None:
    assert not packages(imported(ast.walk(tree(path)))) & UNPICKLING
    if str(path.relative_to(ROOT)) not in READS_ENVIRONMENT:
        reads = {"os.environ", "os.getenv", "os.environb"}
        assert not {ast.unparse(n) for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute)} & reads


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_only_training_needs_the_training_packages(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[0]
    nodes = at_start(tree(path).body) if floor == "adapters" else ast.walk(tree(path))
    if floor != "kd_training":
        assert not packages(imported(nodes)) & (TRAINING | {"kd_training"})


def test_no_door_loads_torch_to_open() -> None:
    served = [m for m in map(module, FILES) if m.startswith(("bot", "eval_harness", "demo", "adapters"))]
    served = [m for m in served if not m.startswith("bot.migrations") and not m.endswith("__main__")]
    lines = [*(f"import {name}" for name in served), "import sys", f"print(sorted({TRAINING!r} & set(sys.modules)))"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
