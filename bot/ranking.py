"""One sentence about rows side by side: who leads, who comes last, or how much two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.formats import ColumnInfo, format_brief
from bot.nouns import heading, lowered, nth, plural, singular

_SUPERLATIVES = ("highest ", "lowest ", "biggest ", "largest ", "smallest ", "top ")
_ENDS = frozenset({
    "best", "bottom", "biggest", "cheapest", "fewest", "greatest", "highest", "largest", "least", "longest", "lowest",
    "max", "maximum", "min", "minimum", "most", "newest", "oldest", "shortest", "smallest", "top", "worst",
})  # fmt: skip
_NAMED = 3  # names in a tie


@dataclass(frozen=True, slots=True)
class Entry:
    """A row's name and its number."""

    name: str
    value: float


def compare(first: Entry, second: Entry, column: ColumnInfo) -> str:
    """ "Globex Industries: $12,300, Initech: $8,100: 52 % more." The larger one comes first."""
    high, low = (first, second) if first.value >= second.value else (second, first)
    # The heading, which may name the unit, is not in the sentence.
    both = f"{high.name}: {format_brief(high.value, column)}, {low.name}: {format_brief(low.value, column)}"
    return f"{both}: {_difference(high.value, low.value, column)}."


def rank(entries: Sequence[Entry], column: ColumnInfo, complete: bool, alone: bool = True) -> str:
    """Who is first by `column`, or last when the query sorted upwards; "" when the rows cannot tell.

    `complete`: every row is here, so that the largest is the largest of all. `alone`: no other column is a
    measure, so that the sentence need not name it.
    """
    if not entries or not (complete or _ordered(column)):
        return ""
    lowest = column.order == "asc"
    best = min(e.value for e in entries) if lowest else max(e.value for e in entries)
    if not complete and entries[0].value != best:
        return ""  # the order shown is not the order by value
    first = [e for e in entries if e.value == best]
    if len(first) == len(entries) > 1:
        return f"All {len(entries):,} are equal: {spelt(best, column)}{' each' if column.measure else ''}."
    rest = [e for e in entries if e.value != best]
    if complete and rest and (column.picked or _end(column)):
        return _span(entries, column)
    if len(first) > 1:
        return _tie(first, column, lowest)
    if lowest or column.measure not in ("sum", "count") or column.kind == "percent":
        return _extreme(first[0], rest, column, lowest, complete)
    place = "" if alone else f" in {_bare(column)}"
    return f"{first[0].name} leads{place} with {spelt(best, column)}{_beside(best, entries, rest, column)}."


def placed(name: str, value: float, column: ColumnInfo) -> str:
    """ "Initech has the 2nd highest revenue, $8,100." for the one row of that place."""
    return f"{name} has the {place_words(column)}, {amount(value, column)}."


def place_words(column: ColumnInfo) -> str:
    """ "3rd highest salary"."""
    return f"{nth(column.place)} {_first_word(column)} {_bare(column)}"


def _first_word(column: ColumnInfo) -> str:
    """What the first of the order is: "highest", or "fewest" of what is counted."""
    counts = column.kind == "integer" and column.measure == "count"
    if column.order == "asc":
        return "fewest" if counts else "lowest"
    return "most" if counts else "highest"


def both(names: Sequence[str], value: float, column: ColumnInfo) -> str:
    """ "Orders 12 and 15: 3 order items each." for numbers that are called by the same word."""
    word, _, first = names[0].rpartition(" ")
    listed = f"{heading(plural(word))} {first}" if word else first
    said = spelt(value, column)
    if not (column.noun and said.endswith((column.noun, singular(column.noun)))):
        said = f"{lowered(inline(column))} {said}"
    return f"{listed} and {names[1].rpartition(' ')[2]}: {said} each."


def amount(value: float, column: ColumnInfo) -> str:
    """A number with its unit, unless the heading names that: "Days since hire date"."""
    if column.unit and column.unit in lowered(inline(column)).split():
        column = replace(column, unit="")
    return format_brief(value, column)


def counted(value: float, noun: str) -> str:
    """ "1 order", "1,204 orders"."""
    return f"{value:,.0f} {singular(noun) if value == 1 else noun}"


def inline(column: ColumnInfo) -> str:
    """The heading inside a sentence, without its unit: "Share: late order" → "Share (late order)"."""
    head, rest = sides(column)
    return f"{head} ({rest})" if rest else head


def sides(column: ColumnInfo) -> tuple[str, str]:
    """The heading without its unit, and what it is restricted to: "Orders: web" → "Orders" and "web"."""
    title = column.title
    if column.unit:
        title = title.removesuffix(f" ({column.unit})").removesuffix(f" {column.unit}")
    head, _, rest = title.partition(": ")
    return (head, rest) if rest else (title, "")


