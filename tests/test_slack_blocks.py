"""What is built for Slack: within its documented limits whatever the rows hold, and nothing in it is more than text."""

from __future__ import annotations

import doctest
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.desk import Asked
from adapters.slack.blocks import modals, pages, texts
from adapters.slack.blocks.answers import Look, answer_message, failed, shared_message, waiting
from adapters.slack.blocks.charts import native_chart
from adapters.slack.limits import faults
from adapters.slack.listeners import reactions
from adapters.slack.workspaces import LOOKS
from bot.answer import Answer, Reading
from bot.chart import ChartSpec, Series, suggest
from bot.database import Cell, Result
from bot.formats import ColumnInfo
from bot.shown import Shown

HOSTILE = (
    "<!channel>", "<@U012>", "<https://evil.example|click>", "```", "`*_~", "https://evil.example/x", "@here",
    "&lt;!everyone&gt;", "\u202eabc", "\x00\x1b[31m", "\ud83d", "😀" * 50, "x" * 5000, "", " ", "\n\n\n", "=1+1",
    "漢字" * 40, "a\tb", "<", ">", "&", "}{\"", "'; DROP TABLE x --",
)  # fmt: skip
cells: st.SearchStrategy[Cell] = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(), st.sampled_from(HOSTILE),
    st.text(max_size=60), st.dates().map(str),
)  # fmt: skip


@st.composite
def results(draw: st.DrawFn) -> Shown:
    """A result of any shape: wide, long, of every kind of cell, with a chart where one suits it."""
    kinds = ["text", "integer", "money", "percent", "date", "month", "id", "boolean", "number"]
    width = draw(st.one_of(st.integers(1, 5), st.integers(18, 30)))
    titles = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
    columns = []
    for _ in range(width):
        kind: Any = draw(st.sampled_from(kinds))
        align: Any = "right" if kind in ("integer", "money", "percent", "number") else "left"
        columns.append(ColumnInfo(draw(titles), kind, align))
    some = draw(st.lists(st.tuples(*[cells] * width), max_size=4))
    rows = tuple(some * draw(st.sampled_from([1, 1, 1, 5, 40])))
    result = Result(tuple(f"c{n}" for n in range(width)), rows, draw(st.booleans()))
    reading = draw(st.one_of(st.just(""), st.sampled_from(HOSTILE), st.text(max_size=200)))
    sql = draw(st.one_of(st.just("SELECT 1"), st.sampled_from(HOSTILE), st.just("SELECT x, " * 2000)))
    return Shown(sql, result, tuple(columns), reading, suggest(result, columns))


