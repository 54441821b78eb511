"""Distillation: 0.75 · cross-entropy on the target's tokens + 0.25 · MSE to the teacher's states, on a CPU.

One call trains a student from pairs, from the beginning or from the last checkpoint under `output`. A step is
a pure function of the settings, the pairs and the step before, so a resumed run ends with the same bits as
one that was never stopped (unless its length is given in minutes). Without teacher states, cross-entropy
stands alone.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import GPT2LMHeadModel, Qwen2ForCausalLM

from kd_training.batches import Ints, encode_examples, make_batch, plan_epoch, read_examples
from kd_training.checkpoint import (
    CheckpointError,
    Progress,
    best_checkpoint,
    last_checkpoint,
    load_progress,
    load_training,
    save_checkpoint,
)
from kd_training.distill_config import DistillConfig, run_identity
from kd_training.distill_report import Limit, Report
from kd_training.learning_rate import learning_rate_factor
from kd_training.losses import States, Sums, Weights, align, count, held_out_loss, step_loss
from kd_training.parallel import Workers, workers
from kd_training.precision import arithmetic
from kd_training.run_log import RunLog, Window
from kd_training.states import open_states
from kd_training.trainee import Trainee, new_student

Evaluate = Callable[[GPT2LMHeadModel, Tokenizer], float]


class DistillError(Exception):
    """The run cannot go on; the message says why and what is kept."""


class DivergedError(DistillError):
    """The loss or its gradient is no longer a number."""


def distill(config: DistillConfig, evaluate: Evaluate | None = None, states: States | None = None) -> Report:
    """Train as the settings say, resuming from the last checkpoint under `config.output` if there is one.

    `states` go before the file that the settings name. `evaluate(model, tokenizer)` is called every
    `eval_every` steps and at the end, with the weights that would be exported; the checkpoint for which it
    returns the most is the best (without it: the lowest held-out loss). Under torchrun every process calls
    this function; the first one evaluates, logs and saves.

    Raises ConfigError, DataError, TokenizerError, StatesError, CheckpointError, or DistillError when a loss
    is not a number or `output` holds a run on other pairs.
    """
    torch.set_num_threads(config.threads or _cores())
    with workers() as team:
        run = _Run(config, evaluate, states, team)
        with RunLog(config.output, active=team.first) as log:
            run.train(log)
        team.wait()
        return run.report()


class _Run:
    """One process's part of a run."""

    def __init__(self, config: DistillConfig, evaluate: Evaluate | None, states: States | None, team: Workers) -> None:
        self.config, self.evaluate, self.team = config, evaluate, team
        self.dtype = torch.bfloat16 if arithmetic(config.precision) == "bf16" else torch.float32
        examples = read_examples(config.data)
        model, tokenizer = new_student(config, (text for e in examples for text in (e.prompt, e.target)))
        limit = int(model.config.max_position_embeddings)
        self.corpus = encode_examples(examples, tokenizer, limit)
        if len(self.corpus) == 0:
            raise DistillError(f"There is no pair of at most {limit} tokens to learn from in {_names(config.data)}.")
        self.held_out = encode_examples(read_examples([config.held_out]), tokenizer, limit) if config.held_out else None
        if states is None and config.states is not None:
            states = open_states(config.states)
        self.states = states if config.mse_weight > 0 else None
        teaching = self.states is not None
        self.trainee = Trainee(model, tokenizer, config, None if self.states is None else self.states.width)
        self.weights = Weights(config.ce_weight, config.mse_weight) if teaching else Weights(1.0, 0.0)
        self.progress = Progress(run=run_identity(config))
        self._resume()
        self.started = time.monotonic() - self.progress.seconds
        self._plan: tuple[int, list[Ints]] = (-1, [])

    def _resume(self) -> None:
        last = last_checkpoint(self.config.output)
        if last is None:
            return
        progress = load_progress(last)
        if progress.run != self.progress.run:
            raise DistillError(
                f"{self.config.output} holds a run on other pairs or with another student; "
                "choose another output directory, or delete that one."
            )
        try:
            self.trainee.restore(load_file(last / "model.safetensors"), load_training(last))
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(f"{last} does not fit this student: {error}") from error
        self.progress = progress

    def train(self, log: RunLog) -> None:
        """Steps until a limit is reached, with evaluations and checkpoints on the way and at the end."""
        config, window = self.config, Window()
        while (share := max(self._shares().values())) < 1:
            loss = self._step(share, window)
            step = self.progress.step
            log.progress(share, step, loss)
            if step % config.log_every == 0:
                log.write(step, **window.summary(), epoch=self._epochs(), progress=share)
                window = Window()
            due = step % config.eval_every == 0
            if due or step % config.checkpoint_every == 0:
                self._save(log, evaluating=due)
        if self.progress.evaluated != self.progress.step:
            self._save(log, evaluating=True)

    def _shares(self) -> dict[Limit, float]:
        """How much of each limit is used up, the same numbers in every process."""
        config = self.config
        shares: dict[Limit, float] = {"epochs": self._epochs() / config.epochs}
        if config.max_steps is not None:
            shares["steps"] = self.progress.step / config.max_steps
        if config.max_minutes is not None:
            elapsed = self.team.sum([self._seconds() if self.team.first else 0.0])[0]
            shares["minutes"] = elapsed / (60 * config.max_minutes)
        return shares

    def _epochs(self) -> float:
        return self.progress.epoch + self.progress.index / len(self._batches())

    def _seconds(self) -> float:
        return time.monotonic() - self.started

    def _batches(self) -> list[Ints]:
        epoch = self.progress.epoch
        if self._plan[0] != epoch:
            plan = plan_epoch(self.corpus.lengths, self.config.batch_tokens, self.config.seed, epoch)
            self._plan = (epoch, plan)
        return self._plan[1]

    def _step(self, share: float, window: Window) -> float:
        """One change of the weights. Returns the loss before it."""
        config, trainee, begun = self.config, self.trainee, time.monotonic()
        numbers = self._batches()[self.progress.index]
        torch.manual_seed(_step_seed(config.seed, self.progress.step, self.team.rank))
        sums = self._gradients(numbers)
        norm = trainee.clip()
        self._check(sums.ce + sums.mse + norm)
        rate = config.lr * learning_rate_factor(config.schedule, share, config.warmup, config.decay)
        trainee.update(self.progress.step, rate)
        real = int(self.corpus.lengths[numbers].sum())
        self._advance(real)
        ce, mse = sums.ce / max(sums.tokens, 1e-9), sums.mse / max(sums.pairs, 1.0)
        loss = self.weights.ce * ce + self.weights.mse * mse
        window.add(loss, ce, mse, rate, norm, real, time.monotonic() - begun)
        return loss

    def _gradients(self, numbers: Ints) -> Sums:
        """Leave the gradients of the losses over these examples, of all processes, in the parameters."""
        team, trainee = self.team, self.trainee
        batches = [make_batch(self.corpus, numbers[part :: self._parts]) for part in self._mine()]
        aligned = [align(batch, self.states) for batch in batches]
        here = sum((count(b, a) for b, a in zip(batches, aligned, strict=True)), Sums())
        tokens, pairs = team.sum([here.tokens, here.pairs])
        totals, sums = Sums(tokens=tokens, pairs=pairs), Sums()
        for batch, known in zip(batches, aligned, strict=True):
            loss, part = step_loss(trainee.model, trainee.projection, batch, known, totals, self.weights, self.dtype)
            loss.backward()  # type: ignore[no-untyped-call]
            sums += part
        team.sum_gradients(trainee.parameters)
        ce, mse = team.sum([sums.ce, sums.mse])
        return Sums(ce, mse, tokens, pairs)

    @property
    def _parts(self) -> int:
        """How many parts a step's examples are divided into, over processes and turns."""
        return self.team.world * self.config.accumulation

    def _mine(self) -> list[int]:
        """Which parts of a step's examples this process works through."""
        return [self.team.rank + self.team.world * turn for turn in range(self.config.accumulation)]

    def _check(self, number: float) -> None:
        if math.isfinite(number):
            return
        last = last_checkpoint(self.config.output)
        kept = f"the last good checkpoint is {last}" if last else "there is no checkpoint yet"
        raise DivergedError(
            f"Training diverged at step {self.progress.step + 1}: the loss is no longer a number; {kept}. "
            "A lower learning rate usually helps."
        )

    def _advance(self, real: int) -> None:
        now, index = self.progress, self.progress.index + 1
        ended = index == len(self._batches())
        self.progress = replace(
            now,
            step=now.step + 1,
            epoch=now.epoch + ended,
            index=0 if ended else index,
            tokens=now.tokens + real,
        )

    def _save(self, log: RunLog, evaluating: bool) -> None:
        """Evaluate if due, then write a checkpoint: work of the first process, while the others wait."""
        if not self.team.first:
            return
        if evaluating:
            self._evaluate(log)
        self.progress = replace(self.progress, seconds=self._seconds())
        trainee = self.trainee
        try:
            save_checkpoint(
                self.config.output, trainee.model, trainee.weights(), trainee.tokenizer, trainee.training_state(),
                self.progress,
            )  # fmt: skip
        except OSError as error:
            last = last_checkpoint(self.config.output)
            kept = f"what was saved until {last.name} is kept" if last else "nothing was saved before"
            raise DistillError(
                f"The checkpoint of step {self.progress.step} cannot be written to {self.config.output}: "
                f"{error.strerror or error}; {kept}. Make room and start again to go on."
            ) from error

    def _evaluate(self, log: RunLog) -> None:
        with self.trainee.evaluating() as model:
            held_out = held_out_loss(model, self.held_out, self.config.batch_tokens, self.dtype)
            score = None
            if self.evaluate is not None and not isinstance(model, Qwen2ForCausalLM):
                score = float(self.evaluate(model, self.trainee.tokenizer))
        named = {"held_out_loss": held_out, "score": score}
        log.write(self.progress.step, **{name: value for name, value in named.items() if value is not None})
        if score is None and held_out is not None:
            score = -held_out
        best = self.progress.best_score
        self.progress = replace(self.progress, evaluated=self.progress.step, held_out_loss=held_out)
        if score is not None and (best is None or score >= best):
            name = f"step-{self.progress.step:07d}"
            self.progress = replace(self.progress, best=name, best_score=score)

    def report(self) -> Report:
        """What the run came to."""
        output, shares = self.config.output, self._shares()
        best, last = best_checkpoint(output), last_checkpoint(output)
        if best is None or last is None:
            raise CheckpointError(f"The checkpoints under {output} are gone.")
        saved = load_progress(last)
        return Report(
            best=best,
            last=last,
            score=saved.best_score,
            held_out_loss=saved.held_out_loss,
            steps=saved.step,
            epochs=self._epochs(),
            seconds=saved.seconds,
            tokens=saved.tokens,
            examples=len(self.corpus),
            too_long=self.corpus.too_long,
            stopped=max(shares, key=lambda limit: shares[limit]),
        )


def _cores() -> int:
    """This process's share of the machine's cores."""
    return max(1, (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def _step_seed(seed: int, step: int, rank: int) -> int:
    """Dropout's seed in one step of one process: computed, so that no generator's state needs saving."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _names(paths: tuple[Path, ...]) -> str:
    return ", ".join(str(path) for path in paths)
