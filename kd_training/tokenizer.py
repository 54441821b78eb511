"""The student's tokens: a byte-level BPE learned from the pairs, or the one that comes with GPT-2's weights.

A learned tokenizer keeps `table.column` names, slots, numbers and runs of punctuation apart, so that one name
never shares a token with its neighbour, and gives every protected string a token of its own. It is saved as
`tokenizer.json`, which `tokenizers`, transformers and llguidance read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from tokenizers.pre_tokenizers import ByteLevel, PreTokenizer, Split

END = "<|endoftext|>"

_WORD = r"[\p{L}\p{N}_]"
_UNITS = (
    r"'(?:s|t|re|ve|m|ll|d)(?!" + _WORD + ")",  # what's, don't
    r" ?[\p{L}_]" + _WORD + r"*(?:\.[\p{L}_]" + _WORD + "*)?",  # word, column, table.column
    r" ?:[a-z]\d+",  # a slot
    r" ?\d{1,4}",
    r" ?(?:(?!:[a-z]\d)[^\s\p{L}\p{N}_])+",  # punctuation, up to the next slot
    r"\s+(?!\S)",
    r"\s+",
)

Merge = tuple[str, str]


class TokenizerError(Exception):
    """A tokenizer could not be read or made; the message says why."""


def train_tokenizer(texts: Iterable[str], vocab_size: int, protected: Sequence[str]) -> Tokenizer:
    """Learn a byte-level BPE of at most `vocab_size` tokens.

    `protected` strings (names, keywords, phrases such as "ORDER BY") become one token each, with and without
    a leading space. They are ordinary tokens made by ordinary merges, so decoding and byte-level grammars
    treat them like any other; in return fewer merges are learned from the texts. `<|endoftext|>` has id 0.

    Raises TokenizerError when the protected strings leave no room for the 256 bytes.
    """
    protected = [text for text in dict.fromkeys(protected) if text.strip()]
    splitter = _pre_tokenizer([text for text in protected if not _is_unit(text)])
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = splitter
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[END],
        initial_alphabet=sorted(ByteLevel.alphabet()),
        show_progress=False,
    )
    learned.train_from_iterator(texts, trainer)
    merges: list[Merge] = [(left, right) for left, right in _model_of(learned)["merges"]]
    return _assemble(_with_protected(merges, protected, vocab_size, splitter), splitter)


def load_tokenizer(path_or_name: str | Path) -> Tokenizer:
    """Read a `tokenizer.json`, the one in a model directory, or a hub name such as `openai-community/gpt2`.

    Raises TokenizerError when there is none or it lacks `<|endoftext|>`.
    """
    path = Path(path_or_name)
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        tokenizer = Tokenizer.from_file(str(file)) if file.exists() else _from_hub(str(path_or_name))
    except Exception as error:  # all that the Rust side raises
        raise TokenizerError(f"No tokenizer could be read from {path_or_name}: {error}") from error
    if tokenizer.token_to_id(END) is None:
        raise TokenizerError(f"The tokenizer at {path_or_name} has no {END} token.")
    return plain(tokenizer)


def plain(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, set to read a typed `<|endoftext|>` as text: only code may end a sequence."""
    tokenizer.encode_special_tokens = True
    return tokenizer


def end_id(tokenizer: Tokenizer) -> int:
    """The id of the token that ends every target and pads every batch."""
    token = tokenizer.token_to_id(END)
    if token is None:
        raise TokenizerError(f"The tokenizer has no {END} token.")
    return int(token)


def prompt_ids(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """A prompt as token ids. It may begin with `<|endoftext|>`, which is then the end token; anywhere else those are
    mere characters."""
    text = prompt.removeprefix(END)
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return [end_id(tokenizer), *ids] if len(text) < len(prompt) else ids


def _from_hub(name: str) -> Tokenizer:
    if re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) is None or name.endswith(".json"):
        raise TokenizerError(f"There is no file {name}.")
    return Tokenizer.from_pretrained(name)


def _is_unit(text: str) -> bool:
    """Whether the plain pre-tokenizer leaves the text in one piece."""
    return len(_pre_tokenizer([]).pre_tokenize_str(" " + text.strip())) == 1


def _pre_tokenizer(phrases: Sequence[str]) -> PreTokenizer:
    """Split into units, the given phrases first, the longest of them winning."""
    edge = re.compile(r"\w$")
    listed = [
        re.escape(text.strip()) + (f"(?!{_WORD})" if edge.search(text) else "")
        for text in sorted(phrases, key=len, reverse=True)
    ]
    units = [f" ?(?:{'|'.join(listed)})", *_UNITS] if listed else list(_UNITS)
    split = Split(Regex("|".join(units)), "isolated")
    return pre_tokenizers.Sequence([split, ByteLevel(add_prefix_space=False, use_regex=False)])


def _model_of(tokenizer: Tokenizer) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return model


def _with_protected(
    merges: list[Merge], protected: Sequence[str], vocab_size: int, splitter: PreTokenizer
) -> list[Merge]:
    """Learned merges, then those that complete the protected strings, within `vocab_size`.

    A later merge has a lower rank, so it never changes how an earlier string is cut: each protected string
    stays one token once its last merge is in. Merging from the right lets `.id` serve every table.
    """
    words = [
        "".join(piece for piece, _ in splitter.pre_tokenize_str(space + text.strip()))
        for text in protected
        for space in (" ", "")
        if len(splitter.pre_tokenize_str(space + text.strip())) == 1
    ]
    keep = len(merges)
    while True:
        chosen = list(merges[:keep])
        ranks = {merge: rank for rank, merge in enumerate(chosen)}
        for word in words:
            while len(pieces := _apply(word, ranks)) > 1:
                ranks[pieces[-2], pieces[-1]] = len(chosen)
                chosen.append((pieces[-2], pieces[-1]))
        excess = 1 + len(_vocabulary(chosen)) - vocab_size
        if excess <= 0:
            return chosen
        if keep == 0:
            raise TokenizerError(
                f"{len(protected)} protected strings do not fit into {vocab_size} tokens; allow {vocab_size + excess}."
            )
        keep = max(0, keep - excess)


def _apply(word: str, ranks: dict[Merge, int]) -> list[str]:
    """Byte-pair encoding of one unit: always the merge of lowest rank next."""
    pieces = list(word)
    while len(pieces) > 1:
        pairs = list(pairwise(pieces))
        best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
        if best not in ranks:
            return pieces
        merged: list[str] = []
        at = 0
        while at < len(pieces):
            if at + 1 < len(pieces) and (pieces[at], pieces[at + 1]) == best:
                merged.append(pieces[at] + pieces[at + 1])
                at += 2
            else:
                merged.append(pieces[at])
                at += 1
        pieces = merged
    return pieces


def _vocabulary(merges: Sequence[Merge]) -> list[str]:
    return list(dict.fromkeys([*sorted(ByteLevel.alphabet()), *(left + right for left, right in merges)]))


def _assemble(merges: Sequence[Merge], splitter: PreTokenizer) -> Tokenizer:
    vocabulary = {token: number for number, token in enumerate([END, *_vocabulary(merges)])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges)))
    tokenizer.pre_tokenizer = splitter
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END])
    return plain(tokenizer)
