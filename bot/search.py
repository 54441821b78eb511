"""Greedy and beam search for short SQL: what the network finds likeliest among what the grammar allows.

The grammar is asked about the few tokens that the network finds likely, likeliest first, not for its mask over the
whole vocabulary: that mask takes longer than a run of a small network, and nearly every time the first is allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from llguidance import LLMatcher
from llguidance.numpy import fill_next_token_bitmask

from bot.drafts import AHEAD, Drafts
from bot.network import Floats, Network

FAINT = 6.0  # nats: a candidate that is 400 times less likely than the best is not worth the time it takes
ALONE = 0.98  # probability of a candidate beside which no other counts
_ALONE = float(np.log(ALONE))
_ASKED = 24  # tokens that are asked about one by one before the whole mask is cheaper


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate: its tokens without the end, and the sum of their log-probabilities, the end's with them."""

    tokens: tuple[int, ...]
    log_probability: float


@dataclass(slots=True)
class _Beam:
    tokens: list[int]
    score: float
    matcher: LLMatcher


class Search:
    """One search: `network` has read what stands before the prompt `ids`, `end` is the token that ends the SQL.

    `room`: how many tokens the SQL may have. `drafts` guess what may be read ahead.
    """

    def __init__(self, network: Network, drafts: Drafts, ids: Sequence[int], end: int, room: int) -> None:
        self._network, self._drafts, self._end, self._room = network, drafts, end, room
        self._ids = ids
        self._start = network.length + len(ids)  # the network's length when nothing is said yet
        self._ahead: list[int] = []  # guessed tokens that the network has read, but that are not said yet
        self._rows: Floats = np.zeros((0, 0), np.float32)  # logits [1 + tokens ahead, vocabulary] before each of them

    def greedy(self, matcher: LLMatcher) -> list[Found]:
        """The one candidate that takes the likeliest token each time; none when there is no room for it."""
        tokens: list[int] = []
        score = 0.0
        logits = self._read([], self._ids)
        while (step := _best(logits, matcher, self._end)) is not None:
            token, likelihood = step
            score += likelihood
            if token == self._end:
                return [Found(tuple(tokens), score)]
            matcher.consume_token(token)
            # Where the grammar leaves no choice the tokens need no search: one run of the network takes them all.
            forced = [t for t in matcher.compute_ff_tokens() if t != self._end]
            if forced:
                matcher.consume_tokens(forced)
            tokens += [token, *forced]
            if len(tokens) > self._room:
                break
            logits = self._after(tokens, 1 + len(forced))
        return []

    def beam(self, matcher: LLMatcher, width: int) -> list[Found]:
        """Up to `width` candidates, likeliest first; one alone where all the others could not come to more than
        1 - `ALONE` together."""
        if (sure := self._alone(matcher.deep_copy())) is not None:
            return [sure]
        beams = [_Beam([], 0.0, matcher)]
        done: list[Found] = []
        logits = self._rows[:1]
        while len(beams[0].tokens) < self._room:
            grown: list[tuple[int, int, float]] = []
            rival = done[0].log_probability if done else -np.inf
            best = _likeliest(logits, beams, self._end, 2 * width, rival)
            for row, token, score in best:
                if token == self._end:
                    done.append(Found(tuple(beams[row].tokens), score))
                elif len(grown) < width:
                    grown.append((row, token, score))
            done.sort(key=lambda found: -found.log_probability)
            del done[width:]
            if len(done) == width and (not grown or grown[0][2] <= done[-1].log_probability):
                break
            if not grown:
                break
            rows = [row for row, _, _ in grown]
            one = len(beams) == 1 == len(grown)
            beams = [_advanced(beams[row], token, score, rows.count(row) == 1) for row, token, score in grown]
            logits = self._after(beams[0].tokens, 1) if one else self._spread(beams, rows)
        return done

    def _alone(self, matcher: LLMatcher) -> Found | None:
        """The likeliest way from token to token, if what leaves it is not worth a search; else what was read on the
        way lies ahead of the search."""
        tokens: list[int] = []
        score = 0.0
        logits = self._read([], self._ids)
        rows = [logits[0].copy()]
        while (step := _best(logits, matcher, self._end)) is not None:
            token, likelihood = step
            score += likelihood
            if token == self._end and score >= _ALONE:
                return Found(tuple(tokens), score)
            if token == self._end or score < _ALONE or len(tokens) == self._room:
                break
            matcher.consume_token(token)
            tokens.append(token)
            logits = self._after(tokens, 1)
            rows.append(logits[0].copy())
        self._ahead, self._rows = tokens, np.stack(rows)
        return None

    def _after(self, said: Sequence[int], fresh: int) -> Floats:
        """Logits [1, vocabulary] after all that is `said`, of which the last `fresh` tokens are new."""
        while fresh and self._ahead and self._ahead[0] == said[-fresh]:
            del self._ahead[0]
            self._rows = self._rows[1:]
            fresh -= 1
        if not fresh:
            return self._rows[:1]
        self._network.rewind(self._start + len(said) - fresh)
        return self._read(said, said[-fresh:])

    def _read(self, said: Sequence[int], fresh: Sequence[int]) -> Floats:
        free = min(self._network.positions - self._network.length - len(fresh), self._room - len(said))
        self._ahead = self._drafts.after(said, min(AHEAD, free))
        self._rows = self._network.read([[*fresh, *self._ahead]], 1 + len(self._ahead))[0]
        return self._rows[:1]

    def _spread(self, beams: Sequence[_Beam], rows: Sequence[int]) -> Floats:
        """Logits [beams, vocabulary] after the last token of each beam, which went on from the row given."""
        self._network.rewind(self._start + len(beams[0].tokens) - 1)
        self._network.choose(rows)
        if len(beams) == 1:
            return self._read(beams[0].tokens, beams[0].tokens[-1:])
        self._ahead = []
        return self._network.read([beam.tokens[-1:] for beam in beams])[:, -1]


