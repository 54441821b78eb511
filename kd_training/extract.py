"""The teacher's hidden states of the SQL to be learned, through vLLM's pooling server, in the student's positions.

The SQL is teacher-forced: the prompt's tokens and the SQL's own, tokenised as written (what was sampled under a grammar
may have been spelled with other tokens). Of its states those are kept at whose end the student has read the same
characters; they are reduced by a basis fitted on a sample, and written in shards named by their content. A run that was
stopped makes the shards that lack. `states.json`, written last, names them all. A pair that the server refuses (it may
be too long for it) has no states, and stands in no shard.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from tqdm import tqdm  # type: ignore[import-untyped]

from kd_training.align import encode, equal_ends
from kd_training.reduce import Basis, Floats, fit_basis
from kd_training.shards import write_whole
from kd_training.states import INDEX, StatesFile, write_states
from kd_training.teacher_client import RefusedError, TeacherClient, TeacherError
from kd_training.tokenizer import prompt_ids

log = logging.getLogger(__name__)
_Found = tuple[list[int], Floats, int]  # the student's positions, the teacher's states there, and tokens read


@dataclass(frozen=True)
class Forced:
    """A pair whose SQL the teacher is to read: `key` finds its states, `prompt` is the student's text."""

    key: str
    prompt: str
    target: str
    question: str


@dataclass(frozen=True)
class Extraction:
    """How to extract. `teacher` identifies the model; `width` numbers are kept of each state, at the most.

    The basis is fitted on `sample` pairs, chosen by their keys; a shard holds `shard` pairs.
    """

    teacher: str
    width: int
    sample: int = 500
    shard: int = 512


@dataclass(frozen=True)
class Words:
    """The two tokenizers, and how the teacher is addressed: the ids that stand before the SQL."""

    teacher: Tokenizer
    student: Tokenizer
    lead: Callable[[Forced], list[int]]


def plain_lead(teacher: Tokenizer) -> Callable[[Forced], list[int]]:
    """The student's own prompt in the teacher's tokens: how a stand-in teacher is addressed."""

    def lead(pair: Forced) -> list[int]:
        return prompt_ids(teacher, pair.prompt)

    return lead


def extract_states(
    pairs: Sequence[Forced], client: TeacherClient, words: Words, how: Extraction, out: Path
) -> Mapping[str, Any]:
    """Write the states of all pairs under `out`; the figures that `states.json` holds.

    Raises TeacherError, StatesError, and OSError when the disk is full; whole shards are kept.
    """
    begun = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    distinct = list({pair.key: pair for pair in pairs}.values())
    identity = _identity(how, words, distinct)
    names = [_name(identity, part) for part in _parts(distinct, how.shard)]
    missing = [number for number, name in enumerate(names) if not (out / name).exists()]
    tokens = 0
    if missing:
        client.check()
        basis = _basis(distinct, client, words, how, out / f"basis-{identity}.safetensors")
        parts = list(_parts(distinct, how.shard))
        bar = tqdm(missing, unit="shard", desc="extracting states", disable=not sys.stderr.isatty())
        for number in bar:
            tokens += _shard(parts[number], client, words, basis, out / names[number])
    basis = Basis.load(out / f"basis-{identity}.safetensors")
    seconds = time.monotonic() - begun
    made = [name for name in names if (out / name).exists()]
    figures = {
        "shards": made,
        "pairs": len(distinct),
        "without_states": len(distinct) - sum(len(StatesFile(out / name)) for name in made),
        "width": basis.width,
        "kept_variance": round(basis.kept_variance, 4),
        "tokens_now": tokens,
        "seconds": round(seconds, 1),
        "tokens_per_second": round(tokens / seconds) if tokens else None,
    }
    write_whole(out / INDEX, [json.dumps(figures, indent=1), "\n"])
    return figures


def sql_states(pair: Forced, client: TeacherClient, words: Words) -> _Found:
    """Student's positions [k] in the SQL, the teacher's states [k, its width] there, and how many tokens it read."""
    lead = words.lead(pair)
    ids, theirs = encode(words.teacher, pair.target)
    _, ours = encode(words.student, pair.target)
    states = client.states([*lead, *ids])
    if not np.isfinite(states).all():
        raise TeacherError(f"The teacher's states of {pair.question!r} are not numbers: try another --dtype.")
    met = equal_ends(ours, theirs)
    at = [len(lead) + number for _, number in met]
    # The first token's state is the sink of all attention, hundreds of times larger than any other.
    kept = [(position, row) for (position, _), row in zip(met, at, strict=True) if row > 0]
    return [position for position, _ in kept], states[[row for _, row in kept]], len(states)


def _basis(
    pairs: Sequence[Forced], client: TeacherClient, words: Words, how: Extraction, path: Path
) -> Basis:
    if path.exists():
        return Basis.load(path)
    chosen = sorted(pairs, key=lambda pair: hashlib.sha256(pair.key.encode()).digest())[: how.sample]
    log.info("fitting the basis on %d pairs", len(chosen))
    basis = fit_basis(_sampled(chosen, client, words), how.width)
    basis.save(path)
    return basis


def _sampled(chosen: Sequence[Forced], client: TeacherClient, words: Words) -> Iterator[Floats]:
    """The states of each pair that has any. Raises TeacherError when the teacher refuses them all."""
    refused: list[RefusedError] = []
    for _, found in client.each(lambda pair: _states(pair, client, words), chosen):
        if isinstance(found, RefusedError):
            refused.append(found)
        elif len(found[1]):
            yield found[1]
    if refused and len(refused) == len(chosen):
        raise TeacherError(f"The teacher gives no states of any pair. Of the first: {refused[0]}") from refused[0]


def _shard(part: Sequence[Forced], client: TeacherClient, words: Words, basis: Basis, path: Path) -> int:
    read = 0
    rows: list[tuple[str, Sequence[int], Floats]] = []
    for pair, found in client.each(lambda pair: _states(pair, client, words), part):
        if isinstance(found, RefusedError):
            log.warning("no states of %r: %s", pair.question, found)
            continue
        positions, states, tokens = found
        if positions:
            rows.append((pair.key, positions, basis.reduce(states)))
        read += tokens
    if rows:
        write_states(path, rows)
    return read


def _states(pair: Forced, client: TeacherClient, words: Words) -> _Found | RefusedError:
    """The states, or why there are none: one pair that is too long must not end the work on thousands of others."""
    try:
        return sql_states(pair, client, words)
    except RefusedError as error:
        return error


def _parts(pairs: Sequence[Forced], size: int) -> Iterator[Sequence[Forced]]:
    for begin in range(0, len(pairs), size):
        yield pairs[begin : begin + size]


def _identity(how: Extraction, words: Words, pairs: Sequence[Forced]) -> str:
    """Twelve digits over the teacher, both tokenizers, and the pairs that the basis is fitted on."""
    digest = hashlib.sha256(json.dumps([how.teacher, how.width, how.sample]).encode())
    for tokenizer in (words.teacher, words.student):
        digest.update(tokenizer.to_str().encode())
    for key in sorted(pair.key for pair in pairs):
        digest.update(key.encode())
    return digest.hexdigest()[:12]


def _name(identity: str, part: Sequence[Forced]) -> str:
    digest = hashlib.sha256(identity.encode())
    for pair in part:
        digest.update(f"{pair.key}\n{pair.prompt}\n{pair.target}\n".encode())
    return f"states-{digest.hexdigest()[:16]}.safetensors"
