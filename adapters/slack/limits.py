"""Slack's documented limits. The SDK does not check them, and Slack only says `invalid_blocks`: so we look ourselves.

`faults` names everything about a message or a view that Slack would refuse. The limits are those of the Block Kit
reference; where a message has none of its own, the sum of its blocks' is what counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.slack.blocks.texts import length

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_TEXT = 4_000  # recommended; Slack cuts at 40,000
TABLE_ROWS, TABLE_COLUMNS, TABLE_TEXT = 100, 20, 10_000
DATA_ROWS = 201
CHART_SERIES, CHART_POINTS, CHART_WORDS, CHART_TITLE = 6, 20, 20, 50
RICH_TEXT = 12_000
VIEW_BYTES = 250_000
_TEXTS = {"section": 3000, "header": 150, "context": 2000}
_ELEMENTS = {"actions": 25, "context": 10}


def faults(blocks: Sequence[Mapping[str, Any]], text: str = " ", view: bool = False) -> list[str]:
    """What Slack would refuse, one sentence each; none for what it takes."""
    return list(_faults(blocks, text, view))


def _faults(blocks: Sequence[Mapping[str, Any]], text: str, view: bool) -> Iterator[str]:
    most = VIEW_BLOCKS if view else MESSAGE_BLOCKS
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks, not 1 to {most}"
    if not view and not 1 <= length(text) <= MESSAGE_TEXT:
        yield f"a fallback text of {length(text)} characters"
    names = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(names)) < len(names) or any(len(name) > 255 for name in names):
        yield "block ids that are long or not unique"
    tables = [block for block in blocks if block["type"] in ("table", "data_table")]
    if len([b for b in tables if b["type"] == "table"]) > 1:
        yield "more than one table"
    if sum(map(_table_text, tables)) > TABLE_TEXT:
        yield f"tables of more than {TABLE_TEXT} characters"
    if sum(block["type"] == "data_visualization" for block in blocks) > 2:
        yield "more than two charts"
    for number, block in enumerate(blocks):
        for fault in _BLOCKS.get(block["type"], _unknown)(block):
            yield f"block {number} ({block['type']}): {fault}"


def _unknown(block: Mapping[str, Any]) -> Iterator[str]:
    yield "not a block we know"


def _divider(_: Mapping[str, Any]) -> Iterator[str]:
    yield from ()


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _text(block["text"], _TEXTS[block["type"]])
    if "accessory" in block:
        yield from _element(block["accessory"])


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= _ELEMENTS["context"]:
        yield "not 1 to 10 elements"
    for element in block["elements"]:
        yield from _text(element, _TEXTS["context"])


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= len(block["elements"]) <= _ELEMENTS["actions"]:
        yield "not 1 to 25 elements"
    names = [element["action_id"] for element in block["elements"]]
    if len(set(names)) < len(names):
        yield "action ids that are not unique"
    for element in block["elements"]:
        yield from _element(element)


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    texts = [part["text"] for element in block["elements"] for part in element["elements"]]
    if not texts or any(not text for text in texts):
        yield "an empty text"
    if sum(map(length, texts)) > RICH_TEXT:
        yield "a long text"


def _table(block: Mapping[str, Any]) -> Iterator[str]:
    rows, least = block["rows"], 2 if block["type"] == "data_table" else 1
    most = DATA_ROWS if block["type"] == "data_table" else TABLE_ROWS
    if not least <= len(rows) <= most:
        yield f"{len(rows)} rows"
    if len({len(row) for row in rows}) > 1 or not 1 <= len(rows[0]) <= TABLE_COLUMNS:
        yield "rows of unlike lengths, or with too many columns"
    if len(block.get("column_settings", ())) > TABLE_COLUMNS or not 1 <= block.get("page_size", 1) <= 100:
        yield "settings out of bounds"
    for cell in (cell for row in rows for cell in row):
        if cell["type"] != "raw_text" or not cell["text"]:
            yield "a cell that is empty or no text"


def _chart(block: Mapping[str, Any]) -> Iterator[str]:
    chart = block["chart"]
    axis, series = chart["axis_config"], chart["series"]
    if chart["type"] not in ("line", "bar") or not 1 <= length(block["title"]) <= CHART_TITLE:
        yield "a kind or a title that it cannot have"
    if not 1 <= len(series) <= CHART_SERIES or len({s["name"] for s in series}) < len(series):
        yield "too many series, or names that are not unique"
    categories = axis["categories"]
    words = [*categories, *(s["name"] for s in series)]
    if any(not 1 <= length(word) <= CHART_WORDS for word in words) or len(set(categories)) < len(categories):
        yield "long, empty or equal words"
    if any(length(axis.get(name, "")) > 50 for name in ("x_label", "y_label")):
        yield "a long label"
    for each in series:
        if not 1 <= len(each["data"]) <= CHART_POINTS or [p["label"] for p in each["data"]] != categories:
            yield "points that are not those of the axis"


def _input(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _text(block["label"], 2000)
    element = block["element"]
    if length(element.get("initial_value", "")) > element.get("max_length", 3000):
        yield "a long value"
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150)


def _text(text: Mapping[str, Any], most: int) -> Iterator[str]:
    if not 1 <= length(text["text"]) <= most:
        yield f"a text of {length(text['text'])} characters, not 1 to {most}"


def _element(element: Mapping[str, Any]) -> Iterator[str]:
    if element["type"] == "button":
        yield from _text(element["text"], 75)
    if len(element["action_id"]) > 255 or length(element.get("value", "")) > 2000:
        yield "a long action id or value"


def _table_text(block: Mapping[str, Any]) -> int:
    return sum(length(str(cell["text"])) for row in block["rows"] for cell in row)


_BLOCKS = {
    "section": _section, "header": _section, "context": _context, "actions": _actions, "rich_text": _rich_text,
    "table": _table, "data_table": _table, "data_visualization": _chart,
    "divider": _divider, "input": _input,
}  # fmt: skip