def messages(shown: Shown, words: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Everything that is posted of one answer, in every look."""
    reading = Reading(words, "SELECT 1", "", 0.2)
    answer = Answer("a" * 32, words, "answered", "", "SELECT 1", shown.result, 0.7, "s-1", timings_ms={"total": 1234.5})
    unsure = replace(answer, status="unsure", message=words, readings=(reading,) * 3)
    made = [answer_message(Asked(each), shown, look) for each in (answer, unsure) for look in LOOKS]
    made.append(shared_message(Asked(answer), shown, LOOKS[0], "U012"))
    made.append(answer_message(Asked(answer, words), shown, LOOKS[2], words, "<!channel>"))
    made.append(answer_message(Asked(replace(answer, status="failed", sql=None, message=words)), None, LOOKS[0]))
    made += [failed(words, words, "U012"), waiting("writing", 7, words, words)]
    return [(m.text, m.blocks) for m in made]


ANY = (results(), st.one_of(st.sampled_from(HOSTILE), st.text(max_size=400)))


@settings(max_examples=25, deadline=None)
@given(*ANY)
def test_any_result_makes_messages_within_the_limits(shown: Shown, words: str) -> None:
    check(shown, words)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(*ANY)
def test_five_hundred_results_make_messages_within_the_limits(shown: Shown, words: str) -> None:
    check(shown, words)


def check(shown: Shown, words: str) -> None:
    for text, blocks in messages(shown, words):
        assert faults(blocks, text) == []
        assert_only_text(text, blocks)
        json.dumps(blocks).encode()
    views = [modals.correction("a", "C1", "1.2", words, shown.sql, True), modals.all_rows(shown),
             modals.pair_edit(7, words, shown.sql, words), modals.said("Share", words)]  # fmt: skip
    for view in views:
        assert faults(view["blocks"] or [texts.section("")], view=True) == []
        assert len(json.dumps(view)) < 250_000 and len(view["private_metadata"]) <= 3000


def assert_only_text(text: str, blocks: list[dict[str, Any]]) -> None:
    """No text from outside is read for marks: only ours are mrkdwn, and the fallback is escaped."""
    assert "<" not in text.replace("&lt;", "") and "@here" not in text and "https://" not in text

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") == "mrkdwn":
                assert not any(each in part["text"] for each in ("<!", "evil", "```", "@here", "DROP")), part
            for value in part.values():
                walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(blocks)


def shown(rows: int, columns: int = 2) -> Shown:
    names = ("City", "Amount", *(f"Column {n}" for n in range(columns - 2)))[:columns]
    made = tuple(ColumnInfo(name, "text" if n != 1 else "money", "left", unit="$") for n, name in enumerate(names))
    cells_of = tuple((f"Town {n}", n * 10.5, *("x" for _ in names[2:]))[:columns] for n in range(rows))
    result = Result(names, cells_of)
    return Shown("SELECT 1", result, made, "Town 1 leads.", suggest(result, made))


def test_an_answer_reads_from_the_sentence_to_the_buttons() -> None:
    answer = Answer("id1", "q", "answered", "", "SELECT 1", shown(30).result, 0.96, "s-1", timings_ms={"total": 12.0})
    message = answer_message(Asked(answer), shown(30), LOOKS[0])
    kinds = [block["type"] for block in message.blocks]
    assert kinds == ["section", "data_table", "context", "rich_text", "actions", "context"]
    labels = [element["text"]["text"] for element in message.blocks[4]["elements"]]
    assert labels == [":+1:", ":-1:", "Correct SQL", "Show all", "Re-run", "Share to channel"]
    assert message.blocks[5]["elements"][0]["text"] == "30 rows · 12 ms · student s-1 · sure (96%)"
    assert message.blocks[2]["elements"][0]["text"] == "The first 15 of 30 rows."


def test_columns_that_slack_has_no_room_for_are_said() -> None:
    answer = Answer("id1", "q", "answered", "", "SELECT 1", shown(2, 25).result)
    message = answer_message(Asked(answer), shown(2, 25), LOOKS[1])
    assert "No room for 5 more columns" in json.dumps(message.blocks)


def test_a_chart_is_slacks_own_where_it_fits() -> None:
    answer = Answer("id1", "q", "answered", "", "SELECT 1", shown(6).result)
    assert "data_visualization" in json.dumps(answer_message(Asked(answer), shown(6), LOOKS[0]).blocks)
    assert "data_visualization" not in json.dumps(answer_message(Asked(answer), shown(6), Look("table", False)).blocks)
    assert "data_visualization" not in json.dumps(answer_message(Asked(answer), shown(28), LOOKS[0]).blocks)
    gap = replace(shown(3), chart=ChartSpec("bar", "t", "l", ("a", "b"), (), (Series("", (1.0, None)),),
                                            shown(3).columns[1], "alt"))  # fmt: skip
    assert "data_visualization" not in json.dumps(answer_message(Asked(answer), gap, LOOKS[0]).blocks)


def test_a_chart_of_slacks_own_says_the_percentages_that_the_table_says() -> None:
    share = ColumnInfo("Share", "percent", "right", measure="ratio", scale=100.0, decimals=1)
    columns = [ColumnInfo("City", "text", "left"), share]
    chart = suggest(Result(("c", "s"), (("Spain", 0.5), ("Italy", 0.0421))), columns)
    assert chart is not None
    block = native_chart(chart)
    assert block is not None
    assert [point["value"] for point in block["chart"]["series"][0]["data"]] == [50.0, 4.21]
    assert block["chart"]["axis_config"]["y_label"] == "%"
    assert faults([block]) == []


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        ([], "0 blocks"),
        ([{"type": "divider"}] * 51, "51 blocks"),
        ([{"type": "section", "text": {"type": "plain_text", "text": "x" * 3001}}], "3001 characters"),
        ([{"type": "video"}], "not a block we know"),
        ([{"type": "actions", "elements": []}], "not 1 to 25"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}], "101 rows"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}], "empty"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 10_001}]]}], "more than 10000"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}], "too many columns"),
        ([{"type": "rich_text", "elements": [{"elements": [{"text": ""}]}]}], "an empty text"),
    ],
)
def test_the_validator_names_what_slack_would_refuse(blocks: list[dict[str, Any]], fault: str) -> None:
    assert any(fault in found for found in faults(blocks))


def test_pages_and_their_limits() -> None:
    state = pages.State("<!channel>", "", "s-1", "", "", "")
    assert faults(pages.home(state, None, ["x" * 500] * 30, [], [])["blocks"], view=True) == []
    answer = Answer("a", "q" * 5000, "refused", "no", None, timings_ms={"link": 1.0})
    assert faults(pages.why_blocks(answer, "")) == []


@pytest.mark.parametrize("module", [texts, reactions])
def test_examples_in_docstrings_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
