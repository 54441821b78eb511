"""Pairs that wait for a reviewer, each with what can be decided."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.teams.cards.parts import LIMIT, Part, box, card, plain, press, size, text
from adapters.teams.cards.sql import LONGEST, code
from bot.review import Waiting

_MOST = 5  # pairs on one card
_ALONE = LIMIT * 2 // 3  # bytes of one pair: however much people wrote, it leaves room for the next
# Characters of a query, and of each thing that people wrote: the first that find room.
_WAYS = ((3_000, 2_000), (3_000, 200), (800, 150), (200, 150), (60, 60))


def review_card(waiting: Sequence[Waiting], note: str = "") -> Part:
    """The most pressing pairs, as many as there is room for."""
    count = len(waiting)
    title = "Nothing waits for a reviewer." if not waiting else _title(count)
    body = [*([box([text(plain(note, 200), weight="Bolder")], style="good", bleed=True)] if note else []),
            text(title, weight="Bolder", size="Medium")]  # fmt: skip
    for pair in waiting[:_MOST]:
        room = min(_ALONE, LIMIT - size(card(body)) - 2)
        entry = next((made for way in _WAYS if size(made := _entry(pair, *way)) <= room), None)
        if entry is None:
            break
        body.append(entry)
    return card(body)


def _title(count: int) -> str:
    return "One pair waits for a reviewer" if count == 1 else f"{count:,} pairs wait for a reviewer"


def _entry(pair: Waiting, sql: int, words: int) -> Part:
    """One pair with `sql` characters of its query at the most, and `words` of each thing that people wrote."""
    data = {"pair": pair.id}
    lines = [text(plain(pair.question, words), weight="Bolder"),
             text(plain(_said(pair), words), isSubtle=True, size="Small", spacing="None")]  # fmt: skip
    lines += [text(plain(comment, words), size="Small", spacing="Small") for comment in pair.comments[:3]]
    edit: Part = {
        "type": "Input.Text", "id": f"sql{pair.id}", "isMultiline": True, "maxLength": LONGEST,
        "label": "The SQL that is right. It is checked, run, and admitted as your own.",
    }  # fmt: skip
    if len(pair.sql) <= sql:
        edit["value"] = pair.sql
    send = press("Check and admit", "review", data | {"decision": "edit"}, style="positive")
    inner = card([edit], [send])
    del inner["msteams"], inner["$schema"]
    buttons = {"type": "ActionSet", "actions": [
        press("Approve", "review", data | {"decision": "approve"}),
        press("Reject", "review", data | {"decision": "reject"}),
        {"type": "Action.ShowCard", "title": "Edit", "card": inner},
    ]}  # fmt: skip
    return box([*lines, *code(pair.sql, sql), buttons], separator=True, spacing="Medium")


def _said(pair: Waiting) -> str:
    """Who vouches for it, and what speaks against it."""
    said = ["a correction" if pair.source == "correction" else "a vote", f"👍 {pair.up} 👎 {pair.down}"]
    if pair.teacher_agrees is not None:
        said.append("the teacher agrees" if pair.teacher_agrees else "the teacher says something else")
    if pair.others:
        said.append(f"{len(pair.others)} other quer{'y' if len(pair.others) == 1 else 'ies'} for the same question")
    return " · ".join([*said, *([pair.why] if pair.why else [])])
