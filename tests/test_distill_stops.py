"""Training can stop anywhere and goes on to the same end, or says why not."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file
from transformers import GPT2LMHeadModel

from kd_training.batches import encode_examples, plan_epoch, read_examples
from kd_training.checkpoint import CheckpointError, is_whole, last_checkpoint
from kd_training.distill import DistillError, DivergedError, distill
from kd_training.tokenizer import train_tokenizer
from tests.toy_pairs import Vectors, tiny, written_pairs


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return written_pairs(tmp_path / "pairs.jsonl")


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


class _Late(Vectors):
    """States of one of the twenty pairs alone: no step before the first checkpoint meets it."""

    def get(self, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
        return super().get("1") if key == "late" else None


def test_a_run_goes_on_from_before_the_first_state(pairs: Path, tmp_path: Path) -> None:
    settings = {"checkpoint_every": 1, "batch_tokens": 200, "max_steps": 8}
    written = tiny(pairs, tmp_path / "run", **settings)
    lines = [json.loads(line) for line in pairs.read_text().split("\n")]
    examples = read_examples([pairs])
    tokenizer = train_tokenizer([t for e in examples for t in (e.prompt, e.target)], written.vocab_size, [])
    order = plan_epoch(encode_examples(examples, tokenizer, 64).lengths, 200, written.seed, 0)
    for number, line in enumerate(lines):
        line["key"] = "late" if number in order[4] else "unknown"
    pairs.write_text("\n".join(map(json.dumps, lines)))
    whole = distill(tiny(pairs, tmp_path / "whole", **settings), None, _Late()).last
    first = tiny(pairs, tmp_path / "broken", **{**settings, "eval_every": 3})
    with pytest.raises(InterruptedError):
        distill(first, _stop, _Late())
    stopped = last_checkpoint(first.output)
    assert stopped is not None and stopped.name == "step-0000002"
    assert not [name for name in load_file(stopped / "training.safetensors") if name.startswith("optimizer.projection")]
    again = distill(tiny(pairs, tmp_path / "broken", **settings), None, _Late()).last
    for name in ("model.safetensors", "training.safetensors"):
        assert (again / name).read_bytes() == (whole / name).read_bytes()
