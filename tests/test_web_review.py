"""The Review page in a real browser: who may come in, what it shows, and what keys and buttons decide."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from bot.answer import Answer
from bot.database import Limits, connect
from bot.feedback import Corrected, Feedback, Tally
from bot.store import Store
from tests.served import Browser, Server, served
from tests.tiny_student import Tiny

pytestmark = pytest.mark.needs("chromium")
TOKEN = "a-token-of-ana-0123456789"
CITIES = (
    "SELECT shops.city, SUM(sales.amount) FROM sales JOIN shops ON sales.shop_id = shops.id "
    "GROUP BY shops.city ORDER BY SUM(sales.amount) DESC"
)
COUNT = "SELECT COUNT(*) FROM sales"
SHOPS = "SELECT COUNT(*) FROM shops"
HOSTILE = "<img src=x onerror='window.pwned=1'>{{constructor.constructor('pwned=1')()}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("review")


@pytest.fixture(scope="module")
def server(tiny: Tiny, folder: Path) -> Iterator[Server]:
    with served(tiny, folder, MYNAH_REVIEW_TOKENS=f'{{"ana": "{TOKEN}"}}') as running:
        yield running


@pytest.fixture(scope="module")
def chromium(folder: Path) -> Iterator[Browser]:
    browser = Browser(folder)
    yield browser
    browser.quit()


@pytest.fixture
def page(server: Server, chromium: Browser, tiny: Tiny, folder: Path) -> Browser:
    """A browser that was never there, and a queue of three."""
    nominate(tiny, folder)
    chromium.driver.delete_all_cookies()
    chromium.driver.get(f"{server.url}/review")
    return chromium


def nominate(tiny: Tiny, folder: Path) -> None:
    """A correction of one answer, and votes for two more; nothing from before."""
    database = connect(f"sqlite:///{tiny.database}")
    with Store.open(f"sqlite:///{folder / 'state' / 'state.db'}") as store:
        with closing(sqlite3.connect(folder / "state" / "state.db")) as connection, connection:
            for table in ("verdicts", "pairs", "corrections", "feedback", "answers"):
                connection.execute(f"DELETE FROM {table}")
        feedback = Feedback(store, database, database.schema(), Limits())
        asked = (("a1", "takings by city", COUNT), ("a2", "how many sales?", COUNT), ("a3", HOSTILE, COUNT))
        for id_, question, sql in asked:
            made = Answer(id_, question, "answered", "", sql=sql, student_version="tiny-1")
            store.save(made, door="slack", user_id="asker", channel_id="C1")
        assert isinstance(feedback.vote("a1", "U2", -1, "I meant the money"), Tally)
        assert isinstance(feedback.correct("a1", "U1", CITIES), Corrected)
        assert isinstance(feedback.vote("a2", "U1", 1), Tally)
        assert isinstance(feedback.vote("a3", "U1", 1), Tally)
    database.close()


def enter(page: Browser, token: str = TOKEN) -> None:
    """Type a token and send it."""
    page.wait(".token input").send_keys(token, Keys.ENTER)


def key(page: Browser, text: str) -> None:
    """Press a key, wherever the cursor is."""
    ActionChains(page.driver).send_keys(text).perform()


def statuses(folder: Path) -> dict[str, tuple[str, str]]:
    """Status and SQL by answer, the newest of each."""
    with closing(sqlite3.connect(folder / "state" / "state.db")) as connection:
        rows = connection.execute("SELECT answer_id, status, sql FROM pairs ORDER BY id").fetchall()
    return {answer: (status, sql) for answer, status, sql in rows}


def asked(page: Browser) -> str:
    """The question that is shown, "" while none is."""
    return text(page, ".asked")


def text(page: Browser, css: str) -> str:
    """The text of the first element of that selector now, read in one step: the page may be about to change it."""
    script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).filter(Boolean)[0] || ''"
    found: str = page.driver.execute_script(script, css)
    return found


def test_only_a_token_lets_in(page: Browser, server: Server) -> None:
    assert "For reviewers" in page.wait(".welcome").text
    assert not page.all(".answer")
    enter(page, "not-the-token-of-anybody")
    page.until(lambda: "No reviewer has this token" in text(page, ".welcome"))
    enter(page)
    page.wait(".answer")
    assert "ana" in page.wait(".top .who").text
    page.driver.get(f"{server.url}/review")
    page.wait(".answer")
    page.click(page.button("Leave", page.wait(".top")))
    page.wait(".token input")
    page.driver.get(f"{server.url}/review")
    page.wait(".token input")


def test_an_entry_shows_what_helps_to_decide(page: Browser) -> None:
    enter(page)
    card = page.wait(".answer")
    assert asked(page) == "takings by city"
    assert "Valdmere" in page.wait("tbody", card).text
    shown = card.text
    for said in ("correction", "1 of 3", "U1 (slack)", "0 for, 1 against", "I meant the money", "tiny-1"):
        assert said in shown
    assert "The student had said" in shown and "COUNT" in shown
    assert not page.complaints()


def test_keys_decide_one_after_the_other(page: Browser, folder: Path) -> None:
    enter(page)
    page.wait(".answer")
    key(page, "a")
    page.until(lambda: asked(page) == "how many sales?")
    assert statuses(folder)["a1"] == ("admitted", CITIES)
    key(page, "e")
    box = page.wait(".correct textarea")
    page.until(lambda: page.driver.switch_to.active_element == box)
    page.type_over(box, "SELECT nothing FROM sales")
    box.send_keys(Keys.CONTROL, Keys.ENTER)
    page.until(lambda: "nothing" in text(page, ".notice.bad"))
    page.type_over(box, SHOPS)
    box.send_keys(Keys.CONTROL, Keys.ENTER)
    page.until(lambda: asked(page) == HOSTILE)
    assert statuses(folder)["a2"] == ("admitted", SHOPS)
    assert page.driver.execute_script("return window.pwned") is None
    key(page, "r")
    reason = page.wait(".correct textarea")
    page.until(lambda: page.driver.switch_to.active_element == reason)
    reason.send_keys("a trap", Keys.CONTROL, Keys.ENTER)
    page.until(lambda: "Nothing else waits" in text(page, ".welcome"))
    assert "3 decided" in text(page, ".welcome")
    assert statuses(folder)["a3"][0] == "rejected"
    with closing(sqlite3.connect(folder / "state" / "state.db")) as connection:
        (reviewers,) = zip(*connection.execute("SELECT DISTINCT reviewer FROM verdicts").fetchall(), strict=True)
    assert reviewers == ("web:ana",)


def test_a_second_tap_does_not_approve_what_nobody_has_read(page: Browser, folder: Path) -> None:
    enter(page)
    page.wait(".answer")
    key(page, "a")
    page.until(lambda: asked(page) == "how many sales?")
    key(page, "a")
    time.sleep(1)
    assert asked(page) == "how many sales?" and "a2" not in _decided(folder)
    key(page, "a")
    page.until(lambda: asked(page) == HOSTILE)


def _decided(folder: Path) -> set[str]:
    return {answer for answer, (status, _) in statuses(folder).items() if status != "nominated"}


def test_buttons_do_the_same_and_skipping_decides_nothing(page: Browser, folder: Path) -> None:
    enter(page)
    page.click(page.button("Skip", page.wait(".answer")))
    page.until(lambda: asked(page) == "how many sales?")
    key(page, Keys.ARROW_LEFT)
    page.until(lambda: asked(page) == "takings by city")
    page.click(page.button("Reject", page.wait(".answer")))
    page.click(page.button("Reject", page.wait(".correct")))
    page.until(lambda: asked(page) == "how many sales?")
    assert statuses(folder)["a1"][0] == "rejected"
    assert statuses(folder)["a2"][0] == "nominated"


def test_without_tokens_the_page_says_what_to_do(tiny: Tiny, tmp_path: Path, chromium: Browser) -> None:
    with served(tiny, tmp_path) as running:
        chromium.driver.delete_all_cookies()
        chromium.driver.get(f"{running.url}/review")
        assert "Nobody reviews here yet" in chromium.wait(".welcome").text
        assert not chromium.all("input")
