"""The two losses of distillation: cross-entropy on the target, mean squared error on the teacher's states.

Each has its own denominator, counted over the whole step (all accumulated parts, all processes) before any
gradient is computed: weighted target tokens for the first, aligned token pairs times channels for the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from transformers import GPT2LMHeadModel, Qwen2ForCausalLM

from kd_training.batches import Batch, Corpus, make_batch, plan_epoch
from kd_training.forward import states_at
from kd_training.qwen2 import qwen2_states_at

_LOGITS_AT_ONCE = 1 << 23  # logits held at one time: 2,048 rows of a 4k vocabulary, 167 of GPT-2's


class States(Protocol):
    """Teacher states by example key, in the student's token positions."""

    width: int

    def get(self, key: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] | None:
        """Indices [k] of target tokens, from 0, and the teacher's vectors [k, width] there; or None."""


@dataclass(frozen=True)
class Aligned:
    """The teacher's `vectors` [p, width] for one batch; `rows` [p] index the batch's scored states."""

    rows: Tensor
    vectors: Tensor


@dataclass(frozen=True)
class Sums:
    """Loss sums, and what to divide them by: weighted target `tokens`, and aligned `pairs`."""

    ce: float = 0.0
    mse: float = 0.0
    tokens: float = 0.0
    pairs: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.ce + other.ce, self.mse + other.mse, self.tokens + other.tokens, self.pairs + other.pairs)


@dataclass(frozen=True)
class Weights:
    """How the two losses mix. Where no teacher states are given, cross-entropy stands alone with weight 1."""

    ce: float
    mse: float


def align(batch: Batch, states: States | None) -> Aligned | None:
    """Look up the teacher's vectors of a batch; None without a teacher or when it knows none of them."""
    if states is None:
        return None
    rows: list[npt.NDArray[np.int64]] = []
    vectors: list[npt.NDArray[np.float32]] = []
    ends = np.append(batch.first[1:], len(batch.labels))
    for first, end, key in zip(batch.first, ends, batch.keys, strict=True):
        found = states.get(key) if key else None
        if found is None or len(found[0]) == 0:
            continue
        positions, known = found
        if positions.min() < 0 or first + positions.max() + 1 >= end:
            raise ValueError(f"The states of {key!r} point outside its target: were they made with this tokenizer?")
        rows.append(first + positions + 1)
        vectors.append(known)
    if not rows:
        return None
    return Aligned(torch.from_numpy(np.concatenate(rows)), torch.from_numpy(np.concatenate(vectors)))


def count(batch: Batch, aligned: Aligned | None) -> Sums:
    """The denominators of a batch, with loss sums of zero."""
    tokens = float(batch.weights.sum(dtype=np.float64))
    return Sums(tokens=tokens, pairs=0.0 if aligned is None else float(len(aligned.rows)))


def step_loss(
    model: GPT2LMHeadModel | Qwen2ForCausalLM,
    projection: nn.Linear | None,
    batch: Batch,
    aligned: Aligned | None,
    totals: Sums,
    weights: Weights,
    dtype: torch.dtype,
) -> tuple[Tensor, Sums]:
    """This batch's share of the step's loss (to call `backward` on) and its loss sums (for the log).

    `totals` holds the whole step's denominators. An empty batch gives a zero with no gradient.
    """
    if len(batch.labels) == 0:
        return torch.zeros((), requires_grad=True), Sums()
    ids, at = torch.from_numpy(batch.ids), torch.from_numpy(batch.at)
    if isinstance(model, Qwen2ForCausalLM):
        states = qwen2_states_at(model, ids, at, dtype)
    else:
        states = states_at(model, ids, at, dtype)
    ce = cross_entropy(states, model.lm_head.weight, torch.from_numpy(batch.labels), torch.from_numpy(batch.weights))
    loss = weights.ce * ce / max(totals.tokens, 1e-9)
    if aligned is None or projection is None:
        return loss, Sums(ce=float(ce.detach()))
    projected = projection(states[aligned.rows].float())
    mse = ((projected - aligned.vectors) ** 2).mean(-1).sum()
    return loss + weights.mse * mse / max(totals.pairs, 1.0), Sums(ce=float(ce.detach()), mse=float(mse.detach()))


def held_out_loss(
    model: GPT2LMHeadModel | Qwen2ForCausalLM, corpus: Corpus | None, batch_tokens: int, dtype: torch.dtype
) -> float | None:
    """Cross-entropy per weighted target token of pairs not trained on, in nats; None when there are none."""
    if corpus is None or len(corpus) == 0:
        return None
    sums = Sums()
    for numbers in plan_epoch(corpus.lengths, batch_tokens, 0, 0):
        batch = make_batch(corpus, numbers)
        denominators = count(batch, None)
        with torch.no_grad():
            _, part = step_loss(model, None, batch, None, denominators, Weights(1.0, 0.0), dtype)
        sums += denominators + part
    return sums.ce / max(sums.tokens, 1e-9)


def cross_entropy(states: Tensor, table: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Sum over rows of weight · -log softmax(states @ table.T)[label]; shapes [t, d], [v, d], [t], [t].

    The logits are never held all at once: rows go through in parts, each part's gradient being worked out
    while its logits are at hand. Soft maxima are in float32 whatever the states' type.
    """
    loss: Tensor = _CrossEntropy.apply(states, table, labels, weights)  # type: ignore[no-untyped-call]
    return loss


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
        cast = table.to(states.dtype)
        rows = max(1, _LOGITS_AT_ONCE // len(table))
        wanted = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        state_gradients: list[Tensor] = []
        table_gradient = torch.zeros_like(table) if wanted else None
        total = torch.zeros((), dtype=torch.float64)
        for begin in range(0, len(states), rows):
            part, label = states[begin : begin + rows], labels[begin : begin + rows, None]
            weight = weights[begin : begin + rows]
            logits = (part @ cast.t()).float()
            log_sums = logits.logsumexp(-1)
            total += ((log_sums - logits.gather(1, label)[:, 0]) * weight).sum()
            if table_gradient is None:
                continue
            gradient = logits.sub_(log_sums[:, None]).exp_()
            gradient.scatter_add_(1, label, torch.full_like(label, -1, dtype=gradient.dtype))
            scaled = gradient.mul_(weight[:, None]).to(states.dtype)
            state_gradients.append(scaled @ cast)
            table_gradient += scaled.t() @ part
        if table_gradient is not None:
            ctx.save_for_backward(torch.cat(state_gradients), table_gradient)
        return total.to(torch.float32)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, Tensor, None, None]:
        state_gradient, table_gradient = ctx.saved_tensors
        return state_gradient * outer[0], table_gradient * outer[0], None, None
