"""What was measured of several variants on the same questions, as a table in Markdown with intervals."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from eval_harness.measures import wilson


def markdown(records: Sequence[Mapping[str, Any]], first: str) -> str:
    """A line for each variant; `first` is the one that the others are compared with.

    A record has "variant" and "verdicts", a 1 or 0 for each question, the same questions in all of them; there are as
    many records of a variant as seeds.
    """
    lines = ["| variant | accuracy (95 % interval) | by seed | against the first, in points |", "|---|---|---|---|"]
    base = [record for record in records if record["variant"] == first]
    for name in dict.fromkeys(record["variant"] for record in records):
        own = [record for record in records if record["variant"] == name]
        against = _difference(own, base) if base and name != first else ""
        lines.append(f"{_row(name, own)} {against} |")
    return "\n".join(lines)


def digits(verdicts: Sequence[bool]) -> str:
    """Verdicts as a record keeps them."""
    return "".join("1" if verdict else "0" for verdict in verdicts)


def _row(name: str, records: Sequence[Mapping[str, Any]]) -> str:
    shares = [record["verdicts"].count("1") / max(1, len(record["verdicts"])) for record in records]
    mean = statistics.mean(shares)
    # The seeds answer the same questions, so the interval is that of one run at the mean accuracy.
    single = len(records[0]["verdicts"])
    low, high = wilson(round(mean * single), max(1, single))
    each = ", ".join(f"{100 * share:.1f}" for share in shares)
    return f"| {name} | {100 * mean:.1f} % ({100 * low:.0f} to {100 * high:.0f}) | {each} |"


def _difference(own: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> str:
    """By how much one variant's mean over the seeds differs from another's, question by question."""
    each = _by_question(own) - _by_question(base)
    drawn = np.random.default_rng(0).integers(0, len(each), (2_000, len(each)))
    low, high = np.percentile(each[drawn].mean(axis=1), (2.5, 97.5))
    return f"{100 * each.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _by_question(records: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
    """Of each question, the share of seeds that answer it rightly, [questions]."""
    right: npt.NDArray[np.float64] = np.array([[float(v) for v in record["verdicts"]] for record in records])
    return np.asarray(right.mean(axis=0))
