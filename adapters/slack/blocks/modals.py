"""The windows that open: what is wrong with an answer and its right SQL, all rows, a channel to share to, a pair."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.slack.blocks.tables import WIDE
from adapters.slack.blocks.texts import Block, clean_text, code, context, length, plain, section
from bot.feedback import MAX_COMMENT
from bot.shown import Shown
from bot.table import as_text, make_table

SQL = 3_000  # characters that a box takes
_PAGES = 40  # blocks of rows in a window
_LINES = 2_400  # characters of rows in one block


def correction(answer_id: str, channel: str, thread: str, question: str, sql: str, voted: bool) -> Block:
    """What is wrong, and the SQL that the answer should have had. `voted`: the thumb down was counted already."""
    head = "Noted. What is wrong? Both boxes may stay empty." if voted else "What should the SQL have been?"
    blocks = [section(head), context(plain(question, 2000))]
    blocks.append(_input("why", "What is wrong?", "", MAX_COMMENT, True, "It should leave out cancelled orders."))
    known = sql if length(sql) <= SQL else ""
    hint = "It is checked, and run read-only, before it is kept."
    blocks.append(_input("sql", "Corrected SQL", known, SQL, True, "SELECT …", hint))
    return _view("correction", "Correct an answer", blocks, "Send", answer=answer_id, channel=channel, thread=thread)


def working(title: str) -> Block:
    """While something takes longer than Slack waits."""
    return _view("", title, [section("Running it…")])


def said(title: str, message: str) -> Block:
    """One sentence."""
    return _view("", title, [section(message)])


def all_rows(shown: Shown) -> Block:
    """All rows as far as a window holds them, under the rights of who looks at them."""
    lines = as_text(make_table(shown.result, shown.columns), WIDE).split("\n")
    blocks, taken = [section(shown.reading)] if shown.reading else [], 0
    while lines and taken < _PAGES:
        page: list[str] = []
        while lines and sum(length(line) + 1 for line in page) + length(lines[0]) <= _LINES:
            page.append(lines.pop(0))
        blocks.append(code("\n".join(page or [lines.pop(0)]), _LINES))
        taken += 1
    if lines:
        blocks.append(context(plain(f"{len(lines):,} more lines do not fit here; the file has them all.")))
    return _view("", "All rows", blocks)


def share(answer_id: str, channel: str, thread: str) -> Block:
    """Which channel to share to."""
    chosen = {
        "type": "conversations_select", "action_id": "channel",
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }  # fmt: skip
    asked = {"type": "input", "block_id": "channel", "label": plain("Channel"), "element": chosen}
    note = context(plain("The rows are what you may see there. I have to be in that channel."))
    return _view("share", "Share an answer", [asked, note], "Share", answer=answer_id, channel=channel, thread=thread)


def pair_edit(pair_id: int, question: str, sql: str, why: str) -> Block:
    """A pair's SQL to be written anew by a reviewer."""
    blocks = [context(plain(question, 2000))]
    if why:
        blocks.append(context(plain(why, 2000)))
    blocks.append(_input("sql", "SQL to learn", sql if length(sql) <= SQL else "", SQL, False, "SELECT …"))
    return _view("pair_edit", "Edit a pair", blocks, "Save", pair=str(pair_id))


def _input(name: str, label: str, value: str, most: int, optional: bool, example: str, hint: str = "") -> Block:
    element: Block = {
        "type": "plain_text_input", "action_id": name, "multiline": True, "max_length": most,
        "placeholder": plain(example, 150),
    }  # fmt: skip
    if value:
        element["initial_value"] = clean_text(value)
    block: Block = {"type": "input", "block_id": name, "optional": optional, "label": plain(label), "element": element}
    return block | ({"hint": plain(hint)} if hint else {})


def _view(name: str, title: str, blocks: list[Block], submit: str = "", **data: str) -> Block:
    view: Block = {
        "type": "modal", "callback_id": name or "nothing", "title": plain(title, 24), "close": plain("Close", 24),
        "blocks": blocks, "private_metadata": json.dumps(data),
    }  # fmt: skip
    return view | ({"submit": plain(submit, 24)} if submit else {})


def data_of(view: Mapping[str, Any]) -> dict[str, str]:
    """What a window carries with it."""
    kept = json.loads(view.get("private_metadata") or "{}")
    return {str(name): str(value) for name, value in kept.items()}


def value_of(view: Mapping[str, Any], name: str) -> str:
    """What was typed into a box."""
    typed = view["state"]["values"].get(name, {}).get(name, {})
    return str(typed.get("value") or typed.get("selected_conversation") or "").strip()
