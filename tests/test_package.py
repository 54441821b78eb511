"""A student's serving files written again from its weights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from bot.config import ROOT
from bot.database import connect
from bot.drafts import NAME
from bot.glossary import Glossary
from bot.linking import Linked, link
from bot.manifest import StudentError, read_manifest, write_manifest
from bot.student import Student
from bot.value_reading import build_index
from kd_training.package import main
from tests.tiny_student import QUESTIONS, TODAY, Tiny


@pytest.fixture
def old(tiny: Tiny, tmp_path: Path) -> Path:
    """A student whose graph this bot does not know, and whose manifest vouches for it."""
    directory = Path(shutil.copytree(tiny.student, tmp_path / "student"))
    model = onnx.load(str(directory / "student.onnx"))
    inputs = [given for given in model.graph.input if given.name != "kept"]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    one = onnx.numpy_helper.from_array(np.array([1], np.int64), "kept")
    model.graph.initializer.append(one)
    onnx.save_model(model, str(directory / "student.onnx"))
    (directory / NAME).unlink(missing_ok=True)
    manifest = read_manifest(tiny.student)
    write_manifest(directory, manifest.version, manifest.fingerprint, manifest.origin)
    return directory


@pytest.fixture
def linked(tiny: Tiny) -> Linked:
    database = connect(f"sqlite:///{tiny.database}")
    try:
        return link(next(iter(QUESTIONS)), build_index(database, database.schema()), TODAY)
    finally:
        database.close()


def said(directory: Path, linked: Linked) -> list[str]:
    return [each.short for each in Student.load(directory, Glossary()).predict(linked)]


def test_a_student_of_another_version_is_written_again(tiny: Tiny, old: Path, linked: Linked, tmp_path: Path) -> None:
    with pytest.raises(StudentError, match="another version of Mynah wrote it"):
        Student.load(old, Glossary())
    pairs = tmp_path / "pairs.jsonl"
    lines = [json.dumps({"prompt": question, "target": sql}) for question, sql in QUESTIONS.items()] * 5
    pairs.write_text("\n".join(lines), encoding="utf-8")
    before = read_manifest(old)
    assert main([str(old), "--pairs", str(pairs)]) == 0
    after = read_manifest(old)
    assert (after.version, after.origin) == (before.version, before.origin)
    assert len(np.load(old / NAME)) > 0
    assert said(old, linked) == said(tiny.student, linked) != []


def test_what_cannot_be_written_again_is_left_and_named(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "there is no student at" in capsys.readouterr().err
    student = Path(shutil.copytree(tiny.student, tmp_path / "student"))
    assert main([str(student), "--pairs", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl cannot be read" in capsys.readouterr().err
    assert read_manifest(student) == read_manifest(tiny.student)
    assert list(tmp_path.iterdir()) == [student]


# Dies at the n-th change to the disk, counted from the first that concerns the student's directory.
_KILLED = """
import os, signal, sys
directory, left = sys.argv[1], int(sys.argv[2])
changes = {"shutil.rmtree", "os.rename", "os.remove", "os.rmdir"}
counted = 0
def watch(event, given):
    global counted
    if event in changes and (counted or directory in map(str, given)):
        counted += 1
        if counted == left:
            os.kill(os.getpid(), signal.SIGKILL)
from kd_training.package import main
sys.addaudithook(watch)
main([directory])
"""


@pytest.mark.parametrize("change", [2, 3])
def test_who_is_killed_leaves_no_half_of_a_student(tiny: Tiny, tmp_path: Path, change: int) -> None:
    student = Path(shutil.copytree(tiny.student, tmp_path / "student"))
    command = [sys.executable, "-c", _KILLED, str(student), str(change)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == -signal.SIGKILL
    if student.exists():
        assert read_manifest(student).version == read_manifest(tiny.student).version
        assert {p.name for p in student.iterdir()} == {p.name for p in tiny.student.iterdir()}
    kept = [read_manifest(path.parent).version for path in tmp_path.rglob("manifest.json")]
    assert kept  # here or in the scratch folder there is a whole one
