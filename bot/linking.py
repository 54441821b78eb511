"""Finds the values, numbers and times of a question and gives each a slot: v0, v1 .., n0 .., d0 .."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.intervals import Interval
from bot.numbers import NumberSpan, find_numbers
from bot.times import TimeSpan, find_times
from bot.value_index import ValueIndex
from bot.value_match import ValueMatch, find_values
from bot.value_reading import build_index, cached_index

__all__ = ["Linked", "Slot", "ValueIndex", "build_index", "cached_index", "link"]

SLOTS_PER_KIND = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """One piece of the question that a query may need: characters `start` to `end`, `text` as written.

    `value` is the stored text, the number, or the interval. `columns`, for a text: every `table.column` that
    holds it, sorted. `percent`: the number was written with a percent sign or word. `keep`: the value belongs
    to a column with few distinct values, so its words stay in the prompt.
    """

    name: str
    kind: Literal["value", "number", "period"]
    start: int
    end: int
    text: str
    value: str | int | float | Interval
    columns: tuple[str, ...] = ()
    percent: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Linked:
    """A question with its slots in order of appearance, none overlapping another."""

    question: str
    slots: tuple[Slot, ...]


_LEAD = re.compile(
    r"(?:(?:in|during|for|over|from|since|on|within|throughout|at|around|before|after|until|by)\s+)?(?:the\s+)?",
    re.IGNORECASE,
)


def link(question: str, index: ValueIndex, today: date) -> Linked:
    """Slots for the times, values and numbers of a question, at most eight of a kind. Never raises."""
    times = find_times(question, today)
    values = _choose(find_values(question, index))
    times = [span for span in times if not any(_named(span, match, values) for match in values)]
    values = [match for match in values if not _overlaps(match, times)]
    taken: list[TimeSpan | ValueMatch] = [*times, *values]
    numbers = [span for span in find_numbers(question) if not _overlaps(span, taken)]
    slots: list[Slot] = []
    counts = {"v": 0, "n": 0, "d": 0}
    for span in sorted([*taken, *numbers], key=lambda span: span.start):
        letter = "d" if isinstance(span, TimeSpan) else "v" if isinstance(span, ValueMatch) else "n"
        if counts[letter] < SLOTS_PER_KIND:
            slots.append(_slot(f"{letter}{counts[letter]}", span, question, index))
            counts[letter] += 1
    return Linked(question, tuple(slots))


def _slot(name: str, span: TimeSpan | ValueMatch | NumberSpan, question: str, index: ValueIndex) -> Slot:
    text = question[span.start : span.end]
    if isinstance(span, TimeSpan):
        return Slot(name, "period", span.start, span.end, text, span.interval)
    if isinstance(span, NumberSpan):
        return Slot(name, "number", span.start, span.end, text, span.value, percent=span.percent)
    keep = index.keeps(span.columns)
    return Slot(name, "value", span.start, span.end, text, span.value, span.columns, keep=keep)


def _choose(matches: list[ValueMatch]) -> list[ValueMatch]:
    """The longest mentions first, then the surer, none overlapping one already chosen."""
    chosen: list[ValueMatch] = []
    for match in sorted(matches, key=lambda m: (m.start - m.end, m.slips, m.rank, m.start)):
        if not _overlaps(match, chosen):
            chosen.append(match)
    return sorted(chosen, key=lambda m: m.start)


def _overlaps(
    span: TimeSpan | ValueMatch | NumberSpan,
    taken: list[TimeSpan | ValueMatch] | list[TimeSpan] | list[ValueMatch],
) -> bool:
    return any(span.start < other.end and other.start < span.end for other in taken)


def _named(span: TimeSpan, match: ValueMatch, values: list[ValueMatch]) -> bool:
    """Whether a time is really part of a name: "2024 Edition", or "April" before a surname."""
    lead = _LEAD.match(span.text)
    core = span.start + (lead.end() if lead else 0)
    if not (match.start <= core and span.end <= match.end):
        return False
    if match.end - match.start > span.end - core:
        return True
    table = {column.partition(".")[0] for column in match.columns}
    return span.end - core == match.end - match.start and any(
        0 < other.start - match.end <= 1 and table & {column.partition(".")[0] for column in other.columns}
        for other in values
    )
