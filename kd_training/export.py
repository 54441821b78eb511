"""A trained student's files: int8 ONNX to serve, float16 weights to go on training from, tokenizer, config.

What the training added for itself (the projection to the teacher, optimizer state) stays behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import torch
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from bot.network import Network
from kd_training.batches import Example, encode_examples, make_batch
from kd_training.checkpoint import load_model, save_model
from kd_training.forward import check_supported
from kd_training.onnx_graph import Precision, Shape, build_graph

ONNX_FILE = "student.onnx"
Size = Literal["student", "gpt2"]

_SIZES: dict[Size, Shape] = {
    "student": Shape(vocabulary=4096, positions=256, width=256, layers=6, heads=4),
    "gpt2": Shape(vocabulary=50257, positions=1024, width=768, layers=12, heads=12),
}


class ExportError(Exception):
    """A student cannot be exported; the message says why."""


def export(student: str | Path | tuple[GPT2LMHeadModel, Tokenizer], out: Path) -> None:
    """Write `student.onnx` (int8), `model.safetensors` (float16), config and tokenizer into `out`.

    `student` is a checkpoint or model directory, or a model with its tokenizer. Raises CheckpointError when
    it cannot be loaded, ExportError when it is not a plain GPT-2 or a weight does not fit into float16.
    """
    model, tokenizer = load_model(student) if isinstance(student, str | Path) else student
    half = {name: tensor.to(torch.float16) for name, tensor in model.named_parameters()}
    for name, tensor in half.items():
        if not bool(tensor.isfinite().all()):
            raise ExportError(f"The weight {name} holds a number that float16 cannot: was the training stable?")
    save_model(out, model, half, tokenizer)
    onnx.save_model(to_onnx(model), str(out / ONNX_FILE))


def to_onnx(model: GPT2LMHeadModel, precision: Precision = "int8") -> onnx.ModelProto:
    """The model as an ONNX graph; see `build_graph` for its inputs and outputs. Raises ExportError."""
    try:
        check_supported(model)
    except ValueError as error:
        raise ExportError(str(error)) from error
    weights = {
        name.removeprefix("transformer."): tensor.detach().float().numpy() for name, tensor in model.named_parameters()
    }
    return build_graph(weights, shape_of(model.config), precision)


def shape_of(config: GPT2Config) -> Shape:
    """The size that a transformers configuration describes."""
    return Shape(
        vocabulary=config.vocab_size,
        positions=config.n_positions,
        width=config.n_embd,
        layers=config.n_layer,
        heads=config.n_head,
        epsilon=config.layer_norm_epsilon,
    )


def random_model(size: Size = "gpt2", seed: int = 0) -> GPT2LMHeadModel:
    """An untrained model of a standard size, for timing: "gpt2" has 124M parameters, "student" 5.8M."""
    shape = _SIZES[size]
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=shape.vocabulary,
        n_positions=shape.positions,
        n_embd=shape.width,
        n_layer=shape.layers,
        n_head=shape.heads,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    model = GPT2LMHeadModel(config)
    model.train(False)
    return model


def export_random(out: Path, size: Size = "gpt2", seed: int = 0) -> Path:
    """Write the int8 graph of `random_model` into `out`; returns its path."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / ONNX_FILE
    onnx.save_model(to_onnx(random_model(size, seed)), str(path))
    return path


@dataclass(frozen=True)
class Agreement:
    """How close int8 stays to float32 over `positions` target positions.

    `same_top` is the share of them with the same likeliest token, `log_probability_gap` the mean absolute
    difference of that token's log-probability.
    """

    same_top: float
    log_probability_gap: float
    positions: int


def agreement(model: GPT2LMHeadModel, tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Compare the int8 graph with the float32 model on the target tokens of (prompt, target) pairs."""
    network = Network(to_onnx(model).SerializeToString(), threads=2)
    examples = [Example(prompt, target) for prompt, target in pairs]
    corpus = encode_examples(examples, tokenizer, int(model.config.n_positions))
    same, gaps = [], []
    for number in range(len(corpus)):
        batch = make_batch(corpus, np.array([number]))
        ids = torch.from_numpy(batch.ids)
        with torch.no_grad():
            exact = model(ids, attention_mask=torch.ones_like(ids)).logits[0].log_softmax(-1).numpy()[batch.at]
        network.rewind()
        logits = network.read(batch.ids.tolist(), batch.ids.shape[1])
        rough = torch.from_numpy(logits)[0].log_softmax(-1).numpy()[batch.at]
        top = exact.argmax(-1)
        same.append(top == rough.argmax(-1))
        gaps.append(np.abs(np.take_along_axis(exact - rough, top[:, None], -1)[:, 0]))
    return Agreement(float(np.concatenate(same).mean()), float(np.concatenate(gaps).mean()), sum(map(len, same)))
