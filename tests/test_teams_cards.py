"""Cards for Teams: every one valid and small enough, whatever is in the rows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.desk import Desk
from adapters.teams.cards.answer import FEW, View, answer_card
from adapters.teams.cards.notices import examples_card, help_card, lines_card, working_card
from adapters.teams.cards.parts import LIMIT, plain, size
from adapters.teams.cards.review import review_card
from bot.answer import Answer, Reading
from bot.chart import draw, suggest
from bot.config import ROOT, load_settings
from bot.database import Cell, Result
from bot.formats import ColumnInfo
from bot.review import Waiting
from bot.shown import Shown, show
from demo.opening import with_demo
from tests.adaptive_schema import faults
from tests.npm_tools import NPM

TODAY = date(2026, 11, 22)
NUMBER = ColumnInfo("Revenue", "money", "right", measure="sum", unit="$", decimals=2)
NAME = ColumnInfo("Name", "text", "left")
# The library that clients are built on, as a second judge.
LIBRARY = """
const { AdaptiveCard, HostConfig, SerializationContext, Versions } = require('adaptivecards/dist/adaptivecards.js');
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean)) {
  const context = new SerializationContext(Versions.v1_5), card = new AdaptiveCard();
  card.hostConfig = new HostConfig({ actions: { maxActions: 8 } });
  card.parse(JSON.parse(line), context);
  const found = [...Array(context.eventCount).keys()].map(i => context.getEventAt(i).message)
    .concat(card.validateProperties().validationEvents.map(e => e.message));
  console.log(JSON.stringify(found.filter(m => !m.startsWith('Unknown element type "CodeBlock"'))));
}
"""


def check(card: dict[str, Any]) -> None:
    assert faults(card) == []
    assert size(card) <= LIMIT
    assert len(json.dumps(card).encode()) <= LIMIT
    assert len(card.get("actions", [])) <= 8
    assert sum(action.get("mode") != "secondary" for action in card.get("actions", [])) <= 6


def view_of(rows: list[tuple[Cell, ...]], columns: tuple[ColumnInfo, ...], sql: str = "SELECT 1", **more: Any) -> View:
    result = Result(tuple(c.title for c in columns), tuple(rows), more.pop("truncated", False))
    answer = Answer("a" * 32, "how much?", more.pop("status", "answered"), "", sql, result, 0.9, "demo-1",
                    timings_ms={"total": 20.0}, readings=more.pop("readings", ()))  # fmt: skip
    shown = Shown(sql, result, columns, more.pop("reading", "Germany leads."), suggest(result, columns))
    return View(answer, shown, draw(shown.chart) if shown.chart and more.pop("drawn", True) else None, sql, **more)


def texts(part: Any) -> Iterator[str]:
    """Every text that a card shows, in order."""
    if isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "inlines":
                yield from (run if isinstance(run, str) else run["text"] for run in value)
            elif isinstance(value, dict | list):
                yield from texts(value)


def table_of(card: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(part for part in card["body"] if part["type"] == "Table")
    return found


def titles(card: dict[str, Any]) -> list[str]:
    return [action["title"] for action in card.get("actions", [])]


def test_a_table_has_its_numbers_to_the_right_and_says_what_is_missing() -> None:
    rows: list[tuple[Cell, ...]] = [(f"Shop {n}", n * 10.5) for n in range(30)]
    card = answer_card(view_of(rows, (NAME, NUMBER)))
    check(card)
    table = table_of(card)
    assert [column.get("horizontalCellContentAlignment") for column in table["columns"]] == [None, "Right"]
    assert len(table["rows"]) == FEW + 1
    assert list(texts(table["rows"][:2])) == ["Name", "Revenue", "Shop 0", "$0.00"]
    assert "The first 10 of 30 rows." in list(texts(card))
    assert "30 rows · 20 ms · student demo-1 · sure" in list(texts(card))
    assert titles(card)[:4] == ["SQL", "Correct SQL", "Show all", "Re-run"]
    everything = answer_card(view_of(rows, (NAME, NUMBER), all_rows=True))
    assert len(table_of(everything)["rows"]) == 31
    assert "Show all" not in titles(everything)


def test_a_chart_travels_in_the_message() -> None:
    rows: list[tuple[Cell, ...]] = [(f"Shop {n}", n * 10.5 + 1) for n in range(9)]
    card = answer_card(view_of(rows, (NAME, NUMBER)))
    check(card)
    image = next(part for part in card["body"] if part["type"] == "Image")
    assert image["url"].startswith("data:image/png;base64,")
    assert image["altText"].startswith("Bar chart: ")


def test_an_oversized_result_is_cut_and_has_a_link() -> None:
    rows: list[tuple[Cell, ...]] = [tuple(f"{'é' * 300}{n}" for _ in range(14)) for n in range(1000)]
    columns = tuple(replace(NAME, title=f"Column {n}") for n in range(14))
    view = view_of(rows, columns, "SELECT " + "x, " * 3_000 + "1", all_rows=True, file="link", url="https://m.test/f/1")
    card = answer_card(view)
    check(card)
    missing = next(t for t in texts(card) if t.startswith("The first "))
    assert missing.endswith("of 1,000 rows. 4 more columns found no room. The file has all of them.")
    assert {"type": "Action.OpenUrl", "title": "CSV", "url": "https://m.test/f/1"} in card["actions"]


def test_a_text_of_the_database_is_never_markdown_nor_a_formula() -> None:
    nasty = "[click](http://evil.test) **bold** {{DATE(2026-01-01, SHORT)}} \x1b[31m \u202ereversed <at>all</at>"
    card = answer_card(view_of([(nasty, 1.0), ("b", 2.0)], (NAME, NUMBER), drawn=False, reading=nasty))
    check(card)
    written = json.dumps(card, ensure_ascii=False)
    assert '"TextBlock"' not in written
    assert "{{" not in written
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert any("[click](http://evil.test) **bold**" in shown for shown in texts(card))
    assert plain("a\ud800b") == "a?b"


def test_a_query_is_code_and_where_there_is_none_lines_in_one_width() -> None:
    card = answer_card(view_of([(1,)], (NUMBER,), "SELECT\n  1"))
    check(card)
    code = next(part for part in card["body"] if part.get("id") == "query")["items"][0]
    assert (code["type"], code["codeSnippet"]) == ("CodeBlock", "SELECT\n  1")
    lines = [line["inlines"][0] for line in code["fallback"]["items"]]
    assert [line["text"] for line in lines] == ["SELECT", "\u00a0\u00a01"]
    assert {line["fontType"] for line in lines} == {"Monospace"}


def test_an_unsure_answer_offers_its_readings_and_shows_its_query() -> None:
    readings = tuple(Reading(f"reading {n} " + "long " * 30, "SELECT 1", "", 0.2) for n in range(3))
    card = answer_card(view_of([(1,), (2,)], (NUMBER,), status="unsure", readings=readings))
    check(card)
    picks = [part["selectAction"] for part in card["body"] if "selectAction" in part]
    assert [pick["verb"] for pick in picks] == ["pick"] * 3
    assert [pick["data"]["number"] for pick in picks] == [0, 1, 2]
    assert next(part for part in card["body"] if part.get("id") == "query")["isVisible"]


def test_an_answer_that_was_not_kept_takes_no_votes() -> None:
    card = answer_card(view_of([(1,), (2,)], (NUMBER,), not_kept="The disk is full."))
    check(card)
    assert titles(card) == ["SQL"]


def test_the_other_cards_are_valid() -> None:
    for card in (
        help_card("Harbor & Pine", ["how many orders?", "revenue by month"]), help_card("your database", []),
        examples_card(["a?", "b?"]), lines_card("Status", ["ready", "student demo-2"]), working_card("Reading …", 7),
    ):  # fmt: skip
        check(card)


def waiting(number: int, sql: str = "SELECT COUNT(*) FROM orders", **more: Any) -> Waiting:
    """A pair that waits for a reviewer."""
    told: dict[str, Any] = {"question": "how many orders?", "comments": ()} | more
    return Waiting(
        number, "nominated", told["question"], sql, "correction", ("ann",), 1, 0, told["comments"],
        datetime(2026, 11, 22, tzinfo=UTC), "teams", None, "a" * 32, None, "demo-1", "", None, None, (),
    )  # fmt: skip


@pytest.mark.parametrize(
    "first",
    [
        waiting(1, comments=("п" * 2_000,) * 3), waiting(1, "SELECT '" + "名" * 2_900 + "'"),
        waiting(1, question="漢" * 4_000, comments=("😀" * 2_000,) * 9),
        waiting(1, "SELECT '" + "\n" * 2_900 + "'", question="漢" * 4_000, comments=("😀" * 2_000,) * 9),
    ],
)  # fmt: skip
def test_a_long_pair_can_be_decided_and_keeps_no_other_from_it(first: Waiting) -> None:
    card = review_card([first, waiting(2)])
    check(card)
    decided = [part["data"]["pair"] for part in parts(card) if part.get("title") == "Approve"]
    assert decided == [1, 2]


def test_a_query_that_is_longer_than_is_shown_says_so_and_is_not_cut_in_the_box() -> None:
    card = review_card([waiting(1, "SELECT " + "1 + " * 1_000 + "1")])
    check(card)
    assert any("longer" in each for each in texts(card))
    (box,) = [part for part in parts(card) if part.get("type") == "Input.Text"]
    assert "value" not in box


def parts(part: Any) -> Iterator[dict[str, Any]]:
    """Every element of a card."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts(each)