def ended(column: ColumnInfo) -> str:
    """The heading inside a sentence, with the word that says which end its values are: "lowest unit price"."""
    text = lowered(inline(column))
    end = _end(column)
    return text if not end or _ENDS & set(text.split()) else f"{end} {text}"


def share(part: float, total: float) -> str:
    """ "31 %", never a rounded 0 or 100 where there is a rest."""
    percent = 100 * part / total
    if 0 < percent < 1:
        return "less than 1 %"
    return "more than 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def spelt(value: float, column: ColumnInfo) -> str:
    """ "120 orders" for a count, else the amount."""
    counts = column.noun and column.kind == "integer" and column.measure in ("count", "sum")
    return counted(value, column.noun) if counts else amount(value, column)


def _end(column: ColumnInfo) -> str:
    """ "lowest" or "highest" where each value is the one of many. Of these, one says little about the many."""
    return column.measure if column.measure in ("lowest", "highest") else ""


def _ordered(column: ColumnInfo) -> bool:
    """Whether the first row is the first of all: not by the lowest maximum, nor where rows before it are missing."""
    against = {"lowest": "desc", "highest": "asc"}.get(column.measure)
    return bool(column.order) and column.order != against and not column.picked


def _span(entries: Sequence[Entry], column: ColumnInfo) -> str:
    """ "The lowest salary ranges from $42,200 (Customer Support) to $88,950 (Engineering)." """
    low, high = min(e.value for e in entries), max(e.value for e in entries)
    title, ends = ended(column), [f"{amount(v, column)} ({_those(entries, v)})" for v in (low, high)]
    several = any(singular(word) != word for word in title.split())
    return f"The {title} {'range' if several else 'ranges'} from {' to '.join(ends)}."


def _those(entries: Sequence[Entry], value: float) -> str:
    names = [e.name for e in entries if e.value == value]
    if len(names) > _NAMED:
        return f"{', '.join(names[:2])} and {len(names) - 2:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _beside(best: float, entries: Sequence[Entry], rest: Sequence[Entry], column: ColumnInfo) -> str:
    """The leader's part of the whole where there is a whole, else the distance to the next."""
    total = sum(e.value for e in entries)
    if column.additive and total > 0 and all(e.value >= 0 for e in entries):
        return f", {share(best, total)} of the total"
    if not rest:
        return ""
    second = max(e.value for e in rest)
    next_ones = [e for e in rest if e.value == second]
    return f", ahead of {next_ones[0].name} with {amount(second, column)}" if len(next_ones) == 1 else ""


def _tie(first: Sequence[Entry], column: ColumnInfo, lowest: bool) -> str:
    value = spelt(first[0].value, column)
    if len(first) > _NAMED:
        return f"{len(first):,} share the {'lowest' if lowest else 'first'} place with {value} each."
    names = ", ".join(e.name for e in first[:-1]) + f" and {first[-1].name}"
    return f"{names} {'come last' if lowest else 'lead'} with {value} each."


def _extreme(
    first: Entry, rest: Sequence[Entry], column: ColumnInfo, lowest: bool, complete: bool
) -> str:
    counts = column.kind == "integer" and column.measure == "count"
    word = ("fewest" if counts else "lowest") if lowest else "highest"
    text = f"{first.name} has the {word} {_bare(column)}, {amount(first.value, column)}"
    if not complete or not rest:
        return f"{text}."
    end = max(e.value for e in rest) if lowest else min(e.value for e in rest)
    last = [e for e in rest if e.value == end]
    other = ("most" if counts else "highest") if lowest else "lowest"
    return f"{text}; {last[0].name} the {other}, {amount(end, column)}." if len(last) == 1 else f"{text}."


def _bare(column: ColumnInfo) -> str:
    """The heading as part of a sentence, without its own superlative and its unit."""
    text = lowered(inline(column))
    return next((text.removeprefix(word) for word in _SUPERLATIVES if text.startswith(word)), text)


def _difference(high: float, low: float, column: ColumnInfo) -> str:
    if high == low:
        return "the same"
    word = "more" if column.measure in ("sum", "count") else "higher"
    if column.kind == "percent":
        points = (high - low) * column.scale
        return f"{points:.1f} points {word}"
    if low <= 0:
        return f"{format_brief(high - low, column)} {word}"
    if high >= 10 * low:
        return f"{high / low:,.0f} times as {'much' if column.kind == 'money' else 'many'}" \
            if column.measure in ("sum", "count") else f"{high / low:,.0f} times as high"
    percent = 100 * (high - low) / low
    return f"{percent:.0f} % {word}" if percent >= 1 else f"less than 1 % {word}"
