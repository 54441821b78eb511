"""A student's manifest: whole and unchanged, or an error that says what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.glossary import Glossary
from bot.manifest import NAME, SERVING, StudentError, read_manifest, write_manifest
from bot.student import Student
from tests.tiny_student import Tiny


@pytest.fixture
def student(tiny: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.student, tmp_path / "student"))


def test_a_whole_student_is_read(student: Path) -> None:
    manifest = read_manifest(student)
    assert manifest.version == "tiny-1"
    assert manifest.origin["questions"] > 0
    assert set(SERVING) <= set(manifest.files)
    assert NAME not in manifest.files
    assert manifest.fingerprint == json.loads((student / "schema.json").read_text())["fingerprint"]
    assert Student.load(student, Glossary()).version == "tiny-1"


@pytest.mark.parametrize("name", SERVING)
def test_a_missing_file_is_named(student: Path, name: str) -> None:
    (student / name).unlink()
    with pytest.raises(StudentError, match=f"{name} is missing"):
        read_manifest(student)


@pytest.mark.parametrize("name", SERVING)
@pytest.mark.parametrize("where", [0, -1])
def test_one_changed_bit_is_noticed(student: Path, name: str, where: int) -> None:
    content = bytearray((student / name).read_bytes())
    content[where] ^= 1
    (student / name).write_bytes(content)
    with pytest.raises(StudentError, match=f"{name} is not the file that was deployed"):
        read_manifest(student)
    with pytest.raises(StudentError, match=name):
        Student.load(student, Glossary())


def test_without_a_manifest_there_is_no_student(student: Path, tmp_path: Path) -> None:
    (student / NAME).unlink()
    with pytest.raises(StudentError, match="not a finished student"):
        read_manifest(student)
    with pytest.raises(StudentError, match=r"there is no student at .*nowhere"):
        read_manifest(tmp_path / "nowhere")


def test_no_truncated_manifest_is_read(student: Path) -> None:
    whole = (student / NAME).read_bytes()
    for size in range(0, len(whole) - 2, 37):
        (student / NAME).write_bytes(whole[:size])
        with pytest.raises(StudentError, match="cannot be read"):
            read_manifest(student)


@pytest.mark.parametrize(
    "text", ["[]", "null", "3", "{}", '{"version": "1", "fingerprint": "x", "origin": {}}', "\udcff"], ids=repr
)
def test_another_document_is_no_manifest(student: Path, text: str) -> None:
    (student / NAME).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(StudentError, match="cannot be read"):
        read_manifest(student)


@pytest.mark.parametrize("files", [[], "x", 3, None])
def test_files_of_another_kind_are_refused(student: Path, files: object) -> None:
    data = json.loads((student / NAME).read_text())
    (student / NAME).write_text(json.dumps({**data, "files": files}))
    with pytest.raises(StudentError):
        read_manifest(student)


@pytest.mark.parametrize("name", SERVING)
def test_a_manifest_that_leaves_a_file_out_is_refused(student: Path, name: str) -> None:
    data = json.loads((student / NAME).read_text())
    del data["files"][name]
    (student / NAME).write_text(json.dumps(data))
    with pytest.raises(StudentError, match=f"does not name {name}"):
        read_manifest(student)


def test_writing_leaves_nothing_else_behind(student: Path) -> None:
    before = {p.name for p in student.iterdir()}
    write_manifest(student, "tiny-2", "f", {"a": 1})
    assert {p.name for p in student.iterdir()} == before
    assert read_manifest(student).version == "tiny-2"
