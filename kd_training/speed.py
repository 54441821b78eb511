"""Milliseconds per token: the served student against transformers, and a GPT-2 against the memory's bandwidth."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from bot.linking import Linked
from bot.network import Network
from bot.prompt import prompt
from bot.student import Student
from kd_training.checkpoint import load_model
from kd_training.export import Size, export_random

_ARRAY_BYTES = 1 << 30  # far larger than any cache
_PASSES = 8


@dataclass(frozen=True)
class Race:
    """Milliseconds per token said, over the same questions and as many tokens each, with `beam` candidates."""

    beam: int
    questions: int
    tokens: int
    student: float
    transformers: float

    @property
    def ratio(self) -> float:
        """How many times faster the student is."""
        return self.transformers / self.student


@dataclass(frozen=True)
class Floor:
    """A random model's decoding against the time that only reading its weights takes.

    `megabytes`: the weights read for each token. `bandwidth`: GB/s that `threads` threads read from memory.
    """

    size: Size
    threads: int
    megabytes: float
    bandwidth: float
    milliseconds: float

    @property
    def floor(self) -> float:
        """Milliseconds that no decoder can beat with these weights and this memory."""
        return self.megabytes / self.bandwidth

    @property
    def ratio(self) -> float:
        """How far above the floor decoding is."""
        return self.milliseconds / self.floor


def race(student: Student, directory: Path, linked: Sequence[Linked], beam: int, threads: int = 2) -> Race:
    """Let the served student (int8, grammar and all) and `transformers` (float32, the same weights) say equally much.

    The student was loaded with a number of threads of its own; transformers gets one thread and then `threads`, and
    its better time counts. One after the other: in turns, the idle threads of each library, which spin while they
    wait, would slow down the other. Raises CheckpointError.
    """
    ours: list[float] = []
    lengths: list[int] = []
    questions: list[Linked] = []
    for question in [*linked[:1], *linked]:  # the first warms up
        start = time.perf_counter()
        said = student.predict(question, beam)
        took = time.perf_counter() - start
        if said:
            ours.append(took)
            lengths.append(said[0].tokens)
            questions.append(question)
    model, tokenizer = load_model(directory)
    generate: Callable[..., object] = model.train(False).generate
    prompts = [tokenizer.encode(prompt(student.read(q)), add_special_tokens=False).ids for q in questions]
    theirs = min(_generate(generate, prompts, lengths, beam, n) for n in sorted({1, threads}))
    tokens = sum(lengths[1:])
    return Race(beam, len(ours) - 1, tokens, sum(ours[1:]) * 1000 / tokens, theirs * 1000 / tokens)


def _generate(
    generate: Callable[..., object], prompts: Sequence[list[int]], lengths: Sequence[int], beam: int, threads: int
) -> float:
    """Seconds for saying so many tokens after each prompt but the first, which warms up."""
    torch.set_num_threads(threads)
    took = []
    for tokens, length in zip(prompts, lengths, strict=True):
        ids = torch.tensor([tokens])
        start = time.perf_counter()
        with torch.no_grad():
            generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, num_beams=beam, use_cache=True,
                min_new_tokens=length, max_new_tokens=length,
            )  # fmt: skip
        took.append(time.perf_counter() - start)
    return sum(took[1:])


def floor(folder: Path, size: Size = "gpt2", threads: int = 2, prompt_tokens: int = 60, tokens: int = 48) -> Floor:
    """Export a random model of that size into `folder` and time its decoding; the best of several runs of both."""
    path = export_random(folder, size)
    network = Network(path, threads)
    speeds = []
    milliseconds = []
    for _ in range(3):  # by turns, so that both see the same machine
        speeds.append(read_bandwidth(threads))
        milliseconds.append(_decode(network, prompt_tokens, tokens))
    return Floor(size, threads, weight_bytes(path) / 1e6, max(speeds), min(milliseconds))


def weight_bytes(path: Path) -> int:
    """Bytes of an exported graph's weights that every token reads: all but the table of positions."""
    graph = onnx.load(str(path)).graph
    sizes = {i.name: numpy_helper.to_array(i).nbytes for i in graph.initializer}
    tables = {n.input[0] for n in graph.node if n.op_type == "Gather" and n.input[0] in sizes}
    matrices = {name for n in graph.node if n.op_type in ("MatMulNBits", "MatMul") for name in n.input}
    return sum(size for name, size in sizes.items() if name in matrices or name not in tables)


def read_bandwidth(threads: int = 2, passes: int = _PASSES) -> float:
    """GB/s at which `threads` threads together read an array much larger than the caches; the best pass."""
    parts = np.array_split(np.ones(_ARRAY_BYTES, dtype=np.uint8), threads)
    read: Callable[..., object] = np.bitwise_or.reduce  # of what was tried, what reads fastest
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(passes):
            start = time.perf_counter()
            list(pool.map(read, parts))
            best = min(best, time.perf_counter() - start)
    return _ARRAY_BYTES / best / 1e9


def _decode(network: Network, prompt_tokens: int, tokens: int) -> float:
    """The median milliseconds of one token after a prompt."""
    network.rewind()
    logits = network.read([list(range(1, prompt_tokens + 1))])
    took = []
    for _ in range(tokens):
        token = int(logits[0, -1].argmax())
        start = time.perf_counter()
        logits = network.read([[token]])
        took.append((time.perf_counter() - start) * 1000)
    return median(took)