cells = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**14), 10**14), st.floats(), st.text(max_size=20),
    st.sampled_from(["2026-01-02", "2026-01", "x" * 2_000, "=1+1", "{{DATE(a)}}", "\ud800", "é" * 500]),
)  # fmt: skip
kinds = st.sampled_from(["text", "integer", "number", "money", "percent", "date", "timestamp", "boolean", "id"])


@st.composite
def views(draw_: st.DrawFn) -> View:
    some = draw_(st.lists(st.tuples(st.text(min_size=1, max_size=30), kinds), min_size=1, max_size=14))
    columns = tuple(ColumnInfo(t, k, "right" if k in ("integer", "money") else "left") for t, k in some)
    row = st.tuples(*(cells for _ in columns))
    rows = draw_(st.lists(row, max_size=4)) * draw_(st.sampled_from([1, 1, 50]))
    answered = draw_(st.booleans())
    readings = tuple(Reading(w, "SELECT 1", "", 0.1) for w in draw_(st.lists(st.text(max_size=50), max_size=3)))
    result = Result(tuple(c.title for c in columns), tuple(rows), draw_(st.booleans()))
    sql = draw_(st.text(max_size=60)) * draw_(st.sampled_from([1, 10, 300]))
    answer = Answer(
        "f" * 32, draw_(st.text(max_size=50)) * 20, "answered" if answered else "unsure", draw_(st.text(max_size=100)),
        sql, result, readings=() if answered else readings, student_version="demo-2",
    )  # fmt: skip
    file = draw_(st.sampled_from(["", "file", "link"]))
    return View(
        answer, Shown(sql, result, columns, draw_(st.text(max_size=60)) * 50, None), None, sql,
        note=draw_(st.text(max_size=40)), all_rows=draw_(st.booleans()), file=file, url="https://m.test/" + "t" * 400,
    )  # fmt: skip


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(views())
def test_any_result_makes_a_valid_card(view: View) -> None:
    check(answer_card(view))


