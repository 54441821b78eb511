"""The teacher behind a real vLLM: its answers, labels, states and wordings, and all that can go wrong on the way."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Qwen2ForCausalLM

from bot.config import ROOT
from kd_training.align import encode
from kd_training.extract import Extraction, Forced, Words, extract_states, plain_lead
from kd_training.label import Labelling, Question, label, read_questions
from kd_training.questions import Ground
from kd_training.qwen2 import load_qwen2
from kd_training.reword import Rewording, reword
from kd_training.states import open_states
from kd_training.teacher_client import Ask, RefusedError, TeacherError
from kd_training.teacher_server import NAME, find
from kd_training.tokenizer import load_tokenizer, prompt_ids, train_tokenizer
from tests.tiny_teacher import TinyTeacher

pytestmark = [pytest.mark.slow, pytest.mark.needs("vllm")]
HOW = Labelling("tiny", samples=1, temperature=0.0, max_tokens=60)


@pytest.fixture
def ground(tiny_teacher: TinyTeacher) -> Iterator[Ground]:
    ground = tiny_teacher.ground()
    yield ground
    ground.database.close()


@pytest.fixture
def questions(tiny_teacher: TinyTeacher) -> list[Question]:
    return read_questions(tiny_teacher.pairs)


def words_of(teacher: TinyTeacher, questions: list[Question]) -> Words:
    tokenizer = load_tokenizer(teacher.model)
    texts = [q.prompt + q.target for q in questions] * 2
    return Words(tokenizer, train_tokenizer(texts, 500, ["SELECT", "sales.amount"]), plain_lead(tokenizer))


def forced(questions: list[Question]) -> list[Forced]:
    return [Forced(q.key, q.prompt, q.target, q.question) for q in questions]


def test_the_server_says_what_the_model_says(tiny_teacher: TinyTeacher, questions: list[Question]) -> None:
    """A server splits text by the model's architecture; what is asked is split here, as the model was taught."""
    client = tiny_teacher.client("generate")
    model, tokenizer = load_qwen2(tiny_teacher.model)
    different = 0
    for question in questions:
        ids = torch.tensor([prompt_ids(tokenizer, question.prompt)])
        with torch.no_grad():
            said = model.eval().generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=60, do_sample=False)
        expected = tokenizer.decode(said[0, ids.shape[1] :].tolist())
        assert client.complete(Ask(question.prompt, max_tokens=60))[0].text == expected == question.target
        served = client._json("POST", "/tokenize", {"model": NAME, "prompt": question.prompt})
        different += served["tokens"] != ids[0].tolist()
    assert different  # else this would hold without a tokenizer too


def test_the_grammar_holds_and_wrong_requests_are_explained(tiny_teacher: TinyTeacher, ground: Ground) -> None:
    client = tiny_teacher.client("generate")
    client.check()
    client.warm_up()
    grammar = ground.grammar().for_slots(())
    said = client.complete(Ask("nothing that it knows", grammar, samples=3, temperature=1.5, max_tokens=40))
    assert len(said) == 3
    assert all(one.text.startswith(("SELECT ", "WITH ", "CANNOT ANSWER"[: len(one.text)])) for one in said)
    assert all(one.log_probability < 0 for one in said)
    with pytest.raises(RefusedError, match="Grammar error"):
        client.complete(Ask("x", "start: [[", max_tokens=5))
    with pytest.raises(TeacherError, match="does not serve 'qwen' but teacher: set teacher_model"):
        tiny_teacher.client("generate", model="qwen").check()
    with pytest.raises(TeacherError, match="Is teacher_model right"):
        tiny_teacher.client("generate", model="qwen").complete(Ask("x"))


def test_questions_are_labelled_once(
    tiny_teacher: TinyTeacher, ground: Ground, questions: list[Question], tmp_path: Path
) -> None:
    client = tiny_teacher.client("generate")
    figures = label(questions, client, ground, HOW, tmp_path)
    assert figures["questions"] == figures["asked_now"] == len(questions)
    assert figures["agreed"] >= len(questions) - 2
    assert figures["as_gold"] > 0.7
    pairs = [json.loads(line) for line in (tmp_path / "labelled.jsonl").read_text().splitlines()]
    assert all(pair["agreement"] == 1 and 0 < pair["confidence"] <= 1 for pair in pairs)
    assert {"prompt", "target", "question", "key"} <= pairs[0].keys()
    again = label(questions, client, ground, HOW, tmp_path)
    assert again["asked_now"] == 0
    assert [json.loads(line) for line in (tmp_path / "labelled.jsonl").read_text().splitlines()] == pairs


def test_a_teacher_of_nonsense_stops_the_labelling(
    tiny_teacher: TinyTeacher, ground: Ground, questions: list[Question], tmp_path: Path
) -> None:
    cut_off = Labelling("tiny", samples=1, temperature=0.0, max_tokens=1)
    with pytest.raises(TeacherError, match="is it the right model, and the right style"):
        label(questions[:4], tiny_teacher.client("generate"), ground, cut_off, tmp_path)


