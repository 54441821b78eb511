"""Decides whether a word that may mean something else ("may", "march", 2024) is a time in its question."""

from __future__ import annotations

from bot.common_words import word_set
from bot.time_reader import Point, Reader
from bot.time_words import AMBIGUOUS_MONTHS, Token

_MONTH_LEADS = word_set(
    """
    in during for since before after until till til by through throughout from between of vs versus to
    around at early late mid and or
    """
)
_NOT_AFTER_MAY = word_set(
    """
    i we you they he she it be have the a this that these those not also need want my our your their one
    see get still well ask know just only someone anyone there any all
    """
)
_NOT_BEFORE_MARCH = word_set(
    """
    to will we they i you can should must let lets would could did do does the a
    """
)
_MEASURES = word_set(
    """
    sales revenue turnover profit orders numbers figures returns tickets signups stats invoices payments
    refunds income margin
    """
)
_COUNTABLE = word_set(
    """
    unit units item items piece pieces pcs dollars dollar usd eur euros euro gbp pounds bucks percent
    pct cents kg km people customers employees suppliers products boxes days times seats
    """
)
_NOT_YEAR_AFTER = word_set(
    """
    than least most over under above below exceeding exceeds exceed top limit order id number no nr num
    invoice ticket product customer employee item costs cost price priced worth exactly about roughly
    approximately nearly almost a an reached reach hit equals is are was paid pay spent earn earns make
    makes capacity another every nr ref code
    """
)
_YEAR_LEADS = word_set(
    """
    in since before after during until till throughout from through thru year between by
    """
)
_NOT_YEAR_AFTER_KINDS = word_set("qualifier ordinal count number decimal")
_NAME_LEADS = word_set("in at on over for during since before after around until by from of")
_LIMITS = ("no", "not", "earlier", "later")  # "no later than 2024"


def convincing(reader: Reader, i: int, start: int, point: Point) -> bool:
    """Whether the point at token i, led by the token at `start` (i if there is no lead), is a time."""
    if not point.weak:
        return True
    i += reader.at(i).word == "the"
    token = reader.at(i)
    lead = reader.at(start if start != i else i - 1).text.lower()
    if token.kind == "year":
        return _year(reader, i, lead, point)
    if token.kind == "month":
        return _month(reader, i, lead, token, point)
    if token.kind == "weekday":
        return _weekday(reader, i, lead, token, point)
    if token.kind == "unit":  # "the weekend"
        return lead in _NAME_LEADS
    return lead in _NAME_LEADS and (start < i or token.kind == "holiday")


def _year(reader: Reader, i: int, lead: str, point: Point) -> bool:
    token, following = reader.at(i), reader.at(point.end)
    clock = following.text == ":" and reader.at(point.end + 1).start == following.end
    if token.glued or token.suffix or following.text == "%" or clock:
        return False
    if following.text == "/" and reader.at(point.end + 1).kind == "number":
        return False
    if following.word in _COUNTABLE or (following.kind == "unit" and following.number == 2):
        return False
    this = reader.today.year
    if lead in _YEAR_LEADS or (lead in _LIMITS and reader.at(i - 1).word == "than"):
        return 1950 <= token.number <= this + 20
    before = reader.at(i - 1)
    if before.text.lower() in _NOT_YEAR_AFTER or before.kind in _NOT_YEAR_AFTER_KINDS:
        return False
    if before.kind == "mark" and before.text in "#$€£=<>@*+":
        return False
    return this - 15 <= token.number <= this + 1


def _month(reader: Reader, i: int, lead: str, token: Token, point: Point) -> bool:
    if token.word not in AMBIGUOUS_MONTHS:
        return True
    following = reader.at(point.end)
    if token.word == "may" and following.text.lower() in _NOT_AFTER_MAY:
        return False
    if lead in _MONTH_LEADS or reader.at(i - 1).kind == "month" or following.kind == "month":
        return not (token.word == "march" and lead == "to")
    last = following.kind == "end" or (following.kind == "mark" and following.text in "?.!,;:)")
    capital = token.text[0].isupper() and (i > 0 or token.word == "march")
    if token.word == "march":
        marching = following.text.lower() in ("on", "onto", "ahead", "forward", "along", "into", "past", "up")
        return not marching and reader.at(i - 1).text.lower() not in _NOT_BEFORE_MARCH
    named = token.word == "jan" and following.text[:1].isupper() and following.kind == "word"
    if named:
        return False
    return capital or (last and i > 0) or following.word in _MEASURES


def _weekday(reader: Reader, i: int, lead: str, token: Token, point: Point) -> bool:
    if lead in ("on", "since", "before", "after", "until", "till", "between"):
        return True
    before = reader.at(i - 1).text.lower()
    recurring = before in ("every", "each", "per", "a", "or", "and", "vs", "to", "is", "in", "black", "the")
    following = reader.at(point.end)
    last = following.kind == "end" or (following.kind == "mark" and following.text in "?.!")
    return last and i > 0 and not recurring and len(token.text) > 4
