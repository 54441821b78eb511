"""From pairs to batches: JSON lines, token arrays, and batches of like length in a reproducible order.

The student reads prompt + target + end token. Prompt and target are tokenised apart and joined, because
serving does the same: the prompt is there before the first target token is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from eval_harness.json_lines import numbered_lines
from kd_training.tokenizer import END, end_id

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_ENCODE_AT_ONCE = 4096
_SORT_WINDOW = 64  # batches' worth of examples sorted together: little padding, yet new company every epoch


class DataError(Exception):
    """A file of pairs cannot be trained on; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Example:
    """One pair to learn. `weight` scales its loss; `key` finds its teacher states."""

    prompt: str
    target: str
    weight: float = 1.0
    key: str = ""


@dataclass(frozen=True)
class Corpus:
    """Tokenised pairs, end to end in one flat array.

    Example i is `tokens[starts[i]:starts[i + 1]]`, its first `prompts[i]` tokens being the prompt and its
    last the end token. `too_long` counts the examples left out for exceeding the length limit.
    """

    tokens: npt.NDArray[np.int32]
    starts: Ints
    prompts: Ints
    weights: Floats
    keys: tuple[str, ...]
    end: int
    too_long: int = 0

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def lengths(self) -> Ints:
        """Tokens of each example, end token included."""
        return np.diff(self.starts)


@dataclass(frozen=True)
class Batch:
    """Some examples as rectangles: b examples, n tokens in the longest of them, t scored tokens in all.

    `ids` [b, n], padded on the right with the end token. The model's state at flat position `at` [t] (an
    index into b * n) predicts `labels` [t] with weight `weights` [t]. `first` [b] is where an example's
    scored tokens begin in those arrays, so its state after target token j is the one at `first + j + 1`.
    """

    ids: Ints
    at: Ints
    labels: Ints
    weights: Floats
    first: Ints
    keys: tuple[str, ...]

    @property
    def tokens(self) -> int:
        """Padded size of the batch."""
        return int(self.ids.size)


def read_examples(paths: Iterable[str | Path]) -> list[Example]:
    """Read JSON lines {"prompt", "target", "weight"?, "key"?}. Raises DataError naming the file and line."""
    examples: list[Example] = []
    for path in map(Path, paths):
        try:
            lines = numbered_lines(path)
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read: {error}") from error
        examples.extend(_parse(line, f"{path}:{number}") for number, line in lines)
    return examples


def _parse(line: str, where: str) -> Example:
    try:
        record = json.loads(line)
        prompt, target = record["prompt"], record["target"]
        weight, key = float(record.get("weight", 1.0)), str(record.get("key", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: not a pair with a prompt and a target ({error!r}).") from error
    if not (isinstance(prompt, str) and isinstance(target, str) and prompt and target):
        raise DataError(f"{where}: prompt and target must be texts, and not empty.")
    if not 0.0 <= weight < float("inf"):
        raise DataError(f"{where}: weight must be zero or more, not {weight}.")
    return Example(prompt, target, weight, key)


def encode_examples(examples: Sequence[Example], tokenizer: Tokenizer, max_tokens: int) -> Corpus:
    """Tokenise, leaving out (and counting) examples of more than `max_tokens` tokens.

    A prompt may begin with `<|endoftext|>`, which is then the end token; anywhere else those are mere
    characters.
    """
    end = end_id(tokenizer)
    pieces: list[list[int]] = []
    prompts: list[int] = []
    kept: list[Example] = []
    for example, prompt, target in _encoded(examples, tokenizer, end):
        if len(prompt) + len(target) + 1 <= max_tokens:
            pieces.append([*prompt, *target, end])
            prompts.append(len(prompt))
            kept.append(example)
    return Corpus(
        tokens=np.fromiter((token for piece in pieces for token in piece), np.int32),
        starts=np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64),
        prompts=np.array(prompts, np.int64),
        weights=np.array([example.weight for example in kept], np.float32),
        keys=tuple(example.key for example in kept),
        end=end,
        too_long=len(examples) - len(kept),
    )


def _encoded(
    examples: Sequence[Example], tokenizer: Tokenizer, end: int
) -> Iterator[tuple[Example, list[int], list[int]]]:
    for begin in range(0, len(examples), _ENCODE_AT_ONCE):
        some = examples[begin : begin + _ENCODE_AT_ONCE]
        prompts = tokenizer.encode_batch([e.prompt.removeprefix(END) for e in some], add_special_tokens=False)
        targets = tokenizer.encode_batch([e.target for e in some], add_special_tokens=False)
        for example, prompt, target in zip(some, prompts, targets, strict=True):
            first = [end] if example.prompt.startswith(END) else []
            yield example, first + prompt.ids, target.ids


def plan_epoch(lengths: Ints, budget: int, seed: int, epoch: int) -> list[Ints]:
    """The batches of one epoch as arrays of example numbers: a pure function of its arguments.

    Every example comes once. A batch's padded size (longest length × examples) is at most `budget` tokens,
    save for one example longer than that alone. Examples are shuffled, sorted by length within windows of
    many batches, cut, and the batches shuffled.
    """
    random = np.random.Generator(np.random.PCG64([seed, epoch]))
    order = random.permutation(len(lengths)).astype(np.int64)
    mean = max(1.0, float(lengths.mean())) if len(lengths) else 1.0
    window = max(1, int(_SORT_WINDOW * budget / mean))
    batches: list[Ints] = []
    for begin in range(0, len(order), window):
        some = order[begin : begin + window]
        batches.extend(_cut(some[np.argsort(lengths[some], kind="stable")], lengths, budget))
    return [batches[number] for number in random.permutation(len(batches))]


def _cut(ordered: Ints, lengths: Ints, budget: int) -> Iterator[Ints]:
    """Cut examples in order of length into batches of at most `budget` padded tokens."""
    begin = 0
    for end in range(1, len(ordered) + 1):
        longest_next = lengths[ordered[end]] if end < len(ordered) else budget + 1
        if longest_next * (end + 1 - begin) > budget:
            yield ordered[begin:end]
            begin = end


def plan_size(lengths: Ints, budget: int, seed: int) -> int:
    """How many batches one epoch holds, taking the first as the measure."""
    return len(plan_epoch(lengths, budget, seed, 0))


def make_batch(corpus: Corpus, numbers: Ints) -> Batch:
    """The rectangle of some examples (possibly none)."""
    lengths = corpus.lengths[numbers]
    width = int(lengths.max()) if len(numbers) else 0
    ids = np.full((len(numbers), width), corpus.end, np.int64)
    scored = lengths - corpus.prompts[numbers]  # the target's tokens and the end
    at: list[Ints] = []
    labels: list[Ints] = []
    for row, number in enumerate(numbers):
        tokens = corpus.tokens[corpus.starts[number] : corpus.starts[number + 1]]
        ids[row, : len(tokens)] = tokens
        prompt = int(corpus.prompts[number])
        at.append(np.arange(row * width + prompt - 1, row * width + len(tokens) - 1, dtype=np.int64))
        labels.append(tokens[prompt:].astype(np.int64))
    nothing = np.zeros(0, np.int64)
    return Batch(
        ids=ids,
        at=np.concatenate([nothing, *at]),
        labels=np.concatenate([nothing, *labels]),
        weights=np.repeat(corpus.weights[numbers], scored),
        first=np.concatenate([[0], np.cumsum(scored)])[:-1].astype(np.int64),
        keys=tuple(corpus.keys[number] for number in numbers),
    )
