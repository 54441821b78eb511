"""The report as a page: that texts stay texts, that it filters in a real browser, and that it asks for nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.formats import clean
from eval_harness.differences import differing
from eval_harness.example import Kind
from eval_harness.markup import element, escaped
from eval_harness.measures import EvalReport, Excerpt, GoldError, Verdict, summarise
from eval_harness.reason import Reason
from eval_harness.report import to_json
from eval_harness.report_html import to_html, write_html
from eval_harness.report_sql import coloured
from tests.served import Browser

HOSTILE = "</script></style><script>window.pwned=1</script><img src=x onerror='window.pwned=1'> \u05e9\u05dc \u202e"
TEXTS = st.one_of(st.text(max_size=60), st.sampled_from([HOSTILE, "]]>", "<!--", "&lt;", "\ud800\x00"]))
ALWAYS_AS_MANY = {"script", "style", "img", "link", "a", "iframe", "details", "summary", "pre", "dl"}


def verdict(
    name: str,
    correct: bool = True,
    *,
    kind: Kind = "answerable",
    status: str = "answered",
    reason: Reason = "correct",
    level: str = "easy",
    tags: tuple[str, ...] = (),
    sql: str | None = "SELECT name FROM town WHERE id = 1",
    result: Excerpt | None = None,
    question: str = "",
    confidence: float | None = 0.9,
) -> Verdict:
    """A verdict as `evaluate` would have made it."""
    gold = Excerpt(("name", "id"), (("Ann", 1), ("Bob", None)), 2)
    return Verdict(
        id=name, question=question or f"question {name}?", kind=kind, level=level, tags=tags, status=status, sql=sql,
        gold=("SELECT name, id FROM town", "SELECT 2"), correct=correct, execution_correct=correct, sql_correct=correct,
        measurable=True, confidence=confidence, latency_ms=12.5, reason=reason, error="", result=result,
        gold_result=gold, guard_rejections=0, database_errors=0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def report() -> EvalReport:
    wrong = Excerpt(("name", "id"), (("Ann", 1), ("Bea", 7)), 2)
    return summarise(
        [
            verdict("fine", tags=("join",), result=wrong),
            verdict("filter", False, reason="wrong filter", tags=("join", "date"), result=wrong, confidence=0.4),
            verdict("refused", False, status="refused", reason="refused", level="hard", sql=None, confidence=None),
            verdict("hostile", False, reason="wrong filter", level=HOSTILE, tags=(HOSTILE,), question=HOSTILE,
                    sql=f"SELECT '{HOSTILE.replace(chr(39), '')}'", result=Excerpt((HOSTILE,), ((HOSTILE,),), 1)),
            verdict("weather", kind="unanswerable", status="refused", sql=None),
        ],
        [GoldError("broken", "SELECT <b>", HOSTILE)],
    )  # fmt: skip


def test_a_page_says_the_headlines_and_shows_every_example_failures_first(report: EvalReport) -> None:
    page = to_html(report, "March", facts={"student": "demo <7>"})
    assert "25.0%" in page and "demo &lt;7&gt;" in page
    assert "5% to 70%" in page, "the interval"
    places = [page.index(f">{v.id}</span>") for v in sorted(report.examples, key=lambda v: v.correct)]
    assert places == sorted(places)
    assert 'role="img"' in page and "<title>Wrong answers by coverage</title>" in page


def test_a_compared_report_stands_beside(report: EvalReport) -> None:
    other = summarise([dataclasses.replace(v, correct=not v.correct) for v in report.examples])
    page = to_html(report, "March", other, compared_name="incumbent")
    assert "incumbent 75.0% (−50.0)" in page
    assert page.count('data-change="worse"') == 3 and page.count('data-change="better"') == 2
    assert "incumbent: right" in page and "wrong, incumbent right" in page


def test_a_report_of_nothing_is_a_page_too(tmp_path: Path) -> None:
    write_html(summarise([]), tmp_path / "empty.html", "Nothing")
    assert "No example matches." in (tmp_path / "empty.html").read_text("utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["empty.html"]


def test_a_very_long_text_is_cut_where_it_repeats_and_whole_where_it_matters(report: EvalReport) -> None:
    long = "word " * 2000
    huge = verdict("long", False, question=long, sql=f"SELECT '{long}'", result=Excerpt((long,), ((long,),), 1))
    page = to_html(summarise([huge]), "Long")
    assert page.count(long.strip()) == 2, "the question once, the SQL once"


class _Seen(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.addresses: list[str | None] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXTS, min_size=8, max_size=8))
def test_no_text_becomes_markup(texts: list[str]) -> None:
    """Whatever stands in questions, cells, names and SQL: the same elements as with harmless texts."""

    def seen(texts: list[str]) -> _Seen:
        question, sql, column, cell, tag, name, error, title = texts
        own = verdict(name, False, question=question, sql=sql, tags=(tag, "x"), level=tag,
                      result=Excerpt((column,), ((cell,), (None,)), 2))  # fmt: skip
        own = dataclasses.replace(own, error=error, gold=(sql,))
        found = _Seen()
        page = to_html(summarise([own], [GoldError(name, sql, error)]), title, facts={name: title})
        page.encode("utf-8")
        found.feed(page)
        found.close()
        return found

    found, plain = seen(texts), seen(["plain"] * 8)
    assert set(found.tags) - {"select", "option", "label"} <= set(plain.tags)
    assert [t for t in found.tags if t in ALWAYS_AS_MANY] == [t for t in plain.tags if t in ALWAYS_AS_MANY]
    assert not any(name.startswith("on") or name in ("src", "style") for name in found.attributes)
    assert found.addresses == ["data:,"]


@given(st.text())
def test_an_escaped_text_reads_as_it_was_but_for_signs_that_cannot_be_seen(text: str) -> None:
    found = _Seen()
    found.feed(element("p", text, title=text))
    found.close()
    assert "".join(found.texts) == "\n".join(clean(line) for line in text.split("\n"))
    assert found.tags == ["p"]
    assert escaped(escaped("<")) != "<"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_colours_leave_sql_as_it_was(sql: str) -> None:
    found = _Seen()
    found.feed(coloured(f"this is no SQL ((( {sql}"))
    found.close()
    assert "".join(found.texts) == "\n".join(clean(line) for line in f"this is no SQL ((( {sql}".split("\n"))


def test_sql_is_laid_out_and_coloured() -> None:
    text = coloured("select count(*), 'a''b' from t where x > 1.5")
    assert '<span class="k">FROM</span> t\n' in text
    assert "<span class=\"s\">&#x27;a&#x27;&#x27;b&#x27;</span>" in text
    assert '<span class="n">1.5</span>' in text


def excerpt(columns: int, *rows: tuple[object, ...]) -> Excerpt:
    """A small result."""
    return Excerpt(tuple("abcdef"[:columns]), rows, len(rows))  # type: ignore[arg-type]


def test_cells_that_differ_are_marked_whatever_the_order() -> None:
    gold = excerpt(2, ("Ann", 1), ("Bob", 2), ("Cem", 3))
    same = excerpt(2, (3, "Cem"), (1.00001, "Ann"), (2, "Bob"))
    assert differing(gold, same) == (frozenset(), frozenset())
    other = excerpt(2, (9, "Bob"), (3, "Cem"), (4, "Dee"))
    assert differing(gold, other) == ({(0, 0), (0, 1), (1, 1)}, {(0, 0), (2, 0), (2, 1)})
    assert differing(gold, excerpt(1, ("Zoe",)))[1] == {(0, 0)}
    assert differing(excerpt(1), excerpt(1)) == (frozenset(), frozenset())


CELLS = st.one_of(st.none(), st.integers(-3, 3), st.floats(), st.sampled_from(["a", "b", "1"]))
ROWS = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[CELLS] * width), max_size=6).map(
    lambda rows: excerpt(width, *rows)))  # fmt: skip


@given(ROWS, ROWS, st.randoms())
def test_marks_are_cells_and_a_result_does_not_differ_from_itself(one: Excerpt, other: Excerpt, chance: object) -> None:
    left, right = differing(one, other)
    assert all(r < len(one.rows) and i < len(one.columns) for r, i in left)
    assert all(r < len(other.rows) and i < len(other.columns) for r, i in right)
    assert len(one.rows) * len(one.columns) - len(left) == len(other.rows) * len(other.columns) - len(right)
    assert differing(one, one) == (frozenset(), frozenset())


def test_the_picture_for_the_docs_stands_alone(report: EvalReport, tmp_path: Path, capsys: object) -> None:
    from docs.report_plots import main

    (tmp_path / "report.json").write_text(json.dumps(to_json(report)))
    assert main([str(tmp_path / "report.json"), str(tmp_path / "plot.svg")]) == 0
    picture = ElementTree.parse(tmp_path / "plot.svg").getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert picture[0].text == "Wrong answers by coverage"
    (tmp_path / "report.json").write_text(json.dumps(to_json(summarise([]))))
    assert main([str(tmp_path / "report.json"), str(tmp_path / "plot.svg")]) == 2


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.quit()


@pytest.fixture
def page(chromium: Browser, report: EvalReport, tmp_path: Path) -> Browser:
    write_html(report, tmp_path / "report.html", HOSTILE)
    chromium.requests()
    chromium.complaints()
    chromium.driver.get((tmp_path / "report.html").as_uri())
    return chromium


def shown(page: Browser) -> list[str]:
    """The ids of the examples that are to be seen."""
    return [e.text for e in page.all(".example .id") if e.is_displayed()]


def choose(page: Browser, name: str, value: str) -> None:
    """Choose as a person does; `value` is the text of an option, or what is typed."""
    page.driver.execute_script(
        "const [name, text] = arguments, control = document.querySelector(`.filters [name=${name}]`);"
        "if (control.options) control.selectedIndex = [...control.options].findIndex(o => o.text.startsWith(text));"
        "else control.value = text; control.dispatchEvent(new Event('input', {bubbles: true}))", name, value,
    )  # fmt: skip


@pytest.mark.needs("chromium")
def test_the_list_filters(page: Browser) -> None:
    assert shown(page) == ["filter", "refused", "hostile"], "wrong ones first, and only them"
    choose(page, "reason", "wrong filter")
    page.until(lambda: shown(page) == ["filter", "hostile"])
    choose(page, "tag", "date")
    page.until(lambda: shown(page) == ["filter"])
    page.driver.refresh()
    assert shown(page) == ["filter"], "the address keeps what was chosen"
    page.click(page.wait("button[type=reset]"))
    page.until(lambda: shown(page) == ["filter", "refused", "hostile"])
    choose(page, "outcome", "all")
    page.until(lambda: len(shown(page)) == 5)
    choose(page, "status", "refused")
    page.until(lambda: shown(page) == ["refused", "weather"])
    choose(page, "kind", "unanswerable")
    page.until(lambda: shown(page) == ["weather"])
    choose(page, "text", "nothing like it")
    page.until(lambda: page.wait(".no-match").text == "No example matches.")
    page.click(page.wait("button[type=reset]"))
    choose(page, "text", "ONERROR pwned")
    page.until(lambda: shown(page) == ["hostile"])
    assert page.wait("output").text == "1 of 5 shown"


@pytest.mark.needs("chromium")
def test_an_example_opens_side_by_side_with_gold_and_marks_what_differs(page: Browser) -> None:
    page.click(page.wait(".example summary"))
    sides = page.all(".example[open] .sides > div")
    assert "WHERE" in sides[0].text and "WHERE" not in sides[1].text
    assert [cell.text for cell in page.all("td.differs", sides[0])] == ["Bea", "7"]
    assert [cell.text for cell in page.all("td.differs", sides[1])] == ["Bob", "NULL"]
    assert sides[0].location["y"] == sides[1].location["y"] and sides[0].location["x"] < sides[1].location["x"]


@pytest.mark.needs("chromium")
def test_nothing_is_asked_for_and_hostile_texts_do_nothing(page: Browser) -> None:
    page.click(page.button("Open these", page.wait(".filters")))
    assert [address.partition("#")[0] for address in page.requests()] == [page.driver.current_url.partition("#")[0]]
    assert page.driver.execute_script("return window.pwned") is None
    assert page.complaints() == [], "the policy let the page's own style and script through"
    assert page.driver.title.startswith("</script></style>")
    assert HOSTILE[:40] in page.all(".example .question")[2].text
    assert page.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.needs("chromium")
def test_without_a_script_it_is_a_plain_list(page: Browser) -> None:
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.driver.get(page.driver.current_url.partition("#")[0])
        page.driver.refresh()
        assert [e.text for e in page.all(".example .id")] == ["filter", "refused", "hostile", "fine", "weather"]
        assert not page.all(".filters")[0].is_displayed()
        page.all(".example summary")[0].click()
        assert page.all(".example .sides")[0].is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