def test_a_full_disk_stops_the_labelling(
    tiny_teacher: TinyTeacher, ground: Ground, questions: list[Question], tmp_path: Path
) -> None:
    client = tiny_teacher.client("generate")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500, before[1]))  # no file may grow beyond that
    try:
        with pytest.raises(OSError, match="too large"):
            label(questions, client, ground, HOW, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = (tmp_path / "labels" / "00000.jsonl").read_bytes().count(b"\n")
    assert 0 < kept < len(questions)
    figures = label(questions, client, ground, HOW, tmp_path)
    assert (figures["questions"], figures["asked_now"]) == (len(questions), len(questions) - kept)


def test_pooled_states_are_transformers_own(tiny_teacher: TinyTeacher, questions: list[Question]) -> None:
    client, words = tiny_teacher.client("pooling"), words_of(tiny_teacher, questions)
    model = Qwen2ForCausalLM.from_pretrained(tiny_teacher.model, dtype=torch.float32).eval()
    for pair in forced(questions):
        ids = [*words.lead(pair), *encode(words.teacher, pair.target)[0]]
        with torch.no_grad():
            expected = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0].numpy()
        np.testing.assert_allclose(client.states(ids), expected, rtol=0, atol=1e-4)


def test_states_are_extracted_once(tiny_teacher: TinyTeacher, questions: list[Question], tmp_path: Path) -> None:
    client, words = tiny_teacher.client("pooling"), words_of(tiny_teacher, questions)
    how = Extraction("tiny", width=16, sample=6, shard=3)
    figures = extract_states(forced(questions), client, words, how, tmp_path)
    assert (figures["pairs"], figures["width"], len(figures["shards"])) == (8, 16, 3)
    assert figures["kept_variance"] > 0.5
    states = open_states(tmp_path)
    assert (len(states), states.width) == (8, 16)
    for pair in forced(questions):
        found = states.get(pair.key)
        assert found is not None
        tokens = len(encode(words.student, pair.target)[0])
        assert len(found[0]) == len(found[1]) > tokens // 2
        assert found[0].max() == tokens - 1  # both have read the whole SQL at its end
    before = {name: (tmp_path / name).read_bytes() for name in figures["shards"]}
    (tmp_path / figures["shards"][1]).unlink()  # as a process leaves it that was killed in the middle
    again = extract_states(forced(questions), client, words, how, tmp_path)
    assert 0 < again["tokens_now"] < figures["tokens_now"]
    for name, content in before.items():
        rounded = open_states(tmp_path / name)
        assert (tmp_path / name).stat().st_size == len(content)
        assert rounded.width == 16


@pytest.mark.parametrize("part", ["label", "extract"])
def test_killed_and_started_again_it_ends_the_same(tiny_teacher: TinyTeacher, tmp_path: Path, part: str) -> None:
    url = tiny_teacher.url("generate" if part == "label" else "pooling")
    outs = [tmp_path / "whole", tmp_path / "killed"]
    done = run_part(part, url, tiny_teacher, outs[0])
    assert done.wait(timeout=300) == 0
    process = run_part(part, url, tiny_teacher, outs[1])
    watched = "labels/*.jsonl" if part == "label" else "states-*.safetensors"
    wait_until(lambda: any(path.stat().st_size for path in outs[1].glob(watched)), process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path: path.read_bytes() for path in outs[1].glob(watched)}
    again = run_part(part, url, tiny_teacher, outs[1])
    assert again.wait(timeout=300) == 0
    for path, content in kept.items():
        assert path.read_bytes().startswith(content[: content.rfind(b"\n") + 1] if part == "label" else content)
    if part == "label":
        assert (outs[0] / "labelled.jsonl").read_text() == (outs[1] / "labelled.jsonl").read_text()
    else:
        one, two = (open_states(out) for out in outs)
        for question in read_questions(tiny_teacher.pairs):
            first, second = one.get(question.key), two.get(question.key)
            assert first is not None and second is not None
            np.testing.assert_allclose(first[1], second[1], atol=1e-2)


def run_part(part: str, url: str, teacher: TinyTeacher, out: Path) -> subprocess.Popen[bytes]:
    arguments = [part, url, str(teacher.model), str(teacher.pairs), str(teacher.database), str(out)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.teacher_part", *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def wait_until(happened: Any, process: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while not happened():
        assert time.monotonic() - begun < 300
        if process.poll() is not None:
            assert process.returncode == 0
            return  # it was faster than the look at its files
        time.sleep(0.01)


def test_wordings_that_do_not_come_back_are_left_out(
    tiny_teacher: TinyTeacher, ground: Ground, questions: list[Question], tmp_path: Path
) -> None:
    # This teacher has learned no English to speak of, so nearly all that it says is to be left out.
    client = tiny_teacher.client("generate")
    how = Rewording("tiny", ("terse", "manager"), max_tokens=20)
    figures = reword(questions[:3], client, ground, how, tmp_path)
    assert figures["wordings"] == 6
    assert sum(figures["fates"].values()) == 6
    assert "refused" not in figures["fates"]
    assert figures["kept"] <= 3
    lines = (tmp_path / "reworded.jsonl").read_text().splitlines()
    assert len(lines) == figures["kept"]
    assert reword(questions[:3], client, ground, how, tmp_path) == figures


def test_a_server_that_died_is_said_to_be_gone(tiny_teacher: TinyTeacher, tmp_path: Path) -> None:
    assert tiny_teacher.url("generate") == tiny_teacher.url("generate")  # found again, not started twice
    running = find(tiny_teacher.servers, "generate")
    assert running is not None and running.ready
    assert find(tmp_path, "generate") is None
