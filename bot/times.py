"""Finds the time expressions of an English chat question and resolves each to a half-open interval of days.

How an expression is read where people differ:

- weeks start on Monday and are numbered as results show them: the first Monday of a year begins week 1, the days
  before it are week 0; an "ISO week" is ISO's; quarters, halves and fiscal years follow the calendar year;
- "last month" is the calendar month before this one; "the last month", "the past month", "the last 30 days"
  reach back from today and take today in, and so does "last 3 months" (back to the same day of the month);
  "last 3 full months" are calendar months;
- "in March", "Q2", "on Monday" mean the latest that has begun; "last March" the latest that has ended;
- a year said counts on for the next name beside it ("Q1 2024 vs Q2") as far as that has begun;
- "a year ago", "3 months ago", "2 weeks ago" mean that calendar year, month or week; "3 days ago" that day;
- the far end of "between", "from .. to", "until", "up to" belongs to the interval;
- "over 30 days ago", "over 5 years ago" are left to the number they hold; "more than a year ago", "over 2 weeks
  ago", "older than 3 months" are periods;
- "early", "mid" and "late May" are its first ten days, the ten after them and the rest; "on the 5th" is the latest;
- "5/6" behind "on", "since" or the like is day and month, as in "5/6/2025": a fraction has no such word before it;
- "same period last year" is last year up to today's date, or the period said before it, one year earlier;
  "the previous month", "the year before" follow a period said before them in a comparison, and "the previous
  7 days" are as long as the "last 7 days" before them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from bot import intervals
from bot.common_words import word_set
from bot.intervals import ONE_DAY, Interval
from bot.time_context import convincing
from bot.time_points import PointReader
from bot.time_ranges import CONNECTORS, Found, RangeReader, spanning
from bot.time_reader import Point
from bot.time_relations import relate
from bot.time_words import ANCHORS, UNIT_SUFFIXES, tokenize

__all__ = ["Interval", "TimeSpan", "find_times"]


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """One expression: characters `start` to `end` of the text, a preposition that belongs to it included."""

    start: int
    end: int
    text: str
    interval: Interval


_LEADS = word_set("in during for over from on within throughout at around across")
_DAY_LEADS = ("on", "at", "around")  # "growth on last year" keeps its "on"
# "came in last month", "spent on yesterday": the particle belongs to the verb, not to the time.
_PARTICLE_VERBS = word_set(
    """
    come comes came coming bring brings brought bringing get gets got getting roll rolled rolling pull
    pulled pulling take takes took rake raked raking pour poured log logged turn turned send sent check
    checked sign signed fill filled make made account accounts accounted pay paid spend spent go goes
    went gone hand handed call called trickle trickled put puts putting
    """
)
_PARTICLES = ("up", "through", "thru")
_PHRASAL_VERBS = word_set(
    """
    fell fall falls come comes came coming go goes went gone pull pulled follow followed add adds added
    adding sum sums
    """
)
# Words before a point that open one side of it, and which side stays.
_OPENERS: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "since": ((("since",), "from"),),
    "starting": (
        (("starting", "from"), "from"),
        (("starting", "in"), "from"),
        (("starting", "on"), "from"),
        (("starting",), "from"),
    ),
    "after": ((("after",), "after"),),
    "later": ((("later", "than"), "after"),),
    "before": ((("before",), "before"),),
    "previous": ((("prior", "to"), "before"), (("previous", "to"), "before")),
    "earlier": ((("earlier", "than"), "before"),),
    "until": ((("until",), "until"),),
    "till": ((("till",), "until"),),
    "til": ((("til",), "until"),),
    "through": ((("through",), "until"),),
    "thru": ((("thru",), "until"),),
    "up": (
        (("up", "to", "and", "including"), "until"),
        (("up", "to"), "until"),
        (("up", "until"), "until"),
        (("up", "till"), "until"),
        (("up", "through"), "until"),
    ),
    "by": ((("by",), "until"),),
    "no": ((("no", "later", "than"), "until"), (("no", "earlier", "than"), "from")),
    "not": ((("not", "later", "than"), "until"), (("not", "earlier", "than"), "from")),
    "on": ((("on", "or", "after"), "from"), (("on", "or", "before"), "until")),
    "first": ((("beginning", "in"), "from"), (("beginning", "from"), "from")),
}
_LONGER = (
    ("more", "than"), ("longer", "than"), ("older", "than"), ("greater", "than"), ("at", "least"), ("over",),
)  # fmt: skip
_SHORTER = (
    ("no", "more", "than"), ("less", "than"), ("fewer", "than"), ("newer", "than"), ("at", "most"), ("under",),
    ("within",),
)  # fmt: skip


def find_times(text: str, today: date) -> list[TimeSpan]:
    """The time expressions of a question, in order, none overlapping another. Never raises."""
    tokens = tokenize(text)
    if not any(t.kind in ANCHORS or t.kind == "ordinal" or t.suffix in UNIT_SUFFIXES for t in tokens):
        return []
    reader = PointReader(tokens, today)
    spans = []
    for found in relate(_SpanReader(reader).all(), reader):
        interval = found.interval
        if interval is None or (interval.first and interval.after and interval.first >= interval.after):
            continue
        start, end = tokens[found.start].start, tokens[found.end - 1].close
        spans.append(TimeSpan(start, end, text[start:end], interval))
    return spans


class _SpanReader(RangeReader):
    """Walks the tokens from left to right and reads the expression at each."""

    def all(self) -> list[Found]:
        """Every expression found, those known to be no period left out."""
        found: list[Found] = []
        i = 0
        while i < self.reader.size:
            try:
                item = self._read(i)
            except (ValueError, OverflowError):  # beyond the calendar: "last 5000 years", week 53
                item = None
            if item is not None and item.interval is not None:
                found.append(item)
            i = item.end if item else i + 1
        return found

    def _read(self, i: int) -> Found | None:
        token = self.at(i)
        if token.kind == "mark":
            return None
        word = token.text.lower()
        if word == "between":
            return self.between(i)
        if word == "as" and self.at(i + 1).word == "of" and (point := self.reader.point(i + 2)):
            return Found(i, point.end, None)  # "as of today" is a moment, not a period
        if found := self._compared_ago(i) or self._so_far(i) or self._open(i) or self._around(i):
            return found
        return self._led(i, word) if word in _LEADS else self.closed(i, i)

    def _led(self, i: int, word: str) -> Found | None:
        """An expression behind "in", "during", "from": the preposition is its own unless a verb claims it."""
        found = self.closed(i + 1, i)
        if found is None:
            return None
        point = found.point
        claimed = self._tied(i)
        if self.at(i - 1).word in _PARTICLE_VERBS and point is not None and point.deictic:
            claimed = True
        if word in _DAY_LEADS and (point is None or point.grain not in ("day", "weekend")):
            claimed = True
        return replace(found, start=i + 1 if claimed else i)

    def _tied(self, i: int) -> bool:
        """Whether a hyphen ties token i to the word before it: "sell-through", "cash-in"."""
        return self.at(i - 1).text == "-" and self.at(i - 1).end == self.at(i).start

    def _open(self, i: int) -> Found | None:
        if self._tied(i) or (self.at(i).word in _PARTICLES and self.at(i - 1).word in _PHRASAL_VERBS):
            return None
        for words, side in _OPENERS.get(self.at(i).word, ()):
            j = i + len(words)
            if any(self.at(i + k).text.lower() != word for k, word in enumerate(words)):
                continue
            if words == ("by",) and not self._deadline(j):
                return None
            j += side == "from" and self.at(j).word in ("in", "on")
            if opened := self._opened(i, j, side):
                return opened
        return None

    def _deadline(self, j: int) -> bool:
        """Whether "by" before token j names a limit: "by 5 May", "by the end of June"; not "by 2024"."""
        point = self.reader.point(j)
        return point is not None and point.grain in ("day", "month") and not point.weak and not point.back

    def _opened(self, i: int, j: int, side: str) -> Found | None:
        point = self.reader.point(j)
        if point is None:
            return self._since_count(i, j) if side == "from" else None
        if not convincing(self.reader, j, i, point):
            return None
        first, after = point.interval.first, point.interval.after
        if side in ("before", "until"):
            return Found(i, point.end, Interval(None, first if side == "before" else after))
        opened = first if side == "from" else after
        closed, end = self._closing(point)
        if closed and opened and closed > opened:
            return Found(i, end, Interval(opened, closed))
        return Found(i, point.end, Interval(opened, None))

    def _closing(self, a: Point) -> tuple[date | None, int]:
        """The end of "since A until B", "after A and before B", and the index after it."""
        j = a.end + (self.at(a.end).word in ("and", "but"))
        strict = self.at(j).word == "before"
        k = j + 1 if strict else self.first_of(j, CONNECTORS)
        if k is None or (j != a.end and not strict):
            return None, j
        if self.at(k).word in ("now", "date"):
            return self.today + ONE_DAY, k + 1
        b = self.reader.point(k)
        interval = spanning(a, b) if b else None
        if b is None or interval is None or interval.after is None:
            return None, j
        if strict and b.interval.first and b.interval.after:
            return interval.after - (b.interval.after - b.interval.first), b.end
        return interval.after, b.end

    def _since_count(self, i: int, j: int) -> Found | None:
        """ "since 2 weeks": from that day on."""
        if (measure := self.reader.measure(j)) and measure[1] in ("day", "week", "month", "quarter", "year"):
            number, unit, end = measure
            return Found(i, end, Interval(intervals.shift(self.today, unit, -number), None))
        return None

    def _so_far(self, i: int) -> Found | None:
        """ "so far this year", "so far in 2025"."""
        j = self.first_of(i, (("so", "far"),))
        point = self.reader.point(j + (self.at(j).word in _LEADS)) if j else None
        if point is None or point.interval.first is None or point.interval.first > self.today:
            return None
        return Found(i, point.end, Interval(point.interval.first, self.today + ONE_DAY), point)

    def _compared_ago(self, i: int) -> Found | None:
        """ "more than a year ago", "over 2 weeks ago", "older than 3 months" are periods; "over 30 days ago" and
        "more than 5 years ago" are left to their number."""
        shorter = self.first_of(i, _SHORTER)
        j = shorter or self.first_of(i, _LONGER)
        measure = self.reader.measure(j) if j else None
        if j is None or measure is None:
            return None
        number, unit, end = measure
        ago = self.at(end).text.lower() in ("ago", "back")
        if not ago and self.at(i).word not in ("older", "newer"):
            return None
        single = self.at(j).word in ("a", "an", "one")
        if unit in ("hour", "fortnight") or (unit not in ("week", "month") and not single):
            return Found(i, end + ago, None)
        day = intervals.shift(self.today, unit, -number)
        return Found(i, end + ago, Interval(day, self.today + ONE_DAY) if shorter else Interval(None, day))

    def _around(self, i: int) -> Found | None:
        """ "the week before Christmas", "two weeks after 3 March"."""
        the = self.at(i).word == "the"
        measure = self.reader.measure(i + the)
        if measure is None and the and self.at(i + 1).kind == "unit" and self.at(i + 1).number == 1:
            measure = (1, self.at(i + 1).word, i + 2)
        if measure is None or measure[1] not in ("day", "week", "month"):
            return None
        number, unit, k = measure
        before = self.at(k).word == "before"
        point = self.reader.point(k + 1) if before or self.at(k).word in ("after", "following") else None
        if point is None or point.deictic or point.grain not in ("day", "month"):
            return None
        first, after = point.interval.first, point.interval.after
        if first is None or after is None or not convincing(self.reader, k + 1, k, point):
            return None
        if before:
            return Found(i, point.end, Interval(intervals.shift(first, unit, -number), first))
        return Found(i, point.end, Interval(after, intervals.shift(after, unit, number)))
