"""GPT-2's forward pass over transformers' own weights, arranged for training on a CPU.

The numbers are those of `GPT2LMHeadModel`; the order of work is not. Short sequences in bfloat16 run several
times faster through plain batched products than through the fused attention kernel (its backward pass most of
all), the tanh GELU is one fused call, and the last layer's output is worked out only where a loss reads it.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional
from transformers import GPT2LMHeadModel
from transformers.models.gpt2.modeling_gpt2 import GPT2Block

HEAD_STEP = 8  # channels: ONNX Runtime's attention with a cache takes no other heads on a CPU
_ACTIVATIONS = ("gelu_new", "gelu_pytorch_tanh")  # two spellings of one function


def check_supported(model: GPT2LMHeadModel) -> None:
    """Raise ValueError when the model's settings go beyond plain GPT-2, or its heads cannot be served."""
    config = model.config
    if (wide := config.n_embd // config.n_head) % HEAD_STEP:
        raise ValueError(
            f"n_embd {config.n_embd} over n_head {config.n_head} gives heads of {wide} channels; they can be served "
            f"only with a multiple of {HEAD_STEP}."
        )
    if config.activation_function not in _ACTIVATIONS:
        raise ValueError(f"Only the tanh GELU is supported, not {config.activation_function}.")
    if config.scale_attn_by_inverse_layer_idx or not config.scale_attn_weights or config.add_cross_attention:
        raise ValueError("Only GPT-2's plain attention is supported.")


def states_at(model: GPT2LMHeadModel, ids: Tensor, at: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The states after the final norm at flat positions `at` [t] of `ids` [b, n]: shape [t, width].

    `ids` is padded on the right, where causal attention never looks. `dtype` is that of the activations and
    matrix products; weights stay as they are. Drops out as the model's settings say while the model is
    training.
    """
    batch, length = ids.shape
    transformer, config = model.transformer, model.config
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        states = (transformer.wte(ids) + transformer.wpe.weight[:length]).to(dtype)
        states = _dropped(states, config.embd_pdrop, model.training).view(batch * length, -1)
        mask = torch.full((length, length), float("-inf"), dtype=dtype).triu(1)
        last = len(transformer.h) - 1
        for number, block in enumerate(transformer.h):
            states = _block(cast(GPT2Block, block), states, mask, at if number == last else None)
        normed: Tensor = transformer.ln_f(states)
    return normed


def _block(block: GPT2Block, states: Tensor, mask: Tensor, at: Tensor | None) -> Tensor:
    """One layer on flat states [b * n, width]; with `at`, its output at those positions only."""
    attended = _attention(block, block.ln_1(states), mask)
    if at is not None:
        attended, states = attended[at], states[at]
    drop, training = block.mlp.dropout.p, block.training
    out = block.attn.c_proj
    states = states + _dropped(torch.addmm(out.bias, attended, out.weight), drop, training)
    up, down = block.mlp.c_fc, block.mlp.c_proj
    inner = functional.gelu(torch.addmm(up.bias, block.ln_2(states), up.weight), approximate="tanh")
    return states + _dropped(torch.addmm(down.bias, inner, down.weight), drop, training)


def _attention(block: GPT2Block, normed: Tensor, mask: Tensor) -> Tensor:
    """Causal self-attention on flat states [b * n, width], before its output projection."""
    rows, width = normed.shape
    length = len(mask)
    batch, heads = rows // length, block.attn.num_heads
    size = width // heads
    joint = torch.addmm(block.attn.c_attn.bias, normed, block.attn.c_attn.weight)
    split = joint.view(batch, length, 3, heads, size).permute(2, 0, 3, 1, 4)
    query, key, value = split.reshape(3, batch * heads, length, size).unbind(0)
    scores = torch.baddbmm(mask.to(query.dtype), query, key.transpose(1, 2), alpha=size**-0.5)
    weights = _dropped(torch.softmax(scores, -1), block.attn.attn_dropout.p, block.training)
    mixed = torch.bmm(weights, value).view(batch, heads, length, size)
    return mixed.transpose(1, 2).reshape(rows, width)


def _dropped(states: Tensor, share: float, training: bool) -> Tensor:
    return functional.dropout(states, share, training) if training and share > 0 else states
