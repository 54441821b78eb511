"""The web page in a real browser, before a real server with a real student."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.served import Browser, Server, served
from tests.tiny_student import Tiny

pytestmark = pytest.mark.needs("chromium")
CITIES = "total amount by city"
HOSTILE = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>{{constructor.constructor('pwned=1')()}}"

HEADING = "<img src=x onerror=pwned=1>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="module")
def hostile(tiny: Tiny, folder: Path) -> Tiny:
    """The tiny database with text in it that would do harm if a page took it for its own."""
    database = folder / "shops.db"
    shutil.copy(tiny.database, database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE shops SET city = ? WHERE id = 2", [HOSTILE])
        connection.execute("UPDATE sales SET item = ? WHERE id = 3", ["=cmd|'/c calc'!A1"])
        connection.execute("UPDATE sales SET amount = 1000000 WHERE shop_id = 3 AND id < 50")
    return Tiny(tiny.student, database)


@pytest.fixture(scope="module")
def server(hostile: Tiny, folder: Path) -> Iterator[Server]:
    with served(hostile, folder) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(folder: Path) -> Iterator[Browser]:
    browser = Browser(folder)
    yield browser
    browser.quit()


@pytest.fixture
def page(server: Server, chromium: Browser) -> Browser:
    """The page as a browser sees it that was never there."""
    chromium.driver.delete_all_cookies()
    chromium.open(server.url)
    return chromium


def kept(folder: Path, sql: str) -> list[tuple[object, ...]]:
    """Rows of the server's own memory."""
    with closing(sqlite3.connect(folder / "state" / "state.db")) as connection:
        return connection.execute(sql).fetchall()


def column(page: Browser, card: WebElement, number: int) -> list[str]:
    """The texts of one column of a card's table."""
    texts: list[str] = page.driver.execute_script(
        "return [...arguments[0].querySelectorAll('tbody td:nth-child(' + arguments[1] + ')')].map(e => e.innerText)",
        card, number,
    )  # fmt: skip
    return texts


def test_a_newcomer_sees_the_database_and_questions_that_can_be_clicked(page: Browser) -> None:
    assert page.wait(".top .database").text == "Shops"
    assert page.wait(".top .version").text == "student tiny-1"
    first = page.wait(".examples button")
    page.click(first)
    assert page.wait(".question").text == "How many sales are there?"
    assert "1,500" in page.wait(".answer").text
    assert not page.all(".welcome")


def test_an_answer_has_a_table_that_sorts_by_numbers_and_a_chart_with_a_text(page: Browser) -> None:
    card = page.ask(CITIES)
    assert card.get_attribute("data-status") == "answered"
    assert column(page, card, 1)[0] == "Valdmere"
    heading = page.all("th", card)[1]
    assert heading.get_attribute("aria-sort") == "none"
    page.click(heading)
    page.until(lambda: column(page, card, 1)[-1] == "Valdmere")
    numbers = [float(text.strip("$").replace(",", "")) for text in column(page, card, 2)]
    assert numbers == sorted(numbers)
    assert len(f"{numbers[0]:.0f}") < len(f"{numbers[-1]:.0f}"), "texts would sort the same"
    # The keyboard does it too, and the heading keeps the focus.
    heading.send_keys(Keys.ENTER)
    page.until(lambda: column(page, card, 1)[0] == "Valdmere")
    page.until(lambda: heading.get_attribute("aria-sort") == "descending")
    assert page.driver.switch_to.active_element == heading
    assert "text-right" in (page.all("tbody td", card)[1].get_attribute("class") or "")
    picture = page.wait("img.picture", card)
    assert "Valdmere" in (picture.get_attribute("alt") or "")
    assert page.driver.execute_script("return arguments[0].naturalWidth", picture) > 500


def test_a_long_result_turns_pages_says_that_it_is_cut_and_downloads(page: Browser) -> None:
    card = page.ask("list all sales")
    assert "1,000 rows, cut: there are more" in page.wait(".context", card).text
    assert column(page, card, 1) == [str(n) for n in range(1, 11)]
    page.click(page.all(".q-table__bottom button", card)[-1])
    page.until(lambda: column(page, card, 1)[-1] == "1000")
    page.click(page.button("Download these 1,000 rows", card))
    file = page.downloads / "list-all-sales.csv"
    page.until(lambda: file.is_file())
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 1001
    assert rows[1][0] == "1"
    assert rows[3][2] == "'=cmd|'/c calc'!A1"


