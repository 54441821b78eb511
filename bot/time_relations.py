"""Settles what one time means beside another: "March and April 2024", "last month vs the month before"."""

from __future__ import annotations

from dataclasses import replace

from bot import intervals
from bot.common_words import word_set
from bot.intervals import ONE_DAY, Interval
from bot.time_points import PointReader
from bot.time_ranges import Found
from bot.time_reader import Point

_COMPARING = word_set("vs versus to than against and with over compared v on from")
_FAR = 6  # tokens between an expression and the one it follows
_BESIDE = 3  # tokens between an expression and the one whose year it shares
# A question about every month compares each with the one before it: no period of its own.
_SERIES = word_set("monthly weekly quarterly yearly annual annually yoy mom qoq wow")
_EACH = word_set("each every per by")
_NAMED = word_set("month quarter half season holiday week-number date year fiscal ordinal")  # kinds of tokens
_MEANING = word_set("ie i e so meaning means namely aka that is was")


def relate(found: list[Found], reader: PointReader) -> list[Found]:
    """The expressions, those that lean on another resolved against it or, meaningless alone, left out."""
    settled: list[Found] = []
    for item in found:
        before = settled[-1] if settled and item.start - settled[-1].end <= _FAR else None
        point = item.point
        if point is None:
            settled.append(item)
        elif point.back:
            try:
                kept = _backwards(item, point, before, reader)
            except (ValueError, OverflowError):  # before the calendar's first day
                continue
            if kept:
                settled.append(kept)
        else:
            _lend_year(settled, item, point)
            item = _borrow_year(item, point, before, reader)
            settled.append(_same(item, point, before, reader))
    return _said_once(settled, reader)


def _said_once(found: list[Found], reader: PointReader) -> list[Found]:
    """ "Christmas Day (25 December)" is one period, said twice: nothing but marks, or "i.e.", stands between."""
    kept: list[Found] = []
    for item in found:
        before = kept[-1] if kept else None
        if before and before.interval and before.interval == item.interval and _restates(before, item, reader):
            opened = sum((reader.at(k).text == "(") - (reader.at(k).text == ")") for k in range(before.end, item.start))
            closed = item.end + (opened > 0 and reader.at(item.end).text == ")")
            kept[-1] = replace(before, end=closed)
        else:
            kept.append(item)
    return kept


def _restates(before: Found, item: Found, reader: PointReader) -> bool:
    between = [reader.at(k) for k in range(before.end, item.start)]
    return bool(between) and all(token.kind == "mark" or token.text.lower() in _MEANING for token in between)


def _backwards(item: Found, point: Point, before: Found | None, reader: PointReader) -> Found | None:
    """ "the previous month", "the year before": against the period before it, else against today."""
    assert point.back is not None
    if _is_series(reader):
        return None
    unit, count = point.back
    known = before.interval if before else None
    joint = {reader.at(k).text.lower() for k in range(before.end, item.start + 1)} if before else set()
    if known and known.first and known.after and joint & _COMPARING:
        first, after = known.first, known.after
        shifted = Interval(intervals.shift(first, unit, -count), first)
        if before and _rolling(before, shifted, unit, reader):
            return replace(item, interval=Interval(first - (after - first), first))
        if after <= intervals.shift(first, unit, count):  # the period is no longer than the step back
            shifted = Interval(shifted.first, intervals.shift(after, unit, -count))
        return replace(item, interval=shifted)
    return None if point.needs_other else item


def _rolling(before: Found, step: Interval, unit: str, reader: PointReader) -> bool:
    """Whether the period before is "the last 7 days", which takes today in and so is a day longer than its name; or
    the one before that again. What is compared with it is as long as it is."""
    known = before.interval
    if unit not in ("day", "week") or known is None or not (known.first and known.after and step.first and step.after):
        return False
    looks_back = known.after == reader.today + ONE_DAY or bool(before.point and before.point.back)
    return looks_back and known.after - known.first == step.after - step.first + ONE_DAY


def _is_series(reader: PointReader) -> bool:
    for k in range(reader.size):
        word = reader.at(k).text.lower()
        if word in _SERIES or (word in _EACH and reader.at(k + 1).kind == "unit"):
            return True
    return False


def _same(item: Found, point: Point, before: Found | None, reader: PointReader) -> Found:
    """ "same period last year" is the period before it, a year earlier, as far as it has come; "same month last year"
    the month before it, and else this one."""
    known = before.interval if before else None
    if not point.same or not known or not known.first or not known.after:
        return item
    if point.whole:
        unit = intervals.unit_of(known.first, point.grain)
        if unit != known:
            return item
        middle = known.first + (known.after - known.first) / 2  # a week's year ago begins on another day
        return replace(item, interval=intervals.unit_of(intervals.add_months(middle, -point.same), point.grain))
    first = intervals.add_months(known.first, -point.same)
    after = intervals.add_months(min(known.after, reader.today + ONE_DAY), -point.same)
    return replace(item, interval=Interval(first, after)) if first < after else item


def _lend_year(settled: list[Found], item: Found, point: Point) -> None:
    """ "March and April 2024": the year said last counts for all; not for "March vs March 2024"."""
    first = point.interval.first
    if point.in_year or point.deictic or first is None:
        return
    start = item.start
    for k in range(len(settled) - 1, -1, -1):
        earlier = settled[k].point
        if (
            earlier is None
            or earlier.in_year is None
            or earlier.grain != point.grain
            or start - settled[k].end > 2
        ):
            return
        lent = _in_year(earlier, first.year)
        if lent is None or lent == point.interval:
            return
        settled[k] = replace(settled[k], interval=lent)
        start = settled[k].start


def _borrow_year(item: Found, point: Point, before: Found | None, reader: PointReader) -> Found:
    """ "Q1 2024 vs Q2": the year said first counts on; "Q1 2024 vs Q1" compares with the latest."""
    earlier = before.point if before else None
    if before is None or earlier is None or point.in_year is None or earlier.grain != point.grain:
        return item
    if item.start - before.end > _BESIDE or not _year_said(before, earlier, reader):
        return item
    known = before.interval
    if known is None or known.first is None:
        return item
    lent, later = (_in_year(point, known.first.year + k) for k in (0, 1))
    if lent is None or lent.first is None or lent == known:
        return item
    if later and later.first and later.first - known.first < known.first - lent.first:
        lent = later  # "December 2024 and January"
    begun = lent.first is not None and lent.first <= reader.today
    return replace(item, interval=lent) if begun else item


def _year_said(found: Found, point: Point, reader: PointReader) -> bool:
    """Whether an expression names its year: "Q1 2024", "last year's Q1"; one that borrowed it counts too."""
    if point.in_year is not None:
        return found.interval != point.interval
    tokens = [reader.at(k) for k in range(found.start, found.end)]
    said = any(token.word == "year" for token in tokens) if point.deictic else True
    return said and any(token.kind in _NAMED for token in tokens)


def _in_year(point: Point, year: int) -> Interval | None:
    """A named period in another year; None where the year has none: week 53."""
    try:
        return point.in_year(year) if point.in_year else None
    except (ValueError, OverflowError):
        return None
