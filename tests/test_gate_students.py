"""The gate on real students: the shipped one, and the same with its weights shuffled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from bot.config import ROOT
from bot.manifest import read_manifest
from bot.schema import Schema
from kd_training.checkpoint import load_model
from kd_training.package import package_student
from tests.demo_database import TODAY
from tests.mynah_command import Mynah
from tests.tiny_student import Tiny

pytestmark = pytest.mark.slow
SHIPPED = ROOT / "demo" / "student"
QUESTIONS = str(ROOT / "demo" / "questions.jsonl")


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped student with every matrix's numbers in another place."""
    model, tokenizer = load_model(SHIPPED)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                places = torch.randperm(parameter.numel(), generator=generator)
                parameter.copy_(parameter.flatten()[places].view_as(parameter))
    schema = Schema.from_json(json.loads((SHIPPED / "schema.json").read_text("utf-8")))
    words = json.loads((SHIPPED / "words.json").read_text("utf-8"))
    out = tmp_path_factory.mktemp("shuffled") / "student"
    version = read_manifest(SHIPPED).version + "-shuffled"
    return package_student((model, tokenizer), out, schema, words, version, {}, SHIPPED / "glossary.toml")


@pytest.fixture
def mynah(tiny: Tiny, tmp_path: Path) -> Iterator[Mynah]:
    yield Mynah(tiny, tmp_path)


def run(mynah: Mynah, student: Path, out: str, *more: str) -> tuple[int, dict[str, Any], str]:
    done = mynah(
        "eval", QUESTIONS, "--student", str(student), "--json", out, *more, database_url="demo", today=str(TODAY)
    )
    return done.code, json.loads((mynah.folder / out).read_text("utf-8")), done.out


def test_a_shuffled_student_is_blocked_and_an_equal_one_passes(mynah: Mynah, shuffled: Path) -> None:
    code, shipped, _ = run(mynah, SHIPPED, "shipped.json")
    assert code == 0 and shipped["answer_accuracy"] > 0.6
    code, _, said = run(mynah, SHIPPED, "again.json", "--against", "shipped.json")
    assert code == 0 and "The gate lets it through." in said
    code, broken, said = run(mynah, shuffled, "shuffled.json", "--against", "shipped.json")
    assert code == 1 and "- answer accuracy may be worse by more than 5%" in said
    assert broken["answer_accuracy"] < 0.2 and "- the tag date lost" in said