def test_the_sql_opens_and_is_copied(page: Browser) -> None:
    card = page.ask("how many sales are there?")
    assert "COUNT" not in card.text
    toggle = page.button("SQL", card)
    page.click(toggle)
    assert page.wait(".sql pre", card).text.split() == ["SELECT", "COUNT(*)", "FROM", "sales"]
    assert toggle.get_attribute("aria-expanded") == "true"
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    page.click(page.button("Copy the SQL", card))
    copied = page.until(lambda: page.driver.execute_script("return navigator.clipboard.readText()"))
    assert copied.split() == ["SELECT", "COUNT(*)", "FROM", "sales"]


def test_a_thumb_is_stored_changed_and_taken_back(page: Browser, folder: Path) -> None:
    card = page.ask("how many shops do we have?")
    up, down = page.button("This is right", card), page.button("This is wrong", card)
    votes = "SELECT vote, retracted_at IS NULL FROM feedback ORDER BY id DESC LIMIT 1"
    page.click(up)
    page.until(lambda: up.get_attribute("aria-pressed") == "true")
    assert kept(folder, votes) == [(1, 1)]
    page.click(down)
    page.until(lambda: down.get_attribute("aria-pressed") == "true")
    assert up.get_attribute("aria-pressed") == "false"
    assert kept(folder, votes) == [(-1, 1)]
    page.click(down)
    page.until(lambda: down.get_attribute("aria-pressed") == "false")
    assert kept(folder, votes) == [(-1, 0)]


def test_a_correction_is_checked_run_and_kept(page: Browser, folder: Path) -> None:
    card = page.ask("total amount by month")
    page.click(page.button("Correct the SQL", card))
    box = page.wait(".correct textarea", card)
    for wrong, complaint in (
        ("DELETE FROM sales", "DELETE"), ("SELECT nam FROM shops", "nam"), ("SELECT (", "typing mistakes"),
        ("", "no query"),
    ):  # fmt: skip
        page.type_over(box, wrong or Keys.DELETE)
        page.click(page.button("Check and run", card))
        page.until(lambda text=complaint: text in page.wait(".correct .notice.bad", card).text)
    page.type_over(box, "SELECT city FROM shops ORDER BY city LIMIT 2")
    page.click(page.button("Check and run", card))
    outcome = page.wait(".outcome table", card)
    assert [cell.text for cell in page.all("tbody td", outcome)] == [HOSTILE, "Nordport"]
    assert kept(folder, "SELECT sql FROM corrections WHERE retracted_at IS NULL") == [
        ("SELECT city FROM shops ORDER BY city LIMIT 2",)
    ]
    page.click(page.button("Take it back", card))
    page.until(lambda: not kept(folder, "SELECT sql FROM corrections WHERE retracted_at IS NULL"))


def test_what_the_bot_cannot_answer_says_what_to_do_next(page: Browser) -> None:
    card = page.ask("what is the weather like?")
    assert card.get_attribute("data-status") == "refused"
    assert "Questions I can answer" in card.text
    card = page.ask("drop table shops")
    assert card.get_attribute("data-status") == "refused"
    assert not page.all("textarea", card)
    page.wait(".composer textarea:enabled").send_keys("   ", Keys.ENTER)
    time.sleep(0.3)
    assert len(page.all(".answer")) == 2, "an empty question is no question"


def test_shift_and_enter_makes_a_new_line(page: Browser) -> None:
    box = page.wait(".composer textarea:enabled")
    box.send_keys("how many", Keys.SHIFT, Keys.ENTER, Keys.NULL, "sales are there?")
    assert box.get_attribute("value") == "how many\nsales are there?"
    assert not page.all(".question")
    box.send_keys(Keys.ENTER)
    assert page.wait(".question").text == "how many\nsales are there?"
    page.wait(".answer")


def test_hostile_texts_are_shown_and_do_nothing(page: Browser) -> None:
    page.complaints()
    card = page.ask(CITIES)
    assert HOSTILE in column(page, card, 1)
    question = f"how many sales in {HOSTILE} `${{window.pwned=1}}` \\u003cscript\\u003e </script>?"
    page.ask(question)
    assert page.all(".question")[-1].text == question
    page.click(page.button("Correct the SQL", card))
    page.type_over(page.wait(".correct textarea", card), f'SELECT name AS "{HEADING}" FROM shops')
    page.click(page.button("Check and run", card))
    assert "onerror" in page.wait(".outcome th", card).text
    assert HEADING in page.wait(".outcome .sql", card).text
    # And once more as part of the page itself.
    page.open(page.driver.current_url)
    page.until(lambda: len(page.all(".answer")) == 2)
    assert HOSTILE in column(page, page.all(".answer")[0], 1)
    assert page.all(".question")[-1].text == question
    time.sleep(0.3)
    assert page.driver.execute_script("return window.pwned") is None
    assert page.complaints() == []


