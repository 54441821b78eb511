"""The student: a small GPT-2 as int8 ONNX that says short SQL, masked by the grammar, by greedy or beam search."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from llguidance.numpy import fill_next_token_bitmask
from tokenizers import Tokenizer

from bot.glossary import Glossary
from bot.grammar import Grammar
from bot.linking import Linked
from bot.manifest import Manifest, StudentError, read_manifest
from bot.network import Floats, Network, NetworkError
from bot.prompt import PREFIX, prompt, render
from bot.schema import Schema
from bot.vocabulary import Vocabulary

MAX_TOKENS = 200
ANYTHING = r"start: /[^\n]*/"  # the grammar of a student that none holds
FAINT = 6.0  # nats: a candidate that is 400 times less likely than the best is not worth the time it takes


@dataclass(frozen=True, slots=True)
class Prediction:
    """One candidate: short SQL, the sum of its tokens' log-probabilities, and how many tokens it took."""

    short: str
    log_probability: float
    tokens: int


@dataclass(slots=True)
class _Beam:
    tokens: list[int]
    score: float
    matcher: LLMatcher


class Student:
    """A loaded student directory. `predict` may be called from several threads; it runs one at a time."""

    def __init__(
        self,
        manifest: Manifest,
        schema: Schema,
        glossary: Glossary,
        tokenizer: Tokenizer,
        network: Network,
        vocabulary: Vocabulary,
        tokenizer_file: Path,
        positions: int,
        masked: bool = True,
    ) -> None:
        self.manifest = manifest
        self.schema = schema
        self.vocabulary = vocabulary
        self._grammar = Grammar(schema, glossary)
        self._tokenizer = tokenizer
        self._network = network
        self._positions = positions
        self._masked = masked
        end = tokenizer.token_to_id(PREFIX)
        if end is None:
            raise StudentError(f"the student's tokenizer has no {PREFIX}: restore the student or train again")
        self._end = end
        self._guide = LLTokenizer(str(tokenizer_file), eos_token=self._end)
        self._matchers: dict[str, LLMatcher] = {}
        self._lock = threading.Lock()
        # The prefix never changes, so it is read once.
        network.read([[self._end]])
        self._prefix = network.length

    @staticmethod
    def load(directory: Path, glossary: Glossary, threads: int = 2, masked: bool = True) -> Student:
        """Load and verify a student directory. Raises StudentError with a sentence for people.

        `masked=False` lets the student say anything: for measuring what the grammar is worth, never for serving.
        """
        manifest = read_manifest(directory)
        try:
            schema = Schema.from_json(json.loads((directory / "schema.json").read_text("utf-8")))
            words = json.loads((directory / "words.json").read_text("utf-8"))
            positions = int(json.loads((directory / "config.json").read_text("utf-8"))["n_positions"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StudentError(f"the student in {directory} is damaged: {error}") from error
        path = directory / "tokenizer.json"
        tokenizer = Tokenizer.from_file(str(path))
        try:
            network = Network(directory / "student.onnx", threads)
        except NetworkError as error:
            raise StudentError(f"student.onnx in {directory} cannot be loaded: {error}") from error
        return Student(manifest, schema, glossary, tokenizer, network, Vocabulary(words), path, positions, masked)

    @property
    def version(self) -> str:
        """The version that answers carry."""
        return self.manifest.version

    def read(self, linked: Linked) -> str:
        """The text that the student reads for a question."""
        return self.vocabulary.correct(render(linked))

    def predict(self, linked: Linked, beam: int = 4) -> list[Prediction]:
        """Up to `beam` candidates, likeliest first. Empty when nothing could be said within the token limit."""
        text = prompt(self.read(linked))[len(PREFIX) :]
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        room = min(MAX_TOKENS, self._positions - 1 - len(ids))
        if room < 1:
            return []
        with self._lock:
            matcher = self._matcher(self._grammar.for_slots(linked.slots) if self._masked else ANYTHING)
            self._network.rewind(self._prefix)
            logits = self._network.read([ids])[:, -1]
            if beam == 1:
                return self._greedy(logits, matcher, room)
            return self._beam_search(logits, matcher, beam, room)

    def _matcher(self, grammar: str) -> LLMatcher:
        if grammar not in self._matchers:
            matcher = LLMatcher(self._guide, grammar, log_level=0)
            if matcher.is_error():
                raise StudentError(f"the grammar of this schema does not compile: {matcher.get_error()}")
            if len(self._matchers) > 256:
                self._matchers.clear()
            self._matchers[grammar] = matcher
        return self._matchers[grammar].deep_copy()

    def _greedy(self, logits: Floats, matcher: LLMatcher, room: int) -> list[Prediction]:
        tokens: list[int] = []
        score = 0.0
        while True:
            token, log_probability = self._likeliest(logits, matcher)
            score += log_probability
            if token == self._end:
                return [self._prediction(tokens, score)]
            matcher.consume_token(token)
            # Where the grammar leaves no choice the tokens need no search: one run of the network takes them all.
            forced = [t for t in matcher.compute_ff_tokens() if t != self._end]
            if forced:
                matcher.consume_tokens(forced)
            tokens += [token, *forced]
            if len(tokens) > room:
                return []
            logits = self._network.read([[token, *forced]])[:, -1]

    def _likeliest(self, logits: Floats, matcher: LLMatcher) -> tuple[int, float]:
        """The likeliest token that the grammar allows, of logits [1, vocabulary], and its log-probability."""
        row = logits[0]
        token = int(row.argmax())
        if matcher.validate_tokens([token]) == 0:  # else asking for the whole mask is not worth the time
            scores = self._allowed(logits, [matcher])[0]
            token = int(scores.argmax())
            return token, float(scores[token])
        best = row[token]
        return token, -float(np.log(np.exp(row - best).sum()))

    def _beam_search(self, logits: Floats, matcher: LLMatcher, width: int, room: int) -> list[Prediction]:
        beams = [_Beam([], 0.0, matcher)]
        done: list[Prediction] = []
        while beams and len(beams[0].tokens) < room:
            scores = self._allowed(logits, [b.matcher for b in beams])
            totals = scores + np.array([[b.score] for b in beams], dtype=np.float32)
            best = _largest(totals, 2 * width)
            likeliest = max([float(totals[b]) for b in best[:1]] + [p.log_probability for p in done[:1]])
            grown: list[tuple[int, int, float]] = []
            for row, token in best:
                score = float(totals[row, token])
                if score < likeliest - FAINT:
                    break
                if token == self._end:
                    done.append(self._prediction(beams[row].tokens, score))
                elif len(grown) < width:
                    grown.append((row, token, score))
            done.sort(key=lambda p: -p.log_probability)
            del done[width:]
            if len(done) == width and (not grown or grown[0][2] <= done[-1].log_probability):
                break
            beams = [self._advance(beams[row], token, score) for row, token, score in grown]
            if not beams:
                break
            self._network.choose([row for row, _, _ in grown])
            logits = self._network.read([[token] for _, token, _ in grown])[:, -1]
        return _distinct(done)

    def _advance(self, beam: _Beam, token: int, score: float) -> _Beam:
        matcher = beam.matcher.deep_copy()
        matcher.consume_token(token)
        return _Beam([*beam.tokens, token], score, matcher)

    def _allowed(self, logits: Floats, matchers: Sequence[LLMatcher]) -> Floats:
        """Log-probabilities [batch, vocabulary] with minus infinity where the grammar forbids."""
        shifted = logits - logits.max(axis=-1, keepdims=True)
        scores: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        words = (scores.shape[-1] + 31) // 32
        bits = np.zeros((len(matchers), words), dtype=np.int32)
        for i, matcher in enumerate(matchers):
            fill_next_token_bitmask(matcher, bits, i)
        allowed = np.unpackbits(bits.view(np.uint8), axis=-1, bitorder="little")[:, : scores.shape[-1]]
        scores[allowed == 0] = -np.inf
        return scores

    def _prediction(self, tokens: list[int], score: float) -> Prediction:
        return Prediction(self._tokenizer.decode(tokens), score, len(tokens))


def _largest(totals: Floats, count: int) -> list[tuple[int, int]]:
    """Row and column of the `count` largest finite numbers (fewer where there are not so many), largest first."""
    flat = totals.ravel()
    # Only what the grammar allows is compared: a partition takes long over thousands of equal infinities.
    top = np.flatnonzero(np.isfinite(flat))
    if top.size > count:
        top = top[np.argpartition(flat[top], -count)[-count:]]
    top = top[np.argsort(-flat[top], kind="stable")]
    return [(int(i) // totals.shape[1], int(i) % totals.shape[1]) for i in top]


def _distinct(predictions: list[Prediction]) -> list[Prediction]:
    """The same text can be spelled with different tokens; the likeliest spelling stands for it."""
    seen: dict[str, Prediction] = {}
    for prediction in predictions:
        seen.setdefault(prediction.short, prediction)
    return list(seen.values())
