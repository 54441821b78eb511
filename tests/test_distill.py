"""The training loop: what it computes, alone and over processes, and that it ends well."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kd_training.checkpoint import best_checkpoint, load_model
from kd_training.distill import DistillError, distill
from kd_training.distill_config import ConfigError
from kd_training.states import StatesFile, write_states
from kd_training.tokenizer import load_tokenizer, train_tokenizer
from tests.toy_pairs import Vectors, log_of, tiny, tiny_model, written_pairs


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return written_pairs(tmp_path / "pairs.jsonl")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_loss_falls_and_everything_is_recorded(pairs: Path, tmp_path: Path, precision: str) -> None:
    output = tmp_path / "run"
    report = distill(tiny(pairs, output, precision=precision, max_steps=60, held_out=pairs, eval_every=30))
    lines = [line for line in log_of(output) if "loss" in line]
    assert [line["step"] for line in lines] == list(range(1, 61))
    assert lines[-1]["loss"] < 0.6 * lines[0]["loss"]
    assert report.held_out_loss is not None and report.held_out_loss < 0.7 * lines[0]["loss"]
    assert report.score == -report.held_out_loss
    assert (report.steps, report.stopped, report.examples, report.too_long) == (60, "steps", 60, 0)
    assert report.last == report.best == output / "step-0000060"
    assert list((output / "tensorboard").iterdir())
    model, tokenizer = load_model(report.best)
    assert model.config.vocab_size == tokenizer.get_vocab_size() <= 320


def test_muon_learns_at_least_as_fast(pairs: Path, tmp_path: Path) -> None:
    final = {}
    for optimizer in ("adamw", "muon"):
        distill(tiny(pairs, tmp_path / optimizer, optimizer=optimizer, max_steps=40))
        final[optimizer] = log_of(tmp_path / optimizer)[-1]["loss"]
    assert final["muon"] < 1.05 * final["adamw"]


def run_workers(config_file: Path, world: int) -> None:
    script = (
        "import sys;"
        "from kd_training.distill import distill;"
        "from kd_training.distill_config import load_config;"
        "from tests.toy_pairs import Vectors;"
        "distill(load_config(sys.argv[1]), states=Vectors())"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    root = Path(__file__).parents[1]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(config_file)],
            env={
                **os.environ, "PYTHONPATH": str(root), "RANK": str(rank), "WORLD_SIZE": str(world),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
            },
            stderr=subprocess.PIPE,
        )
        for rank in range(world)
    ]  # fmt: skip
    for process in processes:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors.decode()


def test_two_processes_and_accumulation_learn_what_one_process_learns(pairs: Path, tmp_path: Path) -> None:
    shared = {"max_steps": 6, "batch_tokens": 150, "ema_decay": 0.0}
    one = distill(tiny(pairs, tmp_path / "one", **shared), states=Vectors()).last
    parts = distill(tiny(pairs, tmp_path / "parts", accumulation=3, **shared), states=Vectors()).last
    config = tiny(pairs, tmp_path / "two", **shared)
    file = tmp_path / "two.toml"
    settings = json.loads(config.model_dump_json(exclude_none=True))
    file.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items()))
    run_workers(file, world=2)
    two = tmp_path / "two" / one.name
    expected = load_file(one / "model.safetensors")
    for other in (parts, two):
        found = load_file(other / "model.safetensors")
        assert found.keys() == expected.keys()
        for name, tensor in expected.items():
            torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-5)
    logs = [[line["loss"] for line in log_of(run) if "loss" in line] for run in (one.parent, two.parent)]
    assert logs[0] == pytest.approx(logs[1], abs=1e-4)


def test_the_teachers_states_pull_too(pairs: Path, tmp_path: Path) -> None:
    plain = distill(tiny(pairs, tmp_path / "plain"))
    taught = distill(tiny(pairs, tmp_path / "taught", max_steps=60), states=Vectors())
    lines = [line for line in log_of(tmp_path / "taught") if "mse" in line]
    errors = [line["mse"] for line in lines if line["mse"] > 0]  # a batch may hold no pair with states
    assert errors[-1] < 0.8 * errors[0]
    for line in lines:
        assert line["loss"] == pytest.approx(0.75 * line["ce"] + 0.25 * line["mse"], rel=1e-4)
    assert all(line["mse"] == 0 and line["loss"] == line["ce"] for line in log_of(tmp_path / "plain") if "mse" in line)
    assert "projection.weight" in load_file(taught.last / "training.safetensors")
    assert load_file(taught.last / "model.safetensors").keys() == load_file(plain.last / "model.safetensors").keys()


def test_teacher_states_come_from_a_file_too(pairs: Path, tmp_path: Path) -> None:
    known = {key: Vectors().get(key) for key in ("0", "1")}
    file = tmp_path / "states.safetensors"
    write_states(file, [(key, *found) for key, found in known.items() if found is not None])
    read = distill(tiny(pairs, tmp_path / "read", states=file))
    given = distill(tiny(pairs, tmp_path / "given"), states=StatesFile(file))
    name = "training.safetensors"
    assert (read.last / name).read_bytes() == (given.last / name).read_bytes()
    ablated = distill(tiny(pairs, tmp_path / "ablated", states=file, mse_weight=0.0))
    assert "projection.weight" not in load_file(ablated.last / name)


def test_a_qwen2_learns_in_the_same_loop(pairs: Path, tmp_path: Path) -> None:
    settings = {"architecture": "qwen2", "max_steps": 40, "checkpoint_every": 15, "held_out": pairs}
    whole = distill(tiny(pairs, tmp_path / "whole", **settings))
    losses_of = [line["loss"] for line in log_of(tmp_path / "whole") if "loss" in line]
    assert losses_of[-1] < 0.7 * losses_of[0]
    assert whole.held_out_loss is not None
    distill(tiny(pairs, tmp_path / "parts", **{**settings, "max_steps": 20}))
    with pytest.raises(DistillError, match="other pairs or with another student"):
        distill(tiny(pairs, tmp_path / "parts"))


def test_a_run_begins_from_a_model_on_disk(pairs: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    tiny_model().save_pretrained(base)
    train_tokenizer([pairs.read_text()] * 2, 320, []).save(str(base / "tokenizer.json"))
    config = tiny(pairs, tmp_path / "run", init=str(base), max_steps=1, lr=1e-9, n_positions=9, ema_decay=0.0)
    report = distill(config)
    assert (report.examples, report.too_long) == (
        60,
        0,
    )  # the model's own 64 positions hold, not the settings'
    start, end = load_file(base / "model.safetensors"), load_file(report.last / "model.safetensors")
    for name, tensor in end.items():
        torch.testing.assert_close(tensor, start[name], rtol=0, atol=1e-6)
    assert load_tokenizer(report.last).to_str() == load_tokenizer(base).to_str()


def test_a_model_that_could_not_be_served_is_not_trained(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="n_embd 24 over n_head 2 gives heads of 12 channels"):
        distill(tiny(pairs, tmp_path / "run", n_embd=24))
    model, tokenizer = tiny_model(activation_function="relu"), train_tokenizer(["SELECT"], 320, [])
    model.save_pretrained(tmp_path / "model")
    tokenizer.save(str(tmp_path / "model" / "tokenizer.json"))
    with pytest.raises(ConfigError, match="GELU"):
        distill(tiny(pairs, tmp_path / "run", init=str(tmp_path / "model")))


def test_the_best_checkpoint_is_the_one_that_answers_best(pairs: Path, tmp_path: Path) -> None:
    scores: Iterator[float] = iter([0.1, 0.9, 0.3, 0.2])
    output = tmp_path / "run"
    report = distill(tiny(pairs, output, eval_every=3, max_steps=12), lambda model, tokenizer: next(scores))
    assert (report.score, report.best.name, report.last.name) == (0.9, "step-0000006", "step-0000012")
    assert sorted(path.name for path in output.glob("step-*")) == ["step-0000006", "step-0000012"]
    assert best_checkpoint(output) == report.best


def test_pairs_that_are_all_too_long_are_reported(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(DistillError, match="at most 8 tokens"):
        distill(tiny(pairs, tmp_path / "run", n_positions=8))


def test_a_run_of_minutes_ends_on_time_and_decayed(pairs: Path, tmp_path: Path) -> None:
    report = distill(tiny(pairs, tmp_path / "run", max_steps=None, epochs=100_000, max_minutes=0.03))
    assert report.stopped == "minutes"
    assert 1.8 <= report.seconds < 6
    rates = [line["learning_rate"] for line in log_of(tmp_path / "run") if "learning_rate" in line]
    assert rates[-1] < 0.05 * max(rates)