def test_a_page_loaded_again_keeps_the_conversation_and_others_do_not_see_it(page: Browser, server: Server) -> None:
    card = page.ask(CITIES)
    page.click(page.button("This is right", card))
    page.until(lambda: page.button("This is right", card).get_attribute("aria-pressed") == "true")
    page.open(server.url)
    card = page.wait(".answer")
    assert page.wait(".question").text == CITIES
    assert page.button("This is right", card).get_attribute("aria-pressed") == "true"
    assert column(page, card, 1)[0] == "Valdmere"
    page.driver.delete_all_cookies()
    page.open(server.url)
    page.wait(".welcome")
    assert not page.all(".answer")


def test_questions_in_several_tabs_do_not_meet_and_a_closed_tab_loses_none(
    page: Browser, server: Server, folder: Path
) -> None:
    count = "SELECT COUNT(*) FROM answers WHERE question = 'how many sales last month?'"
    (before,), = kept(folder, count)
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open(server.url)
    second = page.driver.current_window_handle
    page.wait(".composer textarea").send_keys("how many shops do we have?", Keys.ENTER)
    page.driver.switch_to.window(first)
    page.wait(".composer textarea").send_keys("how many sales are there?", Keys.ENTER)
    assert page.wait(".answer .figure").text == "1,500"
    page.driver.switch_to.window(second)
    assert page.wait(".answer .figure").text == "4"
    assert len(page.all(".answer")) == 1
    page.wait(".composer textarea:enabled").send_keys("how many sales last month?", Keys.ENTER)
    page.driver.close()
    page.driver.switch_to.window(first)
    page.until(lambda: kept(folder, count) == [(int(str(before)) + 1,)])


def test_no_request_leaves_the_machine(page: Browser, server: Server) -> None:
    page.ask(CITIES)
    page.wait("img.picture")
    asked = page.requests()
    assert any(a.startswith("ws") for a in asked), "the log saw nothing"
    assert {urlsplit(a).netloc for a in asked} == {urlsplit(server.url).netloc}


def test_the_page_says_what_is_wrong_and_goes_on_as_far_as_it_can(
    tiny: Tiny, chromium: Browser, tmp_path: Path
) -> None:
    student = tmp_path / "student"
    (tmp_path / "file").write_text("no folder")
    memory = f"sqlite:///{tmp_path / 'file' / 'state.db'}"
    with served(Tiny(student, tiny.database), tmp_path, MYNAH_STATE_URL=memory) as server:
        chromium.driver.delete_all_cookies()
        chromium.driver.get(server.url)
        assert "student" in chromium.wait(".banner.failed").text
        assert not chromium.wait(".composer textarea").is_enabled()
        shutil.copytree(tiny.student, student)
        chromium.click(chromium.button("Try again", chromium.wait(".answer")))
        chromium.wait(".welcome")
        card = chromium.ask("how many sales are there?")
        assert chromium.wait(".figure", card).text == "1,500"
        assert "was not kept" in card.text
        assert "state.db" in card.text
        assert not chromium.all("[aria-label='This is right']", card)


def test_an_unsure_answer_asks_what_was_meant_and_notes_it(
    hostile: Tiny, tmp_path: Path, chromium: Browser
) -> None:
    with served(hostile, tmp_path, MYNAH_THRESHOLD="1") as running:
        chromium.driver.delete_all_cookies()
        chromium.open(running.url)
        card = chromium.ask("how many sales shops")
        assert card.get_attribute("data-status") == "unsure"
        assert [b.text for b in chromium.all(".readings button", card)] == ["Number of sales", "Number of shops"]
        chromium.click(chromium.button("Number of shops", card))
        chromium.until(lambda: "I have noted that this is what you meant" in card.text)
        assert not chromium.all(".readings button.reading", card)
    with closing(sqlite3.connect(tmp_path / "state" / "state.db")) as connection:
        pairs = connection.execute("SELECT question, sql, source, status FROM pairs").fetchall()
    assert pairs == [("how many sales shops", "SELECT COUNT(*) FROM shops", "correction", "nominated")]