@pytest.fixture(scope="module")
def visible(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The cards of all visible questions of the demo, short and long."""
    own = load_settings(today=TODAY, state_dir=tmp_path_factory.mktemp("state"))
    desk = Desk(with_demo(own))
    desk.open()
    assert desk.bot is not None
    made = []
    for line in (ROOT / "demo" / "questions.jsonl").read_text("utf-8").splitlines():
        answer = desk.ask(json.loads(line)["question"], door="teams", user_id="u").answer
        shown = show(answer, desk.bot.schema, desk.bot.glossary, TODAY)
        picture = draw(shown.chart) if shown and shown.chart else None
        view = View(answer, shown, picture, shown.sql if shown else "", file="file", examples=("a?", "b?"))
        made += [answer_card(view), answer_card(replace(view, all_rows=True))]
    desk.close()
    return made


@pytest.mark.slow
def test_the_cards_of_all_visible_questions_are_valid(visible: list[dict[str, Any]]) -> None:
    assert len(visible) > 200
    assert sum(any(part["type"] == "Image" for part in card["body"]) for card in visible) > 20
    for card in visible:
        check(card)


@pytest.mark.slow
@pytest.mark.needs("teams-playground")
def test_the_library_that_clients_are_built_on_takes_them(visible: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(card) + "\n" for card in visible)
    done = subprocess.run(
        ["node", "-e", LIBRARY], input=lines, cwd=NPM.parent, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[]] * len(visible)


def test_the_npm_folder_is_ignored_by_git() -> None:
    ignored = (Path(ROOT) / ".gitignore").read_text("utf-8").split()
    assert NPM.parent.name in [line.rstrip("/") for line in ignored]
