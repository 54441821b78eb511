"""A small corpus and a few compositions over the demo database, made into pairs."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.linking import build_index, link
from bot.prompt import prompt, render
from bot.shorthand import REFUSAL
from bot.slots import bind
from bot.vocabulary import Vocabulary
from kd_training.synthesize.compose import read_parts
from kd_training.synthesize.draft import CorpusError, read_intents
from kd_training.synthesize.job import Job, synthesize
from kd_training.synthesize.make import Pair, split
from tests.demo_corpus import CORPUS, GLOSSARY, TODAY, Ground

HOLDOUT = 0.2
FILES = ("train", "valid", "phrasings")
Line = dict[str, Any]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground.built(tmp_path_factory.mktemp("synthesize") / "demo.db")
    yield made
    made.close()


@pytest.fixture(scope="module")
def job(ground: Ground) -> Job:
    """Forty intents, two refusals and the demo's parts."""
    corpus = ground.path.parent / "corpus"
    shutil.copytree(CORPUS / "compose", corpus / "compose")
    lines = (CORPUS / "sales-composed.jsonl").read_text("utf-8").splitlines()[:280:7]
    lines += (CORPUS / "unanswerable.jsonl").read_text("utf-8").splitlines()[:2]
    (corpus / "small.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Job(str(ground.path), GLOSSARY, corpus, TODAY, repeats=1, composed=60, seed=3)


@pytest.fixture(scope="module")
def pairs(job: Job, ground: Ground) -> Path:
    out = ground.path.parent / "pairs"
    synthesize(job, out, HOLDOUT)
    return out


def lines(pairs: Path, name: str) -> list[Line]:
    return [json.loads(line) for line in (pairs / f"{name}.jsonl").read_text("utf-8").splitlines()]


def shape(line: Line) -> str:
    return re.sub(r":[vnd]\d", ":s", line["target"])


def test_the_sizes_are_told(pairs: Path) -> None:
    report = json.loads((pairs / "synthesis.json").read_text("utf-8"))
    assert report["sizes"] == {name: len(lines(pairs, name)) for name in FILES}
    assert report["sizes"]["train"] > 100
    assert report["sizes"]["valid"] > 10
    assert report["sizes"]["phrasings"] > 10


def test_every_target_runs_on_its_own_question(pairs: Path, ground: Ground) -> None:
    index = build_index(ground.database, ground.schema, ground.glossary.values)
    vocabulary = Vocabulary(json.loads((pairs / "words.json").read_text("utf-8")))
    every = [line for name in FILES for line in lines(pairs, name)]
    ran = 0
    for line in every:
        linked = link(line["question"], index, TODAY)
        assert line["prompt"] == prompt(vocabulary.correct(render(linked)))
        if line["target"] != REFUSAL:
            bound = bind(line["target"], linked, ground.shorthand)
            ran += bool(ground.run(bound.sql, bound.parameters).columns)
    assert 0 < ran < len(every)


def test_no_template_is_on_both_sides_and_no_text(pairs: Path) -> None:
    train, valid = lines(pairs, "train"), lines(pairs, "valid")
    assert not ({shape(line) for line in train} & {shape(line) for line in valid}) - {REFUSAL}
    assert not {line["prompt"] for line in train} & {line["prompt"] for line in valid}
    assert REFUSAL in {line["target"] for line in train}


def test_held_out_phrasings_are_of_templates_that_are_trained(pairs: Path) -> None:
    train, held = lines(pairs, "train"), lines(pairs, "phrasings")
    assert {shape(line) for line in held} <= {shape(line) for line in train}
    assert not {line["prompt"] for line in train} & {line["prompt"] for line in held}


def test_what_is_refused_is_held_out_by_the_intent() -> None:
    asked = [Pair(f"q{i} {j}", f"q{i} {j}", REFUSAL, f"family{i}", "corpus", f"q{i} {j}")
             for i in range(400) for j in range(3)]  # fmt: skip
    parts = split(asked, 0.1)
    held, trained = {p.family for p in parts.valid}, {p.family for p in [*parts.train, *parts.phrasings]}
    assert not held & trained
    assert 10 < len(held) < 90


def test_intents_beside_the_corpus_join_it_as_often_as_is_asked(job: Job, tmp_path: Path) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    intent = {"sql": "SELECT MAX(email) FROM employees", "phrasings": ["last email?", "the email that sorts last"]}
    (beside / "more.jsonl").write_text(json.dumps(intent), encoding="utf-8")
    small = replace(job, composed=0, intents=10)
    synthesize(small, tmp_path / "without", 0.001)
    synthesize(replace(small, also=(beside,), also_copies=3), tmp_path / "with", 0.001)
    made = lines(tmp_path / "with", "train")
    added = [line["question"] for line in made if "email" in line["question"] and "MAX" in line["target"]]
    assert sorted(Counter(added).values()) == [3, 3]
    assert len(made) - len(added) == len(lines(tmp_path / "without", "train"))


@pytest.mark.slow
def test_the_same_seed_makes_the_same_files(pairs: Path, job: Job, tmp_path: Path) -> None:
    synthesize(job, tmp_path / "again", HOLDOUT)
    synthesize(replace(job, seed=4), tmp_path / "other", HOLDOUT)
    for path in pairs.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
    assert (tmp_path / "other" / "train.jsonl").read_bytes() != (pairs / "train.jsonl").read_bytes()


GOOD = '{"sql": "SELECT 1", "slots": {}, "phrasings": ["one?"]}'


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "3",
        '{"sql": "SELECT 1", "phrasings": "one?"}',
        '{"sql": "SELECT 1"}',
        '{"sql": 3, "phrasings": ["one?"]}',
        '{"phrasings": ["one?"]}',
        '{"kind": "odd", "phrasings": ["one?"]}',
        '{"sql": "SELECT 1", "slots": [1], "phrasings": ["one?"]}',
    ],
)
def test_a_bad_line_is_named_with_its_file(bad: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_text(f"{GOOD}\n\n{bad}\n{GOOD}\n")
    with pytest.raises(CorpusError, match=r"^odd\.jsonl:3"):
        list(read_intents(path))


def test_a_bad_line_among_the_parts_is_named(tmp_path: Path) -> None:
    shutil.copytree(CORPUS / "compose", tmp_path / "compose")
    with (tmp_path / "compose" / "filters.jsonl").open("a") as stream:
        stream.write("oops\n")
    number = len((tmp_path / "compose" / "filters.jsonl").read_text("utf-8").splitlines())
    with pytest.raises(CorpusError, match=rf"^filters\.jsonl:{number} "):
        read_parts(tmp_path / "compose")
