"""A recipe from end to end in miniature, and recipes that cannot be followed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from llguidance import LLMatcher, LLTokenizer

from bot.glossary import load_glossary
from bot.grammar import Grammar
from bot.linking import build_index, link
from bot.student import Student
from kd_training.distill_config import ConfigError
from kd_training.recipe import load_recipe, run_recipe
from tests.demo_corpus import CORPUS, GLOSSARY, TODAY, Ground

RECIPE = """
[student]
version = "small-1"
output = "student"
held_out = 4

[synthesize]
corpus = "corpus"
repeats = 2
composed = 20
holdout = 0.2
parts = 1

[distill]
vocab_size = 2000
n_layer = 1
n_head = 2
n_embd = 32
n_positions = 320
batch_tokens = 1024
max_steps = 4
eval_every = 4
checkpoint_every = 4
threads = 1
precision = "fp32"
ema_decay = 0

[[stage]]
name = "first"

[[stage]]
name = "second"
blend = 0.5
synthesize = { composed = 10, seed = 2 }
distill = { lr = 5e-4, max_steps = 3 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The recipe and a small corpus."""
    (tmp_path / "recipe.toml").write_text(RECIPE)
    shutil.copytree(CORPUS / "compose", tmp_path / "corpus" / "compose")
    lines = (CORPUS / "sales-composed.jsonl").read_text("utf-8").splitlines()[:280:14]
    (tmp_path / "corpus" / "small.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_a_recipe_makes_a_student_that_answers(folder: Path) -> None:
    ground = Ground.built(folder / "demo.db")
    made = run_recipe(folder / "recipe.toml", str(ground.path), GLOSSARY, TODAY)
    assert made == folder / "student"
    student = Student.load(made, load_glossary(GLOSSARY), threads=1)
    assert student.version == "small-1"
    assert student.schema.fingerprint == ground.schema.fingerprint
    linked = link("how many orders last month?", build_index(ground.database, ground.schema), TODAY)
    guide = LLTokenizer(str(made / "tokenizer.json"), eos_token=0)
    for predicted in student.predict(linked, beam=1):  # seven steps teach no sense, but the grammar holds
        matcher = LLMatcher(guide, Grammar(ground.schema, ground.glossary).for_slots(linked.slots), log_level=0)
        assert matcher.consume_tokens(guide.tokenize_str(predicted.short))
        assert matcher.is_accepting()
    stages = json.dumps(dict(student.manifest.origin))
    assert '"first"' in stages
    assert '"second"' in stages
    assert str(folder) not in stages
    before = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("train.jsonl")}
    assert len(before) == 2
    assert run_recipe(folder / "recipe.toml", str(ground.path), GLOSSARY, TODAY) == made
    assert {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("train.jsonl")} == before
    ground.close()


def test_a_good_recipe_is_read(folder: Path) -> None:
    recipe = load_recipe(folder / "recipe.toml")
    assert recipe.student.output == folder / "student"
    assert [(s.name, recipe.synthesis(s).composed, recipe.synthesis(s).seed) for s in recipe.stage] == [
        ("first", 20, 1),
        ("second", 10, 2),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[student]", "[student", "cannot be read"),
        ('version = "small-1"', "", "student.version"),
        ('version = "small-1"', 'version = ""', "student.version"),
        ('output = "student"', 'output = "student"\ncolour = 1', "student.colour"),
        ("held_out = 4", "held_out = -1", "student.held_out"),
        ('corpus = "corpus"', "", "corpus"),
        ("holdout = 0.2", "holdout = 0.7", "holdout"),
        ("repeats = 2", "repeat = 2", "repeat"),
        ("composed = 10", 'composed = "x"', "composed"),
        ("composed = 10", "composed = 10, holdout = 0.1", "need the same holdout"),
        ('name = "second"', 'name = "first"', "a name of its own"),
        ('name = "second"', 'name = "../x"', "name"),
        ("[[stage]]", "[[stages]]", "stages"),
    ],
)
def test_a_bad_recipe_says_what_is_wrong(folder: Path, old: str, new: str, said: str) -> None:
    assert old in RECIPE
    (folder / "recipe.toml").write_text(RECIPE.replace(old, new))
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        load_recipe(folder / "recipe.toml")


def test_a_teacher_teaches_some_stage_and_only_the_stages_named(folder: Path) -> None:
    untaught = RECIPE.replace("[[stage]]", "[[stage]]\ntaught = false")
    (folder / "recipe.toml").write_text(untaught)
    assert not any(stage.taught for stage in load_recipe(folder / "recipe.toml").stage)
    (folder / "recipe.toml").write_text(untaught.replace("[[stage]]", "[teacher]\n[[stage]]", 1))
    with pytest.raises(ConfigError, match="needs a stage that is taught"):
        load_recipe(folder / "recipe.toml")
    (folder / "recipe.toml").write_text(
        untaught.replace("[[stage]]", "[teacher]\n[[stage]]", 1).replace("taught = false", "taught = true", 1)
    )
    assert [stage.taught for stage in load_recipe(folder / "recipe.toml").stage] == [True, False]


def test_without_a_recipe_or_a_corpus_there_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        load_recipe(folder / "nowhere.toml")
    ground = Ground.built(folder / "demo.db")
    shutil.rmtree(folder / "corpus")
    with pytest.raises(ConfigError, match=r"no folder .*corpus"):
        run_recipe(folder / "recipe.toml", str(ground.path), GLOSSARY, TODAY)


def test_a_missing_folder_of_more_intents_is_named(folder: Path) -> None:
    (folder / "recipe.toml").write_text(RECIPE.replace("composed = 10,", 'composed = 10, also = ["asked"],'))
    ground = Ground.built(folder / "demo.db")
    with pytest.raises(ConfigError, match=r"synthesize\.also: there is no folder .*asked"):
        run_recipe(folder / "recipe.toml", str(ground.path), GLOSSARY, TODAY)


@pytest.mark.slow
def test_a_wrong_training_setting_names_its_stage(folder: Path) -> None:
    (folder / "recipe.toml").write_text(RECIPE.replace("n_head = 2", "n_head = 3"))
    ground = Ground.built(folder / "demo.db")
    with pytest.raises(ConfigError, match=r"distill, stage first: .*n_embd 32 is not a multiple"):
        run_recipe(folder / "recipe.toml", str(ground.path), GLOSSARY, TODAY)
