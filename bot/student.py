"""The student: a small GPT-2 as int8 ONNX that says short SQL, masked by the grammar, by greedy or beam search."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from llguidance import LLMatcher, LLTokenizer
from tokenizers import Tokenizer

from bot.drafts import Drafts
from bot.glossary import Glossary
from bot.grammar import Grammar
from bot.linking import Linked
from bot.manifest import Manifest, StudentError, read_manifest
from bot.network import Network, NetworkError
from bot.prompt import PREFIX, prompt, render
from bot.schema import Schema
from bot.search import Found, Search
from bot.vocabulary import Vocabulary

MAX_TOKENS = 200
ANYTHING = r"start: /[^\n]*/"  # the grammar of a student that none holds


@dataclass(frozen=True, slots=True)
class Prediction:
    """One candidate: short SQL, the sum of its tokens' log-probabilities, and how many tokens it took."""

    short: str
    log_probability: float
    tokens: int


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
        drafts: Drafts,
        masked: bool = True,
    ) -> None:
        self.manifest = manifest
        self.schema = schema
        self.vocabulary = vocabulary
        self._grammar = Grammar(schema, glossary)
        self._tokenizer = tokenizer
        self._network = network
        self._drafts = drafts
        self._masked = masked
        self._end = _end_of(tokenizer)
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
        path = directory / "tokenizer.json"
        try:
            schema = Schema.from_json(json.loads((directory / "schema.json").read_text("utf-8")))
            words = json.loads((directory / "words.json").read_text("utf-8"))
            tokenizer = Tokenizer.from_file(str(path))
            drafts = Drafts.load(directory, _end_of(tokenizer))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StudentError(f"the student in {directory} is damaged: {error}") from error
        try:
            network = Network(directory / "student.onnx", threads)
        except NetworkError as error:
            raise StudentError(f"student.onnx in {directory} cannot be loaded: {error}") from error
        return Student(manifest, schema, glossary, tokenizer, network, Vocabulary(words), path, drafts, masked)

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
        room = min(MAX_TOKENS, self._network.positions - 1 - len(ids))
        if room < 1:
            return []
        with self._lock:
            matcher = self._matcher(self._grammar.for_slots(linked.slots) if self._masked else ANYTHING)
            self._network.rewind(self._prefix)
            search = Search(self._network, self._drafts, ids, self._end, room)
            found = search.greedy(matcher) if beam == 1 else search.beam(matcher, beam)
        return _distinct(map(self._prediction, found))

    def _matcher(self, grammar: str) -> LLMatcher:
        if grammar not in self._matchers:
            matcher = LLMatcher(self._guide, grammar, log_level=0)
            if matcher.is_error():
                raise StudentError(f"the grammar of this schema does not compile: {matcher.get_error()}")
            if len(self._matchers) > 256:
                self._matchers.clear()
            self._matchers[grammar] = matcher
        return self._matchers[grammar].deep_copy()

    def _prediction(self, found: Found) -> Prediction:
        return Prediction(self._tokenizer.decode(list(found.tokens)), found.log_probability, len(found.tokens))


def _end_of(tokenizer: Tokenizer) -> int:
    end: int | None = tokenizer.token_to_id(PREFIX)
    if end is None:
        raise StudentError(f"the student's tokenizer has no {PREFIX}: restore the student or train again")
    return end


def _distinct(predictions: Iterable[Prediction]) -> list[Prediction]:
    """The same text can be spelled with different tokens; the likeliest spelling stands for it."""
    seen: dict[str, Prediction] = {}
    for prediction in predictions:
        seen.setdefault(prediction.short, prediction)
    return list(seen.values())