def _advanced(beam: _Beam, token: int, score: float, alone: bool) -> _Beam:
    matcher = beam.matcher if alone else beam.matcher.deep_copy()
    matcher.consume_token(token)
    return _Beam([*beam.tokens, token], score, matcher)


def _best(logits: Floats, matcher: LLMatcher, end: int) -> tuple[int, float] | None:
    """The likeliest token that the grammar allows after logits [1, vocabulary], and its log-probability."""
    row = logits[0]
    token = int(row.argmax())
    if _allows(matcher, token, end):
        return token, -float(np.log(np.exp(row - row[token]).sum()))
    best = _likeliest(logits, [_Beam([], 0.0, matcher)], end, 1)
    return (best[0][1], best[0][2]) if best else None


def _likeliest(
    logits: Floats, beams: Sequence[_Beam], end: int, count: int, rival: float = -np.inf
) -> list[tuple[int, int, float]]:
    """Row, token and score of the `count` likeliest ways on that the grammars allow, likeliest first.

    `logits` [rows, vocabulary] of as many beams; none that is `FAINT` less likely than the best or than the `rival`.
    """
    totals = _log_softmax(logits)
    totals += np.array([[beam.score] for beam in beams], dtype=np.float32)
    flat = totals.ravel()
    best = float(flat.max())
    found: list[tuple[int, int, float]] = []
    near = np.zeros(0, dtype=np.intp)
    # First what is near enough if the very best is allowed; if it is not, what is near enough to the best that is.
    while True:
        asked, near = near, np.flatnonzero(flat >= max(best, rival) - FAINT)
        if not near.size:
            return []
        if near.size > _ASKED:
            return _largest(_masked(totals, beams), count, rival)
        fresh = np.setdiff1d(near, asked, assume_unique=True) if asked.size else near
        for i in fresh[np.argsort(-flat[fresh], kind="stable")]:
            row, token = divmod(int(i), totals.shape[1])
            if _allows(beams[row].matcher, token, end):
                found.append((row, token, float(flat[i])))
                if len(found) == count:
                    break
        if not found:
            return _largest(_masked(totals, beams), count, rival)
        if found[0][2] == best:
            return found[:count]
        best = found[0][2]


def _allows(matcher: LLMatcher, token: int, end: int) -> bool:
    if matcher.is_stopped():  # the SQL is whole and nothing can follow: a matcher then validates no token at all
        return token == end
    return bool(matcher.validate_tokens([token]) == 1)


def _log_softmax(logits: Floats) -> Floats:
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _masked(totals: Floats, beams: Sequence[_Beam]) -> Floats:
    """`totals` [rows, vocabulary] with minus infinity where the grammar forbids."""
    words = (totals.shape[-1] + 31) // 32
    bits = np.zeros((len(beams), words), dtype=np.int32)
    for i, beam in enumerate(beams):
        fill_next_token_bitmask(beam.matcher, bits, i)
    allowed = np.unpackbits(bits.view(np.uint8), axis=-1, bitorder="little")[:, : totals.shape[-1]]
    masked: Floats = np.where(allowed == 0, np.float32(-np.inf), totals)
    return masked


def _largest(totals: Floats, count: int, rival: float) -> list[tuple[int, int, float]]:
    """Row, column and value of the `count` largest finite numbers that are near enough, largest first."""
    flat = totals.ravel()
    least = max(float(flat.max()), rival) - FAINT
    top = np.flatnonzero(np.isfinite(flat) & (flat >= least))
    if top.size > count:
        top = top[np.argpartition(flat[top], -count)[-count:]]
    top = top[np.argsort(-flat[top], kind="stable")]
    return [(int(i) // totals.shape[1], int(i) % totals.shape[1], float(flat[i])) for i in top]
