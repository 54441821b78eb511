"""The training loop: what it computes, that it can stop anywhere, that it ends well or says why not."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel

from kd_training import losses
from kd_training.batches import encode_examples, make_batch, plan_epoch, read_examples
from kd_training.checkpoint import CheckpointError, best_checkpoint, is_whole, last_checkpoint, load_model
from kd_training.distill import DistillError, DivergedError, distill
from kd_training.distill_config import ConfigError, DistillConfig, load_config
from kd_training.forward import states_at
from kd_training.learning_rate import learning_rate_factor
from kd_training.losses import Weights, align, count, cross_entropy, step_loss
from kd_training.states import StatesFile, write_states
from kd_training.tokenizer import load_tokenizer, train_tokenizer

THINGS = ("orders", "customers", "products", "suppliers", "returns")
PLACES = ("Germany", "France", "Japan", "Peru")


class Vectors:
    """Teacher states of two target tokens per example that has a key: a fixed function of the key."""

    width = 6

    def get(self, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
        if key == "unknown":
            return None
        random = np.random.default_rng(int(key))
        return np.array([0, 2], np.int64), random.standard_normal((2, self.width)).astype(np.float32)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.jsonl"
    lines = [
        {
            "prompt": f"how many {thing} in {place}{'?' * marks}\n",
            "target": f"SELECT COUNT(*) FROM {thing} WHERE {thing}.country = '{place}'",
            "weight": 1.0 + marks,
            "key": "unknown" if marks == 2 else str(marks),
        }
        for thing in THINGS
        for place in PLACES
        for marks in range(3)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def tiny(pairs: Path, output: Path, **changes: Any) -> DistillConfig:
    settings: dict[str, Any] = {
        "data": (pairs,), "output": output, "vocab_size": 320, "n_layer": 2, "n_head": 2, "n_embd": 32,
        "n_positions": 64, "max_steps": 12, "batch_tokens": 400, "lr": 3e-3, "threads": 1,
        "log_every": 1, "eval_every": 1000, "checkpoint_every": 1000, "precision": "fp32",
    }  # fmt: skip
    return DistillConfig(**{**settings, **changes})


def log_of(output: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]


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


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_stopping_anywhere_changes_no_bit(pairs: Path, tmp_path: Path, optimizer: str) -> None:
    def at_step_nine(model: GPT2LMHeadModel, tokenizer: object) -> float:
        torch.rand(3)  # an evaluation may draw random numbers
        return 0.5

    def stops(model: GPT2LMHeadModel, tokenizer: object) -> float:
        raise InterruptedError

    settings = {
        "dropout": 0.1, "checkpoint_every": 4, "eval_every": 9, "accumulation": 2, "optimizer": optimizer,
    }  # fmt: skip
    whole = tiny(pairs, tmp_path / "whole", **settings)
    broken = tiny(pairs, tmp_path / "broken", **settings)
    distill(whole, at_step_nine, Vectors())
    with pytest.raises(InterruptedError):
        distill(broken, stops, Vectors())
    stopped = last_checkpoint(broken.output)
    assert stopped is not None and stopped.name == "step-0000008"
    (broken.output / ".building-step-0000009").mkdir()  # as a killed process leaves it
    distill(broken, at_step_nine, Vectors())
    for name in ("model.safetensors", "training.safetensors", "tokenizer.json", "config.json"):
        file = Path("step-0000012") / name
        assert (broken.output / file).read_bytes() == (whole.output / file).read_bytes()


def test_muon_learns_at_least_as_fast(pairs: Path, tmp_path: Path) -> None:
    final = {}
    for optimizer in ("adamw", "muon"):
        distill(tiny(pairs, tmp_path / optimizer, optimizer=optimizer, max_steps=40))
        final[optimizer] = log_of(tmp_path / optimizer)[-1]["loss"]
    assert final["muon"] < 1.05 * final["adamw"]


def test_a_checkpoint_of_another_optimizer_is_refused(pairs: Path, tmp_path: Path) -> None:
    distill(tiny(pairs, tmp_path / "run", max_steps=1))
    with pytest.raises(CheckpointError, match="does not fit"):
        distill(tiny(pairs, tmp_path / "run", max_steps=2, optimizer="muon"))


def test_a_finished_run_is_not_trained_further(pairs: Path, tmp_path: Path) -> None:
    config = tiny(pairs, tmp_path / "run", max_steps=3)
    first = distill(config)
    before = first.last.stat().st_mtime_ns
    again = distill(config)
    assert (again.steps, again.last, again.last.stat().st_mtime_ns) == (3, first.last, before)


def run_workers(config_file: Path, world: int) -> None:
    script = (
        "import sys;"
        "from kd_training.distill import distill;"
        "from kd_training.distill_config import load_config;"
        "sys.path.insert(0, sys.argv[2]); from test_distill import Vectors;"
        "distill(load_config(sys.argv[1]), states=Vectors())"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    root = Path(__file__).parents[1]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(config_file), str(root / "tests")],
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


def tiny_model(**changes: Any) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    sizes = {"vocab_size": 320, "n_positions": 64, "n_embd": 32, "n_layer": 3, "n_head": 4}
    return GPT2LMHeadModel(GPT2Config(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, **changes})).eval()


def test_both_losses_are_those_of_the_definition(pairs: Path) -> None:
    model = tiny_model()
    tokenizer = train_tokenizer([pairs.read_text()] * 2, 320, [])
    corpus = encode_examples(read_examples([pairs])[:7], tokenizer, 64)
    batch = make_batch(corpus, np.arange(7))
    aligned = align(batch, Vectors())
    projection = torch.nn.Linear(32, Vectors.width)
    found, _ = step_loss(model, projection, batch, aligned, count(batch, aligned), Weights(0.75, 0.25), torch.float32)
    ce, tokens, mse, pairs_seen = 0.0, 0.0, 0.0, 0
    for number in range(7):
        ids = torch.from_numpy(corpus.tokens[corpus.starts[number] : corpus.starts[number + 1]].astype(np.int64))
        output = model(ids[None], output_hidden_states=True)
        prompt, weight = int(corpus.prompts[number]), float(corpus.weights[number])
        logits = output.logits[0, prompt - 1 : -1]
        ce += weight * functional.cross_entropy(logits, ids[prompt:], reduction="sum").item()
        tokens += weight * (len(ids) - prompt)
        known = Vectors().get(corpus.keys[number])
        if known is not None:
            states = projection(output.hidden_states[-1][0, prompt + torch.from_numpy(known[0])])
            mse += ((states - torch.from_numpy(known[1])) ** 2).mean(-1).sum().item()
            pairs_seen += 2
    assert pairs_seen == 10
    assert found.item() == pytest.approx(0.75 * ce / tokens + 0.25 * mse / pairs_seen, rel=1e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_the_forward_pass_is_gpt2s(dtype: torch.dtype, tolerance: float) -> None:
    model = tiny_model(initializer_range=0.2)
    ids = torch.randint(0, 320, (5, 17))
    at = torch.randperm(5 * 17)[:40]
    expected = model.transformer(ids).last_hidden_state.reshape(-1, 32)[at]
    found = states_at(model, ids, at, dtype).float()
    assert float(((found - expected).abs().mean() / expected.abs().mean()).detach()) < tolerance


def test_dropout_is_on_in_training_only() -> None:
    model = tiny_model(resid_pdrop=0.3, embd_pdrop=0.3, attn_pdrop=0.3)
    ids, at = torch.randint(0, 320, (2, 9)), torch.arange(18)
    assert torch.equal(states_at(model, ids, at), states_at(model, ids, at))
    model.train()
    assert not torch.equal(states_at(model, ids, at), states_at(model, ids, at))


def test_cross_entropy_in_parts_has_the_whole_ones_value_and_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(losses, "_LOGITS_AT_ONCE", 7 * 50)
    torch.manual_seed(0)
    states, table = torch.randn(23, 8, requires_grad=True), torch.randn(50, 8, requires_grad=True)
    labels, weights = torch.randint(0, 50, (23,)), torch.rand(23)
    expected = (functional.cross_entropy(states @ table.t(), labels, reduction="none") * weights).sum()
    wanted = torch.autograd.grad(3 * expected, (states, table))
    found = cross_entropy(states, table, labels, weights)
    torch.testing.assert_close(found, expected)
    for gradient, reference in zip(torch.autograd.grad(3 * found, (states, table)), wanted, strict=True):
        torch.testing.assert_close(gradient, reference)


def test_states_of_another_tokenizer_are_refused(pairs: Path) -> None:
    class Beyond(Vectors):
        def get(self, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
            return np.array([500]), np.zeros((1, self.width), np.float32)

    corpus = encode_examples(read_examples([pairs]), train_tokenizer(["x"], 300, []), 200)
    with pytest.raises(ValueError, match="outside its target"):
        align(make_batch(corpus, np.arange(3)), Beyond())


def test_divergence_stops_with_the_last_good_checkpoint(pairs: Path, tmp_path: Path) -> None:
    with pairs.open("a") as stream:
        stream.write('\n{"prompt": "boom\\n", "target": "SELECT 1", "weight": 3e38}')
    config = tiny(pairs, tmp_path / "run", checkpoint_every=1, batch_tokens=200)
    tokenizer = train_tokenizer(
        [text for e in read_examples([pairs]) for text in (e.prompt, e.target)], config.vocab_size, []
    )
    corpus = encode_examples(read_examples([pairs]), tokenizer, 64)
    bad_step = next(step for step, batch in enumerate(plan_epoch(corpus.lengths, 200, config.seed, 0)) if 60 in batch)
    assert bad_step > 0, "choose another seed: the bad pair comes first"
    config = tiny(pairs, tmp_path / "run", checkpoint_every=1, batch_tokens=200, max_steps=bad_step + 5)
    with pytest.raises(DivergedError, match=f"step-{bad_step:07d}"):
        distill(config)
    last = last_checkpoint(config.output)
    assert last is not None and last.name == f"step-{bad_step:07d}"
    assert all(bool(tensor.isfinite().all()) for tensor in load_file(last / "model.safetensors").values())


def test_a_full_disk_stops_with_what_is_kept(pairs: Path, tmp_path: Path) -> None:
    config = tiny(pairs, tmp_path / "run", max_steps=4, checkpoint_every=2)
    distill(tiny(pairs, tmp_path / "whole", max_steps=4, checkpoint_every=2))
    with pytest.raises(InterruptedError):
        distill(tiny(pairs, config.output, max_steps=4, checkpoint_every=2, eval_every=3), _stop)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))  # no file may grow beyond that
    try:
        with pytest.raises(DistillError, match=r"cannot be written.*File too large; what was saved until step-0000002"):
            distill(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    name = "step-0000004/model.safetensors"
    assert (distill(config).last / "model.safetensors").read_bytes() == (tmp_path / "whole" / name).read_bytes()


def _stop(model: GPT2LMHeadModel, tokenizer: object) -> float:
    raise InterruptedError


def test_a_killed_process_goes_on_to_the_same_end(pairs: Path, tmp_path: Path) -> None:
    settings = {"max_steps": 400, "checkpoint_every": 20, "dropout": 0.1}
    whole = distill(tiny(pairs, tmp_path / "whole", **settings)).last
    config = tiny(pairs, tmp_path / "killed", **settings)
    file = tmp_path / "killed.toml"
    told = json.loads(config.model_dump_json(exclude_none=True))
    file.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in told.items()))
    script = (
        "import sys; from kd_training.distill import distill; from kd_training.distill_config import load_config;"
        "distill(load_config(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", script, str(file)], env=environment) as process:
        while last_checkpoint(config.output) is None:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    stopped = last_checkpoint(config.output)
    assert stopped is not None and stopped.name < whole.name, "the machine was too fast: let it train longer"
    assert (distill(config).last / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


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


def test_the_best_checkpoint_is_the_one_that_answers_best(pairs: Path, tmp_path: Path) -> None:
    scores: Iterator[float] = iter([0.1, 0.9, 0.3, 0.2])
    output = tmp_path / "run"
    report = distill(tiny(pairs, output, eval_every=3, max_steps=12), lambda model, tokenizer: next(scores))
    assert (report.score, report.best.name, report.last.name) == (0.9, "step-0000006", "step-0000012")
    assert sorted(path.name for path in output.glob("step-*")) == ["step-0000006", "step-0000012"]
    assert best_checkpoint(output) == report.best


def test_a_damaged_checkpoint_is_passed_over(pairs: Path, tmp_path: Path) -> None:
    scores: Iterator[float] = iter([0.9, 0.3])
    config = tiny(pairs, tmp_path / "run", eval_every=2, max_steps=4)
    report = distill(config, lambda model, tokenizer: next(scores))
    with (report.last / "training.safetensors").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\xff")
    assert not is_whole(report.last)
    assert last_checkpoint(config.output) == report.best
    assert distill(config, lambda model, tokenizer: 0.1).steps == 4
    assert is_whole(report.last)


def test_a_run_on_other_pairs_is_not_resumed(pairs: Path, tmp_path: Path) -> None:
    config = tiny(pairs, tmp_path / "run", max_steps=1)
    distill(config)
    with pairs.open("a") as stream:
        stream.write('\n{"prompt": "new\\n", "target": "SELECT 1"}')
    with pytest.raises(DistillError, match="other pairs"):
        distill(config)


def test_pairs_that_are_all_too_long_are_reported(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(DistillError, match="at most 8 tokens"):
        distill(tiny(pairs, tmp_path / "run", n_positions=8))


def test_a_run_of_minutes_ends_on_time_and_decayed(pairs: Path, tmp_path: Path) -> None:
    report = distill(tiny(pairs, tmp_path / "run", max_steps=None, epochs=100_000, max_minutes=0.03))
    assert report.stopped == "minutes"
    assert 1.8 <= report.seconds < 6
    rates = [line["learning_rate"] for line in log_of(tmp_path / "run") if "learning_rate" in line]
    assert rates[-1] < 0.05 * max(rates)


@pytest.mark.parametrize("schedule", ["cosine", "wsd"])
def test_the_learning_rate_rises_once_and_falls_to_zero(schedule: Any) -> None:
    rates = [learning_rate_factor(schedule, share / 100, 0.1, 0.3) for share in range(101)]
    top = rates.index(max(rates))
    assert max(rates) == 1.0 and rates[0] == rates[-1] == 0.0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert learning_rate_factor(schedule, 2.0, 0.1, 0.3) == 0.0


def test_settings_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('data = "pairs.jsonl"\noutput = "out"\nlr = 0.002\nprotected = ["a.b"]')
    config = load_config(file)
    assert config.data == (tmp_path / "pairs.jsonl",)
    assert (config.output, config.lr, config.protected) == (tmp_path / "out", 0.002, ("a.b",))
    assert (config.ce_weight, config.mse_weight, config.epochs) == (0.75, 0.25, 20)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data = [", "cannot be read"),
        ('output = "o"', "data"),
        ('data = "d"\noutput = "o"\nepoch = 3', "epoch"),
        ('data = "d"\noutput = "o"\nn_embd = 100\nn_head = 3', "n_head"),
        ('data = "d"\noutput = "o"\nlr = -1', "lr"),
    ],
)
def test_settings_that_make_no_sense_are_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=fault):
        load_config(file)
