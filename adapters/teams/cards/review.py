"""Pairs that wait for a reviewer, each with what can be decided."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.teams.cards.parts import LIMIT, Part, box, card, press, size, text
from adapters.teams.cards.sql import LONGEST, plain_lines
from bot.review import Waiting

_MOST = 5  # pairs on one card
_SQL = 3_000  # characters of a query


def review_card(waiting: Sequence[Waiting], note: str = "") -> Part:
    """The most pressing pairs, as many as there is room for."""
    count = len(waiting)
    title = "Nothing waits for a reviewer." if not waiting else _title(count)
    body = [*([box([text(note, weight="Bolder")], style="good", bleed=True)] if note else []),
            text(title, weight="Bolder", size="Medium")]  # fmt: skip
    for pair in waiting[:_MOST]:
        entry = _entry(pair)
        if size(card([*body, entry])) > LIMIT:
            break
        body.append(entry)
    return card(body)


def _title(count: int) -> str:
    return "One pair waits for a reviewer" if count == 1 else f"{count:,} pairs wait for a reviewer"


def _entry(pair: Waiting) -> Part:
    data = {"pair": pair.id}
    code: Part = {
        "type": "CodeBlock", "codeSnippet": plain_lines(pair.sql[:_SQL]), "language": "Sql",
        "fallback": text(pair.sql[:_SQL], fontType="Monospace", size="Small"),
    }  # fmt: skip
    lines = [text(pair.question, weight="Bolder"), text(_said(pair), isSubtle=True, size="Small", spacing="None")]
    lines += [text(comment, size="Small", spacing="Small") for comment in pair.comments[:3]]
    edit: Part = {
        "type": "Input.Text", "id": f"sql{pair.id}", "isMultiline": True, "maxLength": LONGEST,
        "value": pair.sql[:_SQL],
        "label": "The SQL that is right. It is checked, run, and admitted as your own.",
    }  # fmt: skip
    send = press("Check and admit", "review", data | {"decision": "edit"}, style="positive")
    inner = card([edit], [send])
    del inner["msteams"], inner["$schema"]
    buttons = {"type": "ActionSet", "actions": [
        press("Approve", "review", data | {"decision": "approve"}),
        press("Reject", "review", data | {"decision": "reject"}),
        {"type": "Action.ShowCard", "title": "Edit", "card": inner},
    ]}  # fmt: skip
    return box([*lines, code, buttons], separator=True, spacing="Medium")


def _said(pair: Waiting) -> str:
    """Who vouches for it, and what speaks against it."""
    said = ["a correction" if pair.source == "correction" else "a vote", f"👍 {pair.up} 👎 {pair.down}"]
    if pair.teacher_agrees is not None:
        said.append("the teacher agrees" if pair.teacher_agrees else "the teacher says something else")
    if pair.others:
        said.append(f"{len(pair.others)} other quer{'y' if len(pair.others) == 1 else 'ies'} for the same question")
    return " · ".join([*said, *([pair.why] if pair.why else [])])
